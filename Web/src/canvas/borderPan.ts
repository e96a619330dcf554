import type { Point } from "../core/flow";
import type { CanvasModel } from "./model";

const zone = 36;

/** Moves the view along while something is held near the border of the window. */
export class BorderPan {
  private frame: number | null = null;

  constructor(private readonly model: CanvasModel, private readonly pointer: () => Point) {}

  /** Begins; calls back after each step, since what is held is over another place of the canvas then. */
  start(then: () => void): void {
    if (this.frame !== null) return;
    const step = () => {
      const { width, height } = this.model.size.get(), { x, y } = this.pointer();
      const dx = push(x, width), dy = push(y, height);
      if (dx !== 0 || dy !== 0) {
        this.model.viewport.update((view) => ({ ...view, x: view.x + dx, y: view.y + dy }));
        then();
      }
      this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  stop(): void {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.frame = null;
  }
}

function push(value: number, size: number): number {
  if (value < zone) return (zone - value) / 3;
  return value > size - zone ? -(value - size + zone) / 3 : 0;
}
