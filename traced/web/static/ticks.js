// What still runs counts on; what is past grows older.

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
// The server's clock, by which the times on the page were made.
const ahead = Number(document.body.dataset.now || Date.now()) - Date.now();

export function tick() {
  setInterval(() => {
    if (document.hidden) return;
    const now = Date.now() + ahead;
    for (const each of document.querySelectorAll("[data-since]")) {
      each.textContent = duration(Math.max(now - each.dataset.since, 0));
    }
    for (const each of document.querySelectorAll("[data-ago]")) {
      const text = ago(now - each.dataset.ago);
      if (each.textContent !== text) each.textContent = text;
    }
  }, SECOND);
}

// As the server writes it.
function duration(length) {
  if (length < SECOND) return `${Math.round(length)} ms`;
  if (length < MINUTE - 50) return `${(length / SECOND).toFixed(1)} s`;
  const two = (number) => String(number).padStart(2, "0");
  if (length < HOUR) {
    const seconds = Math.floor(length / SECOND);
    return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  }
  const minutes = Math.floor(length / MINUTE);
  if (length < DAY) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  return `${Math.floor(length / DAY)} d ${Math.floor((length % DAY) / HOUR)} h`;
}

function ago(length) {
  for (const [unit, word] of [[DAY, "d"], [HOUR, "h"], [MINUTE, "min"], [SECOND, "s"]]) {
    if (length >= unit) return `${Math.floor(length / unit)} ${word} ago`;
  }
  return "just now";
}
