// A step beside the list: opened from its row, named in the URL, so that the view can be shared.
import { fetchPart } from "./parts.js";

const panel = () => document.getElementById("panel");
let opener = null;
let asking = new AbortController();

export async function openStep(link) {
  asking.abort();
  asking = new AbortController();
  const row = link.closest(".step") ?? rowOf(link);
  select(row);
  opener = link;
  try {
    const page = await fetchPart(link.getAttribute("href"), "step", asking.signal);
    panel().replaceChildren(document.adoptNode(page.querySelector(".detail")));
  } catch (error) {
    if (error.name === "AbortError") return;
    const note = document.createElement("p");
    note.className = "failed";
    note.textContent = error.message;
    panel().replaceChildren(note);
  }
  panel().hidden = false;
  document.body.dataset.panel = "open";
  const order = new URL(link.href).pathname.split("/").pop();
  history.replaceState(null, "", `${location.pathname}${location.search}#step-${order}`);
}

export function closePanel() {
  if (panel().hidden) return false;
  asking.abort();
  panel().hidden = true;
  delete document.body.dataset.panel;
  select(null);
  history.replaceState(null, "", location.pathname + location.search);
  const back = opener?.isConnected ? opener : null;
  back?.focus({ preventScroll: true });
  return true;
}

export const panelIsOpen = () => !panel().hidden;

export function openStepsBeside() {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) {
      closePanel();
      return;
    }
    const link = event.target.closest("a[data-step]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    openStep(link);
  });
  openFromUrl();
}

function openFromUrl() {
  const row = /^#step-\d+$/.test(location.hash) && document.querySelector(location.hash);
  if (!row) return;
  const details = row.closest("details");
  if (details) details.open = true;
  row.scrollIntoView({ block: "center" });
  const link = row.querySelector("a[data-step]");
  if (link) openStep(link);
}

function rowOf(link) {
  const order = new URL(link.href).pathname.split("/").pop();
  return document.getElementById(`step-${order}`);
}

function select(row) {
  for (const old of document.querySelectorAll(".step[aria-current]")) {
    old.removeAttribute("aria-current");
  }
  row?.setAttribute("aria-current", "true");
}
