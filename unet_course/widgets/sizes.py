"""A calculator for the U-Net: sizes, receptive field and parameters of each part, for settings the reader chooses."""

import html
import json

from .. import receptive_field as arithmetic
from .parts import frame, is_live, options, table

DEPTHS, KERNELS, PADDINGS, FILTERS = (2, 3, 4, 5, 6), (3, 5, 7), ("valid", "same"), (8, 16, 32, 64)
LEAST, MOST = 8, 4096  # pixels of the input's side
IN_CHANNELS, OUT_CHANNELS = 1, 2  # those of the network of 2015
HEAD = ("Part", "Side", "Channels", "Sees", "Parameters")

_BODY = """
<div class="uc-explorer-live">
<p class="uc-explorer-controls uc-explorer-fields" id="$name-controls">
<span><label for="$name-depth">Levels</label> <select id="$name-depth">$depths</select></span>
<span><label for="$name-kernel">Kernel</label> <select id="$name-kernel">$kernels</select></span>
<span><label for="$name-padding">Padding</label> <select id="$name-padding">$paddings</select></span>
<span><label for="$name-side">Side of the input</label>
<input id="$name-side" type="number" min="$least" max="$most" value="$side"></span>
<span><label for="$name-filters">Filters of level 0</label> <select id="$name-filters">$filters</select></span></p>
<p id="$name-summary" aria-live="polite"></p>
<div class="uc-explorer-scroll" id="$name-parts" tabindex="0" role="region" aria-label="$alt"></div>
</div>
<div class="uc-explorer-static">
<p>$alt</p>
<p>$summary</p>
$static
</div>
"""

# The same arithmetic as unet_course/receptive_field.py, in the same order; the browser tests compare them.
_SCRIPT = """
  var head = $head, channelsIn = $in_channels, channelsOut = $out_channels;
  function layersOf(depth, kernel, padding) {
    var border = padding === "same" ? (kernel - 1) / 2 : 0, layers = [], level;
    function block(name) {
      [1, 2].forEach(function (i) {
        layers.push({ name: name + "_conv" + i, kernel: kernel, stride: 1, padding: border, up: 1 });
      });
    }
    block("encoder_0");
    for (level = 1; level < depth; level++) {
      layers.push({ name: "pool_" + level, kernel: 2, stride: 2, padding: 0, up: 1 });
      block("encoder_" + level);
    }
    for (level = depth - 2; level >= 0; level--) {
      layers.push({ name: "up_" + level, kernel: 1, stride: 1, padding: 0, up: 2 });
      block("decoder_" + level);
    }
    return layers.concat({ name: "head", kernel: 1, stride: 1, padding: 0, up: 1 });
  }
  function seen(layers) {
    var positions = layers.reduce(function (all, layer) { return all * layer.up; }, 1), most = 0;
    for (var position = 0; position < positions; position++) {
      var first = position, last = position;
      layers.slice().reverse().forEach(function (layer) {
        first = Math.floor(first / layer.up) * layer.stride - layer.padding;
        last = Math.floor(last / layer.up) * layer.stride - layer.padding + layer.kernel - 1;
      });
      most = Math.max(most, last - first + 1);
    }
    return most;
  }
  function learned(depth, kernel, filters) {
    var counts = {}, level;
    function convolution(from, to, side) { return (side * side * from + 1) * to; }
    function block(from, to) { return convolution(from, to, kernel) + convolution(to, to, kernel); }
    function width(level) { return filters * Math.pow(2, level); }
    for (level = 0; level < depth; level++)
      counts["encoder_" + level] = [block(level ? width(level - 1) : channelsIn, width(level)), width(level)];
    for (level = depth - 2; level >= 0; level--) {
      counts["up_" + level] = [convolution(width(level + 1), width(level), 2), width(level)];
      counts["decoder_" + level] = [block(2 * width(level), width(level)), width(level)];
    }
    counts.head = [convolution(filters, channelsOut, 1), channelsOut];
    return counts;
  }
  function chosen(part) { return Number(find(part).value); }
  function text(number) { return number.toLocaleString("en-GB"); }
  function report(depth, kernel, padding, side, filters) {
    var layers = layersOf(depth, kernel, padding), counts = learned(depth, kernel, filters), rows = [], total = 0;
    var multiple = Math.pow(2, depth - 1), same = padding === "same", notes = [];
    var size = same ? Math.ceil(side / multiple) * multiple : side;
    if (size > side) notes.push("The input is padded to " + size + " pixels and the output cut back to " + side + ".");
    for (var i = 0; i < layers.length; i++) {
      var layer = layers[i], wide = size + 2 * layer.padding, part = layer.name.replace("_conv2", "");
      if (wide < layer.kernel) {
        var problem = "at " + layer.name + " a kernel of " + layer.kernel + " meets " + size + " pixels.";
        return { rows: [], summary: "The input is too small: " + problem };
      }
      if (layer.stride === 2 && size % 2)
        notes.push(layer.name + " leaves out the last of " + size + " rows and columns.");
      size = (Math.floor((wide - layer.kernel) / layer.stride) + 1) * layer.up;
      if (!(part in counts)) continue;
      rows.push([part, text(size), text(counts[part][1]), text(seen(layers.slice(0, i + 1))), text(counts[part][0])]);
      total += counts[part][0];
    }
    var summary = text(side) + " pixels in, " + text(same ? side : size) + " out; an output pixel sees at most " +
      text(seen(layers)) + "; " + text(total) + " parameters.";
    return { rows: rows, summary: [summary].concat(notes).join(" ") };
  }
  function line(cells, kind) {
    return "<tr>" + cells.map(function (cell, i) {
      return kind === "col" || !i ? '<th scope="' + kind + '">' + cell + "</th>" : "<td>" + cell + "</td>";
    }).join("") + "</tr>";
  }
  function update() {
    var side = chosen("side");
    if (side % 1 || side < $least || side > $most) {
      find("summary").textContent = "The side of the input is a whole number from $least to $most.";
      return;
    }
    var said = report(chosen("depth"), chosen("kernel"), find("padding").value, side, chosen("filters"));
    find("summary").textContent = said.summary;
    find("parts").innerHTML = said.rows.length ? "<table>" + line(head, "col") + said.rows.map(function (row) {
      return line(row, "row");
    }).join("") + "</table>" : "";
  }
  find("controls").addEventListener("input", update);
  update();
"""


def size_explorer(*, name, title, alt, depth=5, side=572, base_filters=64):
    """A calculator for sizes, receptive field and parameters of a U-Net; it begins with the network of 2015.

    Parameters
    ----------
    name : str
        Unique on the page: it becomes the HTML id.
    title, alt : str
        Shown above; what the table holds, for those who do not see it.
    depth : int
        Levels, the deepest included, as `unet` counts them; 2 to 6.
    side : int
        Pixels of the input's side.
    base_filters : int
        Filters of level 0.

    Returns
    -------
    IPython.display.HTML
        The reader chooses levels, kernel, padding, side and filters. On paper and without JavaScript the table of the
        settings it begins with. In a live notebook, ipywidgets of the same numbers.
    """
    from IPython.display import HTML

    if is_live():
        from . import live

        return live.calculator(depth, side, base_filters, title=title, alt=alt)
    rows, summary = report(depth, KERNELS[0], PADDINGS[0], side, base_filters)
    page = frame(
        _BODY,
        _SCRIPT,
        name=name,
        title=title,
        alt=html.escape(alt),
        side=side,
        least=LEAST,
        most=MOST,
        depths=options(DEPTHS, depth),
        kernels=options(KERNELS, KERNELS[0]),
        paddings=options(PADDINGS, PADDINGS[0]),
        filters=options(sorted({*FILTERS, base_filters}), base_filters),
        head=json.dumps(HEAD),
        in_channels=IN_CHANNELS,
        out_channels=OUT_CHANNELS,
        summary=summary,
        static=table(HEAD, rows, label=alt),
    )
    return HTML(page)


def report(depth, kernel, padding, side, base_filters):
    """What the explorer says: the rows of its table as texts, and the sentences above it."""
    layers = arithmetic.unet_layers(depth, kernel=kernel, padding=padding)
    size = side + -side % 2 ** (depth - 1) if padding == "same" else side
    notes = [f"The input is padded to {size} pixels and the output cut back to {side}."] if size > side else []
    sizes = {}
    for layer in layers:
        if size + 2 * layer.padding < layer.kernel:
            return [], f"The input is too small: at {layer.name} a kernel of {layer.kernel} meets {size} pixels."
        if layer.stride == 2 and size % 2:
            notes.append(f"{layer.name} leaves out the last of {size} rows and columns.")
        size = sizes[layer.name] = arithmetic.output_sizes([layer], size)[layer.name]
    counts = arithmetic.unet_parameters(
        IN_CHANNELS, OUT_CHANNELS, base_filters=base_filters, depth=depth, batch_norm=False, kernel=kernel
    )
    rows = []
    for position, layer in enumerate(layers, start=1):
        part = layer.name.removesuffix("_conv2")
        if part in counts:
            channels = OUT_CHANNELS if part == "head" else base_filters * 2 ** int(part[-1])
            sees = arithmetic.receptive_field(layers[:position])
            rows.append([part, *(f"{number:,}" for number in (sizes[layer.name], channels, sees, counts[part]))])
    summary = (
        f"{side:,} pixels in, {side if padding == 'same' else size:,} out; an output pixel sees at most "
        f"{arithmetic.receptive_field(layers):,}; {sum(counts.values()):,} parameters."
    )
    return rows, " ".join([summary, *notes])
