// Every figure grows: a click, a tap, or Enter on its button shows it as large as the window, Escape closes it again.
(function () {
  "use strict";
  var dialog, opener;

  function build() {
    dialog = document.createElement("dialog");
    dialog.className = "uc-zoom";
    dialog.innerHTML = '<button type="button" class="uc-zoom-close" aria-label="Close">×</button>' +
      '<div class="uc-zoom-room" tabindex="0" role="group" aria-label="The figure"><img></div><p></p>';
    dialog.addEventListener("click", function (event) {
      if (event.target === dialog || event.target.closest(".uc-zoom-close")) dialog.close();
    });
    dialog.addEventListener("keydown", function (event) { // the theme takes Escape for the search
      if (event.key !== "Escape") return;
      event.stopPropagation();
      dialog.close();
    });
    dialog.addEventListener("close", function () { if (opener) opener.focus({ preventScroll: true }); });
    document.body.append(dialog);
  }

  function open(picture, button) {
    if (!dialog) build();
    opener = button;
    var shown = dialog.querySelector("img"), figure = picture.closest("figure");
    var caption = figure && figure.querySelector(".caption-number, .caption-text") && figure.querySelector("figcaption");
    shown.src = picture.src;
    shown.alt = picture.alt;
    shown.classList.toggle("uc-plot", Boolean(picture.closest(".tag_uc-plot")));
    // As large as the window, at most twice its size; on a phone a wide row keeps its own size, to be moved by a finger.
    var wide = Number(picture.getAttribute("width")) || picture.naturalWidth, high = wide * picture.naturalHeight / picture.naturalWidth;
    var fits = Math.min((window.innerWidth - 32) / wide, (window.innerHeight - 150) / high, 2);
    shown.style.width = Math.round(wide * (window.innerWidth < 600 ? Math.max(fits, Math.min(1, 620 / wide)) : fits)) + "px";
    dialog.querySelector("p").textContent = caption ? caption.innerText.replace(/#\s*$/, "") : "";
    dialog.setAttribute("aria-label", (caption && caption.innerText.slice(0, 60)) || picture.alt.slice(0, 60));
    dialog.showModal();
    dialog.querySelector(".uc-zoom-room").focus();
  }

  function enlarge(picture) {
    var frame = document.createElement("span"), button = document.createElement("button");
    frame.className = "uc-picture";
    button.type = "button";
    button.className = "uc-enlarge";
    var number = picture.closest("figure") && picture.closest("figure").querySelector(".caption-number");
    button.setAttribute("aria-label", "Enlarge " + (number ? number.textContent.trim() : "the picture"));
    button.innerHTML = '<i class="fas fa-expand" aria-hidden="true"></i>';
    picture.replaceWith(frame);
    frame.append(picture, button);
    frame.addEventListener("click", function () { open(picture, button); });
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll(".bd-article :is(figure, .cell_output) img").forEach(function (picture) {
      if (!picture.closest("a, button, label, .uc-explorer, .sd-card")) enlarge(picture);
    });
  });
})();
