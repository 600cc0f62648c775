// The editor of a mailing's text: the editor of formatted texts with what mail needs beside it. A module of its own, which
// mailings.js imports. The textarea beneath holds the HTML, which may be looked at and written as well.
import StarterKit from "@tiptap/starter-kit";
import { el } from "./dom.js";
import { BASICS, RichText, address, icon } from "./editor.js";
import { Alignment, MailLink, MergeField, Picture, withChips, withoutChips } from "./mail-nodes.js";
import { sendFile } from "./files.js";
import { mergeMenu } from "./merge-fields.js";
import { text } from "./texts.js";
import { toast } from "./toasts.js";

/** A link may lead to what a merge field holds. */
const TO_FIELD = /^\{\{[^{}]+\}\}$/;
/** What this editor can show as it is; anything else has a layout of its own. */
const PLAIN = "p, h1, h2, h3, ul, ol, li, a, img, br, hr, strong, b, em, i, u, s, blockquote, code, pre";
const PLAIN_ATTRIBUTES = new Set(["href", "src", "alt", "width", "align", "start", "class"]);
const PASTED = new Set(["href", "align", "data-pm-slice"]);
const OWN_BUTTON = new Set([...PASTED, "class"]);
const OWN_FIELD = new Set([...PASTED, "data-merge", "data-fallback"]);
const OWN_PICTURE = new Set([...PASTED, "src", "alt", "width"]);
const OWN = [['img[src^="cid:"]', OWN_PICTURE], ["a.button", OWN_BUTTON], ["span[data-merge]", OWN_FIELD]];
const PLAIN_CLASSES = new Set(["", "button"]);
/** What this editor writes: a style sheet, which is written into the elements when it is sent, and the letter. */
const WRITTEN = /^\s*(?:<style>([\s\S]*?)<\/style>)?\s*<div class="letter">([\s\S]*)<\/div>\s*$/;
const STYLE = [
  ".letter{max-width:600px;margin:0 auto;padding:28px 20px;background-color:#ffffff;color:#1d2321;font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:1.55}",
  ".letter p,.letter ul,.letter ol{margin:0 0 16px}",
  ".letter h1{margin:0 0 16px;font-size:28px;line-height:1.25}",
  ".letter h2{margin:28px 0 12px;font-size:21px;line-height:1.3}",
  ".letter h3{margin:24px 0 8px;font-size:17px;line-height:1.35}",
  ".letter li p{margin:0 0 6px}",
  ".letter img{max-width:100%;height:auto;border:0}",
  ".letter hr{height:1px;margin:24px 0;border:0;background-color:#d5dad7}",
  ".letter blockquote{margin:0 0 16px;padding-left:14px;border-left:3px solid #d5dad7;color:#4a524e}",
  ".letter a{color:#00674b}",
  ".letter a.button{display:inline-block;padding:12px 22px;border-radius:6px;background-color:#00674b;color:#ffffff;font-weight:bold;text-decoration:none}",
].join("\n");

/** No picture is shown wider than the text is. */
const WIDEST = 560;

const TOOLS = [
  { label: () => text("editor_bold"), icon: "bold", run: (chain) => chain.toggleBold(), on: "bold" },
  { label: () => text("editor_italic"), icon: "italic", run: (chain) => chain.toggleItalic(), on: "italic" },
  { label: () => text("mail_heading", { level: 1 }), icon: "h-1", run: (chain) => chain.toggleHeading({ level: 1 }), on: ["heading", { level: 1 }], group: true },
  { label: () => text("mail_heading", { level: 2 }), icon: "h-2", run: (chain) => chain.toggleHeading({ level: 2 }), on: ["heading", { level: 2 }] },
  { label: () => text("mail_heading", { level: 3 }), icon: "h-3", run: (chain) => chain.toggleHeading({ level: 3 }), on: ["heading", { level: 3 }] },
  { label: () => text("editor_list"), icon: "list", run: (chain) => chain.toggleBulletList(), on: "bulletList", group: true },
  { label: () => text("editor_numbers"), icon: "list-numbers", run: (chain) => chain.toggleOrderedList(), on: "orderedList" },
  { label: () => text("mail_left"), icon: "align-left", run: (chain) => chain.align(null), group: true },
  { label: () => text("mail_center"), icon: "align-center", run: (chain) => chain.align("center"), on: [{ align: "center" }] },
  { label: () => text("mail_right"), icon: "align-right", run: (chain) => chain.align("right"), on: [{ align: "right" }] },
  { label: () => text("editor_link"), icon: "link", use: (editor) => editor.askLink(), on: ["link", { class: null }], group: true },
  { label: () => text("mail_button"), icon: "rectangle", use: (editor) => editor.askLink(true), on: ["link", { class: "button" }] },
  { label: () => text("mail_picture"), icon: "photo", use: (editor) => editor.chooser.click() },
  { label: () => text("mail_divider"), icon: "separator-horizontal", run: (chain) => chain.setHorizontalRule() },
  { label: () => text("editor_undo"), icon: "arrow-back-up", run: (chain) => chain.undo(), group: true },
  { label: () => text("editor_redo"), icon: "arrow-forward-up", run: (chain) => chain.redo() },
];

/** A document of HTML, whose styles and handlers are not kept: the policy would report them. */
function parsed(html) {
  return new DOMParser().parseFromString(html.replace(/<style[\s\S]*?<\/style>/gi, "").replace(/\s(style|on\w+)\s*=\s*("[^"]*"|'[^']*')/gi, ""), "text/html");
}

/** Whether the editor can show HTML without losing anything of it. */
function isPlain(html) {
  const letter = html.match(WRITTEN)?.[2] ?? html;
  if (/<(style|html|head|body)[\s>]|\sstyle\s*=/i.test(letter)) return false;
  return [...parsed(letter).body.querySelectorAll("*")].every((element) => element.matches(PLAIN)
    && [...element.attributes].every(({ name }) => PLAIN_ATTRIBUTES.has(name)) && PLAIN_CLASSES.has(element.className));
}

class MailText extends RichText {
  get toolList() {
    return TOOLS;
  }

  extensions() {
    return [
      StarterKit.configure({ ...BASICS, horizontalRule: {}, link: false, heading: { levels: [1, 2, 3] } }),
      MailLink, MergeField, Alignment, Picture.configure({ base: this.textarea.dataset.pictures }),
    ];
  }

  properties() {
    return {
      transformPastedHTML: (html) => this.pastedHtml(html),
      handlePaste: (_view, event) => this.takeFiles(event.clipboardData?.files),
      handleDrop: (view, event, _slice, moved) => !moved && this.takeFiles(event.dataTransfer?.files, view.posAtCoords({ left: event.clientX, top: event.clientY })?.pos),
    };
  }

  /** Pasted text keeps its formats, and the mailing's own pictures and buttons; pictures of elsewhere are sent by themselves. */
  pastedHtml(html) {
    const { body } = parsed(html);
    for (const element of body.querySelectorAll("*")) {
      const own = OWN.find(([selector]) => element.matches(selector))?.[1] ?? PASTED;
      if (element.matches("script, iframe, object, embed, svg, math, link, meta, video, audio, img:not([src^='cid:'])")) element.remove();
      else for (const { name } of [...element.attributes]) if (!own.has(name)) element.removeAttribute(name);
    }
    withChips(body);
    return body.innerHTML;
  }

  // What is read and written

  /** HTML as the editor reads it. */
  read(html) {
    const [, style, letter] = html.match(WRITTEN) ?? [];
    this.style = style ?? STYLE;
    const { body } = parsed(letter ?? html);
    withChips(body);
    return body.innerHTML;
  }

  get written() {
    if (this.editor.isEmpty) return "";
    const { body } = parsed(this.editor.getHTML());
    withoutChips(body);
    return `<style>${this.style}</style><div class="letter">${body.innerHTML}</div>`;
  }

  start() {
    super.start();
    let group = -1;
    this.buttons.forEach((button, place) => {
      if (TOOLS[place].group || place === 0) group += 1;
      button.dataset.group = group;
      if (TOOLS[place].group) button.classList.add("is-first");
    });
    this.addFields();
    this.addPictures();
    this.addSource();
  }

  use(tool) {
    if (tool.use) tool.use(this);
    else super.use(tool);
  }

  show() {
    super.show();
    if (this.pictureRow) this.showPicture();
  }

  addFields() {
    const face = () => [icon("braces"), el("span", {}, text("mail_field"))];
    const [button, menu] = mergeMenu(face, (key) => this.editor.chain().focus().insertContent({ type: "mergeField", attrs: { key } }).run(), { class: "btn btn-ghost" });
    this.tools.append(el("span", { class: "end" }, button, menu));
  }

  // Links and buttons

  makeLinkRow() {
    const row = super.makeLinkRow();
    this.words = el("input", { type: "text", class: "form-control", "aria-label": text("mail_link_words"), placeholder: text("mail_link_words"), autocomplete: "off" });
    this.asButton = el("input", { type: "checkbox", class: "form-check-input" });
    row.prepend(this.words);
    this.address.after(el("label", { class: "k-check" }, this.asButton, el("span", {}, text("mail_as_button"))));
    return row;
  }

  askLink(asButton = false) {
    const { selection } = this.editor.state;
    const present = this.editor.getAttributes("link");
    this.words.hidden = !selection.empty || Boolean(present.href);
    this.words.value = "";
    super.askLink();
    this.asButton.checked = asButton || present.class === "button";
    if (!this.words.hidden) this.words.focus();
  }

  linkKey(event) {
    if (event.key === "Enter" && event.target === this.words) {
      event.preventDefault();
      event.stopPropagation();
      this.address.focus();
    } else super.linkKey(event);
  }

  setLink() {
    const typed = this.address.value.trim();
    const href = TO_FIELD.test(typed) ? typed : address(typed);
    this.wrong(!href);
    if (!href) return this.address.focus();
    const attrs = { href, class: this.asButton.checked ? "button" : null };
    const words = this.words.value.trim() || typed;
    return this.endLink((chain) => (this.words.hidden
      ? chain.extendMarkRange("link").setLink(attrs)
      : chain.insertContent({ type: "text", text: words, marks: [{ type: "link", attrs }] })));
  }

  // Pictures

  addPictures() {
    this.chooser = el("input", { type: "file", accept: "image/png,image/jpeg,image/gif,image/webp", multiple: true, hidden: true, "aria-label": text("mail_picture") });
    this.chooser.addEventListener("change", () => {
      this.takeFiles(this.chooser.files);
      this.chooser.value = "";
    });
    const id = `${this.textarea.id}-picture`;
    this.alt = el("input", { type: "text", class: "form-control", id: `${id}-alt`, maxlength: 200, autocomplete: "off" });
    this.width = el("select", { class: "form-select", id: `${id}-width` }, ...[["", text("mail_width_own")], [String(WIDEST), text("mail_width_full")], ["280", text("mail_width_half")], ["140", text("mail_width_quarter")]]
      .map(([value, label]) => el("option", { value }, label)));
    const link = el("button", { type: "button", class: "btn" }, icon("link"), text("editor_link"));
    const remove = el("button", { type: "button", class: "btn btn-ghost" }, text("remove"));
    this.pictureRow = el("div", { class: "link k-picturerow", hidden: true, role: "group", "aria-label": text("mail_picture") },
      el("label", { for: this.alt.id }, text("mail_alt")), this.alt, el("label", { for: this.width.id }, text("mail_width")), this.width, link, remove);
    this.alt.addEventListener("input", () => this.setPicture({ alt: this.alt.value }));
    this.width.addEventListener("change", () => this.setPicture({ width: this.width.value || null }));
    link.addEventListener("click", () => this.askLink());
    remove.addEventListener("click", () => this.editor.chain().focus().deleteSelection().run());
    for (const input of [this.alt, this.width]) {
      input.addEventListener("keydown", (event) => {
        if (!["Enter", "Escape"].includes(event.key) || event.ctrlKey) return;
        event.preventDefault();
        this.editor.commands.focus();
      });
    }
    this.linkRow.after(this.pictureRow);
    this.place.append(this.chooser);
  }

  get picture() {
    const { node } = this.editor.state.selection;
    return node?.type.name === "picture" ? node : null;
  }

  showPicture() {
    const picture = this.picture;
    this.pictureRow.hidden = !picture?.attrs.src;
    if (!picture || this.pictureRow.contains(document.activeElement)) return;
    this.alt.value = picture.attrs.alt ?? "";
    const width = String(picture.attrs.width ?? "");
    this.width.options[0].value = [...this.width.options].slice(1).some((option) => option.value === width) ? "" : width;
    this.width.value = width;
  }

  setPicture(attrs) {
    const { selection } = this.editor.state;
    this.editor.chain().updateAttributes("picture", attrs).setNodeSelection(selection.from).run();
  }

  /** Sends the pictures among the files, each to stand where the cursor is; whether there are any. */
  takeFiles(files, position = null) {
    const pictures = [...files ?? []].filter((file) => file.type.startsWith("image/"));
    if (files?.length && !pictures.length) toast(text("mail_no_picture"), "danger");
    for (const file of pictures) this.takePicture(file, position);
    return Boolean(files?.length);
  }

  async takePicture(file, position) {
    const upload = crypto.randomUUID();
    const node = { type: "picture", attrs: { upload, name: file.name, alt: "" } };
    if (position === null) this.editor.chain().focus().insertContent(node).run();
    else this.editor.chain().focus().insertContentAt(position, node).run();
    const progress = (part) => {
      const bar = this.page.querySelector(`[data-upload="${upload}"] progress`);
      if (bar) bar.value = part;
    };
    try {
      const { cid } = await sendFile(this.textarea.dataset.pictures, file, { most: this.textarea.dataset.mostPicture, progress });
      const width = await createImageBitmap(file).then((image) => Math.min(image.width, WIDEST), () => null);
      this.replaceUpload(upload, { src: `cid:${cid}`, width });
    } catch (problem) {
      this.replaceUpload(upload, null);
      toast(problem.message, "danger");
    }
  }

  /** What was being sent has its place; gone where it was deleted meanwhile. Undoing never brings back the sending. */
  replaceUpload(upload, attrs) {
    const { state, view } = this.editor;
    state.doc.descendants((node, at) => {
      if (node.attrs.upload !== upload) return;
      const change = state.tr.setMeta("addToHistory", false);
      view.dispatch(attrs ? change.setNodeMarkup(at, null, { ...node.attrs, ...attrs, upload: null }) : change.delete(at, at + node.nodeSize));
      if (attrs) this.editor.chain().setNodeSelection(at).run();
    });
  }

  // The HTML itself

  addSource() {
    const switcher = el("button", { type: "button", class: "btn btn-ghost", "aria-pressed": "false" }, icon("code"), text("mail_source"));
    this.switcher = switcher;
    switcher.addEventListener("click", () => (this.textarea.hidden ? this.showSource() : this.showPage()));
    const note = el("p", { class: "k-sourcenote", role: "status" });
    this.sourceNote = note;
    this.textarea.labels[0].after(note, switcher);
    if (isPlain(this.textarea.value)) return;
    this.showSource();
    note.textContent = text("mail_own_layout");
  }

  showSource() {
    this.place.hidden = true;
    this.textarea.hidden = false;
    this.switcher.setAttribute("aria-pressed", "true");
    this.textarea.focus({ preventScroll: true });
  }

  showPage() {
    const html = this.textarea.value;
    if (!isPlain(html) && !this.sure) {
      this.sure = html;
      this.sourceNote.textContent = text("mail_layout_lost");
      return;
    }
    this.sure = "";
    this.sourceNote.textContent = "";
    this.editor.commands.setContent(this.read(html));
    this.place.hidden = false;
    this.textarea.hidden = true;
    this.switcher.setAttribute("aria-pressed", "false");
    this.editor.commands.focus();
  }
}

export function editMail(textarea) {
  new MailText(textarea).start();
}
