// Builds what the browser loads into static/dist/: main.css, main.js, editor.js, pdf.js, theme.js, icons.svg, favicon.svg,
// the font, what the pages of the calendar, of reports, of mailings, of the help and of REST alone load, and manifest.json, which
// maps each name to its address with a content hash (read by app/assets.py and help/hooks.py).
import { createHash } from "node:crypto";
import { copyFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);
const dist = path.join(root, "static", "dist");
const TEXTS = [
  "main.css", "main.js", "editor.js", "theme.js", "calendar.css", "calendar.js", "report.css", "report.js",
  "mailings.css", "mailings.js", "mail-editor.js", "help.css", "api-docs.css", "api-docs.js", "icons.svg", "favicon.svg", "pdf.js", "pdf-worker.js",
];
/** What the PDF viewer fetches by itself when a file needs it: fonts that everybody has, letters of the East, pictures of scans. */
const pdfFolder = path.join(root, "node_modules", "pdfjs-dist");
const PDF_PARTS = ["standard_fonts", "cmaps", "wasm"];
const iconFolder = path.join(root, "node_modules", "@tabler", "icons", "icons", "outline");

const bundle = {
  entryPoints: [
    { in: path.join(here, "js", "main.js"), out: "main" },
    { in: path.join(here, "js", "theme.js"), out: "theme" },
    { in: path.join(here, "js", "calendar.js"), out: "calendar" },
    { in: path.join(here, "js", "report.js"), out: "report" },
    { in: path.join(here, "js", "mailings.js"), out: "mailings" },
    { in: path.join(here, "js", "api-docs.js"), out: "api-docs" },
    { in: path.join(here, "css", "main.css"), out: "main" },
    { in: path.join(here, "css", "calendar.css"), out: "calendar" },
    { in: path.join(here, "css", "report.css"), out: "report" },
    { in: path.join(here, "css", "mailings.css"), out: "mailings" },
    { in: path.join(here, "css", "help.css"), out: "help" },
    { in: path.join(here, "css", "api-docs.css"), out: "api-docs" },
  ],
  outdir: dist,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022", "chrome123", "firefox125", "safari17.5"],
  legalComments: "linked",
  loader: { ".woff2": "file" },
  assetNames: "[name]-[hash]",
  // Tabler paints ticks and arrows with data URIs, which the policy's img-src allows.
  external: ["data:*"],
  logLevel: "warning",
};

/** Modules that pages import where they have a formatted text or a mailing to edit: no other page fetches them. */
const editor = {
  ...bundle,
  entryPoints: ["editor", "mail-editor"].map((name) => ({ in: path.join(here, "js", `${name}.js`), out: name })),
  format: "esm",
};

/** The PDF viewer and its worker, which pages with a PDF fetch. */
const viewer = {
  ...bundle,
  entryPoints: [
    { in: path.join(here, "js", "pdf.js"), out: "pdf" },
    { in: path.join(pdfFolder, "legacy", "build", "pdf.worker.mjs"), out: "pdf-worker" },
  ],
  format: "esm",
};

/** The parts stand under the viewer's version, so that browsers may keep them; programs for WebAssembly are left out, for
    the policy lets none run, and the viewer has the same as scripts. */
async function pdfParts() {
  const { version } = JSON.parse(await readFile(path.join(pdfFolder, "package.json"), "utf8"));
  const name = `pdf-${version}`;
  for (const part of PDF_PARTS) {
    await cp(path.join(pdfFolder, part), path.join(dist, name, part), {
      recursive: true, filter: (file) => !file.endsWith(".wasm") && !file.includes("quickjs"),
    });
  }
  return `${name}/`;
}

/** The drawing inside one Tabler icon, without the invisible square every one of them starts with. */
async function symbol(name) {
  const file = path.join(iconFolder, `${name}.svg`);
  const source = await readFile(file, "utf8").catch(() => {
    throw new Error(`assets/icons.txt names "${name}", but Tabler has no such outline icon`);
  });
  const drawing = source
    .replace(/^[\s\S]*?<svg[^>]*>/, "")
    .replace("</svg>", "")
    .replace(/<path stroke="none"[^>]*\/>/, "")
    .replace(/\s+/g, " ")
    .trim();
  return `<symbol id="${name}" viewBox="0 0 24 24">${drawing}</symbol>`;
}

async function sprite() {
  const lines = (await readFile(path.join(here, "icons.txt"), "utf8")).split("\n");
  const names = lines.map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
  const symbols = await Promise.all(names.map(symbol));
  const svg = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
  await writeFile(path.join(dist, "icons.svg"), svg);
}

async function hashOf(file) {
  return createHash("sha256").update(await readFile(file)).digest("hex").slice(0, 10);
}

/** Fonts carry their hash in the name already; the other files take it as ?v=. */
async function manifest(metafile) {
  const entries = {};
  for (const name of TEXTS) {
    entries[name] = `${name}?v=${await hashOf(path.join(dist, name))}`;
  }
  for (const output of Object.keys(metafile.outputs).filter((file) => file.endsWith(".woff2"))) {
    const file = path.basename(output);
    entries[file.replace(/-[A-Z0-9]{8}(?=\.woff2$)/, "")] = file;
  }
  entries["pdf-parts"] = await pdfParts();
  await writeFile(path.join(dist, "manifest.json"), `${JSON.stringify(entries, null, 2)}\n`);
}

/** Every text once more as .br and .gz, which app/assets.py hands to browsers that take them. */
async function compressAll() {
  for (const name of TEXTS) {
    const content = await readFile(path.join(dist, name));
    await writeFile(path.join(dist, `${name}.br`), brotliCompressSync(content));
    await writeFile(path.join(dist, `${name}.gz`), gzipSync(content, { level: 9 }));
  }
}

const writeTheRest = {
  name: "sprite-and-manifest",
  setup(build) {
    build.onEnd(async (result) => {
      if (result.errors.length > 0) return;
      await sprite();
      await copyFile(path.join(here, "favicon.svg"), path.join(dist, "favicon.svg"));
      await manifest(result.metafile);
      await compressAll();
    });
  },
};

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
const options = { ...bundle, metafile: true, plugins: [writeTheRest] };
// First, for the manifest names it.
await esbuild.build(editor);
await esbuild.build(viewer);
if (process.argv.includes("--watch")) {
  await (await esbuild.context(options)).watch();
} else {
  await esbuild.build(options);
}
