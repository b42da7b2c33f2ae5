// Parts of pages: fetched from the server, put in place of what they are the newer state of.

// Returns the elements of a part; throws where the server does not answer with it.
export async function fetchPart(href, part, signal) {
  const url = new URL(href, location.href);
  url.hash = "";
  if (part) url.searchParams.set("part", part);
  const answer = await fetch(url, { signal, headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok) throw new Error(page.body.textContent.trim() || `status ${answer.status}`);
  return page;
}

// Puts a newer state in place: what was open stays open, what had the focus keeps it.
export function replace(old, fresh) {
  const opened = old.querySelector("details")?.open;
  const details = fresh.querySelector("details");
  if (details && opened !== undefined) details.open = opened;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const within = focused?.closest("[id]")?.id;
  for (const row of old.querySelectorAll("[aria-current=true]")) {
    fresh.querySelector(`#${CSS.escape(row.id)}`)?.setAttribute("aria-current", "true");
  }
  const adopted = document.adoptNode(fresh);
  old.replaceWith(adopted);
  if (within) {
    const place = document.getElementById(within);
    place?.querySelector(focused.matches("summary") ? "summary" : "[data-nav]")?.focus({
      preventScroll: true,
    });
  }
  return adopted;
}
