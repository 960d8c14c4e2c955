// On a phone code is folded away, under a line that says how long it is and how it begins: first the text, then the figures.
(function () {
  "use strict";
  var LONGEST = 3; // lines that stay

  function fold(input) {
    var code = input.querySelector("pre"), lines = code ? code.textContent.trim().split("\n") : [];
    if (lines.length <= LONGEST) return;
    var folded = document.createElement("details"), summary = document.createElement("summary");
    folded.className = "uc-folded";
    summary.textContent = lines.length + " lines of Python: " + lines[0];
    folded.append(summary);
    folded.append.apply(folded, input.childNodes);
    input.append(folded);
  }

  function open() {
    document.querySelectorAll(".uc-folded").forEach(function (folded) { folded.open = true; });
  }

  document.addEventListener("DOMContentLoaded", function () {
    if (!window.matchMedia("(max-width: 575.98px)").matches) return;
    document.querySelectorAll(".cell:not(.tag_hide-input, .tag_hide-cell) > .cell_input").forEach(fold);
    window.addEventListener("beforeprint", open);
  });
})();
