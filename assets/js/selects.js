// select[data-enhance] becomes a searchable box. With data-options-url the options come from the server:
// GET url?q=typed answers {"results": [{"value", "label"}]}.
import TomSelect from "tom-select/dist/esm/tom-select.js";
import removeButton from "tom-select/dist/esm/plugins/remove_button/plugin.js";
import { setUpRecurrence } from "./recurrence.js";
import { text } from "./texts.js";

TomSelect.define("remove_button", removeButton);

/** What the server offers for what was typed; `asked` are further parameters. */
export async function fetchOptions(url, query, asked = {}) {
  const address = new URL(url, window.location.href);
  for (const [name, value] of Object.entries({ q: query, ...asked })) address.searchParams.set(name, value);
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status} from ${address.pathname}`);
  return (await answer.json()).results;
}

function remote(url, offers) {
  let asked = 0;
  return {
    valueField: "value",
    labelField: "label",
    searchField: [],
    score: () => () => 1,
    // Not the library's own `preload`: what is typed before the browser tells of the focus must not be asked in vain.
    onFocus() {
      this.load(this.inputValue());
    },
    // What an earlier query brought, or still brings, must not be picked for this one.
    onType() {
      asked += 1;
      this.clearOptions();
      this.refreshOptions(false);
    },
    load(query, done) {
      const mine = (asked += 1);
      const some = (found) => done(mine === asked ? found.filter((option) => offers(option.value)) : []);
      fetchOptions(url, query).then(some, () => done());
    },
  };
}

function noResults(data, escape) {
  return `<div class="no-results" role="option" aria-disabled="true">${escape(text(data.input ? "no_match" : "no_options"))}</div>`;
}

function takeFocus(instance) {
  if (instance.isDisabled || instance.isReadOnly) return;
  const target = instance.control_input.offsetWidth ? instance.control_input : instance.focus_node;
  instance.ignoreFocus = true;
  target.focus();
  instance.ignoreFocus = false;
  instance.onFocus();
}

/** Turns one <select> into a searchable box and returns its TomSelect. `offers` says which of the server's options. */
export function enhance(select, { offers = () => true, ...options } = {}) {
  const url = select.dataset.optionsUrl;
  const instance = new TomSelect(select, {
    maxOptions: null,
    refreshThrottle: 0,
    clearAfterSelect: select.multiple,
    allowEmptyOption: false,
    placeholder: select.dataset.placeholder || text("choose"),
    hidePlaceholder: true,
    plugins: select.multiple ? { remove_button: { title: text("remove") } } : {},
    render: { no_results: noResults, loading: () => "<div></div>" },
    ...(url ? remote(url, offers) : {}),
    ...options,
  });
  // The library takes the focus in a later turn of the browser's, and what was typed before that was lost.
  instance.hook("instead", "focus", () => takeFocus(instance));
  // A click on an open box folds its list; it does not take the focus from somebody who is about to type.
  instance.hook("instead", "onClick", () => (instance.isFocused && instance.isOpen ? instance.close() : instance.focus()));
  // The box took over the label; the list behind it is for the form alone.
  select.setAttribute("aria-hidden", "true");
  if (select.getAttribute("aria-invalid") === "true") instance.wrapper.setAttribute("aria-invalid", "true");
  const described = select.getAttribute("aria-describedby");
  if (described) instance.control_input.setAttribute("aria-describedby", described);
  return instance;
}

/** Has the selects of parts that another script puts into the page become boxes: it says so by a "k-part" event. */
export function setUpSelectsOfParts() {
  document.addEventListener("k-part", (event) => setUpSelects(event.target));
}

export function setUpSelects(root = document) {
  for (const select of root.querySelectorAll("select[data-enhance]")) {
    if (!select.tomselect) enhance(select);
  }
  for (const select of root.querySelectorAll("select[data-repeat]")) setUpRecurrence(select);
}
