// Editing a value where it stands, on a record's page: double-click or the pencil (Enter on it) starts, Enter saves,
// Esc takes back. The server answers with the value as it is shown, or with the form and what is wrong with it.
import { NoPart, fetchPart, fillWith, sendForm } from "./parts.js";
import { setUpProductLines } from "./product-lines.js";
import { setUpRichTexts } from "./rich-texts.js";
import { setUpSelects } from "./selects.js";
import { toast } from "./toasts.js";

const CONTROL = "a, button, input, select, textarea, .ts-wrapper";

function say(problem) {
  if (!(problem instanceof NoPart)) throw problem;
  toast(problem.message, "danger");
}

class Place {
  constructor(element) {
    this.element = element;
    this.value = element.querySelector("[data-value]");
    this.button = element.querySelector("[data-edit-start]");
  }

  async start() {
    if (!this.form) this.take(await fetchPart(this.element.dataset.edit));
  }

  /** The form, at first or with what is wrong, else the value as it is now. */
  take(part) {
    const form = part.querySelector("form.k-inplace");
    if (form) this.show(form);
    else {
      fillWith(this.value, part);
      this.end();
    }
  }

  show(form) {
    this.form?.remove();
    this.form = document.importNode(form, true);
    this.value.hidden = this.button.hidden = true;
    this.element.append(this.form);
    setUpSelects(this.form);
    setUpRichTexts(this.form);
    setUpProductLines(this.form);
    this.form.addEventListener("submit", (event) => this.send(event));
    this.form.addEventListener("keydown", (event) => this.key(event));
    this.form.querySelector("[data-take-back]").addEventListener("click", () => this.end());
    const input = this.form.querySelector(".k-field input:not([type=hidden]), .k-field textarea, .k-field select");
    (input?.tomselect ?? input)?.focus();
    if (input?.matches("input:not([type=checkbox])")) input.select?.();
  }

  key(event) {
    if (event.key === "Escape" && !this.form.querySelector(".dropdown-active")) {
      event.preventDefault();
      event.stopPropagation();
      this.end();
    }
  }

  async send(event) {
    event.preventDefault();
    if (this.sending) return;
    this.sending = true;
    try {
      this.take(await sendForm(this.form.action, this.form));
    } catch (problem) {
      // What was typed stays in the form.
      say(problem);
    } finally {
      this.sending = false;
    }
  }

  end() {
    this.form?.remove();
    this.form = null;
    this.value.hidden = this.button.hidden = false;
    this.button.focus();
  }
}

export function setUpInPlace() {
  const places = new WeakMap();
  const placeOf = (element) => {
    if (!places.has(element)) places.set(element, new Place(element));
    return places.get(element);
  };
  const start = (element) => placeOf(element).start().catch(say);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-edit-start]");
    if (button) start(button.closest("[data-edit]"));
  });
  document.addEventListener("dblclick", (event) => {
    const place = event.target.closest("[data-edit]");
    if (place && !event.target.closest(CONTROL)) start(place);
  });
}
