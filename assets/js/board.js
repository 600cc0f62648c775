// The pipeline board ([data-board="its register's path"]): cards ([data-card]) go from column to column ([data-column])
// by mouse and finger, by a card's own menu, and by Alt with the arrow keys. A move is sent with the board's conditions;
// the answer has the card as it is now and all figures ([data-figure]). What is refused goes back where it was. Won and
// lost ([data-closes]) ask what they must in a dialog first. Everything listens at the board: cards come and go.
import Sortable, { AutoScroll } from "sortablejs/modular/sortable.core.esm.js";
import { placeBeside } from "./menus.js";
import { NoPart, fetchPart } from "./parts.js";
import { tell } from "./tasks.js";
import { text } from "./texts.js";
import { toast } from "./toasts.js";

const CARD = "[data-card]";
const SIDEWAYS = { ArrowLeft: -1, ArrowRight: 1 };
const UP_AND_DOWN = { ArrowUp: -1, ArrowDown: 1 };
/** A finger that rests so long (ms) drags; a shorter one scrolls. */
const HOLD = 220;

function nameOf(card) {
  return card.querySelector(".name").textContent.trim();
}

function linkOf(card) {
  return card?.querySelector("a.name");
}

/** Where a card stands among others: by its day, those without one last, then by name. */
function comesBefore(one, other) {
  const [mine, its] = [one.dataset.day || "9999", other.dataset.day || "9999"];
  return mine === its ? nameOf(one).localeCompare(nameOf(other), document.documentElement.lang) < 0 : mine < its;
}

class Board {
  constructor(element) {
    this.element = element;
    this.menu = document.getElementById("board-menu");
    this.said = document.querySelector("[data-board-said]");
    this.closing = new Closing(this, document.querySelector("[data-closing-dialog]"));
    this.columns = [...element.querySelectorAll("[data-column]")];
    this.busy = new Set();
  }

  start() {
    if (this.menu) this.setUpDragging();
    this.element.addEventListener("click", (event) => this.pressed(event));
    this.element.addEventListener("keydown", (event) => this.keyed(event));
    this.menu?.addEventListener("click", (event) => this.chosen(event));
    this.menu?.addEventListener("toggle", (event) => {
      if (event.newState === "closed" && this.menu.contains(document.activeElement)) this.opener?.focus();
    });
    // Taking a move back: the button stands in the message, outside of the board.
    document.addEventListener("submit", (event) => {
      if (!event.submitter?.matches("[data-board-act]")) return;
      event.preventDefault();
      event.submitter.closest(".k-toast")?.remove();
      this.post(new URL(event.submitter.formAction), {}, null);
    });
  }

  say(words) {
    this.said.textContent = words;
  }

  columnOf(card) {
    return card.closest("[data-column]");
  }

  stageNamed(key) {
    return this.columns.find((column) => column.dataset.column === key);
  }

  // By mouse and finger

  setUpDragging() {
    if (!Board.scrolling) Sortable.mount(new AutoScroll());
    Board.scrolling = true;
    for (const list of this.element.querySelectorAll("[data-cards]")) {
      Sortable.create(list, {
        group: "board",
        draggable: "[data-movable]",
        sort: false,
        // A finger at the edge scrolls the board only where the library drags by itself.
        forceFallback: window.matchMedia("(pointer: coarse)").matches,
        fallbackOnBody: true,
        delay: HOLD,
        delayOnTouchOnly: true,
        touchStartThreshold: 6,
        ghostClass: "is-ghost",
        chosenClass: "is-chosen",
        filter: "button",
        preventOnFilter: false,
        scrollSensitivity: 60,
        onStart: () => this.element.classList.add("is-dragging"),
        onEnd: (event) => this.dropped(event),
      });
    }
  }

  dropped({ item, from, to }) {
    this.element.classList.remove("is-dragging");
    if (from === to) return;
    const zone = to.closest("[data-closes]");
    // Its place is found by its day; until the answer comes it stands where it is going to.
    this.place(item, zone ? from : to);
    if (zone) this.closing.ask(item, zone.dataset.closes);
    else this.moveTo(item, to.closest("[data-column]"), from);
  }

  // By keys and by the card's menu

  pressed(event) {
    const more = event.target.closest("[data-more]");
    if (more) this.showMore(more);
    const button = event.target.closest("[data-move]");
    if (!button) return;
    this.opener = button;
    this.card = button.closest(CARD);
    this.menu.querySelector("[data-row-name]").textContent = nameOf(this.card);
    for (const item of this.menu.querySelectorAll("[data-to]")) item.hidden = item.dataset.to === this.columnOf(this.card).dataset.column;
    this.menu.showPopover();
    placeBeside(this.menu, button);
    this.menu.querySelector(".mi:not([hidden])").focus();
  }

  chosen(event) {
    const item = event.target.closest(".mi");
    if (!item) return;
    this.menu.hidePopover();
    if (item.dataset.toClose) this.closing.ask(this.card, item.dataset.toClose);
    else this.moveTo(this.card, this.stageNamed(item.dataset.to));
  }

  keyed(event) {
    const card = event.target.closest(CARD);
    if (!card || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const [step, along] = [SIDEWAYS[event.key], UP_AND_DOWN[event.key]];
    if (!step && !along) return;
    if (event.altKey && step) this.shift(card, step);
    else if (!event.altKey && step) this.focusBeside(card, step);
    else if (!event.altKey) linkOf(along > 0 ? card.nextElementSibling : card.previousElementSibling)?.focus();
    else return;
    event.preventDefault();
  }

  /** To the stage beside; beyond the last one stands what was won. */
  shift(card, step) {
    if (!("movable" in card.dataset)) return;
    const here = this.columnOf(card);
    const next = this.columns[this.columns.indexOf(here) + step];
    if (next) this.moveTo(card, next);
    else this.say(text("board_last", { stage: here.dataset.label }));
  }

  focusBeside(card, step) {
    const at = [...card.parentElement.children].indexOf(card);
    for (let next = this.columns.indexOf(this.columnOf(card)) + step; this.columns[next]; next += step) {
      const cards = this.columns[next].querySelectorAll(CARD);
      if (!cards.length) continue;
      linkOf(cards[Math.min(at, cards.length - 1)]).focus();
      return;
    }
  }

  // Moving

  /** Puts a card among the others of a list. */
  place(card, list) {
    const next = [...list.querySelectorAll(CARD)].find((other) => other !== card && comesBefore(card, other));
    const more = list.querySelector("[data-more-row]");
    if (next) next.before(card);
    else if (more) more.before(card);
    else list.append(card);
  }

  async moveTo(card, column, from = card.parentElement) {
    if (this.busy.has(card.dataset.card)) {
      this.place(card, from);
      return;
    }
    const focused = card.contains(document.activeElement) || document.activeElement === document.body;
    this.place(card, column.querySelector("[data-cards]"));
    if (focused) linkOf(card).focus();
    this.say(text("board_moving", { name: nameOf(card), stage: column.dataset.label }));
    const address = new URL(`${this.element.dataset.board}/move/${card.dataset.card}`, window.location.href);
    address.searchParams.set("version", card.dataset.version);
    const good = await this.post(address, { stage: column.dataset.column }, card);
    if (good) return;
    if (good === null) this.place(card, from);
    const back = this.element.querySelector(`[data-card="${card.dataset.card}"]`);
    const stage = back && this.columnOf(back)?.dataset.label;
    if (stage) this.say(text("board_back", { name: nameOf(back), stage }));
  }

  /** Sends what is to be done. True when it was, false when the server refused it and said how things are, null when
      nothing is known. */
  async post(address, values, card) {
    const body = new FormData();
    for (const [name, value] of Object.entries({ csrf_token: document.querySelector("#k-post [name=csrf_token]")?.value ?? "", part: "1", ...values })) body.set(name, value);
    for (const [name, value] of new URLSearchParams(window.location.search)) address.searchParams.append(name, value);
    if (card) this.busy.add(card.dataset.card);
    try {
      return this.take(await fetchPart(address, { method: "POST", body }));
    } catch (problem) {
      if (!(problem instanceof NoPart)) throw problem;
      toast(problem.message, "danger");
      return null;
    } finally {
      if (card) this.busy.delete(card.dataset.card);
    }
  }

  /** Shows what an answer says: the card in its place or gone, the figures as they are now. */
  take(part) {
    const moved = part.querySelector("[data-moved]");
    const good = tell(part);
    if (!moved) return good ? true : null;
    const old = this.element.querySelector(`[data-card="${moved.dataset.moved}"]`);
    const focused = old?.contains(document.activeElement);
    const now = moved.querySelector(CARD);
    old?.remove();
    if (now) {
      const card = document.importNode(now, true);
      const column = this.stageNamed(card.dataset.stage);
      if (column) this.place(card, column.querySelector("[data-cards]"));
      if (focused) linkOf(card).focus();
      if (good && column) this.say(text("board_moved", { name: nameOf(card), stage: column.dataset.label }));
    } else if (focused) linkOf(this.element.querySelector(CARD))?.focus();
    for (const figure of part.querySelectorAll("[data-figure]")) {
      document.querySelector(`[data-figure="${figure.dataset.figure}"]`)?.replaceWith(document.importNode(figure, true));
    }
    return good;
  }

  async showMore(button) {
    if (button.disabled) return;
    button.disabled = true;
    const list = button.closest("[data-cards]");
    const address = new URL(button.dataset.more, window.location.href);
    address.search = window.location.search;
    address.searchParams.set("stage", button.closest("[data-column]").dataset.column);
    address.searchParams.set("after", button.dataset.after);
    try {
      const part = await fetchPart(address);
      if (part.querySelector("[data-said]")) tell(part);
      // What was moved here meanwhile is there already.
      const fresh = [...part.querySelectorAll("ul > li")].filter((item) => !item.dataset.card || !this.element.querySelector(`[data-card="${item.dataset.card}"]`));
      const [first] = fresh;
      button.closest("[data-more-row]").replaceWith(...fresh.map((item) => document.importNode(item, true)));
      linkOf(first && list.querySelector(`[data-card="${first.dataset.card}"]`))?.focus();
    } catch (problem) {
      button.disabled = false;
      if (!(problem instanceof NoPart)) throw problem;
      toast(problem.message, "danger");
    }
  }
}

/** The dialog that asks what there is to say of one that is won or lost. */
class Closing {
  constructor(board, dialog) {
    this.board = board;
    this.dialog = dialog;
    this.place = dialog.querySelector("[data-closing-place]");
    dialog.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(event.target);
    });
    dialog.addEventListener("click", (event) => {
      if (!event.target.closest("[data-leave]")) return;
      event.preventDefault();
      dialog.close();
    });
    dialog.addEventListener("close", () => linkOf(this.card)?.focus());
  }

  async ask(card, state) {
    this.card = card;
    const address = `${this.board.element.dataset.board}/close/${card.dataset.card}?${new URLSearchParams({ state })}`;
    try {
      this.show(await fetchPart(address));
    } catch (problem) {
      if (!(problem instanceof NoPart)) throw problem;
      toast(problem.message, "danger");
    }
  }

  show(part) {
    const form = part.querySelector("form[data-closing]");
    if (!form) throw new NoPart(text("no_answer"));
    this.dialog.querySelector("h2").textContent = form.dataset.title;
    this.place.replaceChildren(document.importNode(form, true));
    if (!this.dialog.open) this.dialog.showModal();
    this.place.querySelector('[aria-invalid="true"], .k-field :is(input, select, textarea)')?.focus();
  }

  async send(form) {
    const address = new URL(form.getAttribute("action"), window.location.href);
    for (const [name, value] of new URLSearchParams(window.location.search)) address.searchParams.append(name, value);
    const body = new FormData(form);
    body.set("part", "1");
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    try {
      const part = await fetchPart(address, { method: "POST", body });
      if (part.querySelector("form[data-closing]")) {
        this.show(part);
        return;
      }
      this.dialog.close();
      this.board.take(part);
    } catch (problem) {
      if (!(problem instanceof NoPart)) throw problem;
      toast(problem.message, "danger");
    } finally {
      button.disabled = false;
    }
  }
}

export function setUpBoard() {
  const element = document.querySelector("[data-board]");
  if (element) new Board(element).start();
}
