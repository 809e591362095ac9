// The page that describes the partner API: Swagger UI over our own document. Nothing is tried out (requests are
// signed by servers) and no other host is asked (its validator would be one).
(function () {
  "use strict";
  var page = document.documentElement;

  function follow() {
    page.classList.toggle("dark-mode", page.getAttribute("data-bs-theme") === "dark");
  }

  new MutationObserver(follow).observe(page, { attributes: true, attributeFilter: ["data-bs-theme"] });
  follow();
  // Its own <main> holds the endpoints alone; what stands above them becomes a region beside it.
  function nameDescription() {
    var about = document.querySelector("#api .information-container");
    about.setAttribute("role", "region");
    about.setAttribute("aria-label", about.querySelector("h1").firstChild.textContent);
  }

  window.SwaggerUIBundle({
    url: document.getElementById("api").getAttribute("data-schema"),
    domNode: document.getElementById("api"),
    deepLinking: false,
    onComplete: nameDescription,
    defaultModelsExpandDepth: 0,
    queryConfigEnabled: false,
    supportedSubmitMethods: [],
    syntaxHighlight: { activated: false },
    validatorUrl: null,
  });
})();
