// The page around the network: images, a brush, a worker that computes, and what it found.

const {size, depth, threshold, fast} = config, whole = size * size;
const weights = {}, bytes = Uint8Array.from(atob(config.weights), letter => letter.charCodeAt(0));
let start = 0;
for (const [name, length] of config.lengths) {
  weights[name] = new Float32Array(bytes.buffer, 4 * start, length);
  start += length;
}

function answer({weights, depth, size, fast}, image) {
  const begun = performance.now(), plain = {layer, enlarge};
  const logits = unet(weights, depth, image, size, fast ? self.quick ??= engine(plain) : plain);
  return {logits, ms: performance.now() - begun};
}

// A worker computes, so that the page stays awake; or, where a browser refuses one, the page.
const waiting = new Map(), known = {weights, depth, size, fast};
let worker = null, count = 0;
try {
  const functions = [answer, convolve, relu, layer, pool, enlarge, join, unet];
  if (fast) functions.push(assemble, compiled, engine);
  const listen = `onmessage = ({data}) => {
    if (data.weights) self.known = data;
    else postMessage({number: data.number, ...answer(known, data.image)});
  };`;
  worker = new Worker(URL.createObjectURL(new Blob([...functions, listen].map(String), {type: "text/javascript"})));
  worker.postMessage(known);
  worker.onmessage = ({data}) => { waiting.get(data.number).done(data); waiting.delete(data.number); };
  worker.onerror = () => {
    worker = null;
    waiting.forEach(({image, done}) => done(answer(known, image)));
    waiting.clear();
  };
} catch (error) { worker = null; }

function run(image) {
  return new Promise(done => {
    if (!worker) return setTimeout(() => done(answer(known, image)));
    waiting.set(++count, {image, done});
    worker.postMessage({number: count, image});
  });
}

// The image lies in a canvas of its own; the one that is seen shows the brush as well.
const pen = square(size), canvas = pen.canvas, seen = find("input");
const brush = {x: size / 2, y: size / 2, down: false, shown: false};

function prepare() {
  // Grey or colour, then percentile 1 becomes 0 and percentile 99 becomes 1, as `shipping.prepare` does it.
  const {data} = pen.getImageData(0, 0, size, size), values = new Float32Array(config.channels * whole);
  for (let i = 0; i < whole; i++) {
    const colours = data.subarray(4 * i, 4 * i + 3);
    if (config.channels === 3) colours.forEach((value, channel) => { values[channel * whole + i] = value; });
    else values[i] = Math.floor((299 * colours[0] + 587 * colours[1] + 114 * colours[2] + 500) / 1000);
  }
  const sorted = values.slice().sort(), percentile = percent => {
    const place = percent / 100 * (sorted.length - 1), low = Math.floor(place), high = Math.min(low + 1, sorted.length - 1);
    return sorted[low] + (sorted[high] - sorted[low]) * (place - low);
  };
  const low = percentile(1), range = Math.max(percentile(99) - low, 1);
  return values.map(value => Math.min(Math.max((value - low) / range, 0), 1));
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
  paint(find("map"), i => Array(3).fill(255 * probability[i]));
  const shade = (i, channel) => 255 * image[(config.channels === 3 ? channel * whole : 0) + i];
  paint(find("overlay"), i => edge(i) ? [230, 120, 0] : [shade(i, 0), shade(i, 1), shade(i, 2)]);
  const n = objects(mask), share = 100 * mask.reduce((sum, value) => sum + value, 0) / whole;
  find("result").textContent =
    `${n} ${config.found[n === 1 ? 0 : 1]}, ${share.toFixed(1)} % of the image, ${ms.toFixed(0)} ms in your browser`;
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

// What is looked at: a square of the image, as large as its shorter side at zoom 1.
let shown = null;

function place(picture) {
  shown = picture;
  const inverted = find("invert").checked, side = Math.min(picture.naturalWidth, picture.naturalHeight) / find("zoom").value;
  const left = (picture.naturalWidth - side) * find("across").value / 100;
  const top = (picture.naturalHeight - side) * find("down").value / 100;
  let wide = Math.max(Math.round(side), 1), from = square(wide);
  from.drawImage(picture, left, top, side, side, 0, 0, wide, wide);
  for (; wide >= 2 * size; wide = Math.floor(wide / 2)) from = half(from, wide);  // by halves: every browser the same
  pen.imageSmoothingQuality = "low";
  pen.drawImage(from.canvas, 0, 0, wide, wide, 0, 0, size, size);
  if (inverted) invert();
  update();
}

function square(side) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  return canvas.getContext("2d", {willReadFrequently: true});
}

function half(from, wide) {
  const smaller = Math.floor(wide / 2), to = square(smaller);
  to.imageSmoothingQuality = "low";
  to.drawImage(from.canvas, 0, 0, 2 * smaller, 2 * smaller, 0, 0, smaller, smaller);
  return to;
}

function invert() {
  const all = pen.getImageData(0, 0, size, size);
  for (let i = 0; i < all.data.length; i++) if (i % 4 < 3) all.data[i] = 255 - all.data[i];
  pen.putImageData(all, 0, 0);
}

function fill(colour) {
  shown = null;
  pen.fillStyle = colour;
  pen.fillRect(0, 0, size, size);
  update();
}

// Browsers draw what there is of a JPEG. It ends with FF D9.
async function isCutOff(file) {
  const end = new Uint8Array(await file.slice(-65536).arrayBuffer());
  return file.type === "image/jpeg" && !end.some((byte, i) => byte === 0xFF && end[i + 1] === 0xD9);
}

function choose(choice) {
  find("file").value = "";  // its name must not stand beside another image
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
  if (!steps[event.key] && ![" ", "Enter"].includes(event.key)) return;
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
// A click, not a change: the one that is chosen wipes a drawing too.
choices.forEach(choice => choice.addEventListener("click", () => choose(choice)));
["zoom", "across", "down", "invert"].forEach(name => find(name).addEventListener("input", () => { if (shown) place(shown); }));
find("file").addEventListener("change", ({target}) => {
  if (!target.files.length) return;
  const picture = new Image();
  isCutOff(target.files[0]).then(early => {
    find("place").textContent = early ? "This file ends early: a part of the image is missing." : "";
  });
  picture.src = URL.createObjectURL(target.files[0]);  // read in place: nothing leaves the browser
  picture.decode().then(
    () => { choices.forEach(choice => { choice.checked = false; }); pen.clearRect(0, 0, size, size); place(picture); },
    () => {
      find("result").textContent =
        "Your browser cannot read this file as an image. Browsers do not read TIFF: save it as PNG or JPEG.";
    },
  ).finally(() => URL.revokeObjectURL(picture.src));
});

element.unetRun = image => run(image).then(({logits}) => logits);
choose(choices[0]);
