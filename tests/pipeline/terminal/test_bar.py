from pipeline.terminal import bar as module
from pipeline.terminal.bar import bar


def test_without_a_terminal_a_line_says_how_far_the_work_is(monkeypatch, capsys):
    monkeypatch.setattr(module, "_LINE_EVERY_S", 0.0)
    with bar("Merging", 2_000) as advance:
        advance(500)
        advance(1_500)
    assert capsys.readouterr().out == "Merging: 500 of 2,000, ETA 0 s\n"


def test_lines_are_half_a_minute_apart(monkeypatch, capsys):
    clock = iter([0.0, 29.0, 31.0, 40.0, 62.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    with bar("Merging", 100) as advance:
        for _ in range(4):
            advance(10)
    assert capsys.readouterr().out == "Merging: 20 of 100, ETA 2 min\nMerging: 40 of 100, ETA 93 s\n"


def test_work_that_prints_lines_of_its_own_gets_none(monkeypatch, capsys):
    monkeypatch.setattr(module, "_LINE_EVERY_S", 0.0)
    with bar("Training", 4, prints_lines=False) as advance:
        advance(1)
    assert not capsys.readouterr().out
