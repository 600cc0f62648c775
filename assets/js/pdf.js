// The pages of a PDF, drawn one at a time into [data-pdf]; pdf-previews.js imports this where a page has one. Nothing in the
// file runs, and it is fetched in the parts that the page needs.
import { getDocument, GlobalWorkerOptions } from "pdfjs-dist/legacy/build/pdf.mjs";
import { el } from "./dom.js";
import { number, text } from "./texts.js";

const PART = 256 * 1024;
const MOST_WIDE = 1400;
const MOST_PIXELS = 16_000_000;

function fetched(place) {
  const { pdf, worker, parts } = place.dataset;
  GlobalWorkerOptions.workerSrc = new URL(worker, window.location.href).href;
  const folder = (name) => new URL(`${parts}${name}/`, window.location.href).href;
  return getDocument({
    url: new URL(pdf, window.location.href).href, disableAutoFetch: true, disableStream: true, rangeChunkSize: PART,
    useWasm: false, wasmUrl: folder("wasm"), cMapUrl: folder("cmaps"), cMapPacked: true,
    standardFontDataUrl: folder("standard_fonts"), maxImageSize: MOST_PIXELS, enableXfa: false, useSystemFonts: false,
  }).promise;
}

async function draw(page, canvas, width) {
  const plain = page.getViewport({ scale: 1 });
  let scale = (Math.min(width, MOST_WIDE) * window.devicePixelRatio) / plain.width;
  // A page may be as large as its maker liked.
  scale *= Math.min(1, Math.sqrt(MOST_PIXELS / (plain.width * plain.height * scale * scale)));
  const viewport = page.getViewport({ scale });
  canvas.width = Math.max(1, Math.floor(viewport.width));
  canvas.height = Math.max(1, Math.floor(viewport.height));
  await page.render({ canvas, viewport }).promise;
}

function pager(count, go) {
  const told = el("span", { class: "num", role: "status" });
  const before = el("button", { type: "button", class: "btn btn-ghost" }, text("pdf_before"));
  const after = el("button", { type: "button", class: "btn btn-ghost" }, text("pdf_after"));
  before.addEventListener("click", () => go(-1));
  after.addEventListener("click", () => go(1));
  const show = (place) => {
    told.textContent = text("pdf_page", { number: number(place), count: number(count) });
    before.disabled = place <= 1;
    after.disabled = place >= count;
  };
  return { bar: el("div", { class: "bar" }, before, told, after), show };
}

/** Shows the PDF of an element that has data-pdf, data-worker, data-parts and data-name. */
export async function showPdf(place) {
  const file = await fetched(place);
  const canvas = el("canvas", { role: "img" });
  let shown = 1;
  let drawing = Promise.resolve();
  const show = () => {
    controls.show(shown);
    canvas.setAttribute("aria-label", `${place.dataset.name}. ${text("pdf_page", { number: number(shown), count: number(file.numPages) })}`);
    const wanted = shown;
    drawing = drawing.then(async () => wanted === shown && draw(await file.getPage(wanted), canvas, place.clientWidth));
    return drawing;
  };
  const controls = pager(file.numPages, (step) => {
    shown = Math.min(file.numPages, Math.max(1, shown + step));
    show();
  });
  place.replaceChildren(canvas, ...(file.numPages > 1 ? [controls.bar] : []));
  await show();
  place.dataset.drawn = "";
}
