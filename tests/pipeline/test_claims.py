import os

from pipeline.claims import Claims, Finished


def test_a_unit_is_claimed_once(tmp_path):
    claims = Claims(tmp_path)
    assert claims.take("a")
    assert not claims.take("a")
    claims.release("a")
    assert claims.take("a")


def test_a_dead_process_leaves_the_units_that_it_did_not_finish(tmp_path):
    claims = Claims(tmp_path)
    claims.take("done")
    claims.take("open")
    claims.finish("done", 7, 2)
    assert claims.left_by(os.getpid()) == ["open"]
    assert claims.left_by(os.getpid() + 1) == []
    assert claims.finished() == [Finished("done", 7, 2)]
