"""Streams of the staff under teams and confidential tickets: silence for who may not see, every word for who may."""

import json
import re
from datetime import timedelta

import pytest

from informejo import clock, db
from informejo.accounts.models import Session
from informejo.accounts.queries import fingerprint
from informejo.cookies import cookie_name
from informejo.events import log
from informejo.events.names import EventName
from informejo.guests import link_actions
from informejo.live.hub import hub
from informejo.mail import actions as mail
from informejo.teams import actions as teams
from informejo.tickets import actions, change_actions, confiding_actions
from informejo.tickets.words import Priority, Status
from tests.live.sse import Listener

LISTS = ("queue", "desk", "me")
TITLE, WORDS = "A xylophone in the attic", "It plays zebrafish songs."
PATHS = ("/live", "/live/events")


@pytest.fixture
def desk(world):
    """Tom sees what is of Networks or of no team, Mia and Ana all; `world.paper` is a team that nobody is in."""
    world.networks, world.paper = (
        teams.create_team(world.ana, name=name, sees_all=False) for name in ("Networks", "Paper")
    )
    teams.add_member(world.ana, world.networks, world.tom)
    db.commit()
    assert (world.tom.narrowed, world.mia.narrowed) == (True, False)
    return world


@pytest.fixture
def ticket(desk):
    for number in range(40):  # so that its number is none that stands in a message by chance
        desk.ticket(desk.zoe, f"Another {number}")
    return desk.ticket(title=TITLE, description=WORDS)


def confide(desk, ticket):
    change_actions.assign(desk.ana, ticket, desk.ana)
    confiding_actions.set_confidential(desk.ana, ticket, True)
    db.commit()


def to_paper(desk, ticket):
    change_actions.assign(desk.ana, ticket, desk.ana)
    change_actions.set_team(desk.mia, ticket, desk.paper)
    db.commit()


def happen(desk, ticket):
    """All that can happen to a ticket, done by Ana, who sees it."""
    ana = desk.ana
    deeds = (
        lambda: actions.add_comment(ana, ticket, body="zebrafish one"),
        lambda: actions.add_comment(desk.ren, ticket, body="zebrafish two"),
        lambda: actions.add_comment(ana, ticket, body="zebrafish three", internal=True),
        lambda: change_actions.set_status(ana, ticket, Status.WAITING),
        lambda: change_actions.set_priority(ana, ticket, Priority.CRITICAL),
        lambda: mail.watch(ana, ticket, ana),
        lambda: actions.mark_seen(desk.ren, ticket, ticket.last_event_id),
        lambda: change_actions.delete_ticket(ana, ticket),
        lambda: change_actions.restore_ticket(ana, ticket),
    )
    for deed in deeds:
        deed()
        db.commit()


def said(stream) -> str:
    return "".join(message.data for message in stream.heard())


def told(messages) -> str:
    return "".join(message.data for message in messages if message.event != "ready")


BLIND = [(confide, "mia"), (confide, "tom"), (to_paper, "tom")]


@pytest.mark.hardening("H-03", "L-11")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("hide", "who"), BLIND)
def test_what_somebody_may_not_see_is_silence_to_them(desk, ticket, listen, hide, who, path):
    hide(desk, ticket)
    blind, since = listen(getattr(desk, who), *LISTS, path=path), str(log.bookmark())
    sees = listen(desk.ana, *LISTS, f"ticket:{ticket.id}", path=path)
    said(blind), said(sees)
    assert listen(getattr(desk, who), f"ticket:{ticket.id}").status == 404
    happen(desk, ticket)
    assert not blind.subscription.waiting
    assert "zebrafish" in said(sees)
    assert TITLE in told(listen(desk.ana, *LISTS, since=since, path=path).greeting)
    for _ in range(2):  # the second finds on the shelf what the first left there
        again = listen(getattr(desk, who), *LISTS, f"ticket:{ticket.id}", since=since, path=path)
        assert TITLE not in told(again.greeting)
        assert told(listen(getattr(desk, who), *LISTS, since=since, path=path).greeting) == ""


def confided(desk, ticket):
    confiding_actions.set_confidential(desk.ana, ticket, True)


def unnamed(desk, ticket):
    confiding_actions.unname_person(desk.ana, ticket, desk.mia)


def taken_from(desk, ticket):
    change_actions.assign(desk.ana, ticket, desk.ana)


def given_to_paper(desk, ticket):
    change_actions.set_team(desk.ana, ticket, desk.paper)


def name_mia(desk, ticket):
    confide(desk, ticket)
    confiding_actions.name_person(desk.ana, ticket, desk.mia)


def give_to_mia(desk, ticket):
    confide(desk, ticket)
    confiding_actions.name_person(desk.ana, ticket, desk.ana)
    change_actions.assign(desk.ana, ticket, desk.mia)


def paper_and_toms(desk, ticket):
    to_paper(desk, ticket)
    change_actions.assign(desk.ana, ticket, desk.tom)


LOSSES = {  # how it begins, what happens, who loses sight by it, who never saw it
    "becomes confidential": (lambda desk, ticket: None, confided, ("mia", "tom"), ()),
    "becomes confidential, of another team": (to_paper, confided, ("mia",), ("tom",)),
    "somebody is no longer named": (name_mia, unnamed, ("mia",), ("tom",)),
    "a confidential one goes to another": (give_to_mia, taken_from, ("mia",), ("tom",)),
    "goes to another team": (lambda desk, ticket: None, given_to_paper, ("tom",), ()),
    "of another team, and goes to another": (paper_and_toms, taken_from, ("tom",), ()),
}


@pytest.mark.hardening("H-07", "L-11")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", LOSSES)
def test_who_loses_sight_is_told_the_number_alone_and_who_never_had_it_nothing(desk, ticket, listen, case, path):
    begin, happens, losers, others = LOSSES[case]
    begin(desk, ticket)
    db.commit()
    since, topic = str(log.bookmark()), f"ticket:{ticket.id}"
    pages = [listen(getattr(desk, who), topic, *LISTS, path=path) for who in losers]
    lists = {who: listen(getattr(desk, who), *LISTS, path=path) for who in (*losers, *others, "ana")}
    for stream in (*pages, *lists.values()):
        said(stream)
    revocations = hub.revocations
    happens(desk, ticket)
    db.commit()
    assert hub.revocations > revocations
    for stream in (*pages, *(lists[who] for who in losers)):
        assert_is_farewell(stream.heard(), str(ticket.id), path)
        assert topic not in [channel.topic for channel in stream.subscription.channels]
    assert not any(lists[who].subscription.waiting for who in others)
    assert "lost-" not in said(lists["ana"]), "who still sees it keeps it"
    happen(desk, ticket)
    for who in (*losers, *others):
        assert not lists[who].subscription.waiting
        assert_replay(
            lambda who=who, **since: listen(getattr(desk, who), *LISTS, path=path, **since).greeting,
            since,
            str(ticket.id) if who in losers else None,
            path,
        )


def assert_replay(greeting, since: str, lost: str | None, path: str):
    """It tells once what was lost meanwhile, or nothing."""
    *missed, ready = greeting(since=since)
    if lost:
        assert_is_farewell(missed, lost, path)
    else:
        assert missed == []
    assert [message.event for message in greeting(bookmark=ready.id)] == ["ready"]


def assert_is_farewell(messages, number: str, path: str):

    heard = "".join(message.data for message in messages)
    assert not [word for word in (TITLE, "zebrafish", "Ana", "Ren", "Paper") if word in heard]
    if path == "/live/events":
        gone = [("ticket:deleted", {"ticket": {"number": int(number)}})]
        assert [(message.event, json.loads(message.data)) for message in messages] == gone
    else:
        assert {*re.findall(r'id="lost-(\d+)"', heard)} == {number}
        assert "desk-changed" in heard, "counters and lists read themselves again"


GAINS = {
    "is confidential no longer": (
        confide,
        lambda desk, ticket: confiding_actions.set_confidential(desk.ana, ticket, False),
        ("mia", "tom"),
    ),
    "somebody is named": (
        confide,
        lambda desk, ticket: confiding_actions.name_person(desk.ana, ticket, desk.tom),
        ("tom",),
    ),
    "a confidential one is given to somebody": (
        confide,
        lambda desk, ticket: change_actions.assign(desk.ana, ticket, desk.mia),
        ("mia",),
    ),
    "comes into somebody's team": (
        to_paper,
        lambda desk, ticket: change_actions.set_team(desk.ana, ticket, desk.networks),
        ("tom",),
    ),
}


@pytest.mark.parametrize("case", GAINS)
def test_who_comes_to_see_a_ticket_hears_of_it_and_of_all_that_follows(desk, ticket, listen, case):
    begin, happens, gainers = GAINS[case]
    begin(desk, ticket)
    since, streams = str(log.bookmark()), {who: listen(getattr(desk, who), *LISTS) for who in gainers}
    happens(desk, ticket)
    db.commit()
    for stream in streams.values():
        heard = said(stream)
        assert f'id="row-{ticket.id}"' in heard
        assert "desk-changed" in heard
    desk.comment(desk.ren, ticket, "And one more thing.")
    for who, stream in streams.items():
        assert f'id="row-{ticket.id}"' in said(stream)
        assert listen(getattr(desk, who), *LISTS, since=since).greeting[0].data.count(f'id="row-{ticket.id}"') == 1


def test_the_bar_of_a_list_counts_what_came_into_sight(desk, ticket, visit):
    confide(desk, ticket)
    since, mia = str(log.bookmark()), visit(desk.mia)
    assert "new ticket" not in mia.get(f"/queue/news?status=unsolved&since={since}").text
    confiding_actions.name_person(desk.ana, ticket, desk.mia)
    db.commit()
    assert "1 new ticket" in mia.get(f"/queue/news?status=unsolved&since={since}").text


TEAM_CHANGES = {
    "leaves a team": lambda desk: teams.remove_member(desk.ana, desk.networks, desk.tom),
    "comes into another": lambda desk: teams.add_member(desk.ana, desk.paper, desk.tom),
    "their team sees all": lambda desk: teams.change_team(
        desk.ana, desk.networks, name="Networks", sees_all=True, categories=()
    ),
    "their team is no more": lambda desk: teams.delete_team(desk.ana, desk.networks),
    "somebody is narrowed": lambda desk: teams.add_member(desk.ana, desk.paper, desk.mia),
}


@pytest.mark.hardening("L-11")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", TEAM_CHANGES)
def test_whose_teams_change_begins_anew_with_what_is_theirs_by_then(desk, ticket, listen, case, path):
    concerned = desk.mia if case == "somebody is narrowed" else desk.tom
    others = [person for person in (desk.mia, desk.tom, desk.ren) if person is not concerned]
    stream, untouched = listen(concerned, *LISTS, path=path), [listen(one, "me", path=path) for one in others]
    said(stream)
    revocations = hub.revocations
    TEAM_CHANGES[case](desk)
    change_actions.set_team(desk.ana, ticket, desk.paper)
    desk.comment(desk.ren, ticket, "zebrafish")
    db.commit()
    assert not stream.is_open
    assert hub.revocations > revocations
    last = stream.heard()
    assert last[-1].event == "reset"
    assert TITLE not in told(last)
    assert all(one.is_open for one in untouched)


def test_whose_ticket_page_is_open_when_their_team_changes_is_told_as_they_come_back(desk, ticket, listen):
    change_actions.set_team(desk.ana, ticket, desk.networks)
    db.commit()
    stream = listen(desk.tom, f"ticket:{ticket.id}", *LISTS)
    teams.add_member(desk.ana, desk.paper, desk.tom)
    teams.remove_member(desk.ana, desk.networks, desk.tom)
    db.commit()
    again = listen(desk.tom, f"ticket:{ticket.id}", *LISTS, bookmark=stream.bookmark)
    assert f'id="lost-{ticket.id}"' in again.greeting[0].data
    assert TITLE not in told(again.greeting)


def test_a_list_costs_one_stream_no_more_channels_than_a_page_has_anyway(desk, listen):
    streams = [listen(person, *LISTS) for person in (desk.mia, desk.tom)]
    mia, tom = ({channel.topic for channel in stream.subscription.channels} for stream in streams)
    assert mia == {"queue", "desk", f"user:{desk.mia.id}"}
    assert tom == {f"{kind}:{desk.tom.id}" for kind in ("queue", "desk", "user")}
    assert hub.own_lists() == {f"queue:{desk.tom.id}", f"desk:{desk.tom.id}"}


def test_of_any_number_of_narrowed_people_one_statement_says_who_sees_a_ticket(desk, ticket, listen, questions):
    teams.add_member(desk.ana, desk.networks, desk.mia)
    db.commit()
    streams = [listen(person, *LISTS) for person in (desk.tom, desk.mia)]
    questions.clear()
    desk.comment(desk.ren, ticket, "Any news?")
    assert len([asked for asked in questions if "FROM users JOIN tickets" in asked]) == 1
    assert all("row-" in said(stream) for stream in streams)


@pytest.mark.hardening("H-03", "L-11")
@pytest.mark.parametrize("who", ["ren", "mia"])
def test_who_comes_by_a_link_hears_as_the_requester_of_that_ticket_alone_until_the_link_ends(desk, app, who):
    """Also one of the staff, whose own ticket it is."""
    own, other = (desk.ticket(getattr(desk, who), title) for title in (TITLE, "Another"))
    browser, link = by_link(app, own)
    for topic in ("me", "queue", "desk", f"ticket:{other.id}"):
        for address in (f"/live?on={topic}", f"/live?on=ticket:{own.id}&on={topic}"):
            assert browser.get(address).status_code in (401, 404)
    since = str(log.bookmark())
    stream = Listener(browser, f"/live?on=ticket:{own.id}")
    assert [channel[:2] for channel in stream.subscription.channels] == [(f"ticket:{own.id}", "requester")]
    desk.note(own, "zebrafish", by=desk.ana)
    desk.comment(desk.ana, other, "zebrafish")
    assert not stream.heard()
    desk.comment(desk.ana, own, "For you.")
    again = Listener(browser, f"/live?on=ticket:{own.id}&since={since}")
    for heard in (said(stream), told(again.greeting)):
        assert "For you." in heard
        assert "zebrafish" not in heard
    link_actions.end_links(desk.ana, own, [link])
    db.commit()
    assert [message.event for message in stream.heard()] == ["bye"]
    assert browser.get(f"/live?on=ticket:{own.id}").status_code == 401


def test_one_of_the_staff_who_came_by_a_link_loses_the_ticket_when_it_is_not_theirs_any_more(desk, app):
    own = desk.ticket(desk.mia, title=TITLE)
    stream = Listener(by_link(app, own)[0], f"/live?on=ticket:{own.id}")
    own.requester, changes = desk.zoe, {"requester": ["Mia Lund", "Zoe Kaur"]}
    who = {"ticket": own, "user": desk.mia, "audience": "requester", "changes": changes}
    log.record(EventName.TICKET_UPDATED, desk.ana, **who)
    db.commit()
    assert f'id="lost-{own.id}"' in said(stream)
    desk.comment(desk.ana, own, "zebrafish")
    assert not stream.heard()


def by_link(app, ticket):
    """A browser that holds nothing but a link to the ticket, and that link."""
    browser, token = app.test_client(), "a-link-to-it"
    held = {"ticket_id": ticket.id, "token_hash": fingerprint(token), "expires_at": clock.now() + timedelta(days=1)}
    link = Session(user_id=ticket.requester_id, **held)
    db.session.add(link)
    db.session.commit()
    browser.set_cookie(f"{cookie_name()}-{ticket.id}", token)
    return browser, link


@pytest.mark.parametrize("path", PATHS)
def test_a_page_stops_to_say_which_ticket_its_own_follows_with_what_hides_that_one(desk, ticket, listen, path):
    """Without it the number would stay there until something happened to this one."""
    follow = actions.open_ticket(desk.ren, title="Again", description="It plays on.", follows=ticket)
    db.commit()
    page, requesters, since = (
        listen(desk.mia, f"ticket:{follow.id}", path=path),
        listen(desk.ren, f"ticket:{follow.id}", path=path),
        str(log.bookmark()),
    )
    confide(desk, ticket)
    heard, again = said(page), listen(desk.mia, f"ticket:{follow.id}", path=path, since=since)
    for words in (heard, told(again.greeting)):
        assert ('id="ticket-head"' in words) == (path == "/live")
        assert f"/tickets/{ticket.id}" not in words
        assert TITLE not in words
    assert not requesters.heard(), "to them nothing has changed"
    confiding_actions.set_confidential(desk.ana, ticket, False)
    db.commit()
    assert (f"/tickets/{ticket.id}" in said(page)) == (path == "/live")
