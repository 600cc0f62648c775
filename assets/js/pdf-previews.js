// [data-pdf] shows the pages of a PDF: the viewer (pdf.js) is fetched where a page has one.
import { el } from "./dom.js";
import { text } from "./texts.js";

async function show(place) {
  place.dataset.begun = "";
  try {
    const { showPdf } = await import(new URL(place.dataset.viewer, window.location.href).href);
    await showPdf(place);
  } catch {
    place.replaceChildren(el("p", { class: "mute" }, text("pdf_failed")));
  }
}

export function setUpPdfPreviews() {
  const look = () => document.querySelectorAll("[data-pdf]:not([data-begun])").forEach(show);
  look();
  // It comes with a part of the page.
  new MutationObserver(look).observe(document.querySelector("main, body"), { childList: true, subtree: true });
}
