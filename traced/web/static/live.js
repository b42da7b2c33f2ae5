// The page follows the recording: what changed is fetched again from the server, but not too often.
import { loadCard } from "./cards.js";
import { fetchPart, replace } from "./parts.js";

const FLUSH_MS = 400;
const LOOK_MS = 5000; // for what has no event of its own: prompts, the end of a session
const AGAIN_MS = 5000;

// By the state of the daemon; a page that follows shows nothing new where nothing is recorded.
const NOT_RECORDING = {
  away: "no daemon is running",
  retrying: "the daemon cannot store anything",
  stopping: "the daemon is stopping",
};

const changed = new Set();
let last = null;
let isWaiting = false;

export function followLive() {
  const url = document.body.dataset.events;
  if (!url) return;
  connect(new URL(url, location.href));
  setInterval(() => {
    if (document.hidden || document.body.dataset.state === "ended") return;
    if (document.body.classList.contains("session")) {
      const cards = document.querySelectorAll(".card");
      if (cards.length) changed.add(cards[cards.length - 1].dataset.number);
    }
    later();
  }, LOOK_MS);
}

function connect(url) {
  if (last !== null) url.searchParams.set("after", last);
  const source = new EventSource(url);
  source.addEventListener("open", () => say("live", ""));
  source.addEventListener("daemon", (event) => {
    const why = NOT_RECORDING[JSON.parse(event.data).state];
    say(why ?? "live", why ? "is-away" : "");
  });
  source.addEventListener("step", (event) => {
    last = event.lastEventId;
    changed.add(String(JSON.parse(event.data).prompt_number));
    later();
  });
  source.addEventListener("reset", () => location.reload());
  source.addEventListener("error", () => {
    say("reconnecting", "is-away");
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => connect(url), AGAIN_MS);
  });
  addEventListener("pagehide", () => source.close());
}

function later() {
  if (isWaiting) return;
  isWaiting = true;
  setTimeout(async () => {
    try {
      await (document.body.classList.contains("listing") ? refreshList() : refreshSession());
    } catch {
      say("reconnecting", "is-away");
    }
    isWaiting = false;
    if (changed.size) later();
  }, FLUSH_MS);
}

async function refreshList() {
  changed.clear();
  const fresh = (await fetchPart(location.href, "list")).getElementById("list");
  const old = document.getElementById("list");
  if (fresh && old && fresh.innerHTML !== old.innerHTML) replace(old, fresh);
}

async function refreshSession() {
  const numbers = [...changed];
  changed.clear();
  const only = document.body.dataset.only;
  for (const number of numbers) {
    if (only !== undefined && number !== only) continue;
    const card = document.getElementById(`prompt-${number}`);
    if (card) await refreshCard(card);
    else await addCard(number);
  }
  const head = document.getElementById("head");
  if (!head) return;
  const fresh = (await fetchPart(location.href, "head")).getElementById("head");
  if (!fresh) return;
  document.body.dataset.state = fresh.dataset.state;
  replace(head, fresh);
}

// What runs first in the latest prompt is shown, for nobody has closed it yet.
async function refreshCard(card) {
  const wasEmpty = card.querySelector(".later.none") !== null;
  const fresh = await loadCard(card);
  const isLatest = fresh.nextElementSibling === null;
  if (wasEmpty && isLatest && fresh.querySelector(".step")) {
    fresh.querySelector("details").open = true;
  }
}

async function addCard(number) {
  const url = new URL(location.href);
  url.pathname = `${url.pathname}/prompts/${number}`;
  const fresh = (await fetchPart(url, "card")).querySelector(".card");
  if (!fresh) return; // the filter leaves nothing of it
  const cards = document.getElementById("cards");
  document.getElementById("nothing")?.remove();
  const next = [...cards.children].find((each) => Number(each.dataset.number) > Number(number));
  cards.insertBefore(document.adoptNode(fresh), next ?? null);
}

function say(text, name) {
  const live = document.getElementById("live");
  live.hidden = false;
  live.className = `live ${name}`;
  live.textContent = text;
}
