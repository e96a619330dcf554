import { useState } from "react";
import type { Take } from "../api/types";
import { path } from "../api/http";
import { t } from "../strings";
import { Dialog } from "../ui/Dialog";
import { Picture } from "../ui/Media";
import { Failure } from "../ui/states";
import { usePaged } from "../ui/useLoad";
import { VirtualGrid } from "../ui/VirtualList";

/** Choosing a take of the project. */
export function TakePicker({ project, onChoose, onClose }: { project: string; onChoose: (take: Take) => void; onClose: () => void }) {
  const [shot, setShot] = useState("");
  const list = usePaged<Take>(path`/api/v1/projects/${project}/takes`, { shot: /^[A-Z0-9][A-Z0-9-]{0,31}$/.test(shot) ? shot : null }, 100);
  return (
    <Dialog title={t.canvas.inspector.chooseTake} onClose={onClose} wide>
      <input type="search" aria-label={t.canvas.inspector.shot} placeholder={t.canvas.inspector.shot} value={shot} onChange={(event) => setShot(event.target.value.toUpperCase())} />
      {list.error !== null ? <Failure error={list.error} onRetry={list.again} /> : (
        <div className="picker-takes"><VirtualGrid items={list.items} itemHeight={130} columnWidth={170} keyOf={(take) => take.id} label={t.navigation.takes} onEnd={list.more}
          render={(take) => <button type="button" className="picker-take" onClick={() => onChoose(take)}><Picture address={take.links.thumbnail ?? null} fallback="video" /><span className="clip">{`${take.shot} v${take.version} #${take.number}`}{take.circled ? " ◯" : ""}</span></button>} /></div>
      )}
    </Dialog>
  );
}
