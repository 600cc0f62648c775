// A submit button with data-confirm asks first. Without script it simply submits, so nothing depends on this.
import { text } from "./texts.js";

function ask(dialog, button) {
  const label = button.dataset.confirmVerb || button.textContent.trim() || button.getAttribute("aria-label") || text("ok");
  dialog.querySelector("[data-confirm-title]").textContent = button.dataset.confirmTitle || text("confirm_title");
  dialog.querySelector("[data-confirm-text]").textContent = button.dataset.confirm;
  dialog.querySelector("[data-confirm-ok]").textContent = label;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "ok"), { once: true });
  });
}

export function setUpConfirm() {
  const dialog = document.getElementById("k-confirm");
  if (!dialog) return;
  const sure = new WeakSet();
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-confirm]");
    if (!button || sure.has(button)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (await ask(dialog, button)) {
      sure.add(button);
      button.form?.requestSubmit(button);
    }
    button.focus();
  }, true);
}
