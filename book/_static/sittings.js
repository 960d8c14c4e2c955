// Shows one sitting of a long chapter at a time; book/_ext/sittings.py has marked what belongs to which.
(function () {
  "use strict";
  var KEY = "uc-whole-chapters", root = document.documentElement, all, list, open = 1, whole = false;
  // The browser's own search looks into such a place and opens it; where it cannot, the place is just hidden.
  var HIDDEN = "onbeforematch" in root ? "until-found" : "";

  function remembered() {
    try { return localStorage.getItem(KEY) === "1"; } catch (error) { return false; /* private window */ }
  }

  // The list of contents at the side watches what is displayed now: the sections of this sitting. It begins anew, for it
  // would compare the place with that in the sitting before, and might go on marking a section of that.
  function watch(ScrollSpy) {
    var before = ScrollSpy.getInstance(document.body);
    if (before) before.dispose();
    ScrollSpy.getOrCreateInstance(document.body);
  }

  function show(sitting) {
    open = sitting;
    all.forEach(function (element) {
      if (whole || Number(element.dataset.sitting) === open) element.removeAttribute("hidden");
      else element.setAttribute("hidden", "");
    });
    if (window.bootstrap) watch(window.bootstrap.ScrollSpy);
    all.forEach(function (element) { if (element.hidden) element.setAttribute("hidden", HIDDEN); });
    Array.from(list.querySelectorAll("li")).forEach(function (line, place) {
      if (!whole && place + 1 === open) line.setAttribute("aria-current", "step");
      else line.removeAttribute("aria-current");
    });
    root.classList.toggle("uc-in-sittings", !whole);
    root.classList.toggle("uc-sitting-follows", !whole && open < list.querySelectorAll("li").length);
  }

  function sittingOf(element) {
    var place = element && element.closest("[data-sitting]");
    return place ? Number(place.dataset.sitting) : null;
  }

  function target() {
    try { return document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch (error) { return null; }
  }

  // An address with a # leads into its sitting; one without, to the first. Back leads to where the reader was.
  function follow() {
    var sitting = location.hash ? sittingOf(target()) : 1, was = history.state && history.state.ucTop;
    if (!sitting || sitting === open && was == null) return;
    if (sitting !== open) show(sitting);
    if (was != null) window.scrollTo({ top: was, behavior: "instant" });
    else if (!whole && location.hash) target().scrollIntoView({ behavior: "instant" });
  }

  // The entry of the history that a link leaves keeps the reader's place.
  function keepPlace(event) {
    if (event.target.closest('a[href^="#"]')) history.replaceState({ ucTop: window.scrollY }, "");
  }

  function addSwitch() {
    var button = document.createElement("button");
    button.type = "button";
    function label() { button.textContent = whole ? "Show one sitting at a time" : "Show the whole chapter"; }
    button.addEventListener("click", function () {
      whole = !whole;
      try { localStorage.setItem(KEY, whole ? "1" : "0"); } catch (error) { /* private window */ }
      label();
      show(sittingOf(target()) || open);
    });
    label();
    list.append(button);
  }

  document.addEventListener("DOMContentLoaded", function () {
    // The list of contents marks a section from its first pixel. The usual tenth of it is more than a screen of a long one.
    document.body.dataset.bsThreshold = "[0]";
    list = document.querySelector(".uc-sittings");
    if (!list) return;
    all = document.querySelectorAll("[data-sitting]");
    whole = remembered();
    addSwitch();
    show(1);
    follow();
    document.addEventListener("click", keepPlace, true);
    window.addEventListener("hashchange", follow);
    document.addEventListener("beforematch", function (event) { show(sittingOf(event.target)); });
  });
})();
