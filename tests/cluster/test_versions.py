"""Versions that stand in several files."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from tests.cluster.parts import HERE

REPOSITORY = HERE.parents[1]
PAGE = (REPOSITORY / "docs" / "cluster.md").read_text()
(LOCKED_BEAM,) = re.findall(r"^apache-beam==(\S+)", (REPOSITORY / "requirements.lock").read_text(), flags=re.MULTILINE)


def test_the_image_has_the_worker_program_of_the_locked_beam():
    assert f"\nARG BEAM={LOCKED_BEAM}\n" in (REPOSITORY / "Dockerfile").read_text()


def test_the_page_names_the_job_server_of_the_locked_beam():
    assert set(re.findall(r"apache/beam_flink\S+_job_server:([\d.]+)", PAGE)) == {LOCKED_BEAM}


@pytest.mark.parametrize("artifact", ["beam-runners-flink-1.19", "beam-runners-java-job-service"])
def test_the_page_names_the_runner_that_the_check_runs(artifact):
    for dependency in ElementTree.parse(HERE / "pom.xml").iter("{http://maven.apache.org/POM/4.0.0}dependency"):
        _, name, version = (child.text for child in dependency)
        if name == artifact:
            assert f"`{artifact}` {version}" in PAGE
            return
    pytest.fail(f"{artifact} is not in pom.xml")


def test_the_page_names_the_flink_that_the_check_runs():
    version = re.match(r"apache-flink-libraries==([\d.]+) ", (HERE / "flink-libraries.txt").read_text())[1]
    assert f"| Flink | {version} |" in PAGE
