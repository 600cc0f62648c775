// What the calendar asks the server, and what it says of the answers.
import { el } from "./dom.js";

/** The server refused, or did not answer; the message is for the reader. */
export class Refused extends Error {}

export class Server {
  constructor(config) {
    this.config = config;
    this.token = document.querySelector("#k-post [name=csrf_token]")?.value ?? "";
  }

  say(name, values = {}) {
    return (this.config.texts[name] ?? name).replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
  }

  async answer(address, options = {}) {
    const answer = await fetch(address, { headers: { Accept: "application/json" }, ...options }).catch(() => null);
    if (!answer) throw new Refused(this.say("no_answer"));
    // Where the session has ended, the page for signing in comes instead.
    if (answer.redirected) throw new Refused(this.say("signed_out"));
    const said = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : null;
    if (answer.ok && said) return said;
    const problem = new Refused(said?.message ?? this.say("no_answer"));
    problem.status = answer.status;
    throw problem;
  }

  get(path, values) {
    return this.answer(`${this.config.base}/${path}?${new URLSearchParams(values)}`);
  }

  /** Sends a form of the page as it stands. */
  send(form) {
    return this.answer(form.action, { method: "POST", body: new FormData(form) });
  }

  /** Sends values; a refusal is said, where somebody was quicker with a button that shows it as it is now. */
  async post(path, values, refresh) {
    const body = new FormData();
    for (const [name, value] of Object.entries({ csrf_token: this.token, ...values })) body.append(name, value ?? "");
    try {
      return await this.answer(path.startsWith("/") ? path : `${this.config.base}/${path}`, { method: "POST", body });
    } catch (problem) {
      this.tell(problem.message, "danger", problem.status === 409 && refresh ? [this.say("reload"), refresh] : null);
      throw problem;
    }
  }

  /** Says something at the lower left, with a button ([words, what it does]) or without; what went wrong stays. */
  tell(words, kind = "info", button = null) {
    const place = document.querySelector(".k-toasts") ?? document.querySelector("main").appendChild(el("div", { class: "k-toasts", role: "status" }));
    const close = el("button", { type: "button", class: "k-ic", "data-dismiss": true, "aria-label": this.say("close") }, "×");
    const message = el("div", { class: "k-toast", role: kind === "danger" ? "alert" : null }, el("div", { class: "grow" }, words), close);
    if (button) {
      const press = el("button", { type: "button", class: "lnk" }, button[0]);
      press.addEventListener("click", () => {
        message.remove();
        button[1]();
      });
      close.before(press);
    }
    place.append(message);
    if (kind !== "danger") this.leave(message, button ? 12000 : 6000);
  }

  leave(message, lasts) {
    let timer = 0;
    const stop = () => window.clearTimeout(timer);
    const start = () => {
      stop();
      timer = window.setTimeout(() => message.remove(), lasts);
    };
    // Who reads it or is about to press something in it has all the time.
    for (const name of ["pointerenter", "focusin"]) message.addEventListener(name, stop);
    for (const name of ["pointerleave", "focusout"]) message.addEventListener(name, start);
    start();
  }

  offerUndo(words, address, values, refresh) {
    this.tell(words, "info", [this.say("undo"), async () => {
      const answer = await this.post(address, values, refresh).catch(() => null);
      if (answer) this.tell(this.say("moved_back"));
      refresh();
    }]);
  }
}
