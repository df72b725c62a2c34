"""``pointvos review down``: stop the run's own server from elsewhere."""

from __future__ import annotations

from pipeline.commands.options import Run
from pipeline.commands.review.pull import pull_all
from pipeline.commands.review.session import ReviewSession, client_of, problems_named
from pipeline.terminal.console import console
from verification_ui.server.running import RunningServer
from verification_ui.server.server import running_server


def down(run: Run) -> None:
    """Pull the answers of the run's own server, then stop it and the command that started it.

    Only a process that this run recorded as its own is stopped.

    Example: `pointvos review down --run demo-run`
    """
    session = ReviewSession(run.require())
    presence, server = RunningServer.read(session.folder), running_server(session.folder)
    if server is not None:
        with problems_named(), client_of(server) as client:
            console.print("Pulling the answers, then stopping the server …")
            pull_all(session, client)
    if presence is not None and presence.end():
        console.print(f"The server at {presence.url} has stopped.")
    else:
        console.print(f"No server of {run} is running.", markup=False)
