from __future__ import annotations

from verification_ui.gate.attempts import Attempts


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_after_five_failures_the_pauses_double_up_to_five_minutes() -> None:
    clock = Clock()
    attempts = Attempts(clock=clock)
    pauses = []
    for _ in range(16):
        pauses.append(attempts.wait_s("ann"))
        clock.now += pauses[-1]
        attempts.failed("ann")
    assert pauses == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert attempts.wait_s("bob") == 0


def test_a_success_lets_the_account_begin_anew() -> None:
    attempts = Attempts(clock=Clock())
    for _ in range(6):
        attempts.failed("ann")
    assert attempts.wait_s("ann") == 2
    attempts.succeeded("ann")
    assert attempts.wait_s("ann") == 0


def test_failures_of_many_accounts_make_everybody_wait() -> None:
    attempts = Attempts(clock=Clock())
    for i in range(50):
        assert attempts.wait_s(f"somebody {i}") == 0
        attempts.failed(f"somebody {i}")
    assert attempts.wait_s("ann") == 1


def test_failures_are_forgotten_after_an_hour_without_one() -> None:
    clock = Clock()
    attempts = Attempts(clock=clock)
    for _ in range(20):
        attempts.failed("ann")
    clock.now += 3601
    assert attempts.wait_s("ann") == 0
    attempts.failed("ann")
    assert attempts.wait_s("ann") == 0


def test_invented_names_do_not_fill_the_memory() -> None:
    attempts = Attempts(clock=Clock())
    for i in range(5000):
        attempts.failed(f"somebody {i}")
    assert len(attempts._failures) <= 1000
    assert attempts.wait_s("ann") == 300
