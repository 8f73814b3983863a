"""Finding one thing: under its own number, for whoever may see it; what lies in the bin is told to who knew it."""

from datetime import timedelta

import pytest
from werkzeug.exceptions import NotFound

from informejo import clock, db, policy
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.tickets import change_actions
from informejo.tickets.models import Attachment
from tests.world import CAST

EVERYBODY = tuple(CAST)


def test_everything_is_found_under_its_own_number(world, ticket):
    others = [world.ticket(world.zoe), world.ticket()]
    for one in (ticket, *others):
        assert policy.find_ticket(world.mia, one.id) is one
        said = world.comment(world.mia, one)
        file = attached(one, f"said-{one.id}", said)
        assert (policy.find_comment(world.mia, said.id), policy.find_attachment(world.mia, file.token)) == (said, file)
    for one in others:
        change_actions.delete_ticket(world.ana, one)
        db.commit()
        assert policy.find_binned(world.ana, one.id) is one
        told = {who: policy.unseen(getattr(world, who), one.id).binned for who in ("mia", "zoe", "ren")}
        asked = one.requester_id
        assert {who for who, event in told.items() if event} == {"mia", "zoe" if asked == world.zoe.id else "ren"}
        assert told["mia"].ticket_id == one.id
    assert policy.find_user(world.mia, world.tom.id) is world.tom
    with pytest.raises(NotFound):
        policy.find_binned(world.ana, ticket.id)


def attached(ticket, token: str, comment=None) -> Attachment:
    file = Attachment(ticket=ticket, comment=comment, uploader_id=ticket.requester_id, token=token, stored_name=token)
    file.name, file.media_type, file.size = "a.txt", "text/plain", 1
    db.session.add(file)
    db.commit()
    return file


@pytest.mark.hardening("O-03")
def test_a_file_is_as_secret_as_what_it_came_with(world, ticket):
    came = {"description": None, "answer": world.comment(world.mia, ticket), "note": world.note(ticket)}
    files = {token: attached(ticket, token, comment) for token, comment in came.items()}
    other = attached(world.ticket(world.zoe), "other")
    seen = {who: set(db.session.scalars(policy.visible_attachments(getattr(world, who)))) for who in EVERYBODY}
    staff = {*files.values(), other}
    assert seen["mia"] == seen["tom"] == seen["ana"] == staff
    assert (seen["ren"], seen["zoe"]) == (staff - {files["note"], other}, {other})
    assert seen["gus"] == seen["dan"] == set()


@pytest.mark.hardening("X-51")
def test_only_who_knew_a_ticket_is_told_that_it_lies_in_the_bin(app, world, ticket):
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    change_actions.restore_ticket(world.ana, ticket)
    db.commit()
    assert policy.unseen(world.zoe, ticket.id).binned is policy.unseen(world.ren, ticket.id).binned is None
    change_actions.delete_ticket(world.ana, ticket)
    [last] = db.commit()
    log.record(EventName.WATCHER_ADDED, world.mia, ticket=ticket, audience=Audience.STAFF, user=world.mia)
    db.commit()
    told = {who: policy.unseen(getattr(world, who), ticket.id).binned for who in EVERYBODY}
    assert told == {who: last if who in ("mia", "tom", "ana", "ren") else None for who in EVERYBODY}
    assert policy.unseen(world.ren, ticket.id).number == ticket.id
    app.config["BIN_DAYS"] = 3
    for hours, found in ((71, True), (73, False)):
        ticket.deleted_at = clock.now() - timedelta(hours=hours)
        db.commit()
        assert bool(db.session.scalars(policy.binned_tickets(world.ana)).all()) is found
        assert not db.session.scalars(policy.binned_tickets(world.mia)).all()


@pytest.mark.hardening("X-51")
def test_a_message_of_a_ticket_in_the_bin_leads_to_that_ticket_and_one_that_never_was_to_none(world, ticket):
    world.comment(world.mia, world.ticket(world.zoe), "Of another ticket.")
    comment, note = world.comment(world.mia, ticket, "Gone with it."), world.note(ticket)
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    for who, message, knows in (
        ("ren", comment, True),
        ("mia", note, True),
        ("ren", note, False),
        ("zoe", comment, False),
    ):
        with pytest.raises(NotFound) as missing:
            policy.find_comment(getattr(world, who), message.id)
        assert (getattr(missing.value, "number", None) == ticket.id) is knows
    with pytest.raises(NotFound) as missing:
        policy.find_comment(world.mia, 10**6)
    assert not isinstance(missing.value, policy.Unseen)
