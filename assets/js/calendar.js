// The shared calendar: @event-calendar/core draws it, this asks the server for entries and tells it what was done.
// Times are wall times of the reader's clock throughout: the server says what they are, and reads them.
import { DayGrid, Interaction, List, ResourceTimeGrid, TimeGrid, createCalendar } from "@event-calendar/core";
import { CalendarCard } from "./calendar-card.js";
import { CalendarForm } from "./calendar-form.js";
import { Server } from "./calendar-server.js";
import { askWhich } from "./calendar-which.js";
import { el } from "./dom.js";
import { setUpTasks } from "./calendar-tasks.js";

const place = document.querySelector("[data-cal-place]");
const config = JSON.parse(document.getElementById("k-calendar").textContent);
const PHONE = window.matchMedia("(max-width: 767px)");
const VIEWS = { day: "timeGridDay", week: "timeGridWeek", month: "dayGridMonth", list: "listWeek", people: "resourceTimeGridDay" };
const locale = config.language === "en" ? "en-GB" : config.language;
const DAY = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
const server = new Server(config);
const say = (name, values = {}) => server.say(name, values);
const find = (name) => document.querySelector(`[data-cal-${name}]`);

let people = [];
let ec;

/** "2026-03-02T09:00" of a date whose local fields are the wall time. */
export function wall(date) {
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

async function fetchEntries({ startStr, endStr }) {
  place.setAttribute("aria-busy", "true");
  const found = await server.get("entries", { start: startStr.slice(0, 16), end: endStr.slice(0, 16) });
  if (JSON.stringify(found.people) !== JSON.stringify(people)) {
    people = found.people;
    ec.setOption("resources", people.map(({ id, title }) => ({ id, title })));
    legend();
  }
  place.setAttribute("aria-busy", "false");
  return found.entries;
}

function legend() {
  const byPerson = document.getElementById("cal-colours").value === "person";
  find("people").replaceChildren(...people.map((one) => el("li", {}, el("span", { class: `k-dot c-${byPerson ? one.colour : "grey"}`, "aria-hidden": "true" }), one.title)));
}

/** What stands in an entry: its time, its name, with whom, and in words what else its look tells. */
function content({ event, timeText }) {
  const more = event.extendedProps;
  const marks = ["proposed", "private", "due"].filter((name) => more[name]).map((name) => say(name));
  const parts = [el("span", { class: "t" }, event.title)];
  if (timeText && !event.allDay) parts.unshift(el("time", {}, timeText));
  const beside = [more.with, more.who, more.place].filter(Boolean).join(" · ");
  if (beside) parts.push(el("span", { class: "b" }, beside));
  if (marks.length) parts.push(el("span", { class: "m" }, marks.join(", ")));
  // Read out, an entry stands away from its day.
  parts.push(el("span", { class: "visually-hidden" }, DAY.format(event.start)));
  return { domNodes: parts };
}

// The library calls its grids tables and lists, which they are not by their parts; entries are buttons that tell their day themselves.
const TABLES = ["table", "rowgroup", "row", "cell", "columnheader", "rowheader", "list", "listitem"].map((role) => `[role=${role}]`).join();
const PLACES = ["aria-colindex", "aria-rowindex", "aria-colspan", "aria-rowspan", "aria-colcount", "aria-rowcount"];
function plain() {
  for (const part of place.querySelectorAll(TABLES)) part.removeAttribute("role");
  // What scrolls is reached by the keyboard, entries or not.
  const main = place.querySelector(".ec-main:not([tabindex])");
  main?.setAttribute("tabindex", "0");
  main?.setAttribute("aria-label", document.querySelector("h1").textContent);
  for (const name of PLACES) for (const part of place.querySelectorAll(`[${name}]`)) part.removeAttribute(name);
}
new MutationObserver(plain).observe(place, { childList: true, subtree: true });

function title() {
  const view = ec.getView();
  const monday = view.currentStart;
  const week = ["timeGridWeek", "listWeek"].includes(view.type) ? ` · ${say("week", { number: isoWeek(monday) })}` : "";
  find("title").textContent = `${view.title}${week}`;
}

function isoWeek(day) {
  const thursday = new Date(Date.UTC(day.getFullYear(), day.getMonth(), day.getDate()));
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));
  return Math.ceil(((thursday - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / 86400000 + 1) / 7);
}

/** Tells the server where an entry was dragged; what it refuses goes back to where it was. */
async function moved(info, end) {
  const { event, oldEvent } = info;
  const more = event.extendedProps;
  const which = more.occurrence ? await askWhich(say, ["one", "later", "all"]) : "";
  if (which === null) return info.revert();
  const values = { start: wall(event.start), all_day: event.allDay ? "1" : "", end: end ? wall(event.end) : "", occurrence: more.occurrence, which, version: more.version };
  const answer = await server.post(`move/${more.pk}`, values, refresh).catch(() => null);
  if (!answer) return info.revert();
  // Moved back as a whole it lasts as long as before.
  const back = { start: wall(oldEvent.start), all_day: oldEvent.allDay ? "1" : "", end: oldEvent.allDay || more.due ? "" : wall(oldEvent.end), version: answer.version };
  if (answer.undo.url) server.offerUndo(answer.message, answer.undo.url, answer.undo.values, refresh);
  else if (which !== "all") server.offerUndo(answer.message, `${config.base}/move/${answer.id}`, back, refresh);
  else server.tell(answer.message);
  return refresh();
}

function refresh() {
  ec.refetchEvents();
}

/** The usual hour at a point that was clicked, or the stretch that was dragged, in the short form. */
function begin(start, end, allDay, resource) {
  form.open({ starts_at: wall(start), ends_at: wall(end), all_day: allDay ? "1" : "", users: resource ? resource.id : "" });
}

function later(date, minutes) {
  return new Date(date.getTime() + minutes * 60000);
}

const form = new CalendarForm(find("form"), server, refresh);
const card = new CalendarCard(find("card"), server, refresh, () => wall(ec.getOption("date")).slice(0, 10));

ec = createCalendar(place, [TimeGrid, DayGrid, List, ResourceTimeGrid, Interaction], {
  view: VIEWS[config.asked] ?? (PHONE.matches ? VIEWS.list : (VIEWS[config.view] ?? VIEWS.week)),
  date: config.date,
  timeZone: config.offset,
  locale,
  firstDay: 1,
  headerToolbar: { start: "", center: "", end: "" },
  height: "100%",
  allDayContent: say("all_day"),
  buttonText: { close: say("close"), expand: say("expand"), collapse: say("collapse"), prev: say("previous"), next: say("next") },
  moreLinkContent: ({ num }) => say("more", { count: num }),
  noEventsContent: say("no_entries"),
  dayMaxEvents: true,
  weekNumbers: true,
  weekNumberContent: ({ week }) => say("week_short", { number: week }),
  nowIndicator: true,
  scrollTime: "07:00:00",
  slotDuration: "00:30:00",
  snapDuration: "00:15:00",
  slotHeight: 26,
  editable: true,
  selectable: config.mayAdd,
  pointer: config.mayAdd,
  eventContent: content,
  lazyFetching: false,
  eventSources: [{ events: (info) => fetchEntries(info).catch((problem) => { server.tell(problem.message, "danger"); return []; }) }],
  datesSet: () => window.queueMicrotask(title),
  eventClick: ({ event, el: element }) => event.extendedProps.pk && card.open(event.extendedProps, element),
  eventDrop: (info) => moved(info, false),
  eventResize: (info) => moved(info, true),
  dateClick: config.mayAdd ? ({ date, allDay, resource }) => begin(date, allDay ? date : later(date, 60), allDay, resource) : undefined,
  select: config.mayAdd ? ({ start, end, allDay, resource }) => { begin(start, allDay ? later(end, -60) : end, allDay, resource); ec.unselect(); } : undefined,
});

function showView(name, keep) {
  ec.setOption("view", VIEWS[name]);
  for (const button of document.querySelectorAll("[data-cal-view]")) button.setAttribute("aria-pressed", String(button.dataset.calView === name));
  title();
  // What is chosen on a phone is for the phone: its own first view is the list.
  if (!keep || PHONE.matches) return;
  const shown = find("shown");
  shown.elements.view.value = name;
  server.send(shown).catch((problem) => server.tell(problem.message, "danger"));
}

for (const button of document.querySelectorAll("[data-cal-view]")) button.addEventListener("click", () => showView(button.dataset.calView, true));
find("today").addEventListener("click", () => ec.setOption("date", config.today));
find("previous").addEventListener("click", () => ec.prev());
find("next").addEventListener("click", () => ec.next());
find("add")?.addEventListener("click", () => {
  const day = wall(ec.getOption("date")).slice(0, 10);
  form.open({ starts_at: `${day}T09:00`, ends_at: `${day}T10:00` });
});
find("shown").addEventListener("change", (event) => {
  server.send(event.currentTarget).then(refresh, (problem) => server.tell(problem.message, "danger"));
  legend();
});
// On a phone, what stands beside lies below and is folded.
if (PHONE.matches) for (const part of document.querySelectorAll(".k-calside details")) part.open = part.querySelector("form[action*='/answer/']") !== null;
setUpTasks(ec, server, refresh, wall);
showView(Object.keys(VIEWS).find((name) => VIEWS[name] === ec.getOption("view")), false);
if (config.begin && config.mayAdd) form.open(config.begin);
