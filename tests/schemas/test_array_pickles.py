from __future__ import annotations

import pickle

import numpy as np
import pytest

from schemas.array_pickles import read_pickle


@pytest.mark.parametrize("protocol", range(2, 6))
def test_arrays_of_every_plain_type_and_order_come_back(tmp_path, protocol):
    grid = np.arange(6).reshape(2, 3)
    given = {
        "plain": [grid.astype(kind) for kind in ("u1", "i2", "i8", "f2", "f4", "f8", "b1", ">f4", ">i4")],
        "columns first": np.asfortranarray(grid),
        "every second": grid[:, ::2],
        "number": (np.float32(0.5), "text", None, b"bytes"),
    }
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(given, protocol))
    found = read_pickle(tmp_path / "a.pkl")
    assert [one.tolist() for one in found["plain"]] == [one.tolist() for one in given["plain"]]
    assert [one.dtype for one in found["plain"]] == [one.dtype for one in given["plain"]]
    assert (found["columns first"] == grid).all()
    assert (found["every second"] == grid[:, ::2]).all()
    assert found["number"] == [np.float32(0.5), "text", None, b"bytes"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array([{}, 1], dtype=object), "only plain numbers are read"),
        (np.array(["a"]), "values of type 'U1'"),
        (np.array([1, 2]).astype("M8[s]"), "values of type 'M8'"),
        (print, "builtins.print, which is not needed"),
        (np.random.default_rng(0), "which is not needed for arrays"),
    ],
)
def test_everything_else_is_refused(tmp_path, value, message):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps([value]))
    with pytest.raises(ValueError, match=message):
        read_pickle(tmp_path / "a.pkl")


@pytest.mark.parametrize("content", [b"", b"\x80\x04", b"\x80\x04.", b"no pickle", pickle.dumps(np.zeros(9))[:-20]])
def test_a_broken_pickle_is_a_value_error(tmp_path, content):
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(ValueError, match=r"\w"):
        read_pickle(tmp_path / "a.pkl")
