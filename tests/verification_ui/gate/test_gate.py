"""What an annotator can do at a real server behind the gate, and what nobody can."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import pytest

from pipeline.commands.review.session import client_of
from tests.verification_ui.gate.conftest import Asked, entered, next_task
from verification_ui.queue.tokens import signed

pytestmark = pytest.mark.labelstudio

FORBIDDEN = [
    # the project, its tasks and its settings
    ("DELETE", "/api/projects/{project}"), ("DELETE", "/api/projects/{project}/"), ("PATCH", "/api/projects/{project}"),
    ("PUT", "/api/projects/{project}"), ("POST", "/api/projects"), ("GET", "/api/projects"),
    ("DELETE", "/api/projects/{project}/tasks"), ("GET", "/api/projects/{project}/tasks"),
    ("DELETE", "/api/tasks/{task}?project={project}"), ("PATCH", "/api/tasks/{task}?project={project}"),
    ("POST", "/api/tasks?project={project}"), ("POST", "/api/projects/{project}/import"),
    ("POST", "/api/projects/{project}/tasks/bulk"), ("POST", "/api/projects/{project}/reimport"),
    ("POST", "/api/projects/{project}/summary/reset"), ("POST", "/api/projects/{project}/validate"),
    ("GET", "/api/projects/{project}/annotators"), ("GET", "/api/projects/{project}/summary"),
    ("GET", "/projects/{project}/settings"), ("GET", "/projects/{project}/data/import"),
    ("GET", "/projects/999999/data"),
    # actions of the data manager
    *(("POST", f"/api/dm/actions?id={name}&project={{project}}") for name in (
        "delete_tasks", "delete_tasks_annotations", "delete_annotators", "predictions_to_annotations",
        "retrieve_tasks_predictions", "remove_duplicates", "delete_ground_truths", "")),
    ("POST", "/api/dm/actions?id=next_task&id=delete_tasks&project={project}"),
    ("POST", "/api/dm/actions?id=next_task&project=999999"), ("POST", "/api/dm/actions?project={project}"),
    ("GET", "/api/dm/actions?project={project}"), ("POST", "/api/dm/views?project={project}"),
    ("DELETE", "/api/dm/views/1?project={project}"), ("DELETE", "/api/dm/views/reset?project={project}"),
    # answers of others, and tasks that were not given
    ("GET", "/api/annotations/{answer}?project={project}"), ("PATCH", "/api/annotations/{answer}?project={project}"),
    ("DELETE", "/api/annotations/{answer}?project={project}"), ("PUT", "/api/annotations/{answer}?project={project}"),
    ("POST", "/api/annotations/{answer}/convert-to-draft?project={project}"),
    ("GET", "/api/drafts/{draft}?project={project}"), ("PATCH", "/api/drafts/{draft}?project={project}"),
    ("DELETE", "/api/drafts/{draft}?project={project}"), ("GET", "/api/tasks/{task}/annotations?project={project}"),
    ("GET", "/api/tasks/999999?project={project}"), ("POST", "/api/tasks/999999/annotations?project={project}"),
    ("POST", "/api/tasks/{task}/annotations?project={other_project}"),
    ("GET", "/api/tasks/{task}?project={other_project}"),
    ("POST", "/api/tasks/{task}/annotations/{answer}/drafts?project={project}"),
    ("GET", "/api/tasks/{task}/agreement"), ("GET", "/api/predictions"), ("POST", "/api/predictions"),
    # export, storage, models, webhooks, labels
    ("GET", "/api/projects/{project}/export?exportType=JSON"), ("POST", "/api/projects/{project}/exports"),
    ("GET", "/api/storages?project={project}"), ("POST", "/api/storages/localfiles"),
    ("GET", "/api/storages/localfiles?project={project}"), ("POST", "/api/storages/export/s3"), ("POST", "/api/ml"),
    ("GET", "/api/webhooks"), ("POST", "/api/webhooks"), ("POST", "/api/labels"), ("GET", "/data/upload/1/x.jpg"),
    ("GET", "/api/import/file-upload/1"), ("GET", "/api/model-providers"),
    # tokens, people, the organization
    ("GET", "/api/current-user/token"), ("POST", "/api/current-user/reset-token"), ("GET", "/api/token"),
    ("POST", "/api/token"), ("POST", "/api/token/rotate"), ("POST", "/api/token/refresh"),
    ("GET", "/api/jwt/settings"), ("POST", "/api/jwt/settings"), ("GET", "/api/invite"),
    ("POST", "/api/invite/reset-token"), ("PATCH", "/api/users/1"), ("POST", "/api/users"), ("DELETE", "/api/users/1"),
    ("GET", "/api/users/1"), ("GET", "/api/organizations"), ("PATCH", "/api/organizations/1"),
    ("GET", "/api/organizations/1/memberships"), ("DELETE", "/api/organizations/1/memberships/1"),
    ("PATCH", "/api/current-user/hotkeys"), ("GET", "/api/session-policy"), ("GET", "/user/account"),
    ("GET", "/user/signup"), ("GET", "/organization"), ("GET", "/people"),
    # whatever else the server has
    ("GET", "/admin"), ("GET", "/django-rq"), ("GET", "/metrics"), ("GET", "/docs/api/schema/json"), ("GET", "/health"),
    ("GET", "/api/fsm/entities/task/{task}/history"), ("GET", "/heidi-tips"), ("GET", "/__lsa"), ("GET", "/version"),
    ("GET", "/static/%2e%2e/api/users"), ("GET", "/data/local-files?d=../run.yaml"),
    ("GET", "/tasks/{task}/resolve?fileuri=ZmlsZTovLy9ldGMvcGFzc3dk"), ("POST", "/"), ("PUT", "/enter"),
]  # fmt: skip


def state_of(served_run: Any, project: int) -> Any:
    """Everything that the operator sees of a project."""
    with signed(served_run.server.url, served_run.server.credentials.token, 60) as operator:
        tasks = operator.get("/api/tasks/", params={"project": project, "fields": "all", "page_size": 100}).json()
        settings = operator.get(f"/api/projects/{project}/").json()
        views = operator.get("/api/dm/views/", params={"project": project}).json()
        people = operator.get("/api/users/").json()
        tokens = operator.get("/api/jwt/settings").json()
    answers = [(t["id"], t["data"], t["annotations"], t["drafts"]) for t in tasks["tasks"]]
    return json.loads(json.dumps([answers, settings["title"], views, [p["email"] for p in people], tokens]))


def test_each_forbidden_call_is_answered_403_and_changes_nothing(asked: Asked, served_run: Any) -> None:
    before = state_of(served_run, asked.project)
    for method, path in FORBIDDEN:
        reply = asked.ann.call(method, asked.filled(path))
        assert reply.status_code in (403, 400), (method, path, reply.status_code, reply.text)
        assert reply.status_code == 403 or "given once" in reply.text, (method, path, reply.text)
        assert reply.json()["detail"]
    ages = [age for state in (before, state_of(served_run, asked.project)) for age in [without_ages(state)]]
    assert ages[0] == ages[1]


def test_a_queue_is_open_from_the_moment_that_it_is_made(asked: Asked, served_run: Any) -> None:
    assert asked.ann.call("GET", f"/api/projects/{asked.project}").status_code == 200  # the gate has listed the queues
    with signed(served_run.server.url, served_run.server.credentials.token, 60) as operator:
        made = operator.post("/api/projects/", json={"title": "pointvos made just now"}).json()["id"]
        try:
            assert asked.ann.call("GET", f"/api/projects/{made}").status_code == 200
        finally:
            operator.delete(f"/api/projects/{made}/")


def without_ages(state: Any) -> Any:
    """``created_ago`` tells how old an answer is in words, which change."""
    if isinstance(state, dict):
        return {name: without_ages(value) for name, value in state.items() if name != "created_ago"}
    return [without_ages(value) for value in state] if isinstance(state, list) else state


def test_an_answer_is_given_changed_and_taken_back_by_its_author(asked: Asked, served_run: Any) -> None:
    ann, where = asked.ann, f"?project={asked.project}"
    made = ann.call("POST", f"/api/tasks/{asked.task}/annotations{where}", {"result": [], "lead_time": 1.0})
    assert made.status_code == 201
    path = f"/api/annotations/{made.json()['id']}{where}"
    assert ann.call("GET", path).status_code == 200
    assert asked.bob.call("GET", path).status_code == 403
    assert ann.call("PATCH", path, {"result": [], "lead_time": 2.0}).json()["lead_time"] == 2.0
    with signed(served_run.server.url, served_run.server.credentials.token, 60) as operator:
        seen = operator.get(f"/api/annotations/{made.json()['id']}/").json()
        author = operator.get(f"/api/users/{seen['completed_by']}/").json()["email"]
    assert (author, seen["updated_by"]) == (ann.email, seen["completed_by"])
    assert ann.call("DELETE", path).status_code == 204
    assert ann.call("GET", path).status_code == 403


def test_nobody_answers_in_the_name_of_another(asked: Asked) -> None:
    them = asked.bob.call("GET", "/api/current-user/whoami").json()["id"]
    for field in ("completed_by", "user", "updated_by", "ground_truth", "last_created_by"):
        for kind in ("annotations", "drafts"):
            path = f"/api/tasks/{asked.task}/{kind}?project={asked.project}"
            assert asked.ann.call("POST", path, {"result": [], field: them}).status_code == 403, (field, kind)


def test_what_others_answered_is_not_shown_anywhere(asked: Asked) -> None:
    """Ann is asked a task that bob has answered, and sees the queue, the history and the people."""
    assert asked.task == asked.theirs
    for path in (
        f"/api/tasks/{asked.task}?project={asked.project}", f"/api/tasks?project={asked.project}",
        f"/api/users?project={asked.project}", f"/api/projects/{asked.project}",
        f"/api/dm/project?project={asked.project}",
        f"/api/projects/{asked.project}/label-stream-history",
        f"/api/tasks/{asked.task}/drafts?project={asked.project}",
        "/api/current-user/whoami",
    ):  # fmt: skip
        reply = asked.ann.call("GET", path)
        assert reply.status_code == 200, (path, reply.text)
        assert asked.bob.email not in reply.text, path
        assert "reviewer@pointvos.local" not in reply.text or path.startswith(("/api/users", "/api/current")), path
    task = asked.ann.call("GET", f"/api/tasks/{asked.task}?project={asked.project}").json()
    assert (task["annotations"], task["drafts"], task["total_annotations"]) == ([], [], 0)
    mine = asked.bob.call("GET", f"/api/tasks?project={asked.project}").json()
    assert (asked.theirs, [asked.answer]) in [(t["id"], [a["id"] for a in t["annotations"]]) for t in mine["tasks"]]
    assert asked.ann.call("GET", f"/api/tasks?project={asked.project}").json()["tasks"] == []


def test_how_many_are_left_is_counted_for_each_person(asked: Asked) -> None:
    path = f"/pointvos/left/{asked.project}"
    assert asked.ann.call("GET", path).json() == {"left": 4, "of": 4}
    assert asked.bob.call("GET", path).json() == {"left": 3, "of": 4}
    skip = f"/api/tasks/{next_task(asked.bob, asked.project)}/annotations?project={asked.project}"
    made = asked.bob.call("POST", skip, {"result": [], "was_cancelled": True})
    assert asked.bob.call("GET", path).json() == {"left": 2, "of": 4}
    assert asked.bob.call("DELETE", f"/api/annotations/{made.json()['id']}?project={asked.project}").status_code == 204


ELSEWHERE = [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Origin": "http://127.0.0.1:8181"},
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Host": "evil.example"},
    {"Host": "127.0.0.1:8181"}, {"Host": "localhost"}, {"X-Pointvos-Key": ""}, {"X-Pointvos-Key": "x" * 43},
    {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "text/plain"},
]  # fmt: skip


def test_a_change_is_taken_from_the_page_itself_only(asked: Asked) -> None:
    path = f"/api/tasks/{asked.task}/annotations?project={asked.project}"
    for headers in ELSEWHERE:
        sent = {"Content-Type": "application/json", **headers}
        reply = asked.ann.http.post(path, content=b'{"result": []}', headers=sent)
        assert reply.status_code == 403, headers
        assert reply.json()["detail"]
    assert asked.ann.call("GET", f"/api/tasks/{asked.task}?project={asked.project}").json()["annotations"] == []


def test_a_change_without_an_origin_is_refused(asked: Asked) -> None:
    http = asked.ann.http
    with httpx.Client(base_url=http.base_url, cookies=http.cookies, trust_env=False, timeout=60) as bare:
        key = {"X-Pointvos-Key": http.headers["X-Pointvos-Key"]}
        path = f"/api/tasks/{asked.task}/annotations?project={asked.project}"
        reply = bare.post(path, json={"result": []}, headers=key)
        assert (reply.status_code, "an unnamed origin" in reply.text) == (403, True)
        assert bare.get(f"/api/tasks/{asked.task}?project={asked.project}", headers=key).status_code == 200


def test_the_cookie_alone_opens_no_call(asked: Asked) -> None:
    """Browsers send it to every port of the host; the key stays with the origin."""
    cookies = asked.ann.http.cookies
    with httpx.Client(base_url=asked.ann.http.base_url, cookies=cookies, trust_env=False, timeout=60) as thief:
        for path in (f"/api/tasks/{asked.task}?project={asked.project}", "/api/current-user/whoami"):
            assert thief.get(path).status_code == 403
        page = thief.get(f"/projects/{asked.project}/data?labeling=1")
        assert page.status_code == 200
        assert asked.ann.http.headers["X-Pointvos-Key"] not in page.text


def test_the_cookie_is_the_gates_own_and_guarded(served_run: Any) -> None:
    with closing(entered(served_run.link("cookie@example.org"))) as http:
        assert [cookie.name for cookie in http.cookies.jar] == ["pointvos_session"]
        reply = http.get("/logout")
        assert http.get("/api/current-user/whoami").status_code == 401
    given = reply.headers["set-cookie"]
    assert "HttpOnly" in given
    assert "SameSite=strict" in given


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/"), ("GET", "/api/current-user/whoami"), ("POST", "/api/dm/actions?id=next_task&project=1"),
    ("GET", "/projects/1/data"), ("GET", "/data/local-files/?d=queue/x/1.jpg"), ("GET", "/react-app/main.js"),
])  # fmt: skip
def test_strangers_get_nothing(served_run: Any, method: str, path: str) -> None:
    origin = served_run.page.origin
    with httpx.Client(base_url=origin, trust_env=False, timeout=60, headers={"Origin": origin}) as stranger:
        reply = stranger.request(method, path)
    assert reply.status_code == 401
    assert "open your log-in link" in reply.json()["detail"]


def test_failed_log_ins_are_slowed_down_for_one_account(served_run: Any) -> None:
    origin = served_run.page.origin
    good = served_run.link("guessed@example.org")
    with httpx.Client(base_url=origin, trust_env=False, timeout=60, headers={"Origin": origin}) as guesser:
        tries = [
            guesser.post("/user/login/", data={"email": "guessed@example.org", "password": f"guess {i}"})
            if i % 2 else guesser.post("/enter", json={"email": "guessed@example.org", "link": f"guess {i}"})
            for i in range(7)
        ]  # fmt: skip
    assert [reply.status_code for reply in tries[:5]] == [403] * 5
    assert tries[-1].status_code == 429
    assert "too many failed attempts; try again in" in tries[-1].json()["detail"]
    assert int(tries[-1].headers["retry-after"]) >= 1
    secret = good.split("link=")[1]
    with httpx.Client(base_url=origin, trust_env=False, timeout=60, headers={"Origin": origin}) as other:
        reply = other.post("/enter", json={"email": "guessed@example.org", "link": secret})
        assert reply.status_code == 429
    entered(served_run.link("not-guessed@example.org")).close()


def test_a_body_without_end_is_refused(asked: Asked) -> None:
    path = f"/api/tasks/{asked.task}/annotations?project={asked.project}"
    reply = asked.ann.http.post(
        path, content=b'{"result": [' + b" " * 9_000_000, headers={"Content-Type": "application/json"}
    )
    assert reply.status_code == 413


def test_the_operators_commands_do_not_pass_the_gate(served_run: Any, own_run: Any, review: Any) -> None:
    """They speak to the private server with the token, which the gate does not take."""
    token = served_run.server.credentials.token
    with signed(served_run.server.url, token, 60) as operator:
        header = operator.get("/api/current-user/whoami").request.headers["Authorization"]
    with httpx.Client(base_url=served_run.page.origin, trust_env=False, timeout=60) as http:
        assert http.get("/api/current-user/whoami", headers={"Authorization": header}).status_code == 401
    with client_of(served_run.server) as client:
        assert client.whoami() == served_run.server.credentials.email


def test_a_person_answers_a_task_once_and_changes_that_answer(asked: Asked) -> None:
    """A second answer would take the place of the one that somebody else is to give."""
    ann, where = asked.ann, f"?project={asked.project}"
    path, given = f"/api/tasks/{asked.task}/annotations{where}", {"result": [], "lead_time": 1.0}

    def at_once(n: int) -> list[httpx.Response]:
        with ThreadPoolExecutor(n) as pool:
            return list(pool.map(lambda _: ann.call("POST", path, given), range(n)))

    skipped = ann.call("POST", path, {**given, "was_cancelled": True}).json()["id"]
    replies = at_once(4)
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409]
    (made,) = [reply.json()["id"] for reply in replies if reply.status_code == 201]
    assert "you have answered task" in ann.call("POST", path, {**given, "was_cancelled": True}).json()["detail"]
    unskip = {"result": [], "was_cancelled": False}
    assert ann.call("PATCH", f"/api/annotations/{skipped}{where}", unskip).status_code == 409
    assert ann.call("PATCH", f"/api/annotations/{made}{where}", given).status_code == 200
    for number in (skipped, made):
        assert ann.call("DELETE", f"/api/annotations/{number}{where}").status_code == 204


@pytest.mark.parametrize("body", [
    '{"result": [NaN]}', '{"result": [1e999]}', r'{"result": ["\ud800"]}', '{"result": [1, 2]}',
    '{"result": [{"value": {"choices": 5}}]}', '{"result": [], "lead_time": 1' + "0" * 5000 + "}", "[" * 100_000,
])  # fmt: skip
def test_what_the_server_or_a_pull_would_fail_on_is_not_an_answer(asked: Asked, body: str) -> None:
    sent = {"Content-Type": "application/json"}
    for kind in ("annotations", "drafts"):
        path = f"/api/tasks/{asked.task}/{kind}?project={asked.project}"
        assert asked.ann.http.post(path, content=body, headers=sent).status_code == 400
    assert asked.ann.http.post("/enter", content=r'{"email": "\ud800", "link": "x"}', headers=sent).status_code == 400


def test_a_number_longer_than_any_is_no_path(asked: Asked) -> None:
    for path in ("/api/projects/{}", "/api/tasks/{}?project=1", "/projects/{}/data", "/api/annotations/{}?project=1"):
        for n_digits in (19, 5000):
            assert asked.ann.call("GET", path.format("9" * n_digits)).status_code == 403


def test_of_two_origins_neither_is_believed(asked: Asked) -> None:
    http = asked.ann.http
    headers = [("X-Pointvos-Key", http.headers["X-Pointvos-Key"]), ("Content-Type", "application/json")]
    origins = [("Origin", http.headers["Origin"]), ("Origin", "https://evil.example")]
    path = f"/api/tasks/{asked.task}/annotations?project={asked.project}"
    with httpx.Client(base_url=http.base_url, cookies=http.cookies, trust_env=False, timeout=60) as bare:
        for order in (origins, origins[::-1]):
            assert bare.post(path, content=b'{"result": []}', headers=[*headers, *order]).status_code == 403


def test_another_site_logs_nobody_out(served_run: Any) -> None:
    with closing(entered(served_run.link("stays@example.org"))) as http:
        visit = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        for cause in ("cross-site", "same-site"):
            with httpx.Client(base_url=http.base_url, cookies=http.cookies, trust_env=False) as window:
                reply = window.get("/logout", headers={**visit, "Sec-Fetch-Site": cause})
            assert (reply.status_code, reply.headers.get("set-cookie")) == (403, None)
        assert http.get("/api/current-user/whoami").status_code == 200
