// A file that is too large is told of before it is sent: input[type=file][data-most-size], in bytes. The server would break off
// the sending, of which browsers tell nothing.
import { el } from "./dom.js";
import { text } from "./texts.js";

const MEGA = 1024 * 1024;

function set(element, name, value) {
  if (value) element.setAttribute(name, value);
  else element.removeAttribute(name);
}

function check(input) {
  const most = Number(input.dataset.mostSize);
  const file = [...input.files].find((one) => one.size > most);
  const message = file ? text("file_too_large", { name: file.name, most: Math.floor(most / MEGA) }) : "";
  const id = `${input.id}-too-large`;
  document.getElementById(id)?.remove();
  set(input, "aria-invalid", message && "true");
  const described = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((one) => one && one !== id);
  if (message) {
    input.parentElement.append(el("div", { class: "k-error", id, role: "alert" }, message));
    described.push(id);
  }
  set(input, "aria-describedby", described.join(" "));
  return !message;
}

export function setUpFileLimits() {
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("input[type=file][data-most-size]")) check(event.target);
  });
  document.addEventListener("submit", (event) => {
    const wrong = [...event.target.querySelectorAll("input[type=file][data-most-size]")].filter((input) => !check(input));
    if (!wrong.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    wrong[0].focus();
  }, true);
}
