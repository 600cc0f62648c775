// The page of the REST interface: Swagger UI, which fetches nothing but the document and what its reader tries.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

const place = document.querySelector("[data-openapi]");
const root = document.documentElement;

/** Swagger UI has dark colours of its own, by a class. */
function followTheme() {
  root.classList.toggle("dark-mode", root.dataset.bsTheme === "dark");
}

followTheme();
new MutationObserver(followTheme).observe(root, { attributeFilter: ["data-bs-theme"] });

/** Swagger UI takes the page for its own: here its main part has a name beside ours, and its headings stand below. */
function fitIn() {
  place.querySelector("main")?.setAttribute("aria-label", document.querySelector("h1").textContent);
  for (const heading of place.querySelectorAll("h3.opblock-tag")) heading.setAttribute("aria-level", "2");
  for (const heading of place.querySelectorAll("h4")) heading.setAttribute("aria-level", "3");
  for (const heading of place.querySelectorAll("h5")) heading.setAttribute("aria-level", "4");
  for (const heading of place.querySelectorAll(".modal-ux h3")) heading.setAttribute("aria-level", "2");
  for (const button of place.querySelectorAll(".modal-ux .close-modal")) button.setAttribute("aria-label", "Close");
  // What is read aloud begins with what is seen.
  for (const button of place.querySelectorAll(".modal-ux .btn[aria-label]")) {
    const [seen, label] = [button.textContent.trim(), button.getAttribute("aria-label")];
    if (!label.startsWith(seen)) button.setAttribute("aria-label", `${seen}: ${label}`);
  }
}

new MutationObserver(fitIn).observe(place, { childList: true, subtree: true });
SwaggerUI({
  domNode: place,
  url: place.dataset.openapi,
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  persistAuthorization: false,
  validatorUrl: null,
  queryConfigEnabled: false,
});
