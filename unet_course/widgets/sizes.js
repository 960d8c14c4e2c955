// An image goes through the layers of a U-Net: its size after each, and what Python counted for each part.

const {texts, least, most} = config, chosen = key => find(key).value, text = number => number.toLocaleString("en-GB");

function report(side) {
  const layers = config.layers[`${chosen("depth")} ${chosen("kernel")} ${chosen("padding")}`];
  const parts = config.parts[`${chosen("kernel")} ${chosen("filters")}`];
  const same = chosen("padding") === "same", multiple = 2 ** (chosen("depth") - 1);
  const rows = [], notes = [];
  let size = same ? Math.ceil(side / multiple) * multiple : side, total = 0, sight = 1;
  if (size > side) notes.push(format(texts.padded, {size, side}));
  for (const [layer, kernel, stride, padding, up, sees] of layers) {
    if (size + 2 * padding < kernel) return {rows: [], summary: format(texts.small, {layer, kernel, size})};
    if (stride === 2 && size % 2) notes.push(format(texts.odd, {layer, size}));
    size = (Math.floor((size + 2 * padding - kernel) / stride) + 1) * up;
    sight = sees;
    const part = layer.replace("_conv2", "");
    if (!(part in parts)) continue;
    const [channels, parameters] = parts[part];
    rows.push([part, ...[size, channels, sees, parameters].map(text)]);
    total += parameters;
  }
  const numbers = {side: text(side), out: text(same ? side : size), sees: text(sight), total: text(total)};
  return {rows, summary: [format(texts.summary, numbers), ...notes].join(" ")};
}

function update() {
  const side = Number(chosen("side")), fits = side % 1 === 0 && side >= least && side <= most;
  const {rows, summary} = fits ? report(side) : {summary: texts.refused};
  find("summary").textContent = summary;
  if (fits) tabulate("parts", rows);
}

find("controls").addEventListener("input", update);
update();
