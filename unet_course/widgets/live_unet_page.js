// The page around the network: pictures, a brush, a worker that computes, and what it found.

const element = document.getElementById(config.name), find = part => document.getElementById(`${config.name}-${part}`);
const {size, threshold} = config, whole = size * size;
const weights = {}, bytes = Uint8Array.from(atob(config.weights), letter => letter.charCodeAt(0));
let start = 0;
for (const [name, length] of config.lengths) {
  weights[name] = new Float32Array(bytes.buffer, 4 * start, length);
  start += length;
}

// A worker computes, so that the page stays awake. Where a browser refuses one, the page computes itself.
const waiting = new Map();
let worker = null, count = 0;
try {
  const functions = [convolve, relu, pool, enlarge, join, unet].map(String).join("\n");
  const listen = `onmessage = ({data}) => {
    if (data.weights) { self.known = data; return; }
    const begun = performance.now(), logits = unet(known.weights, known.depth, data.image, known.size);
    postMessage({number: data.number, logits, ms: performance.now() - begun});
  };`;
  worker = new Worker(URL.createObjectURL(new Blob([functions, listen], {type: "text/javascript"})));
  worker.postMessage({weights, depth: config.depth, size});
  worker.onmessage = ({data}) => { waiting.get(data.number).done(data); waiting.delete(data.number); };
  worker.onerror = () => {
    worker = null;
    waiting.forEach(({image, done}) => done(here(image)));
    waiting.clear();
  };
} catch (error) { worker = null; }

function here(image) {
  const begun = performance.now(), logits = unet(weights, config.depth, image, size);
  return {logits, ms: performance.now() - begun};
}

function run(image) {
  if (!worker) return new Promise(done => setTimeout(() => done(here(image))));
  return new Promise(done => {
    waiting.set(++count, {image, done});
    worker.postMessage({number: count, image});
  });
}

// The picture lies in a canvas of its own; the one that is seen shows the brush as well.
const canvas = document.createElement("canvas");
canvas.width = canvas.height = size;
const pen = canvas.getContext("2d", {willReadFrequently: true}), seen = find("input");
const brush = {x: size / 2, y: size / 2, down: false, shown: false};
pen.imageSmoothingQuality = "high";

function prepare() {
  // Grey, then percentile 1 becomes 0 and percentile 99 becomes 1, as `shipping.prepare` does it.
  const {data} = pen.getImageData(0, 0, size, size), grey = new Float32Array(whole);
  for (let i = 0; i < whole; i++)
    grey[i] = Math.floor((299 * data[4 * i] + 587 * data[4 * i + 1] + 114 * data[4 * i + 2] + 500) / 1000);
  const sorted = grey.slice().sort(), percentile = percent => {
    const place = percent / 100 * (whole - 1), low = Math.floor(place), high = Math.min(low + 1, whole - 1);
    return sorted[low] + (sorted[high] - sorted[low]) * (place - low);
  };
  const low = percentile(1), range = Math.max(percentile(99) - low, 1);
  return grey.map(value => Math.min(Math.max((value - low) / range, 0), 1));
}

function paint(target, colour) {
  const context = target.getContext("2d"), picture = context.createImageData(size, size);
  for (let i = 0; i < whole; i++) picture.data.set(colour(i), 4 * i);
  context.putImageData(picture, 0, 0);
}

function objects(mask) {
  // Groups of pixels that touch, corners included; fewer than five pixels are a speck.
  const left = mask.slice();
  let found = 0;
  for (let first = 0; first < whole; first++) {
    if (!left[first]) continue;
    const stack = [first];
    let area = 0;
    left[first] = 0;
    while (stack.length) {
      const i = stack.pop(), x = i % size;
      area++;
      for (const step of [-size - 1, -size, -size + 1, -1, 1, size - 1, size, size + 1]) {
        const next = i + step;
        if (left[next] && Math.abs(next % size - x) < 2) { left[next] = 0; stack.push(next); }
      }
    }
    if (area >= 5) found++;
  }
  return found;
}

function show(image, {logits, ms}) {
  const probability = logits.map(value => 1 / (1 + Math.exp(-value)));
  const mask = Uint8Array.from(probability, value => value > threshold);
  const edge = i => mask[i] && [1, -1, size, -size].some(step => !mask[i + step]);
  paint(find("map"), i => { const grey = 255 * probability[i]; return [grey, grey, grey, 255]; });
  paint(find("overlay"), i => { const grey = 255 * image[i]; return edge(i) ? [230, 120, 0, 255] : [grey, grey, grey, 255]; });
  const n = objects(mask), share = 100 * mask.reduce((sum, value) => sum + value, 0) / whole;
  find("result").textContent =
    `${n} ${n === 1 ? "nucleus" : "nuclei"}, ${share.toFixed(1)} % of the picture, ${ms.toFixed(0)} ms in your browser`;
  Object.assign(element, {unetInput: image, unetLogits: logits, unetCount: n});
  element.dataset.answers = Number(element.dataset.answers || 0) + 1;
}

let busy = false, again = false;
async function update() {
  refresh();
  if (busy) { again = true; return; }
  busy = true;
  do {
    again = false;
    const image = prepare();
    show(image, await run(image));
  } while (again);
  busy = false;
}

function refresh() {
  const context = seen.getContext("2d");
  context.drawImage(canvas, 0, 0);
  if (!brush.shown) return;
  context.strokeStyle = "#e67800";
  context.beginPath();
  context.arc(brush.x, brush.y, find("width").value / 2, 0, 2 * Math.PI);
  context.stroke();
}

function fill(colour) { pen.fillStyle = colour; pen.fillRect(0, 0, size, size); update(); }

function place(picture) {
  // The largest square in the middle, scaled to the size the network was trained on.
  const side = Math.min(picture.naturalWidth, picture.naturalHeight);
  pen.drawImage(picture, (picture.naturalWidth - side) / 2, (picture.naturalHeight - side) / 2, side, side, 0, 0, size, size);
  update();
}

function choose(choice) {
  if (choice.value.startsWith("#")) return fill(choice.value);
  const picture = element.querySelector(`img[data-sample="${choice.value}"]`);
  picture.decode().then(() => place(picture));
}

function stroke(from) {
  const line = find("width").value;
  pen.strokeStyle = element.querySelector(`input[name="${config.name}-ink"]:checked`).value;
  Object.assign(pen, {lineWidth: line, lineCap: "round"});
  pen.beginPath();
  pen.moveTo(from.x, from.y);
  pen.lineTo(brush.x, brush.y + 0.01);
  pen.stroke();
  update();
}

function move(event) {
  const box = seen.getBoundingClientRect(), from = {x: brush.x, y: brush.y};
  brush.x = (event.clientX - box.left) * size / box.width;
  brush.y = (event.clientY - box.top) * size / box.height;
  return from;
}

seen.addEventListener("pointerdown", event => {
  event.preventDefault();
  seen.setPointerCapture(event.pointerId);
  Object.assign(brush, {down: true, shown: false});
  move(event);
  stroke(brush);
});
seen.addEventListener("pointermove", event => { if (brush.down) stroke(move(event)); });
for (const end of ["pointerup", "pointercancel"]) seen.addEventListener(end, () => { brush.down = false; });

const steps = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
seen.addEventListener("keydown", event => {
  if (!steps[event.key] && event.key !== " " && event.key !== "Enter") return;
  event.preventDefault();
  brush.shown = true;
  if (!steps[event.key]) return stroke(brush);
  const [x, y] = steps[event.key], far = event.shiftKey ? 1 : 4, inside = v => Math.min(Math.max(v, 0), size - 1);
  Object.assign(brush, {x: inside(brush.x + far * x), y: inside(brush.y + far * y)});
  find("place").textContent = `brush at column ${Math.round(brush.x)}, row ${Math.round(brush.y)}`;
  refresh();
});
seen.addEventListener("blur", () => { brush.shown = false; find("place").textContent = ""; refresh(); });

const choices = element.querySelectorAll(`input[name="${config.name}-picture"]`);
choices.forEach(choice => choice.addEventListener("change", () => choose(choice)));
find("file").addEventListener("change", ({target}) => {
  if (!target.files.length) return;
  const picture = new Image();
  picture.src = URL.createObjectURL(target.files[0]);  // read in place: nothing leaves the browser
  picture.decode().then(
    () => { choices.forEach(choice => { choice.checked = false; }); fill("#000"); place(picture); },
    () => { find("result").textContent = "Your browser cannot read this file as a picture."; },
  ).finally(() => URL.revokeObjectURL(picture.src));
});

element.unetRun = image => run(image).then(({logits}) => logits);
element.setAttribute("data-live", "");
choose(choices[0]);
