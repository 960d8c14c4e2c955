"""Total-variation denoising in NumPy: the reference of the twins, with a compiled loop where Numba is installed."""

import importlib.util
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from ..common import hardware

CHECK_EVERY = 10  # iterations between two looks at the duality gap: a look costs about as much as an iteration
EPS = 1e-30  # keeps a weight of 0 from dividing by 0; also a float32


class Certificate(NamedTuple):
    """How far `denoise_tv` came with each image.

    Attributes
    ----------
    gap : array of float, shape (N,)
        Relative duality gap: the objective lies at most this fraction of itself above the smallest possible.
    iterations : array of int, shape (N,)
    """

    gap: np.ndarray
    iterations: np.ndarray


def denoise_tv(
    images, weight, *, isotropic=True, coupled=False, gap=1e-3, max_iterations=2000, certificate=False, compiled=None
):
    """Remove noise and keep edges: the images u with the smallest 1/2 ||u - images||^2 + weight * TV(u).

    TV(u), the total variation, sums over all pixels how much u changes to the next one along each axis: the length of
    that difference vector (isotropic), or the sum of its absolute components (anisotropic).

    Parameters
    ----------
    images : array of float32 or float64, shape (N, H, W, C) or (N, D, H, W, C)
        In [0, 1]; each of the N is denoised by itself, a volume in three dimensions.
    weight : float or array of float, shape (N,)
        0 or more, one for all or one per image: the larger, the smoother. It means what `weight` means in
        `skimage.restoration.denoise_tv_chambolle`; about 0.1 for images in [0, 1] with visible noise.
    isotropic : bool
        False favours edges along the axes.
    coupled : bool
        False denoises each channel by itself. True takes the length of a difference over all channels together, so
        that edges stay in the same place in each of them [3]_.
    gap : float or None
        Stop an image once its duality gap is at most this fraction of its objective. None does exactly
        `max_iterations`, without looking.
    max_iterations : int
        Stop there at the latest, with a warning if the gap is still larger.
    certificate : bool
        Return a `Certificate`, too.
    compiled : bool, optional
        Use the loop compiled by Numba (all processors, an image on each). Default: where Numba is installed.

    Returns
    -------
    images : array, the shape and dtype of `images`
    certificate : Certificate
        Only if asked for.

    Raises
    ------
    ValueError
        If images are no finite floats of that shape, or weight, gap or max_iterations are out of range.

    Notes
    -----
    The problem is that of Rudin, Osher and Fatemi [1]_. It is solved by algorithm 2 of Chambolle and Pock [2]_, which
    comes closer as 1 / iterations^2. Any dual variable z that is nowhere longer than the weight gives a lower bound of
    the objective; what lies between is the duality gap

        weight * TV(u) - <z, Du> + 1/2 ||u - (images - D^T z)||^2,

    D being differences to the next pixel. As the objective is strongly convex, the unknown solution u* cannot be far:
    1/2 ||u - u*||^2 <= gap. Few changes from one iteration to the next promise nothing of the kind.
    Explained in the chapter on noise and total variation.

    References
    ----------
    .. [1] Rudin, Osher, Fatemi (1992), Nonlinear total variation based noise removal algorithms, Physica D 60.
    .. [2] Chambolle, Pock (2011), A first-order primal-dual algorithm for convex problems, JMIV 40, algorithm 2.
    .. [3] Bresson, Chan (2008), Fast dual minimization of the vectorial total variation norm, IPI 2(4).

    Examples
    --------
    >>> noisy = np.random.default_rng(0).normal(0.5, 0.1, (2, 32, 32, 1))
    >>> smooth, found = denoise_tv(noisy, 0.1, certificate=True)
    >>> bool((found.gap <= 1e-3).all()), bool(smooth.std() < noisy.std() / 3)
    (True, True)
    """
    images = np.asarray(images)
    check(images.shape, images.dtype.name, gap, max_iterations)
    weight = check_values(np.isfinite(images).all(), weight, len(images))
    if compiled is None:
        compiled = has_numba()
    solve = _solve_compiled if compiled else _solve
    coupled = coupled and images.shape[-1] > 1
    result, found = solve(images, weight, isotropic, coupled, gap, max_iterations)
    warn(found, gap)
    return (result, found) if certificate else result


def has_numba():
    """Whether the compiled loop can be used here."""
    return importlib.util.find_spec("numba") is not None


def check(shape, dtype, gap, max_iterations):
    """Refuse what needs no look at a value; `dtype` is a name."""
    if len(shape) not in (4, 5):
        raise ValueError(
            f"images of shape {tuple(shape)} are neither slices (N, H, W, C) nor volumes (N, D, H, W, C): "
            "add the missing axes, for instance image[None, ..., None] for a single grey slice."
        )
    if dtype not in ("float32", "float64"):
        raise ValueError(f"images are {dtype}, not float32: divide uint8 by 255 first, the weight depends on it.")
    if gap is not None and not 0 <= gap < 1:
        raise ValueError(f"gap={gap} must be None or lie in [0, 1): it is a fraction, 1e-3 for instance.")
    if max_iterations < 1:
        raise ValueError(f"max_iterations={max_iterations} must be 1 or more.")


def check_values(finite, weight, n):
    """Refuse images that are not finite and weights that make no sense; the weights as an array of n."""
    if not finite:
        raise ValueError("images hold NaN or infinity: repair or leave out those pixels before denoising.")
    weight = np.asarray(weight, dtype=np.float64)
    if weight.shape not in ((), (n,)):
        raise ValueError(f"weight has shape {weight.shape}: give one number, or one for each of the {n} images.")
    if not (np.isfinite(weight).all() and (weight >= 0).all()):
        raise ValueError(f"weight={weight} must be finite and not negative; 0.1 is usual for images in [0, 1].")
    return np.broadcast_to(weight, (n,)).copy()


def warn(found, gap):
    """Say which images ran out of iterations."""
    missed = 0 if gap is None else int((found.gap > gap).sum())
    if missed:
        warnings.warn(
            f"{missed} of {len(found.gap)} images stopped after {found.iterations.max()} iterations, with a relative "
            f"gap of up to {found.gap.max():.1e} instead of {gap:.1e}: raise max_iterations or gap.",
            stacklevel=3,
        )


def step_schedule(axes, max_iterations):
    """Step sizes (sigma, tau, theta) of each iteration, shape (max_iterations, 3).

    sigma * tau * ||D||^2 <= 1 holds throughout, as ||D||^2 <= 4 * axes; tau shrinks like 1 / iteration. The primal step
    is given as tau / (1 + tau), the fraction of the way that it goes.
    """
    rows, tau, sigma = [], 1.0, 1 / (4 * axes)
    for _ in range(max_iterations):
        theta = 1 / (1 + 2 * tau) ** 0.5
        rows.append((sigma, tau / (1 + tau), theta))
        tau, sigma = tau * theta, sigma / theta
    return np.array(rows)


def _solve(images, weight, isotropic, coupled, gap, max_iterations):
    """All images at once; those that are done leave, so that an image never depends on its neighbours."""
    axes = range(1, images.ndim - 1)
    weight = weight.astype(images.dtype).reshape(-1, *[1] * (images.ndim - 1))
    result, found = np.empty_like(images), Certificate(np.zeros(len(images)), np.zeros(len(images), int))
    left, u, ahead, z = np.arange(len(images)), images, images, [np.zeros_like(images) for _ in axes]
    for k, (sigma, tau, theta) in enumerate(step_schedule(len(axes), max_iterations).astype(images.dtype), 1):
        z = [z[a - 1] + sigma * _difference(ahead, a) for a in axes]
        scale = [weight / _length(square, weight) for square in _group([p * p for p in z], isotropic, coupled)]
        z = [p * scale[0 if isotropic else i] for i, p in enumerate(z)]
        step = tau * (_dual(images, z, axes) - u)
        u = u + step
        ahead = u + theta * step
        if k == max_iterations or (gap is not None and k % CHECK_EVERY == 0):
            reached = _relative_gap(images, u, z, weight, isotropic, coupled, axes)
            done = (reached <= (-1 if gap is None else gap)) | (k == max_iterations)
            result[left[done]], found.gap[left[done]], found.iterations[left[done]] = u[done], reached[done], k
            if done.all():
                break
            if done.any():
                left, images, weight, u, ahead, *z = (x[~done] for x in (left, images, weight, u, ahead, *z))
    return result, found


def _difference(u, axis):
    """Next pixel minus this one; 0 at the far border. This is D."""
    return np.diff(u, axis=axis, append=np.take(u, [-1], axis))


def _dual(images, z, axes):
    """The primal image that belongs to a dual variable: images - D^T z."""
    return images + sum(np.diff(p, axis=axis, prepend=np.zeros((), p.dtype)) for p, axis in zip(z, axes, strict=True))


def _group(products, isotropic, coupled):
    """Add up what counts as one length: components if isotropic, channels if coupled."""
    if isotropic:
        products = [sum(products)]
    return [np.sum(p, axis=-1, keepdims=True) for p in products] if coupled else products


def _length(square, weight):
    """The length where it is above the weight, else the weight."""
    return np.sqrt(np.maximum(square, np.maximum(weight * weight, square.dtype.type(EPS))))


def _relative_gap(images, u, z, weight, isotropic, coupled, axes):
    """Duality gap over the objective (N,), each a sum of terms that are not negative."""
    slope = [_difference(u, axis) for axis in axes]
    lengths = [np.sqrt(square) for square in _group([s * s for s in slope], isotropic, coupled)]
    inner = _group([p * s for p, s in zip(z, slope, strict=True)], isotropic, coupled)
    excess = sum(_total(weight * length - i) for length, i in zip(lengths, inner, strict=True))
    objective = sum(_total(weight * length) for length in lengths) + _total((u - images) ** 2) / 2
    gap = excess + _total((u - _dual(images, z, axes)) ** 2) / 2
    return np.where(objective > 0, gap / np.where(objective > 0, objective, 1), 0)


def _total(values):
    return np.sum(values, axis=tuple(range(1, values.ndim)), dtype=np.float64)


def _solve_compiled(images, weight, isotropic, coupled, gap, max_iterations):
    """An image on each processor: one fits into a cache that a batch would overflow."""
    from .kernel import solve

    n, *size, width, channels = images.shape
    lines = np.ascontiguousarray(images).reshape(n, *([1] * (len(size) == 1)), *size, width * channels)
    result = np.empty_like(lines)
    schedule = step_schedule(images.ndim - 2, max_iterations).astype(images.dtype)
    every, gap = (max_iterations, -1.0) if gap is None else (CHECK_EVERY, gap)
    weight = weight.astype(images.dtype)

    def one(i):
        volume = images.ndim == 5
        return solve(lines[i], channels, weight[i], volume, isotropic, coupled, gap, schedule, every, result[i])

    with ThreadPoolExecutor(min(n, hardware.cores()) or 1) as threads:
        reached = list(threads.map(one, range(n)))
    gaps, iterations = zip(*reached, strict=True) if n else ((), ())
    return result.reshape(images.shape), Certificate(np.array(gaps), np.array(iterations, int))
