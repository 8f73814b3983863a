"""Playing the demonstration's stories: every verb of a script is a method here and ends in an action of the desk."""

from datetime import datetime

from informejo import clock
from informejo.accounts import rights_actions
from informejo.accounts.models import Role, User
from informejo.demo import props
from informejo.demo.script import Deed, Turn
from informejo.drafts.actions import key_for, save_draft
from informejo.tickets import actions, change_actions, files
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.words import Category, Priority, Status

SETTERS = (
    (Status, change_actions.set_status),
    (Priority, change_actions.set_priority),
    (Category, change_actions.set_category),
)
ROOM = 10_485_760  # bytes for the files of one turn; they are small


class Play:
    """The people by their keys, the tickets their stories have led to, and whose turn it is."""

    def __init__(self, people: dict[str, User]):
        self.people = people
        self.tickets: list[Ticket] = []
        self.turn: Turn | None = None
        self._ticket_of: dict[str, Ticket] = {}  # by the title of the story
        self._said: dict[tuple[str, str], Comment] = {}  # by story and person: what they wrote last

    def perform(self, turn: Turn):
        """Let one person do what they do, at that moment, and have read the ticket up to there."""
        self.turn = turn
        with clock.at(turn.at):
            for deed in turn.deeds:
                getattr(self, deed.verb)(deed)
            if not self.ticket.deleted_at:
                actions.mark_seen(self.actor, self.ticket, self.ticket.last_event_id)

    def catch_up(self, before: datetime):
        """Have everybody concerned read what has been quiet since `before`; the rest is news to those who were away."""
        staff = [person for person in self.people.values() if person.is_staff and person.active]
        for ticket in self.tickets:
            if ticket.deleted_at or ticket.last_event.at > before:
                continue
            for reader in {ticket.requester, *staff}:
                if reader.role != Role.GUEST:
                    actions.mark_seen(reader, ticket, ticket.last_event_id)

    @property
    def actor(self) -> User:
        return self.people[self.turn.who]

    @property
    def ticket(self) -> Ticket:
        return self._ticket_of[self.turn.story]

    # The verbs.

    def opens(self, deed: Deed):
        ticket = actions.open_ticket(
            self.actor,
            title=self.turn.story,
            description=self.turn.words,
            category=Category(self.turn.category),
            priority=Priority(deed.what or "medium"),
            requester=self.people.get(deed.whom),
            files=_brought(deed),
        )
        self._go_on_in(ticket)

    def returns(self, deed: Deed):
        """The requester writes on the closed ticket, which opens another."""
        self._go_on_in(actions.follow_up(self.actor, self.ticket, body=self.turn.words, files=_brought(deed)))

    def replies(self, deed: Deed):
        self._say(deed, internal=False)

    def notes(self, deed: Deed):
        self._say(deed, internal=True)

    def corrects(self, deed: Deed):
        """Their last message, to the words of this turn."""
        comment = self._said[self.turn.story, self.turn.who]
        change_actions.edit_comment(self.actor, comment, body=self.turn.words, version=comment.version)

    def rewords(self, deed: Deed):
        """The description, to the words of this turn."""
        ticket = self.ticket
        change_actions.edit_ticket(
            self.actor, ticket, title=ticket.title, description=self.turn.words, version=ticket.version
        )

    def takes(self, deed: Deed):
        change_actions.assign(self.actor, self.ticket, self.actor)

    def gives(self, deed: Deed):
        change_actions.assign(self.actor, self.ticket, self.people[deed.what])

    def sets(self, deed: Deed):
        """A status, a priority or a category: no two share a word, so the word tells which."""
        words, change = next(setter for setter in SETTERS if deed.what in list(setter[0]))
        change(self.actor, self.ticket, words(deed.what))

    def bins(self, deed: Deed):
        change_actions.delete_ticket(self.actor, self.ticket)

    def drafts(self, deed: Deed):
        form = f"ticket:{self.ticket.number}"
        save_draft(self.actor, form, {"body": self.turn.words}, key_for(form))

    def dismisses(self, deed: Deed):
        rights_actions.set_active(self.actor, self.people[deed.what], False)

    def _say(self, deed: Deed, internal: bool):
        said = actions.add_comment(
            self.actor, self.ticket, body=self.turn.words, internal=internal, files=_brought(deed)
        )
        self._said[self.turn.story, self.turn.who] = said

    def _go_on_in(self, ticket: Ticket):
        self.tickets.append(ticket)
        self._ticket_of[self.turn.story] = ticket


def _brought(deed: Deed) -> list[files.Kept]:
    return files.keep([props.file(name) for name in (deed.files or "").split()], room=ROOM)
