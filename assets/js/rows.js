// Rows of a list as desktop programs have them: double-click opens, right-click (a long press, the menu key, the row's
// own button) shows what can be done, the arrow keys walk, x ticks, e edits.
import { fromFirstPage } from "./addresses.js";
import { editable } from "./cells.js";
import { copyText } from "./copying.js";
import { placeAt, placeBeside } from "./menus.js";
import { shortcutsAreOn, typing } from "./shortcuts.js";
import { text } from "./texts.js";

const CONTROL = "a, button, input, select, textarea, label, summary";

class RowMenu {
  constructor(menu) {
    this.menu = menu;
    this.menu.querySelector("[data-copy]")?.addEventListener("click", () => this.copy());
    this.menu.querySelector("[data-edit-cell]")?.addEventListener("click", () => this.edit());
  }

  /** Fills the menu for a row, and for one of its cells where the reader pointed at one. */
  fill(row, cell) {
    this.menu.querySelector("[data-row-name]").textContent = nameOf(row);
    fillFor(this.menu, row);
    this.fillCell(cell);
  }

  edit() {
    this.menu.hidePopover();
    this.cell.dispatchEvent(new Event("cell-edit", { bubbles: true }));
  }

  fillCell(cell) {
    this.cell = cell;
    this.value = cell?.innerText.trim() ?? "";
    for (const item of this.menu.querySelectorAll("[data-cell-part]")) item.hidden = !this.value;
    const edit = this.menu.querySelector("[data-edit-cell]");
    if (edit) edit.hidden = !editable(cell);
    const only = this.menu.querySelector("[data-only]");
    if (!only) return;
    only.hidden = !cell?.dataset.only;
    if (!only.hidden) {
      const address = fromFirstPage(window.location.href);
      for (const [name, value] of new URLSearchParams(cell.dataset.only)) address.searchParams.set(name, value);
      only.href = address.href;
      only.querySelector("span").textContent = text("only_value", { value: this.value });
    }
  }

  copy() {
    this.menu.hidePopover();
    copyText(this.value);
  }

  open(row, cell, where) {
    this.fill(row, cell);
    this.opener = row.querySelector("[data-row-menu]") ?? row;
    this.menu.showPopover();
    where(this.menu);
    this.menu.querySelector(".mi:not([hidden])").focus();
  }
}

/** Fits what is written for any row to one of them: its addresses, and what it allows. */
function fillFor(element, row) {
  const may = (row.dataset.may || "").split(" ");
  for (const item of element.querySelectorAll("[data-needs]")) item.hidden = !may.includes(item.dataset.needs);
  for (const item of element.querySelectorAll("[data-row-url]")) {
    const address = item.dataset.rowUrl.replace("{id}", row.dataset.row).replace("{version}", row.dataset.version);
    if (item.matches("a")) item.href = address;
    else item.setAttribute("formaction", address);
  }
  for (const item of element.querySelectorAll("[data-row-value]")) item.value = row.dataset.row;
}

/** The quick ways of a row stand beside its button while the pointer is on it. */
function setUpQuickWays(table) {
  const template = document.querySelector("template[data-row-actions]");
  if (!template || !window.matchMedia("(hover: hover) and (min-width: 640px)").matches) return;
  const ways = template.content.firstElementChild.cloneNode(true);
  table.addEventListener("pointerover", (event) => {
    const row = event.target.closest("[data-row]");
    if (!row || ways.parentElement?.parentElement === row) return;
    fillFor(ways, row);
    row.querySelector(".l-acts").prepend(ways);
  });
  table.addEventListener("pointerleave", () => ways.remove());
}

function nameOf(row) {
  return row.querySelector(".name")?.textContent.trim() ?? "";
}

function openRow(row) {
  const link = row.querySelector("a.name");
  if (link) window.location.assign(link.href);
}

function step(table, event) {
  const names = [...table.querySelectorAll("[data-row] a.name")];
  const here = names.indexOf(document.activeElement.closest("tr")?.querySelector("a.name"));
  const down = event.key === "ArrowDown" || event.key === "j";
  const next = here < 0 ? (down ? 0 : names.length - 1) : here + (down ? 1 : -1);
  if (!names[next]) return;
  event.preventDefault();
  names[next].focus();
  names[next].closest("tr").scrollIntoView({ block: "nearest" });
}

const KEYS = {
  x: (row) => row.querySelector("[data-row-tick], [data-select-row]")?.click(),
  " ": (row) => row.querySelector("[data-row-tick]")?.click(),
  e: (row, menu) => {
    const edit = menu?.menu.querySelector('[data-needs="change"]');
    if (edit && row.dataset.may.includes("change")) window.location.assign(edit.dataset.rowUrl.replace("{id}", row.dataset.row));
  },
};

/** Space presses the button that has the focus; elsewhere it ticks a task off, and scrolls lists without ticks. */
function pressedBySpace(row) {
  return document.activeElement.matches("button, summary") || !row.querySelector("[data-row-tick]");
}

function pressed(table, menu, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const row = document.activeElement.closest("[data-row]");
  const arrow = event.key === "ArrowDown" || event.key === "ArrowUp";
  if (arrow && !document.querySelector(":popover-open") && (row || document.activeElement === document.body)) step(table, event);
  if (!shortcutsAreOn()) return;
  if (event.key === "j" || event.key === "k") step(table, event);
  else if (row && KEYS[event.key] && !(event.key === " " && pressedBySpace(row))) {
    event.preventDefault();
    event.stopPropagation();
    KEYS[event.key](row, menu);
  }
}

export function setUpRows() {
  const table = document.querySelector("[data-rows], table:has([data-row])");
  if (!table) return;
  const element = document.getElementById("row-menu");
  const menu = element && new RowMenu(element);
  table.addEventListener("dblclick", (event) => {
    const row = event.target.closest("[data-row]");
    if (row && !event.target.closest(CONTROL)) openRow(row);
  });
  table.addEventListener("contextmenu", (event) => {
    const row = event.target.closest("[data-row]");
    if (!row || !menu || event.shiftKey && event.button === 2) return;
    event.preventDefault();
    const byKey = event.clientX === 0 && event.clientY === 0 || event.button !== 2 && event.pointerType === "";
    const where = byKey ? (shown) => placeBeside(shown, event.target) : (shown) => placeAt(shown, event.clientX, event.clientY);
    menu.open(row, event.target.closest("td[data-label]"), where);
  });
  table.addEventListener("click", (event) => {
    const button = event.target.closest("[data-row-menu]");
    if (button && menu) menu.open(button.closest("[data-row]"), null, (shown) => placeBeside(shown, button));
  });
  element?.addEventListener("toggle", (event) => {
    if (event.newState === "closed" && element.contains(document.activeElement)) menu.opener?.focus();
  });
  setUpQuickWays(table);
  document.addEventListener("keydown", (event) => pressed(table, menu, event), true);
}
