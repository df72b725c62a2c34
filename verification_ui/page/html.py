"""What all designs show beside the answers, as HTML: the question, pictures, the clip. ``question.css`` styles it."""

from __future__ import annotations

import html
from collections.abc import Iterable
from urllib.parse import quote

from schemas.reviews import ReviewTask
from verification_ui.page.asked_objects import AskedObject

NO_CLIP = "No clip: the video could not be read when this task was made"


def media_url(name: str) -> str:
    """The address of a file on a server that serves the media folder as local files."""
    return f"/data/local-files/?d={quote(name)}"


def question_html(task: ReviewTask, asked: AskedObject) -> str:
    """What is asked, about what, and where."""
    name = f'<span class="pv-name">{html.escape(asked.name)}</span>' if asked.name and asked.expression else ""
    title = html.escape(asked.title(task.object_id))
    where = html.escape(f"{task.video_id} · frame {task.frame_idx}")
    opens = html.escape(f"To correct the mask: pointvos studio --run … --open '{task.video_id}:{task.frame_idx}'")
    return (
        f'<div class="pv-ask"><span>Is the ringed pixel on</span><b class="pv-object">{title}</b>{name}'
        f'<span class="pv-where" title="{opens}">{where}</span></div>'
    )


def picture_html(caption: str, name: str, kind: str, places_percent: Iterable[tuple[float, float]] = ()) -> str:
    """A picture of the media folder with a caption below it; ``kind`` is what the style sheet knows it by.

    Each place in it, in percent of its width and height, becomes an element that the style sheet joins with the crop of
    the same number: pointing at one shows the other.
    """
    text = html.escape(caption)
    picture = f'<img src="{media_url(name)}" alt="{text}"/>'
    places = "".join(f'<i class="pv-place" style="left:{x:.2f}%;top:{y:.2f}%"></i>' for x, y in places_percent)
    return _figure(f'<span class="pv-shot">{picture}{places}</span>' if places else picture, text, kind)


def clip_html(name: str, is_there: bool) -> str:
    """The clip, hidden until its key is pressed: a browser plays a muted film while it is seen, and only then."""
    if not is_there:
        return _figure("", html.escape(NO_CLIP), "pv-clip")
    film = f'<video src="{media_url(name)}" autoplay muted loop playsinline controls></video>'
    return _figure(film, "One second before and after; pauses on the frame in question, framed in white", "pv-clip")


def _figure(content: str, caption: str, kind: str) -> str:
    return f'<figure class="pv-picture {kind}">{content}<figcaption>{caption}</figcaption></figure>'
