"""Reading mail: its key, and what pages show of it."""

from sqlalchemy import select

from informejo import db
from informejo.mail.models import MailKey


def key() -> str:
    """What signs the ids and the reply addresses of mails."""
    return db.session.scalar(select(MailKey.word))
