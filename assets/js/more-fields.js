// Where a register has very many fields, pages begin with some of them. A record's other values come by themselves
// ([data-values]); so do a form's filled fields ([data-later]), and empty ones are searched for ([data-more-fields]).
// In the panel that chooses columns, [data-more-columns] adds one to the boxes above it.
import { el } from "./dom.js";
import { fetchPart } from "./parts.js";
import { setUpProductLines } from "./product-lines.js";
import { setUpRichTexts } from "./rich-texts.js";
import { enhance, setUpSelects } from "./selects.js";
import { text } from "./texts.js";

async function bringValues(place) {
  const part = await fetchPart(place.dataset.values);
  // What came is the whole of each section; one that was empty until now follows those that were there.
  for (const section of part.querySelectorAll("[data-section]")) {
    const there = place.querySelector(`[data-section="${section.dataset.section}"]`);
    const all = place.querySelectorAll("[data-section]");
    if (there) there.replaceWith(section);
    else if (all.length) all[all.length - 1].after(section);
    else place.prepend(section);
  }
}

/** Empties a box, so that it asks the server again: what was chosen is offered no more. */
function startAnew(box) {
  box.clear(true);
  box.clearOptions();
  box.loadedSearches = {};
}

class FormFields {
  constructor(place) {
    this.place = place;
    this.url = new URL(place.dataset.moreFields, window.location.href);
    this.sections = place.closest("[data-sections]");
  }

  start() {
    const select = this.place.querySelector("select");
    this.box = enhance(select, {
      offers: (column) => !this.field(column),
      onChange: (column) => column && this.choose(column).catch(() => failed(this.place)),
    });
    if ("later" in this.place.dataset) this.bring(this.url).catch(() => failed(this.place));
  }

  async choose(column) {
    const address = new URL(this.url);
    address.searchParams.set("column", column);
    if (!this.field(column)) await this.bring(address);
    startAnew(this.box);
    const field = this.field(column);
    field?.scrollIntoView({ block: "nearest" });
    const input = field?.querySelector("input:not([type=hidden]), textarea, select");
    (input?.tomselect ?? input)?.focus();
  }

  field(column) {
    return this.sections.querySelector(`[data-field="${CSS.escape(column)}"]`);
  }

  async bring(address) {
    const part = await fetchPart(address);
    for (const section of part.querySelectorAll("[data-section]")) this.take(section);
    setUpSelects(this.sections);
    setUpRichTexts(this.sections);
    setUpProductLines(this.sections);
  }

  take(section) {
    const there = this.sections.querySelector(`[data-section="${section.dataset.section}"]`);
    const fields = [...section.querySelectorAll("[data-field]")].filter((field) => !this.field(field.dataset.field));
    if (there) there.querySelector(".k-fields").append(...fields);
    else this.sections.append(section);
  }
}

function columnBox(select, column) {
  return select.closest("form").querySelector(`.k-columns input[value="${CSS.escape(column)}"]`);
}

function addColumn(select, column) {
  const list = select.closest("form").querySelector(".k-columns");
  const there = columnBox(select, column);
  if (there) there.checked = true;
  else {
    const label = select.tomselect.options[column]?.label ?? column;
    const box = el("input", { type: "checkbox", class: "form-check-input", name: "column", value: column, checked: true });
    // As templates/registers/list.html draws an item, from the ones that are there.
    const item = list.lastElementChild.cloneNode(true);
    item.querySelector("label").replaceChildren(box, " ", el("span", {}, label));
    for (const name of ["aria-label", "title"]) item.querySelector("[data-sort-handle]").setAttribute(name, text("move", { label }));
    list.append(item);
  }
  list.lastElementChild.scrollIntoView({ block: "nearest" });
  startAnew(select.tomselect);
}

function failed(place) {
  place.append(el("p", { class: "k-error", role: "alert" }, text("part_unreachable")));
}

/** A field of a form that changes many records is taken out again. */
function setUpRemoving(sections) {
  sections.addEventListener("click", (event) => {
    const field = event.target.closest("[data-remove-field]")?.closest("[data-field]");
    if (!field) return;
    const section = field.closest("[data-section]");
    field.remove();
    if (!section.querySelector("[data-field]")) section.remove();
    sections.querySelector("#more-field")?.tomselect.focus();
  });
}

export function setUpMoreFields() {
  for (const place of document.querySelectorAll("[data-values]")) bringValues(place).catch(() => failed(place));
  for (const place of document.querySelectorAll("[data-more-fields]")) {
    new FormFields(place).start();
    setUpRemoving(place.closest("[data-sections]"));
    const select = place.querySelector("[data-autofocus]");
    select?.tomselect.focus();
  }
}

export function setUpMoreColumns(root) {
  for (const select of root.querySelectorAll("[data-more-columns]")) {
    const offers = (column) => !columnBox(select, column)?.checked;
    enhance(select, { offers, onChange: (column) => column && addColumn(select, column) });
  }
}
