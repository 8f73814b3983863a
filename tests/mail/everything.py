"""Every kind of mail, once at least, as the desk sends it: the history that leads to them, and what became of it."""

from datetime import timedelta
from email.message import EmailMessage

from informejo import clock, db
from informejo.accounts import address_actions, password_actions
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.factors import actions as factors
from informejo.guests import link_actions
from informejo.mail import actions, outgoing_actions, reminders
from informejo.mail.words import Kind
from informejo.tickets import change_actions
from informejo.tickets.words import Status

STRANGE = "Zebra"  # in all that a stranger chose: names, titles, texts
OURS, NOTE = "We are on the way, says the staff.", "Hush: nobody else may read this."


def sent(post, sink, world, confirmed: bool = True) -> list[tuple[Kind, EmailMessage]]:
    """Have each kind of mail sent, to people whose addresses are confirmed, or are not. Gus, a guest, is among them."""
    for person in (world.ren, world.gus):
        person.name = f"{STRANGE} of {person.name}"
    for person in (world.ren, world.gus, world.mia, world.tom, world.ana):
        person.confirmed_at = clock.now() if confirmed else None
    db.commit()
    post.queue(Kind.REFUSED, "big@example.org")
    post.queue(Kind.CHECK, "help@example.org")
    _history(post, world)
    with clock.at(clock.now() + timedelta(minutes=5)):
        _bundles(post, world)
    for hours in (1, 100, 101):  # bundles, the reminder, and what that leads to
        with clock.at(clock.now() + timedelta(hours=hours)), post.app.app_context():
            reminders.remind()
        with clock.at(clock.now() + timedelta(hours=hours)):
            post.deliver()
    kinds = {mail.message_id: mail.kind for mail in post.mails}
    return [(kinds[message["Message-Id"]], message) for _, message in sink.mails]


def _history(post, world):
    ticket = world.ticket(title=f"{STRANGE} on the roof", description=f"A {STRANGE} stands there, and looks down.")
    guests = world.ticket(world.mia, "Told by telephone", description="It is dark here.", requester=world.gus)
    change_actions.assign(world.mia, ticket, world.tom)
    db.commit()
    actions.watch(world.mia, ticket, world.ana)
    world.comment(world.ren, ticket, f"The {STRANGE} is still there.")
    world.note(ticket, NOTE, by=world.mia)
    world.comment(world.mia, ticket, OURS)
    world.comment(world.mia, guests, OURS)
    change_actions.set_status(world.mia, ticket, Status.WAITING)
    change_actions.set_status(world.mia, guests, Status.WAITING)
    for person in (world.ren, world.gus):
        log.record(EventName.PASSWORD_OFFERED, world.ana, user=person, audience=Audience.STAFF)
    password_actions.forget_password("zoe@example.org")  # another, since a newer link voids the earlier one
    address_actions.offer_address(world.zoe, "zoe@example.net")
    link_actions.offer_link(world.mia, guests)
    factors.record(world.zoe, world.zoe, {"second_factor": ["off", "on"]})
    actions.queue(Kind.MOVED, "old@example.org", user=world.zoe)
    db.commit()
    post.deliver()
    _failure(post, world)


def _failure(post, world):
    failed = next(mail for mail in post.mails if mail.user == world.ren and mail.kind == Kind.MESSAGE)
    outgoing_actions.mark_bounced(failed, "550 No such person")
    db.commit()
    post.deliver()


def _bundles(post, world):
    """From here on two people get their mails bundled, about two tickets."""
    for person in (world.ana, world.ren):
        actions.save_choices(person, pace="bundled")
    db.commit()
    for number in (1, 2):
        ticket = world.ticket(title=f"{STRANGE} number {number}", description=f"One more {STRANGE}, as it seems.")
        world.comment(world.mia, ticket, OURS)
        world.note(ticket, NOTE, by=world.mia)
    post.deliver()
