// The inbox in the browser: it listens to what people do, and leaves the doing to the others.

import { drawHours, redrawHours } from "./chart.js";
import { copyFrom } from "./copying.js";
import { closeDialog, closeMessage, openMessage, showMessage, showOpened, stepTo } from "./detail.js";
import { followKeys } from "./keyboard.js";
import { live } from "./live.js";
import { followHealth } from "./parts.js";
import { fillMore, forgetWaiting, showWaiting } from "./rows.js";
import { VIEW_SHOWN, afterResults, goBackTo, visit } from "./view.js";

const byId = (id) => document.getElementById(id);

function begin() {
  for (const part of document.querySelectorAll("#toggle, #keys")) part.hidden = false;
  byId("go").hidden = true;
  byId("search").classList.toggle("with-filters", hasFilters());
  byId("toggle").setAttribute("aria-expanded", String(hasFilters()));
  showCopying(document);
  drawHours();
  showOpened();
  live.begin();
  followKeys();
  followHealth();
}

function hasFilters() {
  return ["from", "to", "since", "until"].some((id) => byId(id).value);
}

function showCopying(within) {
  for (const button of within.querySelectorAll("[data-copy]")) button.hidden = false;
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const at = event.target.closest("[data-message], [data-view], [data-close], [data-step], [data-copy]");
  if (!at) return;
  event.preventDefault();
  if ("message" in at.dataset) openMessage(at.closest("li").dataset.id);
  else if ("close" in at.dataset) closeMessage();
  else if ("step" in at.dataset) stepTo(Number(at.dataset.step));
  else if ("copy" in at.dataset) copyFrom(at);
  else visit(new URL(at.href).search);
});

byId("toggle").addEventListener("click", () => {
  const shown = byId("search").classList.toggle("with-filters");
  byId("toggle").setAttribute("aria-expanded", String(shown));
});

byId("newer").addEventListener("click", () => {
  window.scrollTo({ top: 0 });
  showWaiting();
});

window.addEventListener("popstate", () => {
  goBackTo(window.location.search);
  const message = new URLSearchParams(window.location.search).get("message");
  if (message) showMessage(message);
  else closeDialog();
});

// Another list is shown: what waited for the old one is void, and the stream begins from the new one.
document.addEventListener(VIEW_SHOWN, ({ detail }) => {
  forgetWaiting();
  if (detail.isOther) closeDialog();
  live.begin();
});

// One or two letters are in no index: to look for what is rare would read every message. So they are
// searched for when that is asked, not while somebody types what may become a word.
document.addEventListener("htmx:configRequest", (event) => {
  const { elt, triggeringEvent: cause } = event.detail;
  if (elt.id !== "search") return;
  const isTyped = cause?.target.id === "q";
  const letters = [...byId("q").value.trim()].length;
  const isShort = isTyped && letters > 0 && letters < 3;
  byId("hint").hidden = !isShort;
  if (isShort || (isTyped && cause.type === "change")) event.preventDefault();
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const status = detail.xhr.status;
  if (status < 400) return;
  // A view or a message says in words what is wrong; anything else stays as it is.
  if (["results", "detail"].includes(detail.target.id) && [404, 422, 500, 503].includes(status)) {
    detail.shouldSwap = true;
    detail.isError = false;
  }
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const { target, xhr, requestConfig } = detail;
  if (target.id === "results") afterResults(xhr.status, requestConfig);
  if (target.id === "detail") showOpened();
  if (target.classList?.contains("more")) fillMore();
  showCopying(document);
});

for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, ({ detail }) => {
    const { target } = detail;
    if (target.classList.contains("more")) {
      const early = target.querySelector(".early");
      window.setTimeout(() => window.htmx.trigger(early, "retry"), 3000);
    } else if (["results", "detail"].includes(target.id)) {
      byId("trouble").hidden = false;
    }
  });
}

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.successful && detail.target.id === "results") byId("trouble").hidden = true;
});

byId("try").addEventListener("click", () => visit(window.location.search, { keep: true }));

for (const query of ["(prefers-color-scheme: dark)"]) {
  window.matchMedia(query).addEventListener("change", redrawHours);
}

begin();
