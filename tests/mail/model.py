"""Who is mailed what and when, in plain Python: written from the rules, and not from the code that keeps them.

It knows nothing of the database. A test tells it how things are (`Facts`) whenever the reader or the sender looks.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.mail.facts import Facts, Happened, Person, Ticket
from tests.mail.walls import DAY, MINUTE, quiet_until, when

HOUR = timedelta(hours=1)
BACK_OFF = (1, 5, 30, 120, 720)  # minutes to the next try; after the last it is given up
AUTOMATIC = ("opened", "reminder")
REASONS = ("requester", "assignee", "mentioned", "watcher", "new", "account", "reminder")  # the first that fits counts


@dataclass
class Mail:
    to: int
    kind: str
    made: datetime
    due: datetime
    about: list[tuple[int, str]] = field(default_factory=list)  # event and reason
    tries: int = 0
    over: str = ""
    answers: bool = False  # a mail that came in


@dataclass
class Model:
    decided: dict = field(default_factory=dict)  # event, person, reason -> kind and decision
    mails: list[Mail] = field(default_factory=list)
    sent: list[tuple] = field(default_factory=list)  # person, kind, events, when

    def decide(self, facts: Facts, event: Happened):
        found = {}
        for person, why, kind in sorted(concerned(facts, event), key=lambda each: REASONS.index(each[1])):
            found.setdefault(person, (why, kind))
        for person, (why, kind) in found.items():
            self.settle(facts, event, facts.people[person], why, kind)

    def settle(self, facts: Facts, event: Happened, person: Person, why: str, kind: str):
        key = event.id, person.id, why
        if event.actor == person.id and kind not in ("opened", "reminder"):
            self.decided[key] = kind, "own"
        elif hindered := hindrance(facts, event, person, why, kind):
            self.decided[key] = kind, hindered
        elif kind in AUTOMATIC and self.is_answered_by_nobody(event.ticket, person, facts.now):
            self.decided[key] = kind, "no-mail"
        else:
            self.decided[key] = kind, self.post(facts, key, person, kind, event)

    def is_answered_by_nobody(self, ticket: Ticket, person: Person, now: datetime) -> bool:
        """A machine, or somebody whose mail was answered today."""
        answered = any(mail.answers for mail in self.automatic(person, now - DAY))
        return ticket.machine or (ticket.by_mail and answered)

    def post(self, facts: Facts, key: tuple, person: Person, kind: str, event: Happened) -> str:
        due = when(person, facts.now)
        waits = due > facts.now
        open_ones = [
            mail
            for mail in self.mails
            if mail.to == person.id and mail.kind == "bundle" and not mail.over and not mail.tries
        ]
        if waits and open_ones:
            mail = open_ones[0]
            mail.due = min(mail.due, due)
        elif kind in AUTOMATIC and self.too_many(person, facts.now):
            return "no-mail"
        else:
            mail = Mail(person.id, "bundle" if waits else kind, facts.now, due)
            self.mails.append(mail)
        mail.about.append((key[0], key[2]))
        mail.answers = mail.answers or (kind in AUTOMATIC and event.ticket.by_mail)
        return "bundled" if mail.due > facts.now else "waiting"

    def automatic(self, person: Person, since: datetime) -> list[Mail]:
        made = [mail for mail in self.mails if mail.to == person.id and mail.made > since and mail.over != "dropped"]
        kinds = [[mail.kind, *(self.decided[event, mail.to, why][0] for event, why in mail.about)] for mail in made]
        return [mail for mail, its in zip(made, kinds, strict=True) if set(its) & set(AUTOMATIC)]

    def too_many(self, person: Person, now: datetime) -> bool:
        if person.confirmed:
            return len(self.automatic(person, now - HOUR)) >= 5
        return len(self.automatic(person, now - HOUR)) >= 3 or len(self.automatic(person, now - DAY)) >= 10

    def send(self, facts: Facts, broken: bool):
        for mail in sorted(self.mails, key=lambda mail: mail.due):
            if mail.over or mail.due > facts.now:
                continue
            for event, why in list(mail.about):
                person, (kind, _) = facts.people[mail.to], self.decided[event, mail.to, why]
                if hindered := hindrance(facts, facts.happened[event], person, why, kind):
                    self.decided[event, mail.to, why] = kind, hindered
                    mail.about.remove((event, why))
            self.end(mail, facts, broken)

    def end(self, mail: Mail, facts: Facts, broken: bool):
        until = quiet_until(facts.people[mail.to], facts.now)
        if not mail.about:
            mail.over = "dropped"
        elif until:
            mail.due = until
        elif broken and mail.tries < len(BACK_OFF):
            mail.tries, mail.due = mail.tries + 1, facts.now + BACK_OFF[mail.tries] * MINUTE
        else:
            mail.over = "failed" if broken else "sent"
            kinds = [self.over(mail, *each) for each in mail.about]
            kind = kinds[0] if len(kinds) == 1 else mail.kind
            if not broken:
                self.sent.append((mail.to, kind, tuple(sorted(event for event, _ in mail.about)), facts.now))

    def over(self, mail: Mail, event: int, why: str) -> str:
        kind, _ = self.decided[event, mail.to, why]
        self.decided[event, mail.to, why] = kind, mail.over
        return kind

    def state(self) -> list[tuple]:
        return sorted(
            (mail.to, mail.kind, mail.due, mail.over or "waiting", sorted(event for event, _ in mail.about))
            for mail in self.mails
        )

    def choose(self, person: Person, now: datetime):
        """They chose anew: their bundle goes by that."""
        for mail in self.mails:
            fresh = mail.kind == "bundle" and not mail.over and not mail.tries
            if mail.to == person.id and fresh:
                mail.due = when(person, now)
                break

    def remind(self, facts: Facts, days: int):
        for event in list(facts.happened.values()):
            if event.name != "ticket:updated" or "status" not in event.changed:
                continue
            ticket = event.ticket
            after = [each for each in facts.happened.values() if each.ticket == ticket and each.id > event.id]
            if any(each.name == "ticket:updated" and "status" in each.changed for each in after):
                continue
            said = [each.at for each in after if each.name == "comment:added" and not each.internal]
            quiet = facts.now - max([event.at, *said])
            known = any(key[0] == event.id and key[2] == "reminder" for key in self.decided)
            asked = ticket.status == "waiting" and not ticket.binned and not known
            person = facts.people[ticket.requester]
            if asked and days * DAY <= quiet <= days * DAY + 7 * DAY and not self.too_many(person, facts.now):
                self.settle(facts, event, person, "reminder", "reminder")


def concerned(facts: Facts, event: Happened) -> list[tuple[int, str, str]]:
    ticket = event.ticket
    eager = [p.id for p in facts.people.values() if p.staff and p.active and p.choices["all_new"]]
    if event.name == "ticket:created":
        return [(ticket.requester, "requester", "opened"), *((id, "new", "new") for id in eager)]
    if event.name == "mail:failed" and ticket.assignee not in (None, event.user):
        return [(ticket.assignee, "assignee", "undelivered")]
    if event.name == "mail:failed":
        return [(id, "new", "undelivered") for id in eager if id != event.user]
    if event.name == "watcher:added":
        return [(event.user, "watcher", "watching")] if event.user != event.actor else []
    if event.name == "ticket:updated":
        given = [(ticket.assignee, "assignee", "assigned")] if event.given else []
        return given + (parties(ticket, "status") if "status" in event.changed else [])
    if event.name == "comment:added":
        found = parties(ticket, "message")[1 if event.internal else 0 :]
        called = event.called if facts.people[event.writer].staff else ()
        found += [(id, "mentioned", "message") for id in called if facts.people[id].staff and facts.people[id].active]
        return found + ([(id, "new", "message") for id in eager] if ticket.assignee is None else [])
    return []


def parties(ticket: Ticket, kind: str) -> list[tuple[int, str, str]]:
    having = [(ticket.assignee, "assignee", kind)] if ticket.assignee else []
    return [(ticket.requester, "requester", kind), *having, *((id, "watcher", kind) for id in ticket.watchers)]


def hindrance(facts: Facts, event: Happened, person: Person, why: str, kind: str) -> str:
    ticket = event.ticket
    if not person.active:
        return "no-mail"
    unseen = ticket.requester != person.id and not person.staff
    secret = not person.staff and (event.internal or event.name in ("watcher:added", "mail:failed"))
    given_on = kind == "assigned" and ticket.assignee != person.id
    answered = kind == "reminder" and ticket.status != "waiting"
    if ticket.binned or unseen or secret or given_on or answered:
        return "gone"
    chosen_by = {"requester": "mine", "reminder": "mine", "new": "all_new", "assignee": "assigned"}
    chosen_by |= {"watcher": "watched", "mentioned": "mentioned"}
    if not person.choices["receipt" if kind == "opened" else chosen_by[why]]:
        return "off"
    if why == "watcher" and person.id not in ticket.watchers:
        return "off"
    seen = facts.read.get((person.id, ticket.id), 0) >= event.id
    return "seen" if seen and kind != "reminder" and event.actor != person.id else ""
