// Files become documents: chosen by a button or dropped on the page, they are sent one after the other, each as the body of
// a request, and a panel at the corner shows how far they are. [data-drop-files] is where they are sent to.
import { el } from "./dom.js";
import { fetchPart } from "./parts.js";
import { number, text } from "./texts.js";
import { reloadParts } from "./timeline.js";
import { toast } from "./toasts.js";

const MEGA = 1024 * 1024;
const GOOD = 200;
const TOO_LARGE = 413;
/** What is sent, or waits for it: {file, place, row, loaded, state}. */
const all = [];
let panel = null;
let running = false;

const token = () => document.querySelector("input[name=csrf_token]")?.value ?? "";
const icon = (name) => {
  const known = document.querySelector("use")?.getAttribute("href") ?? "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", known.replace(/#.*$/, `#${name}`));
  svg.append(use);
  return svg;
};

function button(name, symbol, act) {
  const made = el("button", { type: "button", class: "k-ic", "aria-label": name, title: name }, icon(symbol));
  made.addEventListener("click", act);
  return made;
}

// The panel

function open() {
  if (panel) return;
  const close = button(text("close"), "x", shut);
  const stop = el("button", { type: "button", class: "lnk" }, text("upload_cancel_all"));
  stop.addEventListener("click", () => all.filter((one) => one.state === "waiting" || one.state === "sending").forEach(cancel));
  panel = el("section", { class: "k-uploads", "aria-label": text("upload_title") },
    el("div", { class: "head" }, el("strong", { role: "status" }), stop, close),
    el("progress", { max: 1, value: 0, "aria-label": text("upload_all") }), el("ul"));
  document.querySelector("main, body").append(panel);
}

function shut() {
  const done = all.some((one) => one.state === "done");
  if (running) return;
  panel?.remove();
  panel = null;
  all.length = 0;
  // Until now the reader could go on in the panel; what the page lists has changed meanwhile.
  if (done && document.querySelector("[data-drop-page]")) window.location.reload();
}

function tell() {
  if (!panel) return;
  const ended = all.filter((one) => !["waiting", "sending"].includes(one.state));
  const [failed, done] = ["failed", "done"].map((state) => all.filter((one) => one.state === state).length);
  const words = running ? text("upload_going", { done: number(ended.length), count: number(all.length) })
    : text("upload_ended", { done: number(done), count: number(all.length) });
  panel.querySelector("strong").textContent = failed ? `${words} ${text("upload_failures", { count: number(failed) })}` : words;
  const whole = all.reduce((sum, one) => sum + one.file.size, 0);
  const come = all.reduce((sum, one) => sum + (["waiting", "sending"].includes(one.state) ? one.loaded : one.file.size), 0);
  panel.querySelector("progress").value = whole ? come / whole : 1;
  panel.querySelector(".head .lnk").hidden = !running;
  panel.querySelector(".head .k-ic").hidden = running;
}

// One file

function begin(file, place) {
  const one = { file, place, loaded: 0, state: "waiting", request: null };
  one.progress = el("progress", { max: 1, value: 0, "aria-label": text("file_sending", { name: file.name }) });
  one.row = el("li", {}, el("span", { class: "name" }, file.name), one.progress,
    button(text("upload_cancel", { name: file.name }), "x", () => cancel(one)));
  panel.querySelector("ul").append(one.row);
  all.push(one);
}

function cancel(one) {
  one.request?.abort();
  end(one, "cancelled", text("upload_cancelled"));
}

function end(one, state, message) {
  one.state = state;
  const again = button(text("upload_again", { name: one.file.name }), "refresh", () => {
    all.splice(all.indexOf(one), 1);
    one.row.remove();
    begin(one.file, one.place);
    run();
  });
  const words = el("span", { class: state === "failed" ? "k-error" : "mute", role: state === "failed" ? "alert" : null }, message);
  one.row.replaceChildren(el("span", { class: "name" }, one.file.name), again, words);
  tell();
}

/** What the server made of a file. Rejects with a message for the reader. */
function send(one) {
  const { file, place } = one;
  const failed = new Error(text("file_failed", { name: file.name }));
  const most = Number(document.querySelector("[data-most-file]")?.dataset.mostFile ?? Infinity);
  const tooLarge = new Error(text("file_too_large", { name: file.name, most: Math.floor(most / MEGA) }));
  if (file.size > most) return Promise.reject(tooLarge);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    one.request = request;
    const address = new URL(place.url, window.location.href);
    address.searchParams.set("name", file.name);
    request.open("POST", address);
    request.responseType = "json";
    request.setRequestHeader("X-CSRFToken", token());
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => {
      one.loaded = event.loaded;
      one.progress.value = file.size ? event.loaded / file.size : 1;
      tell();
    });
    request.addEventListener("load", () => {
      if (request.status === GOOD && request.response) resolve(request.response);
      else reject(request.status === TOO_LARGE ? tooLarge : request.response?.message ? new Error(request.response.message) : failed);
    });
    request.addEventListener("error", () => reject(failed));
    request.addEventListener("abort", () => reject(failed));
    request.send(file);
  });
}

function kindSelect(made) {
  const options = [["", "–"], ...made.kinds].map(([value, label]) => el("option", { value, selected: value === made.kind }, label));
  const select = el("select", { class: "form-select", "aria-label": text("upload_kind", { name: made.name }) }, ...options);
  select.addEventListener("change", async () => {
    const body = new FormData();
    body.append("kind", select.value);
    body.append("csrf_token", token());
    try {
      await fetchPart(made.kind_url, { method: "POST", body });
    } catch (problem) {
      toast(problem.message, "danger");
    }
  });
  return select;
}

async function removeAgain(one, made) {
  const body = new FormData();
  body.append("csrf_token", token());
  const answer = await fetch(made.delete_url, { method: "POST", body, redirect: "manual" }).catch(() => null);
  if (answer) end(one, "cancelled", text("upload_removed"));
  else toast(text("no_answer"), "danger");
}

function sameNote(one, made) {
  const links = made.same.flatMap((other) => [" ", el("a", { href: other.url }, other.name)]);
  const note = el("span", { class: "warn" }, text("upload_same"), ...links);
  if (made.delete_url) {
    const remove = el("button", { type: "button", class: "lnk" }, text("upload_remove_new"));
    remove.addEventListener("click", () => removeAgain(one, made));
    note.append(" · ", remove);
  }
  return note;
}

function show(one, made) {
  one.state = "done";
  one.row.replaceChildren(el("a", { class: "name", href: made.url }, made.name), el("span", { class: "mute num" }, made.size));
  if (made.kinds.length && !one.place.version) one.row.append(kindSelect(made));
  if (made.same.length && !one.place.version) one.row.append(sameNote(one, made));
  if (made.lies) one.row.append(el("span", { class: "warn" }, made.lies));
  tell();
}

/** What the page shows of where the files went, anew. */
function refresh(places) {
  if ([...places].some((place) => place.version)) window.location.reload();
  for (const part of ["/linked/", "/timeline/"]) reloadParts(part);
}

async function run() {
  if (running) return;
  running = true;
  const places = new Set();
  for (let one = all.find((each) => each.state === "waiting"); one; one = all.find((each) => each.state === "waiting")) {
    one.state = "sending";
    tell();
    try {
      show(one, await send(one));
      places.add(one.place);
    } catch (problem) {
      if (one.state !== "cancelled") end(one, "failed", problem.message);
    }
  }
  running = false;
  tell();
  if (places.size) refresh(places);
}

function take(files, url, version) {
  const chosen = version ? [...files].slice(0, 1) : [...files];
  if (!chosen.length) return;
  open();
  const place = { url, version };
  for (const file of chosen) begin(file, place);
  run();
}

// Where they come from

function isFiles(event) {
  return event.dataTransfer?.types.includes("Files") && !event.target.closest?.("[data-files]");
}

/** Where files go that are dropped here: on the part that takes some, else on the first of the page. */
function placeOf(event) {
  return event.target.closest?.("[data-drop-files]") ?? document.querySelector("[data-drop-files]");
}

function lightUp(place) {
  const shown = place?.hidden ? document.querySelector("main") : place;
  for (const lit of document.querySelectorAll(".is-dropping")) if (lit !== shown) lit.classList.remove("is-dropping");
  shown?.classList.add("is-dropping");
}

export function setUpUploads() {
  document.addEventListener("change", (event) => {
    const input = event.target.closest?.("input[data-send-files]");
    if (!input) return;
    take(input.files, input.dataset.sendFiles, "dropOne" in input.dataset);
    input.value = "";
  });
  document.addEventListener("dragover", (event) => {
    const place = isFiles(event) && placeOf(event);
    if (!place) return;
    event.preventDefault();
    lightUp(place);
  });
  document.addEventListener("dragleave", (event) => {
    // Out of the window.
    if (!event.relatedTarget) lightUp(null);
  });
  document.addEventListener("drop", (event) => {
    const place = isFiles(event) && placeOf(event);
    lightUp(null);
    if (!place) return;
    event.preventDefault();
    take(event.dataTransfer.files, place.dataset.dropFiles, "dropOne" in place.dataset);
  });
  window.addEventListener("beforeunload", (event) => {
    if (running) event.preventDefault();
  });
}
