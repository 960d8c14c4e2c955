"""Explorers: each is described once, and shown as HTML that needs no kernel or, where one answers, as ipywidgets."""

from .curves import curve_explorer
from .frames import frame_explorer
from .live_unet import live_unet
from .overlap import overlap_explorer
from .sizes import size_explorer
from .threshold import threshold_explorer

__all__ = ["curve_explorer", "frame_explorer", "live_unet", "overlap_explorer", "size_explorer", "threshold_explorer"]
