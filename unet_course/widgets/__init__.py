"""Explorers that need no kernel: plain HTML with a few lines of JavaScript, the same in a notebook and on the site."""

from .curves import curve_explorer
from .frames import frame_explorer
from .live_unet import live_unet
from .overlap import overlap_explorer
from .sizes import size_explorer
from .threshold import threshold_explorer

__all__ = ["curve_explorer", "frame_explorer", "live_unet", "overlap_explorer", "size_explorer", "threshold_explorer"]
