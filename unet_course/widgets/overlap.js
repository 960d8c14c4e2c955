// A mask follows mouse, finger and keys over another; counts and scores follow the mask.

const {size, texts, truth} = config, map = find("map"), limits = Object.entries(config.sliders);
const values = {nothing: false}; // and across, down, radius of the mask
for (const [key, {start}] of limits) values[key] = start;

const inside = (disc, i) => {
  const x = i % size, y = (i - x) / size;
  return Number((x - disc.across) ** 2 + (y - disc.down) ** 2 < disc.radius ** 2);
};
const pixels = (weights, counts) => weights.reduce((sum, weight, kind) => sum + weight * counts[kind], 0);

function change(changes) {
  Object.assign(values, changes);
  for (const [key, {texts: places}] of limits) values[key] = Math.min(Math.max(values[key], 0), places.length - 1);
  const counts = confusion(map, i => (values.nothing ? 0 : inside(truth, i)), i => inside(values, i));
  const rows = Object.entries(config.scores).map(([score, [above, below]]) => {
    const [a, b] = [pixels(above, counts), pixels(below, counts)];
    return [score, `${a} / ${b}`, b ? (a / b).toFixed(3) : "undefined"];
  });
  const [tp, fp, fn, tn] = counts, dice = rows[0][2];
  const unknown = rows.filter(row => row[2] === "undefined").map(([score]) => format(texts.unknown, {score}));
  tabulate("scores", rows);
  find("position").textContent = format(texts.position, {...values, tp, fp, fn, tn, dice});
  find("rule").textContent = dice === "undefined" ? texts.rule : unknown.join(" ");
  find("nothing").setAttribute("aria-pressed", String(values.nothing));
}

const move = (x, y, larger) =>
  change({across: values.across + x, down: values.down + y, radius: values.radius + larger});
const keys = {ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0],
  "+": [0, 0, 1], "=": [0, 0, 1], "-": [0, 0, -1]};
map.addEventListener("keydown", event => {
  if (!(event.key in keys) || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  move(...keys[event.key]);
});

let held = null;
const pixel = event => {
  const box = map.getBoundingClientRect(), scale = size / box.width;
  return [Math.floor((event.clientX - box.left) * scale), Math.floor((event.clientY - box.top) * scale)];
};
map.addEventListener("pointerdown", event => {
  const [x, y] = pixel(event);
  held = [values.across - x, values.down - y];
  map.setPointerCapture(event.pointerId);
});
map.addEventListener("pointermove", event => {
  const [x, y] = pixel(event);
  if (held) change({across: x + held[0], down: y + held[1]});
});
for (const end of ["pointerup", "pointercancel"]) map.addEventListener(end, () => { held = null; });

find("smaller").addEventListener("click", () => move(0, 0, -1));
find("larger").addEventListener("click", () => move(0, 0, 1));
find("nothing").addEventListener("click", () => change({nothing: !values.nothing}));
for (const [button, sets] of Object.entries(config.sets))
  find(button).addEventListener("click", () => change(sets[Number(values.nothing)]));
change({});
