"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: arithmetic as the workers do it

import cv2
import pytest

from tests.object_stores import google_server, s3_server
from tests.verification_ui.person import chromium

cv2.setNumThreads(1)

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real sequences; tests that need it skip where it is missing."""
    folder = Path(os.environ.get("POINTVOS_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set POINTVOS_DATA to a folder with davis/, vidln/ and clips/")
    return folder


@pytest.fixture(scope="session")
def davis(shared_data: Path) -> Path:
    """A folder with JPEGImages/480p and Annotations/480p."""
    return shared_data / "davis"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real one; tests that need it skip where it is missing."""
    with ExitStack() as open_until_the_end:
        try:
            found = open_until_the_end.enter_context(chromium())
        except (ImportError, FileNotFoundError) as problem:
            pytest.skip(str(problem))
        yield found


@pytest.fixture(scope="session")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of an emulator of Google Cloud Storage, as ``s3``; tests that need it skip where it is missing."""
    with ExitStack() as open_until_the_end:
        try:
            found = open_until_the_end.enter_context(google_server(tmp_path_factory.mktemp("google")))
        except ImportError:
            pytest.skip("needs pip install 'pointvos[gcp]'")
        except FileNotFoundError as problem:
            pytest.skip(str(problem))
        yield found


@pytest.fixture(scope="session")
def s3() -> Iterator[Any]:
    """A client of a local S3 server with the bucket ``bucket``, which the commands that tests run reach as well."""
    with s3_server() as client:
        yield client
