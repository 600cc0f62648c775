// Conditions put together in groups and across links, on the page of advanced search and as a part of other forms
// ([data-search-builder]). Its JSON holds what is asked already, and the form's input `where` (or the one that data-where
// names) what is asked just now; each change is told to the server, which answers how many records match and what the
// conditions say as a sentence. With data-about the register is what that select of the form says.
import { el } from "./dom.js";
import { columnSelect, comparisonOf, conditionOf, option, valueInput, valuesOf } from "./filters.js";
import { enhance } from "./selects.js";
import { number, text } from "./texts.js";

const GROUPS = { all: () => text("builder_all"), any: () => text("builder_any"), none: () => text("builder_none") };
const LINKED = {
  all: () => text("builder_linked_all"),
  any: () => text("builder_linked_any"),
  none: () => text("builder_linked_none"),
};
const PAUSE = 300;
const groupOf = (node) => Object.keys(GROUPS).find((name) => name in node);
let made = 0;
const newId = (name) => `sb-${name}-${(made += 1)}`;

async function fetchJson(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status} from ${url}`);
  return answer.json();
}

/** The button that takes a condition or a group away, as the page's template has it. */
function removeButton(act) {
  const button = document.querySelector("template[data-remove]").content.firstElementChild.cloneNode(true);
  button.addEventListener("click", act);
  return button;
}

/** One comparison: field, operator, value. */
class Comparison {
  constructor(group, columns, node = null) {
    this.group = group;
    this.columns = columns;
    this.box = el("div");
    this.rest = el("div", { class: "rest" });
    const select = columnSelect(columns, newId("column"));
    this.root = el("li", { class: "k-cond" });
    const label = el("label", { class: "vh", for: select.id }, text("builder_field"));
    this.root.append(el("div", {}, label, select), this.rest, removeButton(() => group.remove(this)));
    this.picker = enhance(select, { onChange: (name) => this.columnChosen(name) });
    if (node) this.fill(node);
  }

  fill(node) {
    if (!this.columns.some((column) => column.column === node.col)) return;
    this.picker.setValue(node.col, true);
    this.columnChosen(node.col, node);
  }

  columnChosen(name, node = null) {
    this.column = this.columns.find((column) => column.column === name);
    this.rest.replaceChildren();
    this.value = null;
    if (!this.column) return this.group.changed();
    const id = newId("operator");
    this.operator = el("select", { id, class: "form-select", "aria-label": text("filter_operator") });
    this.operator.append(...this.column.operators.map((item) => option(item.op, item.label)));
    if (node) this.operator.value = node.opr;
    this.operator.addEventListener("change", () => this.showValue());
    this.box = el("div");
    this.rest.append(this.operator, this.box);
    this.showValue(node);
  }

  chosenOperator() {
    return this.column.operators.find((item) => String(item.op) === this.operator.value) ?? this.column.operators[0];
  }

  showValue(node = null) {
    this.value = valueInput(this.column, this.chosenOperator(), newId("value"));
    this.box.replaceChildren();
    if (this.value) {
      this.value.setAttribute("aria-label", text("filter_value"));
      this.box.append(this.value);
      const given = [node?.value ?? []].flat().map(String);
      if (this.value.tagName === "SELECT") this.fillSelect(given, node?.labels ?? {});
      else this.value.value = given[0] ?? "";
      this.value.addEventListener("input", () => this.group.changed());
      this.value.addEventListener("change", () => this.group.changed());
      if (!node) setTimeout(() => (this.value?.tomselect ?? this.value)?.focus());
    }
    this.group.changed();
  }

  fillSelect(given, labels) {
    for (const value of given) {
      let found = [...this.value.options].find((known) => known.value === value);
      if (!found) this.value.append((found = option(value, labels[value] ?? value)));
      found.selected = true;
    }
    enhance(this.value);
  }

  /** The condition, null while it is not complete. */
  node() {
    if (!this.column) return null;
    const values = valuesOf(this.value);
    if (!values.length) return null;
    return conditionOf(this.column.column, this.chosenOperator().op, this.value?.multiple ? values : values[0]);
  }

  focus() {
    this.picker.focus();
  }
}

/** Conditions joined by all, any or none; with `way` they speak of linked records. */
class Group {
  constructor(builder, parent, register, { mode = "all", way = null, title = "" } = {}) {
    Object.assign(this, { builder, parent, register, way, members: [] });
    if (way?.titled) this.title = this.titleInput(title);
    this.mode = el("select", { class: "form-select", "aria-label": text("builder_mode") });
    this.mode.append(...Object.entries(way ? LINKED : GROUPS).map(([name, label]) => option(name, label())));
    this.mode.value = mode;
    this.mode.addEventListener("change", () => this.changed());
    this.list = el("ul", { class: "nodes" });
    this.root = el(parent ? "li" : "div", { class: "k-group" });
    this.root.append(this.head(), this.list, (this.acts = el("div", { class: "acts" })));
  }

  head() {
    const head = el("div", { class: "head" });
    if (this.way) head.append(el("b", {}, this.way.label));
    head.append(this.mode);
    if (this.title) head.append(this.title);
    if (this.parent) head.append(removeButton(() => this.parent.remove(this)));
    return head;
  }

  /** What a relationship is called must hold: "director". */
  titleInput(value) {
    const hint = text("builder_title_hint");
    const input = el("input", { class: "form-control", maxlength: 200, autocomplete: "off", "aria-label": text("builder_title"), placeholder: hint });
    input.value = value;
    input.addEventListener("input", () => this.changed());
    return input;
  }

  /** Fetch what the register has; then the nodes are built. */
  async start(nodes) {
    [this.columns, this.ways] = await Promise.all([this.builder.fields(this.register), this.builder.ways(this.register)]);
    const button = (label, act) => {
      const made = el("button", { type: "button", class: "k-add" }, label);
      made.addEventListener("click", act);
      return made;
    };
    this.acts.append(button(text("builder_condition"), () => this.addComparison().focus()));
    if (this.depth() < 4) {
      this.acts.append(button(text("builder_group"), () => this.addGroup({ mode: "any" })));
      if (this.ways.length) this.acts.append(this.wayPicker());
    }
    for (const node of nodes) await this.add(node);
  }

  depth() {
    return this.parent ? this.parent.depth() + 1 : 0;
  }

  wayPicker() {
    const select = el("select", { class: "form-select k-way", "aria-label": text("builder_linked") });
    const [ties, links] = [true, false].map((titled) => this.ways.filter((way) => way.titled === titled).map((way) => option(way.code, way.label)));
    select.append(option("", text("builder_linked")), ...links);
    if (ties.length) select.append(el("optgroup", { label: text("builder_relationships") }, ...ties));
    select.addEventListener("change", () => {
      const way = this.ways.find((known) => known.code === select.value);
      select.value = "";
      if (way) this.addGroup({ way });
    });
    return select;
  }

  async add(node) {
    const comparison = comparisonOf(node);
    if (comparison) return this.addComparison(comparison);
    const mode = groupOf(node);
    const way = node.through ? this.ways.find((known) => known.code === node.through) : null;
    if (node.through && !way) return null;
    return this.addGroup({ mode, way, title: node.title }, node[mode]);
  }

  addComparison(node = null) {
    const made = new Comparison(this, this.columns, node);
    return this.keep(made);
  }

  async addGroup(options, nodes = null) {
    const made = this.keep(new Group(this.builder, this, options.way?.register ?? this.register, options));
    await made.start(nodes ?? []);
    if (!nodes) made.addComparison().focus();
    return made;
  }

  keep(member) {
    this.members.push(member);
    this.list.append(member.root);
    this.changed();
    return member;
  }

  remove(member) {
    const place = this.members.indexOf(member);
    this.members.splice(place, 1);
    member.root.remove();
    this.changed();
    const next = this.members[Math.min(place, this.members.length - 1)];
    (next?.focus ? next : this).focus();
  }

  focus() {
    this.acts.querySelector("button")?.focus();
  }

  changed() {
    this.builder.changed();
  }

  nodes() {
    return this.members.map((member) => member.node()).filter(Boolean);
  }

  node() {
    const nodes = this.nodes();
    if (!nodes.length) return null;
    const title = this.title?.value.trim();
    return { ...(this.way ? { through: this.way.code } : {}), ...(title ? { title } : {}), [this.mode.value]: nodes };
  }
}

class Builder {
  constructor(place) {
    this.place = place;
    const { elements } = place.closest("form");
    this.where = elements[place.dataset.where ?? "where"];
    this.about = elements[place.dataset.about];
    this.sources = JSON.parse(place.querySelector("[data-sources]").textContent);
    this.known = {};
    this.sentence = place.querySelector("[data-sentence]");
    this.show = place.querySelector("[data-show]");
    this.showText = this.show?.textContent;
    // What was put together for one register waits while another one is chosen.
    this.nodes = {};
  }

  get register() {
    return this.about?.value || this.place.dataset.searchBuilder;
  }

  fields(register) {
    return this.once(this.sources[register].fields);
  }

  ways(register) {
    return this.once(this.sources[register].ways);
  }

  once(url) {
    return (this.known[url] ??= fetchJson(url));
  }

  async start() {
    // Without a register the text stays as it is.
    if (!this.sources[this.register]) return;
    this.nodes[this.register] = JSON.parse(this.place.querySelector("[data-nodes]").textContent);
    this.about?.addEventListener("change", () => this.changeRegister().catch(() => this.fail()));
    this.where.form.addEventListener("submit", () => this.write());
    await this.build();
  }

  async changeRegister() {
    if (this.register === this.top.register || !this.sources[this.register]) return;
    this.nodes[this.top.register] = this.asked();
    await this.build();
  }

  async build() {
    const nodes = this.nodes[this.register] ?? [];
    this.ready = false;
    // One group alone is what the page's own group stands for.
    const mode = nodes.length === 1 && !nodes[0].through && !comparisonOf(nodes[0]) ? groupOf(nodes[0]) : null;
    this.top = new Group(this, null, this.register, { mode: mode ?? "all" });
    const built = this.place.querySelector("[data-built]");
    built.replaceChildren(this.top.root);
    built.hidden = false;
    const plain = this.place.querySelector("[data-where-text]");
    if (plain) plain.hidden = true;
    await this.top.start(mode ? nodes[0][mode] : nodes);
    // A page that is for searching alone begins with a condition.
    if (!nodes.length && this.show) this.top.addComparison().focus();
    this.ready = true;
    this.changed();
  }

  fail() {
    this.sentence.textContent = text("no_answer");
  }

  /** What is asked, as a list of conditions that all must hold. */
  asked() {
    const nodes = this.top.nodes();
    return this.top.mode.value === "all" || !nodes.length ? nodes : [{ [this.top.mode.value]: nodes }];
  }

  /** What is asked as the input holds it: a field of a record is empty where nothing is. */
  written() {
    const asked = this.asked();
    return this.place.dataset.where && !asked.length ? "" : JSON.stringify(asked);
  }

  write() {
    // A page that is still being built would be sent in part.
    if (this.ready) this.where.value = this.written();
  }

  changed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), PAUSE);
  }

  async tell() {
    // Until all that was asked stands there, it would be told in part.
    if (!this.ready) return;
    const where = this.written();
    const asking = `${this.register} ${where}`;
    if (asking === this.told) return;
    this.told = asking;
    if (where !== this.where.value) {
      this.write();
      this.where.dispatchEvent(new Event("change", { bubbles: true }));
    }
    if (!where) return this.tellNobody();
    const url = new URL(this.place.dataset.matchingUrl ?? this.sources[this.register].matching, window.location.href);
    url.searchParams.set("where", where);
    try {
      const found = await fetchJson(url);
      if (asking === this.told) this.tellFound(found);
    } catch {
      this.told = null;
      this.fail();
    }
  }

  tellNobody() {
    this.sentence.textContent = this.place.dataset.nobody;
    this.sentence.classList.remove("wrong");
  }

  tellFound(found) {
    this.sentence.textContent = found.error ?? found.sentence;
    this.sentence.classList.toggle("wrong", Boolean(found.error));
    if (found.error) return;
    const count = `${number(found.count)}${found.exact ? "" : "+"}`;
    if (this.show) this.show.textContent = `${this.showText} (${count})`;
    // Beside the sentence, where no button tells it.
    if (this.place.dataset.found) this.sentence.append(el("b", { class: "num" }, ` ${this.place.dataset.found.replace("%s", count)}`));
  }
}

export function setUpSearchBuilder() {
  const place = document.querySelector("[data-search-builder]");
  if (!place) return;
  const builder = new Builder(place);
  builder.start().catch(() => builder.fail());
}
