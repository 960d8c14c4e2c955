"""Read a state dict saved by PyTorch without PyTorch, and without running anything the file asks for.

A saved state dict is a pickle that names tensors, and the raw numbers beside it: in a zip archive since PyTorch 1.6,
one after the other before. Only the few names that make tensors are known here, and each stands for a harmless
stand-in; any other name is refused, as `torch.load(weights_only=True)` does.
"""

import pickle
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_MAGIC = 0x1950A86A20F9469CFC6C  # opens files from before PyTorch 1.6
_DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "ByteStorage": "u1",
    "CharStorage": "i1",
    "BoolStorage": "?",
}

# What damaged or foreign bytes raise in pickle, zipfile and NumPy.
_UNREADABLE = (
    *(ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, EOFError),
    *(pickle.UnpicklingError, zipfile.BadZipFile),
)


def read_state_dict(path):
    """Every tensor of a saved state dict, by name.

    Parameters
    ----------
    path : path
        Written by `torch.save(model.state_dict(), path)`, in the zip format or the one before it; what `find_state`
        can unwrap will do.

    Returns
    -------
    dict of str to array

    Raises
    ------
    ValueError
        If the file is no state dict, is damaged, or asks for anything but tensors.
    """
    path = Path(path)
    try:
        state, buffers = (_read_zip if zipfile.is_zipfile(path) else _read_stream)(path)
        tensors = find_state(state, lambda value: isinstance(value, _Tensor))
        return {name: _array(tensor, buffers) for name, tensor in tensors.items()}
    except _UNREADABLE as error:
        raise ValueError(f"{path} is no state dict of PyTorch that can be read here: {error}.") from error


def find_state(content, is_tensor):
    """The tensors in what a file of PyTorch holds, under the names that the network itself gives them.

    They may lie deeper, as in `{"state_dict": ..., "epoch": 3}`, and their names may begin with what DataParallel
    ("module."), torch.compile ("_orig_mod.") or Lightning ("model.") put before them.

    Parameters
    ----------
    content : object
        What the file was read into.
    is_tensor : callable
        Tells a tensor from other values.

    Returns
    -------
    dict of str to tensor

    Raises
    ------
    ValueError
        If there are no tensors, or several sets of them; says what there is.
    """
    found = _states(content, is_tensor)
    if len(found) > 1:  # a network has layers within layers; states of random numbers and the like have not
        found = {place: state for place, state in found.items() if any("." in name for name in state)} or found
    if len(found) != 1:
        inside = [*map(repr, found or content)][:5] if isinstance(content, dict) else [type(content).__name__]
        raise ValueError(f"it holds {'several sets of weights' if found else 'no weights'}: {', '.join(inside)}")
    return bare_names(*found.values())


def bare_names(state):
    """The same dict without what wrappers of networks put before every name."""
    state = {name.replace("_orig_mod.", ""): value for name, value in state.items()}
    for wrapper in ("module.", "model."):
        if all(name.startswith(wrapper) for name in state):
            state = {name.removeprefix(wrapper): value for name, value in state.items()}
    return state


def check_state(state, wanted):
    """What keeps a state dict from fitting a network, in a few words; "" if nothing does.

    The counters of batch norm, which nothing reads, may be missing.
    """
    odd = [name for name in wanted.keys() ^ state.keys() if not name.endswith("num_batches_tracked")]
    if odd:
        name = min(odd)
        return f"{name!r} is only in the {'file' if name in state else 'model'}, one of {len(odd)} such names"
    for name in wanted:
        if name in state and state[name].shape != wanted[name].shape:
            shapes = (tuple(state[name].shape), tuple(wanted[name].shape))
            return f"{name!r} has shape {shapes[0]} in the file and {shapes[1]} in the model"
    return ""


def _states(content, is_tensor, place=""):
    """Every innermost dictionary of tensors, by where it lies."""
    if not isinstance(content, dict):
        return {}
    named = {key: value for key, value in content.items() if isinstance(key, str)}
    found = {}
    for key, value in named.items():
        found |= _states(value, is_tensor, f"{place}/{key}".removeprefix("/"))
    own = {name: value for name, value in named.items() if is_tensor(value)}
    return found or ({place: own} if own else {})


@dataclass(frozen=True)
class _Storage:
    """A run of numbers, known by its key."""

    key: str
    dtype: np.dtype


@dataclass(frozen=True)
class _Tensor:
    """A view into a storage."""

    storage: _Storage
    offset: int
    shape: tuple
    strides: tuple


def _rebuild_tensor(storage, offset, shape, strides, *_):
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


def _rebuild_parameter(tensor, *_):
    return tensor


_KNOWN = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    **{("torch", name): np.dtype(dtype) for name, dtype in _DTYPES.items()},
}


class _Unpickler(pickle.Unpickler):
    """Knows tensors and nothing else; `sizes` has the bytes of one number of each storage it has met."""

    def __init__(self, file):
        super().__init__(file)
        self.sizes = {}

    def find_class(self, module, name):
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no tensor")
        return _KNOWN[module, name]

    def persistent_load(self, identity):
        kind, dtype, key, *rest = identity
        if kind != "storage" or not isinstance(dtype, np.dtype) or (len(rest) > 2 and rest[2] is not None):
            raise pickle.UnpicklingError("it stores its numbers in an unknown way")
        self.sizes[key] = dtype.itemsize
        return _Storage(key, dtype)


def _read_zip(path):
    """The pickle and, by key, the bytes of each storage, of a file in the zip format."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        main = next((name for name in names if name.endswith("/data.pkl")), None)
        if main is None:
            raise ValueError("the archive has no data.pkl")
        folder = main.removesuffix("data.pkl")
        if f"{folder}byteorder" in names and archive.read(f"{folder}byteorder") != b"little":
            raise ValueError("its numbers are big-endian")
        with archive.open(main) as file:
            state = _Unpickler(file).load()
        buffers = {name.rpartition("/")[2]: archive.read(name) for name in names if name.startswith(f"{folder}data/")}
    return state, buffers


def _read_stream(path):
    """The same of a file in the format before: pickles, then each storage as its length and its numbers."""
    with open(path, "rb") as file:
        if _Unpickler(file).load() != _MAGIC:
            raise ValueError("it opens with other bytes than PyTorch's")
        _version, _system = (_Unpickler(file).load() for _ in range(2))
        unpickler = _Unpickler(file)
        state, keys = unpickler.load(), _Unpickler(file).load()
        buffers = {}
        for key in keys:
            length = int.from_bytes(file.read(8), "little")
            buffers[key] = file.read(length * unpickler.sizes[key])
    return state, buffers


def _array(tensor, buffers):
    """Copy a tensor out of its storage; what would reach beyond the storage is refused."""
    numbers = np.frombuffer(buffers[tensor.storage.key], tensor.storage.dtype)
    last = tensor.offset + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.strides, strict=True))
    if min((tensor.offset, *tensor.shape, *tensor.strides)) < 0 or (np.prod(tensor.shape) and last >= len(numbers)):
        raise ValueError("a tensor is larger than the numbers stored for it")
    strides = [step * numbers.itemsize for step in tensor.strides]
    return np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, strides).copy()
