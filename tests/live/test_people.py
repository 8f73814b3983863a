"""Somebody has another name: every page on which they stand learns of it, and no other page can tell."""

import pytest

from informejo import db
from informejo.accounts import actions as accounts
from informejo.events import log

NUDGE = "people-changed"


def rename(person, name="Another Name"):
    accounts.edit_profile(person, name=name)
    db.commit()


def pages(world, ticket):
    """Each kind of page on which people stand, as `listen` wants it."""
    return {
        "the desk": (world.tom, "desk"),
        "the requester's ticket": (world.ren, f"ticket:{ticket.id}"),
        "another requester's list": (world.zoe, "me"),
    }


def nudged_live(listen, pages, change) -> set[str]:
    streams = {where: listen(*page) for where, page in pages.items()}
    change()
    return {where for where, stream in streams.items() if NUDGE in "".join(m.data for m in stream.heard())}


def nudged_after_a_cut(listen, pages, change) -> set[str]:
    since = str(log.bookmark())
    change()
    streams = {where: listen(*page, bookmark=since) for where, page in pages.items()}
    return {where for where, stream in streams.items() if NUDGE in "".join(m.data for m in stream.greeting)}


@pytest.mark.parametrize("nudged", [nudged_live, nudged_after_a_cut])
class TestWhoLearnsOfIt:
    def test_the_desk_and_the_ticket_they_answered_in(self, world, ticket, listen, nudged):
        world.comment(world.mia, ticket)
        told = nudged(listen, pages(world, ticket), lambda: rename(world.mia))
        assert told == {"the desk", "the requester's ticket"}

    def test_the_desk_alone_of_somebody_who_only_wrote_a_note(self, world, ticket, listen, nudged):
        """The requester would learn from it that there is a note, and whose."""
        world.note(ticket, by=world.mia)
        assert nudged(listen, pages(world, ticket), lambda: rename(world.mia)) == {"the desk"}

    def test_they_themselves_wherever_they_are(self, world, ticket, listen, nudged):
        told = nudged(listen, pages(world, ticket), lambda: rename(world.zoe))
        assert told == {"the desk", "another requester's list"}

    def test_nobody_of_what_no_page_shows(self, world, ticket, listen, nudged):
        def move():
            accounts.edit_profile(world.ren, time_zone="Asia/Tokyo")
            db.commit()

        assert nudged(listen, pages(world, ticket), move) == set()

    def test_nobody_of_a_sign_in_that_ended(self, world, ticket, listen, visit, nudged):
        gone = visit(world.ren)
        assert nudged(listen, pages(world, ticket), lambda: gone.post("/sign-out")) == set()

    def test_a_hundred_changes_are_one_word(self, world, ticket, listen, nudged):
        def change():
            for number in range(20):
                rename(world.ren, f"Name {number}")

        assert nudged(listen, pages(world, ticket), change) == {"the desk", "the requester's ticket"}


def test_a_crowd_of_changes_missed_is_replayed_as_one_word(app, world, listen):
    ticket = world.ticket()
    world.comment(world.mia, ticket)
    app.config["REPLAY_LIMIT"] = 3
    since = str(log.bookmark())
    rename(world.mia, "Another name")
    for number in range(5):
        rename(world.zoe, f"Name {number}")  # who does not stand there
    said, ready = listen(world.tom, f"ticket:{ticket.id}", "desk", bookmark=since).greeting
    assert said.data.count(NUDGE) == 1
    assert ready.event == "ready"
