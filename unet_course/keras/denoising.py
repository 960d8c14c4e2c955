"""Total-variation denoising on the device, in Keras; `unet_course/torch/denoising.py` is the same file in PyTorch."""

import numpy as np
from keras import ops
from keras.backend import standardize_dtype

from .. import denoising as reference
from ..denoising import CHECK_EVERY, EPS, Certificate, step_schedule


def denoise_tv(images, weight, *, isotropic=True, coupled=False, gap=1e-3, max_iterations=2000, certificate=False):
    """Remove noise and keep edges: the images u with the smallest 1/2 ||u - images||^2 + weight * TV(u).

    `unet_course.denoising.denoise_tv` says more about each argument, the method and where it comes from.

    Parameters
    ----------
    images : tensor of float32, shape (N, H, W, C) or (N, D, H, W, C)
        In [0, 1]; each of the N is denoised by itself, a volume in three dimensions.
    weight : float, or array or tensor of float, shape () or (N,)
        0 or more: the larger, the smoother, as in `skimage.restoration.denoise_tv_chambolle`.
    isotropic : bool
        False favours edges along the axes.
    coupled : bool
        True keeps the edges of all channels in the same place.
    gap : float or None
        Stop an image once its duality gap is at most this fraction of its objective; nothing can be learnt through
        that. None does exactly `max_iterations`, through which gradients reach the images and the weight.
    max_iterations : int
        Stop there at the latest. Inside a network 20 to 50 are enough; each keeps a few images for the gradient.
    certificate : bool
        Return a `Certificate`, too; it needs a gap to stop at.

    Returns
    -------
    images : tensor, the shape, dtype and device of `images`
    certificate : unet_course.denoising.Certificate
        Only if asked for.

    Raises
    ------
    ValueError
        If images, weight, gap or max_iterations do not fit, or a certificate is wanted without a gap. Without a gap
        values are not looked at, as the device would have to wait.
    """
    images = ops.convert_to_tensor(images)
    reference.check(images.shape, standardize_dtype(images.dtype), gap, max_iterations)
    coupled = coupled and images.shape[-1] > 1
    if gap is None:
        if certificate:
            raise ValueError("certificate=True needs a gap to stop at, 1e-3 for instance: gap=None looks at none.")
        return _iterate(images, weight, isotropic, coupled, max_iterations)
    result, found = _solve(ops.stop_gradient(images), weight, isotropic, coupled, gap, max_iterations)
    return (result, found) if certificate else result


def _iterate(images, weight, isotropic, coupled, iterations):
    """A fixed number of iterations, each a differentiable function of the images and the weight."""
    weight = _per_image(weight, images)
    state = _start(images)
    for step_sizes in step_schedule(len(images.shape) - 2, iterations).tolist():
        state = _step(images, weight, state, step_sizes, isotropic, coupled)
    return state[0]


def _solve(images, weight, isotropic, coupled, gap, max_iterations):
    """All images at once, until each has reached the gap; those that are done leave."""
    weight = ops.convert_to_numpy(weight)
    weight = reference.check_values(bool(ops.all(ops.isfinite(images))), weight, len(images))
    if "cpu" in str(images.device).lower() and reference.has_numba():
        options = {"isotropic": isotropic, "coupled": coupled, "gap": gap, "max_iterations": max_iterations}
        result, found = reference.denoise_tv(ops.convert_to_numpy(images), weight, certificate=True, **options)
        return ops.convert_to_tensor(result), found
    left, weight = np.arange(len(images)), _per_image(weight, images)
    parts, found = [], Certificate(np.zeros(len(images)), np.zeros(len(images), int))
    noisy, state = images, _start(images)
    for k, step_sizes in enumerate(step_schedule(len(images.shape) - 2, max_iterations).tolist(), 1):
        state = _step(noisy, weight, state, step_sizes, isotropic, coupled)
        if k == max_iterations or k % CHECK_EVERY == 0:
            reached = ops.convert_to_numpy(_relative_gap(noisy, weight, state, isotropic, coupled))
            done = (reached <= gap) | (k == max_iterations)
            if done.any():
                found.gap[left[done]], found.iterations[left[done]] = reached[done], k
                parts.append((left[done], _rows(state[0], done)))
                left = left[~done]
                noisy, weight, *state = (_rows(x, ~done) for x in (noisy, weight, *state))
            if not len(left):
                break
    reference.warn(found, gap)
    return _assemble(parts, images), found


def _start(images):
    """The state: the denoised images, where they are heading, and a dual variable for each axis."""
    return [images, images, *[ops.zeros_like(images) for _ in range(len(images.shape) - 2)]]


def _step(images, weight, state, step_sizes, isotropic, coupled):
    """One iteration of Chambolle and Pock's algorithm 2."""
    sigma, tau, theta = step_sizes
    u, ahead, *z = state
    z = [p + sigma * _difference(ahead, axis) for axis, p in enumerate(z, 1)]
    scale = [
        weight / _length(square, weight)
        for square in _group([p * p for p in z], isotropic, coupled)
    ]
    z = [p * scale[0 if isotropic else i] for i, p in enumerate(z)]
    step = tau * (_dual(images, z) - u)
    u = u + step
    return [u, u + theta * step, *z]


def _difference(u, axis):
    """Next pixel minus this one; 0 at the far border. This is D."""
    return ops.diff(ops.concatenate((u, _slab(u, axis, slice(-1, None))), axis), axis=axis)


def _dual(images, z):
    """The primal image that belongs to a dual variable: images - D^T z."""
    for axis, p in enumerate(z, 1):
        zeros = ops.zeros_like(_slab(p, axis, slice(0, 1)))
        images = images + ops.diff(ops.concatenate((zeros, p), axis), axis=axis)
    return images


def _slab(u, axis, which):
    """A few pixels along one axis."""
    return u[(slice(None),) * axis + (which,)]


def _group(products, isotropic, coupled):
    """Add up what counts as one length: components if isotropic, channels if coupled."""
    if isotropic:
        products = [sum(products)]
    return [ops.sum(p, axis=-1, keepdims=True) for p in products] if coupled else products


def _length(square, weight):
    """The length where it is above the weight, else the weight."""
    return ops.sqrt(ops.maximum(square, ops.maximum(weight * weight, EPS)))


def _relative_gap(images, weight, state, isotropic, coupled):
    """Duality gap over the objective (N,), each a sum of terms that are not negative."""
    u, _, *z = state
    slope = [_difference(u, axis) for axis in range(1, len(u.shape) - 1)]
    lengths = [ops.sqrt(square) for square in _group([s * s for s in slope], isotropic, coupled)]
    inner = _group([p * s for p, s in zip(z, slope, strict=True)], isotropic, coupled)
    excess = sum(_total(weight * length - i) for length, i in zip(lengths, inner, strict=True))
    objective = sum(_total(weight * length) for length in lengths) + _total((u - images) ** 2) / 2
    gap = excess + _total((u - _dual(images, z)) ** 2) / 2
    return ops.where(objective > 0, gap / objective, ops.zeros_like(gap))


def _total(values):
    return ops.sum(values, axis=tuple(range(1, len(values.shape))))


def _per_image(weight, images):
    """Weights that multiply a batch: (1 or N, 1, ...)."""
    weight = ops.cast(weight, images.dtype)
    return ops.reshape(weight, (-1, *[1] * (len(images.shape) - 1)))


def _rows(tensor, chosen):
    """The images of a batch where `chosen`, an array of bool, is true."""
    return ops.take(tensor, np.flatnonzero(chosen), axis=0)


def _assemble(parts, images):
    """Images that left one after another, back in their order."""
    if not parts:
        return images
    order = np.argsort(np.concatenate([places for places, _ in parts]))
    return ops.take(ops.concatenate([part for _, part in parts]), order, axis=0)
