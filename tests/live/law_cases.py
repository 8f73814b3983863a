"""What can happen on a desk, once each: the cases of the law. Every action that records an event is in one of them."""

from sqlalchemy import select

from informejo import clock, db
from informejo.accounts import (
    actions as accounts,
    address_actions,
    erase_actions,
    invite_actions,
    merge_actions,
    password_actions,
    person_actions,
    rights_actions,
    undo_actions,
)
from informejo.accounts.models import Role, User
from informejo.guests import actions as guest_actions, link_actions
from informejo.intake import taking_out_actions
from informejo.mail import actions as mail, outgoing_actions
from informejo.mail.models import OutgoingMail
from informejo.mail.words import Kind
from informejo.teams import actions as teams
from informejo.teams.models import Team
from informejo.tickets import actions, batch_actions, change_actions, confiding_actions, hold_actions
from informejo.tickets.files import Kept
from informejo.tickets.models import Attachment, Comment, Ticket
from informejo.tickets.words import Category, Hold, Priority, Status
from tests.world import World

TEXT = "As long as it must be."
SAID, ANSWER, NOTE = "It is still hot.", "Which printer?", "He has only one printer."


class Desk:
    """What `furnish` made, from ticket number `first` on, and the actors by name."""

    def __init__(self, world: World, first: int = 1):
        self.world = world
        numbers = range(first, first + 5)
        self.ticket, self.toms, self.zoes, self.binned, self.closed = (_get(Ticket, number) for number in numbers)
        self.confided = _get(Ticket, first + 6)
        self.team, self.paper = _get(Team, 1), _get(Team, 2)
        self.said, self.answer, self.note = (self._comment(said) for said in (SAID, ANSWER, NOTE))

    def __getattr__(self, name):
        return person(self.world, name)

    def _comment(self, said: str) -> Comment:
        return db.session.scalars(select(Comment).filter_by(ticket=self.ticket, body=said)).one()


def furnish(world: World) -> Desk:
    """Ren's ticket, which Mia has; one of Tom's own; one of Zoe's nobody has; one that waits in the bin; one closed.

    And a confidential one of Zoe's, which Ana has and which names Mia. Ned is of the staff and sees what is of the team
    Paper or of none: not Tom's.
    """
    ticket = world.ticket(title="The printer is on fire")
    toms = world.ticket(world.tom, "Tom's own keyboard")
    world.ticket(world.zoe, "Zoe's screen", priority=Priority.CRITICAL)
    binned = world.ticket(title="Came into the bin by mistake")
    closed = world.ticket(title="Solved long ago")
    change_actions.assign(world.mia, ticket, world.mia)
    world.comment(world.ren, ticket, SAID)
    world.comment(world.mia, ticket, ANSWER)
    world.note(ticket, NOTE)
    mail.watch(world.mia, ticket, world.mia)
    _make_teams(world, toms)
    change_actions.delete_ticket(world.ana, binned)
    change_actions.set_status(world.mia, closed, Status.CLOSED)
    db.commit()
    actions.follow_up(world.ren, closed, body="It is not solved at all.")
    db.commit()
    _confide(world)
    return Desk(world, ticket.number)


def _make_teams(world: World, toms: Ticket):
    networks = teams.create_team(world.ana, name="Networks")
    paper = teams.create_team(world.ana, name="Paper", sees_all=False)
    db.session.add(User(email="ned@example.org", name="Ned Ruiz", role=Role.AGENT, confirmed_at=clock.now()))
    teams.add_member(world.ana, paper, person(world, "ned"))
    change_actions.set_team(world.mia, toms, networks)


def _confide(world: World):
    confided = world.ticket(world.zoe, "Whispered to few")
    change_actions.assign(world.ana, confided, world.ana)
    confiding_actions.set_confidential(world.ana, confided, True)
    confiding_actions.name_person(world.ana, confided, world.mia)
    db.commit()


def person(world: World, name: str) -> User:
    """One of the cast, or Ned, whom only the law knows."""
    return getattr(world, name, None) or db.session.scalars(select(User).filter_by(email=f"{name}@example.org")).one()


def _get(model, id: int):
    return db.session.get(model, id)


def _mail(desk) -> OutgoingMail:
    """The answer, on its way to the requester."""
    about = {"ticket": desk.ticket, "comment": desk.answer, "user": desk.ren, "address": desk.ren.email}
    mail = OutgoingMail(kind=Kind.MESSAGE, due_at=clock.now(), **about)
    db.session.add(mail)
    db.session.flush()
    return mail


def _held(desk, internal: bool = False) -> Attachment:
    """A file that nobody may open yet, with a message that is drawn on all pages that show it."""
    said = actions.add_comment(desk.mia, desk.ticket, body="See the log.", internal=internal, files=[_kept("one")])
    return _drawn(said).attachments[0]


def _sent(desk) -> Attachment:
    """The same with the description of a new ticket."""
    ticket = actions.open_ticket(desk.ren, title="With a file", description=TEXT, files=[_kept("two")])
    db.commit()
    return ticket.attachments[0]


def _kept(name: str) -> Kept:
    return Kept(token=name, name="log.txt", media_type="text/plain", size=4, stored_name=name * 4, hold=Hold.UNCHECKED)


def _drawn(comment: Comment) -> Comment:
    """On all pages that show it, before the case goes on."""
    db.commit()
    return comment


def _submitted() -> Ticket:
    """A ticket that says it is Zoe's, on all pages that show it."""
    said = {"title": "By the form", "description": TEXT, "name": "Somebody", "email": "zoe@example.org"}
    ticket = guest_actions.submit_ticket(**said)
    db.commit()
    return ticket


def retitle(desk, **texts):
    kept = {"title": desk.ticket.title, "description": desk.ticket.description}
    change_actions.edit_ticket(desk.ren, desk.ticket, version=desk.ticket.version, **kept | texts)


CASES = {
    "a ticket is opened": lambda d: actions.open_ticket(d.ren, title="One more", description=TEXT),
    "one is opened for somebody": lambda d: actions.open_ticket(
        d.mia, title="Told by telephone", description=TEXT, requester=d.ren, priority=Priority.CRITICAL
    ),
    "one comes by the form, and is confirmed": lambda d: link_actions.prove(d.zoe, _submitted()),
    "one follows a closed one": lambda d: actions.follow_up(d.ren, d.closed, body="It is broken once more."),
    "one is opened for a guest": lambda d: actions.open_ticket(
        d.mia, title="By a guest", description=TEXT, requester=accounts.guest_for(d.mia, "new@example.org", "New Guest")
    ),
    "the requester writes": lambda d: actions.add_comment(d.ren, d.ticket, body="It smokes."),
    "the staff answer": lambda d: actions.add_comment(d.mia, d.ticket, body="We come."),
    "a note is written": lambda d: actions.add_comment(d.tom, d.ticket, body="Who goes?", internal=True),
    "an answer opens it again": lambda d: (
        change_actions.set_status(d.mia, d.ticket, Status.RESOLVED),
        actions.add_comment(d.ren, d.ticket, body="It is not."),
    ),
    "a message is put right": lambda d: change_actions.edit_comment(d.ren, d.said, body="It was hot.", version=1),
    "a note is put right": lambda d: change_actions.edit_comment(d.mia, d.note, body="He has two.", version=1),
    "what somebody wrote elsewhere is added": lambda d: actions.add_comment_of(
        d.mia, d.zoe, d.ticket, body="Mine too."
    ),
    "a message is taken to another ticket": lambda d: taking_out_actions.take_out_message(
        d.mia, _drawn(actions.add_comment(d.ren, d.ticket, body="The screen flickers.")), d.zoes
    ),
    "a message that had opened it again is taken out": lambda d: (
        change_actions.set_status(d.mia, d.ticket, Status.RESOLVED),
        taking_out_actions.take_out_message(
            d.mia, _drawn(actions.add_comment(d.ren, d.ticket, body="It is not.")), d.zoes
        ),
    ),
    "the title is put right": lambda d: retitle(d, title="The copier is on fire"),
    "the description is put right": lambda d: retitle(d, description="It burns at the *front*."),
    "it waits": lambda d: change_actions.set_status(d.mia, d.ticket, Status.WAITING),
    "it is resolved": lambda d: change_actions.set_status(d.mia, d.ticket, Status.RESOLVED),
    "its requester closes it": lambda d: change_actions.set_status(d.ren, d.ticket, Status.CLOSED),
    "a closed one is opened again": lambda d: change_actions.set_status(d.mia, d.closed, Status.OPEN),
    "it becomes urgent": lambda d: change_actions.set_priority(d.mia, d.ticket, Priority.CRITICAL),
    "it is about something else": lambda d: change_actions.set_category(d.mia, d.ticket, Category.NETWORK),
    "a colleague answers Tom": lambda d: actions.add_comment(d.mia, d.toms, body="Try another cable."),
    "Tom's own waits": lambda d: change_actions.set_status(d.mia, d.toms, Status.WAITING),
    "a note on Tom's own": lambda d: actions.add_comment(d.mia, d.toms, body="He spilt tea.", internal=True),
    "it is given to another": lambda d: change_actions.assign(d.mia, d.ticket, d.tom),
    "it is given back": lambda d: change_actions.assign(d.mia, d.ticket, None),
    "somebody claims one": lambda d: change_actions.assign(d.tom, d.zoes, d.tom),
    "it is given to a team": lambda d: change_actions.set_team(d.mia, d.ticket, d.team),
    "one comes to a team that sees no others": lambda d: change_actions.set_team(d.mia, d.toms, d.paper),
    "a team is made": lambda d: teams.create_team(d.ana, name="Servers"),
    "a team has another name": lambda d: teams.change_team(d.ana, d.team, name="Wires", sees_all=True, categories=()),
    "a team is no more": lambda d: teams.delete_team(d.ana, d.team),
    "one is confidential no longer": lambda d: confiding_actions.set_confidential(d.ana, d.confided, False),
    "somebody is named": lambda d: confiding_actions.name_person(d.ana, d.confided, d.tom),
    "somebody is named no more": lambda d: confiding_actions.unname_person(d.ana, d.confided, d.mia),
    "a confidential one is given to another": lambda d: change_actions.assign(d.ana, d.confided, d.ned),
    "a confidential one is spoken on": lambda d: actions.add_comment(d.zoe, d.confided, body="Please hurry."),
    "a confidential one goes to the bin": lambda d: change_actions.delete_ticket(d.ana, d.confided),
    "somebody watches it": lambda d: mail.watch(d.tom, d.ticket, d.tom),
    "a colleague is asked to watch it": lambda d: mail.watch(d.mia, d.ticket, d.ana),
    "somebody watches it no more": lambda d: mail.unwatch(d.tom, d.ticket, d.mia),
    "it goes to the bin": lambda d: change_actions.delete_ticket(d.ana, d.ticket),
    "what another follows goes to the bin": lambda d: change_actions.delete_ticket(d.ana, d.closed),
    "what another follows becomes confidential": lambda d: confiding_actions.set_confidential(d.ana, d.closed, True),
    "one comes back from the bin": lambda d: change_actions.restore_ticket(d.ana, d.binned),
    "a file of a message was held and is clean": lambda d: hold_actions.note_verdict(_held(d), ""),
    "a file of a note was held and is clean": lambda d: hold_actions.note_verdict(_held(d, internal=True), ""),
    "a file of a request was held and has a virus": lambda d: hold_actions.note_verdict(_sent(d), "Eicar-Test"),
    "a mail is given up": lambda d: outgoing_actions.mark_failed(_mail(d), "550 5.1.1 No such person here"),
    "a mail comes back": lambda d: outgoing_actions.mark_bounced(_mail(d), "The mailbox is full"),
    "the requester has another name": lambda d: accounts.edit_profile(d.ren, name="Ren Sato"),
    "the requester moved": lambda d: accounts.edit_profile(d.ren, department="Attic"),
    "the assignee has another name": lambda d: accounts.edit_profile(d.mia, name="Mia Strand"),
    "somebody else has another name": lambda d: accounts.edit_profile(d.zoe, name="Zoe Kohl"),
    "a requester becomes an agent": lambda d: rights_actions.set_role(d.ana, d.zoe, Role.AGENT),
    "an agent becomes a requester": lambda d: rights_actions.set_role(d.ana, d.dan, Role.USER),
    "an agent is shut out": lambda d: rights_actions.set_active(d.ana, d.mia, False),
    "an agent's tickets go to another": lambda d: rights_actions.set_active(d.ana, d.mia, False, d.tom),
    "that an agent left is taken back": lambda d: undo_actions.undo_batch(
        d.ana, rights_actions.set_active(d.ana, d.mia, False, d.tom)
    ),
    "an agent without rights leaves tickets": lambda d: rights_actions.set_role(d.ana, d.mia, Role.USER),
    "what was left behind is handed over": lambda d: batch_actions.hand_over(d.ana, d.mia, d.tom),
    "a guest chooses a password": lambda d: password_actions.choose_password(
        password_actions.make_password_link(d.ana, d.gus), password="violet ladder 77 sea"
    ),
    "somebody is invited": lambda d: invite_actions.invite(
        d.ana, email="kim@example.org", name="Kim Oda", role=Role.AGENT, department="Harbour"
    ),
    "an administrator puts a name right": lambda d: person_actions.edit_person(
        d.ana, d.ren, name="Ren Sato", department="Attic"
    ),
    "somebody has another address": lambda d: address_actions.change_address(d.ana, d.ren, "sato@example.org"),
    "a requester's two accounts become one": lambda d: merge_actions.merge(d.ana, d.zoe, d.ren),
    "an agent's two accounts become one": lambda d: merge_actions.merge(d.ana, d.mia, d.tom),
    "one is let in again": lambda d: rights_actions.set_active(d.ana, d.dan, True),
    "a provider makes an agent a requester": lambda d: rights_actions.take_role(d.tom, Role.USER),
    "the requester deletes their account": lambda d: erase_actions.erase(d.ren, d.ren),
    "an agent's account is deleted": lambda d: erase_actions.erase(d.ana, d.mia),
    "somebody registers": lambda d: accounts.register(
        email="kim@example.org", name="Kim Oda", department="", password="violet ladder 77 sea"
    ),
    "it becomes confidential": lambda d: confiding_actions.set_confidential(d.mia, d.ticket, True),
}
# Actions that record events without a case, and why.
NO_CASE = {
    "remove_member": "whoever sees other tickets by it begins anew, and all others as for `change_team`",
    "keep_in_step": "whoever sees other tickets by it begins anew, and all others as for `change_team`",
    "change_setting": "pages show what is set as of the moment they were loaded",
    "change_settings": "as `change_setting`",
    "change_categories": "as `change_setting`",
    "take_back": "as `change_setting`",
    "guest_who_wrote": "as `guest_for`",
    "add_person": "as `register`",
    "change_fields": "as `edit_profile`",
    "pass_on": "as `hand_over`",
    "give_back": "as `hand_over`, to whom it was taken from",
    "add_account": "as `register`",
    "create_admin": "on the command line, as `register`",
    "set_up": "before it there is nobody to look at a page",
    "reply": "it is `add_comment`, or `follow_up` on a ticket that is closed",
    "start_session": "the sign-in that the same browser had before ends, as `sign_out`",
    "sign_out": "whoever signs out is led to the sign-in page, and every stream of that sign-in ends",
    "end_session": "as `end_sessions`",
    "end_sessions": "these sign-ins' streams end; where one is signed in is said as of the moment the page was loaded",
    "end_sessions_from_elsewhere": "as `end_sessions`",
    "change_password": "as `end_sessions`",
    "save_choices": "whom a message is mailed its form asks again before it is sent; no other live page shows it",
    "confirm_address": "no live page shows it",
    "void_links": "whether somebody has a link is said as of the moment the page was loaded",
    "leave": "as `set_active`",
    "join": "as `guest_for`, and the mail with the link",
    "make_own_link": "as `make_password_link`, and no live page lists it",
    "forget_password": "the mail with the link is all that comes of it",
    "ask_to_choose": "as `forget_password`",
    "offer_link": "the mail with the link is all that comes of it, and no live page lists that",
    "end_links": "the pages and streams that they opened end; which there are is said as of the moment of the page",
    "record": "with it second factors record that they changed, which no live page shows",
    "changed": "as `record`",
    "confirm_app": "no live page shows second factors",
    "remove_app": "as `confirm_app`",
    "add_passkey": "as `confirm_app`",
    "remove_passkey": "as `confirm_app`",
    "use_code": "as `confirm_app`",
    "new_codes": "as `confirm_app`",
    "reset_factors": "as `end_sessions`",
    "reset_factors_by_command": "as `reset_factors`",
    "offer_password": "the mail with the link is all that comes of it, and no live page lists that",
}
COVERED = {  # action -> the case that has it, where the name above does not say so
    "open_ticket": "a ticket is opened",
    "follow_up": "one follows a closed one",
}
STAFF_PAGES = {
    "ticket": "/tickets/1",
    "queue": "/queue",
    "queue, all": "/queue?status=",
    "queue, waiting": "/queue?status=waiting",
    "queue, critical": "/queue?priority=critical",
    "queue, network": "/queue?category=network&sort=oldest",
    "queue, mine": "/queue?assignee=me",
    "queue, nobody's": "/queue?assignee=none",
    "queue, of Ren": "/queue?requester=4&sort=priority",
    "search": "/queue?q=printer&status=",
    "search by name": "/queue?q=Ren&status=&sort=newest",
    "dashboard": "/desk",
    "my tickets": "/tickets",
    "people": "/users",
    "people, agents": "/users?role=agent",
    "somebody of the staff": "/users/1",
    "a requester": "/users/4",
    "a guest": "/users/6",
    "profile": "/profile",
    "new ticket": "/tickets/new",
}
OWN_PAGES = {
    "ticket": "/tickets/1",
    "edit": "/tickets/1/edit",
    "edit a message": "/comments/1/edit",
    "follows another": "/tickets/6",
    "my tickets": "/tickets",
    "my tickets, waiting": "/tickets?status=waiting",
    "my tickets, critical": "/tickets?priority=critical",
    "my search": "/tickets?q=printer",
    "profile": "/profile",
    "new ticket": "/tickets/new",
    "follow-up": "/tickets/new?follows=5",
}
PAGES = {
    "ren": OWN_PAGES,
    "zoe": {name: OWN_PAGES[name] for name in ("my tickets", "profile", "new ticket")},
    "mia": STAFF_PAGES
    | {"another of Ren's": "/tickets/6", "edit an answer": "/comments/2/edit", "edit a note": "/comments/3/edit"}
    | {"a confidential one": "/tickets/7"},
    "ned": {name: STAFF_PAGES[name] for name in ("ticket", "queue", "dashboard", "my tickets")},
    "tom": {name: STAFF_PAGES[name] for name in ("ticket", "queue", "queue, mine", "dashboard", "my tickets", "people")}
    | {"own ticket": "/tickets/2", "edit own": "/tickets/2/edit", "my tickets, waiting": "/tickets?status=waiting"},
    "ana": {
        name: STAFF_PAGES[name]
        for name in ("ticket", "queue", "dashboard", "people", "people, agents", "a guest", "somebody of the staff")
    }
    | {"bin": "/bin", "health": "/health"},
}
