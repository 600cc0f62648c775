// The page that makes letters shows the letter of any recipient beside the choices: it is fetched when another template or
// another recipient is chosen. The form is form[data-letter-url]; [data-letter-at] goes to a letter by its place.
import { NoPart, fetchPart } from "./parts.js";
import { toast } from "./toasts.js";

const PLACES = ["[data-letter]", "[data-letter-fields]"];

class LetterPreview {
  constructor(form) {
    this.form = form;
    this.asked = 0;
  }

  async show(at) {
    const number = (this.asked += 1);
    const data = new FormData(this.form);
    data.set("at", at);
    try {
      const part = await fetchPart(this.form.dataset.letterUrl, { method: "POST", body: data });
      // A later question has overtaken this one.
      if (number === this.asked) this.fill(part);
    } catch (problem) {
      toast(problem instanceof NoPart ? problem.message : String(problem), "danger");
    }
  }

  fill(part) {
    const focused = document.activeElement?.dataset?.letterAt !== undefined ? document.activeElement.getAttribute("aria-label") : "";
    for (const place of PLACES) {
      const found = part.querySelector(place);
      if (found) document.querySelector(place).replaceChildren(...document.importNode(found, true).childNodes);
    }
    const buttons = [...document.querySelectorAll("[data-letter-at]")];
    const again = buttons.find((button) => button.getAttribute("aria-label") === focused && !button.disabled);
    if (focused) (again ?? buttons.find((button) => !button.disabled))?.focus();
  }
}

export function setUpLetterPreview() {
  const form = document.querySelector("form[data-letter-url]");
  if (!form) return;
  const preview = new LetterPreview(form);
  document.addEventListener("change", (event) => {
    if (event.target.form === form && ["template", "leave_empty"].includes(event.target.name)) preview.show(0);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-letter-at]");
    if (button) preview.show(button.dataset.letterAt);
  });
  // A letter that is downloaded is the one that is shown.
  form.addEventListener("formdata", (event) => {
    const place = document.querySelector("[data-letter-place]")?.dataset.letterPlace;
    if (place && !event.formData.has("at")) event.formData.set("at", place);
  });
  preview.show(0);
}
