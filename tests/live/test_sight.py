"""Whoever loses sight of a ticket is told so without a word of what it said, and hears nothing more of it."""

import json
import re

import pytest
from werkzeug.exceptions import NotFound

from informejo import db, policy
from informejo.accounts import rights_actions
from informejo.accounts.models import Role
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.live import sight
from informejo.live.hub import hub
from informejo.tickets import actions, change_actions
from informejo.tickets.models import Ticket

PEOPLE = ("mia", "tom", "ana", "ren", "zoe", "gus", "dan")
TITLE, WORDS = "A xylophone in the attic", "It plays zebrafish songs."


@pytest.fixture
def ticket(world):
    return world.ticket(title=TITLE, description=WORDS)


def bin(world, ticket):
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()


def give_to(world, ticket, requester):
    """What no page can do yet: another requester. Nothing but the row and the log knows of it."""
    before, ticket.requester = ticket.requester, requester
    changes = {"requester": [before.name, requester.name]}
    log.record(
        EventName.TICKET_UPDATED, world.mia, ticket=ticket, user=before, audience=Audience.REQUESTER, changes=changes
    )
    db.commit()


def said(stream) -> str:
    return "".join(message.data for message in stream.heard())


def test_asked_about_one_ticket_policy_says_what_its_lists_show(world, ticket):
    binned = world.ticket(world.zoe)
    bin(world, binned)
    for who in PEOPLE:
        person = getattr(world, who)
        listed = set(db.session.scalars(policy.visible_tickets(person)))
        assert {one for one in (ticket, binned) if policy.sees(person, one)} == listed, who


@pytest.mark.hardening("L-11", "X-51")
@pytest.mark.parametrize("who", ["ren", "mia"])
def test_who_looks_at_a_ticket_that_goes_to_the_bin_is_told_so_once_and_stays_connected(world, ticket, listen, who):
    stream = listen(getattr(world, who), f"ticket:{ticket.id}", "me")
    bin(world, ticket)
    heard = said(stream)
    assert "Ana Silva moved it to the bin." in heard
    assert TITLE not in heard
    assert WORDS not in heard
    assert stream.is_open
    assert [channel.topic for channel in stream.subscription.channels] == [f"user:{getattr(world, who).id}"]


@pytest.mark.hardening("L-11")
def test_another_requester_takes_the_ticket_from_the_old_ones_pages_and_says_no_name(world, ticket, listen):
    world.comment(world.mia, ticket)
    ren, zoe, mia = (
        listen(world.ren, f"ticket:{ticket.id}", "me"),
        listen(world.zoe, "me"),
        listen(world.mia, f"ticket:{ticket.id}", "queue"),
    )
    give_to(world, ticket, world.zoe)
    heard = said(ren)
    assert f'id="lost-{ticket.id}"' in heard
    assert not [word for word in (TITLE, WORDS, "Mia", "Zoe", "bin.") if word in heard]
    assert TITLE in said(zoe)
    assert "Zoe Kaur" in said(mia)
    world.comment(world.mia, ticket, "For Zoe alone.")
    actions.mark_seen(world.zoe, ticket, ticket.last_event_id)
    db.commit()
    assert said(ren) == ""
    assert "For Zoe alone." in said(mia)


@pytest.mark.hardening("L-11")
def test_whatever_new_decides_about_sight_is_asked_about_from_its_first_day(world, ticket, listen, monkeypatch):
    """A field that nobody here knows yet, and a policy that knows it: open pages obey without a line of new code."""
    tom, mia = listen(world.tom, f"ticket:{ticket.id}"), listen(world.mia, f"ticket:{ticket.id}")
    may = policy.may
    monkeypatch.setattr(
        policy, "may", lambda actor, what, thing=None: actor is not world.tom and may(actor, what, thing)
    )
    monkeypatch.setattr(policy, "sees", lambda actor, one: actor.id != world.tom.id and one.deleted_at is None)
    changes = {"team": [None, "Human resources"]}
    log.record(EventName.TICKET_UPDATED, world.mia, ticket=ticket, audience=Audience.STAFF, changes=changes)
    db.commit()
    assert re.findall("<section.*>", said(tom)) == [
        f'<section class="lost" id="lost-{ticket.id}" data-number="{ticket.id}" data-title="Ticket #{ticket.id}">'
    ]
    assert TITLE in said(mia)


@pytest.mark.hardening("L-11")
def test_when_policy_cannot_be_asked_the_stream_ends(world, ticket, listen, monkeypatch):
    stream, other = listen(world.ren, f"ticket:{ticket.id}"), listen(world.zoe, "me")
    monkeypatch.setattr(sight.policy, "hears", lambda actor, ticket: 1 / 0)
    bin(world, ticket)
    assert not stream.is_open
    assert other.is_open
    assert [message.event for message in stream.heard()] == ["bye"]


@pytest.mark.hardening("L-11", "O-03")
def test_after_losing_sight_nothing_of_the_ticket_comes(world, ticket, listen):
    ren, tom = listen(world.ren, f"ticket:{ticket.id}", "me"), listen(world.tom, f"ticket:{ticket.id}", "queue", "desk")
    bin(world, ticket)
    said(ren), said(tom)
    with db.session.no_autoflush:  # what a fault or a later feature might still record of it
        log.record(
            EventName.TICKET_UPDATED, world.mia, ticket=ticket, audience=Audience.REQUESTER,
            changes={"status": ["open", "waiting"]},
        )  # fmt: skip
    with pytest.raises(NotFound):
        actions.mark_seen(world.ren, ticket, ticket.last_event_id)
    db.commit()
    assert TITLE not in said(ren) + said(tom)


def test_a_ticket_that_comes_back_says_so_where_it_was_taken_away(world, ticket, listen):
    ren, tom = listen(world.ren, f"ticket:{ticket.id}", "me"), listen(world.tom, f"ticket:{ticket.id}", "me", "desk")
    bin(world, ticket)
    said(ren), said(tom)
    change_actions.restore_ticket(world.ana, ticket)
    db.commit()
    assert f'href="/tickets/{ticket.id}"' in said(ren)
    assert f'hx-target="#back-{ticket.id}"' in said(tom)


def test_a_list_that_slept_through_bin_and_return_shows_the_row(world, ticket, listen):
    since = str(log.bookmark())
    bin(world, ticket)
    change_actions.restore_ticket(world.ana, ticket)
    db.commit()
    replay = listen(world.tom, "queue", since=since).greeting[0].data
    assert f'id="row-{ticket.id}"' in replay
    assert "lost" not in replay


@pytest.mark.hardening("H-07", "L-11")
def test_who_comes_back_after_it_was_binned_gets_the_same_frame(world, ticket, listen):
    world.note(ticket, "zebrafish")
    since = str(log.bookmark())
    bin(world, ticket)
    stream = listen(world.ren, f"ticket:{ticket.id}", "me", since=since)
    assert stream.status == 200
    assert "Ana Silva moved it to the bin." in stream.greeting[0].data
    assert "zebrafish" not in str(stream.greeting)
    assert TITLE not in str(stream.greeting)


@pytest.mark.hardening("H-07")
def test_who_comes_back_to_what_never_was_and_to_what_is_not_theirs_hears_the_same(world, ticket, listen):
    since, theirs = str(log.bookmark()), world.ticket(title=TITLE)
    bin(world, theirs)
    heard = []
    for number in (ticket.id, theirs.id, 999):
        stream = listen(world.zoe, f"ticket:{number}", "me", since=since)
        heard.append(
            [
                re.sub(rf'(?<=[#"-]){number}\b', "N", message.data.replace("trash-2", ""))
                for message in stream.greeting
                if message.event != "ready"
            ]
        )
    assert heard[0] == heard[1] == heard[2]
    assert "Ana Silva" not in heard[0][0]


def test_a_program_hears_that_a_ticket_is_gone_live_and_when_it_comes_back(world, ticket, listen):
    program, since = listen(world.ren, f"ticket:{ticket.id}", path="/live/events"), str(log.bookmark())
    both = listen(world.ren, f"ticket:{ticket.id}", "me", path="/live/events")
    bin(world, ticket)
    later = listen(world.ren, f"ticket:{ticket.id}", since=since, path="/live/events").greeting
    for messages in (program.heard(), both.heard(), later[:-1]):
        assert [(message.event, json.loads(message.data)) for message in messages] == [
            ("ticket:deleted", {"ticket": {"number": ticket.id}})
        ]


def test_a_program_that_was_cut_off_right_after_it_heard_that_a_ticket_is_gone_is_not_told_again(world, ticket, listen):
    program = listen(world.ren, f"ticket:{ticket.id}", path="/live/events")
    bin(world, ticket)
    [gone] = program.heard()
    again = listen(world.ren, f"ticket:{ticket.id}", bookmark=gone.id, path="/live/events")
    assert [message.event for message in again.greeting] == ["ready"]


@pytest.mark.parametrize("way", ["waiting", "replayed"])
@pytest.mark.parametrize("times", [2, 3], ids=["it is back", "it is gone"])
def test_a_program_hears_each_time_that_a_ticket_went_and_came_back(world, ticket, listen, way, times):
    since, program = str(log.bookmark()), listen(world.mia, "queue", path="/live/events")
    changes = (change_actions.delete_ticket, change_actions.restore_ticket, change_actions.delete_ticket)[:times]
    for change in changes:
        change(world.ana, ticket)
        db.commit()
    if way == "replayed":
        heard = listen(world.mia, "queue", bookmark=since, path="/live/events").greeting[:-1]
    else:
        heard = program.heard()
    assert [message.event for message in heard] == ["ticket:deleted", "ticket:restored", "ticket:deleted"][:times]
    assert {message.data for message in heard[::2]} == {json.dumps({"ticket": {"number": ticket.id}})}


@pytest.mark.parametrize("path", ["/live", "/live/events"])
def test_who_has_a_ticket_no_more_rights_to_hears_neither_that_it_goes_nor_that_it_is_back(world, ticket, listen, path):
    change_actions.assign(world.mia, ticket, world.tom)
    rights_actions.set_role(world.ana, world.tom, Role.USER)
    db.commit()
    tom = listen(world.tom, "me", path=path)
    bin(world, ticket)
    change_actions.restore_ticket(world.ana, ticket)
    db.commit()
    assert tom.heard() == []


def test_a_program_hears_once_that_a_ticket_is_gone_however_often_it_comes_back(world, ticket, listen):
    since, path = str(log.bookmark()), "/live/events"
    bin(world, ticket)
    for topics in ([f"ticket:{ticket.id}"], [f"ticket:{ticket.id}", "me"]):
        first = listen(world.ren, *topics, bookmark=since, path=path)
        assert [message.event for message in first.greeting] == ["ticket:deleted", "ready"]
        again = listen(world.ren, *topics, bookmark=first.bookmark, path=path)
        assert [message.event for message in again.greeting] == ["ready"]


def test_a_form_that_comes_too_late_gives_the_text_back_and_says_why(world, ticket, visit):
    bin(world, ticket)
    for address, field in (
        (f"/tickets/{ticket.id}/comments", "body"), (f"/tickets/{ticket.id}/edit", "description")
    ):  # fmt: skip
        answer = visit(world.ren).post(address, data={field: "Three hours of <work>."})
        assert answer.status_code == 404
        assert "Ana Silva moved it to the bin." in answer.text
        assert "Three hours of &lt;work&gt;.</textarea>" in answer.text
        assert TITLE not in answer.text


def test_a_form_for_what_was_never_ones_own_gives_the_text_back_as_well(world, ticket, visit):
    answer = visit(world.zoe).post(f"/tickets/{ticket.id}/comments", data={"body": "Three hours."})
    assert answer.status_code == 404
    assert "Three hours.</textarea>" in answer.text
    assert "Ana Silva" not in answer.text


def test_with_scripts_a_late_form_is_answered_with_the_same_frame(world, ticket, visit):
    bin(world, ticket)
    late = {"data": {"body": "Late."}, "headers": {"HX-Request": "true"}}
    answer = visit(world.ren).post(f"/tickets/{ticket.id}/comments", **late)
    assert answer.status_code == 404
    assert answer.text.startswith('<hx-partial hx-target="body" hx-swap="lose">')


def test_the_next_look_offers_the_draft_of_the_form_that_stood_there(world, ticket, visit):
    ren, comment = visit(world.ren), world.comment(world.ren, ticket, "Said.")
    places = {
        f"/tickets/{ticket.id}": (f"ticket:{ticket.id}", "body"),
        f"/tickets/{ticket.id}/edit": (f"ticket:{ticket.id}:edit", "title"),
        f"/comments/{comment.id}/edit": (f"comment:{comment.id}", "body"),
    }
    for draft, field in places.values():
        ren.post("/drafts", data={"draft": draft, field: f"Begun for {draft}."})
    bin(world, ticket)
    for address, (draft, _) in places.items():
        page = ren.get(address)
        assert page.status_code == 404
        assert f"Begun for {draft}.</textarea>" in page.text
        assert "Ana Silva moved it to the bin." in page.text
        assert "Begun for" not in visit(world.tom).get(address).text


def test_leaving_a_topic_twice_is_once_and_the_others_go_on(world, ticket, listen):
    ren, mia = listen(world.ren, f"ticket:{ticket.id}", "me"), listen(world.mia, f"ticket:{ticket.id}")
    channel = ren.subscription.channels[0]
    for _ in range(2):
        hub.take_off(ren.subscription, [channel])
    world.comment(world.mia, ticket, "Still here?")
    assert "Still here?" in said(mia)
    assert 'id="comment-1"' not in said(ren)
    assert db.session.get(Ticket, ticket.id) is ticket
