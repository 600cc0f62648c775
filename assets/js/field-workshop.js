// The fields' workshop: how many records have a value in each field ([data-filled-url]), and how a field will look while
// its form is filled in ([data-preview]).
import { fillWith, sendForm } from "./parts.js";
import { setUpRichTexts } from "./rich-texts.js";
import { setUpSelects } from "./selects.js";
import { number, share } from "./texts.js";

const WAIT = 250;

async function showFilled(place) {
  const answer = await fetch(place.dataset.filledUrl, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status} from ${place.dataset.filledUrl}`);
  const { records, filled } = await answer.json();
  for (const cell of place.querySelectorAll("[data-filled]")) {
    const count = filled[cell.dataset.filled];
    if (count === undefined) continue;
    cell.textContent = records ? `${number(count)} (${share(count / records)})` : "0";
    cell.classList.remove("is-empty");
  }
}

class Preview {
  constructor(place) {
    this.place = place;
    this.form = place.closest("form");
    this.asked = 0;
  }

  start() {
    for (const name of ["input", "change"]) this.form.addEventListener(name, () => this.later());
    this.show().catch(() => this.place.replaceChildren());
  }

  later() {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.show().catch(() => this.place.replaceChildren()), WAIT);
  }

  async show() {
    const asked = ++this.asked;
    const part = await sendForm(this.place.dataset.preview, this.form);
    // A later answer may have come before this one.
    if (asked !== this.asked) return;
    fillWith(this.place, part);
    setUpSelects(this.place);
    setUpRichTexts(this.place);
  }
}

export function setUpFieldWorkshop() {
  for (const place of document.querySelectorAll("[data-filled-url]")) {
    showFilled(place).catch(() => place.querySelectorAll("[data-filled]").forEach((cell) => { cell.textContent = "?"; }));
  }
  for (const place of document.querySelectorAll("[data-preview]")) new Preview(place).start();
}
