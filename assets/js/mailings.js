// The pages of mailings, a bundle of their own: writing (the editor is fetched where it is needed), and following a sending.
import { setUpMergeFields } from "./merge-fields.js";
import { NoPart, fetchPart, fillWith } from "./parts.js";
import { number, text } from "./texts.js";
import { toast } from "./toasts.js";

const PAUSE = 2000;
const LONGEST_PAUSE = 15000;

/** The place around a text with its editor. Without the script the textarea holds the HTML. */
function setUpEditor() {
  const textarea = document.querySelector("textarea[data-mail-text]");
  if (!textarea) return;
  const address = document.querySelector("script[data-mail-editor]").dataset.mailEditor;
  import(new URL(address, window.location.href).href).then(({ editMail }) => editMail(textarea), () => toast(text("no_answer"), "danger"));
}

/** form[data-leave-guard]: what is typed is not lost by leaving the page; a form that came back was never saved. */
function setUpLeaving() {
  const form = document.querySelector("form[data-leave-guard]");
  if (!form) return;
  let changed = form.dataset.leaveGuard === "changed";
  const mark = document.querySelector("[data-unsaved]");
  const show = () => {
    if (mark) mark.hidden = !changed;
  };
  show();
  // Its fields stand in several places of the page.
  document.addEventListener("input", (event) => {
    if (event.target.form !== form || !event.target.name) return;
    changed = true;
    show();
  });
  form.addEventListener("submit", (event) => {
    // One that is kept from being sent is still there.
    window.setTimeout(() => {
      changed = event.defaultPrevented;
    });
  });
  window.addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    event.preventDefault();
    form.requestSubmit();
  });
}

/** [data-length-of="id"] says how long that input's text is, and from [data-long] on that it may be cut. */
function setUpLengths() {
  for (const place of document.querySelectorAll("[data-length-of]")) {
    const input = document.getElementById(place.dataset.lengthOf);
    const show = () => {
      const length = [...input.value].length;
      const long = length > Number(place.dataset.long);
      const told = { count: number(length), most: place.dataset.long };
      place.textContent = length ? long ? text("mail_long", told) : text("mail_length", told) : "";
      place.classList.toggle("warn", long);
    };
    input.addEventListener("input", show);
    show();
  }
}

/** [data-shown-by="name=value"] is there while that radio button is chosen. */
function setUpChoices() {
  for (const place of document.querySelectorAll("[data-shown-by]")) {
    const [name, value] = place.dataset.shownBy.split("=");
    const show = () => {
      place.hidden = document.querySelector(`input[name="${name}"]:checked`)?.value !== value;
    };
    document.addEventListener("change", (event) => event.target.name === name && show());
    show();
  }
}

/** A file that is chosen is sent at once: [data-send-chosen] is its form. */
function setUpUploads() {
  for (const form of document.querySelectorAll("form[data-send-chosen]")) {
    form.addEventListener("change", (event) => event.target.files?.length && form.requestSubmit());
  }
}

/** The list of messages as it is now, unless somebody is in it. */
async function followList() {
  const list = document.querySelector("[data-messages]");
  if (!list || list.contains(document.activeElement)) return;
  const found = (await fetchPart(window.location.href)).querySelector("[data-messages]");
  if (found) list.replaceChildren(...document.importNode(found, true).childNodes);
}

async function follow(place) {
  let pause = PAUSE;
  while (place.querySelector("[data-going]")) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    try {
      const part = await fetchPart(place.dataset.follow);
      const focused = place.contains(document.activeElement) ? document.activeElement.textContent.trim() : "";
      fillWith(place, part);
      if (focused) [...place.querySelectorAll("button, a")].find((one) => one.textContent.trim() === focused)?.focus();
      await followList();
      pause = PAUSE;
    } catch (problem) {
      if (!(problem instanceof NoPart)) throw problem;
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }
}

// On a phone the steps go beyond the window.
document.querySelector(".k-way [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
setUpMergeFields();
setUpEditor();
setUpLeaving();
setUpLengths();
setUpChoices();
setUpUploads();
for (const place of document.querySelectorAll("[data-follow]")) follow(place);
