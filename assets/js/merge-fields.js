// The menu of merge fields. [data-merge-fields] holds [[section, [[key, label], …]], …] as JSON; [data-merge-into="id"] is a
// place beside an input, in which a button with the menu is made: what is chosen stands where the cursor was.
import { el } from "./dom.js";
import { text } from "./texts.js";

let known;

function sections() {
  known ??= JSON.parse(document.querySelector("[data-merge-fields]")?.dataset.mergeFields ?? "[]");
  return known;
}

/** Names are alike whatever their case and the signs between their words, as on the server. */
function alike(name) {
  return name.toLowerCase().replace(/[^\p{L}\p{N}.]+/gu, "_");
}

/** What a field is called; "" for none that there is. */
export function labelOfField(key) {
  const wanted = alike(key);
  for (const [, fields] of sections()) {
    const found = fields.find(([name, label]) => alike(name) === wanted || alike(label) === wanted);
    if (found) return found[1];
  }
  return "";
}

let made = 0;

function narrow(menu, typed) {
  const wanted = typed.trim().toLowerCase();
  for (const item of menu.querySelectorAll(".mi")) item.hidden = !item.textContent.toLowerCase().includes(wanted);
  for (const head of menu.querySelectorAll(".mh")) {
    let next = head.nextElementSibling;
    while (next?.matches(".mi[hidden]")) next = next.nextElementSibling;
    head.hidden = !next?.matches(".mi");
  }
  menu.querySelector("[data-none]").hidden = menu.querySelector(".mi:not([hidden])") !== null;
}

function fieldItem(menu, choose, [key, label]) {
  const item = el("button", { type: "button", class: "mi" }, el("span", {}, label), el("code", { class: "end" }, `{{${key}}}`));
  item.addEventListener("click", () => {
    menu.hidePopover();
    choose(key);
  });
  return item;
}

/** Opens where its button is; `choose(key)` is called with what was taken. Returns [button, menu]. */
export function mergeMenu(face, choose, attributes = {}) {
  const id = `merge-fields-${(made += 1)}`;
  const search = el("input", { type: "search", class: "form-control", "aria-label": text("mail_field_search"), placeholder: text("mail_field_search"), autocomplete: "off" });
  const menu = el("div", { class: "k-menu k-mergemenu", id, popover: "auto", "aria-label": text("mail_field") }, search);
  for (const [section, fields] of sections()) {
    menu.append(el("p", { class: "mh" }, section), ...fields.map((field) => fieldItem(menu, choose, field)));
  }
  menu.append(el("p", { class: "mh", "data-none": true, hidden: true }, text("no_match")));
  search.addEventListener("input", () => narrow(menu, search.value));
  search.addEventListener("keydown", (event) => {
    const first = menu.querySelector(".mi:not([hidden])");
    if (event.key === "Enter") first?.click();
    else if (event.key === "ArrowDown") first?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    search.value = "";
    narrow(menu, "");
    search.focus();
  });
  const button = el("button", { type: "button", popovertarget: id, "aria-label": text("mail_field"), title: text("mail_field"), ...attributes }, ...face());
  return [button, menu];
}

function insertInto(input, key) {
  input.focus();
  input.setRangeText(`{{${key}}}`, input.selectionStart, input.selectionEnd, "end");
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

export function setUpMergeFields() {
  for (const place of document.querySelectorAll("[data-merge-into]")) {
    const input = document.getElementById(place.dataset.mergeInto);
    const face = () => [...place.childNodes];
    const label = text("mail_field_into", { label: input.labels[0]?.textContent.trim() ?? "" });
    place.replaceWith(...mergeMenu(face, (key) => insertInto(input, key), { class: place.className, "aria-label": label, title: label }));
  }
}
