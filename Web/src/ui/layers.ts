import { Store } from "../core/store";

/** The windows over the page, the topmost last: what is to be seen and heard over them has to be in it. */
export const layers = new Store<readonly HTMLElement[]>([]);

/** A window is open until the answer is called. */
export function openLayer(element: HTMLElement): () => void {
  layers.update((all) => [...all, element]);
  return () => layers.update((all) => all.filter((one) => one !== element));
}
