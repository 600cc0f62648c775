// The short form of a new entry, in a dialog; "More" takes what was typed to the whole form.
import { NoPart, fetchPart, fillWith } from "./parts.js";

export class CalendarForm {
  constructor(dialog, server, refresh) {
    this.dialog = dialog;
    this.server = server;
    this.refresh = refresh;
    dialog.addEventListener("submit", (event) => this.send(event));
    dialog.addEventListener("click", (event) => this.pressed(event));
    dialog.addEventListener("change", (event) => event.target.name === "all_day" && this.showTimes());
    dialog.addEventListener("close", () => dialog.replaceChildren());
  }

  async open(values) {
    const part = await fetchPart(`${this.server.config.base}/add?${new URLSearchParams(values)}`).catch((problem) => problem);
    if (part instanceof Error || !part.querySelector("form")) this.server.tell(part.message ?? this.server.say("no_answer"), "danger");
    else this.show(part);
  }

  show(part) {
    fillWith(this.dialog, part);
    this.showTimes();
    // The searchable boxes are the page's own script's to make.
    this.dialog.dispatchEvent(new CustomEvent("k-part", { bubbles: true }));
    if (!this.dialog.open) this.dialog.showModal();
    (this.dialog.querySelector('[aria-invalid="true"]:not([type=hidden])') ?? this.dialog.querySelector("[name=name]"))?.focus();
  }

  /** A whole day has no times; what was typed of them stays for whoever unticks it. */
  showTimes() {
    const wholeDay = this.dialog.querySelector("[name=all_day]")?.checked;
    for (const input of this.dialog.querySelectorAll("[name=starts_at], [name=ends_at]")) {
      const was = input.value;
      if (wholeDay && input.type === "datetime-local") {
        input.dataset.time = was.slice(10);
        input.type = "date";
        input.value = was.slice(0, 10);
      } else if (!wholeDay && input.type === "date") {
        input.type = "datetime-local";
        input.value = was ? was + (input.dataset.time || (input.name === "starts_at" ? "T09:00" : "T10:00")) : "";
      }
    }
  }

  pressed(event) {
    const more = event.target.closest("[data-cal-more]");
    if (event.target.closest("[data-cal-close]")) this.dialog.close();
    else if (more) this.goOn(more.dataset.calMore);
  }

  goOn(address) {
    const typed = new URLSearchParams();
    for (const [name, value] of new FormData(this.dialog.querySelector("form"))) {
      if (value && name !== "csrf_token") typed.append(name, value);
    }
    window.location.assign(`${address}?${typed}`);
  }

  async send(event) {
    event.preventDefault();
    if (this.sending) return;
    this.sending = true;
    const form = event.target;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "application/json, text/html" } }).catch(() => null);
      if (!answer) throw new NoPart(this.server.say("no_answer"));
      if (answer.redirected) throw new NoPart(this.server.say("signed_out"));
      await this.take(answer);
    } catch (problem) {
      // What was typed stays in the form.
      if (!(problem instanceof NoPart)) throw problem;
      this.server.tell(problem.message, "danger");
    } finally {
      this.sending = false;
    }
  }

  async take(answer) {
    if (answer.headers.get("Content-Type").startsWith("application/json")) {
      const said = await answer.json();
      if (!answer.ok) throw new NoPart(said.message);
      this.dialog.close();
      this.server.offerUndo(said.message, `${this.server.config.base}/delete/${said.id}`, { version: said.version }, this.refresh);
      this.refresh();
      return;
    }
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.status >= 500 || !part.querySelector("form.k-calquick")) throw new NoPart(this.server.say("no_answer"));
    this.show(part);
  }
}
