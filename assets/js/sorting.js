// Lists whose items are dragged into order ([data-sort-list]); Alt with the arrow keys on an item's handle does the same.
// A list with data-sort-url tells the server: {item: data-sort-item, after: the item before it, list: data-sort-list}.
import Sortable from "sortablejs/modular/sortable.core.esm.js";
import { text } from "./texts.js";
import { toast } from "./toasts.js";

function token() {
  return document.querySelector("#k-post [name=csrf_token]")?.value ?? "";
}

async function tell(item) {
  const list = item.closest("[data-sort-list]");
  if (!list.dataset.sortUrl) return list.dispatchEvent(new Event("k-sorted"));
  const body = new FormData();
  body.set("csrf_token", token());
  body.set("item", item.dataset.sortItem);
  body.set("after", item.previousElementSibling?.dataset.sortItem ?? "");
  body.set("list", list.dataset.sortList);
  const answer = await fetch(list.dataset.sortUrl, { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => null);
  if (answer?.ok) toast(text("moved"));
  else {
    toast(text("not_moved"), "danger");
    window.setTimeout(() => window.location.reload(), 1500);
  }
}

function neighbours(list) {
  const lists = [...document.querySelectorAll("[data-sort-list]")].filter((other) => other.dataset.sortUrl === list.dataset.sortUrl);
  const at = lists.indexOf(list);
  return [lists[at - 1], lists[at + 1]];
}

/** Moves an item one place up or down; over the end of a list into the one beside it. */
function shift(item, down) {
  const list = item.closest("[data-sort-list]");
  const other = down ? item.nextElementSibling : item.previousElementSibling;
  if (other?.matches("[data-sort-item]")) {
    if (down) other.after(item);
    else other.before(item);
    return true;
  }
  const [before, after] = list.dataset.sortUrl ? neighbours(list) : [];
  const next = down ? after : before;
  if (!next) return false;
  if (down) next.prepend(item);
  else next.append(item);
  return true;
}

export function setUpSorting(root = document) {
  for (const list of root.querySelectorAll("[data-sort-list]")) {
    if (Sortable.get(list)) continue;
    Sortable.create(list, {
      handle: "[data-sort-handle]",
      draggable: "[data-sort-item]",
      group: list.dataset.sortUrl || undefined,
      animation: window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
      ghostClass: "is-ghost",
      onEnd: (event) => {
        if (event.from !== event.to || event.oldIndex !== event.newIndex) tell(event.item);
      },
    });
  }
}

export function setUpSortingKeys() {
  document.addEventListener("keydown", (event) => {
    const handle = event.target.closest?.("[data-sort-handle]");
    if (!handle || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    const item = handle.closest("[data-sort-item]");
    if (!shift(item, event.key === "ArrowDown")) return;
    handle.focus();
    tell(item);
  });
}
