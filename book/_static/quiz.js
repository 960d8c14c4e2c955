// Quizzes mark themselves: the verdicts come from the list that readers without JavaScript unfold. This browser remembers them.
(function () {
  "use strict";
  var KEY = "uc-quiz " + DOCUMENTATION_OPTIONS.pagename;

  function verdictOn(question, letter) {
    return question.querySelector('.uc-verdicts [data-letter="' + letter + '"]');
  }

  // The text, not the number: a question that comes in between must not move the answers.
  function nameOf(question) {
    return question.querySelector("legend").textContent.replace(/^\d+\. /, "");
  }

  function remembered() {
    try { return JSON.parse(localStorage.getItem(KEY)) || {}; } catch (error) { return {}; }
  }

  function remember(answers) {
    try { localStorage.setItem(KEY, JSON.stringify(answers)); } catch (error) { /* private window */ }
  }

  function show(question, letter) {
    var verdict = verdictOn(question, letter), said = question.querySelector(".uc-verdict");
    var right = verdict.hasAttribute("data-right");
    said.innerHTML = verdict.innerHTML;
    said.dataset.right = question.dataset.right = right;
    if (!question.dataset.first) question.dataset.first = right;
  }

  function clear(question) {
    question.querySelectorAll("input").forEach(function (input) { input.checked = false; });
    question.querySelector(".uc-verdict").textContent = "";
    delete question.querySelector(".uc-verdict").dataset.right;
    delete question.dataset.right;
    delete question.dataset.first;
  }

  function start(bar) {
    var questions = Array.from(document.querySelectorAll(".uc-question")), byArrow = false;

    function count() {
      var answered = questions.filter(function (question) { return question.dataset.first; });
      var right = answered.filter(function (question) { return question.dataset.first === "true"; });
      bar.querySelector(".uc-quiz-score").textContent = right.length + " right at the first try, " + answered.length +
        " of " + questions.length + " questions answered.";
    }

    function answer(question) {
      var chosen = question.querySelector("input:checked"), answers = remembered(), name = nameOf(question);
      if (!chosen) return;
      show(question, chosen.value);
      answers[name] = [(answers[name] || [chosen.value])[0], chosen.value];
      remember(answers);
      count();
    }

    // Arrow keys move between the answers, which is not answering yet.
    document.addEventListener("keydown", function (event) { byArrow = event.key.startsWith("Arrow"); }, true);
    document.addEventListener("pointerdown", function () { byArrow = false; }, true);
    questions.forEach(function (question) {
      question.addEventListener("change", function () {
        if (!byArrow) return answer(question);
        if (!question.dataset.first) question.querySelector(".uc-verdict").textContent = "Press Enter to answer.";
      });
      question.addEventListener("keydown", function (event) {
        if (event.key === "Enter" || event.key === " ") answer(question);
      });
      (remembered()[nameOf(question)] || []).forEach(function (letter) {
        var input = question.querySelector('input[value="' + letter + '"]');
        if (!input) return;
        input.checked = true;
        show(question, letter);
      });
    });
    bar.querySelector(".uc-quiz-reset").addEventListener("click", function () {
      questions.forEach(clear);
      try { localStorage.removeItem(KEY); } catch (error) { /* private window */ }
      count();
    });
    document.documentElement.dataset.ucQuiz = "live";
    bar.hidden = false;
    count();
  }

  // What the reader can do, ticked by themselves; kept by its text, as answers are.
  function rememberTicks(boxes) {
    var key = KEY.replace("uc-quiz", "uc-can"), ticked = [];
    try { ticked = JSON.parse(localStorage.getItem(key)) || []; } catch (error) { /* private window, or another version */ }
    boxes.forEach(function (box) {
      box.checked = ticked.includes(box.parentElement.textContent);
      box.addEventListener("change", function () {
        var now = boxes.filter(function (one) { return one.checked; }).map(function (one) { return one.parentElement.textContent; });
        try { localStorage.setItem(key, JSON.stringify(now)); } catch (error) { /* private window */ }
      });
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    rememberTicks(Array.from(document.querySelectorAll(".uc-can input")));
    var bar = document.querySelector(".uc-quiz-bar");
    if (bar) start(bar);
  });
})();
