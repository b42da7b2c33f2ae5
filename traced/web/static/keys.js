// The keyboard: j and k move the focus, so that Enter does what it does anyway.
import { switchTheme } from "./look.js";
import { closePanel, openStep, panelIsOpen } from "./panel.js";

const FRAMES_MAX = 20;

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  g: () => move(-Infinity),
  G: () => move(Infinity),
  o: openOrCloseAll,
  t: switchTheme,
  u: () => document.querySelector(".crumbs a")?.click(),
  "/": () => document.querySelector("input[type=search]")?.select(),
  "?": showHelp,
};

export function listenForKeys() {
  document.getElementById("keys").addEventListener("click", showHelp);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (!leaveField(event.target)) closePanel();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
    if (document.querySelector("dialog[open]") && event.key !== "?") return;
    const act = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : null;
    if (!act) return;
    event.preventDefault();
    act();
  });
}

const isField = (element) => element.matches?.("input:not([type=checkbox]), select, textarea");

function leaveField(element) {
  if (!isField(element)) return false;
  element.blur();
  return true;
}

function showHelp() {
  const help = document.getElementById("help");
  if (help.open) help.close();
  else help.showModal();
}

function move(by) {
  const places = [...document.querySelectorAll("[data-nav]")].filter(
    (each) => each.offsetParent !== null && each.checkVisibility?.({ contentVisibilityAuto: false }) !== false,
  );
  if (!places.length) return;
  const at = places.indexOf(document.activeElement);
  const from = at < 0 ? nearest(places, by) : at + by;
  const place = places[Math.min(Math.max(from, 0), places.length - 1)];
  place.focus({ preventScroll: true });
  bring(place, FRAMES_MAX);
  if (panelIsOpen() && place.matches("[data-step]")) openStep(place);
}

// Rows that come into view for the first time can turn out taller than they were taken for, and push
// away what was brought there: for some frames it is brought back, unless the user goes on.
function bring(place, frames) {
  if (document.activeElement !== place) return;
  (place.closest("li, tr") ?? place).scrollIntoView({ block: "nearest" });
  if (frames > 0) requestAnimationFrame(() => bring(place, frames - 1));
}

// Nothing has the focus: begin at what was selected last, else at the first.
function nearest(places, by) {
  const current = document.querySelector(".step[aria-current] [data-nav]");
  const at = places.indexOf(current);
  if (at >= 0) return at + by;
  return by > 0 && Number.isFinite(by) ? 0 : by > 0 ? places.length - 1 : 0;
}

function openOrCloseAll() {
  const all = [...document.querySelectorAll(".card > details")];
  const open = all.some((each) => !each.open);
  for (const each of all) each.open = open;
}
