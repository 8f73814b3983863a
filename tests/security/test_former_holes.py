"""What the first Informejo got wrong about tickets and people, tried on this one."""

import json

import pytest

from informejo import db
from informejo.tickets import change_actions
from informejo.tickets.words import Status
from tests.live.sse import Listener


@pytest.mark.hardening("O-13")
@pytest.mark.parametrize("who", ["ren", "zoe", "gus", "dan", "999", "-1", "1 OR 1=1", "0"])
def test_a_ticket_cannot_be_given_to_whoever_may_not_have_it(world, visit, who):
    ticket = world.ticket()
    id = getattr(world, who).id if hasattr(world, who) else who
    address = f"/tickets/{ticket.id}/assignment"
    assert visit(world.mia).post(address, data={"value": id}).status_code == 422
    assert ticket.assignee is None
    assert visit(world.mia).post(address, data={"value": world.tom.id}).status_code == 303
    assert ticket.assignee is world.tom


@pytest.mark.hardening("O-02", "S-59")
def test_a_program_hears_of_a_person_only_id_name_and_side(world, visit):
    ticket = world.ticket()
    streams = [Listener(visit(user), "/live/events?on=ticket:1") for user in (world.ren, world.mia)]
    change_actions.assign(world.mia, ticket, world.tom)
    change_actions.set_status(world.mia, ticket, Status.RESOLVED)
    db.commit()
    world.comment(world.ren, ticket)
    for stream in streams:
        for message in stream.heard():
            content = json.loads(message.data)
            for person in (content["actor"], content["ticket"]["requester"], content["ticket"]["assignee"]):
                assert set(person) == {"id", "name", "staff"}


@pytest.mark.hardening("X-51")
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_what_vanished_while_it_was_open_is_said_in_words_and_costs_no_draft(world, visit, headers):
    ticket = world.ticket()
    ren = visit(world.ren)
    ren.post("/drafts", data={"draft": "ticket:1", "body": "Half a sentence"})
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    posts = {
        "comments": {"body": "Hello."},
        "status": {"value": "resolved"},
        "edit": {"version": "1"},
        "seen": {"event": "1"},
    }
    for path, fields in posts.items():
        answer = ren.post(f"/tickets/1/{path}", data=fields, headers=headers)
        assert answer.status_code == 404
        assert "is not here any more" in answer.text
        assert "Ana Silva moved it to the bin." in answer.text
    change_actions.restore_ticket(world.ana, ticket)
    db.commit()
    assert "Half a sentence" in ren.get("/tickets/1").text
