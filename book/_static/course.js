// The framework switch. An earlier script (book/_ext/course_ext.py) has put the remembered choice on <html>.
(function () {
  "use strict";
  var root = document.documentElement;
  var names = { keras: "Keras", torch: "PyTorch" };

  function choose(framework) {
    if (framework === root.dataset.ucFramework) return;
    var place = readingPlace();
    root.style.overflowAnchor = "none"; // else the browser corrects the place as well, and both together too far
    root.dataset.ucFramework = framework;
    try { localStorage.setItem("uc-framework", framework); } catch (error) { /* private window */ }
    show();
    if (place) window.scrollBy({ top: place.element.getBoundingClientRect().top - place.top, behavior: "instant" });
    setTimeout(function () { root.style.overflowAnchor = ""; }, 200);
  }

  function show() {
    var framework = root.dataset.ucFramework;
    document.querySelectorAll(".uc-switch input").forEach(function (input) {
      input.checked = input.value === framework;
    });
    document.querySelectorAll('.sd-tab-label[data-sync-id="' + framework + '"]').forEach(function (label) {
      document.getElementById(label.htmlFor).checked = true;
    });
    // In menus the notebook of the chosen framework stands first.
    document.querySelectorAll(":is(.dropdown-launch-buttons, .dropdown-download-buttons) .dropdown-menu").forEach(function (menu) {
      Array.from(menu.children).reverse().forEach(function (entry) {
        if (entry.textContent.includes("(" + names[framework] + ")")) menu.prepend(entry);
      });
    });
  }

  // The last block above the middle of the window that both frameworks share: it stays where it is.
  function readingPlace() {
    var place = null;
    document.querySelectorAll(".bd-article section > :not(.tag_fw-keras, .tag_fw-torch, section)").forEach(function (element) {
      var top = element.getBoundingClientRect().top, visible = element.getClientRects().length;
      if (visible && top < window.innerHeight / 2) place = { element: element, top: top };
    });
    return place;
  }

  function addSwitch() {
    var bar = document.querySelector(".header-article-items__start");
    if (!bar || !document.querySelector(".tag_fw-keras, .tag_fw-torch, .sd-tab-label[data-sync-id=keras]")) return;
    var group = document.createElement("div");
    group.className = "uc-switch";
    group.setAttribute("role", "radiogroup");
    group.setAttribute("aria-label", "Framework");
    Object.keys(names).forEach(function (framework) {
      var label = document.createElement("label");
      label.innerHTML = '<input type="radio" name="uc-framework" value="' + framework + '"><span>' + names[framework] + "</span>";
      group.append(label);
    });
    group.addEventListener("change", function (event) { choose(event.target.value); });
    bar.append(group);
  }

  function followTabs() {
    document.querySelectorAll(".sd-tab-label[data-sync-id]").forEach(function (label) {
      var framework = label.dataset.syncId;
      if (!(framework in names)) return;
      document.getElementById(label.htmlFor).addEventListener("change", function () { choose(framework); });
    });
  }

  // A figure of the other framework is hidden: go to its twin, which has the same number. Its size says nothing: what
  // belongs to another sitting of the chapter has none.
  function shownTwin(hash) {
    var others = root.dataset.ucFramework === "torch" ? ".tag_fw-keras" : ".tag_fw-torch", name, target;
    try { name = decodeURIComponent(hash.slice(1)); } catch (error) { return null; }
    target = document.getElementById(name);
    if (!target || !target.closest(others)) return null;
    var plain = name.replace(/-(keras|torch)$/, "");
    return [plain, plain + "-keras", plain + "-torch"].map(function (id) {
      return document.getElementById(id);
    }).find(function (element) { return element && !element.closest(others); });
  }

  function followLinks() {
    document.addEventListener("click", function (event) {
      var link = event.target.closest('a[href^="#"]'), twin = link && shownTwin(link.hash);
      if (!twin) return;
      event.preventDefault();
      location.hash = twin.id;
    });
    window.addEventListener("load", function () { // pictures have their size by then
      var twin = location.hash && shownTwin(location.hash);
      if (twin) twin.scrollIntoView({ behavior: "instant" });
    });
  }

  // Paper is white: a page that is dark on the screen prints as by day.
  function printByDay() {
    var theme;
    window.addEventListener("beforeprint", function () {
      theme = root.dataset.theme;
      root.dataset.theme = "light";
    });
    window.addEventListener("afterprint", function () { if (theme) root.dataset.theme = theme; });
  }

  // Another open page of the course has chosen.
  window.addEventListener("storage", function (event) {
    if (event.key === "uc-framework" && event.newValue in names) choose(event.newValue);
  });

  printByDay();
  document.addEventListener("DOMContentLoaded", function () {
    addSwitch();
    followTabs();
    show();
    followLinks();
  });
})();
