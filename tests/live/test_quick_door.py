"""The quick door opens what Flask would open too, in the same way, and nothing else; all else is Flask's to answer."""

import pkgutil
import sqlite3
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, settings, strategies as some
from sqlalchemy import update

from informejo import clock, db, logs, metrics
from informejo.accounts import rights_actions, session_actions
from informejo.accounts.models import Session, User
from informejo.accounts.queries import fingerprint
from informejo.cookies import cookie_name
from informejo.events import log
from informejo.live import quick_door, returns
from informejo.live.hub import hub
from informejo.tickets import change_actions
from tests.live.doors import asking

STEPS = (
    "quick_door.parse_qs",
    "quick_door.viewer_for",
    "opening.find_channels",
    "opening.open_stream",
    "opening._subscribe",
)
STEPS += ("opening.find_end", "opening.read_missed", "opening.presence.show_again", "opening.returns.count")
COUNTED = [
    ("streams_opened_total", {}),
    ("reconnects_total", {"ended": "replayed"}),
    ("requests_total", {"method": "GET", "endpoint": "live.pages", "status": "2xx"}),
    ("request_seconds_count", {"method": "GET"}),
]


def sample(name: str, **labels) -> float:
    """What /metrics says of it now."""
    return metrics.REGISTRY.get_sample_value(f"informejo_{name}", labels) or 0


class Fault(Exception):
    """What these tests have fail."""


@pytest.fixture
def ask(app, monkeypatch):
    with asking(app, monkeypatch) as ask:
        yield ask


@pytest.fixture
def cookie():
    """`cookie(user)`: the header with which that person's browser says who it is."""

    def cookie(user) -> dict[str, str]:
        token = session_actions.start_session(user, "test")
        db.commit()
        return {"Cookie": f"{cookie_name()}={token}"}

    return cookie


@pytest.fixture
def desk(world, cookie):
    """What questions are about: a ticket of Ren's, one of Zoe's, one in the bin; old and new bookmarks; cookies."""
    since = str(log.bookmark())
    ticket, foreign, binned = world.ticket(), world.ticket(by=world.zoe), world.ticket()
    change_actions.delete_ticket(world.ana, binned)
    world.note(ticket, "Only for us.")
    world.comment(world.mia, ticket, "For you, too.")
    people = {"mia": world.mia, "ren": world.ren}
    cookies = {name: cookie(person) for name, person in people.items()} | {"link": link_to(ticket)}
    return SimpleNamespace(
        ticket=ticket.id, foreign=foreign.id, binned=binned.id, since=since, now=str(log.bookmark()),
        mia=world.mia.id, ren=world.ren.id, cookies=cookies,
    )  # fmt: skip


def link_to(ticket) -> dict[str, str]:
    """The header of a browser that holds nothing but a link to that ticket."""
    now, token = clock.now(), "a-link-to-it"
    held = {"ticket_id": ticket.id, "token_hash": fingerprint(token), "expires_at": now + timedelta(days=1)}
    db.session.add(Session(user_id=ticket.requester_id, **held))
    db.session.commit()
    return {"Cookie": f"{cookie_name()}-{ticket.id}={token}"}


PLAIN = [
    ("mia", "on=queue&on=desk&on=me&for={mia}&since={now}", {}),
    ("mia", "on=queue&on=desk&on=me&for={mia}&since={since}", {}),
    ("mia", "on=ticket:{ticket}&on=desk&on=me&for={mia}", {"Last-Event-ID": "{since}"}),
    ("ren", "on=ticket:{ticket}&on=me&for={ren}&since={since}", {"Sec-Fetch-Site": "same-origin"}),
    ("ren", "on=ticket:{ticket}&on=me&for={ren}&since={now}", {"Last-Event-ID": "{since}", "Sec-Fetch-Site": "none"}),
    ("ren", "on=me&on=me", {}),
    ("link", "on=ticket:{ticket}&for={ren}&since={since}", {}),
    ("link", "on=ticket:{ticket}&on=ticket:{ticket}", {}),
    ("ren", "on=me&for={ren}", {"Drawn-For": "{ren}"}),
    ("mia", "on=queue", {"Drawn-For": "{mia}"}),
    ("ren", "%6Fn=m%65&since=nonsense", {"Last-Event-ID": ""}),
    ("", "on=me&for={ren}", {"Cookie": "other=\xff; {cookies[ren][Cookie]}; third"}),
    ("mia", "on=queue&for={mia}&for={mia}&since=&since={since}", {"Last-Event-ID": "x" * 8000}),
]
ODD = [
    ("mia", "on=queue&for={ren}", {}),
    ("mia", "on=queue&for={mia}&for={ren}", {}),
    ("mia", "on=queue&for=", {}),
    ("mia", "on=queue", {"Drawn-For": "{ren}"}),
    ("mia", "on=queue", {"Drawn-For": ""}),
    ("mia", "on=queue&for={mia}", {"Drawn-For": "{ren}"}),
    ("mia", "on=queue", {"Sec-Fetch-Site": "cross-site"}),
    ("mia", "on=queue", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"}),
    ("mia", "on=queue", {"Sec-Fetch-Site": ""}),
    ("mia", "on=queue", {"Content-Encoding": "gzip"}),
    ("mia", "on=queue", {"Transfer-Encoding": "chunked"}),
    ("mia", "", {}),
    ("mia", "&".join(["on=queue"] * 9), {}),
    ("mia", "on=user:{ren}", {}),
    ("mia", "on=ticket:{ticket}&on=echo", {}),
    ("mia", "on=ticket:{binned}", {}),
    ("mia", "on=ticket:{binned}&on=me&since={since}", {}),
    ("link", "on=ticket:{ticket}&on=me", {}),
    ("link", "on=ticket:{ticket}&on=ticket:{foreign}&since={since}", {}),
    ("link", "on=ticket:{foreign}", {}),
    ("link", "on=desk", {}),
    ("ren", "on=queue", {}),
    ("ren", "on=desk&on=me", {}),
    ("ren", "on=ticket:{foreign}", {}),
    ("ren", "on=ticket:{ticket}&on=ticket:{foreign}&since={since}", {}),
    ("ren", "on=ticket:0{ticket}", {}),
    ("ren", "on=me&once=1", {}),
    ("ren", "on=me&once=0", {}),
    ("ren", "ON=me", {}),
    ("ren", "on=me;on=queue", {}),
    ("ren", "on=m%FFe", {}),
    ("", "on=me", {}),
    ("", "on=me", {"Cookie": "informejo="}),
    ("", "on=me", {"Cookie": "informejo=wrong; {cookies[ren][Cookie]}"}),
]
OTHER_WAYS = [
    {"method": "HEAD"},
    {"method": "POST"},
    {"path": "/live/"},
    {"path": "//live"},
    {"path": "/live/events"},
    {"CONTENT_LENGTH": "999999999"},
    {"CONTENT_TYPE": "multipart/form-data"},
    {"SERVER_PROTOCOL": "HTTP/1.0"},
    {"gunicorn.socket": None},
]


def filled(desk, who, query, headers) -> tuple[str, dict[str, str]]:
    """The question with the desk's own numbers in it."""
    known = vars(desk) | {"own": getattr(desk, who, "")}
    headers = {name: value.format(**known) for name, value in headers.items()}
    return query.format(**known), desk.cookies.get(who, {}) | headers


@pytest.mark.parametrize(("who", "query", "headers"), PLAIN)
def test_what_is_plain_is_opened_here_just_as_flask_would(desk, ask, who, query, headers):
    question = filled(desk, who, query, headers)
    quick, slow = ask(*question), ask(*question, to_flask=True)
    assert (quick.quick, slow.quick) == (True, False)
    assert quick.open == quick.heads == 1
    assert quick.comparable() == slow.comparable()
    assert quick.head.keys() == slow.head.keys()


def test_who_missed_nothing_costs_one_question_through_either_door(desk, ask, questions):
    question = filled(desk, "mia", "on=queue&on=desk&on=me&since={now}", {})
    for to_flask in (False, True):
        questions.clear()
        assert ask(*question, to_flask=to_flask).quick != to_flask
        assert len(questions) == 1


@pytest.mark.parametrize(("who", "query", "headers"), ODD)
def test_whatever_is_odd_is_answered_by_flask(desk, ask, who, query, headers):
    question = filled(desk, who, query, headers)
    through, alone = ask(*question), ask(*question, to_flask=True)
    assert not through.quick
    assert through.comparable() == alone.comparable()
    assert through.heads <= 1


USUAL = ["on=me", "on=ticket:{ticket}", "for={own}", "since={since}", "since={now}"]
UNUSUAL = "on=queue on=desk on=ticket:{foreign} on=ticket:{binned} on= on x=1 on=a\0 for={ren} for= %66or={ren} since="
UNUSUAL = f"{UNUSUAL} once=1 once=".split(" ")
LINES = [
    ("Last-Event-ID", "{since}"),
    ("Last-Event-ID", ""),
    ("Sec-Fetch-Site", "same-origin"),
    ("Sec-Fetch-Site", "cross-site"),
    ("Sec-Fetch-Site", "None"),
    ("Drawn-For", "{ren}"),
    ("Drawn-For", "{own}"),
    ("Content-Type", "multipart/form-data"),
    ("X-Request-ID", "a" * 16),
    ("HX-Request", "true"),
    ("Cookie", "informejo=; {cookies[ren][Cookie]}"),
]
QUESTIONS = (
    some.sampled_from(["mia", "ren"]),
    some.lists(some.sampled_from(USUAL), max_size=7),
    some.lists(some.sampled_from(UNUSUAL), max_size=1),
    some.lists(some.sampled_from(LINES), max_size=1),
)


def test_whatever_is_asked_for_it_is_the_same_through_either_door(desk, ask):
    ways = Counter()

    @settings(max_examples=150)
    @given(*QUESTIONS)
    def they_agree(who, usual, unusual, lines):
        question = filled(desk, who, "&".join(usual + unusual), dict(lines))
        through, alone = ask(*question), ask(*question, to_flask=True)
        assert through.comparable() == alone.comparable()
        assert through.heads == alone.heads
        ways[through.quick] += 1

    they_agree()
    assert min(ways[True], ways[False]) > 20  # or one of the doors was compared with itself


@pytest.mark.parametrize("more", OTHER_WAYS, ids=str)
def test_other_ways_to_a_stream_are_flasks(desk, ask, more):
    question = filled(desk, "mia", "on=queue", {})
    assert not ask(*question, **more).quick
    assert ask(*question).quick


def test_whose_sign_in_has_expired_is_told_so_by_flask(desk, ask):
    question = filled(desk, "mia", "on=queue&since={now}", {"Last-Event-ID": "{now}"})
    assert ask(*question).quick
    db.session.execute(update(Session).values(expires_at=Session.created_at))
    db.commit()
    outcome = ask(*question)
    assert (outcome.quick, outcome.status, outcome.open) == (False, 401, 0)


@pytest.mark.parametrize("step", ["parse_cookie", "viewer_for", "opening.find_channels", "opening.read_missed"])
def test_whose_rights_end_while_the_door_looks_gets_no_stream(app, world, desk, ask, monkeypatch, step):
    """Before, after, or in the middle of the look: whatever the door found then is nothing to go by any more."""
    where = f"informejo.live.{step if '.' in step else f'quick_door.{step}'}"
    look, done, people = pkgutil.resolve_name(where), [], (world.ana.id, world.mia.id)

    def look_and_lose(*given):
        found = look(*given)
        if not done:
            with app.app_context():  # another request
                ana, mia = [db.session.get(User, id) for id in people]
                done.append(rights_actions.set_active(ana, mia, False))
                db.commit()
        return found

    monkeypatch.setattr(where, look_and_lose)
    outcome = ask(*filled(desk, "mia", "on=queue&since={since}", {}))
    assert done
    assert (outcome.open, outcome.greeting) == (0, [])


def test_whenever_rights_end_while_the_door_looks_flask_looks_anew(desk, ask, monkeypatch):
    """Whose they are it cannot know yet. They were somebody else's, so the stream opens all the same."""
    look = quick_door.viewer_for

    def look_and_something_ends(token):
        found = look(token)
        hub.drop_where(lambda _: False)
        return found

    monkeypatch.setattr(quick_door, "viewer_for", look_and_something_ends)
    outcome = ask(*filled(desk, "mia", "on=queue", {}))
    assert (outcome.quick, outcome.open, outcome.heads) == (False, 1, 1)


@pytest.mark.parametrize("error", [RuntimeError("broken"), sqlite3.OperationalError("disk I/O error")], ids=repr)
@pytest.mark.parametrize("step", STEPS)
def test_what_fails_in_the_door_is_looked_at_by_flask_and_leaves_nothing_open(desk, ask, monkeypatch, step, error):
    where, failed = f"informejo.live.{step}", []
    go_on = pkgutil.resolve_name(where)

    def fail_once(*given, **more):
        if failed:
            return go_on(*given, **more)
        failed.append(error)
        raise error

    monkeypatch.setattr(where, fail_once)
    outcome = ask(*filled(desk, "mia", "on=queue&for={mia}", {"Last-Event-ID": "{since}"}))
    assert failed
    assert (outcome.quick, outcome.status, outcome.open, outcome.heads) == (False, 200, 1, 1)
    assert len(hub) == 0


@pytest.mark.parametrize("to_flask", [False, True])
def test_what_fails_as_a_request_is_cleared_away_is_never_a_second_answer(app, desk, ask, to_flask):
    failed = []

    def fail_once(_error):
        if not failed:
            failed.append(True)
            raise Fault

    # Flask clears the request away within this test's own context, the quick door has one of its own.
    (app.teardown_request_funcs[None] if to_flask else app.teardown_appcontext_funcs).append(fail_once)
    question = filled(desk, "mia", "on=queue", {})
    if to_flask:
        with pytest.raises(Fault):  # before a byte was written: the server answers
            ask(*question, to_flask=True)
    else:
        outcome = ask(*question)
        assert (outcome.quick, outcome.open, outcome.heads) == (False, 1, 1)
    assert failed
    assert len(hub) == 0


def test_a_connection_that_the_kernel_does_not_give_away_is_no_stream_and_no_second_answer(desk, ask, monkeypatch):
    monkeypatch.setattr("informejo.live.hub.os.dup", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # which the server takes for a request that broke
        ask(*filled(desk, "mia", "on=queue", {}))
    assert len(hub) == 0


@pytest.mark.parametrize(("reason", "status"), [("personal", 429), ("total", 503), ("closing", 503)])
def test_where_there_is_no_room_it_is_refused_and_counted_once(app, desk, ask, monkeypatch, reason, status):
    if reason == "closing":
        monkeypatch.setattr(hub, "closing", True)
    else:
        app.config["STREAMS_PER_USER" if reason == "personal" else "STREAMS_TOTAL"] = 0
    before = sample("streams_refused_total", reason=reason), sample("faults_total", where="quick door")
    outcome = ask(*filled(desk, "mia", "on=queue", {}))
    assert (outcome.status, outcome.open) == (status, 0)
    after = sample("streams_refused_total", reason=reason), sample("faults_total", where="quick door")
    assert after == (before[0] + 1, before[1])  # no fault is noted: nothing is wrong


@pytest.mark.parametrize("bookmark", ["{since}", ""])
def test_a_browser_that_comes_back_is_counted_once_whichever_door_it_takes(desk, ask, bookmark):
    counts = []
    for to_flask in (False, True):
        before = [sample(name, **labels) for name, labels in COUNTED]
        outcome = ask(*filled(desk, "mia", "on=queue&since={since}", {"Last-Event-ID": bookmark}), to_flask=to_flask)
        assert outcome.quick != to_flask
        counts.append([sample(name, **labels) - at for (name, labels), at in zip(COUNTED, before, strict=True)])
    assert counts == 2 * [[1] * len(COUNTED)]


def test_what_it_writes_down_carries_the_id_that_it_answers_with(app, desk, ask, capsys):
    app.config["TRUSTED_PROXIES"] = 1
    outcome = ask(*filled(desk, "mia", "on=queue", {"X-Request-ID": "from-the-proxy-1"}))
    assert outcome.quick
    assert outcome.head["x-request-id"] == "from-the-proxy-1"
    assert "[from-the-proxy-1]: stream opened user=" in capsys.readouterr().err
    assert logs.request_id() == ""  # what is written after it is not of this request


def test_where_every_request_has_its_line_the_door_leaves_them_to_flask(desk, ask, capsys):
    assert not ask(*filled(desk, "mia", "on=queue", {}), to_flask=True).quick  # which is how these tests go past it
    assert " GET /live 200 " in capsys.readouterr().err


def test_whatever_looks_at_each_request_has_been_thought_of_here_too(app):
    """Who adds a hook to all requests: say what it means for a stream that is opened past it, and then name it here."""
    hooks = [*app.before_request_funcs[None], *app.after_request_funcs[None], *app.teardown_request_funcs[None]]
    assert {f"{hook.__module__}.{hook.__name__}" for hook in hooks} == {
        *("informejo.logs._begin", "informejo.logs._finish", "informejo.logs.end"),
        *("informejo.uploads._limit_body", "informejo.security._refuse_other_sites", "informejo.security.finish"),
        *("informejo.web._load_actor", "informejo.web._leave"),
        *("informejo.own_counts.count_changes", "informejo.accounts.views._mark_session"),
    }
    assert set(app.before_request_funcs) | set(app.url_value_preprocessors) <= {None, "guest_tickets"}
    assert app.after_request_funcs["live"] == [returns.count_refused]
