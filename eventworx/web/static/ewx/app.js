// What pages share: theme button, keyboard, and how htmx speaks to this server.
(function () {
  "use strict";
  var THEMES = ["auto", "light", "dark"];
  var body = document.body;

  // --- theme ---------------------------------------------------------------------------
  function nameTheme(button) {
    var label = button.getAttribute("data-label-" + window.ewxTheme.choice());
    button.setAttribute("aria-label", label);
    button.setAttribute("title", label);
  }

  function nextTheme(event) {
    var position = THEMES.indexOf(window.ewxTheme.choice());
    window.ewxTheme.choose(THEMES[(position + 1) % THEMES.length]);
    nameTheme(event.currentTarget);
  }

  document.querySelectorAll("[data-ewx-theme-button]").forEach(function (button) {
    nameTheme(button);
    button.addEventListener("click", nextTheme);
  });

  // --- small conveniences --------------------------------------------------------------
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-ewx-copy]");
    if (!button) return;
    var source = document.querySelector(button.getAttribute("data-ewx-copy"));
    var text = source.value === undefined ? source.textContent.trim() : source.value;
    navigator.clipboard.writeText(text).then(function () {
      button.classList.add("is-copied");
    });
  });

  document.addEventListener("submit", function (event) {
    var question = event.target.getAttribute("data-ewx-confirm");
    if (question && !window.confirm(question)) event.preventDefault();
  });

  // --- sent once -----------------------------------------------------------------------
  // Whoever clicks or presses Enter again before the answer is there sends nothing twice: of whatever writes, a plain
  // form or one of htmx. Nothing is disabled, so the focus stays and every button keeps its name and value.
  var STOPPED = 10000; // milliseconds: a page that has not come by then may have been stopped, or was a file to keep
  var waiting = new WeakMap(); // what has been sent, until when

  function refuseAgain(sender, event) {
    if (event.timeStamp < waiting.get(sender)) event.preventDefault();
  }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
    refuseAgain(form, event);
    if (!event.defaultPrevented) waiting.set(form, event.timeStamp + STOPPED);
  });

  window.addEventListener("pageshow", function () {
    waiting = new WeakMap();
  });

  body.addEventListener("htmx:confirm", function (event) {
    if (event.detail.verb !== "get") refuseAgain(event.detail.elt, event);
  });

  body.addEventListener("htmx:beforeSend", function (event) {
    waiting.set(event.detail.requestConfig.elt, Infinity);
  });

  body.addEventListener("htmx:afterRequest", function (event) {
    var xhr = event.detail.xhr;
    var leaves = xhr.getResponseHeader("HX-Redirect") || xhr.getResponseHeader("HX-Refresh");
    waiting.set(event.detail.requestConfig.elt, leaves ? event.timeStamp + STOPPED : 0);
  });

  // However quick the answer is: a double click is one click, and a key held down is pressed once.
  document.addEventListener("click", function (event) {
    var button = event.detail > 1 && event.target.closest("button");
    if (button && button.form && button.form.matches("[method=post], [hx-post]")) event.preventDefault();
  });

  document.addEventListener("keydown", function (event) {
    if (event.repeat && event.key === "Enter" && event.target.matches("input, button")) event.preventDefault();
  });

  // --- keyboard ------------------------------------------------------------------------
  var waitingForSecondKey = false;

  function isTyping(target) {
    return target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName);
  }

  function follow(key) {
    var link = document.querySelector('[data-ewx-key="' + CSS.escape(key) + '"]');
    if (link) link.click();
    return Boolean(link);
  }

  function focusSearch() {
    var search = document.querySelector("main input[type=search]");
    if (search) search.focus();
    return Boolean(search);
  }

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && isTyping(event.target)) {
      event.target.blur();
    } else if (!isTyping(event.target) && shortcut(event)) {
      event.preventDefault();
    }
  }

  function shortcut(event) {
    var key = event.key;
    if (waitingForSecondKey) {
      waitingForSecondKey = false;
      return follow(key);
    }
    if (key === "g") {
      waitingForSecondKey = true;
      window.setTimeout(function () {
        waitingForSecondKey = false;
      }, 1200);
      return true;
    }
    if (/^Arrow(Left|Right)$/.test(key)) return !scrolls(event.target) && follow(key);
    return key === "/" && focusSearch();
  }

  // What scrolls to the side keeps its arrows.
  function scrolls(target) {
    var wide = target.closest("[tabindex]");
    return Boolean(wide) && wide.scrollWidth > wide.clientWidth;
  }

  document.addEventListener("keydown", pressed);

  // --- htmx ----------------------------------------------------------------------------
  var alerts = document.getElementById("alerts");
  var turns = 0;

  body.addEventListener("htmx:configRequest", function (event) {
    var token = document.querySelector('meta[name="csrf-token"]');
    if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token.content;
    // Which of the questions of a form is the newest: given up ones may reach the server late.
    if (event.detail.elt.hasAttribute("data-ewx-turns")) event.detail.parameters.turn = ++turns;
  });

  // A refusal says by HX-Retarget where its sentence belongs; any other failure must not replace the page's content.
  body.addEventListener("htmx:beforeSwap", function (event) {
    var xhr = event.detail.xhr;
    if (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    } else if (xhr.status < 400 && alerts && event.detail.requestConfig.verb !== "get") {
      alerts.replaceChildren();
    }
  });

  // What grows while somebody reads it (data-ewx-steady) stays where it is under the eye: what has the focus, else the
  // first row in sight of a table whose beginning was scrolled away. Both are known by their ids.
  var steady = null;

  function isInSight(element) {
    var box = element.getBoundingClientRect();
    return box.top >= 0 && box.top < window.innerHeight;
  }

  function inView(place) {
    var focused = document.activeElement;
    if (focused.id && place.contains(focused) && isInSight(focused)) return focused;
    if (place.getBoundingClientRect().top >= 0) return null;
    return Array.prototype.find.call(place.querySelectorAll("tr[id]"), isInSight);
  }

  body.addEventListener("htmx:beforeSwap", function (event) {
    var place = event.detail.target.closest("[data-ewx-steady]");
    var seen = place && inView(place);
    steady = seen ? { id: seen.id, top: seen.getBoundingClientRect().top } : null;
  });

  body.addEventListener("htmx:afterSwap", function () {
    var seen = steady && document.getElementById(steady.id);
    if (seen) window.scrollBy({ top: seen.getBoundingClientRect().top - steady.top, behavior: "instant" });
    steady = null;
  });

  // A timeline wider than its place opens where now is: a third into what the names at its left leave of it.
  function showNow() {
    document.querySelectorAll("[data-ewx-now]").forEach(function (place) {
      var drawing = place.querySelector(".ewx-axis").getBoundingClientRect();
      var names = place.querySelector("th");
      var hidden = names ? names.offsetWidth : 0;
      var left = drawing.left - place.getBoundingClientRect().left + place.scrollLeft;
      var now = left + (drawing.width * parseFloat(place.getAttribute("data-ewx-now"))) / 100;
      place.scrollLeft = now - hidden - (place.clientWidth - hidden) / 3;
    });
  }

  showNow();
  body.addEventListener("htmx:afterSettle", showNow);

  function sentence(status) {
    var text = alerts.getAttribute("data-error-" + status);
    return text || alerts.getAttribute(status ? "data-error-other" : "data-error-0");
  }

  function showFailure(event) {
    if (!alerts) return;
    var box = document.createElement("div");
    box.className = "ewx-alert ewx-alert-danger";
    box.setAttribute("role", "alert");
    box.textContent = sentence(event.detail.xhr ? event.detail.xhr.status : 0);
    alerts.replaceChildren(box);
  }

  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach(function (name) {
    body.addEventListener(name, showFailure);
  });
})();
