"""The desk's mail in a test: what happened becomes mails, and they are sent, as the background work does it."""

from sqlalchemy import select

from informejo import clock, db
from informejo.mail import verdicts
from informejo.mail.models import OutgoingMail
from informejo.mail.outbox import Outbox
from informejo.mail.words import Kind
from informejo.readers.following import Reader, catch_up

READER = Reader("mail", verdicts.decide)
FROM = "Help desk <help@example.org>"


class Post:
    """`read` decides about all that happened since the last time; `send` sends what is due."""

    def __init__(self, app):
        self.app, self.outbox = app, Outbox()
        app.config["MAIL_FROM"] = FROM
        self.read()  # what happened before is no news

    def to(self, sink, **settings):
        """From now on mails go to this server, in the clear unless `settings` say how."""
        here = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": sink.port, "SMTP_SECURITY": "none"}
        self.app.config.update(here | settings)

    def read(self):
        with self.app.app_context():  # each with a session of its own, as in threads of their own
            catch_up(READER)

    def send(self):
        with self.app.app_context():
            self.outbox.send_due()
        db.session.expire_all()

    def deliver(self):
        self.read()
        self.send()

    def queue(self, kind: Kind, address: str, **about) -> OutgoingMail:
        """A mail that waits, without asking whether anybody wants it; committed."""
        mail = OutgoingMail(kind=kind, address=address, due_at=clock.now(), **about)
        db.session.add(mail)
        db.commit()
        return mail

    @property
    def mails(self) -> list[OutgoingMail]:
        """Every mail there is, oldest first, as it is now."""
        db.session.expire_all()
        return list(db.session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))
