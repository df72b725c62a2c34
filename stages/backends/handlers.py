"""Models on Beam workers: each is loaded once a process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from apache_beam.utils.shared import Shared

from stages.arithmetic import use_one_thread_an_operation

Model_co = TypeVar("Model_co", covariant=True)


class SharedModel(Generic[Model_co]):
    """A model that is loaded once a process, however many transforms use it; the model itself is never serialized."""

    def __init__(self, load: Callable[[], Model_co]) -> None:
        self._load = load
        self._shared = Shared()
        self._held: _Held[Model_co] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_held": None}

    def get(self) -> Model_co:
        """The model, ready to use."""
        if self._held is None:
            self._held = self._shared.acquire(lambda: _Held(self._load()))
            use_one_thread_an_operation()
        return self._held.model


class _Held(Generic[Model_co]):
    """Beam keeps weak references to what is shared; some models do not support them."""

    def __init__(self, model: Model_co) -> None:
        self.model = model
