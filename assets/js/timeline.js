// Parts that a page fetches by itself once it is there ([data-part]), anew where something else is chosen in their form
// ([data-part-form]), and more of a list in place of its last item ([data-more] with a [data-more-button]).
import { fetchPart, fillWith } from "./parts.js";
import { setUpSelects } from "./selects.js";
import { toast } from "./toasts.js";

async function bringMore(item) {
  const part = await fetchPart(item.dataset.more);
  const items = [...part.querySelectorAll("ol > li, ul > li")];
  const first = items[0];
  item.replaceWith(...items.map((one) => document.importNode(one, true)));
  return first;
}

async function fill(place) {
  fillWith(place, await fetchPart(place.dataset.part));
  setUpSelects(place);
}

/** Fetches the page's parts anew whose address holds `named`; all of them without. */
export function reloadParts(named = "") {
  for (const place of document.querySelectorAll("[data-part]")) {
    if (place.dataset.part.includes(named)) fill(place).catch((problem) => toast(problem.message, "danger"));
  }
}

async function choose(form, id) {
  const place = form.closest("[data-part]");
  const address = new URL(form.action);
  address.search = new URLSearchParams(new FormData(form));
  place.dataset.part = address.href;
  await fill(place);
  document.getElementById(id)?.focus();
}

export function setUpParts() {
  reloadParts();
  document.addEventListener("change", ({ target }) => {
    const form = target.closest("[data-part] form[data-part-form]");
    if (form) choose(form, target.id).catch((problem) => toast(problem.message, "danger"));
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-more-button]");
    if (!button) return;
    button.disabled = true;
    const list = button.closest("ol, ul");
    const at = [...list.children].indexOf(button.closest("[data-more]"));
    try {
      await bringMore(button.closest("[data-more]"));
      // The focus goes on where the new ones begin.
      const next = list.children[at];
      next?.setAttribute("tabindex", "-1");
      next?.focus();
    } catch (problem) {
      button.disabled = false;
      toast(problem.message, "danger");
    }
  });
}
