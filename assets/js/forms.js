// Forms marked data-guard submit once; the first wrong field of a form that came back gets the focus.

function lock(form) {
  if (form.dataset.sent) return false;
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll('button[type="submit"]')) button.setAttribute("aria-disabled", "true");
  return true;
}

function unlock(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
}

export function setUpForms() {
  for (const form of document.querySelectorAll("form[data-guard]")) {
    form.addEventListener("submit", (event) => {
      if (!lock(form)) event.preventDefault();
    });
  }
  // The browser brings a page back as it was left, locked buttons included, when the reader goes back to it.
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-guard]").forEach(unlock));
  document.querySelector('[aria-invalid="true"]:not([type="hidden"])')?.focus();
}

export function setUpPasswordEyes() {
  for (const button of document.querySelectorAll("[data-password-eye]")) {
    const input = document.getElementById(button.dataset.passwordEye);
    button.hidden = false;
    button.addEventListener("click", () => {
      const shown = input.type === "text";
      input.type = shown ? "password" : "text";
      button.setAttribute("aria-pressed", String(!shown));
    });
  }
}

export function setUpDismiss() {
  document.addEventListener("click", (event) => {
    event.target.closest("[data-dismiss]")?.closest(".alert, .k-toast")?.remove();
  });
}
