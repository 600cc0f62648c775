// How high a list's rows are: buttons with data-density set it for this browser ("" is the usual).
export function showDensity(root = document) {
  const chosen = document.documentElement.dataset.density ?? "";
  for (const button of root.querySelectorAll("button[data-density]")) {
    button.setAttribute("aria-pressed", String(button.dataset.density === chosen));
  }
}

export function setUpDensity() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-density]");
    if (!button) return;
    localStorage.setItem("density", button.dataset.density);
    document.dispatchEvent(new Event("densitychange"));
    showDensity();
  });
}
