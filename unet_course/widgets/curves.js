// Guesses at runs, and how many were right at once.

let first = {};
const guesses = Object.keys(config.runs).map(key => [key, [...find(key).querySelectorAll("button")]]);

function score() {
  const judged = Object.values(first);
  find("score").textContent = format(config.score, {right: judged.filter(Boolean).length, judged: judged.length});
}

for (const [key, buttons] of guesses) {
  const {verdict, said} = config.runs[key];
  for (const button of buttons)
    button.addEventListener("click", () => {
      if (!(key in first)) first[key] = button.textContent === verdict;
      buttons.forEach(other => other.setAttribute("aria-pressed", String(other === button)));
      find(`${key}-said`).textContent = said[button.textContent];
      score();
    });
}

find("again").addEventListener("click", () => {
  first = {};
  for (const [key, buttons] of guesses) {
    buttons.forEach(button => button.removeAttribute("aria-pressed"));
    find(`${key}-said`).textContent = "";
  }
  score();
});
score();
