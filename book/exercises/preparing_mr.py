"""The chapter on preparing MR images: solutions, and typical mistakes with the hint each must get."""

import numpy as np
from scipy.special import expit, logit


def z_score(image, brain):
    return np.where(brain, (image - image[brain].mean()) / image[brain].std(), 0)


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


SOLUTIONS = {"z_score": z_score, "glcm_contrast": glcm_contrast, "mean_field_step": mean_field_step}
MISTAKES = [
    ("z_score", lambda image, brain: (image - image.mean()) / image.std(), "`image[brain]` only"),
    ("z_score", lambda image, brain: (image - image[brain].mean()) / image[brain].std(), "outside to 0"),
    (
        "z_score",
        lambda image, brain: np.where(brain, (image - image[brain].mean()) / 1.0198039, 0),
        "three times the gain",
    ),
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
