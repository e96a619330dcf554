import { createContext, useContext } from "react";
import type { CanvasModel } from "./model";

/** What views of the canvas are given by the page around it. */
export interface CanvasTools {
  model: CanvasModel;
  project: string;
  isEditable: boolean;
  /** Whether the person may generate: also where the window is too small to edit. */
  mayRun: boolean;
  upload(files: readonly File[], at: { x: number; y: number }): void;
  run(options: { targets?: string[]; from?: string }): void;
  /** Makes another take of a node's work: with other seeds. */
  another(id: string): void;
  openTake(take: string): void;
}

const Context = createContext<CanvasTools | null>(null);

export const CanvasToolsProvider = Context.Provider;

/** The canvas that the component belongs to. */
export function useCanvas(): CanvasTools {
  const value = useContext(Context);
  if (!value) throw new Error("a part of the canvas stands outside of one");
  return value;
}
