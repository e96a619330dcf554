import { createRoot } from "react-dom/client";
import { keepStreamAlive } from "./api/events";
import { leaveNothingBehind } from "./api/leaving";
import { startMedia } from "./api/media";
import { followOtherTabs } from "./api/session";
import { App } from "./app/App";
import { followAddress } from "./app/router";
import { applyTheme } from "./app/settings";

applyTheme();
followAddress();
followOtherTabs();
leaveNothingBehind();
keepStreamAlive();
void startMedia();

const root = document.getElementById("studio");
if (root) createRoot(root).render(<App />);
