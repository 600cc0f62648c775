// A long page narrowed by what is typed: [data-narrow] around a [data-narrow-typed] box and [data-narrow-group]s of
// [data-narrow-item]s. An item stays that has each of the words in its text, in its data-narrow-words or in its group's
// heading; Enter opens the first one.

function wordsOf(input) {
  return input.value.trim().toLocaleLowerCase().split(/\s+/).filter(Boolean);
}

function textOf(element, group) {
  return `${group} ${element.textContent} ${element.dataset.narrowWords ?? ""}`.toLocaleLowerCase();
}

function narrow(part, words) {
  let left = 0;
  for (const group of part.querySelectorAll("[data-narrow-group]")) {
    const heading = group.querySelector("h2")?.textContent ?? "";
    const items = [...group.querySelectorAll("[data-narrow-item]")];
    for (const item of items) item.hidden = !words.every((word) => textOf(item, heading).includes(word));
    const shown = items.filter((item) => !item.hidden).length;
    group.hidden = !shown;
    left += shown;
  }
  part.querySelector("[data-narrow-none]").hidden = left > 0;
}

export function setUpNarrowing() {
  for (const part of document.querySelectorAll("[data-narrow]")) {
    const input = part.querySelector("[data-narrow-typed]");
    // What the server has narrowed already lacks the rest: it is asked again.
    if (input.value) continue;
    input.addEventListener("input", () => narrow(part, wordsOf(input)));
    part.querySelector("[data-narrow-form]").addEventListener("submit", (event) => {
      event.preventDefault();
      part.querySelector("[data-narrow-item]:not([hidden]) a")?.click();
    });
  }
}
