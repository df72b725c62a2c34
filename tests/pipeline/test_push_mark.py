"""A push that is cut off leaves a mark for the next one."""

import pytest

from pipeline.commands.review.push import marked


def test_only_a_push_that_was_cut_off_leaves_its_mark(tmp_path):
    mark = tmp_path / "pushing-contact_sheet"
    with pytest.raises(KeyboardInterrupt), marked(mark) as was_cut_off:
        raise KeyboardInterrupt
    assert not was_cut_off
    with marked(mark) as was_cut_off:
        assert mark.exists()
    assert was_cut_off
    assert not mark.exists()
