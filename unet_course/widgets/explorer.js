// What explorers share: their parts, sentences, tables, a slider, images. Python writes `config`.

const element = document.getElementById(config.name);
const find = part => document.getElementById(`${config.name}-${part}`);

// Sentences hold {words}, as for `str.format` in Python.
const format = (sentence, values) => sentence.replace(/{(\w+)}/g, (_, word) => values[word]);

function tabulate(part, rows) {
  const cells = rest => rest.map(cell => `<td>${cell}</td>`).join("");
  find(part).innerHTML = rows.map(([first, ...rest]) => `<tr><th scope="row">${first}</th>${cells(rest)}</tr>`).join("");
  find(part).closest("table").hidden = !rows.length;
}

function slider(part, moved) {
  // Says the text of its place, seen and read aloud; `moved` does the rest.
  const input = find(part), update = () => {
    const place = Number(input.value), text = config.sliders[part].texts[place];
    find(`${part}-value`).textContent = text;
    input.setAttribute("aria-valuetext", text);
    moved(place);
  };
  input.addEventListener("input", update);
  update();
}

function paint(canvas, colour) {
  const context = canvas.getContext("2d"), picture = context.createImageData(canvas.width, canvas.height);
  picture.data.fill(255);  // opaque
  for (let i = 0; i < canvas.width * canvas.height; i++) picture.data.set(colour(i), 4 * i);
  context.putImageData(picture, 0, 0);
}

function confusion(canvas, truth, prediction) {
  // Paints two masks; counts hits, false alarms, misses and what is rightly left out.
  const counts = [0, 0, 0, 0];
  paint(canvas, i => {
    const kind = 3 - 2 * prediction(i) - truth(i);
    counts[kind]++;
    return config.colours[kind];
  });
  return counts;
}
