// A rule of repeating put together under its select ([data-repeat]): "Custom…" shows the controls, and that option's
// value is the rule they make. What is wrong with a rule, and what it is in words, the server says.
import { el } from "./dom.js";

const DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
const NTH = /^(-1|[1-4])(MO|TU|WE|TH|FR|SA|SU)$/;
const DAY = /^(-1|[1-9]|[12]\d|3[01])$/;
const PAUSE = 250;

/** The parts of a rule as the controls hold them; null for a rule that they can't show whole. */
function read(rule) {
  const { FREQ, INTERVAL = "1", COUNT, UNTIL, BYDAY, BYMONTHDAY, WKST, ...others } = Object.fromEntries(rule.split(";").map((part) => part.split("=")));
  const parts = { frequency: FREQ, interval: INTERVAL, count: COUNT, until: UNTIL, days: [], month_day: BYMONTHDAY ?? "" };
  const known = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"].includes(FREQ) && !Object.keys(others).length && (WKST ?? "MO") === "MO";
  if (!known || (BYMONTHDAY && (FREQ !== "MONTHLY" || BYDAY || !DAY.test(BYMONTHDAY)))) return null;
  if (!BYDAY) return parts;
  const nth = FREQ === "MONTHLY" && NTH.exec(BYDAY);
  if (nth) return { ...parts, ordinal: nth[1], weekday: nth[2] };
  const days = BYDAY.split(",");
  return FREQ === "WEEKLY" && days.every((day) => DAYS.includes(day)) ? { ...parts, days } : null;
}

class Recurrence {
  constructor(select, editor) {
    this.select = select;
    this.editor = editor;
    this.custom = this.customOption();
    this.last = select.value;
    if (select.selectedOptions[0] === this.custom) this.fill(this.custom.value);
    select.addEventListener("change", () => this.chosen());
    editor.addEventListener("input", () => this.write());
    editor.addEventListener("click", (event) => this.pressed(event));
    this.show();
  }

  /** The option of a rule of one's own: the one held, as far as the controls can show it, else a new one. */
  customOption() {
    const held = this.select.selectedOptions[0];
    // After the empty option stand the usual rules.
    if (held?.index > Number(this.select.dataset.repeat) && read(held.value)) {
      held.textContent = this.editor.dataset.custom;
      return held;
    }
    return this.select.appendChild(el("option", { value: "custom" }, this.editor.dataset.custom));
  }

  part(name) {
    return this.editor.querySelector(`[data-rule="${name}"]`);
  }

  get isCustom() {
    return this.select.selectedOptions[0] === this.custom;
  }

  chosen() {
    if (this.isCustom) {
      if (this.custom.value === "custom") this.fill(read(this.last || "") ? this.last : "FREQ=WEEKLY", true);
      this.write();
      this.part("interval").focus();
    } else this.last = this.select.value;
    this.show();
  }

  pressed(event) {
    const day = event.target.closest("[data-day]");
    if (!day) return;
    day.setAttribute("aria-pressed", String(day.getAttribute("aria-pressed") !== "true"));
    this.write();
  }

  /** The day on which it begins, or is due, of the form that the select stands in; null where there is none. */
  start() {
    const typed = ["starts_at", "due_on"].map((name) => this.select.form?.elements[name]?.value).find(Boolean);
    const day = typed ? new Date(`${typed.slice(0, 10)}T12:00`) : null;
    return day && !Number.isNaN(day.getTime()) ? day : null;
  }

  fill(rule, anew = false) {
    const parts = read(rule);
    const start = this.start();
    const weekday = start ? DAYS[(start.getDay() + 6) % 7] : "MO";
    const days = parts.days.length || !anew || !start ? parts.days : [weekday];
    for (const button of this.editor.querySelectorAll("[data-day]")) button.setAttribute("aria-pressed", String(days.includes(button.dataset.day)));
    this.part("frequency").value = parts.frequency;
    this.part("interval").value = parts.interval;
    this.part("by").value = parts.weekday ? "weekday" : "day";
    this.part("month_day").value = parts.month_day || (anew && start ? String(start.getDate()) : "");
    this.part("ordinal").value = parts.ordinal ?? String(start ? Math.ceil(start.getDate() / 7) : 1);
    // A fifth one is not in every month: what is meant is the last.
    if (!this.part("ordinal").value) this.part("ordinal").value = "-1";
    this.part("weekday").value = parts.weekday ?? weekday;
    this.part("ends").value = parts.until !== undefined ? "until" : parts.count !== undefined ? "count" : "never";
    if (parts.count !== undefined) this.part("count").value = parts.count;
    this.until = parts.until ?? "";
    this.part("until").value = this.until.replace(/^(\d{4})(\d\d)(\d\d).*$/, "$1-$2-$3");
    this.shownUntil = this.part("until").value;
  }

  /** The rule that the controls make. What is missing is sent as it is: the server says so. */
  rule() {
    const of = (name) => this.part(name).value;
    const rule = [`FREQ=${of("frequency")}`];
    if (of("interval") !== "1") rule.push(`INTERVAL=${of("interval")}`);
    if (of("ends") === "count") rule.push(`COUNT=${of("count") || 0}`);
    // A last day stays as precise as it was until another one is chosen.
    if (of("ends") === "until") rule.push(`UNTIL=${of("until") === this.shownUntil ? this.until : of("until").replaceAll("-", "")}`);
    const pressed = [...this.editor.querySelectorAll('[data-day][aria-pressed="true"]')].map((button) => button.dataset.day);
    if (of("frequency") === "WEEKLY" && pressed.length) rule.push(`BYDAY=${pressed.join()}`);
    if (of("frequency") === "MONTHLY" && of("by") === "weekday") rule.push(`BYDAY=${of("ordinal")}${of("weekday")}`);
    else if (of("frequency") === "MONTHLY" && of("month_day")) rule.push(`BYMONTHDAY=${of("month_day")}`);
    return rule.join(";");
  }

  write() {
    this.custom.value = this.rule();
    this.show();
  }

  show() {
    this.editor.hidden = !this.isCustom;
    if (!this.isCustom) return;
    const shownFor = { for: this.part("frequency").value, by: this.part("by").value, end: this.part("ends").value };
    for (const [name, value] of Object.entries(shownFor)) {
      for (const part of this.editor.querySelectorAll(`[data-${name}]`)) part.hidden = part.dataset[name] !== value;
    }
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.say(), PAUSE);
  }

  async say() {
    const rule = this.custom.value;
    const answer = await fetch(`${this.editor.dataset.words}?${new URLSearchParams({ rule })}`, { headers: { Accept: "application/json" } }).catch(() => null);
    const said = answer?.ok && !answer.redirected ? await answer.json().catch(() => ({})) : {};
    // An answer that comes after the next change is of yesterday.
    if (rule !== this.custom.value) return;
    const place = this.editor.querySelector("[data-in-words]");
    place.textContent = said.text ?? said.error ?? "";
    place.className = said.error ? "k-error" : "form-hint";
  }
}

export function setUpRecurrence(select) {
  const editor = select.closest(".k-field")?.querySelector(".k-repeat");
  if (!editor || "ready" in select.dataset) return;
  select.dataset.ready = "";
  new Recurrence(select, editor);
}
