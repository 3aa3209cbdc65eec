// Keys: / searches, j and k or the arrows move, Enter opens, Esc closes.

import { isOpen, stepTo } from "./detail.js";

const STEPS = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 };

export function followKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.closest("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "/" && !isOpen()) {
      event.preventDefault();
      document.getElementById("q").select();
    } else if (isOpen()) {
      if (event.key === "j" || event.key === "k") stepTo(STEPS[event.key]);
    } else if (event.key in STEPS) {
      move(event, STEPS[event.key]);
    }
  });
}

function move(event, step) {
  const links = [...document.querySelectorAll("#rows > .row > a")];
  const at = links.indexOf(document.activeElement);
  // Arrows scroll as everywhere, unless the reader is in the list.
  if (!links.length || (at < 0 && event.key.startsWith("Arrow"))) return;
  event.preventDefault();
  const next = links[at < 0 ? 0 : Math.min(Math.max(at + step, 0), links.length - 1)];
  next.focus();
}
