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
SwaggerUI({
  domNode: place,
  url: place.dataset.openapi,
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  persistAuthorization: false,
  validatorUrl: null,
  queryConfigEnabled: false,
});
