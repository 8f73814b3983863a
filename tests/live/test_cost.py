"""What a crowd that comes back costs the database: few questions each, however much was missed."""

import pytest

from informejo import db
from informejo.events import log
from informejo.tickets import change_actions


@pytest.mark.parametrize("since", ["", "&since={}"], ids=["first", "again"])
def test_a_list_that_missed_nothing_asks_once_who_it_is_and_where_the_log_stands(
    world, ticket, visit, questions, since
):
    mia, address = visit(world.mia), f"/live?on=queue&on=desk&on=me{since.format(log.bookmark())}"
    questions.clear()
    assert mia.get(address, buffered=False).status_code == 200
    assert len(questions) == 1


@pytest.mark.parametrize("who", ["ren", "mia"])
def test_a_ticket_is_asked_for_once_more_and_not_read(world, ticket, visit, questions, who):
    browser, address = visit(getattr(world, who)), f"/live?on=ticket:{ticket.id}&since={log.bookmark()}"
    questions.clear()
    assert browser.get(address, buffered=False).status_code == 200
    about = [
        statement for statement in questions[:2] if statement.startswith("SELECT tickets.id")
    ]  # who is here is drawn later
    assert len(about) == 1
    assert "title" not in about[0]


def test_a_replay_costs_as_much_for_twenty_events_of_a_ticket_as_for_two(world, ticket, listen, questions):
    costs = []
    for times in (2, 20):
        since = str(log.bookmark())
        for number in range(times):
            world.comment(world.tom, ticket, f"message {number}")
        questions.clear()
        greeting = listen(world.mia, "queue", "desk", "me", since=since).greeting
        assert greeting[0].data.count(f'id="row-{ticket.id}"') == 1
        costs.append(len(questions))
    assert costs[0] == costs[1]


def test_what_a_crowd_of_the_staff_missed_is_read_once_and_again_for_whom_it_touches(world, listen, questions):
    since = str(log.bookmark())
    ticket = world.ticket(title="The lamp flickers")
    change_actions.assign(world.ana, ticket, world.tom)
    db.commit()
    replays = []
    for person in (world.mia, world.mia, world.tom):
        questions.clear()
        replay = listen(person, "queue", "desk", "me", since=since).greeting[0].data
        assert "The lamp flickers" in replay
        read = sum("events.changes" in statement for statement in questions)
        held = sum(statement.startswith("SELECT sessions.id") for statement in questions)
        replays.append((read > 0, held, "toast" in replay))
    # The last has it assigned to him; what he is told is read for him alone, and his sign-in questions about once more.
    assert replays == [(True, 1, False), (False, 1, False), (True, 2, True)]


def test_what_a_requester_missed_is_nobody_elses(world, listen):
    since = str(log.bookmark())
    ticket = world.ticket()
    world.note(ticket, "Only for us.")
    world.comment(world.mia, ticket, "For you, too.")
    for person, hears in ((world.mia, True), (world.ren, False), (world.tom, True), (world.ren, False)):
        told = listen(person, f"ticket:{ticket.id}", "me", since=since).greeting[0].data
        assert "For you, too." in told
        assert ("Only for us." in told) == hears
