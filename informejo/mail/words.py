"""The fixed words of mail: where one stands, why somebody gets it, and what was decided about it."""

from enum import StrEnum

SENDING = "SMTP"  # the name of the way of mails that go out; all others are mailboxes
# Sentences of the ledger that begin with whom they name. Erasing looks for them, and for those alone.
MADE_A_TICKET = "{} made a ticket of it."
MOVED = "{} moved it to #{}."
MOVED_BACK = "{} moved it back to #{}."
SHUT_OUT = "{}, whose address it has, is deactivated. It waits for somebody to decide."
OF_PEOPLE = (MADE_A_TICKET, MOVED, MOVED_BACK, SHUT_OUT)
REPORTS = "It reports about our mail to {}: {} ({})."  # an address, and what its mail server says


class OutState(StrEnum):
    """Where a mail that goes out stands."""

    WAITING = "waiting"  # for its time, for the next try, or for settings of a server
    SENDING = "sending"  # somebody has taken it up; found again after `claimed_until`, it is tried again
    SENT = "sent"  # the server has taken it
    FAILED = "failed"  # given up; staff can send it again
    BOUNCED = "bounced"  # sent, and came back
    DROPPED = "dropped"  # when its time came, nothing was left to say

    @property
    def word(self) -> str:
        return {
            "waiting": "Waiting",
            "sending": "Being sent",
            "sent": "Sent",
            "failed": "Failed",
            "bounced": "Came back",
            "dropped": "Not needed",
        }[self]


class Kind(StrEnum):
    """What a mail is about; its templates have this name."""

    OPENED = "opened"  # the receipt for whose ticket it is
    NEW = "new"  # a new ticket, for staff who want to hear of each
    MESSAGE = "message"  # a reply or a note
    STATUS = "status"
    ASSIGNED = "assigned"
    WATCHING = "watching"  # somebody was made a watcher
    UNDELIVERED = "undelivered"  # a mail about the ticket could not be delivered
    REMINDER = "reminder"  # we still wait for the requester
    BUNDLE = "bundle"  # several of these in one
    PASSWORD = "password"  # noqa: S105 - a link to choose one
    ADDRESS = "address"  # whether an address is the one of whoever gave it
    MOVED = "moved"  # to the address somebody had, that they have another
    FACTORS = "factors"  # how they come in was changed, or a recovery code used
    FORGOTTEN = "forgotten"  # the same, asked for by whoever knows the address
    LINK = "link"  # a new link to the ticket, which somebody asked for
    REFUSED = "refused"  # an incoming mail that could not be taken, and why
    CHECK = "check"  # what the mail check sends to the desk itself

    @property
    def about(self) -> str:
        return {
            "opened": "Receipt of the ticket",
            "new": "A new ticket",
            "message": "A message",
            "status": "Another status",
            "assigned": "It was given to them",
            "watching": "They were made a watcher",
            "undelivered": "A mail that could not be delivered",
            "reminder": "Reminder that the desk waits",
            "bundle": "Several in one",
            "password": "A link to choose a password",
            "address": "A link to confirm an address",
            "moved": "That they have another address",
            "factors": "That how they sign in was changed",
            "forgotten": "A link to choose another password, as somebody asked",
            "link": "A new link to the ticket",
            "refused": "That their mail was too large",
            "check": "Mail check",
        }[self]

    @property
    def automatic(self) -> bool:
        """Whether nobody wrote it for this person: it counts against the limits that keep loops short."""
        return self in (Kind.OPENED, Kind.LINK, Kind.REMINDER, Kind.REFUSED)

    @property
    def of_account(self) -> bool:
        """Whether it is about getting in, and nothing else."""
        return self in (Kind.PASSWORD, Kind.FORGOTTEN, Kind.ADDRESS, Kind.MOVED, Kind.FACTORS)

    @property
    def of_one_address(self) -> bool:
        """Whether it is about that very address, and goes to no other, whatever its reader has by now."""
        return self in (Kind.ADDRESS, Kind.MOVED)

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for it now, who has asked for a way in to their account or to one ticket."""
        return self.of_account or self == Kind.LINK


class Why(StrEnum):
    """What somebody is to the ticket, that an event concerns them. In this order: the first that fits counts."""

    REQUESTER = "requester"
    ASSIGNEE = "assignee"
    MENTIONED = "mentioned"
    WATCHER = "watcher"
    NEW = "new"  # they want to hear of every new ticket, and of those that are with nobody
    ACCOUNT = "account"  # it is about their own account
    REMINDER = "reminder"

    @property
    def sentence(self) -> str:
        return {
            "requester": "It is their ticket",
            "assignee": "The ticket is with them",
            "mentioned": "They were mentioned",
            "watcher": "They watch the ticket",
            "new": "They want to hear of new tickets and of those nobody has",
            "account": "It is about their own account",
            "reminder": "The desk waits for their answer",
        }[self]

    @property
    def own_sentence(self) -> str:
        """The same for the person themselves."""
        return {
            "requester": "It is your ticket",
            "assignee": "The ticket is with you",
            "mentioned": "You were mentioned",
            "watcher": "You watch the ticket",
            "new": "You want to hear of new tickets and of those nobody has",
            "account": "It is about your own account",
            "reminder": "The desk waits for your answer",
        }[self]


class Decision(StrEnum):
    """What became of one event for one person."""

    WAITING = "waiting"  # a mail is due
    SENT = "sent"
    FAILED = "failed"
    BUNDLED = "bundled"  # it waits for a bundle, or for the end of quiet hours
    SEEN = "seen"
    OFF = "off"
    OWN = "own"
    GONE = "gone"  # the ticket, the message or the right to see it is gone
    NO_MAIL = "no-mail"  # an account that is not active, or an automatic mail that had better not go

    @property
    def sentence(self) -> str:
        return {
            "waiting": "A mail waits to be sent",
            "sent": "Sent by mail",
            "failed": "The mail could not be delivered",
            "bundled": "Waits for a bundle, or for the end of quiet hours",
            "seen": "Read on the page already",
            "off": "They switched such mails off",
            "own": "They did it themselves",
            "gone": "There is nothing to tell any more, or they may not see it any more",
            "no-mail": "No mail goes to them",
        }[self]

    @property
    def own_sentence(self) -> str:
        """The same for the person themselves."""
        return {
            "off": "You switched such mails off",
            "own": "You did it yourself",
            "gone": "There is nothing to tell any more, or you may not see it any more",
            "no-mail": "No mail goes to you",
        }.get(self, self.sentence)


class Pace(StrEnum):
    """How soon somebody's mails go out."""

    ONCE = "once"
    BUNDLED = "bundled"
    DAILY = "daily"

    @property
    def word(self) -> str:
        return {"once": "At once", "bundled": "Bundled, every so many minutes", "daily": "Once a day"}[self]


class InState(StrEnum):
    """What became of a mail that came in."""

    NEW = "new"
    TICKET = "ticket"
    REPLY = "reply"
    AUTOMATIC = "automatic"  # a ticket or a reply, written by a machine: it is never answered
    QUARANTINED = "quarantined"  # it could not be read; it waits for somebody of the staff
    IGNORED = "ignored"  # it is kept, and nothing was made of it
    REFUSED = "refused"  # too large; its sender was told

    @property
    def word(self) -> str:
        return {
            "new": "Not looked at yet",
            "ticket": "New ticket",
            "reply": "Reply",
            "automatic": "Automatic",
            "quarantined": "In quarantine",
            "ignored": "Ignored",
            "refused": "Refused",
        }[self]
