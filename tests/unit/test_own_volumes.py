"""Volumes in and labels out: order of slices, spacing, rescale slope, window, geometry, and what is not copied."""

import struct

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from unet_course.datasets import DataError
from unet_course.own import layouts, prediction, stacks, volumes

SECRET = "Doe^Jane"
MR = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT = "1.2.840.10008.1.2.1"  # explicit lengths, little endian


def element(tag, kind, value):
    """One field of a DICOM file, byte by byte (DICOM PS3.5, 7.1.2)."""
    if kind == "US":
        value = struct.pack("<H", value)
    value = value.encode() if isinstance(value, str) else value
    value += (b"\0" if kind in ("UI", "OB") else b" ") * (len(value) % 2)
    size = struct.pack("<HI", 0, len(value)) if kind in ("OW", "OB") else struct.pack("<H", len(value))
    return struct.pack("<HH", *(int(part, 16) for part in tag.split("|"))) + kind.encode() + size + value


def dicom(plane, number, place, series, more):
    """One slice as a DICOM file, with a patient's name and a private field that holds it too."""
    meta = element("0002|0002", "UI", MR) + element("0002|0003", "UI", f"{series}.{number}")
    meta += element("0002|0010", "UI", EXPLICIT)
    fields = {
        "0008|0016": ("UI", MR), "0008|0018": ("UI", f"{series}.{number}"), "0008|0060": ("CS", "MR"),
        "0009|0010": ("LO", "SOMEBODY"), "0009|1001": ("LO", SECRET), "0010|0010": ("PN", SECRET),
        "0018|0050": ("DS", "4"), "0020|000d": ("UI", "1.2"), "0020|000e": ("UI", series),
        "0020|0013": ("IS", str(number)), "0020|0032": ("DS", f"-10\\-20\\{place:g}"),
        "0020|0037": ("DS", "1\\0\\0\\0\\1\\0"), "0028|0002": ("US", 1), "0028|0004": ("CS", "MONOCHROME2"),
        "0028|0010": ("US", plane.shape[0]), "0028|0011": ("US", plane.shape[1]), "0028|0030": ("DS", "0.75\\0.5"),
        "0028|0100": ("US", 16), "0028|0101": ("US", 16), "0028|0102": ("US", 15), "0028|0103": ("US", 1),
        **{tag: ("DS", value) for tag, value in more.items()}, "7fe0|0010": ("OW", plane.astype("<i2").tobytes()),
    }  # fmt: skip
    length = element("0002|0000", "UL", struct.pack("<I", len(meta)))
    return bytes(128) + b"DICM" + length + meta + b"".join(element(tag, *fields[tag]) for tag in sorted(fields))


def write_series(folder, values, *, order=None, skip=(), series="1.2.3", gap=4, **more):
    """A series of these slices; `order` names the files."""
    folder.mkdir(exist_ok=True)
    for number, plane in enumerate(values):
        if number not in skip:
            name = number if order is None else order[number]
            content = dicom(plane, number + 1, 100 + gap * number, series, more.get("tags", {}))
            (folder / f"{name}.dcm").write_bytes(content)
    return folder


@pytest.fixture
def values():
    """Four slices, each with its number in one corner."""
    found = np.random.default_rng(0).integers(0, 1000, (4, 6, 8)).astype(np.int16)
    found[:, 0, 0] = range(4)
    return found


def test_slices_come_in_the_order_of_their_places_not_of_their_files(tmp_path, values):
    volume = volumes.read(write_series(tmp_path / "p1", values, order=[3, 0, 2, 1]))
    assert np.array_equal(volume.values, values)
    assert volume.spacing == pytest.approx((4, 0.75, 0.5))


def test_values_are_those_of_the_scanner_with_slope_and_intercept(tmp_path, values):
    folder = write_series(tmp_path / "p1", values, tags={"0028|1052": "-100", "0028|1053": "0.5"})
    assert np.allclose(volumes.read(folder).values, values / 2 - 100)


def test_the_window_of_the_files_is_what_is_shown(tmp_path, values):
    tags = {"0028|1050": "300\\40", "0028|1051": "201\\80"}
    pixels = volumes.read(write_series(tmp_path / "p1", values, tags=tags)).pixels
    expected = np.rint(255 * np.clip((values - 199.5) / 200, 0, 1))
    assert np.abs(pixels - expected).max() <= 1
    without = volumes.read(write_series(tmp_path / "p2", values)).pixels
    low, high = np.percentile(values, (0.5, 99.5))
    assert np.abs(without - np.rint(255 * np.clip((values - low) / (high - low), 0, 1))).max() <= 1


def test_labels_get_the_place_in_space_and_nothing_of_the_patient(tmp_path, values):
    folder = write_series(tmp_path / "p1", values)
    assert any(SECRET.encode() in file.read_bytes() for file in folder.iterdir())
    volume = volumes.read(folder)
    volumes.write_labels(tmp_path / "p1.nii.gz", (values > 500).astype(np.uint8), volume)
    written = sitk.ReadImage(str(tmp_path / "p1.nii.gz"))
    for get in ("GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(written, get)() == pytest.approx(getattr(volume.header, get)())
    assert np.array_equal(sitk.GetArrayFromImage(written), values > 500)
    header = nibabel.load(tmp_path / "p1.nii.gz").header
    assert [header[name].item().strip(b"\0") for name in ("descrip", "aux_file", "intent_name", "db_name")] == [b""] * 4


def test_a_series_is_read_for_training_and_for_prediction(tmp_path, data_root, values):
    (tmp_path / "mine" / "images").mkdir(parents=True)
    (tmp_path / "mine" / "masks").mkdir()
    series = write_series(tmp_path / "mine" / "images" / "p1", values)
    drawn = (values > 700).astype(np.uint8)
    volumes.write_labels(tmp_path / "mine" / "masks" / "p1.nii.gz", drawn, volumes.read(series))
    data = layouts.load(tmp_path / "mine")
    assert data.index["group"].tolist() == ["p1"] * 4 and np.array_equal(data.masks, drawn)
    assert prediction._files([series]) == prediction._files([series.parent]) == {"p1": series}
    assert stacks.read(series).spacing == pytest.approx((0.75, 0.5))


@pytest.mark.parametrize("code", ["LPS", "RAS", "PIR", "ASL"])
@pytest.mark.parametrize("spacing", [(1, 1, 5), (5, 1, 1), (1, 5, 1)])
def test_a_volume_stored_in_any_order_is_seen_upright_and_its_labels_fit_it(tmp_path, code, spacing):
    values = np.random.default_rng(1).integers(0, 9, (3, 4, 5)).astype(np.int16)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(spacing)
    image.SetOrigin((3, 4, 5))
    sitk.WriteImage(sitk.DICOMOrient(image, code), str(tmp_path / "a.nii.gz"))
    volume = volumes.read(tmp_path / "a.nii.gz")
    axis = {2: 0, 1: 1, 0: 2}[spacing.index(5)]
    expected = np.moveaxis(values, axis, 0)
    assert np.array_equal(volume.values, expected if axis == 0 else expected[:, ::-1])
    assert volume.spacing == pytest.approx((5, 1, 1))
    volumes.write_labels(tmp_path / "b.nii.gz", (volume.values > 4).astype(np.uint8), volume)
    stored, labels = (nibabel.load(tmp_path / name) for name in ("a.nii.gz", "b.nii.gz"))
    assert np.array_equal(np.asarray(labels.dataobj), np.asarray(stored.dataobj) > 4)
    assert np.allclose(labels.affine, stored.affine, atol=1e-5)


def test_a_series_with_a_hole_two_series_and_doubled_slices_are_refused(tmp_path, values):
    more = np.concatenate([values, values])
    with pytest.raises(DataError, match=r"from slice 3 to 4 of 7 it is 8.00 mm, elsewhere 4.00: is a file missing"):
        volumes.read(write_series(tmp_path / "hole", more, skip=(3,)))
    write_series(tmp_path / "two", values)
    with pytest.raises(DataError, match="holds 2 DICOM series"):
        volumes.read(write_series(tmp_path / "two", values, series="1.2.4", order=[10, 11, 12, 13]))
    with pytest.raises(DataError, match="two slices at one place"):
        volumes.read(write_series(tmp_path / "echoes", values, gap=0))
    file = write_series(tmp_path / "damaged", values) / "3.dcm"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(DataError, match="1 of 4 files are damaged"):
        volumes.read(tmp_path / "damaged")
