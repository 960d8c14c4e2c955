"""Every number of the five published reports, typed once in `book/reports` beside its source, and read from there."""

import re
from functools import cache

import yaml

from . import paths

HOW = {
    "stated": "printed in a report, on a slide or by a published log",
    "code": "in published code",
    "read off": "read off a figure, good to about 0.01",
    "follows": "worked out from numbers that are stated",
}
_IN_TEXT = re.compile(r"\{reported\}`(\d)/([^`:]+)(?::([^`]*))?`")


class ReportError(Exception):
    """A number that no report has was asked for; the message says which there are."""


class Report:
    """The numbers of one report: `report["table_1"]` is a value, `report.source("table_1")` says where it stands.

    Parameters
    ----------
    number : int
        1 to 5, as the case studies are numbered.
    """

    def __init__(self, number):
        self.number = number
        content = yaml.safe_load(_file(number).read_text(encoding="utf-8"))
        self.documents = content["documents"]
        self.numbers = content["numbers"]

    def __getitem__(self, name):
        return self._entry(name)["value"]

    def source(self, name):
        """Document and place of a number, and whether it is stated, code, read off or follows."""
        entry = self._entry(name)
        return f"{self.documents[entry['document']]}, {entry['place']} ({entry['how']})"

    def _entry(self, name):
        if name not in self.numbers:
            raise ReportError(f"{_file(self.number).name} has no number {name!r}: it has {', '.join(self.numbers)}.")
        return self.numbers[name]


@cache
def read(number):
    """The numbers of one report.

    Parameters
    ----------
    number : int
        1 brain tumour images, 2 BraTS, 3 nuclei, 4 LGG with four encoders, 5 LGG with batch norm.

    Returns
    -------
    Report
    """
    return Report(number)


def fill_in(text):
    """Write the numbers into a page's text.

    Parameters
    ----------
    text : str
        Holds, for instance, ``{reported}`5/table_1/0.1/validation:.3f` ``: the report, the number's name, keys or
        positions inside its value, and how Python should format it.

    Returns
    -------
    str

    Raises
    ------
    ReportError
        For a number that is not there.
    """
    return _IN_TEXT.sub(_written, text)


def _written(match):
    name, *keys = match[2].split("/")
    value = read(int(match[1]))[name]
    for key in keys:
        inside = dict(enumerate(value)) if isinstance(value, list) else value
        found = [each for each in inside if str(each) == key]
        if not found:
            known = ", ".join(map(str, inside))
            raise ReportError(f"{match[0]}: {name} has no {key!r}, it has {known}.")
        value = inside[found[0]]
    if isinstance(value, dict | list):
        raise ReportError(f"{match[0]} names several numbers, not one: {value}.")
    return format(value, match[3] or "")


def _file(number):
    files = sorted(paths.reports_root().glob("0*.yaml"))
    found = [path for path in files if int(path.name[:2]) == number]
    if not found:
        raise ReportError(f"There is no report {number}: there are {', '.join(path.stem for path in files)}.")
    return found[0]
