import math

import pytest

from pipeline.capacity.cluster import Cluster, corpus_seconds, replay
from tests.bench import cluster_costs as corpus


def test_videos_are_dealt_longest_first_and_nobody_takes_over():
    found = replay([100.0, 400.0, 200.0, 300.0], Cluster(workers=2))
    assert found.hours * 3600 == pytest.approx(400 + 200)
    assert found.waiting == pytest.approx(1 - 1000 / 1200)
    assert found.worker_hours == pytest.approx(2 * 600 / 3600)


def test_more_workers_than_videos_wait_and_are_paid():
    few, many = (replay([360.0] * 4, Cluster(workers, price=10.0)) for workers in (4, 8))
    assert few.hours == many.hours == pytest.approx(0.1)
    assert (few.waiting, many.waiting) == (0.0, 0.5)
    assert (few.money, many.money) == pytest.approx((4.0, 8.0))


def test_a_loss_costs_everybody_the_restart_and_half_a_video():
    found = replay([3600.0] * 10, Cluster(workers=10, loss_rate=0.01, restart_s=360.0))
    assert found.lost == pytest.approx(0.1 * (0.1 + 0.5))
    assert found.hours == pytest.approx(1 / (1 - 0.06))


def test_a_cluster_that_loses_workers_faster_than_it_restarts_never_finishes():
    found = replay([3600.0] * 10, Cluster(workers=1000, loss_rate=0.1))
    assert (found.hours, found.lost) == (math.inf, 1.0)


@pytest.mark.parametrize(
    ("values", "said"),
    [({"workers": 0}, "workers 0 must be"), ({"workers": 1, "loss_rate": -1.0}, "loss_rate -1.0 is")],
)
def test_a_cluster_that_cannot_be_is_refused(values, said):
    with pytest.raises(ValueError, match=said):
        Cluster(**values)


def test_the_corpus_repeats_its_sample_and_has_as_many_objects_as_point_vos():
    sample = corpus.videos(400)
    seconds = corpus_seconds(sample, corpus._settings("grabcut and flow"), 1000)
    n_jobs = sum(len(one.job.by_batch(24)) for one in sample)
    assert n_jobs > 400
    assert seconds[:n_jobs] == seconds[n_jobs : 2 * n_jobs]
    objects = sum(one.job.n_objects for one in corpus.videos(4000)) / 4000
    assert objects == pytest.approx(corpus.MEAN_OBJECTS, rel=0.03)


def test_the_page_on_clusters_has_the_costs_that_were_measured_last():
    page = corpus.PAGE.read_text(encoding="utf-8")
    assert corpus.with_block(page) == page, "run: python -m tests.bench.cluster_costs"
