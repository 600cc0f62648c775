// The card of an entry: what it is, and what can be done with it.
import { askWhich } from "./calendar-which.js";
import { placeBeside } from "./menus.js";
import { NoPart, fetchPart, fillWith } from "./parts.js";

export class CalendarCard {
  constructor(panel, server, refresh, day) {
    this.panel = panel;
    this.server = server;
    this.refresh = refresh;
    this.day = day;
    panel.addEventListener("click", (event) => this.pressed(event));
    panel.addEventListener("toggle", (event) => event.newState === "closed" && this.left());
  }

  async open({ pk, occurrence }, element) {
    this.element = element;
    try {
      const part = await fetchPart(`${this.server.config.base}/entry/${pk}?${new URLSearchParams({ occurrence })}`);
      if (!part.querySelector(".k-calentry")) throw new NoPart(this.server.say("no_answer"));
      fillWith(this.panel, part);
    } catch (problem) {
      this.server.tell(problem.message, "danger");
      return;
    }
    const date = this.panel.querySelector("[data-cal-date]");
    if (date) date.value = this.day();
    if (!this.panel.matches(":popover-open")) this.panel.showPopover();
    placeBeside(this.panel, element);
    this.panel.querySelector("h2").focus();
  }

  left() {
    if (document.activeElement === document.body) this.element?.focus();
  }

  pressed(event) {
    if (event.target.closest("[data-cal-close]")) this.panel.hidePopover();
    const button = event.target.closest("[data-cal-act]");
    if (button) this[button.dataset.calAct](button);
  }

  get entry() {
    const { pk, version, occurrence } = this.panel.querySelector(".k-calentry").dataset;
    return { pk, values: { version, occurrence } };
  }

  async done(button) {
    const { pk, values } = this.entry;
    const again = "again" in button.dataset;
    const answer = await this.server.post(`done/${pk}`, again ? { ...values, again: "1" } : values, this.refresh).catch(() => null);
    this.panel.hidePopover();
    if (answer) {
      const back = { version: answer.version, ...(again ? {} : { again: "1" }) };
      this.server.offerUndo(answer.message, `${this.server.config.base}/done/${answer.id}`, back, this.refresh);
    }
    this.refresh();
  }

  async delete() {
    const { pk, values } = this.entry;
    this.panel.hidePopover();
    const which = values.occurrence ? await askWhich((name) => this.server.say(name), ["one", "later", "all"]) : "all";
    if (which === null) return;
    const answer = await this.server.post(`delete/${pk}`, { ...values, which }, this.refresh).catch(() => null);
    if (!answer) return;
    if (answer.undo.url) this.server.offerUndo(answer.message, answer.undo.url, answer.undo.values, this.refresh);
    else this.server.tell(answer.message);
    this.refresh();
  }
}
