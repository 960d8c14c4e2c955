// Where the reader is, and what this browser remembers of the reading: pages read to the end. Nothing is sent anywhere.
(function () {
  "use strict";
  var KEY = "uc-read", root = new URL(document.documentElement.dataset.content_root || "./", location.href);

  function remembered() {
    try { return JSON.parse(localStorage.getItem(KEY)) || []; } catch (error) { return []; }
  }

  function nameOf(address) {
    var url = new URL(address, location.href);
    return url.href.startsWith(root.href) ? url.href.slice(root.href.length).replace(/\.html.*$/, "") : "";
  }

  function mark() {
    var read = remembered();
    document.querySelectorAll(".bd-sidebar-primary .bd-links li > a").forEach(function (link) {
      link.parentElement.classList.toggle("uc-read", read.includes(nameOf(link.href)));
    });
  }

  function remember() {
    var page = nameOf(location.href), read = remembered();
    if (!page || read.includes(page)) return;
    try { localStorage.setItem(KEY, JSON.stringify(read.concat(page))); } catch (error) { return; /* private window */ }
    mark();
  }

  // The theme brings back where the sidebar was; the page that is open must be in view all the same.
  function showCurrent() {
    var bar = document.querySelector(".bd-sidebar-primary"), links = bar && bar.querySelectorAll(".bd-links a.current");
    var link = links && links[links.length - 1];
    if (!link || !link.getClientRects().length) return;
    var inside = link.getBoundingClientRect(), frame = bar.getBoundingClientRect();
    var seen = inside.top >= Math.max(frame.top, 0) && inside.bottom <= Math.min(frame.bottom, window.innerHeight);
    if (!seen) bar.scrollTop += inside.top - frame.top - bar.clientHeight / 2;
  }

  // The first tap on a word of the glossary shows what it means, the second goes there.
  function explainOnTap() {
    var touched = false, open = null;
    document.addEventListener("pointerdown", function (event) { touched = event.pointerType === "touch"; });
    document.addEventListener("click", function (event) {
      var term = event.target.closest("a.uc-term");
      if (open && open !== term) open.classList.remove("uc-open");
      if (term && touched && term !== open) {
        event.preventDefault();
        term.classList.add("uc-open");
      }
      open = term;
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    mark();
    explainOnTap();
    var end = document.querySelector(".prev-next-area, .bd-footer-content");
    if (end && "IntersectionObserver" in window) {
      new IntersectionObserver(function (seen) {
        var follows = document.documentElement.classList.contains("uc-sitting-follows"); // this is not the chapter's end
        if (!follows && seen.some(function (one) { return one.isIntersecting; })) remember();
      }).observe(end);
    }
    var menu = document.querySelector(".primary-toggle"); // the theme goes to the menu's first link after 100 ms
    if (menu) menu.addEventListener("click", function () { setTimeout(showCurrent, 200); });
  });
  window.addEventListener("load", function () { setTimeout(showCurrent, 0); });
})();
