"""Checks for the exercises, one module a chapter: each tries a function and hints when it is not right yet."""

from .augmentation import brighten, rotate_mask, swap_sides
from .brain_tumour import accuracy_by_part, constant_guess, convolution_parameters
from .brats import dwell_starts, labels_from_regions, volume_ml
from .break_it import labels_survive, marker_stays, patients_apart
from .convolution import field_of_view, output_side, strided_filter
from .ensembles import brier_skill, disagreement, mean_over_quarter_turns
from .honest_splits import grouped_folds, mean_of_draw, shared_patients
from .images_and_masks import area_mm2, majority_shrink, one_hot_labels
from .lgg_batchnorm import batch_norm, ensemble_mask, paired_interval, scaled_rate
from .lgg_encoders import held_out_patients, nothing_dice, triangular_rate
from .losses_and_metrics import iou_from_dice, patient_dice, tversky_slope
from .noise_and_tv import anisotropic_tv, duality_gap, two_levels
from .nuclei import background_accuracy, dice_from_counts, merge_masks
from .preparing_mr import glcm_contrast, mean_field_step, z_score
from .reading_results import contradictions, dice_from_two, patients_needed
from .scaling_out import average_gradients, shard, updates_an_epoch
from .shipping import fold_channel, quantise, weights_kilobytes
from .speed import best_gain, ratio_in_turns, steady_rate
from .training import adam_update, stops_at, updates
from .unet import crop_and_join, decoder_parameters, level_shapes
from .variants import attention_gate, kernel_weights, matching_width

__all__ = [
    "accuracy_by_part",
    "adam_update",
    "anisotropic_tv",
    "area_mm2",
    "attention_gate",
    "average_gradients",
    "background_accuracy",
    "batch_norm",
    "best_gain",
    "brier_skill",
    "brighten",
    "constant_guess",
    "contradictions",
    "convolution_parameters",
    "crop_and_join",
    "decoder_parameters",
    "dice_from_counts",
    "dice_from_two",
    "disagreement",
    "duality_gap",
    "dwell_starts",
    "ensemble_mask",
    "field_of_view",
    "fold_channel",
    "glcm_contrast",
    "grouped_folds",
    "held_out_patients",
    "iou_from_dice",
    "kernel_weights",
    "labels_from_regions",
    "labels_survive",
    "level_shapes",
    "majority_shrink",
    "marker_stays",
    "matching_width",
    "mean_field_step",
    "mean_of_draw",
    "mean_over_quarter_turns",
    "merge_masks",
    "nothing_dice",
    "one_hot_labels",
    "output_side",
    "paired_interval",
    "patient_dice",
    "patients_apart",
    "patients_needed",
    "quantise",
    "ratio_in_turns",
    "rotate_mask",
    "scaled_rate",
    "shard",
    "shared_patients",
    "steady_rate",
    "stops_at",
    "strided_filter",
    "swap_sides",
    "triangular_rate",
    "tversky_slope",
    "two_levels",
    "updates",
    "updates_an_epoch",
    "volume_ml",
    "weights_kilobytes",
    "z_score",
]
