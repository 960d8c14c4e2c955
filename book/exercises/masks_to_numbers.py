"""The chapter on masks and numbers: solutions, and typical mistakes with the hint each must get."""

import numpy as np
from scipy.special import expit, logit


def least_voxels(millilitres, spacing):
    return int(np.ceil(millilitres * 1000 / np.prod(spacing)))


def glcm_contrast(levels):
    return np.mean(np.diff(levels.astype(int), axis=1) ** 2)


def mean_field_step(p, image, weight, contrast):
    votes, grey = np.pad(2 * p - 1, 1), np.pad(image, 1)
    heard = logit(p)
    for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        there = np.s_[1 + down : 1 + down + p.shape[0], 1 + right : 1 + right + p.shape[1]]
        alike = np.exp(-((image - grey[there]) ** 2) / (2 * contrast**2))
        heard = heard + weight / 4 * alike * votes[there]
    return expit(heard)


def mean_field_around_the_border(p, image, weight, contrast):
    heard = logit(p)
    for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
        alike = np.exp(-((image - np.roll(image, shift, axis)) ** 2) / (2 * contrast**2))
        heard = heard + weight / 4 * alike * (2 * np.roll(p, shift, axis) - 1)
    return expit(heard)


SOLUTIONS = {"least_voxels": least_voxels, "glcm_contrast": glcm_contrast, "mean_field_step": mean_field_step}
MISTAKES = [
    ("least_voxels", lambda ml, spacing: int(np.ceil(ml / np.prod(spacing))), "1,000 mm³"),
    ("least_voxels", lambda ml, spacing: int(np.ceil(ml * 1000 / spacing[0])), "three sides"),
    ("least_voxels", lambda ml, spacing: int(ml * 1000 / np.prod(spacing)), "round up"),
    ("glcm_contrast", lambda levels: np.mean(np.abs(np.diff(levels, axis=1))), "*squared*"),
    ("glcm_contrast", lambda levels: np.mean(np.diff(levels, axis=1) ** 2), "convert to int"),
    ("glcm_contrast", lambda levels: np.mean(np.diff(levels.ravel().astype(int)) ** 2), "in a row"),
    ("mean_field_step", lambda p, image, weight, contrast: logit(p), "undo each other"),
    ("mean_field_step", mean_field_around_the_border, "np.roll"),
    (
        "mean_field_step",
        lambda p, image, weight, contrast: mean_field_step(p, 0 * image, weight, contrast),
        "another grey value",
    ),
]
