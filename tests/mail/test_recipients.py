"""Who gets a message that somebody is about to send: the very people who are mailed when it is sent."""

import pytest

from informejo import db
from informejo.accounts import rights_actions
from informejo.accounts.models import Role
from informejo.mail import actions as mail_actions
from informejo.mail.recipients import of_reply
from informejo.tickets import change_actions
from tests.mail.deciding import catch_up, mails_to


@pytest.fixture
def ticket(world):
    """Ren's, with Mia; Tom watches it."""
    catch_up()
    ticket = world.ticket()
    change_actions.assign(world.ana, ticket, world.mia)
    mail_actions.watch(world.ana, ticket, world.tom)
    db.commit()
    return ticket


def test_a_reply_goes_to_the_requester_the_assignee_and_the_watchers(world, ticket):
    assert of_reply(ticket, author=world.ana) == [world.ren, world.mia, world.tom]


def test_not_to_its_author(world, ticket):
    assert of_reply(ticket, author=world.mia) == [world.ren, world.tom]


def test_a_note_does_not_go_to_the_requester(world, ticket):
    assert of_reply(ticket, internal=True, author=world.mia) == [world.tom]


def test_on_a_ticket_that_nobody_has_it_goes_to_those_who_want_to_hear_of_all(world, ticket):
    change_actions.assign(world.mia, ticket, None)
    assert of_reply(ticket, author=world.mia) == [world.ren, world.tom, world.ana]


def test_who_is_called_by_name_gets_it_too(world, ticket):
    assert of_reply(ticket, author=world.mia, body="@Ana, look") == [world.ren, world.ana, world.tom]
    assert of_reply(ticket, author=world.ren, body="@Ana, look") == [world.mia, world.tom]


def test_who_switched_it_off_does_not_get_it(world, ticket):
    mail_actions.save_choices(world.ren, mine=False)
    mail_actions.save_choices(world.tom, watched=False)
    assert of_reply(ticket, author=world.ana) == [world.mia]


def test_who_was_shut_out_or_left_the_desk_does_not_get_it(world, ticket):
    rights_actions.set_active(world.ana, world.ren, False)
    rights_actions.set_role(world.ana, world.tom, Role.USER)
    assert of_reply(ticket, author=world.ana) == [world.mia]


@pytest.mark.parametrize("internal", [False, True])
@pytest.mark.parametrize("by", ["mia", "tom", "ana"])
@pytest.mark.parametrize("body", ["Hello.", "@Ana and @Tom, look"])
def test_whom_it_names_before_are_those_who_are_mailed_after(world, ticket, internal, by, body):
    mail_actions.save_choices(world.tom, mentioned=False)
    db.commit()
    author, people = getattr(world, by), [world.mia, world.tom, world.ana, world.ren, world.zoe]
    before = [len(mails_to(user)) for user in people]
    named = of_reply(ticket, internal, author, body)
    world.comment(author, ticket, body, internal=internal)
    assert {user for user, had in zip(people, before, strict=True) if len(mails_to(user)) > had} == set(named)
