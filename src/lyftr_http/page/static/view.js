// What is shown, as the address says it, and the way from one view to another.
//
// It imports no other module: when another list is shown, it raises the event VIEW_SHOWN.

const KEEP = "X-Keep-Address"; // tells an answer how it was asked for
export const VIEW_SHOWN = "lyftr:view-shown";
const FIELDS = ["q", "from", "to", "since", "until"];

const form = document.getElementById("search");

export const root = document.getElementById("main").dataset.root;

let shown = currentSearch();

// The query string of the view that is shown, without the message that is open.
export function currentSearch() {
  return document.getElementById("view").dataset.search;
}

// A query string with other values; null takes one out.
export function searchWith(search, changes) {
  const given = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) given.delete(name);
    else given.set(name, value);
  }
  const text = given.toString().replaceAll("%3A", ":");
  return text ? `?${text}` : "";
}

// Show another view. `keep` leaves the address as it is.
export function visit(search, { keep = false } = {}) {
  const wanted = searchWith(search, { message: null });
  window.htmx.ajax("GET", `${root}/inbox/results${wanted}`, {
    source: "#results",
    target: "#results",
    swap: "innerHTML",
    headers: keep ? { [KEEP]: "true" } : {},
  });
}

// Follow the address after the reader went back or forward.
export function goBackTo(search) {
  if (!isSame(search, shown)) visit(search, { keep: true });
}

// Bring the address and the form in line with a list that was swapped in.
export function afterResults(status, request) {
  const keep = KEEP in request.headers;
  const fill = request.elt !== form;
  markFaults();
  const search = currentSearch();
  if (status === 200) {
    if (!keep && !isSame(search, shown)) remember(search, fill);
    shown = search;
    if (fill) fillForm(search);
  }
  const isOther = status === 200 && fill && !keep;
  document.dispatchEvent(new CustomEvent(VIEW_SHOWN, { detail: { isOther } }));
  scrollToList();
  document.getElementById("said").textContent = document.getElementById("count").textContent.trim();
}

// To go on typing is one step for the button that goes back, not one a letter.
function remember(search, fill) {
  const [before, now] = [new URLSearchParams(shown), new URLSearchParams(search)];
  const isTyping = !fill && before.get("q") && now.get("q");
  const address = `${root}/${search}`;
  if (isTyping && isSame(searchWith(shown, { q: null }), searchWith(search, { q: null }))) {
    window.history.replaceState(null, "", address);
  } else {
    window.history.pushState(null, "", address);
  }
}

function isSame(one, other) {
  const [a, b] = [one, other].map((text) => {
    const given = [...new URLSearchParams(text)];
    return JSON.stringify(given.filter(([name, value]) => value && name !== "message").sort());
  });
  return a === b;
}

function fillForm(search) {
  const given = new URLSearchParams(search);
  for (const name of FIELDS) {
    const value = given.get(name) ?? "";
    form.elements[name].value = form.elements[name].type === "datetime-local" ? value.replace(/Z$/, "") : value;
  }
}

function markFaults() {
  for (const name of FIELDS) {
    const fault = document.getElementById(`fault-${name}`);
    form.elements[name].toggleAttribute("aria-invalid", Boolean(fault.textContent.trim()));
    if (fault.textContent.trim()) form.elements[name].setAttribute("aria-invalid", "true");
  }
}

function scrollToList() {
  const top = form.getBoundingClientRect().top;
  if (top < 0 || window.scrollY > form.offsetTop) window.scrollTo({ top: form.offsetTop });
}
