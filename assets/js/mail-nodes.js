// What the editor of mailings knows beside formatted text: merge fields as chips, pictures, buttons and alignment. What it
// writes is HTML that mail programs understand: {{key}}, <img src="cid:…">, <a class="button">, align="center".
import { Extension, InputRule, Node } from "@tiptap/core";
import Link from "@tiptap/extension-link";
import { el } from "./dom.js";
import { labelOfField } from "./merge-fields.js";
import { text } from "./texts.js";

export const MERGE = /\{\{\s*([^{}|]+?)\s*(?:\|([^{}]*))?\}\}/g;
const TYPED = /\{\{\s*([^{}|]+?)\s*(?:\|([^{}]*))?\}\}$/;

function written({ key, fallback }) {
  return fallback ? `{{${key}|${fallback}}}` : `{{${key}}}`;
}

function chipTitle({ key, fallback }) {
  return fallback ? text("mail_chip_else", { key, fallback }) : `{{${key}}}`;
}

/** A merge field: one letter for the cursor, shown by its label. */
export const MergeField = Node.create({
  name: "mergeField",
  group: "inline",
  inline: true,
  atom: true,

  addAttributes() {
    return {
      key: { default: "", parseHTML: (element) => element.dataset.merge },
      fallback: { default: "", parseHTML: (element) => element.dataset.fallback ?? "" },
    };
  },

  parseHTML() {
    return [{ tag: "span[data-merge]" }];
  },

  renderHTML({ node }) {
    return ["span", { "data-merge": node.attrs.key, "data-fallback": node.attrs.fallback }];
  },

  renderText({ node }) {
    return written(node.attrs);
  },

  addNodeView() {
    return ({ node }) => {
      const label = labelOfField(node.attrs.key);
      const title = label ? chipTitle(node.attrs) : text("mail_chip_unknown");
      return { dom: el("span", { class: label ? "k-mergechip" : "k-mergechip is-unknown", title }, label || node.attrs.key) };
    };
  },

  addInputRules() {
    return [new InputRule({
      find: TYPED,
      handler: ({ range, match, chain }) => {
        chain().insertContentAt(range, { type: "mergeField", attrs: { key: match[1], fallback: match[2] ?? "" } }).run();
      },
    })];
  },
});

/** Where pictures of the mailing lie: `cid:x` is shown from `<base>/x`. */
function shownAt(base, source) {
  return source.startsWith("cid:") ? `${base}/${encodeURIComponent(source.slice(4))}` : "";
}

/** A picture in a line of text; while it is being sent it has an `upload` and no source. */
export const Picture = Node.create({
  name: "picture",
  group: "inline",
  inline: true,
  draggable: true,
  addOptions() {
    return { base: "" };
  },

  addAttributes() {
    return {
      src: { default: "" },
      alt: { default: "" },
      width: { default: null },
      upload: { default: null, rendered: false },
      name: { default: "", rendered: false },
    };
  },

  parseHTML() {
    return [{ tag: "img[src]" }];
  },

  renderHTML({ HTMLAttributes }) {
    return HTMLAttributes.src ? ["img", HTMLAttributes] : ["span", { "data-unsent": "" }];
  },

  addNodeView() {
    return ({ node }) => {
      const { src, alt, width, upload, name } = node.attrs;
      if (!src) {
        const bar = el("progress", { max: 1, value: 0, "aria-label": text("file_sending", { name }) });
        return { dom: el("span", { class: "k-sending", "data-sending": true, "data-upload": upload }, name, bar) };
      }
      const address = shownAt(this.options.base, src);
      if (!address) return { dom: el("span", { class: "k-elsewhere", title: src }, text("mail_picture_elsewhere", { alt: alt || src })) };
      return { dom: el("img", { src: address, alt, width, class: alt ? null : "is-mute", "data-drag-handle": true }) };
    };
  },
});

/** Where the lines of a paragraph or heading stand; as the attribute that every mail program knows. */
export const Alignment = Extension.create({
  name: "alignment",

  addGlobalAttributes() {
    return [{ types: ["paragraph", "heading"], attributes: { align: { default: null, parseHTML: (element) => element.getAttribute("align") } } }];
  },

  addCommands() {
    return {
      align: (align) => ({ commands }) => ["paragraph", "heading"].map((type) => commands.updateAttributes(type, { align })).some(Boolean),
    };
  },
});

/** Links to anywhere, to merge fields, and as buttons. */
export const MailLink = Link.extend({
  addAttributes() {
    return { href: { default: null }, class: { default: null, parseHTML: (element) => (element.classList.contains("button") ? "button" : null) } };
  },
  inclusive: false,
}).configure({ openOnClick: false, HTMLAttributes: { target: null, rel: null, class: null } });

/** Text with {{fields}} as an element's children that the editor reads as chips. */
export function withChips(root) {
  const texts = [];
  const walker = root.ownerDocument.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (walker.currentNode.data.includes("{{")) texts.push(walker.currentNode);
  for (const found of texts) {
    const parts = [];
    let end = 0;
    for (const match of found.data.matchAll(MERGE)) {
      parts.push(found.data.slice(end, match.index), el("span", { "data-merge": match[1], "data-fallback": match[2] }));
      end = match.index + match[0].length;
    }
    found.replaceWith(...parts, found.data.slice(end));
  }
}

/** The same the other way round: HTML of the editor as it is kept; what is still being sent is not in it. */
export function withoutChips(root) {
  for (const chip of root.querySelectorAll("span[data-merge]")) chip.replaceWith(written({ key: chip.dataset.merge, fallback: chip.dataset.fallback }));
  for (const unsent of root.querySelectorAll("span[data-unsent]")) unsent.remove();
}
