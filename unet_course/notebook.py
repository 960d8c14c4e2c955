"""One switch for a chapter's notebook: practice, laptop or full; `begin` is the first thing an exported notebook calls.

A profile is a file in `book/profiles`: for each chapter the values that differ from its parameters cell. How-to: "Run a
chapter for real".
"""

import os
from pathlib import Path

import yaml

from . import doctor, paths, phantoms

_DRIVE = Path("/content/drive")


def profiles():
    """Names of the profiles."""
    return sorted(path.stem for path in paths.profiles_root().glob("*.yaml"))


def values(chapter, profile, framework=None):
    """What a profile changes in a chapter's parameters cell.

    Below a framework's name a profile may keep what only that one's runs change.

    Parameters
    ----------
    chapter : str
        For instance "case_studies/03_nuclei".
    profile : str
        One of `profiles`.
    framework : {"keras", "torch"}, optional

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        For a profile that does not exist.
    """
    path = paths.profiles_root() / f"{profile}.yaml"
    if not path.exists():
        raise ValueError(f"profile {profile!r} is not known: use one of {', '.join(profiles())}.")
    chosen = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get(chapter) or {}
    own = {name: chosen.pop(name, {}) for name in ("keras", "torch")}
    return chosen | own.get(framework, {})


def begin(chapter, *, sets=(), profile="smoke", framework=None, backend=None, data_folder=""):
    """Get everything ready that a chapter's notebook needs with a profile, and say what to expect.

    "smoke" draws synthetic images and goes through every cell in seconds or minutes. For the other profiles the real
    sets are fetched first, all that the chapter reads. Finished trainings, checkpoints and the record of the run lie
    below the folder of the data: on a drive that outlives the runtime, a run that was cut off goes on at its next
    training.

    Parameters
    ----------
    chapter : str
        For instance "case_studies/03_nuclei".
    sets : sequence of str
        Data sets that the chapter reads: "nuclei", "lgg", "brats", "brain_tumor".
    profile : str
        "smoke", "laptop" or "full".
    framework : {"keras", "torch"}, optional
        None for a page that needs no framework.
    backend : str, optional
        The one backend of Keras that the chapter's own cells know.
    data_folder : path-like
        Where data, checkpoints and results are kept; made where it is missing. Below /content/drive Google Drive is
        asked for first. Default: the environment variable UNET_COURSE_DATA, or ~/.cache/unet_course.

    Returns
    -------
    dict
        The profile's values for the parameters cell, `profile` and `framework` among them.

    Raises
    ------
    ValueError
        For a profile that does not exist, or if Keras runs on another backend.
    FileNotFoundError
        If a set that the profile needs cannot be had; says why, and what to do.
    """
    chosen = values(chapter, profile, framework)
    if backend:
        _check_backend(backend)
    if data_folder:
        os.environ["UNET_COURSE_DATA"] = str(_opened(Path(data_folder).expanduser()))
    needed = chosen.get("data") == "real"
    drawn = sets if profile == "smoke" else [key for key in doctor.missing(sets) if not _fetched(key, needed)]
    phantoms.write_all(paths.data_root() / "phantoms", drawn)
    if drawn:
        print(f"{', '.join(drawn)}: synthetic images. They show the method, not a result.")
    print("\n".join(doctor.forecast(chapter, profile, framework)))
    return {"profile": profile, **({"framework": framework} if framework else {}), **chosen}


def _check_backend(backend):
    import keras

    if keras.backend.backend() != backend:
        raise ValueError(
            f"cells of this chapter speak to {backend} itself, and Keras runs on {keras.backend.backend()} here: "
            f'restart the kernel with os.environ["KERAS_BACKEND"] = "{backend}", or open the PyTorch notebook.'
        )


def _fetched(key, needed):
    """Fetch a real set; whether it could be had, where the profile does without it too."""
    from .datasets.published import download

    try:
        download.download(key)
    except (ValueError, OSError) as error:
        if needed:
            raise FileNotFoundError(
                f"this profile needs the real set {key}, which could not be fetched: {error} "
                'Put it into the data folder yourself (`unet-course data --help`), or choose the profile "smoke".'
            ) from error
        print(f"{key} could not be fetched: {error}")
        return False
    return True


def _opened(folder):
    """The folder, made where it is missing; on Colab, Google Drive is asked for first."""
    if _DRIVE in folder.parents and not _DRIVE.exists():
        from google.colab import drive

        drive.mount(str(_DRIVE))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
