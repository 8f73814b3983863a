"""Each change of how somebody comes in is mailed to them: what somebody else added or chose would let those in."""

import pytest

from informejo import db
from informejo.accounts import password_actions, rights_actions
from informejo.accounts.models import Role
from informejo.factors import actions
from informejo.factors.code_actions import use_code
from informejo.mail.words import Kind
from informejo.sso import actions as sso, queries
from informejo.sso.claims import Told
from informejo.sso.models import Identity
from tests.factors.conftest import App
from tests.factors.test_passkeys import HERE
from tests.world import PASSWORD


@pytest.fixture
def told(post, sink):
    """`told()`: what was mailed so far about how people come in."""

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


@pytest.mark.parametrize(
    ("ways", "words"),
    [
        (("password",), "with the password alone"),
        (("password", "provider"), "with the password or single sign-on alone"),
        (("provider",), "with single sign-on alone"),
        ((), "no way in"),
    ],
)
def test_what_is_left_without_a_second_factor_is_said_as_it_is(app, world, visit, told, ways, words):
    """On the person's page, in the mail to them, and by the command: not everybody has a password."""
    factor = App(world.mia)
    app.config |= {"SSO_PROVIDERS": "acme", "SSO_ACME_ISSUER": "https://id.example.org"}
    app.config |= {"SSO_ACME_CLIENT_ID": "desk", "SSO_ACME_CLIENT_SECRET": "a secret"}
    if "provider" in ways:
        db.session.add(Identity(user_id=world.mia.id, issuer="https://id.example.org", subject="mia"))
    world.mia.password_hash = world.mia.password_hash if "password" in ways else None
    db.commit()
    assert factor.codes
    assert words in visit(world.ana).get(f"/users/{world.mia.id}/sign-in").text
    done = app.test_cli_runner().invoke(args=["reset-second-factor", "mia@example.org"])
    assert words in done.output
    said = told()[-1]
    assert (
        words.removeprefix("with ").replace("the password", "your password").replace("no way", "no other way") in said
    )
    assert ("password alone" in said) == (words == "with the password alone")


NEW = "violet ladder 77 sea"
AT_ACME = Told("acme", "Acme", "https://id.example.org", "x", "", True, True, "Nia Roe", None)


@pytest.mark.hardening("S-42")
def test_another_password_is_told_whether_it_was_changed_or_chosen_by_a_link(world, visit, told):
    visit(world.mia).post("/profile/password", data={"current": PASSWORD, "password": NEW, "again": NEW})
    token = password_actions.make_own_link(world.mia)
    db.commit()
    visit().post(f"/choose-password/{token}", data={"password": NEW, "again": NEW})
    mails = told()
    assert ["A new password was chosen for your account" in mail for mail in mails] == [True, True]
    assert NEW not in str(mails)


@pytest.mark.hardening("S-42")
def test_an_account_at_a_provider_is_told_that_signs_in_as_somebody_or_no_more(world, visit, told):
    sso.link(world.mia, AT_ACME)
    db.commit()
    visit(world.mia).post(f"/profile/identities/{queries.identities_of(world.mia)[0].id}/removal")
    linked, unlinked = told()
    assert "An account at Acme signs you in at the help desk from now on" in linked
    assert "If it was not you" in linked
    assert "signs you in at the help desk no more" in unlinked


def test_a_newcomer_is_told_of_no_change_and_neither_is_whoever_lost_a_password_with_a_role(world, told):
    sso.arrive(AT_ACME._replace(email="nia@example.org"), dict)
    world.ren.confirmed_at = None
    rights_actions.set_role(world.ana, world.ren, Role.AGENT)
    assert told() == []
