// The dialog that shows a message.

import { loadMore, rowOf, rowsBeside } from "./rows.js";
import { currentSearch, root, searchWith } from "./view.js";

const dialog = document.getElementById("detail");
let last = null;

export function isOpen() {
  return dialog.open;
}

// Open a message that was chosen; the address names it.
export function openMessage(id) {
  const address = `${root}/${searchWith(currentSearch(), { message: id })}`;
  if (dialog.open) window.history.replaceState(window.history.state, "", address);
  else window.history.pushState({ isOpened: true }, "", address);
  showMessage(id);
}

// Show a message that the address names already.
export function showMessage(id) {
  last = id;
  window.htmx.ajax("GET", `${root}/inbox/message${searchWith(currentSearch(), { message: id })}`, {
    source: "#detail",
    target: "#detail",
    swap: "innerHTML",
  });
}

// Show what the dialog holds.
export function showOpened() {
  const article = dialog.querySelector("article, .notice");
  if (!article) return;
  last = article.dataset.id ?? last;
  if (!dialog.matches(":modal")) {
    dialog.removeAttribute("open");
    dialog.showModal();
  }
  for (const button of dialog.querySelectorAll("[data-step]")) {
    button.hidden = !rowsBeside(last, Number(button.dataset.step));
  }
  dialog.scrollTop = 0;
}

export function stepTo(step) {
  const row = rowsBeside(last, step);
  if (!row) return;
  openMessage(row.dataset.id);
  if (!row.nextElementSibling?.classList.contains("row")) loadMore();
}

// Close it as a reader does: the address no longer names the message.
export function closeMessage() {
  if (window.history.state?.isOpened) {
    window.history.back();
  } else {
    window.history.replaceState(null, "", `${root}/${currentSearch()}`);
    closeDialog();
  }
}

export function closeDialog() {
  if (!dialog.open) return;
  dialog.close();
  dialog.replaceChildren();
  rowOf(last)?.querySelector("a").focus({ preventScroll: false });
}

dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  closeMessage();
});

dialog.addEventListener("click", (event) => {
  if (event.target === dialog) closeMessage();
});
