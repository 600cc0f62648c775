// The texts scripts show, in the reader's language: the base layout writes them as JSON into #k-texts.
const element = document.getElementById("k-texts");
const texts = element ? JSON.parse(element.textContent) : {};

/** The text of a name, with each {placeholder} filled from `values`. */
export function text(name, values = {}) {
  return (texts[name] ?? name).replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

/** A number as the page's language writes it. */
export function number(value) {
  return new Intl.NumberFormat(document.documentElement.lang || "en").format(value);
}

/** A part of one as the page's language writes a percentage: 0.5 as 50 %. */
export function share(value) {
  return new Intl.NumberFormat(document.documentElement.lang || "en", { style: "percent" }).format(value);
}
