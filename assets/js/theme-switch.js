// The buttons [data-choose-theme="light|dark|system"] in the user's menu.

function mark(buttons) {
  const chosen = localStorage.getItem("theme") ?? "system";
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.chooseTheme === chosen));
}

export function setUpThemeSwitch() {
  const buttons = document.querySelectorAll("button[data-choose-theme]");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      if (button.dataset.chooseTheme === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", button.dataset.chooseTheme);
      document.dispatchEvent(new Event("themechange"));
      mark(buttons);
    });
  }
  mark(buttons);
}
