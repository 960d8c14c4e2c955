"""What all networks of both twins share: their arguments, checked once, and the widths that follow from them."""

from dataclasses import dataclass

UPSAMPLING = ("transpose", "nearest", "bilinear", "repeat")
PADDING = ("same", "valid")


@dataclass(frozen=True)
class UNetConfig:
    """Arguments of a network.

    Parameters
    ----------
    in_channels, out_channels, base_filters, depth : int
        1 or more; 2 or more levels of depth.
    batch_norm : bool
    dropout : float
        In [0, 1).
    upsampling : {"transpose", "nearest", "bilinear", "repeat"}
    padding : {"same", "valid"}
    dimensions : int
        2 for images, 3 for volumes.

    Raises
    ------
    ValueError
        For a value that makes no network; says which values do.
    """

    in_channels: int
    out_channels: int
    base_filters: int
    depth: int
    batch_norm: bool
    dropout: float
    upsampling: str
    padding: str = "same"
    dimensions: int = 2

    def __post_init__(self):
        for name in ("in_channels", "out_channels", "base_filters"):
            check_positive_int(name, getattr(self, name))
        check_positive_int("depth", self.depth, least=2)
        check_fraction("dropout", self.dropout)
        # Keras enlarges volumes by repeating voxels only.
        check_one_of(
            "upsampling", self.upsampling, [mode for mode in UPSAMPLING if self.dimensions == 2 or mode != "bilinear"]
        )
        check_one_of("padding", self.padding, PADDING)

    @property
    def filters(self):
        """Filters of each level, the finest first: doubled from level to level."""
        return [self.base_filters * 2**level for level in range(self.depth)]

    @property
    def divisor(self):
        """What height and width must be multiples of, so that they can be halved `depth - 1` times."""
        return 2 ** (self.depth - 1)

    @property
    def block(self):
        """Options of every block of convolutions."""
        return {"batch_norm": self.batch_norm, "dropout": self.dropout, "padding": self.padding}


def check_one_of(name, value, allowed):
    """Refuse a value that is not among the allowed ones, and name them."""
    if value not in allowed:
        *most, last = [f'"{choice}"' if isinstance(choice, str) else str(choice) for choice in allowed]
        raise ValueError(f"{name}={value!r} is not known: use {', '.join(most)}{' or ' if most else ''}{last}.")


def check_positive_int(name, value, least=1):
    """Refuse what is not a whole number of at least `least`."""
    if not isinstance(value, int) or value < least:
        raise ValueError(f"{name}={value!r} must be a whole number of at least {least}.")


def check_fraction(name, value):
    """Refuse what does not lie in [0, 1)."""
    if not 0 <= value < 1:
        raise ValueError(f"{name}={value!r} must be a number from 0 to below 1.")


def check_heads(heads, filters):
    """Refuse a number of attention heads among which the filters cannot be divided."""
    check_positive_int("heads", heads)
    if filters % heads or filters % 4:
        raise ValueError(
            f"The deepest level has {filters} filters, which must be a multiple of heads={heads}, and of 4 to tell row "
            "and column: choose other heads or base_filters."
        )
