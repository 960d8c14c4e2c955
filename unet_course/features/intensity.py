"""Numbers for how the grey values of a region are distributed, and how they lie beside each other (texture)."""

import numpy as np
from skimage import feature

ANGLES = (0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)  # radians: to the right, up right, up, up left


def first_order(values, *, bins=32):
    """Describe the grey values of a region, whatever their places (first-order histogram features).

    With n values x_i, mean m and central moments m_k = sum((x_i - m)^k) / n:

    - `mean` m, `sd` sqrt(m_2), `minimum`, `maximum`, and the percentiles `p10`, `p25`, `median`, `p75`, `p90`, all in
      the unit of the image;
    - `skewness` m_3 / m_2^(3/2), positive when the long tail is bright, without unit;
    - `kurtosis` m_4 / m_2^2 - 3, 0 for a Gaussian, positive for heavier tails, without unit;
    - `entropy` -sum(p_k log2 p_k), p_k being the share of values in each of `bins` bins of equal width from minimum to
      maximum, in bits: 0 when all are in one bin, log2(bins) when all bins are equally full.

    Parameters
    ----------
    values : array
        The grey values of the region, any shape.
    bins : int

    Returns
    -------
    dict of str to float
        NaN without values; `skewness` and `kurtosis` are NaN when all values are equal.

    References
    ----------
    Zwanenburg et al. (2020), The Image Biomarker Standardization Initiative, Radiology 295, 328-338,
    https://doi.org/10.1148/radiol.2020191145. Explained in the chapter on masks and numbers, section
    "From mask to measurement".
    """
    values = np.asarray(values, np.float64).ravel()
    names = ("minimum", "p10", "p25", "median", "p75", "p90", "maximum")
    if not values.size:
        return dict.fromkeys(("mean", "sd", "skewness", "kurtosis", "entropy", *names), np.nan)
    percentiles = np.percentile(values, (0, 10, 25, 50, 75, 90, 100))
    spread = percentiles[-1] - percentiles[0]
    # In units of the spread, so that no power overflows; equal values must not get a shape from rounding errors.
    centred = (values - values.mean()) / spread if spread > 0 else np.zeros(1)
    moments = [(centred**k).mean() for k in (2, 3, 4)]
    result = {
        "mean": values.mean(),
        "sd": spread * moments[0] ** 0.5,
        "skewness": moments[1] / moments[0] ** 1.5 if spread > 0 else np.nan,
        "kurtosis": moments[2] / moments[0] ** 2 - 3 if spread > 0 else np.nan,
        "entropy": _entropy(np.bincount(quantise(values, bins), minlength=bins)),
    }
    return {name: float(value) for name, value in (result | dict(zip(names, percentiles, strict=True))).items()}


def quantise(values, levels, limits=None):
    """Sort grey values into bins of equal width: floor(levels (x - low) / (high - low)), the highest value included.

    Parameters
    ----------
    values : array
    levels : int
        At least 2.
    limits : (float, float), optional
        Low and high; what lies outside goes to the first or last bin. Default: minimum and maximum of the values, which
        makes regions of different contrast look alike. Give fixed limits, of normalised images, to compare patients.

    Returns
    -------
    array of int, same shape
        0 to levels - 1; 0 where all values are equal.

    Raises
    ------
    ValueError
        If there are fewer than 2 levels, or the limits are not in order.
    """
    values = np.asarray(values, np.float64)
    if levels < 2 or (limits is not None and not limits[0] < limits[1]):
        raise ValueError(f"levels={levels} must be at least 2, and limits={limits} a low and a higher number.")
    if not values.size:
        return np.zeros(values.shape, int)
    low, high = limits or (values.min(), values.max())
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return np.clip(np.floor(levels * share), 0, levels - 1).astype(int)


def glcm(levels_of, mask, *, levels, distance=1, angles=ANGLES):
    """Count how often grey level i lies beside grey level j (grey-level co-occurrence matrix).

    Only pairs with both pixels in the region count. All directions are added up, each pair in both orders, so the
    matrix is symmetric and does not notice a turn by 90 degrees. A volume is read slice by slice: voxels of different
    slices, which are often further apart, never form a pair.

    Parameters
    ----------
    levels_of : array of int, shape (H, W) or (Z, H, W)
        Grey levels 0 to levels - 1, see `quantise`. What they are outside the mask does not matter.
    mask : array of bool, same shape
    levels : int
        At most 255.
    distance : int
        From pixel to pixel, in pixels.
    angles : sequence of float
        Directions, radians.

    Returns
    -------
    array of float64, shape (levels, levels)
        Shares, sum 1; all NaN when the region holds no pair.

    Raises
    ------
    ValueError
        If the shapes differ, or a level in the mask is out of range.

    References
    ----------
    Haralick, Shanmugam, Dinstein (1973), IEEE Trans. Syst. Man Cybern. 3, 610-621,
    https://doi.org/10.1109/TSMC.1973.4309314.
    """
    levels_of, mask = np.asarray(levels_of), np.asarray(mask, bool)
    if levels_of.shape != mask.shape or mask.ndim not in (2, 3):
        raise ValueError(
            f"the levels have shape {levels_of.shape} and the mask {mask.shape}: both (H, W) or (Z, H, W)."
        )
    inside = levels_of[mask]
    if not 2 <= levels <= 255 or (inside.size and (inside.min() < 0 or inside.max() >= levels)):
        raise ValueError(f"levels={levels} must be 2 to 255, and the grey levels in the mask 0 to levels - 1.")
    marked = np.where(mask, levels_of + 1, 0).astype(np.uint8)  # 0 is outside; its pairs are cut off below
    counts = np.zeros((levels, levels))
    for plane in marked.reshape(-1, *marked.shape[-2:]):
        if plane.any():
            matrix = feature.graycomatrix(plane, [distance], angles, levels=levels + 1, symmetric=True)
            counts += matrix[1:, 1:].sum(axis=(2, 3))
    return counts / counts.sum() if counts.any() else np.full_like(counts, np.nan)


def texture(matrix):
    """Describe a co-occurrence matrix.

    With shares p_ij, and mean m and variance s^2 of the levels i over the rows (the columns have the same):

    - `contrast` sum(p_ij (i - j)^2), 0 when neighbours are equal, in squared levels;
    - `homogeneity` sum(p_ij / (1 + (i - j)^2)), 1 when neighbours are equal;
    - `energy` sqrt(sum(p_ij^2)), 1 for a single grey level, 1 / levels when all pairs are equally frequent;
    - `correlation` sum(p_ij (i - m) (j - m)) / s^2, from -1 to 1; NaN for a single grey level;
    - `glcm_entropy` -sum(p_ij log2 p_ij), in bits, up to 2 log2(levels).

    Parameters
    ----------
    matrix : array, shape (levels, levels)
        As `glcm` returns it: symmetric, sum 1.

    Returns
    -------
    dict of str to float
        NaN when the matrix is.
    """
    p = np.asarray(matrix, np.float64)
    i, j = np.indices(p.shape)
    mean = (p * i).sum()
    variance = (p * (i - mean) ** 2).sum()
    covariance = (p * (i - mean) * (j - mean)).sum()
    result = {
        "contrast": (p * (i - j) ** 2).sum(),
        "homogeneity": (p / (1 + (i - j) ** 2)).sum(),
        "energy": (p**2).sum() ** 0.5,
        "correlation": covariance / variance if variance > 1e-12 else np.nan,
        "glcm_entropy": _entropy(p),
    }
    return {name: float(value) for name, value in result.items()}


def _entropy(counts):
    if np.isnan(counts).any():
        return np.nan
    shares = counts[counts > 0] / counts.sum()
    return abs((shares * np.log2(shares)).sum())  # abs: no -0
