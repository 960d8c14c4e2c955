// What takes time in live_unet.js, in WebAssembly: eight pixels and four kernels at a time. The page writes the machine
// code itself (https://webassembly.github.io/spec/core/binary), so nothing has to be fetched or compiled before.

function assemble(side, relu, fused) {
  // A convolution with kernels of side x side, with ReLU or without. Exports its memory, m, and
  // f(src, plane, row, channels, width, height, weights, dst, area): addresses and lengths in bytes, but for channels and
  // height. At weights lie four biases and then, channel by channel and place by place, one weight of each of four kernels.
  const flat = bytes => bytes.flat(Infinity);
  const number = n => n < 128 ? [n] : [n % 128 + 128, ...number(n >> 7)];
  const constant = n => [0x41, n < 64 ? n & 127 : [n % 128 + 128, n >> 7]];
  const section = (id, ...bytes) => [id, number(flat(bytes).length), bytes];
  const get = local => [0x20, local], set = (local, ...value) => [value, 0x21, local];
  const sum = (a, b) => [a, b, 0x6a], add = (local, value) => set(local, sum(get(local), value));
  const simd = (op, ...rest) => [0xfd, number(op), rest];
  const load = (from, offset) => [get(from), simd(0, 2, number(offset))];
  const splat = (from, offset) => [get(from), simd(9, 2, number(offset))];
  const store = (to, value, offset) => [get(to), get(value), simd(11, 2, number(offset))];
  const multiply = (a, b, plus) => fused
    ? [get(a), get(b), get(plus), simd(0x105)] : [get(plus), get(a), get(b), simd(0xe6), simd(0xe4)];
  const loop = (...body) => [0x03, 0x40, body, 0x0d, 0, 0x0b];  // ends on a condition: once more?
  const least = one => relu ? set(one, get(one), get(zero), simd(0xe9)) : [];
  const oneLess = local => [add(local, constant(-1)), get(local)];

  let locals = 0;
  const take = n => Array.from({length: n}, () => locals++);
  const [src, plane, row, channels, width, height, weights, dst, area] = take(9);
  const [x, left, weight, to] = take(4), lines = take(side), [factor, zero] = take(2), pixels = take(2);
  const sums = [take(2), take(2), take(2), take(2)];  // of each kernel: the left four pixels, and the right four

  const place = (line, i, j) => [
    pixels.map((four, half) => set(four, load(line, 4 * j + 16 * half))),
    sums.map((pair, kernel) => [
      set(factor, splat(weight, 4 * (4 * (side * i + j) + kernel))),
      pair.map((one, half) => set(one, multiply(pixels[half], factor, one))),
    ]),
  ];
  const code = [loop(  // over the rows
    set(x, constant(0)),
    loop(  // over eight pixels of the row
      lines.map((line, i) => set(line, i ? sum(get(lines[i - 1]), get(row)) : sum(get(src), get(x)))),
      sums.map((pair, kernel) => pair.map(one => set(one, splat(weights, 4 * kernel)))),
      set(weight, sum(get(weights), constant(16))), set(left, get(channels)),
      loop(
        lines.map((line, i) => Array.from({length: side}, (_, j) => place(line, i, j))),
        lines.map(line => add(line, get(plane))), add(weight, constant(16 * side * side)), oneLess(left)),
      set(to, sum(get(dst), get(x))),
      sums.map(pair => [pair.map((one, half) => [least(one), store(to, one, 16 * half)]), add(to, get(area))]),
      add(x, constant(32)), get(x), get(width), 0x49),
    add(src, get(row)), add(dst, get(width)), oneLess(height)), 0x0b];
  const body = [2, 4 + side, 0x7f, 12, 0x7b, code];
  return Uint8Array.from(flat([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    section(1, 1, 0x60, 9, Array(9).fill(0x7f), 0), section(3, 1, 0), section(5, 1, 0, 1),
    section(7, 2, 1, 0x6d, 2, 0, 1, 0x66, 0, 0), section(10, 1, number(flat(body).length), body),
  ]));
}

function compiled(side, relu) {
  // (map, kernel, bias) => the map after convolution, zeros beyond the border; null where a browser has no SIMD.
  // kernel: [out][in][side][side].
  const bytes = [true, false].map(fused => assemble(side, relu, fused)).find(code => WebAssembly.validate(code));
  if (!bytes) return null;
  const {m: memory, f: run} = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  const border = side >> 1, places = side * side;
  return ({c, h, w, data}, kernel, bias) => {
    const width = Math.ceil(w / 8) * 8, row = width + 8, plane = (h + 2 * border) * row, area = width * h;
    const n = bias.length, block = 4 + 4 * places * c, blocks = Math.ceil(n / 4);
    const weights = c * plane, dst = weights + block * blocks;
    const missing = 4 * (dst + 4 * area * blocks) - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65536));
    const floats = new Float32Array(memory.buffer);
    floats.fill(0, 0, dst);
    for (let line = 0; line < c * h; line++) {
      const to = Math.floor(line / h) * plane + (line % h + border) * row + border;
      floats.set(data.subarray(line * w, (line + 1) * w), to);
    }
    for (let o = 0; o < n; o++) {
      const at = weights + (o >> 2) * block + o % 4;
      floats[at] = bias[o];
      for (let k = 0; k < places * c; k++) floats[at + 4 + 4 * k] = kernel[places * c * o + k];
    }
    for (let o = 0; o < blocks; o++)
      run(0, 4 * plane, 4 * row, c, 4 * width, h, 4 * (weights + o * block), 4 * (dst + 4 * o * area), 4 * area);
    const out = {c: n, h, w, data: new Float32Array(n * h * w)};
    for (let line = 0; line < n * h; line++)
      out.data.set(floats.subarray(dst + line * width, dst + line * width + w), line * w);
    return out;
  };
}

function engine(plain) {
  // {layer, enlarge}, as fast as the browser can.
  const layer = compiled(3, true), mix = compiled(1, false);
  if (!mix) return plain;
  const enlarge = (map, kernel, bias) => {
    // A 1x1 convolution with four kernels for each of `enlarge`, then each four side by side as a square.
    const n = bias.length, four = Float32Array.from({length: 4 * n * map.c}, (_, k) => {
      const o = Math.floor(k / map.c), i = k % map.c;
      return kernel[4 * (i * n + (o >> 2)) + o % 4];
    });
    const {h, w, data} = mix(map, four, Float32Array.from({length: 4 * n}, (_, o) => bias[o >> 2]));
    const out = {c: n, h: 2 * h, w: 2 * w, data: new Float32Array(data.length)};
    for (let part = 0, from = 0; part < 4 * n; part++)
      for (let y = 0; y < h; y++)
        for (let x = 0, to = ((part >> 2) * h + y) * 4 * w + (part & 2) * w + part % 2; x < w; x++, from++, to += 2)
          out.data[to] = data[from];
    return out;
  };
  return {layer, enlarge};
}
