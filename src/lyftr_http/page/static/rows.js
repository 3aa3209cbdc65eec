// The list: where a new message belongs, and how many rows there may be.

import { currentSearch, root, searchWith, visit } from "./view.js";

const KEPT = 300; // rows, while new ones push others out at the end
const MOST = 2000; // rows that scrolling adds; behind them a new page begins
const LATER = 200; // new messages that wait to be shown; of more, the list is asked for anew

let waiting = [];
let tooMany = false;

const list = () => document.getElementById("rows");
const rows = () => document.querySelectorAll("#rows > .row");

export function rowOf(id) {
  return id === null ? null : [...rows()].find((row) => row.dataset.id === id);
}

export function rowsBeside(id, step) {
  const row = rowOf(id);
  const beside = step > 0 ? row?.nextElementSibling : row?.previousElementSibling;
  return beside?.classList.contains("row") ? beside : null;
}

// Show new messages, or say how many there are where that would move what is being read.
export function take(messages) {
  const fresh = messages.filter(({ seq }) => !document.querySelector(`#rows > [data-seq="${seq}"]`));
  if (!fresh.length) return;
  count(fresh.length);
  tooMany ||= waiting.length + fresh.length > LATER;
  waiting = tooMany ? [...waiting, ...fresh].slice(-LATER) : [...waiting, ...fresh];
  arrived += fresh.length;
  if (isAtTop()) showWaiting();
  else announce();
}

let arrived = 0;

function announce() {
  const button = document.getElementById("newer");
  button.textContent = `${arrived.toLocaleString("en")} new message${arrived === 1 ? "" : "s"} ↑`;
  button.hidden = false;
}

export function forgetWaiting() {
  waiting = [];
  arrived = 0;
  tooMany = false;
  document.getElementById("newer").hidden = true;
}

export function showWaiting() {
  const [messages, number] = [waiting, arrived];
  const isAnew = tooMany || !list();
  forgetWaiting();
  if (!number) return;
  if (isAnew) {
    visit(currentSearch(), { keep: true });
    return;
  }
  for (const message of messages) insert(message);
  trim();
  const said = document.getElementById("said");
  said.textContent = `${number} new message${number === 1 ? "" : "s"}`;
}

function insert(message) {
  const key = place(message.ts, message.message_id);
  const behind = [...rows()].find((row) => place(row.dataset.ts, row.dataset.id) < key);
  const more = list().querySelector(".more");
  if (!behind && more) return; // it comes when the reader gets there
  list().insertBefore(made(message), behind ?? null);
}

// What two messages are compared by: the moment at full length, then the identifier.
function place(ts, id) {
  const [whole, fraction = ""] = ts.slice(0, -1).split(".");
  return `${whole}.${fraction.padEnd(6, "0")} ${id}`;
}

function made(message) {
  const row = document.getElementById("row").content.firstElementChild.cloneNode(true);
  Object.assign(row.dataset, { seq: message.seq, ts: message.ts, id: message.message_id });
  const link = row.querySelector("a");
  link.href = `${root}/${searchWith(currentSearch(), { message: message.message_id })}`;
  row.querySelector("time").dateTime = message.ts;
  row.querySelector(".date").textContent = message.ts.slice(0, 10);
  row.querySelector(".clock").textContent = message.ts.slice(11, 19);
  row.querySelector(".sender").textContent = message.from;
  row.querySelector(".recipient").textContent = message.to;
  const text = row.querySelector(".text");
  if (message.text) text.append(...marked(shortened(message.text)));
  else Object.assign(text, { textContent: "no text", className: "text none" });
  return row;
}

function shortened(text) {
  const line = text.split(/\s+/).join(" ").trim();
  return line.length > 240 ? `${line.slice(0, 240)}…` : line;
}

function marked(text) {
  const q = (new URLSearchParams(currentSearch()).get("q") ?? "").toLowerCase();
  const at = q ? text.toLowerCase().indexOf(q) : -1;
  if (at < 0) return [text];
  const mark = document.createElement("mark");
  mark.textContent = text.slice(at, at + q.length);
  return [text.slice(0, at), mark, text.slice(at + q.length)];
}

// Keep the page light: what is far down is taken away, and comes again by scrolling.
function trim() {
  const all = rows();
  if (all.length <= KEPT) return;
  for (const row of [...all].slice(KEPT)) row.remove();
  list().querySelector(".more")?.remove();
  const { ts, id } = all[KEPT - 1].dataset;
  const search = searchWith(currentSearch(), { behind: ts, id });
  const more = document.createElement("li");
  more.className = "more";
  const early = Object.assign(document.createElement("span"), { className: "early" });
  early.setAttribute("hx-get", `${root}/inbox/rows${search}`);
  early.setAttribute("hx-trigger", "intersect once, retry");
  early.setAttribute("hx-target", "closest li");
  early.setAttribute("hx-swap", "outerHTML");
  const link = Object.assign(document.createElement("a"), { href: `${root}/${search}` });
  link.textContent = "Older messages";
  more.append(early, link);
  list().append(more);
  window.htmx.process(more);
}

export function loadMore() {
  const early = document.querySelector("#rows > .more > .early");
  if (early) window.htmx.trigger(early, "retry");
}

// After more rows came: so many are enough for one page.
export function fillMore() {
  if (rows().length >= MOST) document.querySelector("#rows > .more > .early")?.remove();
}

function count(number) {
  const shown = document.getElementById("count");
  if (!("total" in shown.dataset)) return;
  const total = Number(shown.dataset.total) + number;
  shown.dataset.total = String(total);
  shown.textContent = `${total.toLocaleString("en")} message${total === 1 ? "" : "s"}`;
}

function isAtTop() {
  const first = list()?.firstElementChild;
  return !first || first.getBoundingClientRect().bottom > document.getElementById("search").getBoundingClientRect().bottom;
}

window.addEventListener("scroll", () => { if (arrived && isAtTop()) showWaiting(); }, { passive: true });
