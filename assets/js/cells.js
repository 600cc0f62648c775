// Cells of a list: the arrow keys go from one to the other within a row, F2 or Enter (or the row's menu) edits the value
// in a small form over it. The server answers a saved value with its cell.
import { placeBeside } from "./menus.js";
import { NoPart, fetchPart, sendForm } from "./parts.js";
import { setUpRichTexts } from "./rich-texts.js";
import { setUpSelects } from "./selects.js";
import { shortcutsAreOn, typing } from "./shortcuts.js";
import { toast } from "./toasts.js";

const CELLS = "td[data-label]";

function say(problem) {
  if (!(problem instanceof NoPart)) throw problem;
  toast(problem.message, "danger");
}

function headOf(cell) {
  return cell.closest("table").tHead.rows[0].cells[cell.cellIndex];
}

/** Whether the value of a cell can be edited there. */
export function editable(cell) {
  return Boolean(cell) && "editable" in headOf(cell).dataset && (cell.closest("tr").dataset.may ?? "").split(" ").includes("change");
}

class CellForm {
  constructor(panel) {
    this.panel = panel;
    panel.addEventListener("submit", (event) => this.send(event));
    panel.addEventListener("click", (event) => event.target.closest("[data-take-back]") && panel.hidePopover());
    panel.addEventListener("toggle", (event) => event.newState === "closed" && this.left());
  }

  async open(cell) {
    this.cell = cell;
    const url = `${this.panel.dataset.valueUrl}/${cell.closest("tr").dataset.row}/${headOf(cell).dataset.column}?cell=1`;
    this.show((await fetchPart(url)).querySelector("form"));
  }

  show(form) {
    this.form = document.importNode(form, true);
    this.panel.replaceChildren(this.form);
    setUpSelects(this.panel);
    setUpRichTexts(this.panel);
    if (!this.panel.matches(":popover-open")) this.panel.showPopover();
    placeBeside(this.panel, this.cell);
    const input = this.form.querySelector(".k-field input:not([type=hidden]), .k-field textarea, .k-field select");
    (input?.tomselect ?? input)?.focus();
    if (input?.matches("input:not([type=checkbox])")) input.select?.();
  }

  async send(event) {
    event.preventDefault();
    if (this.sending) return;
    this.sending = true;
    try {
      this.take(await sendForm(this.form.action, this.form));
    } catch (problem) {
      // What was typed stays in the form.
      say(problem);
    } finally {
      this.sending = false;
    }
  }

  take(part) {
    const form = part.querySelector("form.k-inplace");
    if (form) return this.show(form);
    const cell = document.importNode(part.querySelector("td"), true);
    this.cell.replaceWith(cell);
    this.cell = cell;
    return this.panel.hidePopover();
  }

  /** The focus goes back to the cell, wherever it was closed from. */
  left() {
    this.panel.replaceChildren();
    focusOn(this.cell);
  }
}

function focusOn(cell) {
  const name = cell.querySelector("a.name");
  if (name) return name.focus();
  cell.tabIndex = -1;
  return cell.focus();
}

function step(event) {
  const row = document.activeElement.closest?.("tr[data-row]");
  const forth = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!row || !forth) return false;
  const cells = [...row.querySelectorAll(CELLS)];
  const at = cells.indexOf(document.activeElement.closest(CELLS));
  const next = cells[at < 0 ? 0 : at + forth];
  if (!next) return false;
  focusOn(next);
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
  return true;
}

/** What edits a cell of the page's list; null where there is no list. */
export function setUpCells() {
  const panel = document.getElementById("cell-form");
  if (!panel) return;
  const form = new CellForm(panel);
  const edit = (cell) => form.open(cell).catch(say);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector(":popover-open")) return;
    const cell = document.activeElement.closest?.(CELLS);
    // Enter on a name opens the record, as links do.
    const asks = event.key === "F2" || (event.key === "Enter" && cell === document.activeElement && shortcutsAreOn());
    if (asks && editable(cell)) edit(cell);
    else if (!step(event)) return;
    event.preventDefault();
  });
  document.addEventListener("cell-edit", (event) => edit(event.target));
}
