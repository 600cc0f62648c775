// The page that makes address labels shows its first page: a picture that is fetched whenever something is changed.
// A click on a label begins there. The form is form[data-labels-url].
import { el } from "./dom.js";

const WAIT = 250;

class LabelPicture {
  constructor(form, place) {
    this.form = form;
    this.place = place;
    this.asked = 0;
    this.own = document.querySelector("[data-own-sheet]");
  }

  start() {
    for (const name of ["input", "change"]) {
      document.addEventListener(name, (event) => event.target.form === this.form && this.later());
    }
    this.place.addEventListener("click", (event) => this.begin(event.target.closest("rect.label")));
    this.show();
  }

  later() {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.show(), WAIT);
  }

  async show() {
    const asked = ++this.asked;
    this.own.hidden = this.form.elements.sheet.value !== "own";
    const answer = await fetch(this.form.dataset.labelsUrl, { method: "POST", body: new FormData(this.form) });
    const text = await answer.text();
    // A later question has overtaken this one.
    if (asked !== this.asked) return;
    if (answer.ok) this.draw(text);
    else this.tell(answer.status === 422 ? text : answer.statusText);
  }

  draw(text) {
    const picture = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    picture.setAttribute("aria-label", this.place.getAttribute("aria-label"));
    this.place.replaceChildren(document.importNode(picture, true));
  }

  tell(text) {
    this.place.replaceChildren(el("div", { class: "alert alert-danger", role: "alert" }, text));
  }

  begin(label) {
    if (!label) return;
    this.form.elements.start.value = [...this.place.querySelectorAll("rect.label")].indexOf(label) + 1;
    this.show();
  }
}

export function setUpLabels() {
  const form = document.querySelector("form[data-labels-url]");
  if (form) new LabelPicture(form, document.querySelector("[data-labels-picture]")).start();
}
