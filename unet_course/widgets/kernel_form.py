"""An explorer as ipywidgets, for a notebook with a kernel behind it."""

import html

import ipywidgets

from .explorer import Button, Choice, Guess, Number, Slider, Switch


class Live(ipywidgets.VBox):
    """An explorer made of widgets.

    Parameters
    ----------
    explorer : Explorer

    Attributes
    ----------
    controls, shown : dict of str to Widget
        What the reader moves, and what changes then, by name: a notebook can read and set them as well.
    """

    def __init__(self, explorer):
        super().__init__()
        self.controls = {name: _widget(control) for name, control in explorer.controls.items()}
        self._say = explorer.say
        self.shown = {part: ipywidgets.HTML(text) for part, text in self._say(self._values()).items()}
        title = ipywidgets.HTML(f"<strong>{html.escape(explorer.title)}</strong>")
        self.children = [title, *map(self._row, explorer.rows)]
        for name, control in explorer.controls.items():
            if isinstance(control, Button):
                self.controls[name].on_click(lambda _, sets=control.sets: self._set(sets(self._values())))
            else:
                self.controls[name].observe(self._update, "value")

    def _row(self, row):
        if isinstance(row, list):
            return ipywidgets.HBox([self._row(item) for item in row])
        return (self.controls | self.shown).get(row) or ipywidgets.HTML(row)

    def _values(self):
        return {name: widget.value for name, widget in self.controls.items() if hasattr(widget, "value")}

    def _set(self, values):
        for name, value in values.items():
            self.controls[name].value = value

    def _update(self, _):
        for part, text in self._say(self._values()).items():
            self.shown[part].value = text


def _widget(control):
    options = {"description": control.label, "style": {"description_width": "initial"}}
    match control:
        case Slider(_, texts, start):
            places = [(text, place) for place, text in enumerate(texts)]
            return ipywidgets.SelectionSlider(options=places, value=start, **options)
        case Choice(_, choices, start):
            return ipywidgets.Dropdown(options=choices, value=start, **options)
        case Number(_, least, most, start):
            return ipywidgets.BoundedIntText(start, min=least, max=most, **options)
        case Guess(_, guesses):
            options["style"]["button_width"] = "auto"
            return ipywidgets.ToggleButtons(options=guesses, value=None, **options)
        case Switch(label):
            return ipywidgets.ToggleButton(description=label)
        case Button(label):
            return ipywidgets.Button(description=label)
