// [data-files] is a place for files in a form: chosen or dropped there, each is sent at once, and the form gets its id.
// One listener for the whole page serves forms that come later as parts.
import { el } from "./dom.js";
import { text } from "./texts.js";
import { toast } from "./toasts.js";

const MEGA = 1024 * 1024;

function item(place, { id, name }) {
  const label = text("file_remove", { name });
  return el("li", {}, el("input", { type: "hidden", name: place.dataset.files, value: id }), el("a", { href: `/files/${id}` }, name), " ",
    el("button", { type: "button", class: "k-ic", "data-remove-file": true, "aria-label": label, title: label }, "×"));
}

/** What the server answers to a file of at most `most` bytes; `progress` is told how far it is, 0 to 1. Rejects with a message for
    the reader. */
export function sendFile(address, file, { most, progress }) {
  const failed = text("file_failed", { name: file.name });
  const tooLarge = text("file_too_large", { name: file.name, most: Math.floor(most / MEGA) });
  if (file.size >= most) return Promise.reject(new Error(tooLarge));
  const body = new FormData();
  body.append("file", file);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.responseType = "json";
    request.setRequestHeader("X-CSRFToken", document.querySelector("input[name=csrf_token]")?.value ?? "");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status === 200 && request.response) resolve(request.response);
      else reject(new Error(request.status === 413 ? tooLarge : request.response?.message ?? failed));
    });
    request.addEventListener("error", () => reject(new Error(failed)));
    request.send(body);
  });
}

async function add(place, file) {
  const bar = el("progress", { max: 1, value: 0, "aria-label": text("file_sending", { name: file.name }) });
  const row = el("li", { "data-sending": true }, el("span", {}, file.name), " ", bar);
  place.querySelector("ul").append(row);
  try {
    const { uploadUrl, most } = place.dataset;
    row.replaceWith(item(place, await sendFile(uploadUrl, file, { most, progress: (part) => { bar.value = part; } })));
  } catch (problem) {
    row.replaceWith(el("li", { class: "k-error", role: "alert" }, problem.message));
  }
}

function addAll(place, files) {
  for (const error of place.querySelectorAll("li.k-error")) error.remove();
  return Promise.all([...files].map((file) => add(place, file)));
}

function remove(button) {
  const place = button.closest("[data-files]");
  button.closest("li").remove();
  place.querySelector("input[type=file]").focus();
}

function dragged(event) {
  return event.dataTransfer?.types.includes("Files") ? event.target.closest?.("[data-files]") : null;
}

export function setUpFiles() {
  document.addEventListener("change", (event) => {
    const place = event.target.matches("input[type=file]") && event.target.closest("[data-files]");
    if (!place) return;
    addAll(place, event.target.files);
    event.target.value = "";
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove-file]");
    if (button) remove(button);
  });
  document.addEventListener("dragover", (event) => {
    const place = dragged(event);
    if (!place) return;
    event.preventDefault();
    place.classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => event.target.closest?.("[data-files]")?.classList.remove("is-over"));
  document.addEventListener("drop", (event) => {
    const place = dragged(event);
    if (!place) return;
    event.preventDefault();
    place.classList.remove("is-over");
    addAll(place, event.dataTransfer.files);
  });
  // Saved before all are sent, the form would lose some: it waits, before anything else hears of it.
  document.addEventListener("submit", (event) => {
    if (!event.target.querySelector("[data-sending]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    toast(text("files_wait"), "warning");
  }, true);
}
