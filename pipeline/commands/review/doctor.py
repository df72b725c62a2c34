"""``pointvos review doctor``: whether a server can do a review of this run, tried out before a push."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import typer
from rich.table import Table

from pipeline.commands.options import Run
from pipeline.commands.review.options import KeyOption, UrlOption
from pipeline.commands.review.session import ReviewSession, connected, problems_named
from pipeline.commands.review.upload import upload
from pipeline.terminal.console import console, styled
from verification_ui.page.media_paths import QUEUE
from verification_ui.queue.checks import Finding, ServerChecks

_NEEDED_GB = 1.0


def doctor(run: Run, url: UrlOption = None, api_key_file: KeyOption = None) -> None:
    """Check what a review needs: server, key, closed sign-up, strict predictions, pictures, disk.

    The pictures are looked for where `review_media` of the run's config says: `place: local` (the default),
    `s3://bucket/prefix`, `gs://bucket/prefix` or `https://host/prefix`. Exits 1 when something needed does not work.

    Example: `pointvos review doctor --run demo-run --url https://label.example.org --api-key-file key`
    """
    session = ReviewSession(run.require())
    table = Table(show_header=False, box=None, pad_edge=False)
    failed = False
    with problems_named(), connected(session, url, api_key_file, console.print) as client:
        probe = _probe(session)
        upload(session.place, session.media, [probe])
        checks = ServerChecks(client, session.place, session.media / QUEUE, probe)
        for finding in (*checks.findings(), *_local_findings(session)):
            failed |= finding.is_needed and not finding.works
            unmet = styled("fails", "red") if finding.is_needed else styled("careful", "yellow")
            mark = styled("ok", "green") if finding.works else unmet
            table.add_row(mark, styled(finding.name, "cyan"), finding.text)
    console.print(table)
    if failed:
        raise typer.Exit(1)


def _probe(session: ReviewSession) -> Path:
    """A file that is served and no other run has: a picture of the queue, or one made before there are any."""
    queue = session.media / QUEUE
    picture = next((queue / "frames").glob("*.jpg"), None) or next(queue.glob("*/*.jpg"), None)
    if picture is not None:
        return picture
    made = queue / "probe.txt"
    made.write_text(session.run.metadata()["pointvos.run_id"], encoding="utf-8")
    return made


def _local_findings(session: ReviewSession) -> Iterator[Finding]:
    free_gb = shutil.disk_usage(session.run.local).free / 1e9
    yield Finding("disk", free_gb > _NEEDED_GB, f"{free_gb:.1f} GB free at {session.run.local} ({_NEEDED_GB} needed)")
    file = session.place.credentials_file
    if file is not None:
        path = Path(file).expanduser()
        is_private = not path.stat().st_mode & 0o077
        yield Finding(
            "credentials", is_private, f"{path}" + ("" if is_private else f" is readable by others: chmod 600 {path}")
        )
