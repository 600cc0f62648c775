// Tasks worked on in place, in their list and on records' pages: a button [data-task-act] (with what the hidden form
// carries) and a form [data-task-form] are sent without leaving the page. The answer says what was done ([data-said]),
// and may ask what comes next (form[data-next]); then what shows tasks ([data-tasks="its address"]) is fetched anew.
import { placeBeside } from "./menus.js";
import { NoPart, fetchPart, fillWith, sendForm } from "./parts.js";
import { setUpSelects } from "./selects.js";
import { reloadParts } from "./timeline.js";
import { toast } from "./toasts.js";

const TASK = "text/x-kortisto-task";

function say(problem) {
  if (!(problem instanceof NoPart)) throw problem;
  toast(problem.message, "danger");
}

/** The message of an answer; whether it is good news. */
export function tell(part) {
  const said = part.querySelector("[data-said]");
  if (!said) return true;
  const words = document.createDocumentFragment();
  words.append(...document.importNode(said, true).childNodes);
  toast(words, said.dataset.said);
  return said.dataset.said !== "danger";
}

function rowsOf(place) {
  return [...place.querySelectorAll("[data-row]")];
}

async function refreshPlace(place, at) {
  const part = await fetchPart(place.dataset.tasks);
  place.replaceChildren(...document.importNode(part.querySelector("[data-tasks]"), true).childNodes);
  const count = part.querySelector("[data-menu-count]");
  const shown = document.querySelector("[data-menu-count]");
  if (count && shown) shown.replaceWith(document.importNode(count, true));
  if (at < 0) return;
  const rows = rowsOf(place);
  rows[Math.min(at, rows.length - 1)]?.querySelector("a.name")?.focus();
}

/** Everything that shows tasks is fetched anew; the focus goes to the row at the place of the one worked on. */
async function refresh(row) {
  const places = [...document.querySelectorAll("[data-tasks]")];
  await Promise.all(places.map((place) => refreshPlace(place, row && place.contains(row) ? rowsOf(place).indexOf(row) : -1)));
  reloadParts("/timeline/");
  document.dispatchEvent(new Event("tasks-changed"));
}

/** The small form under the row that is done. */
function askNext(form, row) {
  const shown = document.importNode(form, true);
  row.classList.add("is-done");
  if (row.matches("tr")) {
    const line = row.parentElement.insertRow(row.sectionRowIndex + 1);
    line.className = "k-nextrow";
    const cell = line.insertCell();
    cell.colSpan = row.cells.length;
    cell.append(shown);
  } else row.append(shown);
  setUpSelects(shown);
  shown.querySelector(".subject").focus();
  const skip = () => refresh(row).catch(say);
  shown.querySelector("[data-skip]").addEventListener("click", skip);
  shown.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || shown.querySelector(".dropdown-active")) return;
    event.stopPropagation();
    skip();
  });
}

async function act(address, body, row) {
  body.set("part", "1");
  const part = await fetchPart(address, { method: "POST", body });
  const next = tell(part) && row && part.querySelector("form[data-next]");
  if (next) askNext(next, row);
  else await refresh(row);
}

/** The row that a button works on: the one it stands in, else the one whose menu it is an item of. */
function rowOf(button) {
  const own = button.closest("[data-row]");
  if (own) return own;
  const id = /\/([0-9a-f]{24})/.exec(button.formAction)?.[1];
  return button.closest(".k-menu") && id ? document.querySelector(`[data-tasks] [data-row="${id}"]`) : null;
}

async function sendTaskForm(form) {
  const action = new URL(form.action, window.location.href).href;
  const body = new FormData(form);
  body.set("part", "1");
  const part = await fetchPart(action, { method: "POST", body });
  if (!tell(part)) return;
  const row = form.closest("[data-row]") ?? form.closest(".k-nextrow")?.previousElementSibling ?? null;
  form.closest("[popover]")?.hidePopover();
  await refresh(row);
  const clear = form.querySelector("[data-clear]");
  if (!clear) return;
  clear.value = "";
  clear.focus();
}

function once(busy, key, work) {
  if (busy.has(key)) return;
  busy.add(key);
  work().catch(say).finally(() => busy.delete(key));
}

function setUpSending() {
  const busy = new WeakSet();
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button?.matches("[data-task-act]")) {
      event.preventDefault();
      const row = rowOf(button);
      const body = new FormData(event.target, button);
      button.closest("[popover]")?.hidePopover();
      button.closest(".k-toast")?.remove();
      once(busy, row ?? button, () => act(button.formAction, body, row));
    } else if (event.target.matches("[data-task-form]")) {
      event.preventDefault();
      once(busy, event.target, () => sendTaskForm(event.target));
    }
  });
}

function setUpHandingOver() {
  const panel = document.getElementById("hand-over");
  if (!panel) return;
  document.querySelector("[data-hand-over]").addEventListener("click", (event) => {
    const button = event.currentTarget;
    const row = rowOf(button);
    const form = panel.querySelector("form");
    form.action = button.getAttribute("formaction");
    form.querySelector("[name=user]").tomselect?.clear();
    form.querySelector("[name=team]").value = "";
    button.closest("[popover]").hidePopover();
    panel.showPopover();
    placeBeside(panel, row ?? document.body);
    form.querySelector("[name=user]").tomselect?.focus();
  });
}

function setUpDragging() {
  const csrf = document.querySelector("#k-post [name=csrf_token]");
  document.addEventListener("dragstart", (event) => {
    const row = event.target.closest?.("[data-tasks] [data-row][draggable]");
    if (!row) return;
    event.dataTransfer.setData(TASK, row.dataset.row);
    event.dataTransfer.effectAllowed = "move";
  });
  for (const place of document.querySelectorAll("[data-assign]")) {
    place.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes(TASK)) return;
      event.preventDefault();
      place.classList.add("is-target");
    });
    for (const end of ["dragleave", "drop"]) place.addEventListener(end, () => place.classList.remove("is-target"));
    place.addEventListener("drop", (event) => {
      const row = document.querySelector(`[data-tasks] [data-row="${event.dataTransfer.getData(TASK)}"]`);
      if (!row) return;
      event.preventDefault();
      const body = new FormData();
      body.set(place.dataset.assign, place.dataset.value);
      if (csrf) body.set("csrf_token", csrf.value);
      act(`/tasks/assign/${row.dataset.row}?version=${row.dataset.version}`, body, row).catch(say);
    });
  }
}

/** The line that logs what was done: its answer is the block anew, or the line with what is wrong. */
function setUpLogging() {
  const busy = new WeakSet();
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-log]");
    if (!form) return;
    event.preventDefault();
    once(busy, form, async () => {
      form.elements.part.disabled = false;
      form.elements.part.value = "1";
      const part = await sendForm(form.action, form);
      const good = tell(part);
      const place = form.closest("[data-part]");
      fillWith(place, part);
      setUpSelects(place);
      place.querySelector(good ? "[data-log] [name=name]" : '[aria-invalid="true"], [data-log] [name=name]')?.focus();
      if (good) reloadParts("/timeline/");
    });
  });
}

export function setUpTasks() {
  setUpSending();
  setUpHandingOver();
  setUpDragging();
  setUpLogging();
}
