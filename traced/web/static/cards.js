// Prompts' cards: rows are fetched when a card is opened, and a filter works while it is typed.
import { fetchPart, replace } from "./parts.js";

const TYPING_MS = 250;

// Fetches a card again; `href` asks for more of its rows. Returns the card in place.
export async function loadCard(card, href = card.dataset.href) {
  card.setAttribute("aria-busy", "true");
  try {
    const fresh = (await fetchPart(href, "card")).querySelector(".card");
    if (!fresh) return card;
    fresh.dataset.href = href;
    return replace(card, fresh);
  } catch (error) {
    const note = card.querySelector(".later");
    if (note) note.textContent = `These steps cannot be shown just now: ${error.message}`;
    return card;
  } finally {
    card.removeAttribute("aria-busy");
  }
}

export function loadOnDemand() {
  document.addEventListener(
    "toggle",
    (event) => {
      const card = event.target.closest?.(".card");
      if (card && event.target.open && "later" in card.dataset && !card.ariaBusy) loadCard(card);
    },
    true,
  );
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-more]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    await loadCard(link.closest(".card"), link.getAttribute("href"));
  });
}

export function filterAsYouType() {
  const form = document.getElementById("filter");
  if (!form) return;
  let waiting = 0;
  let asking = new AbortController();
  const ask = async () => {
    asking.abort();
    asking = new AbortController();
    const given = [...new FormData(form)].filter(([, value]) => value !== "");
    const url = new URL(form.action);
    url.search = new URLSearchParams(given);
    try {
      const page = await fetchPart(url, null, asking.signal);
      history.replaceState(null, "", url);
      for (const id of ["list", "cards", "found"]) {
        const old = document.getElementById(id);
        if (old) old.replaceWith(document.adoptNode(page.getElementById(id)));
      }
    } catch (error) {
      if (error.name !== "AbortError") form.submit();
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, TYPING_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    ask();
  });
}
