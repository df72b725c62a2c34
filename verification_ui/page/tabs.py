"""The data manager's table: its tabs show what can be read, not the HTML of which the page is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from verification_ui.queue.client import ONCE, LabelStudioQueue, as_queue_problems

TITLE = "Review"
_MARKUP = ("question", "frame", "reference", "clip", "points", "unsure", "crop")
_RARELY_READ = (
    "inner_id", "annotations_results", "annotations_ids", "predictions_score", "predictions_model_versions",
    "predictions_results", "file_upload", "storage_filename", "created_at", "updated_by", "draft_exists",
    "data.task_key", "data.round",
)  # fmt: skip


def hide_markup(queue: LabelStudioQueue) -> None:
    """Make the tab of a project that has none, and hide the columns that hold HTML in those that there are.

    Label Studio's page makes the first tab itself when there is none, which annotators may not.
    """
    with as_queue_problems("set up the table of tasks"):
        tabs: Any = queue.sdk.views.list(project=queue.project_id, request_options=ONCE)
        if not tabs:
            queue.sdk.views.create(project=queue.project_id, data=_data({}, _RARELY_READ), request_options=ONCE)
        for tab in tabs:
            old = tab.data if isinstance(tab.data, Mapping) else tab.data.dict() if tab.data else {}
            data = _data(old, ())
            if data != old:
                queue.sdk.views.update(str(tab.id), project=queue.project_id, data=data, request_options=ONCE)


def _data(old: Mapping[str, Any], more: tuple[str, ...]) -> Any:
    """The settings of a tab with the columns of HTML hidden, wherever the table stands."""
    hidden = dict(old.get("hiddenColumns") or {})
    for place in ("explore", "labeling"):
        names = [f"tasks:{name}" for name in (*(f"data.{markup}" for markup in _MARKUP), *more)]
        hidden[place] = list(dict.fromkeys([*(hidden.get(place) or ()), *names]))
    fresh = {"title": TITLE, "type": "list", "target": "tasks", "filters": {"conjunction": "and", "items": []}}
    return {**fresh, **old, "hiddenColumns": hidden}
