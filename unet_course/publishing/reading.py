"""How long a page takes to read, and how a long one falls into sittings."""

import re
from functools import cache

from . import chapters, drawing

LONGEST = 40  # minutes: what one reads at a stretch
EXERCISES = "Exercises"  # the section of that name
_HIDDEN = {"remove-cell", "remove-input", "hide-input"}
_SECTION = re.compile(r"^## ", re.MULTILINE)
_FENCED = re.compile(r"```(?!\{glossary\}).*?```", re.DOTALL)


def minutes(chapter):
    """Whole minutes it takes a beginner to read a page.

    A minute for 100 words, for 4 lines of code, for a table, for 2 figures or for 2 questions. Exercises and their
    solutions are left out: they take as long as they take.
    """
    return max(1, round(sum(minutes for _, minutes in _of_sections(chapter))))


def sittings(chapter):
    """Where a page should be laid aside: how many of its sections belong to each sitting, and their minutes.

    Parameters
    ----------
    chapter : chapters.Chapter

    Returns
    -------
    list of (int, int)
        Sections and minutes of each sitting; what stands above the first section counts as read with it. As few
        sittings as `LONGEST` allows, and as equal as sections allow; exercises, and what follows them, are the last.
        One for a page that is read at a stretch.
    """
    (_, above), *sections = _of_sections(chapter)
    titles, times = [title for title, _ in sections], [time for _, time in sections]
    if above + sum(times) <= LONGEST or not sections:
        return [(len(times), round(above + sum(times)))]
    times[0] += above
    end = titles.index(EXERCISES) if EXERCISES in titles else len(titles)
    parts = _divided(times[:end], -int(-sum(times[:end]) // LONGEST)) + [times[end:]] * (end < len(times))
    return [(len(part), round(sum(part))) for part in parts]


def _divided(times, count):
    """Times cut into so many runs, the longest of which is as short as it can be."""

    @cache
    def best(start, count):
        if count == 1:
            return sum(times[start:]), (len(times),)
        cuts = []
        for end in range(start + 1, len(times) - count + 2):
            longest, ends = best(end, count - 1)
            cuts.append((max(sum(times[start:end]), longest), (end, *ends)))
        return min(cuts)

    ends = best(0, min(count, len(times)))[1]
    return [times[start:end] for start, end in zip((0, *ends), ends, strict=False)]


def _of_sections(chapter):
    """Title and minutes of each section of a page; first, without a title, what stands above them."""
    cells = chapters.read(chapter).cells
    drawing.fold(cells)
    titles, times = [""], [0.0]
    for cell in cells:
        if cell.cell_type == "code":
            times[-1] += _of_code(cell)
            continue
        above, *begun = _SECTION.split(_FENCED.sub("", cell.source))
        titles += [text.partition("\n")[0] for text in begun]
        times[-1] += len(above.split()) / 100
        times += [len(text.split()) / 100 for text in begun]
        times[-1] += _questions(cell.source, chapter.root) / 2
    return list(zip(titles, times, strict=True))


def _of_code(cell):
    hidden = _HIDDEN & set(cell.metadata.get("tags", [])) or re.search(r"^checks\.", cell.source, re.MULTILINE)
    lines = 0 if hidden else cell.source.count("\n") + 1
    return lines / 4 + cell.source.count("display(") + ("figure" in cell.metadata.get("mystnb", {})) / 2


def _questions(text, root):
    """How many questions the quizzes in a text ask."""
    folders = [root / "book" / "quizzes" / part for part in re.findall(r"```\{quiz\} (\w+)", text)]
    asked = [file.read_text(encoding="utf-8") for folder in folders for file in folder.glob("*.yaml")]
    return sum(len(re.findall("^- question:", one, re.MULTILINE)) for one in asked)
