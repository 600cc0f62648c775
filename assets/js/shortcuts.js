// Keys: an element with data-key is pressed (a field is entered) by that key, and "?" shows which there are. Single keys
// can be switched off there: voice input types them by mistake (WCAG 2.1.4).
import { el } from "./dom.js";
import { text } from "./texts.js";

const OFF = "k-keys-off";

/** Whether keys belong to what is typed into. A dialog that was closed keeps the focus until the next frame is drawn. */
export function typing(target) {
  return target.isContentEditable || target.closest("input:not([type=checkbox], [type=radio], [type=button]), textarea, select, dialog[open], .ts-wrapper");
}

export function shortcutsAreOn() {
  return localStorage.getItem(OFF) !== "yes";
}

function press(element) {
  if (element.matches("input, textarea")) {
    element.focus();
    element.select?.();
  } else element.click();
}

function labelOf(element) {
  return element.dataset.keyLabel || element.getAttribute("aria-label") || element.textContent.trim();
}

function withKeys() {
  return [...document.querySelectorAll("[data-key]")].filter((element) => !element.closest("[hidden]"));
}

/** [key, what it does] of this page: its own elements, the list's keys where there is a list, those of every page. */
function keysHere() {
  const own = withKeys().map((element) => [element.dataset.key, labelOf(element)]);
  const list = document.querySelector("[data-row]") ? [["↑ ↓", text("key_rows")], ["Enter", text("key_open")], ["x", document.querySelector("[data-row-tick]") ? text("key_done") : text("key_tick")],
    ["e", text("key_edit")], ["Shift F10", text("key_menu")]] : [];
  const board = document.querySelector("[data-board]") ? [["← ↑ → ↓", text("key_cards")], ["Alt ← →", text("key_board")]] : [];
  const place = document.querySelector("[data-edit]") ? [["Enter", text("key_in_place")], ["Esc", text("key_take_back")]] : [];
  const form = document.querySelector("form.k-form") ? [["Ctrl Enter", text("key_save")]] : [];
  const search = document.querySelector("[data-search]") ? [["Ctrl K", text("key_search")]] : [];
  return [...search, ...own, ...list, ...board, ...place, ...form, ["?", text("key_overview")]];
}

function overview() {
  const rows = keysHere().map(([key, label]) => el("li", {}, el("span", {}, label), el("span", { class: "keys" }, ...key.split(" ").map((part) => el("kbd", {}, part)))));
  const box = el("input", { type: "checkbox", class: "form-check-input", checked: shortcutsAreOn() });
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "yes");
  });
  const close = el("button", { class: "btn btn-primary", value: "close" }, text("close"));
  const dialog = el("dialog", { class: "k-dialog k-keys", "aria-labelledby": "k-keys-title" },
    el("form", { method: "dialog" },
      el("header", {}, el("h2", { id: "k-keys-title" }, text("key_overview_title"))),
      el("div", { class: "bd" }, el("ul", {}, ...rows), el("label", { class: "k-check" }, box, el("span", {}, text("keys_on")))),
      el("footer", {}, close)));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
}

function pressed(event) {
  if (event.key === "Enter" && event.ctrlKey) {
    event.target.closest("form.k-form, form.k-inplace, form[data-log]")?.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
  if (event.key === "?") {
    event.preventDefault();
    if (!document.querySelector(".k-keys")) overview();
    return;
  }
  const element = shortcutsAreOn() && withKeys().find((found) => found.dataset.key === event.key);
  if (!element) return;
  event.preventDefault();
  press(element);
}

export function setUpShortcuts() {
  document.addEventListener("keydown", pressed);
  for (const button of document.querySelectorAll("[data-key-overview]")) button.addEventListener("click", () => {
    button.closest("[popover]")?.hidePopover();
    overview();
  });
}
