"""The slides of a chapter as a file that PowerPoint, Keynote and LibreOffice open: to cut, to translate, to add to."""

import base64
import html
import io
import re
from html.parser import HTMLParser

_WIDE, _HIGH, _MARGIN = 13.333, 7.5, 0.6  # inches
_TOP = 1.3  # below the title
_SIZES = ((350, 22), (700, 18), (1200, 14))  # points of the text, by its characters at most
_SMALLEST = 12


def deck(slides):
    """The slides as a .pptx file.

    Parameters
    ----------
    slides : sequence of cut.Slide
        The title first.

    Returns
    -------
    bytes
        Text, tables and figures can be edited and moved; figures keep their alt text. Formulas stand as LaTeX, which
        the formula editor of PowerPoint reads. In the place of an explorer stands a line that names its page.
    """
    from pptx import Presentation
    from pptx.util import Inches

    file = Presentation()
    file.slide_width, file.slide_height = Inches(_WIDE), Inches(_HIGH)
    file.core_properties.title, file.core_properties.author = slides[0].heading, "The U-Net course authors"
    for slide in slides:
        _add(file, slide)
    written = io.BytesIO()
    file.save(written)
    return written.getvalue()


def _add(file, slide):
    page = file.slides.add_slide(file.slide_layouts[5])  # a title and nothing else
    _place(page.shapes.title, 0.3, 0.9)
    page.shapes.title.text = slide.heading
    texts, shown = [text for text in slide.texts if text], slide.shown
    if shown and "uc-explorer" in shown.page:
        texts, shown = [*texts, "*Here the page of the chapter has an explorer to move.*"], None
    top = _TOP
    if texts:
        top += 1.2 if shown else _HIGH - _TOP - 0.3
        _write(_box(page, _TOP, top), texts)
    if shown and shown.png:
        _figure(page, shown, top)
    elif shown:
        _table(page, shown.page, top)
    if slide.notes:
        page.notes_slide.notes_text_frame.text = "\n\n".join(slide.notes)


def _place(shape, top, height):
    from pptx.util import Inches

    shape.left, shape.width = Inches(_MARGIN), Inches(_WIDE - 2 * _MARGIN)
    shape.top, shape.height = Inches(top), Inches(height)


def _box(page, top, bottom):
    box = page.shapes.add_textbox(0, 0, 0, 0)
    _place(box, top, bottom - top)
    box.text_frame.word_wrap = True
    return box.text_frame


def _write(frame, texts):
    """Markdown as paragraphs: lists with a bullet, strong words bold, code in a font of even width."""
    from pptx.util import Pt

    size = next((points for most, points in _SIZES if len("".join(texts)) <= most), _SMALLEST)
    blocks = [block for text in texts for block in _blocks(text)]
    for number, (block, kind) in enumerate(blocks):
        paragraph = frame.paragraphs[0] if not number else frame.add_paragraph()
        paragraph.space_after = Pt(size / 3)
        for words, style in _runs(block, kind):
            run = paragraph.add_run()
            run.text, run.font.size = words, Pt(size)
            run.font.bold, run.font.italic = style == "strong" or None, style == "emphasis" or None
            if style == "code":
                run.font.name = "Consolas"


def _blocks(text):
    """Paragraphs, list items and listings of plain Markdown, each with its kind."""
    for piece in re.findall(r"^```.*?^```$|^\$\$.*?\$\$$|(?:^(?!\s*$)[^\n]+\n?)+", text, re.MULTILINE | re.DOTALL):
        if piece.startswith("```"):
            yield "\n".join(piece.split("\n")[1:-1]), "code"
        elif piece.startswith(("$$", "|")):
            yield piece.strip("$\n "), "code"
        else:
            for item in re.split(r"\n(?=- |\d+\. )", piece.strip()):
                words = " ".join(item.split()).lstrip("#").strip()
                yield f"• {words[2:]}" if words.startswith("- ") else words, "text"


def _runs(block, kind):
    """Pieces of one style: (words, "text", "strong", "emphasis" or "code")."""
    if kind == "code":
        yield block, "code"
        return
    block = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", block)  # of a link its words
    for strong, emphasis, code, formula, text in re.findall(
        r"\*\*(.+?)\*\*|\*(.+?)\*|`([^`]+)`|\$([^$]+)\$|((?:(?![*`$]).)+|.)", html.unescape(block)
    ):
        yield (
            strong or emphasis or code or formula or text,
            ("strong" if strong else "emphasis" if emphasis else "code" if code or formula else "text"),
        )


def _figure(page, shown, top):
    """The figure as large as it fits, its caption below."""
    from pptx.util import Inches

    room = _HIGH - top - 0.9
    picture = page.shapes.add_picture(io.BytesIO(base64.b64decode(shown.png)), 0, Inches(top))
    scale = min(Inches(room) / picture.height, Inches(_WIDE - 2 * _MARGIN) / picture.width)
    picture.width, picture.height = int(picture.width * scale), int(picture.height * scale)
    picture.left = (Inches(_WIDE) - picture.width) // 2
    picture._element.nvPicPr.cNvPr.set("descr", shown.alt)  # python-pptx has no name for it
    _write(_box(page, top + room, _HIGH - 0.1), [shown.caption])


def _table(page, text, top):
    from pptx.util import Inches, Pt

    rows = _Rows.of(text)
    wide = max(map(len, rows))
    size = Inches(_MARGIN), Inches(top), Inches(_WIDE - 2 * _MARGIN), Inches(0.35) * len(rows)
    table = page.shapes.add_table(len(rows), wide, *size).table
    for line, row in enumerate(rows):
        for column, words in enumerate(row):
            cell = table.cell(line, column)
            cell.text = words
            cell.text_frame.paragraphs[0].font.size = Pt(14 if wide < 7 else 11)


class _Rows(HTMLParser):
    """The cells of the rows of an HTML table, as text."""

    def __init__(self):
        super().__init__()
        self.rows, self.inside = [], False

    @classmethod
    def of(cls, text):
        parser = cls()
        parser.feed(text)
        return [[" ".join(cell.split()) for cell in row] for row in parser.rows if row]

    def handle_starttag(self, tag, attributes):
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        self.inside = tag in ("td", "th") or self.inside

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data
