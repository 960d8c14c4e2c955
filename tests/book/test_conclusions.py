"""What a case study concludes in words from its recorded runs is true of the record: new records may need new words."""

import itertools

import numpy as np
import pandas as pd
import pytest

from unet_course import results, studies


@pytest.fixture(scope="module")
def brain_tumour():
    """Means of the recorded PyTorch runs of case study 1, and the record's numbers."""
    metrics = results.read("01_brain_tumour_classification", "laptop", "torch")["metrics"]
    return pd.DataFrame(metrics["networks_mean"]).T, metrics


def test_no_network_beats_the_nearest_neighbour_on_brain_tumour_images(brain_tumour):
    means, metrics = brain_tumour
    ruler, constant = (metrics["without_a_network"][name] for name in ("nearest neighbour", "best constant"))
    assert (means.validation < ruler["validation"]).all()
    assert means.validation.max() > ruler["validation"] - 0.02  # the better ones come level
    assert (means.unseen < min(ruler["unseen"], constant["unseen"])).all()
    assert set(metrics["verdicts"]["unseen"].values()) == {"not learned"}
    fall = ruler["validation"] - ruler["unseen"]
    assert abs(means.validation - means.unseen - fall).max() < 0.1  # the ruler falls just as deeply


def test_the_flat_head_knows_its_images_by_heart_and_the_heads_are_undecided(brain_tumour):
    means, metrics = brain_tumour
    assert means.train_loss["flatten"] < 0.01 < means.train_loss["average"]
    assert means.seen.min() > 0.85 and means.seen["flatten"] > 0.98
    best = metrics["best_settings"]
    assert best["average"]["learning_rate"] == pytest.approx(10 * best["flatten"]["learning_rate"])
    heads = ("flatten", "average", "way down only")
    verdicts = metrics["verdicts"]["validation"]
    assert {verdicts[f"{two} against {one}"] for one, two in itertools.combinations(heads, 2)} == {"undecided"}
    runs = pd.DataFrame(metrics["networks"])
    assert (runs.groupby("network").size() == 3).all()
    minutes = runs.groupby("network").minutes.min()
    assert minutes["way down only"] < minutes["average"] / 3  # the decoder takes most of the time


def test_the_encoder_that_knows_photographs_does_not_come_to_rest_and_a_deeper_unet_changes_nothing(brain_tumour):
    means, metrics = brain_tumour
    runs = pd.DataFrame(metrics["networks"])
    lite = runs[runs.network == "efficientnet_lite0"]
    ruler = metrics["without_a_network"]["nearest neighbour"]["validation"]
    assert lite.validation.round(2).tolist() == [0.93, 0.71, 0.91]
    assert (lite.validation > ruler).sum() == 2 and lite.validation.max() == runs.validation.max()
    jumps = np.stack([curve[-10:] for curve in lite.curve])
    assert (jumps.min().round(2), jumps.max().round(2)) == (0.71, 0.95)
    others = means.unseen.drop("efficientnet_lite0")
    assert means.unseen["efficientnet_lite0"] < others.max() + 0.02
    verdicts = metrics["verdicts"]
    assert verdicts["validation"]["deeper against flatten"] == "undecided"
    assert verdicts["validation"]["efficientnet_lite0 against way down only"] == "not measured"


def test_the_division_image_by_image_helps_the_flat_head_as_it_helps_the_nearest_neighbour(brain_tumour):
    means, metrics = brain_tumour
    gain = pd.DataFrame(metrics["by_image"]).validation.mean() - means.validation["flatten"]
    ruler = np.subtract(*(metrics["nearby"][division] for division in ("by image", "by group")))
    assert 0.01 < ruler and 0.01 < gain < 0.06 and abs(gain - ruler) < 0.02


@pytest.fixture(scope="module")
def knobs():
    """The recorded PyTorch runs of case study 5."""
    return results.read("05_lgg_batchnorm", "laptop", "torch")["metrics"]


def test_without_batch_norm_nothing_starts_at_the_large_rates_and_all_with_it_do(knobs):
    runs = pd.DataFrame(knobs["runs"]).query("study == 'rates'").astype({"batch_norm": bool})
    large = runs[runs.rate > 0.001]
    assert large.groupby("batch_norm").size().to_dict() == {False: 6, True: 6}
    assert not (large[~large.batch_norm].outcome == "learned").any()
    assert (large[large.batch_norm].outcome == "learned").all()
    slow = runs[runs.batch_norm & (runs.rate == 0.0001)]
    nothing = knobs["without_network"]["nothing"]["validation"]
    assert np.mean([curve[-1] for curve in slow.val_loss]) > nothing  # by the loss worse than "nothing" ...
    assert np.mean([curve[-1] for curve in slow.val_dice]) > 0.5  # ... by the Dice far better


def test_a_large_batch_is_behind_in_epochs_and_not_in_updates(knobs):
    lines = pd.DataFrame(knobs["batches"])
    verdicts = dict(zip(zip(lines.level_0, lines.level_1, strict=True), lines.verdict, strict=True))
    assert verdicts.pop((64, "same epochs")) == "higher" and set(verdicts.values()) == {"undecided"}


def test_only_dropout_and_a_quarter_of_the_patients_are_decided(knobs):
    runs = pd.DataFrame(knobs["runs"])

    def verdicts(study, setting, first, column="volumes"):
        some = runs[runs.study == study]
        others = [value for value in some[setting].unique() if value != first]
        return {
            value: studies.difference(some, column, setting, first, value, nothing=0)["verdict"] for value in others
        }

    changes = verdicts("changes", "change", "none")
    assert changes.pop("dropout 0.3") == "lower" and set(changes.values()) == {"undecided"}
    assert verdicts("patients", "share", 1.0) == {0.25: "lower", 0.5: "undecided"}
    assert verdicts("splits", "by", "patient", "tumour_slices") == {"slice": "undecided"}


def test_flair_alone_is_as_good_as_three_sequences_and_nothing_is_without_it():
    record = results.read_benchmark("modalities")
    runs = pd.DataFrame(record["rows"])
    assert (runs.groupby("inputs").size() == 3).all() and runs.inputs.nunique() == 7
    with_flair = runs.inputs.str.contains("FLAIR")
    worst = runs[with_flair].groupby("seed").volume_dice.min()
    assert (worst > runs[~with_flair].groupby("seed").volume_dice.max() + 0.1).all()
    means = runs.groupby("inputs").volume_dice.mean()
    assert abs(means["FLAIR"] - means.drop("FLAIR").max()) < 0.03
    assert 0.4 < 1 - means["after contrast"] / means["FLAIR"] < 0.5
    verdicts = {inputs: line["verdict"] for inputs, line in record["all_against"].items()}
    assert {verdicts[one] for one in verdicts if "FLAIR" in one} == {"undecided"}
    without = [verdicts[one] for one in verdicts if "FLAIR" not in one]
    assert sorted(without) == ["higher", "not measured", "not measured"]


def test_neighbours_are_worth_six_hundredths_and_most_of_it_in_patients_found_badly():
    record = results.read_benchmark("neighbours")
    found = record["difference"]
    assert found["verdict"] == "higher" and found["runs"] == 5 and found["mean"] == pytest.approx(0.06, abs=0.005)
    patients = pd.DataFrame(record["patients"])
    assert len(patients) == 110 and patients.patient.is_unique
    assert (record["below_0.1"]["strangers"], record["below_0.1"]["neighbours"]) == (8, 4)
    badly = patients[["strangers", "neighbours"]].mean(axis=1) < 0.7
    gain = (patients.neighbours - patients.strangers).groupby(badly)
    assert gain.sum()[True] > 2 * gain.sum()[False] and gain.mean()[False] < 0.03
    assert 0 < record["mean"]["neighbours"] - record["mean"]["copy"] < 0.03 and record["below_0.1"]["copy"] == 0


@pytest.fixture(scope="module")
def encoders():
    """The recorded PyTorch runs of case study 4, what its page takes from their curves, and the numbers."""
    metrics = results.read("04_lgg_encoders", "laptop", "torch")["metrics"]
    runs = pd.DataFrame(metrics["runs"])
    runs["early_training"] = [max(curves["iou"][: -(-len(curves["iou"]) // 3)]) for curves in runs.curves]
    assert (runs.groupby(["model", "division"]).size() == 3).all()
    return runs, metrics


def against_plain(runs, division, column="dice_tumour"):
    some = runs[runs.division == division]
    others = ("VGG16", "ResNet50", "ResNet50, frozen")
    return {other: studies.difference(some, column, "model", "plain", other, nothing=0) for other in others}


def test_from_random_numbers_the_plain_unet_comes_first_by_slice_and_is_quickest(encoders):
    runs, metrics = encoders
    found = against_plain(runs, "by slice")
    verdicts = {other: one["verdict"] for other, one in found.items()}
    assert verdicts == {"VGG16": "lower", "ResNet50": "undecided", "ResNet50, frozen": "lower"}
    assert 0 < found["ResNet50"]["high"] < 0.005  # "just reaches 0"
    by_slice = runs[runs.division == "by slice"].pivot(index="seed", columns="model", values="dice_tumour")
    assert (by_slice.idxmax(axis=1) == "plain").all()
    copied = metrics["conventions"]["by slice, copy"]["slice with tumour"]
    means = by_slice.mean()
    assert set(means.index[means > copied]) == {"plain", "ResNet50"} and means.min() > copied - 0.04
    for division in ("by slice", "by patient"):
        early = against_plain(runs, division, "early_training")
        assert {early[other]["verdict"] for other in ("ResNet50", "ResNet50, frozen")} == {"lower"}


def test_the_test_patients_move_the_dice_more_than_the_encoder_does(encoders):
    runs, _ = encoders
    assert {one["verdict"] for one in against_plain(runs, "by patient").values()} == {"undecided", "not measured"}
    by_patient = runs[runs.division == "by patient"].pivot(index="seed", columns="model", values="dice_tumour")
    assert by_patient.loc[0].max() < by_patient.loc[1].min()  # hard for all four, easy for all four
    for model, some in runs.groupby("model"):
        change = studies.difference(some, "dice_tumour", "division", "by slice", "by patient", nothing=0)
        assert change["verdict"] in ("undecided", "not measured"), model


def test_neither_the_modes_of_batch_norm_nor_any_change_tells_in_the_encoders(encoders):
    runs, metrics = encoders
    modes = runs[runs.division == "by slice"].groupby("model")[["iou_training", "iou_stored"]].mean()
    assert (modes.iou_stored > modes.iou_training).all()
    effects = pd.DataFrame(metrics["effects"])
    assert len(effects) == 8 and set(effects.verdict) == {"undecided", "not measured"}
    longer = pd.DataFrame(metrics["longer"]).query("model == 'plain'").set_index("seed").dice_tumour
    shorter = runs[(runs.division == "by patient") & (runs.model == "plain")].set_index("seed").dice_tumour
    assert (longer > shorter).all()
    assert pd.DataFrame(metrics["medical"]).accuracy.mean() == pytest.approx(5 / 6, abs=0.02)


def test_the_keras_run_of_the_encoders_agrees_with_pytorch_where_one_seed_can(encoders):
    metrics = results.read("04_lgg_encoders", "laptop", "keras")["metrics"]
    once = pd.DataFrame(metrics["runs"])
    assert set(once.seed) == {0} and (once.groupby(["model", "division"]).size() == 1).all()
    by_slice = once[once.division == "by slice"].set_index("model").dice_tumour
    assert by_slice.idxmax() == "plain" and by_slice.idxmin() == "ResNet50, frozen"
    assert by_slice.min() < metrics["conventions"]["by slice, copy"]["slice with tumour"] < by_slice.max()
    by_patient = once[once.division == "by patient"].dice_tumour
    easy = encoders[0].query("division == 'by patient' and seed == 1").dice_tumour
    assert len(by_patient) == 4 and by_patient.max() < easy.min()
    assert {effect["verdict"] for effect in metrics["effects"]} == {"not measured"}


def test_photographs_teach_a_tenth_of_dice_even_to_a_frozen_encoder():
    record = results.read_benchmark("pretraining")
    runs = pd.DataFrame(record["rows"])
    where = ["encoder", "patients", "rate", "kept"]
    wide = runs.pivot(index=[*where, "seed"], columns="start", values="volume_dice")
    gain = (wide.ImageNet.fillna(wide.photographs) - wide.random).dropna()
    assert len(gain) == 15 and (gain > 0).all()
    started = [row for row in record["comparisons"] if row["setting"] == "start"]
    found = {tuple(row[name] for name in where): row for row in started}
    decided = {at: row["mean"] for at, row in found.items() if row["verdict"] == "higher"}
    lite = "EfficientNet-Lite0"
    everyone, few = (lite, "all", 1e-3, "nothing"), (lite, 20, 1e-3, "nothing")
    kept = (lite, 20, 1e-3, "encoder, statistics follow")
    assert decided == pytest.approx({everyone: 0.11, few: 0.11, kept: 0.17}, abs=0.005) and len(found) == 5
    assert {row["verdict"] for at, row in found.items() if at not in decided} == {"undecided"}
    ways = [row for row in record["comparisons"] if row["setting"] == "kept"]
    assert len(ways) == 3 and all(row["verdict"] == "undecided" and abs(row["mean"]) < 0.03 for row in ways)
    frozen = wide.ImageNet[lite, 20, 1e-3, "encoder"]
    assert (frozen > wide.random[few]).all()


def test_augmentation_carries_networks_from_phantoms_to_patients_in_both_frameworks():
    record = results.read_benchmark("phantoms_to_patients")
    lines = [
        {
            "framework": row["framework"],
            "augmented": row["augmentation"] != "none",
            "phantoms": row["phantoms"]["WT"],
            "patients": np.mean([scores["WT"] for scores in row["patients"].values()]),
        }
        for row in record["rows"]
    ]
    runs = pd.DataFrame(lines)
    assert (runs.groupby(["framework", "augmented"]).size() == 3).all()
    means = runs.groupby(["framework", "augmented"]).mean()
    for framework in ("keras", "torch"):
        plain, changed = means.loc[(framework, False)], means.loc[(framework, True)]
        assert 0 < plain.phantoms - changed.phantoms < 0.05
        assert 0.1 < changed.patients - plain.patients < 0.25
    best_rule = np.mean([scores["WT"] for scores in record["baselines"]["two thresholds"].values()])
    assert best_rule < means.patients.min()


@pytest.fixture(scope="module", params=["keras", "torch"])
def nuclei(request):
    """The recorded runs of case study 3."""
    return pd.DataFrame(results.read("03_nuclei", "laptop", request.param)["metrics"]["runs"])


def test_the_unet_finds_the_nuclei_of_every_type_better_than_otsu_with_every_seed(nuclei):
    whole = nuclei[nuclei.without == "nothing"]
    assert len(whole) == 3
    leads = {
        (part, kind): whole[f"U-Net, {part}, {kind}"] - whole[f"Otsu, {part}, {kind}"]
        for part in ("validation", "test")
        for kind in ("brightfield", "fluorescence", "purple")
    }
    assert min(lead.min() for lead in leads.values()) > 0
    assert leads["test", "brightfield"].min() > 0.5 and 0.005 < leads["test", "purple"].mean() < 0.02


def test_no_step_that_prepares_nuclei_is_decided():
    runs = pd.DataFrame(results.read("03_nuclei", "laptop", "torch")["metrics"]["runs"])
    for step in ("stretch", "invert", "balance"):
        for column in runs.filter(like="U-Net, validation"):
            verdict = studies.difference(runs, column, "without", step, "nothing")["verdict"]
            assert verdict == ("not measured" if (step, column[-11:]) == ("balance", "brightfield") else "undecided")
    for step in ("stretch", "invert"):
        some = runs[runs.without == step]
        kinds = ("brightfield", "fluorescence", "purple")
        assert all((some[f"U-Net, test, {kind}"] > some[f"Otsu, test, {kind}"]).all() for kind in kinds)
    behind = runs[runs.without == "balance"].eval("`U-Net, test, purple` < `Otsu, test, purple`")
    assert behind.sum() == 1
    bright = runs.pivot(index="seed", columns="without", values="U-Net, validation, brightfield")
    assert (bright.nothing - bright.balance).round(2).tolist() == [0.36, 0.45, 0.05]
    assert np.ptp(np.sign(bright.nothing - bright.stretch)) > 0 and np.ptp(np.sign(bright.nothing - bright.invert)) > 0


@pytest.fixture(scope="module")
def folds():
    """The recorded PyTorch runs of case study 2, sixty phantoms in five folds."""
    metrics = results.read("02_brats", "laptop", "torch")["metrics"]
    tables = {name: pd.DataFrame(metrics[name]) for name in ("schedules", "ablation", "preparations", "dimensions")}
    assert metrics["kind"] == "phantoms" and all(set(table.fold) == set(range(5)) for table in tables.values())
    return tables


def against(table, column, setting, first, second):
    return studies.difference(table, column, setting, first, second, pair="fold")


def test_each_modality_alone_is_behind_all_four_but_t1ce_on_enhancing_tumour(folds):
    table = folds["ablation"]
    for inputs in ("FLAIR", "T1", "T1ce", "T2"):
        for region in ("WT", "TC", "ET"):
            verdict = against(table, f"{region} dice", "inputs", "all four", inputs)["verdict"]
            assert verdict == ("undecided" if (inputs, region) == ("T1ce", "ET") else "lower")
    pair = [against(table, f"{region} dice", "inputs", "all four", "FLAIR + T1ce") for region in ("WT", "TC", "ET")]
    assert [one["verdict"] for one in pair] == ["undecided", "lower", "undecided"]


def test_single_modalities_miss_much_and_t1_marks_more_healthy_voxels_than_it_finds(folds):
    means = folds["ablation"].groupby("inputs").mean(numeric_only=True)
    assert means.loc["T1", [f"{region} sensitivity" for region in ("WT", "TC", "ET")]].between(0.2, 0.3).all()
    assert means.loc["FLAIR", "ET sensitivity"] == pytest.approx(0.5, abs=0.05)
    assert means.loc["T1ce", "WT sensitivity"] == pytest.approx(0.7, abs=0.02)
    assert means.filter(like="specificity").min(axis=None) > 0.997
    share = 1 - results.read("02_brats", "laptop", "torch")["metrics"]["accuracy_of_nothing"]
    assert share == pytest.approx(0.01, abs=0.002)  # of the volume is tumour
    healthy, found = (1 - means["WT specificity"]) * (1 - share), means["WT sensitivity"] * share
    assert healthy["T1"] >= found["T1"] and means["WT specificity"].idxmin() == "T1"


def test_n4_costs_on_phantoms_and_total_variation_changes_nothing_more(folds):
    table = folds["preparations"]
    for steps in ("N4", "N4 and TV"):
        found = against(table, "mean", "preparation", "z-score only", steps)
        assert found["verdict"] == "lower" and found["mean"] == pytest.approx(-0.05, abs=0.01)
    assert against(table, "mean", "preparation", "N4", "N4 and TV")["verdict"] == "undecided"


def test_going_back_is_undecided_and_the_rules_lie_close(folds):
    table = folds["schedules"]
    for rule in ("constant", "reduce"):
        assert against(table, "mean", "schedule", "dwell", rule)["verdict"] == "undecided"
    assert np.ptp(table.groupby("schedule")["mean"].mean()) < 0.02


def test_3d_is_behind_on_the_whole_tumour_and_not_measured_on_its_parts(folds):
    verdicts = {
        region: against(folds["dimensions"], f"{region} dice", "network", "2-D", "3-D")["verdict"]
        for region in ("WT", "TC", "ET")
    }
    assert verdicts == {"WT": "lower", "TC": "not measured", "ET": "not measured"}
    slow = folds["dimensions"].query("network == '3-D'")
    assert slow["ET dice"].min() < 0.1 and slow["WT dice"].min() > 0.5
