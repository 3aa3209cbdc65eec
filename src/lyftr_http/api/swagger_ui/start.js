// Shows what the server says of its API. Nothing comes from, or goes to, any other address.
"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

SwaggerUIBundle({
  url: new URL("../schema/openapi.json", document.currentScript.src).pathname,
  dom_id: "#api",
  deepLinking: false, // its links are inside of buttons, which screen readers do not expect
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null, // else, but for localhost, the document would be shown to a server of others
});

// Swagger UI names no field of a form for screen readers.
const nameFields = () => {
  for (const field of document.querySelectorAll(
    "#api :is(input, select, textarea):not([aria-label], [id])"
  )) {
    const parameter = field.closest("[data-param-name]");
    field.ariaLabel = parameter ? parameter.dataset.paramName : "body";
  }
};
new MutationObserver(nameFields).observe(document.body, { childList: true, subtree: true });
