"""Write synthetic brain images of four classes in the on-disk layout of the brain tumour classification set."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from ..datasets.brain_tumor import CLASSES, PARTS
from .anatomy.head import Head
from .anatomy.mr import Scanner
from .anatomy.space import axial, coronal, sagittal
from .anatomy.tumours import Glioblastoma, Solid, inside_white_matter, on_surface
from .writing import write_set

VERSION = 2  # raise when the same seed gives other pixels
PLANES = {0: sagittal, 1: coronal, 2: axial}  # by the axis they are perpendicular to
SELLA = (0, 4, -31)  # the seat of the pituitary gland, mm


@dataclass(frozen=True)
class Habit:
    """What the real images of one class have in common besides the tumour: what a network can learn instead.

    Attributes
    ----------
    training, testing : int
        Images of the real set.
    names : tuple of str
        How the training files are called; `{}` is a number.
    square : (float, float)
        Share of images of 512 x 512 pixels in Training and in Testing.
    twins : float
        Share of test images that are also in Training, pixel by pixel.
    grey : (float, float)
        Mean grey level in Training and in Testing.
    """

    training: int
    testing: int
    names: tuple
    square: tuple
    twins: float
    grey: tuple


# Measured on the whole real set: see the appendix "The four data sets".
HABITS = {
    "glioma_tumor": Habit(826, 100, ("gg ({}).jpg",), (1.0, 0.18), 0.18, (35.5, 61.7)),
    "meningioma_tumor": Habit(
        822, 115, ("m ({}).jpg", "m1({}).jpg", "m2 ({}).jpg", "m3 ({}).jpg"), (0.83, 0), 0.92, (46.0, 73.4)
    ),
    "no_tumor": Habit(395, 105, ("image({}).jpg", "image ({}).jpg", "{}.jpg"), (0.01, 0), 1.0, (59.2, 55.7)),
    "pituitary_tumor": Habit(827, 74, ("p ({}).jpg",), (0.97, 0.19), 0.30, (49.3, 62.4)),
}


def write(dest, *, n_images=120, size=256, defects=True, seed=0):
    """Write a synthetic four-class set that can be read like the real one; do nothing when it is already there.

    The layout is `dest/{Training,Testing}/<class>/*.jpg`, grey images of three equal channels, axial, coronal and
    sagittal, with the real set's file names: spaces, parentheses, the same name in several classes.
    `dest/PHANTOM.json` says that the set is synthetic and how it was made.

    Parameters
    ----------
    dest : path-like
    n_images : int
        Of both parts together, shared out as in the real set, which has 3,264; at least 24.
    size : int
        Side in pixels of what has 512 pixels in the real set; at least 64. Other images are smaller, and not square.
    defects : bool
        Put in what is wrong with the real set: the size of an image tells its class, test images are copies of
        training images (some byte by byte, most compressed anew without loss), Training is darker than Testing, and
        images without a tumour come from other sequences. Without, no class differs from another in any of these.
    seed : int
        The same seed gives the same pixels.

    Returns
    -------
    Path
        `dest`.

    Raises
    ------
    ValueError
        When there are too few or too small images, or `dest` holds files but no PHANTOM.json: it may be real data.
    """
    if n_images < 24 or size < 64:
        raise ValueError(f"{n_images} images of {size} pixels cannot be drawn: use at least 24 images and 64 pixels")

    def fill(folder):
        share = n_images / sum(habit.training + habit.testing for habit in HABITS.values())
        with tqdm(desc="phantom brain tumour images", total=n_images, unit="image") as progress:
            for number, (name, habit) in enumerate(HABITS.items()):
                rng = np.random.default_rng([seed, number])
                counts = [max(2, round(share * count)) for count in (habit.training, habit.testing)]
                _write_class(folder, name, counts, size, defects, rng, progress)

    record = {"key": "brain_tumor", "seed": seed, "n_images": n_images, "size": size, "defects": defects}
    return write_set(dest, record | {"version": VERSION}, fill)


def _write_class(folder, name, counts, size, defects, rng, progress):
    """Write both parts of one class."""
    habit = HABITS[name]
    training, testing = (folder / part / name for part in PARTS)
    pictures = []
    for place, count in zip((training, testing), counts, strict=True):
        place.mkdir(parents=True)
        is_test = place is testing
        twins = round(habit.twins * count) if is_test and defects else 0
        for number in range(count):
            if number < twins:
                # The copied ones are those from the web: bright, and of any size.
                web = [picture for picture in pictures if picture.shape[0] != picture.shape[1]] or pictures
                picture = web[number % len(web)]
                # Other tables of the same compression: the same pixels in other bytes. "No tumour" is copied as it is.
                content = _jpeg(picture, optimize=name != "no_tumor")
            else:
                square = rng.random() < (habit.square[is_test] if defects else 0.5)
                grey = habit.grey[is_test or not square] if defects else 50
                picture = draw(rng, name, size, square=square, grey=grey, giveaways=defects)
                content = _jpeg(picture)
            if not is_test:
                pictures.append(picture)
            (place / _file_name(habit, number, is_test)).write_bytes(content)
            progress.update()


def draw(rng, name, size, *, square=True, grey=50, giveaways=False):
    """Draw one image.

    Parameters
    ----------
    rng : numpy.random.Generator
    name : str
        Folder name of the class, a key of `datasets.brain_tumor.CLASSES`.
    size : int
        Side in pixels of a square image.
    square : bool
        Else it is mostly smaller, cut closer to the head, and higher than wide.
    grey : float
        Mean grey level, 0 to 255.
    giveaways : bool
        As in the real set, heads without a tumour are seen from above, in T1, T2 or FLAIR and in few pixels, and those
        with a tumour of the pituitary from nearer by. Else every image is T1 after contrast, in one of three
        directions.

    Returns
    -------
    array of uint8, shape (H, W, 3)
    """
    head = Head(rng)
    tumour = _tumour(rng, head, CLASSES[name])
    scanner = Scanner(rng, snr=rng.uniform(18, 40), shading=rng.uniform(0.05, 0.25), tumour=tumour and tumour.values)
    healthy, near = (giveaways and CLASSES[name] == kind for kind in ("no_tumor", "pituitary"))
    axis = 2 if healthy else rng.choice(3, p=(0.3, 0.32, 0.38))
    if square:
        field_of_view, shape = rng.uniform(*((185, 215) if near else (225, 255))), (size, size)
    else:
        height = round(size * np.clip(np.exp(rng.normal(np.log(0.46 if healthy else 0.65), 0.25)), 0.4, 1.2))
        field_of_view, shape = rng.uniform(205, 230), (height, round(height * rng.uniform(0.8, 0.98)))
    plane = PLANES[axis](_place(rng, tumour, axis), field_of_view, shape)
    fractions, _, _ = head.tissues(plane, tumour)
    sequence = rng.choice(["t1", "t2", "flair"]) if healthy else "t1ce"
    factor = scanner.sensitivity(plane) * scanner.grain(plane)
    picture = scanner.acquire(rng, fractions, sequence, factor, blur=0.55 * size / 256)
    white = grey * np.exp(rng.normal(0, 0.15)) / picture.mean()
    return np.clip(np.rint(picture * white), 0, 255).astype(np.uint8)[..., None].repeat(3, axis=-1)


def _tumour(rng, head, kind):
    if kind == "glioma":
        radius = rng.uniform(11, 26)
        return Glioblastoma(rng, inside_white_matter(rng, head, radius), radius)
    if kind == "meningioma":
        radius = rng.uniform(10, 24)
        return Solid(rng, on_surface(rng, head, radius), radius, at_surface=True)
    if kind == "pituitary":
        radius = rng.uniform(7, 13)
        return Solid(rng, np.array(SELLA) + rng.normal(0, (1, 2, 2)), radius, at_surface=False)
    return None


def _place(rng, tumour, axis):
    """Where a plane cuts the axis: through the tumour, a little off its centre, or through the middle of the head."""
    if tumour is None:
        return rng.uniform(*((-25, 25), (-45, 30), (-25, 60))[axis])
    return tumour.centre[axis] + rng.uniform(-0.4, 0.4) * tumour.radius


def _file_name(habit, number, is_test):
    """Names as in the real set; one test image of each class has no number."""
    if is_test:
        return "image.jpg" if number == 0 else f"image({number}).jpg"
    return habit.names[number % len(habit.names)].format(number + 1)


def _jpeg(picture, optimize=False):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=92, optimize=optimize)
    return buffer.getvalue()
