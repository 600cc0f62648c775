// [data-lines] holds rows of products as a text of JSON: here it becomes a table, and each change is written back into
// the text, which is what the form sends. Nothing is written before somebody changes something.
import restoreOnBackspace from "tom-select/dist/esm/plugins/restore_on_backspace/plugin.js";
import TomSelect from "tom-select/dist/esm/tom-select.js";
import { el } from "./dom.js";
import { centsText, typedAmount } from "./line-amounts.js";
import { enhance, fetchOptions } from "./selects.js";
import { setUpSorting } from "./sorting.js";
import { text } from "./texts.js";
import { toast } from "./toasts.js";

TomSelect.define("restore_on_backspace", restoreOnBackspace);

/** Parts of a row that are typed; what it is called is chosen or typed in its box. */
const TYPED = ["quantity", "unit", "price", "discount"];
/** A name that is no product's: ids have no such sign. */
const FREE = "=";

/** The rows of a text, null where it holds something else: then it stays a text. */
function rowsOf(written) {
  try {
    const rows = written.trim() ? JSON.parse(written) : [];
    return Array.isArray(rows) && rows.every((row) => row && typeof row === "object" && !Array.isArray(row)) ? rows : null;
  } catch {
    return null;
  }
}

function money(cents, currency) {
  const lang = document.documentElement.lang || "en";
  const digits = centsText(cents);
  try {
    // Dates and amounts in English are written as in Europe.
    return new Intl.NumberFormat(lang === "en" ? "en-GB" : lang, { style: "currency", currency }).format(digits);
  } catch {
    return `${digits} ${currency}`;
  }
}

class Row {
  constructor(sheet, data) {
    this.sheet = sheet;
    this.element = document.importNode(sheet.place.querySelector("[data-lines-row]").content, true).querySelector("tr");
    this.currency = data.currency || sheet.currency;
    for (const part of TYPED) this.input(part).value = data[part] ?? "";
    this.element.addEventListener("input", () => sheet.changed());
  }

  /** The box of products, once the row stands in the page. */
  start(data) {
    const select = this.input("name");
    const named = data.name || this.sheet.names[data.product] || data.product || "";
    const chosen = named ? { value: data.product || FREE + named, label: named, name: named } : null;
    this.box = enhance(select, {
      options: chosen ? [chosen] : [],
      items: chosen ? [chosen.value] : [],
      create: (name) => ({ value: FREE + name, label: name, name }),
      createOnBlur: true,
      selectOnTab: true,
      persist: false,
      maxLength: 200,
      plugins: { restore_on_backspace: { text: (option) => option.name ?? option.label } },
      render: {
        no_results: () => "<div></div>",
        loading: () => "<div></div>",
        option_create: ({ input }, escape) => `<div class="create">${escape(text("line_free", { name: input }))}</div>`,
      },
      onChange: () => this.chose(),
    });
  }

  input(part) {
    return this.element.querySelector(`[data-cell="${part}"]`);
  }

  get option() {
    return this.box.options[this.box.getValue()];
  }

  chose() {
    const { value, values } = this.option ?? {};
    if (value && !value.startsWith(FREE) && values) this.fill(values);
    this.sheet.changed();
    // A box that has the focus shows what is typed and not what is chosen.
    if (value && this.box.isFocused) this.focus("quantity");
  }

  /** What the product says of itself, as columns of its register. */
  fill({ name, unit, price }) {
    if (name) this.option.name = name;
    this.input("unit").value = unit ?? "";
    if (!this.input("quantity").value) this.input("quantity").value = "1";
    this.input("price").value = "";
    if (!price) return;
    if (!this.sheet.takes(this, price.currency)) toast(text("line_currency", { name, currency: price.currency }), "warning");
    else this.input("price").value = price.amount.replace(".", this.sheet.mark);
  }

  get data() {
    const option = this.option;
    const product = option && !option.value.startsWith(FREE) ? option.value : null;
    const typed = Object.fromEntries(TYPED.map((part) => [part, this.input(part).value]));
    return { product, name: option ? option.name ?? option.label : "", ...typed, currency: this.currency };
  }

  get blank() {
    const { product, name, price } = this.data;
    return !product && !name && !price;
  }

  get cents() {
    return this.blank ? null : typedAmount(this.data, this.sheet.mark);
  }

  /** Tells the number of the row to who does not see it, and what it comes to. */
  show(number) {
    for (const part of this.element.querySelectorAll("[data-said]")) {
      const label = text("line_part", { label: part.dataset.said, number });
      part.setAttribute("aria-label", label);
      if (part.tomselect) {
        part.tomselect.control_input.setAttribute("aria-label", label);
        part.tomselect.dropdown_content.setAttribute("aria-label", label);
      }
    }
    this.input("amount").textContent = this.cents === null ? "–" : money(this.cents, this.currency);
  }

  focus(part = "name") {
    if (part === "name") return this.box.focus();
    this.input(part).focus();
    return this.input(part).select();
  }
}

class Sheet {
  constructor(place, rows) {
    this.place = place;
    this.mark = place.dataset.mark;
    this.names = JSON.parse(place.dataset.names);
    this.textarea = place.querySelector("textarea");
    this.body = place.querySelector("tbody");
    this.table = place.querySelector("[data-lines-table]");
    this.currencyInput = place.querySelector("[data-lines-currency]");
    this.currency = rows.find((row) => row.currency)?.currency || place.dataset.currency;
    this.currencyInput.value = this.currency;
    this.rows = rows.map((data) => this.build(data));
    this.listen();
    this.unveil();
    rows.forEach((data, at) => this.complete(data, this.rows[at]));
  }

  build(data, before = null) {
    const row = new Row(this, data);
    this.body.insertBefore(row.element, before);
    row.start(data);
    return row;
  }

  /** A row that an address asked for names nothing but its product. */
  async complete({ product, name, price }, row) {
    if (!product || name || price) return;
    const [found] = await fetchOptions(this.place.dataset.optionsUrl, "", { value: product }).catch(() => []);
    if (!found || row.option?.value !== product) return;
    row.box.updateOption(product, found);
    row.chose();
  }

  unveil() {
    const sheet = this.place.querySelector(".sheet");
    this.place.querySelector("[data-lines-text]").hidden = true;
    sheet.hidden = false;
    const described = this.textarea.getAttribute("aria-describedby");
    if (described) sheet.setAttribute("aria-describedby", described);
    this.show();
    setUpSorting(this.place);
    if (this.textarea.getAttribute("aria-invalid") === "true") this.markWrong();
  }

  /** The row that the message speaks of, else all of them. */
  markWrong() {
    this.textarea.removeAttribute("aria-invalid");
    const said = document.getElementById(`${this.textarea.id}-error`)?.textContent ?? "";
    const named = this.rows.filter((_row, at) => said.includes(`${text("line_row", { number: at + 1 })}:`));
    for (const row of named) row.element.classList.add("is-wrong");
    (named[0] ?? this.rows[0])?.box.control_input.setAttribute("aria-invalid", "true");
  }

  listen() {
    this.place.addEventListener("click", (event) => {
      if (event.target.closest("[data-add-line]")) this.add();
      const remove = event.target.closest("[data-remove-line]");
      if (remove) this.remove(this.rowOf(remove));
    });
    this.body.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("k-sorted", () => this.sorted());
    this.currencyInput.addEventListener("input", () => {
      this.currency = this.currencyInput.value.trim().toUpperCase();
      for (const row of this.rows) row.currency = this.currency;
      this.changed();
    });
  }

  rowOf(element) {
    return this.rows.find((row) => row.element.contains(element));
  }

  /** Enter goes to the next row; after the last one it makes one. */
  key(event) {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.defaultPrevented || !event.target.matches("input")) return;
    event.preventDefault();
    const row = this.rowOf(event.target);
    const next = this.rows[this.rows.indexOf(row) + 1];
    // What is typed into a box of products becomes its value when the box is left.
    if (next) next.focus(event.target.dataset.cell);
    else this.add();
  }

  add() {
    const data = { quantity: "1", currency: this.currency };
    this.rows.push(this.build(data));
    this.show();
    this.rows.at(-1).focus();
  }

  remove(row) {
    const at = this.rows.indexOf(row);
    const data = row.data;
    row.element.remove();
    this.rows.splice(at, 1);
    this.changed();
    (this.rows[at] ?? this.rows.at(-1))?.element.querySelector("[data-remove-line]").focus();
    if (!this.rows.length) this.place.querySelector("[data-add-line]").focus();
    if (data.name || data.price) this.offerUndo(data, at);
  }

  offerUndo(data, at) {
    const undo = el("button", { type: "button", class: "lnk" }, text("undo"));
    toast(el("span", {}, text("line_removed", { name: data.name || data.price }), " ", undo));
    undo.addEventListener("click", () => {
      undo.closest(".k-toast").remove();
      if (!this.place.isConnected) return;
      this.rows.splice(at, 0, this.build(data, this.rows[at]?.element ?? null));
      this.changed();
      this.rows[at].focus("quantity");
    });
  }

  sorted() {
    this.rows = [...this.body.rows].map((element) => this.rowOf(element));
    this.changed();
  }

  /** Whether a price in that currency goes into the row: all rows are in one, which the first that is filled chooses. */
  takes(row, currency) {
    if (this.currency === currency) return true;
    if (this.rows.some((other) => other !== row && !other.blank)) return false;
    for (const one of this.rows) one.currency = currency;
    this.currency = this.currencyInput.value = currency;
    return true;
  }

  changed() {
    const rows = this.rows.filter((row) => !row.blank).map((row) => row.data);
    this.textarea.value = rows.length ? JSON.stringify(rows) : "";
    this.show();
  }

  show() {
    this.rows.forEach((row, at) => row.show(at + 1));
    this.table.hidden = this.place.querySelector("[data-lines-end]").hidden = !this.rows.length;
    const filled = this.rows.filter((row) => !row.blank);
    const known = filled.every((row) => row.cents !== null && row.currency === this.currency);
    const total = filled.reduce((sum, row) => sum + (row.cents ?? 0n), 0n);
    this.place.querySelector("[data-lines-total]").textContent = known ? money(total, this.currency) : "–";
  }
}

export function setUpProductLines(root = document) {
  for (const place of root.querySelectorAll("[data-lines]:not([data-ready])")) {
    const rows = rowsOf(place.querySelector("textarea").value);
    if (!rows) continue;
    place.dataset.ready = "";
    const sheet = new Sheet(place, rows);
    if (!rows.length && place.closest(".k-inplace")) sheet.add();
  }
}
