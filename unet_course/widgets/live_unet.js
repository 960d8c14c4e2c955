// A U-Net in plain JavaScript: what `unet` of the course computes, batch norm folded in, for one image.
// A feature map is {c, h, w, data}: `data` holds channel after channel, each row after row.

function convolve(map, kernel, bias) {
  // 3x3, zeros beyond the border. kernel: [out][in][3][3], as PyTorch stores it.
  const {c, h, w} = map, wide = w + 2, padded = new Float32Array(c * (h + 2) * wide);
  for (let i = 0; i < c; i++)
    for (let y = 0; y < h; y++) {
      const row = map.data.subarray((i * h + y) * w, (i * h + y + 1) * w);
      padded.set(row, (i * (h + 2) + y + 1) * wide + 1);
    }
  const out = {c: bias.length, h, w, data: new Float32Array(bias.length * h * w)};
  for (let o = 0; o < out.c; o++) {
    out.data.fill(bias[o], o * h * w, (o + 1) * h * w);
    for (let i = 0; i < c; i++) {
      const at = 9 * (o * c + i), [a, b, d, e, f, g, j, k, l] = kernel.subarray(at, at + 9);
      for (let y = 0; y < h; y++) {
        // p: corner of the 3x3 window
        let p = (i * (h + 2) + y) * wide, to = (o * h + y) * w;
        for (let x = 0; x < w; x++, p++, to++) {
          const q = p + wide, r = q + wide;
          out.data[to] +=
            a * padded[p] + b * padded[p + 1] + d * padded[p + 2] +
            e * padded[q] + f * padded[q + 1] + g * padded[q + 2] +
            j * padded[r] + k * padded[r + 1] + l * padded[r + 2];
        }
      }
    }
  }
  return out;
}

function relu(map) {
  for (let i = 0; i < map.data.length; i++) if (map.data[i] < 0) map.data[i] = 0;
  return map;
}

function pool({c, h, w, data}) {
  // The largest of each 2x2 square.
  const out = {c, h: h / 2, w: w / 2, data: new Float32Array(c * h * w / 4)};
  for (let row = 0, to = 0; row < c * out.h; row++)
    for (let x = 0; x < out.w; x++, to++) {
      const from = 2 * (row * w + x);
      out.data[to] = Math.max(data[from], data[from + 1], data[from + w], data[from + w + 1]);
    }
  return out;
}

function enlarge({c, h, w, data}, kernel, bias) {
  // Transposed convolution, 2x2 with stride 2: each pixel becomes a square. kernel: [in][out][2][2].
  const out = {c: bias.length, h: 2 * h, w: 2 * w, data: new Float32Array(4 * bias.length * h * w)};
  for (let o = 0; o < out.c; o++) {
    out.data.fill(bias[o], 4 * o * h * w, 4 * (o + 1) * h * w);
    for (let i = 0; i < c; i++)
      for (let y = 0; y < out.h; y++)
        for (let x = 0; x < out.w; x++)
          out.data[(o * out.h + y) * out.w + x] +=
            kernel[4 * (i * out.c + o) + 2 * (y % 2) + x % 2] * data[(i * h + (y >> 1)) * w + (x >> 1)];
  }
  return out;
}

function join(skip, up) {
  const data = new Float32Array(skip.data.length + up.data.length);
  data.set(skip.data);
  data.set(up.data, skip.data.length);
  return {c: skip.c + up.c, h: up.h, w: up.w, data};
}

function layer(...all) { return relu(convolve(...all)); }

function unet(weights, depth, image, size, {layer, enlarge}) {
  // Logits of size x size pixels, a multiple of 2 ** (depth - 1).
  const apply = (f, x, name) => f(x, weights[`${name}.weight`], weights[`${name}.bias`]);
  const block = (x, name) => apply(layer, apply(layer, x, `${name}.conv1`), `${name}.conv2`);
  let x = {c: image.length / (size * size), h: size, w: size, data: image};
  const skips = [];
  for (let level = 0; level < depth; level++) {
    if (level > 0) { skips.push(x); x = pool(x); }
    x = block(x, `encoder.${level}`);
  }
  for (let level = depth - 2; level >= 0; level--) {
    x = block(join(skips[level], apply(enlarge, x, `up.${level}`)), `decoder.${level}`);
  }
  const head = weights["head.weight"], n = size * size;
  const logits = new Float32Array(n).fill(weights["head.bias"][0]);
  for (let i = 0; i < x.c; i++)
    for (let p = 0; p < n; p++) logits[p] += head[i] * x.data[i * n + p];
  return logits;
}
