// The editor of formatted texts, over a textarea that goes on holding their HTML. A module of its own: main.js imports it
// where it is needed; mail-editor.js makes one for mailings of it.
import { Editor } from "@tiptap/core";
import StarterKit from "@tiptap/starter-kit";
import { el } from "./dom.js";
import { text } from "./texts.js";

export const BASICS = {
  horizontalRule: false,
  trailingNode: false,
  link: { openOnClick: false, protocols: ["http", "https", "mailto", "tel"], HTMLAttributes: { target: null, rel: "noopener noreferrer" } },
};
const SCHEMES = /^(https?:\/\/|mailto:|tel:)/i;
const MAIL = /^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/;
const ELEMENT = /<\/?[a-z][a-z0-9]*(\s[^<>]*)?\/?>/i;

/** Styles and handlers are not kept, and the policy would report them. */
const STYLES = /<style[\s\S]*?<\/style>|\s(style|on\w+)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi;

/** What each button does: its name, its icon, what it does to the chain of commands, when it is pressed. */
const TOOLS = [
  { label: () => text("editor_bold"), icon: "bold", run: (chain) => chain.toggleBold(), on: "bold" },
  { label: () => text("editor_italic"), icon: "italic", run: (chain) => chain.toggleItalic(), on: "italic" },
  { label: () => text("editor_heading"), icon: "heading", run: (chain) => chain.toggleHeading({ level: 3 }), on: "heading" },
  { label: () => text("editor_list"), icon: "list", run: (chain) => chain.toggleBulletList(), on: "bulletList" },
  { label: () => text("editor_numbers"), icon: "list-numbers", run: (chain) => chain.toggleOrderedList(), on: "orderedList" },
  { label: () => text("editor_link"), icon: "link", on: "link" },
  { label: () => text("editor_undo"), icon: "arrow-back-up", run: (chain) => chain.undo() },
  { label: () => text("editor_redo"), icon: "arrow-forward-up", run: (chain) => chain.redo() },
];

/** An address as it is kept; null for none. */
export function address(typed) {
  const trimmed = typed.trim();
  if (SCHEMES.test(trimmed)) return trimmed;
  if (MAIL.test(trimmed)) return `mailto:${trimmed}`;
  return /^[^\s:/]+\.[^\s:]+$/.test(trimmed) ? `https://${trimmed}` : null;
}

/** What is pasted, without pictures and attributes that would load or run something before the editor drops them. */
export function pasted(html) {
  const { body } = new DOMParser().parseFromString(html.replace(STYLES, ""), "text/html");
  for (const element of body.querySelectorAll("*")) {
    if (element.matches("img, script, iframe, object, embed, svg, math, link, meta, video, audio")) element.remove();
    else for (const { name } of [...element.attributes]) if (!["href", "data-pm-slice"].includes(name)) element.removeAttribute(name);
  }
  return body.innerHTML;
}

/** The drawing of an icon out of the sprite that the page uses. */
export function icon(name) {
  const sprite = document.querySelector("svg.i use")?.getAttribute("href").split("#")[0] ?? "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** What the editor starts with: plain text, such as a default, keeps its lines. */
function content(html) {
  if (ELEMENT.test(html)) return html;
  return { type: "doc", content: html.split(/\n/).map((line) => ({ type: "paragraph", content: line.trim() ? [{ type: "text", text: line }] : [] })) };
}

export class RichText {
  constructor(textarea) {
    this.textarea = textarea;
    this.label = textarea.labels[0]?.firstChild.textContent.trim() ?? "";
    this.place = el("div", { class: "form-control k-editor" });
    this.tools = el("div", { class: "tools", role: "toolbar", "aria-label": text("editor_tools", { label: this.label }) });
    this.page = el("div", { class: "page k-rich" });
    this.place.append(this.tools, this.page);
  }

  start() {
    const focused = document.activeElement === this.textarea;
    this.editor = new Editor({
      element: this.page,
      content: this.read(this.textarea.value),
      injectCSS: false,
      extensions: this.extensions(),
      editorProps: {
        attributes: this.attributes(),
        // Ctrl+Enter saves the form.
        handleKeyDown: (_view, event) => event.key === "Enter" && event.ctrlKey,
        transformPastedHTML: pasted,
        ...this.properties(),
      },
      onUpdate: () => this.keep(),
      onTransaction: () => this.show(),
    });
    this.buttons = this.toolList.map((tool) => this.button(tool));
    this.tools.append(...this.buttons);
    this.linkRow = this.makeLinkRow();
    this.tools.after(this.linkRow);
    this.tools.addEventListener("keydown", (event) => this.step(event));
    this.textarea.after(this.place);
    this.textarea.hidden = true;
    this.textarea.labels[0]?.addEventListener("click", () => this.editor.commands.focus());
    this.show();
    if (focused) {
      this.editor.commands.setTextSelection(this.editor.state.doc.content.size);
      // At once: the editor's own command waits for the next frame, when somebody may be typing already.
      this.editor.view.focus();
    }
  }

  // What another editor has of its own

  get toolList() {
    return TOOLS;
  }

  extensions() {
    return [StarterKit.configure({ ...BASICS, heading: { levels: [2, 3, 4] } })];
  }

  properties() {
    return {};
  }

  read(html) {
    return content(html);
  }

  get written() {
    return this.editor.isEmpty ? "" : this.editor.getHTML();
  }

  attributes() {
    const copied = ["aria-describedby", "aria-invalid"].filter((name) => this.textarea.hasAttribute(name));
    return {
      role: "textbox", "aria-multiline": "true", "aria-label": this.label,
      ...(this.textarea.required ? { "aria-required": "true" } : {}),
      ...Object.fromEntries(copied.map((name) => [name, this.textarea.getAttribute(name)])),
    };
  }

  button(tool) {
    const label = tool.label();
    const button = el("button", { type: "button", class: "k-ic", "aria-label": label, title: label, tabindex: tool === this.toolList[0] ? "0" : "-1" }, icon(tool.icon));
    button.addEventListener("click", () => this.use(tool));
    return button;
  }

  use(tool) {
    if (tool.run) tool.run(this.editor.chain().focus()).run();
    else this.askLink();
  }

  /** The form gets what is written; nothing where nothing is. */
  keep() {
    this.textarea.value = this.written;
    this.textarea.dispatchEvent(new Event("input", { bubbles: true }));
  }

  show() {
    this.buttons?.forEach((button, place) => {
      const tool = this.toolList[place];
      if (tool.on) button.setAttribute("aria-pressed", String(this.editor.isActive(...[tool.on].flat())));
      else if (tool.run) button.setAttribute("aria-disabled", String(!tool.run(this.editor.can().chain()).run()));
    });
  }

  /** Within the tools the arrow keys go from one to the next: one stop for the Tab key. */
  step(event) {
    const at = this.buttons.indexOf(document.activeElement);
    const last = this.buttons.length - 1;
    const next = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at > 0 ? at - 1 : last, Home: 0, End: last }[event.key];
    if (next === undefined || at < 0) return;
    event.preventDefault();
    this.buttons.forEach((button, place) => button.setAttribute("tabindex", place === next ? "0" : "-1"));
    this.buttons[next].focus();
  }

  // Links

  makeLinkRow() {
    const id = `${this.textarea.id}-link`;
    this.address = el("input", { type: "text", inputmode: "url", id, class: "form-control", "aria-label": text("editor_address"), placeholder: "https://", autocomplete: "off" });
    this.problem = el("p", { class: "k-error", id: `${id}-error`, role: "alert", hidden: true }, text("editor_no_address"));
    const set = el("button", { type: "button", class: "btn" }, text("editor_set"));
    const remove = el("button", { type: "button", class: "btn btn-ghost" }, text("remove"));
    set.addEventListener("click", () => this.setLink());
    remove.addEventListener("click", () => this.endLink((chain) => chain.extendMarkRange("link").unsetLink()));
    const row = el("div", { class: "link", hidden: true }, this.address, set, remove, this.problem);
    row.addEventListener("keydown", (event) => this.linkKey(event));
    return row;
  }

  askLink() {
    this.address.value = this.editor.getAttributes("link").href ?? "";
    this.wrong(false);
    this.linkRow.hidden = false;
    this.address.focus();
    this.address.select();
  }

  linkKey(event) {
    if (event.key === "Escape") this.endLink((chain) => chain);
    else if (event.key === "Enter" && event.target === this.address && !event.ctrlKey) this.setLink();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  setLink() {
    const href = address(this.address.value);
    this.wrong(!href);
    if (!href) return this.address.focus();
    const bare = this.editor.state.selection.empty && !this.editor.isActive("link");
    return this.endLink((chain) => (bare
      ? chain.insertContent({ type: "text", text: this.address.value.trim(), marks: [{ type: "link", attrs: { href } }] })
      : chain.extendMarkRange("link").setLink({ href })));
  }

  wrong(is) {
    this.problem.hidden = !is;
    for (const [name, value] of [["aria-invalid", "true"], ["aria-describedby", this.problem.id]]) {
      if (is) this.address.setAttribute(name, value);
      else this.address.removeAttribute(name);
    }
  }

  endLink(change) {
    this.linkRow.hidden = true;
    change(this.editor.chain().focus()).run();
  }
}

export function editRichText(textarea) {
  new RichText(textarea).start();
}
