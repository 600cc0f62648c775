// The buttons [data-theme="light|dark|system"] in the user's menu.

function mark(buttons) {
  const chosen = localStorage.getItem("theme") ?? "system";
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.theme === chosen));
}

export function setUpThemeSwitch() {
  const buttons = document.querySelectorAll("button[data-theme]");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      if (button.dataset.theme === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", button.dataset.theme);
      document.dispatchEvent(new Event("themechange"));
      mark(buttons);
    });
  }
  mark(buttons);
}
