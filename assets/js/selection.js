// Choosing rows of table[data-selectable]: the head's tick, shift-click ranges, and the bulk bar [data-bulk="table id"]
// with the count and "select all N that match" (which sets the hidden input [data-all-matching] to 1).
import { number, text } from "./texts.js";

class Selection {
  constructor(table) {
    this.table = table;
    this.rows = [...table.querySelectorAll("[data-select-row]")];
    this.head = table.querySelector("[data-select-all]");
    this.bar = document.querySelector(`[data-bulk="${table.id}"]`);
    this.matching = Number(table.dataset.matching || 0);
    this.allMatching = false;
    this.last = null;
  }

  start() {
    this.head?.addEventListener("change", () => this.setAll(this.head.checked));
    this.table.addEventListener("click", (event) => {
      const box = event.target.closest("[data-select-row]");
      if (box) this.toggled(box, event.shiftKey);
    });
    this.bar?.querySelector("[data-select-matching]")?.addEventListener("click", () => this.chooseMatching());
    this.bar?.querySelector("[data-select-none]")?.addEventListener("click", () => this.setAll(false));
    // A page the reader comes back to keeps its ticks.
    window.addEventListener("pageshow", () => this.show());
    this.show();
  }

  toggled(box, range) {
    if (range && this.last) this.fill(this.last, box);
    this.last = box;
    this.allMatching = false;
    this.show();
  }

  fill(from, to) {
    const [start, end] = [this.rows.indexOf(from), this.rows.indexOf(to)].sort((a, b) => a - b);
    for (const box of this.rows.slice(start, end + 1)) box.checked = to.checked;
  }

  setAll(checked) {
    for (const box of this.rows) box.checked = checked;
    this.allMatching = false;
    this.show();
  }

  chooseMatching() {
    this.setAll(true);
    this.allMatching = true;
    this.show();
  }

  show() {
    const chosen = this.rows.filter((box) => box.checked).length;
    for (const box of this.rows) box.closest("tr").setAttribute("aria-selected", String(box.checked));
    if (this.head) {
      this.head.checked = chosen > 0 && chosen === this.rows.length;
      this.head.indeterminate = chosen > 0 && chosen < this.rows.length;
    }
    if (this.bar) this.showBar(chosen);
  }

  showBar(chosen) {
    for (const verb of this.bar.querySelectorAll("[data-exactly]")) {
      verb.hidden = this.allMatching || chosen !== Number(verb.dataset.exactly);
    }
    this.bar.hidden = chosen === 0;
    const count = this.allMatching ? this.table.dataset.matchingLabel || number(this.matching) : number(chosen);
    this.bar.querySelector("[data-count]").textContent = text("selected", { count });
    const more = this.bar.querySelector("[data-select-matching]");
    if (more) more.hidden = this.allMatching || chosen < this.rows.length || this.matching <= this.rows.length;
    const flag = this.bar.querySelector("[data-all-matching]");
    if (flag) flag.value = this.allMatching ? "1" : "";
  }
}

export function setUpSelection() {
  for (const table of document.querySelectorAll("table[data-selectable]")) new Selection(table).start();
}
