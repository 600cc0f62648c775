// Trays: tools that are fetched when the page is there ([data-tool-url]), columns packed without holes ([data-tools]),
// and arranging ([data-arranging]): what a button [data-tray-act] or a form [data-tray-form] posts is answered by the
// surface anew and a message.
import { NoPart, fetchPart, fillWith } from "./parts.js";
import { setUpSelects } from "./selects.js";
import { setUpSorting } from "./sorting.js";
import { tell } from "./tasks.js";
import { toast } from "./toasts.js";

function say(problem) {
  if (!(problem instanceof NoPart)) throw problem;
  toast(problem.message, "danger");
}

// Columns

/** Puts each tool into the columns that are filled least, in its order; the last of each column reaches to the end. */
function pack(grid) {
  const tools = [...grid.children].filter((tool) => !tool.hidden);
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const filled = Array(columns).fill(0);
  const last = Array(columns).fill(null);
  for (const tool of tools) {
    const width = Math.min(tool.classList.contains("is-wide") ? 2 : 1, columns);
    const height = Math.ceil(tool.firstElementChild.getBoundingClientRect().height) + 1;
    let at = 0;
    const top = (column) => Math.max(...filled.slice(column, column + width));
    for (let column = 1; column + width <= columns; column++) if (top(column) < top(at)) at = column;
    const begin = top(at);
    tool.style.gridColumn = `${at + 1} / span ${width}`;
    tool.style.gridRow = `${begin + 1} / ${begin + 1 + height}`;
    for (let column = at; column < at + width; column++) {
      // What is above reaches down to this one.
      if (last[column] && !last[column].classList.contains("is-wide")) stretch(last[column], begin);
      filled[column] = begin + height;
      last[column] = tool;
    }
  }
  const end = Math.max(...filled, Math.floor(grid.getBoundingClientRect().height) - 1);
  for (const tool of new Set(last)) {
    // A wide one with something below a half of it ends where it does.
    const width = Number(tool?.style.gridColumnEnd.replace("span", ""));
    if (tool && last.filter((one) => one === tool).length === width) stretch(tool, end);
  }
}

function stretch(tool, end) {
  if (end > Number(tool.style.gridRowEnd) - 1) tool.style.gridRowEnd = `${end + 1}`;
}

function setUpPacking() {
  for (const grid of document.querySelectorAll("[data-tools]")) {
    grid.classList.add("is-packed");
    const watch = new ResizeObserver(() => pack(grid));
    for (const tool of grid.children) watch.observe(tool.firstElementChild);
    watch.observe(document.documentElement);
    pack(grid);
  }
}

// Tools that are fetched

async function fill(place) {
  try {
    const part = await fetchPart(place.dataset.toolUrl);
    // What is not to be seen now comes as nothing.
    place.parentElement.hidden = !part.body.firstElementChild;
    fillWith(place, part);
    setUpSelects(place);
  } catch (problem) {
    if (!(problem instanceof NoPart)) throw problem;
    const waiting = place.querySelector(".k-bars");
    if (waiting) waiting.replaceChildren(problem.message);
    waiting?.classList.replace("k-bars", "none");
  }
}

/** Once a task has been worked on, the figures and the first line of the page tell of it. */
async function refreshFigures() {
  const part = await fetchPart(window.location.href);
  for (const name of ["[data-tray-hello]", "[data-tray-figures]", "[data-menu-count]"]) {
    const [shown, fresh] = [document.querySelector(name), part.querySelector(name)];
    if (shown && fresh) shown.replaceWith(document.importNode(fresh, true));
  }
  fetchTools("[data-tray-figures]");
}

function fetchTools(within = "[data-tray]") {
  for (const place of document.querySelectorAll(`${within} [data-tool-url]`)) fill(place);
}

// Arranging

async function send(action, body, key) {
  body.set("part", "1");
  const place = document.querySelector("[data-arranging]");
  const part = await fetchPart(action, { method: "POST", body });
  tell(part);
  part.querySelector("[data-said]")?.remove();
  fillWith(place, part);
  setUpSorting(place);
  const again = key && place.querySelector(`[data-tray-act="${CSS.escape(key)}"]`);
  // Wider has become narrower, and the other way round; what is gone leaves the focus to what is there.
  const other = key && place.querySelector(`[data-tray-act="${CSS.escape(turned(key))}"]`);
  (again || other || place.querySelector("[data-tray-act]"))?.focus();
}

function turned(key) {
  return key.endsWith("-wider") ? key.replace(/-wider$/, "-narrower") : key.replace(/-narrower$/, "-wider");
}

function setUpArranging() {
  let busy = false;
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    const own = event.target.matches("[data-tray-form]");
    if (!document.querySelector("[data-arranging]") || !(own || button?.matches("[data-tray-act]"))) return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    const action = own ? event.target.action : button.formAction;
    const body = own ? new FormData(event.target) : new FormData(event.target, button);
    button?.closest(".k-toast")?.remove();
    send(action, body, button?.dataset.trayAct ?? "").catch(say).finally(() => { busy = false; });
  });
}

export function setUpTrays() {
  setUpArranging();
  if (!document.querySelector("[data-tray]")) return;
  setUpPacking();
  fetchTools();
  document.addEventListener("tasks-changed", () => refreshFigures().catch(say));
}
