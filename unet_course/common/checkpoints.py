"""Checkpoint files: everything a run needs to go on after a kill, in one file that both twins write and read.

A file is a NumPy archive: arrays under numbers, and one JSON text that says where each belongs. Reading it never runs
code, and `zip` notices damaged bytes.
"""

import json
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

NAME = "checkpoint.npz"

_ARRAY = "array in this file"


def write(folder, state):
    """Write the state of a run to `folder/checkpoint.npz`, in one move.

    Parameters
    ----------
    folder : path-like
        Made if missing. A kill at any moment leaves the old file or the new one, never half a file.
    state : dict
        Nested dicts and lists of numbers, text, None and NumPy arrays.
    """
    arrays = []
    text = json.dumps(_without_arrays(state, arrays))
    path = Path(folder) / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name("part-" + NAME)
    with part.open("wb") as file:
        np.savez(file, state=np.frombuffer(text.encode(), np.uint8), **{str(i): a for i, a in enumerate(arrays)})
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def read(folder):
    """The state that `write` left in `folder`, or None when there is none.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    path = Path(folder) / NAME
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            return _with_arrays(json.loads(archive["state"].tobytes()), archive)
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError, OSError) as error:
        raise ValueError(f"{path} is damaged ({error}): delete it, or start again with resume=False.") from error


def settings(batches, metrics, callbacks, **others):
    """All that must be the same when a run goes on, as text and numbers; `epochs` may grow."""
    return {
        "seed": batches.seed,
        "batch_size": batches.batch_size,
        "accumulate": batches.pieces,
        "augment": repr(batches.augmentation or batches.flip_and_turn),
        "images": f"{' x '.join(map(str, batches.images.shape))}, first one {_fingerprint(batches.images[0])}",
        "sampling_weights": None if batches.share is None else _fingerprint(batches.share),
        "metrics": list(metrics),
        "callbacks": [type(callback).__name__ for callback in callbacks],
        **others,
    }


def check_settings(saved, wanted, folder):
    """Refuse to go on with another run than the one that wrote the checkpoint.

    Raises
    ------
    ValueError
        Names the first setting that differs.
    """
    for name, value in wanted.items():
        if saved.get(name) != value:
            raise ValueError(
                f"The run in {folder} was started with {name}={saved.get(name)}, this one has {name}={value}: "
                "use the same value, another checkpoint_dir, or resume=False to start again."
            )


def check_shapes(saved, wanted):
    """Refuse arrays of another network; both are dicts of name and shape.

    Raises
    ------
    ValueError
        Names the first weight that differs.
    """
    for name in [*wanted, *saved]:
        if saved.get(name) != wanted.get(name):
            raise ValueError(
                f"The checkpoint is of another network: {name} has shape {saved.get(name)} there and "
                f"{wanted.get(name)} here. Build the model as it was, or start again with resume=False."
            )


def _fingerprint(array):
    return f"{zlib.crc32(np.ascontiguousarray(array)):08x}"


def _without_arrays(value, arrays):
    """The same tree with a number in place of each array, which goes to the list."""
    if isinstance(value, dict):
        return {key: _without_arrays(inner, arrays) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_arrays(inner, arrays) for inner in value]
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {_ARRAY: len(arrays) - 1}
    return value


def _with_arrays(value, archive):
    if isinstance(value, dict) and _ARRAY in value:
        return archive[str(value[_ARRAY])]
    if isinstance(value, dict):
        return {key: _with_arrays(inner, archive) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_arrays(inner, archive) for inner in value]
    return value
