// The page of the REST interface: Swagger UI, which fetches nothing but the document and what its reader tries.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

const place = document.querySelector("[data-openapi]");

SwaggerUI({
  domNode: place,
  url: place.dataset.openapi,
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  persistAuthorization: false,
  validatorUrl: null,
  queryConfigEnabled: false,
});
