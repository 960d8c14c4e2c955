"""From tissues to grey values: MR signal equations, contrast agent, coil shading, blur and noise."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .space import Field

RELAXIVITY = 4.5e-3  # of gadobutrol in plasma at 3 T, per mM and ms: Szomolanyi et al. 2019, PMC6738537
# T1 and T2 in ms and proton density at 3 T, and the contrast agent taken up after injection, mM. White and grey
# matter after Wright et al. 2008, Stanisz et al. 2005 and BrainWeb; tumours after ranges in the literature, the solid
# tumour at the lower end of its range, which gives the FLAIR contrast of the real slices; the rest by choice.
TISSUES = {
    "air": (1000, 1, 0.0, 0),
    "white matter": (850, 70, 0.70, 0.005),
    "grey matter": (1500, 95, 0.82, 0.015),
    "csf": (4200, 2000, 1.0, 0),
    "dura": (1100, 60, 0.65, 0.35),
    "bone": (900, 20, 0.08, 0),
    "diploe": (420, 90, 0.45, 0.02),
    "fat": (380, 110, 0.95, 0),
    "muscle": (1200, 45, 0.75, 0.06),
    "water": (4000, 1500, 1.0, 0),
    "blood": (1650, 25, 0.5, 0.7),
    "solid": (1700, 150, 0.88, 0.02),
    "oedema": (1600, 140, 0.88, 0.01),
    "rim": (1700, 130, 0.88, 0.45),
    "necrosis": (3000, 300, 0.95, 0.02),
}
INDEX = {name: number for number, name in enumerate(TISSUES)}


@dataclass(frozen=True)
class Sequence:
    """Timing of a spin echo, after an inversion pulse when `inversion` > 0; all in ms."""

    repetition: float
    echo: float
    inversion: float = 0
    contrast_agent: bool = False


SEQUENCES = {
    "t1": Sequence(650, 12),
    "t1ce": Sequence(650, 12, contrast_agent=True),
    "t2": Sequence(4500, 100),
    "flair": Sequence(9000, 120, 2450),  # nulls a T1 of 4200 ms: CSF is black
}


def signal(sequence, t1, t2, density):
    """Strength of the signal of a tissue.

    Spin echo: S = PD (1 - exp(-TR/T1)) exp(-TE/T2); after an inversion S = PD |1 - 2 exp(-TI/T1) + exp(-TR/T1)|
    exp(-TE/T2). See Bernstein, King, Zhou (2004), Handbook of MRI Pulse Sequences, chapters 14.1 and 14.2.

    Parameters
    ----------
    sequence : Sequence
    t1, t2 : float or array
        ms.
    density : float or array
        Proton density, 0 to 1.

    Returns
    -------
    float or array
        0 to 1.
    """
    recovered = 1 + np.exp(-sequence.repetition / t1) - 2 * np.exp(-sequence.inversion / t1)
    return density * np.abs(recovered) * np.exp(-sequence.echo / t2)


class Scanner:
    """One scan of one subject: its tissues, the shading of the coil and the noise.

    Parameters
    ----------
    rng : numpy.random.Generator
    snr : float
        Signal of white matter over the standard deviation of the noise.
    shading : float
        Standard deviation of the logarithm of the coil's sensitivity over the head.
    tumour : dict of str to tuple of float, optional
        This subject's own T1, T2, density and contrast agent of tissues, in place of those of `TISSUES`.
    """

    def __init__(self, rng, *, snr=28.0, shading=0.12, tumour=None):
        values = np.array([(tumour or {}).get(name, value) for name, value in TISSUES.items()])
        values[:, :3] *= np.exp(rng.normal(0, (0.04, 0.05, 0.02), (len(values), 3)))
        self.t1, self.t2, self.density, self.agent = values.T
        self.snr = snr
        self.bias = Field(rng, 110)
        self.shading = shading
        self.texture = Field(rng, 7), Field(rng, 2.6)

    def levels(self, name):
        """Signal of each tissue of `TISSUES` in a sequence of `SEQUENCES`, white matter being 1."""
        sequence = SEQUENCES[name]
        t1 = 1 / (1 / self.t1 + RELAXIVITY * self.agent * sequence.contrast_agent)
        levels = signal(sequence, t1, self.t2, self.density)
        return (levels / levels[1]).astype(np.float32)

    def sensitivity(self, plane):
        """The smooth factor by which the coil brightens or darkens each pixel, float32 (H, W), mean about 1."""
        return np.exp(self.shading * self.bias.on(plane))

    def grain(self, plane):
        """What makes one tissue uneven, a factor for each pixel, float32 (H, W)."""
        return 1 + 0.025 * self.texture[0].on(plane) + 0.03 * self.texture[1].on(plane)

    def acquire(self, rng, fractions, name, factor, blur=0.55):
        """Take one image.

        The noise is Rician: the length of a vector whose two parts carry Gaussian noise (Gudbjartsson, Patz 1995,
        Magn Reson Med 34, doi:10.1002/mrm.1910340618).

        Parameters
        ----------
        rng : numpy.random.Generator
        fractions : array of float32, shape (tissues, H, W)
            Share of each tissue in each pixel, in the order of `TISSUES`.
        name : str
            A key of `SEQUENCES`.
        factor : array of float32, shape (H, W)
            Shading times grain.
        blur : float
            Standard deviation of the point spread, pixels.

        Returns
        -------
        array of float32, shape (H, W)
            White matter is about 1.
        """
        clean = np.tensordot(self.levels(name), fractions, 1) * factor
        clean = ndimage.gaussian_filter(clean, blur)
        noise = rng.standard_normal((2, *clean.shape), dtype=np.float32) / np.float32(self.snr)
        return np.hypot(clean + noise[0], noise[1])
