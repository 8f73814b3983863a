"""Whoever has a second factor is mailed each change of it: what somebody else added would let them in."""

import pytest

from informejo import db
from informejo.factors import actions
from informejo.factors.code_actions import use_code
from informejo.mail.words import Kind
from tests.factors.conftest import App
from tests.factors.test_passkeys import HERE


@pytest.fixture
def told(post, sink):
    """`told()`: what was mailed so far about second factors."""

    def told() -> list[str]:
        db.commit()
        post.deliver()
        kinds = {mail.message_id: mail.kind for mail in post.mails}
        mails = [message for _, message in sink.mails if kinds[message["Message-Id"]] == Kind.FACTORS]
        assert {str(mail["To"]) for mail in mails} <= {"Mia Lund <mia@example.org>"}
        return [mail.get_body(("plain",)).get_content() for mail in mails]

    return told


def test_each_change_is_mailed_to_its_owner(world, visit, told):
    app = App(world.mia)
    use_code(world.mia, app.codes[0])
    visit(world.mia).post(f"{HERE}/authenticator/removal")
    added, used, removed = told()
    assert "An app that makes codes was added" in added
    assert "A recovery code was used to sign in; 9 are left" in used
    assert "was removed" in removed
    assert "If it was not you" in added
    for secret in (app.secret, *app.codes):
        assert secret not in added + used + removed


def test_a_passkey_is_told_without_its_name_and_a_reset_as_one(world, key, told):
    actions.reset_factors(world.ana, world.mia)
    added, reset = told()
    assert "A passkey was added" in added
    assert "phone" not in added
    assert "was reset: your password alone signs you in" in reset
