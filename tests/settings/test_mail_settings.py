"""The page of mail settings: what is saved there holds from the next mail on, and no password leaves with it."""

import pytest
from sqlalchemy import select

from informejo import db
from informejo.doctor.models import State
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.mail import delivering, senders
from informejo.mail.queries import can_be_sent
from informejo.settings.saved import all_settings, setting
from informejo.text import clean_line
from tests.mail.sink import Sink, running

OWN = {"SMTP_HOST": "localhost", "SMTP_SECURITY": "none", "SMTP_USER": "desk", "SMTP_PASSWORD": "s3cret-of-smtp",
       "MAIL_FROM": "Help desk <help@example.org>"}  # fmt: skip


@pytest.fixture
def ana(app, world, visit):
    app.config |= OWN
    return visit(world.ana)


def save(browser, check: bool = False, **fields):
    """As the form sends it: what was shown goes with what is there now."""
    was = {f"was-{name}": shown for name, (shown, _) in fields.items()}
    typed = was | {name: new for name, (_, new) in fields.items()}
    return browser.post("/settings/mail", data=typed | ({"check": "yes"} if check else {}))


def changed() -> list[int]:
    """The changes that were recorded, the first first."""
    changes = select(Event.id).where(Event.name == EventName.SETTING_CHANGED)
    return list(db.session.scalars(changes.order_by(Event.id)))


def test_what_is_saved_holds_at_once_and_can_be_taken_back(ana):
    server = {"SMTP_HOST": ("localhost", "::1"), "SMTP_PORT": ("587", "25")}
    addresses = {"MAIL_FROM": (OWN["MAIL_FROM"], "it@blue.example"), "MAIL_REPLY_TO": ("", "it+@blue.example")}
    assert save(ana, **server, **addresses).status_code == 303
    with_port = delivering.known_server(all_settings())
    assert (with_port.host, with_port.port, senders.sender()) == ("::1", 25, "it@blue.example")
    assert senders.answers_to(None, None).addr_spec == "it@blue.example"
    [change] = changed()  # what was saved at once is taken back at once
    assert ana.get("/settings/mail").text.count(f"/settings/changes/{change}/undo") == 1
    assert ana.post(f"/settings/changes/{change}/undo").location == "/settings/mail"
    assert (setting("SMTP_HOST"), setting("SMTP_PORT"), senders.sender()) == ("localhost", 587, "help@example.org")
    assert "Mail server</b>: “localhost” became “::1”" in ana.get("/settings/mail").text


def test_what_was_saved_at_once_is_not_taken_back_where_a_part_of_it_was_changed_since(ana):
    save(ana, SMTP_HOST=("localhost", "::1"), SMTP_PORT=("587", "25"))
    save(ana, SMTP_PORT=("25", "26"))
    first, second = changed()
    refused = ana.post(f"/settings/changes/{first}/undo")
    assert (refused.status_code, "Somebody changed this meanwhile" in refused.text) == (409, True)
    assert (setting("SMTP_HOST"), setting("SMTP_PORT")) == ("::1", 26)
    assert [ana.post(f"/settings/changes/{id}/undo").status_code for id in (second, first)] == [303, 303]
    assert (setting("SMTP_HOST"), setting("SMTP_PORT")) == ("localhost", 587)


def test_of_two_settings_that_belong_together_none_is_taken_back_alone(ana):
    save(ana, SMTP_SECURITY=("none", "tls"))
    save(ana, SMTP_HOST=("localhost", "mail.example.org"))
    security, host = changed()
    alone = ana.post(f"/settings/changes/{security}/undo")
    assert (alone.status_code, setting("SMTP_SECURITY")) == (409, "tls")
    assert "Without encryption mails go to a server on this machine only" in alone.text
    undone = [ana.post(f"/settings/changes/{id}/undo").status_code for id in (host, security)]
    assert (undone, setting("SMTP_HOST"), setting("SMTP_SECURITY")) == ([303, 303], "localhost", "none")


def test_what_two_change_at_once_fits_or_the_second_is_told_and_sees_what_holds(app, ana):
    app.config["SMTP_SECURITY"] = "tls"
    shown = {"was-SMTP_HOST": "localhost", "was-SMTP_SECURITY": "tls"}
    ana.post("/settings/mail", data=shown | {"SMTP_HOST": "mail.example.org", "SMTP_SECURITY": "tls"})
    second = ana.post("/settings/mail", data=shown | {"SMTP_HOST": "localhost", "SMTP_SECURITY": "none"})
    assert (second.status_code, setting("SMTP_SECURITY")) == (422, "tls")
    assert "Without encryption mails go to a server on this machine only" in second.text
    assert 'name="SMTP_HOST" type="text" value="mail.example.org"' in second.text


def test_what_did_not_fit_before_keeps_nobody_from_taking_back_something_else(app, ana):
    save(ana, MAIL_FOOTER=("", "Bye"))
    app.config["SMTP_HOST"] = "mail.example.org"  # in the environment, without encryption
    change = db.session.scalar(select(Event.id).where(Event.name == EventName.SETTING_CHANGED))
    assert ana.post(f"/settings/changes/{change}/undo").status_code == 303
    assert setting("MAIL_FOOTER") == ""


def test_without_a_server_mails_wait_and_the_page_says_so(ana):
    save(ana, SMTP_HOST=("localhost", ""))
    assert not can_be_sent()
    assert "Mails wait: “Mail server” is empty." in ana.get("/settings/mail").text
    with delivering.way() as way:
        assert way is None


@pytest.mark.parametrize(
    ("changed", "goes"),
    [({}, True), ({"SMTP_HOST": "LOCALHOST."}, True), ({"SMTP_PORT": 465}, True), ({"SMTP_USER": "other"}, True),
     ({"SMTP_HOST": "127.0.0.1"}, False), ({"SMTP_HOST": "mail.evil.example"}, False), ({"SMTP_PORT": 2525}, False),
     ({"SMTP_HOST": ""}, False)],
)  # fmt: skip
@pytest.mark.parametrize("oauth", ["", "google"])
def test_what_signs_us_in_goes_to_the_server_of_the_environment_alone(app, monkeypatch, changed, goes, oauth):
    app.config |= OWN | {"SMTP_OAUTH": oauth}
    monkeypatch.setattr(delivering.oauth, "access_token", lambda *_, **__: "s3cret-token")
    server = delivering.server({**app.config, **changed})
    secrets = (server.user, server.password, server.token)
    expected = (changed.get("SMTP_USER", "desk"), OWN["SMTP_PASSWORD"], "s3cret-token" if oauth else "")
    assert secrets == (expected if goes else ("", "", ""))


def test_a_check_tries_what_was_typed_saves_nothing_and_signs_in_nowhere_else(app, ana):
    with running(Sink(), users={}) as stranger:
        port = str(stranger.port)
        answer = save(ana, check=True, SMTP_HOST=("localhost", "127.0.0.1"), SMTP_PORT=("587", port))
        assert answer.status_code == 200
        assert "It works so far" in answer.text
        assert "SMTP_PASSWORD is for localhost alone, so nobody signs in at 127.0.0.1:" in clean_line(answer.text)
        assert 'value="127.0.0.1"' in answer.text
    assert not stranger.mails
    refused = save(ana, check=True, SMTP_PORT=("587", port), SMTP_HOST=("localhost", "127.0.0.1"))
    assert "It does not work" in refused.text
    assert State.BROKEN.word in refused.text
    assert (setting("SMTP_HOST"), setting("SMTP_PORT")) == ("localhost", 587)


@pytest.mark.parametrize(
    ("name", "was", "new"),
    [("SMTP_HOST", "localhost", "https://mail.example.org/"), ("SMTP_HOST", "localhost", "a b"),
     ("SMTP_PORT", "587", "0"), ("SMTP_PORT", "587", "70000"), ("SMTP_PORT", "587", "٣"),
     ("SMTP_SECURITY", "none", "x"),
     ("MAIL_FROM", OWN["MAIL_FROM"], "nobody"), ("MAIL_REPLY_TO", "", "a@b@c"), ("MAIL_LARGEST", "52428800", "1"),
     ("MAIL_POLL_SECONDS", "30", "-1"), ("REMINDER_DAYS", "3", "9" * 40)],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence_and_what_was_typed_stays(ana, name, was, new):
    answer = save(ana, **{name: (was, new)}, MAIL_FOOTER=("", "Typed beside it."))
    assert (answer.status_code, f'id="problem-{name}"' in answer.text) == (422, True)
    assert "Typed beside it." in answer.text
    assert setting("MAIL_FOOTER") == ""


def test_mail_to_another_machine_is_never_sent_in_the_clear(ana):
    answer = save(ana, SMTP_HOST=("localhost", "mail.example.org"))
    assert (answer.status_code, 'id="problem-SMTP_SECURITY"' in answer.text) == (422, True)


def test_whoever_changes_where_mail_goes_shows_who_they_are_first(app, ana, world):
    app.config["PROOF_MINUTES"] = 0
    for check in (True, False):
        answer = save(ana, check=check, SMTP_HOST=("localhost", "127.0.0.1"))
        assert (answer.status_code, "Is it you?" in answer.text) == (403, True)
    assert setting("SMTP_HOST") == "localhost"
