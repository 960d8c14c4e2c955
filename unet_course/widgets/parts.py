"""What the explorers share: their look, and bytes as text."""

import base64

STYLE = """<style>
.uc-explorer input[type=range] { width: min(24rem, 70%); vertical-align: middle; }
.uc-explorer-pictures { display: flex; flex-wrap: wrap; gap: 1rem; }
.uc-explorer-pictures figure { margin: 0; }
.uc-explorer-pictures :is(canvas, img) { width: min(256px, 85vw); image-rendering: pixelated; border: 1px solid #888; }
.uc-explorer-frames :is(canvas, img) { width: min(384px, 85vw); }
.uc-explorer-frames[data-live] :is(figure:not([data-shown]), figcaption) { display: none; }
@media print {
  .uc-explorer-controls { display: none; }
  .uc-explorer-frames[data-live] :is(figure:not([data-shown]), figcaption) { display: block; }
  .uc-explorer-frames :is(figure, img) { width: 150px; }
}
</style>"""


def as_text(data):
    """Bytes in base64, which a page can hold."""
    return base64.b64encode(data).decode()
