// A form that adds a record tells of those that may be the same: [data-similar-url] with the columns it watches in
// [data-similar-columns]; what is found stands in its [data-similar].
import { NoPart, fetchPart, fillWith } from "./parts.js";

const PAUSE = 400;

class Similar {
  constructor(form) {
    this.form = form;
    this.columns = form.dataset.similarColumns.split(" ");
    this.place = form.querySelector("[data-similar]") ?? document.querySelector("[data-similar]");
    form.addEventListener("input", (event) => this.typed(event));
    form.addEventListener("change", (event) => this.typed(event));
  }

  typed(event) {
    if (!this.columns.includes(event.target.name)) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), PAUSE);
  }

  async ask() {
    const url = new URL(this.form.dataset.similarUrl, window.location.href);
    for (const column of this.columns) {
      const value = this.form.elements[column]?.value?.trim();
      if (value) url.searchParams.set(column, value);
    }
    if (url.href === this.asked) return;
    this.asked = url.href;
    try {
      const part = await fetchPart(url);
      if (this.asked === url.href) fillWith(this.place, part);
    } catch (problem) {
      // A hint that can't be had is none: the form works without.
      if (!(problem instanceof NoPart)) throw problem;
    }
  }
}

export function setUpSimilar() {
  for (const form of document.querySelectorAll("form[data-similar-url]")) new Similar(form);
}
