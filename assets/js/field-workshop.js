// The fields' workshop: how many records have a value in each field ([data-filled-url]), and how a field will look while
// its form is filled in ([data-preview]).
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
    this.show();
  }

  later() {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.show(), WAIT);
  }

  async show() {
    const asked = ++this.asked;
    const answer = await fetch(this.place.dataset.preview, { method: "POST", body: new FormData(this.form), headers: { Accept: "text/html" } }).catch(() => null);
    // A later answer may have come before this one.
    if (!answer?.ok || asked !== this.asked) return;
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    this.place.replaceChildren(...document.importNode(part.body, true).childNodes);
    setUpSelects(this.place);
  }
}

export function setUpFieldWorkshop() {
  for (const place of document.querySelectorAll("[data-filled-url]")) {
    showFilled(place).catch(() => place.querySelectorAll("[data-filled]").forEach((cell) => { cell.textContent = "?"; }));
  }
  for (const place of document.querySelectorAll("[data-preview]")) new Preview(place).start();
}
