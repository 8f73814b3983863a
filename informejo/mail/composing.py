"""Writing a mail, from how things are at the moment when it is sent."""

from email.message import EmailMessage
from functools import cache
from pathlib import Path

import css_inline
from flask import current_app

from informejo import clock
from informejo.accounts.models import User
from informejo.events.names import EventName
from informejo.mail.cases import Case, case_of
from informejo.mail.contents import contents_of
from informejo.mail.fields import POLICY, mailbox
from informejo.mail.models import OutgoingMail, Verdict
from informejo.mail.senders import answers_to, from_whom, sender
from informejo.mail.threads import id_of, references
from informejo.mail.words import Kind, Why
from informejo.mime.guards import LOOP_HEADER
from informejo.offload import offload
from informejo.text import clean_line
from informejo.tickets.files import path_of

ANSWERS = (Kind.OPENED, Kind.REFUSED)  # to a mail that came in, if it did


def compose(mail: OutgoingMail, verdicts: list[Verdict]) -> EmailMessage:
    """The mail as it goes out. Its id, its subject and where it goes are kept in `mail`; what it says is kept nowhere.

    Whoever makes a link locks its reader: the address is asked for after that, and stays theirs until the link is kept.

    Raises ValueError for what is no address, and what `contents.contents_of` raises.
    """
    case = case_of(mail, verdicts)
    subject, shown = contents_of(case)
    mail.message_id, mail.subject, mail.address = id_of(case), clean_line(subject), mail.goes_to
    message = EmailMessage(POLICY)
    _address(message, case)
    _mark(message, case, shown["choices"])
    message.set_content(_drawn(case.kind, "txt", shown), cte="quoted-printable")
    message.add_alternative(
        offload(_styled().inline, _drawn(case.kind, "html", shown)), subtype="html", cte="quoted-printable"
    )
    _attach(message, case)
    return message


def _attach(message: EmailMessage, case: Case):
    comment = case.event.comment if case.event and case.kind == Kind.MESSAGE else None
    for file in case.reader.attached(comment) if comment else ():
        offload(_add, message, path_of(file), file.media_type, file.name)


def _add(message: EmailMessage, path: Path, media_type: str, name: str):
    kind, _, subtype = media_type.partition("/")
    message.add_attachment(path.read_bytes(), kind, subtype, filename=name)


def _address(message: EmailMessage, case: Case):
    mail, reader = case.mail, case.reader
    message["From"] = from_whom(_author(case))
    message["To"] = mailbox(reader.user.name if reader.user and reader.known else "", mail.address)
    if answer := answers_to(case.ticket.id if case.ticket and _may_name_ticket(case) else None, mail.user_id):
        message["Reply-To"] = answer
    message["Subject"] = mail.subject
    message["Date"] = clock.now()
    message["Message-Id"] = mail.message_id
    if ids := references(case):
        message["In-Reply-To"] = ids[-1]
        message["References"] = " ".join(ids)


def _may_name_ticket(case: Case) -> bool:
    """Whether an answer may be a message to the requester, if all that is left of ours in it is the address.

    Of a message the reader of answers looks up whether it was a note; of other things for the staff it cannot know.
    """
    return case.is_public or case.kind == Kind.MESSAGE


def _mark(message: EmailMessage, case: Case, choices: str):
    """What tells programs what kind of mail this is, so that none answers it by itself.

    A person's answer to whose ticket it is carries no Auto-Submitted: RFC 3834, 5, forbids it on what somebody wrote by
    hand, and out-of-office replies to it are news. All else nobody wrote to that person: `auto-replied` where it
    answers their mail, `auto-generated` otherwise. Microsoft's header asks for silence in all ways but one: a mail that
    cannot be delivered has to come back, or nobody would know.
    """
    message[LOOP_HEADER] = sender()
    if _is_by_hand(case):
        return
    is_answer = case.kind in ANSWERS and case.mail.incoming_id
    message["Auto-Submitted"] = "auto-replied" if is_answer else "auto-generated"
    message["X-Auto-Response-Suppress"] = "DR, RN, NRN, OOF, AutoReply"
    if choices:  # without One-Click (RFC 8058): whoever changes what they are told has to be signed in
        message["List-Unsubscribe"] = f"<{choices}>"


def _is_by_hand(case: Case) -> bool:
    to_requester = bool(case.verdicts) and case.verdicts[0].why == Why.REQUESTER
    return case.kind == Kind.MESSAGE and to_requester


def _author(case: Case) -> User | None:
    said = case.kind == Kind.MESSAGE and case.event and case.event.name == EventName.COMMENT_ADDED
    return case.event.actor if said else None


def _drawn(kind: Kind, form: str, shown: dict) -> str:
    return current_app.jinja_env.get_template(f"mail/{kind.value}.{form}").render(shown)


@cache
def _styled() -> css_inline.CSSInliner:
    """Mail programs take styles on each element alone; what is for dark screens stays a sheet, for those that can."""
    return css_inline.CSSInliner(extra_css=_sheet(), keep_at_rules=True, load_remote_stylesheets=False)


def _sheet() -> str:
    environment = current_app.jinja_env
    return environment.loader.get_source(environment, "mail/mail.css")[0]
