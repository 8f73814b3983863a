"""Whether mail goes out and comes in, and whether the readers of the log have dealt with every event."""

from datetime import datetime, timedelta

from informejo import clock
from informejo.doctor.checks import Answer, NotChecked, Patient, broken, look, well
from informejo.intake import mailboxes
from informejo.intake.mailboxes import Mailbox
from informejo.mail.health_queries import LONG, Post, Way, failing_since
from informejo.mail.words import SENDING

SOON = timedelta(days=14)  # before a token ends
CHECK = "bin/flask check-mail  # says which step fails; docs/mail.md says what to do"
LOGS = "journalctl -u informejo -n 200"


def out(patient: Patient) -> Answer:
    """Mails leave the desk, in time, and none was given up."""
    post, settings = _post(patient), patient.settings
    if settings["MAIL_CATCH"]:
        return well("MAIL_CATCH is on: no mail is sent, and /mail/caught shows what would have been.")
    if missing := [name for name in ("SMTP_HOST", "MAIL_FROM") if not settings[name]]:
        return look(f"No mail is sent: without {' and '.join(missing)} mails wait.{_waiting(post)}",
                    "Set them; docs/mail.md says to what, for Gmail, Microsoft 365 and others.")  # fmt: skip
    way = post.ways.get(SENDING, Way(SENDING))
    if way.failing_since:
        sentence = f"No mail can be sent: {_whole(way.error)}{_waiting(post)}"
        return _worst(way.failing_since)(sentence, CHECK, since=way.failing_since)
    if post.due_since and post.due_since < clock.now() - LONG:
        return _worst(post.due_since)("Mails are due, and nobody has taken them up.", LOGS, since=post.due_since)
    if failed := post.amounts.failed:
        return look(f"{_mails(failed)} {'was' if failed == 1 else 'were'} given up. The tickets say why.",
                    "When the reason is gone, send them again, at /mail/out or on their tickets. Where one is missing"
                    " there, it is about a ticket that is confidential: those who see it send it again.")  # fmt: skip
    if settings["SMTP_OAUTH"] and (ending := _ending(SENDING, way.token_expires_at)):
        return ending
    return well("Mail goes out." if way.well_at else "No mail had to be sent yet.")


def into(patient: Patient) -> Answer:
    """Every mailbox is looked into, its token lasts, and every mail that came in was looked at."""
    post = _post(patient)
    try:
        boxes = mailboxes.read(patient.settings)
    except ValueError as mistake:
        return broken(str(mistake), "Mend MAILBOXES, and start the server anew; docs/mail.md has examples.")
    ill = [answer for box in boxes if (answer := _ailing(box, post, patient))]
    ill += filter(None, [_unread(post), _quarantined(post)])
    if ill:
        return _joined(ill)
    if not boxes:
        return well("MAILBOXES is empty: mail comes in only where a mail server hands it to `receive-mail`.")
    fetched = [box for box in boxes if box.name in post.ways and post.ways[box.name].well_at]
    return well("Mail comes in." if len(fetched) == len(boxes) else "The mailboxes have not been looked into yet.")


def readers(patient: Patient) -> Answer:
    """No event was kept because its reader failed on it."""
    kept = _post(patient).kept
    if not kept:
        return well("Every event was dealt with.")
    told = ", ".join(f"{number} by {reader}" for reader, number in kept)
    return look(f"Some events could not be dealt with: {told}. Nothing else waits for them.",
                "Health says why, and has a button to try each again.")  # fmt: skip


def _post(patient: Patient) -> Post:
    if patient.post is None:
        raise NotChecked("the database cannot be read")
    return patient.post


def _ailing(box: Mailbox, post: Post, patient: Patient) -> Answer | None:
    way = post.ways.get(box.name, Way(box.name))
    if way.failing_since:
        sentence = f"{box.name}: {_whole(way.error)} What comes in waits there."
        return _worst(way.failing_since)(sentence, CHECK, since=way.failing_since)
    idle = way.well_at and patient.server and failing_since(way, patient.settings, way.well_at)
    if idle:
        return broken(f"{box.name}: nobody has looked into it for long.", LOGS, since=idle)
    return _ending(box.name, way.token_expires_at) if box.provider else None


def _ending(name: str, end: datetime | None) -> Answer | None:
    if end is None or end > clock.now() + SOON:
        return None
    remedy = "Get a new OAUTH_REFRESH_TOKEN, set it, and start the server anew; docs/mail.md says how."
    if end <= clock.now():
        return broken(f"{name}: the token has expired.", remedy, since=end)
    days = (end - clock.now()).days
    return look(
        f"{name}: the token expires {f'in {days} days' if days > 1 else 'tomorrow' if days else 'today'}.", remedy
    )


def _unread(post: Post) -> Answer | None:
    if post.unread_since is None or post.unread_since > clock.now() - LONG:
        return None
    return broken("Mails came in, and nobody has read them yet.", LOGS, since=post.unread_since)


def _quarantined(post: Post) -> Answer | None:
    if not (number := post.amounts.quarantined):
        return None
    return look(f"{_mails(number)} could not be read and {_wait(number)} in quarantine.",
                "Look at them at /mail/in, and have them read again or make tickets of them.")  # fmt: skip


def _joined(answers: list[Answer]) -> Answer:
    first = next((answer for answer in answers if answer.state == "broken"), answers[0])
    remedies = dict.fromkeys(answer.remedy for answer in [first, *answers])
    sentences = " ".join(answer.sentence for answer in answers)
    return Answer(
        first.state, sentences, next(iter(remedies)) if len(remedies) == 1 else "; ".join(remedies), first.since
    )


def _worst(since: datetime):
    return broken if since <= clock.now() - LONG else look


def _whole(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _waiting(post: Post) -> str:
    number = post.amounts.waiting
    return f" {_mails(number)} {_wait(number)}." if number else ""


def _mails(number: int) -> str:
    return "1 mail" if number == 1 else f"{number} mails"


def _wait(number: int) -> str:
    return "waits" if number == 1 else "wait"
