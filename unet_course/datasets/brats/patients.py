"""What the two tables of BraTS say of the patients: grade, age and survival."""

import io

import numpy as np
import pandas as pd

from .. import DataError
from .files import REMEDY


def read_patients(found):
    """Look up all cases in the tables beside them.

    Parameters
    ----------
    found : brats_files.CaseIndex

    Returns
    -------
    dict of str to dict
        By case: `grade`, `age` in years and `survival_days`, NaN where nothing is known, and `alive`, True only where a
        table says so.

    Raises
    ------
    DataError
        If a table cannot be read, or lacks a column.
    """
    grades = _read(found.tables.get("name_mapping.csv"), "BraTS_2020_subject_ID", ["Grade"])
    survival = _read(found.tables.get("survival_info.csv"), "Brats20ID", ["Age", "Survival_days"])
    return {case: _patient(grades.get(case, {}), survival.get(case, {})) for case in found.cases}


def _read(file, name, columns):
    """A table by case; empty when there is no such file."""
    if file is None:
        return {}
    try:
        table = pd.read_csv(io.BytesIO(file.read()), encoding="utf-8-sig")
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError(f"{file.place} is not a table ({' '.join(str(error).split())}). {REMEDY}") from error
    missing = [column for column in (name, *columns) if column not in table]
    if missing:
        raise DataError(f"{file.place} has no column {missing[0]}. {REMEDY}")
    return {row[name]: row for row in table.to_dict("records")}


def _patient(grade, survival):
    age, days = (survival.get(column, np.nan) for column in ("Age", "Survival_days"))
    return {
        "grade": grade.get("Grade", np.nan),
        "age": float(pd.to_numeric(age, errors="coerce")),
        "survival_days": float(pd.to_numeric(days, errors="coerce")),
        "alive": "ALIVE" in str(days).upper(),
    }
