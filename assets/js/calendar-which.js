// Which of a repeating entry is meant.
import { el } from "./dom.js";

/** One of the names given, "one", "later" or "all"; null where the reader thinks better of it. */
export function askWhich(say, names) {
  const dialog = document.querySelector("[data-cal-ask]");
  const place = dialog.querySelector("[data-cal-choices]");
  for (const old of place.querySelectorAll("[data-which]")) old.remove();
  place.append(...names.map((name, at) => el("button", { type: "submit", class: at ? "btn" : "btn btn-primary", value: name, "data-which": true }, say(name))));
  dialog.returnValue = "";
  dialog.showModal();
  place.querySelector("[data-which]").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue || null), { once: true });
  });
}
