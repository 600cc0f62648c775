// Short messages that go by themselves; what went wrong stays until it is closed.
import { el } from "./dom.js";
import { text } from "./texts.js";

const LASTS = 6000;
/** One that takes something back is to be found in time. */
const LASTS_WITH_BUTTON = 12000;

function leaveLater(message) {
  let timer = 0;
  const stop = () => window.clearTimeout(timer);
  const start = () => {
    stop();
    timer = window.setTimeout(() => message.remove(), message.querySelector("button:not([data-dismiss])") ? LASTS_WITH_BUTTON : LASTS);
  };
  // Who reads it or is about to press something in it has all the time.
  for (const name of ["pointerenter", "focusin"]) message.addEventListener(name, stop);
  for (const name of ["pointerleave", "focusout"]) message.addEventListener(name, start);
  start();
}

function place() {
  return document.querySelector(".k-toasts") ?? document.querySelector("main, body").appendChild(el("div", { class: "k-toasts", role: "status" }));
}

/** Says something at the lower left. */
export function toast(words, kind = "info") {
  const close = el("button", { type: "button", class: "k-ic", "data-dismiss": true, "aria-label": text("close") }, "×");
  const message = el("div", { class: "k-toast", role: kind === "danger" ? "alert" : null }, el("div", { class: "grow" }, words), close);
  place().append(message);
  if (kind !== "danger") leaveLater(message);
}

export function setUpToasts() {
  for (const message of document.querySelectorAll(".k-toast")) leaveLater(message);
}
