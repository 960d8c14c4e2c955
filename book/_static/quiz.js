// Quizzes mark themselves: the verdicts come from the list that readers without JavaScript unfold. Nothing is remembered.
(function () {
  "use strict";

  function letter(question) {
    var chosen = question.querySelector("input:checked");
    return chosen && chosen.value;
  }

  function verdictOn(question, letter) {
    return question.querySelector('.uc-verdicts [data-letter="' + letter + '"]');
  }

  function show(question) {
    var verdict = verdictOn(question, letter(question)), said = question.querySelector(".uc-verdict");
    var right = verdict.hasAttribute("data-right");
    said.innerHTML = verdict.innerHTML;
    said.dataset.right = question.dataset.right = right;
    if (!question.dataset.first) question.dataset.first = right;
  }

  function start(bar) {
    var questions = Array.from(document.querySelectorAll(".uc-question"));

    function count() {
      var answered = questions.filter(function (question) { return question.dataset.first; });
      var right = answered.filter(function (question) { return question.dataset.first === "true"; });
      bar.querySelector(".uc-quiz-score").textContent = right.length + " right at the first try, " + answered.length +
        " of " + questions.length + " questions answered.";
    }

    questions.forEach(function (question) {
      question.addEventListener("change", function () {
        show(question);
        count();
      });
    });
    bar.querySelector(".uc-quiz-reset").addEventListener("click", function () {
      questions.forEach(function (question) {
        question.querySelectorAll("input").forEach(function (input) { input.checked = false; });
        question.querySelector(".uc-verdict").textContent = "";
        delete question.querySelector(".uc-verdict").dataset.right;
        delete question.dataset.right;
        delete question.dataset.first;
      });
      count();
    });
    document.documentElement.dataset.ucQuiz = "live";
    bar.hidden = false;
    count();
  }

  document.addEventListener("DOMContentLoaded", function () {
    var bar = document.querySelector(".uc-quiz-bar");
    if (bar) start(bar);
  });
})();
