"""A model is loaded once a process, and never serialized."""

from __future__ import annotations

import pickle

import pytest

from stages.backends.handlers import SharedModel


class Model:
    """Counts how often it was loaded, and refuses to be serialized."""

    n_loads = 0

    @classmethod
    def load(cls) -> Model:
        cls.n_loads += 1
        return cls()

    def __reduce__(self):
        raise TypeError("a model is never serialized")


@pytest.fixture
def shared() -> SharedModel[Model]:
    Model.n_loads = 0
    return SharedModel(Model.load)


def test_nothing_is_loaded_before_somebody_asks(shared):
    assert Model.n_loads == 0
    assert isinstance(shared.get(), Model)
    assert Model.n_loads == 1


def test_the_model_stays_behind_when_its_holder_travels_and_is_loaded_once(shared):
    model = shared.get()
    travelled = pickle.loads(pickle.dumps(shared))
    assert travelled.get() is model
    assert Model.n_loads == 1
