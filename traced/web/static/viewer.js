// What scripts add to pages that are whole without them: each part in a file of its own.
import { followLive } from "./live.js";
import { listenForKeys } from "./keys.js";
import { loadOnDemand, filterAsYouType } from "./cards.js";
import { openStepsBeside } from "./panel.js";
import { tick } from "./ticks.js";
import { switchTheme } from "./look.js";

document.getElementById("theme").addEventListener("click", switchTheme);
tick();
loadOnDemand();
filterAsYouType();
openStepsBeside();
listenForKeys();
followLive();
document.documentElement.dataset.ready = "yes";
