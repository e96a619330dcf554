import { t } from "../strings";
import { Button, IconButton } from "../ui/controls";
import { useSlice } from "../ui/useStore";
import type { CanvasModel } from "./model";

/** How near the canvas is looked at. */
export function ZoomButtons({ model }: { model: CanvasModel }) {
  const zoom = useSlice(model.viewport, (view) => Math.round(view.zoom * 100));
  return (
    <>
      <span className="zoom-group"><Button small kind="quiet" aria-label={t.canvas.toolbar.zoomOut} onClick={() => model.zoom(0.8)}>−</Button><button type="button" className="zoom-value tabular" title={t.canvas.toolbar.fit} onClick={() => model.fitTo()}>{zoom} %</button><Button small kind="quiet" aria-label={t.canvas.toolbar.zoomIn} onClick={() => model.zoom(1.25)}>+</Button></span>
      <IconButton icon="fit" label={t.canvas.toolbar.fit} onClick={() => model.fitTo()} />
    </>
  );
}
