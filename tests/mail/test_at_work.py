"""Mail as the running desk sends it: by itself, over TLS, beside everything else."""

import time
from urllib.request import urlopen

import pytest

from informejo import create_app, db, signals
from informejo.mail.models import OutgoingMail
from informejo.mail.words import OutState
from tests import world as cast
from tests.mail.post import FROM
from tests.mail.sink import certificate, running
from tests.server import Server
from tests.waiting import until

pytestmark = pytest.mark.server
QUICK = 5  # seconds: far less than the 30 that a silent mail server is waited for


@pytest.fixture
def sink(tmp_path):
    """A server that takes mail over STARTTLS from whoever signs in."""
    context, file = certificate(tmp_path)
    with running(context=context, users={"desk": "correct horse"}) as sink:
        sink.trusted_by = file
        yield sink


@pytest.fixture
def server(tmp_path, sink):
    settings = {"SMTP_HOST": "localhost", "SMTP_PORT": sink.port, "SMTP_USER": "desk", "SMTP_PASSWORD": "correct horse"}
    server = Server(tmp_path, **settings, MAIL_FROM=FROM, SSL_CERT_FILE=sink.trusted_by)
    server.upgrade()
    server.start()
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text()


@pytest.fixture
def world(server):
    """The cast at that desk, to which things happen as if in another process."""
    app = create_app({name: server.settings[name] for name in ("DATABASE_URL", "UPLOAD_DIR")})
    signals.recorded.disconnect(app.extensions["broadcast"].ring)
    signals.noticed.disconnect(app.extensions["broadcast"].notice)
    with app.app_context():
        db.session.execute(db.Model.metadata.tables["log_epoch"].delete())
        yield cast.populate()
        db.session.rollback()
        db.engine().dispose()


def states() -> set[OutState]:
    db.session.rollback()
    return {mail.state for mail in db.session.query(OutgoingMail)}


def test_what_happens_is_mailed_by_itself(world, sink):
    ticket = world.ticket()
    until(lambda: sorted(sink.to) == ["ana@example.org", "ren@example.org"])
    world.comment(world.mia, ticket, "We come.")
    until(lambda: len(sink.mails) == 4)
    until(lambda: states() == {OutState.SENT})


def test_while_the_mail_server_is_silent_pages_come_as_ever_and_the_desk_stops_at_once(world, sink, server):
    sink.answers["MAIL"] = "silence"
    world.ticket()
    until(lambda: sink.hosts)
    begun = time.monotonic()
    for _ in range(5):
        with urlopen(server.address, timeout=QUICK) as page:
            assert page.status == 200
    assert time.monotonic() - begun < QUICK
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 2 * QUICK
    assert sink.mails == []
    assert states() == {OutState.WAITING, OutState.SENDING}  # what was begun is found again when its claim runs out
    server.start()
