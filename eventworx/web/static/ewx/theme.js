// Runs in the head, before the first paint: the chosen colour scheme, or the system's.
(function () {
  "use strict";
  var KEY = "ewx-theme";
  var dark = window.matchMedia("(prefers-color-scheme: dark)");

  function choice() {
    try {
      return window.localStorage.getItem(KEY) || "auto";
    } catch (_blocked) {
      return "auto";
    }
  }

  function apply() {
    var chosen = choice();
    var theme = chosen === "auto" ? (dark.matches ? "dark" : "light") : chosen;
    document.documentElement.setAttribute("data-bs-theme", theme);
    document.documentElement.setAttribute("data-ewx-theme", chosen);
  }

  window.ewxTheme = {
    choice: choice,
    choose: function (chosen) {
      try {
        window.localStorage.setItem(KEY, chosen);
      } catch (_blocked) {
        // Without storage the choice cannot outlive the page; the system's scheme stays.
      }
      apply();
    },
  };
  dark.addEventListener("change", apply);
  apply();
})();
