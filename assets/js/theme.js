// Runs in <head>, before anything is painted: puts the chosen theme on <html>, else the system's.
const system = window.matchMedia("(prefers-color-scheme: dark)");

function apply() {
  const chosen = localStorage.getItem("theme");
  const theme = chosen === "light" || chosen === "dark" ? chosen : system.matches ? "dark" : "light";
  document.documentElement.dataset.bsTheme = theme;
}

apply();
document.documentElement.classList.add("js");
system.addEventListener("change", apply);
window.addEventListener("storage", apply);
document.addEventListener("themechange", apply);
