// The parts of the page that follow the server by themselves: the figures, and how the service is.

import { drawHours } from "./chart.js";
import { root } from "./view.js";

const LOOK = 30000; // milliseconds from one look at the service to the next

// Ask for a part anew, unless somebody uses it; what cannot be had now stays as it is.
async function refresh(name) {
  const part = document.getElementById(name);
  if (part.matches(":hover, :focus-within") || part.querySelector("details[open]")) return false;
  try {
    const answer = await fetch(`${root}/inbox/${name}`, { headers: { "HX-Request": "true", "HX-Current-URL": window.location.href } });
    const login = answer.headers.get("HX-Redirect");
    if (login) window.location.assign(login);
    if (!answer.ok) return false;
    part.innerHTML = await answer.text(); // made by our templates, which escape
  } catch {
    return false; // the server is away, or the reader is leaving
  }
  return true;
}

export async function refreshFigures() {
  const isNew = await refresh("figures");
  if (isNew) drawHours();
  return isNew;
}

export function refreshHealth() {
  return refresh("health");
}

export function followHealth() {
  window.setInterval(() => { if (!document.hidden) refreshHealth(); }, LOOK);
}
