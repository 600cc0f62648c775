// Buttons that copy a text which the page shows beside them.
import { text } from "./texts.js";
import { toast } from "./toasts.js";

/** Puts a text where the next paste takes it from, and says so. */
export async function copyText(value) {
  try {
    await navigator.clipboard.writeText(value);
    toast(text("copied", { value }));
  } catch {
    toast(text("not_copied"), "danger");
  }
}

export function setUpCopying() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy-text]");
    if (button) copyText(button.dataset.copyText);
  });
}
