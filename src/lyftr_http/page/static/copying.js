// Copying what stands in a block of code.

export async function copyFrom(button) {
  const code = button.closest(".code").querySelector("code");
  const isDone = await copied(code);
  const usual = (button.dataset.usual ??= button.textContent);
  button.textContent = isDone ? "Copied" : "Press Ctrl-C to copy";
  document.getElementById("said").textContent = button.textContent;
  window.setTimeout(() => { button.textContent = usual; }, 2000);
}

// The clipboard is for pages over TLS or of this machine; elsewhere what is selected is copied.
async function copied(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    window.getSelection().selectAllChildren(code);
    return document.execCommand("copy");
  }
}
