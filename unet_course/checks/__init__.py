"""Checks for the exercises, one module a chapter: each tries a function and hints when it is not right yet."""

from .augmentation import brighten, rotate_mask, swap_sides
from .backpropagation import softmax_slope, tanh_slope, weight_slopes
from .brain_tumour import accuracy_by_part, constant_guess, convolution_parameters, ran_in_order
from .brats import dwell_starts, labels_from_regions, volume_ml, wrong_defaults
from .break_it import labels_survive, marker_stays, patients_apart
from .build_a_unet import (
    bce_dice,
    centre_crop,
    conv3x3,
    double_conv,
    enlarge,
    halve,
    head,
    join_skip,
    make_parts,
    norm_relu,
    step_up,
    through,
    train_step,
    way_down,
)
from .convolution import field_of_view, output_side, strided_filter
from .ensembles import brier_skill, disagreement, mean_over_quarter_turns
from .field_map import nnunet_name, spoilt_folds, without_gaps
from .honest_splits import grouped_folds, mean_of_draw, shared_patients
from .how_good_are_the_masks import majority, probability_of_object, rater_agreement
from .images_and_masks import area_mm2, majority_shrink, one_hot_labels
from .ladder import nested_threshold, paired_gain, volume_dice
from .lgg_batchnorm import (
    batch_norm,
    changed_layers,
    ensemble_mask,
    epoch_draws,
    mean_batch_loss,
    paired_interval,
    scaled_rate,
)
from .lgg_encoders import dice_of_images, held_out_patients, nothing_dice, triangular_rate
from .losses_and_metrics import iou_from_dice, patient_dice, tversky_slope
from .masks_to_numbers import glcm_contrast, least_voxels, mean_field_step
from .noise_and_tv import anisotropic_tv, two_levels, unbiased_signal
from .nuclei import background_accuracy, dice_from_counts, half_covered, merge_masks
from .own_images import may_leave, patient_of, windowed
from .patches import blend, least_overlap, tile_count
from .preparing_mr import neighbours, noise_in_air, z_score
from .reading_results import contradictions, dice_from_two, patients_needed
from .recipe import halving, log_uniform, tries_needed
from .scaling_out import average_gradients, shard, updates_an_epoch
from .shipping import fold_channel, quantise, weights_kilobytes
from .speed import best_gain, ratio_in_turns, steady_rate
from .total_variation import duality_gap, into_the_tube, transposed_differences
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
    "bce_dice",
    "best_gain",
    "blend",
    "brier_skill",
    "brighten",
    "centre_crop",
    "changed_layers",
    "constant_guess",
    "contradictions",
    "conv3x3",
    "convolution_parameters",
    "crop_and_join",
    "decoder_parameters",
    "dice_from_counts",
    "dice_from_two",
    "dice_of_images",
    "disagreement",
    "double_conv",
    "duality_gap",
    "dwell_starts",
    "enlarge",
    "ensemble_mask",
    "epoch_draws",
    "field_of_view",
    "fold_channel",
    "glcm_contrast",
    "grouped_folds",
    "half_covered",
    "halve",
    "head",
    "halving",
    "held_out_patients",
    "into_the_tube",
    "iou_from_dice",
    "join_skip",
    "kernel_weights",
    "labels_from_regions",
    "labels_survive",
    "least_overlap",
    "least_voxels",
    "level_shapes",
    "log_uniform",
    "majority",
    "majority_shrink",
    "make_parts",
    "marker_stays",
    "matching_width",
    "may_leave",
    "mean_batch_loss",
    "mean_field_step",
    "mean_of_draw",
    "mean_over_quarter_turns",
    "merge_masks",
    "neighbours",
    "nested_threshold",
    "nnunet_name",
    "noise_in_air",
    "norm_relu",
    "nothing_dice",
    "one_hot_labels",
    "output_side",
    "paired_gain",
    "paired_interval",
    "patient_dice",
    "patient_of",
    "patients_apart",
    "patients_needed",
    "probability_of_object",
    "quantise",
    "ran_in_order",
    "rater_agreement",
    "ratio_in_turns",
    "rotate_mask",
    "scaled_rate",
    "shard",
    "shared_patients",
    "softmax_slope",
    "spoilt_folds",
    "steady_rate",
    "step_up",
    "stops_at",
    "strided_filter",
    "swap_sides",
    "tanh_slope",
    "through",
    "train_step",
    "tile_count",
    "transposed_differences",
    "triangular_rate",
    "tries_needed",
    "tversky_slope",
    "two_levels",
    "unbiased_signal",
    "updates",
    "updates_an_epoch",
    "volume_dice",
    "volume_ml",
    "way_down",
    "weight_slopes",
    "weights_kilobytes",
    "windowed",
    "without_gaps",
    "wrong_defaults",
    "z_score",
]
