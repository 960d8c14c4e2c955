"""What an explorer is, described once: controls, and what it says to them. Pages and widgets are made of it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Slider(NamedTuple):
    """A slider through places; `texts` says what each is called. Its value is the number of the place."""

    label: str
    texts: Sequence[str]
    start: int


class Choice(NamedTuple):
    """One of a few options, which unfold."""

    label: str
    options: Sequence
    start: object


class Number(NamedTuple):
    """A whole number to type."""

    label: str
    least: int
    most: int
    start: int


class Guess(NamedTuple):
    """One of a few options, each a button; its value is None before the first guess."""

    label: str
    options: Sequence[str]


class Switch(NamedTuple):
    """A button that stays pressed: True or False, at first False."""

    label: str


class Button(NamedTuple):
    """A button that moves other controls: `sets` takes the values of all and returns those that change."""

    label: str
    sets: Callable[[dict], dict]


class Explorer(NamedTuple):
    """An explorer, whatever it is shown with.

    Parameters
    ----------
    name, title : str
        The HTML id, unique on the page, and what is shown above.
    controls : dict of str to control
        What the reader moves.
    say : callable
        From a dict with the value of each control to a dict with the HTML of each part that changes.
    rows : sequence
        The live form from top to bottom: names of controls and parts, or HTML that stays; a list stands side by side.
    body : str
        The page, with `$` before the name of a control or of one of `values`; `$name` begins every HTML id.
    values : dict of str to object
        What else the body names. Text from outside must have gone through `html.escape`.
    script : str
        The file of JavaScript that moves the page.
    data : dict
        What the script needs: it finds it in `config`.
    """

    name: str
    title: str
    controls: dict
    say: Callable[[dict], dict]
    rows: Sequence
    body: str
    values: dict
    script: str
    data: dict
