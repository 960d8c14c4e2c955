"""Decode once, read often: arrays in memory-mapped files that appear all at once or not at all."""

import hashlib
import itertools
import json
import math
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

from .. import paths


class Ragged:
    """Arrays of different shapes behind one another in one memory-mapped file; read-only.

    `ragged[2]` is one array; `ragged[[2, 0]]` is a Ragged of two that reads nothing yet.

    Parameters
    ----------
    flat : ndarray, (total,)
    shapes : sequence of tuple of int
    starts : sequence of int, optional
        Where each array begins in `flat`; default: one after the other.
    """

    def __init__(self, flat, shapes, starts=None):
        self.flat, self.shapes = flat, [tuple(shape) for shape in shapes]
        sizes = [math.prod(shape) for shape in self.shapes]
        self.starts = list(itertools.accumulate(sizes, initial=0))[:-1] if starts is None else list(starts)

    def __len__(self):
        return len(self.shapes)

    def __getitem__(self, position):
        if not np.isscalar(position):
            chosen = [range(len(self))[int(i)] for i in position]
            return Ragged(self.flat, [self.shapes[i] for i in chosen], [self.starts[i] for i in chosen])
        position = range(len(self))[int(position)]  # counts from the end when negative, IndexError when outside
        start, shape = self.starts[position], self.shapes[position]
        return self.flat[start : start + math.prod(shape)].reshape(shape)

    def __iter__(self):
        return (self[i] for i in range(len(self)))


def key_of(root, *facts):
    """A short hash of a folder's files (path, size, time of change) and of anything else the arrays depend on."""
    digest = hashlib.sha256(repr(facts).encode())
    for path in sorted(Path(root).rglob("*")):
        if path.is_file():
            state = path.stat()
            digest.update(f"{path.relative_to(root).as_posix()} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def cached(name, build):
    """Arrays by name from the cache; built first when they are not there or damaged.

    Parameters
    ----------
    name : str
        Folder inside the cache; must change when the content would.
    build : callable
        `build(writer)` calls `writer.add(array=..., ...)` once per image, with the same names each time, and returns
        a dict that can be written as JSON.

    Returns
    -------
    arrays : dict of str to (ndarray or Ragged)
        Memory-mapped; an ndarray with a leading axis N when all shapes agree.
    notes : dict
        What `build` returned.
    """
    folder = paths.data_root() / "cache" / name
    if not _complete(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            with _Writer(part) as writer:
                notes = build(writer)
                writer.finish(notes)
            _put(part, folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return _open(folder)


def _put(part, folder):
    """Move a finished cache into place; when another process was faster, its copy is as good as ours."""
    if not _complete(folder):
        shutil.rmtree(folder, ignore_errors=True)
        try:
            os.replace(part, folder)
        except OSError:
            if not _complete(folder):
                raise


class _Writer:
    def __init__(self, folder):
        self.folder, self.files, self.dtypes, self.shapes = folder, {}, {}, {}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for file in self.files.values():
            file.close()

    def add(self, **arrays):
        for name, array in arrays.items():
            if name not in self.files:
                self.files[name] = open(self.folder / f"{name}.bin", "wb")
                self.dtypes[name], self.shapes[name] = array.dtype.str, []
            self.files[name].write(np.ascontiguousarray(array).data)
            self.shapes[name].append(array.shape)

    def finish(self, notes):
        state = {"dtypes": self.dtypes, "shapes": self.shapes, "notes": notes}
        (self.folder / "cache.json").write_text(json.dumps(state), encoding="utf-8")


def _complete(folder):
    """True when every file is there with its full length; a killed copy or a full disk leaves shorter ones."""
    try:
        state = json.loads((folder / "cache.json").read_text(encoding="utf-8"))
        return all(
            (folder / f"{name}.bin").stat().st_size
            == np.dtype(dtype).itemsize * sum(int(np.prod(shape)) for shape in state["shapes"][name])
            for name, dtype in state["dtypes"].items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _open(folder):
    state = json.loads((folder / "cache.json").read_text(encoding="utf-8"))
    arrays = {}
    for name, dtype in state["dtypes"].items():
        flat = np.memmap(folder / f"{name}.bin", dtype=dtype, mode="r")
        shapes = state["shapes"][name]
        same = all(shape == shapes[0] for shape in shapes)
        arrays[name] = flat.reshape(len(shapes), *shapes[0]) if same else Ragged(flat, shapes)
    return arrays, state["notes"]


def in_order(results, names, folder):
    """Put results that come in any order into the order of `names`; those that come early wait on disk.

    Parameters
    ----------
    results : iterable of tuple of str and dict of str to ndarray
    names : iterable of str
    folder : Path
        Where they wait; nothing is left there at the end.

    Yields
    ------
    name, arrays
    """
    upcoming = list(names)[::-1]
    for name, arrays in results:
        if name != upcoming[-1]:
            np.savez(folder / f"{name}.npz", **arrays)
            continue
        yield upcoming.pop(), arrays
        while upcoming and (early := folder / f"{upcoming[-1]}.npz").exists():
            with np.load(early) as kept:
                arrays = dict(kept)
            early.unlink()
            yield upcoming.pop(), arrays
