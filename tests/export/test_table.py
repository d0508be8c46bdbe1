"""Tables given out: what a spreadsheet reads back."""

import csv

import numpy as np
import pytest

from vae_explorer.export.table import csv_of

MU, SIGMA, KL = np.float32([[0.1, -2], [1, 0.25], [0, 3.5]])


def test_there_is_a_line_for_each_dimension_in_full_precision():
    text = csv_of({"mu": MU, "sigma": SIGMA, "kl": KL}, index="dimension")
    assert text.splitlines()[0] == "dimension,mu,sigma,kl"
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["dimension"] for row in rows] == ["0", "1"]
    for name, values in {"mu": MU, "sigma": SIGMA, "kl": KL}.items():
        assert np.array_equal(np.float32([row[name] for row in rows]), values)


def test_text_with_commas_is_quoted_and_columns_are_of_one_length():
    assert csv_of({"name": ["a, b", "c"]}, index="row") == 'row,name\n0,"a, b"\n1,c\n'
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        csv_of({"a": MU, "b": MU[:1]}, index="row")
