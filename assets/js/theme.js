// Runs in <head>, before anything is painted: puts the chosen theme on <html>, else the system's.
const system = window.matchMedia("(prefers-color-scheme: dark)");

function apply() {
  const chosen = localStorage.getItem("theme");
  const theme = chosen === "light" || chosen === "dark" ? chosen : system.matches ? "dark" : "light";
  document.documentElement.dataset.bsTheme = theme;
}

function applyDensity() {
  const density = localStorage.getItem("density");
  if (density === "compact" || density === "airy") document.documentElement.dataset.density = density;
  else delete document.documentElement.dataset.density;
}

apply();
applyDensity();
document.documentElement.classList.add("js");
system.addEventListener("change", apply);
window.addEventListener("storage", () => {
  apply();
  applyDensity();
});
document.addEventListener("themechange", apply);
document.addEventListener("densitychange", applyDensity);
