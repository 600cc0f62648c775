// The filter panel: choose a column, then the operator, then a value by the right input. Applying goes to the
// same address with _flt_<operator>_<column>=value added and the page reset. The columns come as JSON in
// #filter-columns, or from the address in data-filter-panel when the panel is first opened; docs/look.md describes them.
import { fromFirstPage } from "./addresses.js";
import { el } from "./dom.js";
import { enhance } from "./selects.js";
import { text } from "./texts.js";

const INPUTS = {
  text: { type: "text" },
  number: { type: "text", inputmode: "decimal" },
  money: { type: "text", inputmode: "decimal" },
  date: { type: "date" },
  datetime: { type: "datetime-local" },
};

/** Stands for the segments among a register's fields (views/conditions.py). */
export const SEGMENT = "@segment";

/** A comparison as the server is asked it: that a record is in a segment has a shape of its own. */
export function conditionOf(column, operator, value) {
  if (column !== SEGMENT) return { col: column, opr: operator, value };
  const inside = { segment: [value].flat()[0] };
  return operator === "eq" ? inside : { none: [inside] };
}

/** What a comparison's row shows of a condition, null for a group. */
export function comparisonOf(node) {
  if ("col" in node) return node;
  const [inside, opr] = "segment" in node ? [node, "eq"] : node.none?.length === 1 && !node.through ? [node.none[0], "neq"] : [];
  return inside && "segment" in inside ? { col: SEGMENT, opr, value: inside.segment, labels: inside.labels } : null;
}

/** The current address with one condition more that is no comparison with a field. */
function withCondition(address, node) {
  const url = fromFirstPage(address);
  url.searchParams.set("where", JSON.stringify([...JSON.parse(url.searchParams.get("where") || "[]"), node]));
  return url;
}

/** The current address with one filter more and no page, as a URL object. */
function withFilter(address, operator, column, values) {
  const url = fromFirstPage(address);
  for (const value of values) url.searchParams.append(`_flt_${operator}_${column}`, value);
  return url;
}

export function option(value, label) {
  return el("option", { value }, label);
}

/** A select of a register's fields in their sections. */
export function columnSelect(columns, id = "flt-column") {
  const select = el("select", { id, class: "form-select", "data-placeholder": text("filter_column") });
  select.append(option("", ""));
  const sections = Map.groupBy ? Map.groupBy(columns, (column) => column.section ?? "") : groupBySection(columns);
  for (const [section, members] of sections) {
    const place = section ? el("optgroup", { label: section }) : select;
    place.append(...members.map((column) => option(column.column, column.label)));
    if (place !== select) select.append(place);
  }
  return select;
}

function groupBySection(columns) {
  const sections = new Map();
  for (const column of columns) {
    const section = column.section ?? "";
    sections.set(section, [...(sections.get(section) ?? []), column]);
  }
  return sections;
}

function choiceSelect(column, kind, choices, id) {
  const remote = kind === "remote" || (!column.choices?.length && column.options_url);
  const select = el("select", {
    id,
    class: "form-select",
    multiple: kind === "multi",
    "data-options-url": remote ? column.options_url : null,
  });
  if (kind !== "multi") select.append(option("", ""));
  select.append(...choices.map((choice) => option(choice.value, choice.label)));
  return select;
}

/** The input for what a field is compared with by an operator, null where nothing is compared with. */
export function valueInput(column, operator, id = "flt-value") {
  const kind = operator.input;
  if (kind === "none") return null;
  const choices = [...(operator.choices ?? []), ...(kind === "select" && operator.choices?.length ? [] : column.choices ?? [])];
  if (["select", "multi", "remote"].includes(kind)) return choiceSelect(column, kind, choices, id);
  return el("input", { id, class: "form-control", autocomplete: "off", ...(INPUTS[kind] ?? INPUTS.text) });
}

/** What stands in a value's input, as a list; ["1"] where nothing is compared with. */
export function valuesOf(input) {
  if (!input) return ["1"];
  const values = input.multiple ? [...input.selectedOptions].map((chosen) => chosen.value) : [input.value.trim()];
  return values.filter((value) => value !== "");
}

class FilterPanel {
  constructor(panel, columns) {
    this.panel = panel;
    this.columns = columns;
    this.form = panel.querySelector("form");
    this.fields = panel.querySelector("[data-filter-fields]");
    this.columnBox = panel.querySelector("[data-filter-column]");
    this.operator = null;
    this.value = null;
  }

  start() {
    const select = columnSelect(this.columns);
    this.columnBox.append(select);
    this.picker = enhance(select, { onChange: (name) => this.columnChosen(name) });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.apply();
    });
  }

  focus() {
    this.picker.focus();
  }

  columnChosen(name) {
    this.column = this.columns.find((column) => column.column === name);
    this.fields.replaceChildren();
    this.form.querySelector("[type=submit]").disabled = !this.column;
    if (!this.column) return;
    this.operator = el("select", { id: "flt-operator", class: "form-select" });
    this.operator.append(...this.column.operators.map((item) => option(item.op, item.label)));
    this.operator.addEventListener("change", () => this.showValue());
    this.valueBox = el("div");
    this.fields.append(this.labelled(text("filter_operator"), this.operator), this.valueBox);
    this.showValue();
  }

  labelled(label, input) {
    return el("div", { class: "k-field" }, el("label", { class: "form-label", for: input.id }, label), input);
  }

  chosenOperator() {
    return this.column.operators.find((item) => String(item.op) === this.operator.value);
  }

  showValue() {
    this.value = valueInput(this.column, this.chosenOperator());
    this.valueBox.replaceChildren();
    if (!this.value) return;
    this.valueBox.append(this.labelled(text("filter_value"), this.value));
    // An open list would lie over the button that shows what was chosen.
    const box = this.value.tagName === "SELECT" ? enhance(this.value, { closeAfterSelect: true }) : this.value;
    // The column's box is still busy with the key that chose the column; the value's turn comes after it.
    setTimeout(() => {
      this.picker.close();
      box.focus();
    });
  }

  apply() {
    const values = valuesOf(this.value);
    if (values.length === 0) {
      (this.value.tomselect ?? this.value).focus();
      return;
    }
    const [here, operator, name] = [window.location.href, this.chosenOperator().op, this.column.column];
    const url = name === SEGMENT ? withCondition(here, conditionOf(name, operator, values)) : withFilter(here, operator, name, values);
    window.location.assign(url);
  }
}

async function columnsOf(panel) {
  const data = document.getElementById("filter-columns");
  if (data) return JSON.parse(data.textContent);
  const answer = await fetch(panel.dataset.filterPanel, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status} from ${panel.dataset.filterPanel}`);
  return answer.json();
}

async function openPanel(panel) {
  const fields = new FilterPanel(panel, await columnsOf(panel));
  fields.start();
  return fields;
}

export function setUpFilters() {
  const panel = document.querySelector("[data-filter-panel]");
  if (!panel) return;
  let opened = null;
  const prepare = () => (opened ??= openPanel(panel));
  // By the time the panel is open its fields are there: they are asked for when somebody reaches for its button.
  const button = document.querySelector(`[popovertarget="${panel.id}"]`);
  for (const reach of ["pointerenter", "focus"]) button?.addEventListener(reach, () => prepare().catch(() => (opened = null)));
  panel.addEventListener("toggle", async (event) => {
    if (event.newState !== "open") return;
    try {
      (await prepare()).focus();
    } catch {
      // The next opening tries again.
      opened = null;
      panel.hidePopover();
    }
  });
}
