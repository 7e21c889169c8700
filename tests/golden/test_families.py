"""Every constraint family of the master says its formula and writes exactly the rows kept beside this test.

`python tests/golden/write_families.py` writes them anew.
"""

from __future__ import annotations

import re

import pytest
from write_families import FOLDER, family_text, toy_model

from solvers.flow.families import FAMILIES

NAMES = [family.__name__ for family in FAMILIES]


@pytest.fixture(scope="module")
def model():
    return toy_model()


def test_every_family_has_a_golden_and_no_golden_is_left_over():
    assert len(set(NAMES)) == len(NAMES)
    assert sorted(path.stem for path in FOLDER.glob("*.lp")) == sorted(NAMES)


@pytest.mark.parametrize("family", FAMILIES, ids=NAMES)
def test_a_family_says_its_formula(family):
    first = (family.__doc__ or "").split("\n")[0]
    assert re.search(r"<=|>=|=", first), f"{family.__name__} has no formula in the first line of its docstring"


@pytest.mark.parametrize("family", FAMILIES, ids=NAMES)
def test_rows_of_a_family(model, family):
    text = family_text(model, family)
    assert re.search(rf"^c_\w_{family.__name__}", text, re.MULTILINE), "no row: the toy does not exercise the family"
    assert text == (FOLDER / f"{family.__name__}.lp").read_text(encoding="utf-8")
