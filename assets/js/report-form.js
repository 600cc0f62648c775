// The form that makes a report: it shows what the choices so far call for, and the result beside it follows each change.
// Without script all of it stands there, and a button shows the result.
import { fetchPart, fillWith } from "./parts.js";
import { text } from "./texts.js";

const PAUSE = 400;

/** Shows an input with its label, or hides both; what is hidden keeps its value. */
function toggle(input, on) {
  if (input) (input.closest("[data-report-part]") ?? input).hidden = !on;
}

class ReportForm {
  constructor(form) {
    this.form = form;
    this.preview = form.querySelector("[data-report-preview]");
    this.status = form.querySelector("[data-report-status]");
    this.groups = [...form.querySelectorAll("[data-report-group]")];
    this.figures = [...form.querySelectorAll("[data-report-figure]")];
    this.asked = 0;
  }

  start() {
    this.form.classList.add("is-live");
    this.form.addEventListener("input", (event) => this.changed(event));
    this.form.addEventListener("change", (event) => this.changed(event));
    for (const row of this.figures) row.querySelector("[data-report-remove]")?.addEventListener("click", () => this.removeFigure(row));
    this.form.querySelector("[data-report-add]")?.addEventListener("click", () => this.addFigure());
    this.arrange();
  }

  changed({ target }) {
    this.arrange();
    // What the report is called and who gets it changes no figure.
    if (target.closest("[data-report-apart]")) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.show(), PAUSE);
  }

  // What the choices call for

  arrange() {
    this.arrangeGroups();
    this.arrangeFigures();
    this.arrangeOrder();
    for (const part of this.form.querySelectorAll("[data-shown-when]")) {
      const [name, values] = part.dataset.shownWhen.split("=");
      part.hidden = !values.split(" ").includes(this.form.elements[name].value);
    }
  }

  arrangeGroups() {
    let chosen = 0;
    for (const row of this.groups) {
      const column = row.querySelector("[name=group]");
      row.hidden = !column.value && chosen < this.groups.indexOf(row);
      if (column.value && !row.hidden) chosen += 1;
      toggle(row.querySelector("[name=group_by]"), column.selectedOptions[0]?.hasAttribute("data-period"));
    }
    toggle(this.form.querySelector("[name=across]"), chosen > 1);
  }

  arrangeFigures() {
    for (const row of this.figures) {
      const how = row.querySelector("[name=how]").value;
      // Rows after the first wait until one is added.
      row.hidden = !how && row !== this.figures[0] && !row.dataset.added;
      toggle(row.querySelector("[name=measured]"), how && how !== "count");
      toggle(row.querySelector("[name=percent]"), how === "weighted");
    }
    const add = this.form.querySelector("[data-report-add]");
    if (add) add.hidden = !this.figures.some((row) => row.hidden);
  }

  /** The order is by one of the figures as they are called just now. */
  arrangeOrder() {
    const order = this.form.elements.order;
    for (const [place, row] of this.figures.entries()) {
      const option = [...order.options].find((one) => one.value === String(place));
      const how = row.querySelector("[name=how]");
      if (!option) continue;
      option.hidden = option.disabled = row.hidden || !how.value;
      const measured = row.querySelector("[name=measured]");
      const words = [how, ...(how.value === "count" ? [] : [measured])].map((select) => select.selectedOptions[0]?.textContent);
      if (!option.hidden) option.textContent = text("report_order", { figure: words.filter(Boolean).join(": ") });
      if (option.disabled && option.selected) order.value = "groups";
    }
  }

  addFigure() {
    const row = this.figures.find((one) => one.hidden);
    if (!row) return;
    row.dataset.added = "yes";
    this.arrange();
    row.querySelector("[name=how]").focus();
  }

  removeFigure(row) {
    delete row.dataset.added;
    row.querySelector("[name=how]").value = "";
    this.changed({ target: row });
    this.form.querySelector("[data-report-add]").focus();
  }

  // The result

  async show() {
    const asked = (this.asked += 1);
    this.preview.setAttribute("aria-busy", "true");
    try {
      const part = await fetchPart(this.form.dataset.previewUrl, { method: "POST", body: new FormData(this.form) });
      if (asked !== this.asked) return;
      fillWith(this.preview, part);
      this.preview.dispatchEvent(new Event("k-part", { bubbles: true }));
      this.status.textContent = this.preview.querySelector("[data-said]")?.dataset.said ?? "";
    } catch (problem) {
      if (asked === this.asked) this.status.textContent = problem.message;
    }
    if (asked === this.asked) this.preview.removeAttribute("aria-busy");
  }
}

export function setUpReportForm() {
  const form = document.querySelector("form[data-report-form]");
  if (form) new ReportForm(form).start();
}
