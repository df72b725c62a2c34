"""What the card of a dataset tells of its making."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from schemas.provenance import UNKNOWN
from schemas.wording import many


@dataclass(slots=True)
class DataFacts:
    """Figures of a run, as far as they are known.

    Attributes:
        statuses: points by status.
        deciders: points by who decided them.
        n_several: points behind which two verdicts or more stand.
        gold: of each person, without names: hidden questions answered, and of these right ones.
        licences: videos by licence.
        sources: videos by source.
        n_videos: of the run.
        n_pointless: of these, without points.
        n_unanswered: candidates without a verdict.
        n_damaged: videos with lost frames or a missing end.
        rule: how the splits were made.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    deciders: Counter[str] = field(default_factory=Counter)
    n_several: int = 0
    gold: list[tuple[int, int]] = field(default_factory=list)
    licences: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    n_videos: int = 0
    n_pointless: int = 0
    n_unanswered: int = 0
    n_damaged: int = 0
    rule: str = ""

    @property
    def licence(self) -> list[str]:
        """All licences; ``unknown`` where none is stated."""
        return sorted(self.licences) or [UNKNOWN]

    def text(self) -> str:
        """Markdown sections: answers, splits, licences, gaps."""
        return "\n".join(
            [
                "## How the points were decided\n",
                *(f"- {line}" for line in self._answers()),
                "\n## Splits\n",
                f"{self.rule}\n",
                "## Videos and licences\n",
                "`videos.csv` names the source, licence, address and checksum of every video, as far as known.\n",
                "| licence | videos |\n|---|---|",
                *(f"| {_cell(licence)} | {n:,} |" for licence, n in self.licences.most_common()),
                "\n| source | videos |\n|---|---|",
                *(f"| {_cell(source)} | {n:,} |" for source, n in self.sources.most_common(20)),
                "\n## Known gaps\n",
                *(f"- {line}" for line in self._gaps()),
                "",
            ]
        )

    def _answers(self) -> Iterator[str]:
        n = self.statuses.total()
        yield f"{many(n, 'point')} of the run: " + ", ".join(f"{k:,} {s}" for s, k in sorted(self.statuses.items()))
        yield "decided by " + ", ".join(f"{who}: {k:,}" for who, k in sorted(self.deciders.items()))
        yield f"two answers or more stand behind {many(self.n_several, 'point')} ({_percent(self.n_several, n)})"
        if not self.gold:
            yield "nobody was asked hidden questions with a known answer, so the annotators' accuracy is not measured"
            return
        asked, right = sum(one for one, _ in self.gold), sum(own for _, own in self.gold)
        worst = min((own / one for one, own in self.gold), default=0.0)
        yield (
            f"{many(len(self.gold), 'annotator')} answered {many(asked, 'hidden question')} with a known answer; "
            f"{_percent(right, asked)} of the answers are right, {100 * worst:.1f} % of the least accurate annotator's"
        )

    def _gaps(self) -> Iterator[str]:
        yield f"{many(self.n_unanswered, 'candidate')} without an answer"
        yield f"no points on {self.n_pointless:,} of {many(self.n_videos, 'video')}"
        if self.statuses["AMBIGUOUS"]:
            yield f"{many(self.statuses['AMBIGUOUS'], 'point')} without a label, since people could not tell"
        if self.deciders["simulated"]:
            yield f"{many(self.deciders['simulated'], 'point')} not decided by people but simulated from ground truth"
        if self.n_damaged:
            yield f"{many(self.n_damaged, 'video')} with frames that could not be decoded"
        if unknown := self.licences[UNKNOWN]:
            yield f"the licence of {many(unknown, 'video')} is unknown"
        yield "points are proposed near masks that a model made, so objects and parts that it missed have fewer of them"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
