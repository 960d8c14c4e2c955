"""Files of PyTorch are read without PyTorch, number for number, and nothing in them is run."""

import os
import zipfile

import numpy as np
import pytest

from unet_course.common.torch_files import read_state_dict

torch = pytest.importorskip("torch", reason="PyTorch writes the files of these tests")
both_formats = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before 1.6"])


def save(value, path, zipped):
    torch.save(value, path, _use_new_zipfile_serialization=zipped)
    return path


@both_formats
def test_every_tensor_comes_back(tmp_path, zipped):
    generator = torch.Generator().manual_seed(0)
    numbers = torch.randn(7, 5, generator=generator)
    state = {
        "plain": numbers,
        "turned": numbers.t(),
        "part": numbers[2:4, 1::2],
        "channels last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "parameter": torch.nn.Parameter(torch.randn(3)),
        "double": torch.randn(2, dtype=torch.float64),
        "half": torch.randn(2).half(),
        "count": torch.tensor(7),
        "empty": torch.zeros(0, 3),
    }
    found = read_state_dict(save(state, tmp_path / "a.pth", zipped))
    assert list(found) == list(state)
    for name, tensor in state.items():
        assert found[name].dtype == tensor.detach().numpy().dtype
        assert np.array_equal(found[name], tensor.detach().numpy())


@both_formats
def test_the_state_of_a_model_comes_back(tmp_path, zipped):
    model = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3))
    found = read_state_dict(save(model.state_dict(), tmp_path / "a.pth", zipped))
    assert {name: value.shape for name, value in found.items()} == {
        name: tuple(value.shape) for name, value in model.state_dict().items()
    }


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@both_formats
def test_code_in_a_file_is_refused_and_not_run(tmp_path, zipped):
    path = save({"weight": torch.zeros(1), "trap": Trap(tmp_path / "sprung")}, tmp_path / "a.pth", zipped)
    with pytest.raises(ValueError, match="mkdir, which is no tensor"):
        read_state_dict(path)
    assert not (tmp_path / "sprung").exists()


@both_formats
def test_whole_models_and_other_objects_are_refused(tmp_path, zipped):
    for value in (torch.nn.Linear(1, 1), [torch.zeros(1)], 3):
        with pytest.raises(ValueError, match=r"a\.pth is no state dict"):
            read_state_dict(save(value, tmp_path / "a.pth", zipped))


@both_formats
def test_a_file_cut_short_is_refused(tmp_path, zipped):
    path = save({"weight": torch.zeros(1000)}, tmp_path / "a.pth", zipped)
    whole = path.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 500):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="no state dict"):
            read_state_dict(path)


def test_a_tensor_larger_than_its_numbers_is_refused(tmp_path):
    path = save({"weight": torch.zeros(100)}, tmp_path / "a.pth", zipped=True)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "b.pth", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content[:80] if name.endswith("data/0") else content)
    with pytest.raises(ValueError, match="larger than the numbers stored"):
        read_state_dict(tmp_path / "b.pth")


STATE = {
    "encoder.0.weight": torch.ones(2, 3),
    "encoder.0.num_batches_tracked": torch.tensor(4),
    "head.bias": torch.ones(1),
}
WRAPPED = {
    "nested": {"state_dict": STATE, "epoch": 3, "loss": torch.tensor(0.2)},
    "twice": {
        "model": {"state_dict": STATE},
        "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": []},
    },
    "DataParallel": {f"module.{name}": tensor for name, tensor in STATE.items()},
    "compiled": {f"_orig_mod.{name}": tensor for name, tensor in STATE.items()},
    "both": {"model": {f"module._orig_mod.{name}": tensor for name, tensor in STATE.items()}},
    "Lightning": {"state_dict": {f"model.{name}": tensor for name, tensor in STATE.items()}, "global_step": 7},
    "random numbers": {"net": STATE, "rng": {"cpu": torch.zeros(3, dtype=torch.uint8)}},
}


@both_formats
@pytest.mark.parametrize("kind", WRAPPED)
def test_weights_that_others_wrapped_come_out_bare(tmp_path, zipped, kind):
    found = read_state_dict(save(WRAPPED[kind], tmp_path / "a.pth", zipped))
    assert found.keys() == STATE.keys()
    assert all(np.array_equal(found[name], STATE[name].numpy()) for name in STATE)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"model": STATE, "ema": STATE}, "several sets of weights: 'model', 'ema'"),
        ({"epoch": 3, "args": {"lr": 0.1}}, "no weights: 'epoch', 'args'"),
        ([STATE], "no weights: list"),
    ],
)
def test_what_a_file_holds_instead_of_weights_is_said(tmp_path, content, words):
    with pytest.raises(ValueError, match=words):
        read_state_dict(save(content, tmp_path / "a.pth", True))
