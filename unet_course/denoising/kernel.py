"""The loop of `denoise_tv` for one image, compiled by Numba: four passes over memory that stays in the cache.

An image lies as (D, H, W * C), a slice with D = 1, so that the pixel to the right is C numbers further on. The dual `z`
has one component along W, one along H and, in volumes, one along D; its last row along its own axis stays 0.
"""

import math

import numba
import numpy as np

# No "nnan", no "ninf": an image that blows up must stay visible.
_compile = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "arcp", "nsz"})


@_compile
def solve(image, channels, weight, volume, isotropic, coupled, gap, steps, every, result):
    """Denoise one image into `result`; returns the relative duality gap reached and the iterations it took.

    Parameters
    ----------
    image, result : array of float32 or float64, shape (D, H, W * C)
    channels : int
    weight : scalar of the image's dtype
    volume, isotropic, coupled : bool
    gap : float
        Stop below; a negative one never stops.
    steps : array of the image's dtype, shape (max_iterations, 3)
        Of `denoising.step_schedule`.
    every : int
        Iterations between two looks at the gap.
    """
    axes = 3 if volume else 2
    z = np.zeros((axes, *image.shape), image.dtype)
    ahead = image.copy()
    result[:] = image
    reached, done = np.inf, 0
    for k in range(len(steps)):
        sigma, tau, theta = steps[k]
        _climb(z, ahead, channels, sigma, weight, isotropic, coupled)
        _descend(image, z, channels, tau, theta, result, ahead)
        done = k + 1
        if done % every == 0 or done == len(steps):
            reached = _relative_gap(image, result, z, channels, weight, isotropic, coupled)
            if reached <= gap:
                break
    return reached, done


@_compile
def _climb(z, u, channels, sigma, weight, isotropic, coupled):
    """Dual step: z = project(z + sigma * gradient of u), row by row."""
    axes, depth, height, width = z.shape
    square = np.empty(width, z.dtype)
    least = max(weight * weight, np.float32(1e-30))
    for d in range(depth):
        for h in range(height):
            here, below = u[d, h], u[d, min(h + 1, height - 1)]
            across, down = z[0, d, h], z[1, d, h]
            right = here[channels:]  # a view: Numba makes no vector loop of here[x + channels]
            if axes == 2 and isotropic and not coupled:
                _climb_row(across, down, here, right, below, sigma, weight, least)
                continue
            for x in range(width - channels):
                across[x] += sigma * (right[x] - here[x])
            for x in range(width):
                down[x] += sigma * (below[x] - here[x])
            if axes == 3:
                behind, into = u[min(d + 1, depth - 1), h], z[2, d, h]
                for x in range(width):
                    into[x] += sigma * (behind[x] - here[x])
            if isotropic:
                square[:] = 0
                for a in range(axes):
                    row = z[a, d, h]
                    for x in range(width):
                        square[x] += row[x] * row[x]
                _to_scale(square, channels, weight, least, coupled)
                for a in range(axes):
                    row = z[a, d, h]
                    for x in range(width):
                        row[x] *= square[x]
            else:
                for a in range(axes):
                    row = z[a, d, h]
                    for x in range(width):
                        square[x] = row[x] * row[x]
                    _to_scale(square, channels, weight, least, coupled)
                    for x in range(width):
                        row[x] *= square[x]


@_compile
def _climb_row(across, down, here, right, below, sigma, weight, least):
    """The commonest case, a third faster in one loop."""
    inside = len(right)
    for x in range(inside):
        p = across[x] + sigma * (right[x] - here[x])
        q = down[x] + sigma * (below[x] - here[x])
        scale = weight / math.sqrt(max(p * p + q * q, least))
        across[x] = p * scale
        down[x] = q * scale
    for x in range(inside, len(here)):
        q = down[x] + sigma * (below[x] - here[x])
        down[x] = q * (weight / math.sqrt(max(q * q, least)))


@_compile
def _to_scale(square, channels, weight, least, coupled):
    """Turn squared lengths into the factors that bring them down to the weight; coupled channels share theirs."""
    if coupled:
        _share(square, channels)
    for x in range(len(square)):
        square[x] = weight / math.sqrt(max(square[x], least))


@_compile
def _share(square, channels):
    """Give each channel of a pixel the sum over all of them."""
    for start in range(0, len(square), channels):
        square[start : start + channels] = square[start : start + channels].sum()


@_compile
def _descend(image, z, channels, tau, theta, u, ahead):
    """Primal step: u moves towards image - D^T z, and `ahead` goes on by theta in the same direction."""
    axes, depth, height, width = z.shape
    dual = np.empty(width, z.dtype)
    for d in range(depth):
        for h in range(height):
            _dual_row(image, z, channels, d, h, dual)
            old, beyond = u[d, h], ahead[d, h]
            for x in range(width):
                step = tau * (dual[x] - old[x])
                old[x] += step
                beyond[x] = old[x] + theta * step


@_compile
def _dual_row(image, z, channels, d, h, dual):
    """One row of image - D^T z."""
    axes, depth, height, width = z.shape
    row, across, down = image[d, h], z[0, d, h], z[1, d, h]
    if h > 0:
        above = z[1, d, h - 1]
        for x in range(width):
            dual[x] = row[x] + across[x] + down[x] - above[x]
    else:
        for x in range(width):
            dual[x] = row[x] + across[x] + down[x]
    inner = dual[channels:]
    for x in range(width - channels):
        inner[x] -= across[x]
    if axes == 3:
        into = z[2, d, h]
        for x in range(width):
            dual[x] += into[x]
        if d > 0:
            before = z[2, d - 1, h]
            for x in range(width):
                dual[x] -= before[x]


@_compile
def _relative_gap(image, u, z, channels, weight, isotropic, coupled):
    """Duality gap over the objective, each a sum of terms that are not negative."""
    axes, depth, height, width = z.shape
    dual, slope, square = np.empty(width, z.dtype), np.zeros((axes, width), z.dtype), np.empty(width, z.dtype)
    gap = far = variation = 0.0
    for d in range(depth):
        for h in range(height):
            _dual_row(image, z, channels, d, h, dual)
            here, noisy, below = u[d, h], image[d, h], u[d, min(h + 1, height - 1)]
            for x in range(width):
                gap += 0.5 * (here[x] - dual[x]) ** 2
                far += 0.5 * (here[x] - noisy[x]) ** 2
                slope[1, x] = below[x] - here[x]
            right = here[channels:]
            for x in range(width - channels):
                slope[0, x] = right[x] - here[x]
            if axes == 3:
                behind = u[min(d + 1, depth - 1), h]
                for x in range(width):
                    slope[2, x] = behind[x] - here[x]
            square[:] = 0
            for a in range(axes):
                for x in range(width):
                    square[x] += slope[a, x] * slope[a, x]
                if not isotropic or a == axes - 1:
                    variation += _lengths(square, channels, coupled)
                    square[:] = 0
            for a in range(axes):
                row = z[a, d, h]
                for x in range(width):
                    gap -= row[x] * slope[a, x]
    gap += weight * variation
    objective = far + weight * variation
    return gap / objective if objective > 0 else 0.0


@_compile
def _lengths(square, channels, coupled):
    """Sum of the lengths in a row, each pixel once where channels are coupled."""
    total = 0.0
    if coupled:
        for start in range(0, len(square), channels):
            total += math.sqrt(square[start : start + channels].sum())
    else:
        for x in range(len(square)):
            total += math.sqrt(square[x])
    return total
