// The search box of the top bar ([data-search]): what is found as one types, walked by arrow keys; Ctrl-K comes here.
import { fetchPart, fillWith } from "./parts.js";
import { toast } from "./toasts.js";

const PAUSE = 140;

export function setUpSearch() {
  const form = document.querySelector("[data-search]");
  if (!form) return;
  const input = form.elements.q;
  const found = document.getElementById("search-found");
  let waiting = 0;
  let asked = "";

  const options = () => [...found.querySelectorAll("[role=option]")];
  const active = () => found.querySelector("[aria-selected=true]");

  function show(open) {
    found.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) choose(null);
  }

  function choose(option) {
    active()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  function step(by) {
    const all = options();
    if (!all.length) return;
    const at = all.indexOf(active());
    const next = at + by;
    // Beyond either end stands what was typed.
    choose(at < 0 ? all[by > 0 ? 0 : all.length - 1] : all[next] ?? null);
  }

  async function ask() {
    const text = input.value.trim();
    if (text === asked && text) return show(true);
    asked = text;
    if (!text) return show(false);
    try {
      const part = await fetchPart(`${form.dataset.search}?q=${encodeURIComponent(text)}`);
      // An answer that comes late is another question's.
      if (text !== asked) return;
      fillWith(found, part);
      show(document.activeElement === input);
    } catch (problem) {
      asked = "";
      show(false);
      toast(problem.message, "danger");
    }
  }

  input.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(ask, PAUSE);
  });
  input.addEventListener("focus", () => { if (input.value.trim() && found.childElementCount) show(true); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (found.hidden) ask();
      else step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && active()) {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) window.open(active().href, "_blank", "noopener");
      else window.location.assign(active().href);
    } else if (event.key === "Escape" && !found.hidden) {
      event.preventDefault();
      show(false);
    } else if (event.key === "Escape") input.blur();
  });
  form.addEventListener("submit", (event) => { if (!input.value.trim()) event.preventDefault(); });
  form.addEventListener("focusout", (event) => { if (!form.contains(event.relatedTarget)) show(false); });
  // A click must reach its link before the box loses the focus.
  found.addEventListener("mousedown", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k" && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      input.focus();
      input.select();
    }
  });
}
