"""Passkeys: adding one, coming in with one, and everything a browser could say wrongly."""

import json

import pytest
from sqlalchemy import select
from werkzeug.exceptions import Forbidden

from informejo import db
from informejo.accounts import rights_actions
from informejo.accounts.models import Role, Session
from informejo.accounts.sign_ins import sessions_of
from informejo.factors import actions
from informejo.factors.models import Passkey, RecoveryCode
from informejo.factors.passkey_queries import are_possible, comes_again, handle
from tests.factors.conftest import CODE, MIA, App, half_cookie, is_in
from tests.factors.device import ATTESTED, PRESENT, VERIFIED, Device

HERE = "/profile/security"


def question(browser, where: str = "/sign-in/passkey") -> dict:
    answer = browser.post(f"{where}/challenge")
    assert answer.status_code == 200, answer.text
    return answer.json


def come_in(browser, credential: str, **fields):
    return browser.post("/sign-in/passkey", data={"credential": credential, **fields})


@pytest.mark.hardening("S-40", "H-32")
def test_a_passkey_signs_in_without_a_password_or_a_second_step(app, world, key, visit):
    app.config["SECOND_FACTOR"] = "staff"
    browser = visit()
    asked = question(browser)
    assert (asked["userVerification"], asked["rpId"]) == ("required", "localhost")
    assert not asked.get("allowCredentials"), "nobody is asked who has passkeys"
    assert come_in(browser, key.use(asked), next="/queue").location == "/queue"
    assert is_in(browser)
    [passkey] = db.session.scalars(select(Passkey))
    assert (passkey.sign_count, passkey.used_at is not None) == (1, True)
    assert "Mia’s phone" in browser.get(HERE).text


def test_the_first_one_comes_with_recovery_codes_and_the_next_ones_without(world, key, visit):
    assert len(db.session.scalars(select(RecoveryCode)).all()) == 10
    browser, device = visit(world.mia), Device()
    asked = question(browser, f"{HERE}/passkeys")
    assert [known["type"] for known in asked["excludeCredentials"]] == ["public-key"]
    added = browser.post(f"{HERE}/passkeys", data={"name": "Key ring", "credential": device.make(asked)})
    assert added.location == HERE
    page = browser.get(HERE).text
    assert "you can sign in with it" in page
    assert "Key ring" in page


def test_a_device_is_told_nothing_but_an_id(world, visit):
    asked = question(visit(world.mia), f"{HERE}/passkeys")
    assert handle(world.mia) == str(world.mia.id).encode()
    assert asked["user"]["id"] != world.mia.email
    assert asked["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }


def test_it_is_a_second_step_after_the_password(key, visit):
    browser = visit()
    assert browser.post("/sign-in", data=MIA).location == "/sign-in/second"
    assert "Use a passkey" in browser.get("/sign-in/second").text
    asked = question(browser, "/sign-in/second")
    assert len(asked["allowCredentials"]) == 1
    assert browser.post("/sign-in/second", data={"credential": key.use(asked)}).location == "/"
    assert is_in(browser)


def test_a_second_tab_with_the_sign_in_page_costs_the_first_one_nothing(key, visit):
    """They share one cookie: neither the step that waits is over, nor the question of one the other's."""
    for uses_the_second in (False, True):
        browser = visit()
        browser.post("/sign-in", data=MIA)
        asked, in_the_second = question(browser, "/sign-in/second"), question(browser)
        if uses_the_second:
            assert come_in(browser, key.use(in_the_second)).location == "/"
        else:
            assert browser.post("/sign-in/second", data={"credential": key.use(asked)}).location == "/"
        assert is_in(browser)


def test_somebody_elses_passkey_is_no_second_step(world, key, visit):
    zoes = App(world.zoe)
    browser = visit()
    browser.post("/sign-in", data=MIA | {"email": "zoe@example.org"})
    asked = question(browser, "/sign-in/second")
    assert browser.post("/sign-in/second", data={"credential": key.use(asked)}).status_code == 422
    assert browser.post("/sign-in/second", data={"code": zoes.digits()}).status_code == 303


WRONG = {
    "another challenge": lambda key, asked: key.use(asked | {"challenge": "AAAA"}),
    "another origin": lambda key, asked: key.elsewhere(origin="https://evil.example").use(asked),
    "another desk": lambda key, asked: key.elsewhere(rp="evil.example").use(asked),
    "nobody was there": lambda key, asked: key.use(asked, flags=VERIFIED),
    "nobody was asked who they are": lambda key, asked: key.use(asked, flags=PRESENT),
    "a signature of something else": lambda key, asked: key.use(asked, signature=b"\x30\x06\x02\x01\x01\x02\x01\x01"),
    "no signature": lambda key, asked: key.use(asked, signature=b""),
    "another owner": lambda key, asked: key.use(asked, userHandle=b"1234"),
    "a device nobody knows": lambda _key, asked: Device().use(asked, userHandle=b"1"),
    "nothing": lambda _key, _asked: "",
    "no object": lambda _key, _asked: "[]",
    "half an object": lambda _key, _asked: '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}',
    "numbers": lambda _key, _asked: '{"id": 1, "rawId": 2, "type": 3, "response": {"clientDataJSON": 4}}',
    "very much": lambda _key, _asked: json.dumps({"id": "A" * 100_000}),
}


@pytest.mark.hardening("S-40")
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_answer_is_refused(key, visit, wrong):
    browser = visit()
    answer = come_in(browser, WRONG[wrong](key, question(browser)))
    assert answer.status_code == 422
    assert "did not answer as it should" in answer.text
    assert not is_in(browser)


def test_an_answer_is_good_once_and_for_its_own_browser(key, visit):
    browser, other = visit(), visit()
    credential = key.use(question(browser))
    question(other)
    assert come_in(other, credential).status_code == 422
    assert come_in(browser, credential).status_code == 303
    question(other)
    assert come_in(other, credential).status_code == 422


def test_sent_twice_it_leads_on_in_the_browser_that_came_in_with_it(world, key, visit, later):
    browser, toms = visit(), visit(world.tom)
    fields = {"credential": key.use(question(browser)), "next": "/queue"}
    before = len(sessions_of(world.mia))
    assert [browser.post("/sign-in/passkey", data=fields).location for _ in range(2)] == ["/queue"] * 2
    assert len(sessions_of(world.mia)) == before + 1
    assert toms.post("/sign-in/passkey", data=fields).status_code == 422, "who has just come in as another did not"
    with later(3):
        assert browser.post("/sign-in/passkey", data=fields).status_code == 422


def test_a_first_passkey_that_is_sent_twice_is_added_once_and_said_to_be(world, visit, later):
    mias, toms = visit(world.mia), visit(world.tom)
    fields = {"name": "Phone", "credential": Device().make(question(mias, f"{HERE}/passkeys"))}
    assert "Your recovery codes" in mias.post(f"{HERE}/passkeys", data=fields).text
    assert mias.post(f"{HERE}/passkeys", data=fields).location == HERE
    assert "The passkey is added. If you have not seen your recovery codes" in mias.get(HERE).text
    assert len(db.session.scalars(select(Passkey)).all()) == 1
    assert toms.post(f"{HERE}/passkeys", data=fields).status_code == 422
    with later(3):
        assert mias.post(f"{HERE}/passkeys", data=fields).status_code == 422


@pytest.mark.parametrize("odd", ["", "[]", "{}", "null", '{"rawId": 7}', '{"rawId": "é"}', "[" * 9_000])
def test_what_is_no_answer_of_a_device_does_not_come_again(world, odd):
    assert not comes_again(odd, world.mia)


def test_after_a_wrong_answer_the_question_is_void(key, visit):
    browser = visit()
    asked = question(browser)
    come_in(browser, "{}")
    assert come_in(browser, key.use(asked)).status_code == 422


def test_a_question_waits_for_five_minutes(key, visit, later):
    browser = visit()
    browser.post("/sign-in", data=MIA)
    alone = visit()
    asked, second = question(alone), question(browser, "/sign-in/second")
    with later(6):
        assert come_in(alone, key.use(asked)).status_code == 422
        assert browser.post("/sign-in/second", data={"credential": key.use(second)}).status_code == 422


@pytest.mark.hardening("S-40")
def test_a_copy_of_a_key_is_noticed_by_its_counter(key, visit):
    browser = visit()
    come_in(browser, key.use(question(browser)))
    key.count = 0
    thief = visit()
    assert come_in(thief, key.use(question(thief))).status_code == 422


@pytest.mark.parametrize("what", ["deactivated", "reset", "removed"])
def test_whoever_may_not_come_in_does_not_by_a_passkey_either(world, key, visit, what):
    browser = visit()
    asked = question(browser)
    if what == "deactivated":
        rights_actions.set_active(world.ana, world.mia, False)
    elif what == "reset":
        actions.reset_factors(world.ana, world.mia)
    else:
        mias = visit(world.mia)
        [passkey] = db.session.scalars(select(Passkey))
        assert mias.post(f"{HERE}/passkeys/{passkey.id}/removal").location == HERE
    db.commit()
    assert come_in(browser, key.use(asked)).status_code == 422


def test_a_guest_cannot(world, key, visit):
    world.mia.role = Role.GUEST
    db.commit()
    browser = visit()
    assert come_in(browser, key.use(question(browser))).status_code == 422


def test_nobody_removes_somebody_elses(world, key, visit):
    [passkey] = db.session.scalars(select(Passkey))
    for person in (world.tom, world.ana):
        assert visit(person).post(f"{HERE}/passkeys/{passkey.id}/removal").status_code == 404
    assert db.session.scalars(select(Passkey)).all()


def test_with_the_last_one_the_recovery_codes_go(world, key, visit):
    [passkey] = db.session.scalars(select(Passkey))
    browser, address = visit(world.mia), f"{HERE}/passkeys/{passkey.id}/removal"
    assert [browser.post(address).location for _ in range(2)] == [HERE] * 2, "also sent twice"
    assert not db.session.scalars(select(RecoveryCode)).all()
    assert visit().post("/sign-in", data=MIA).location == "/"


@pytest.mark.parametrize("flags", [PRESENT, VERIFIED, ATTESTED])
def test_one_that_does_not_ask_who_holds_it_is_not_added(world, visit, flags):
    browser = visit(world.mia)
    credential = Device().make(question(browser, f"{HERE}/passkeys"), flags)
    answer = browser.post(f"{HERE}/passkeys", data={"name": "Key", "credential": credential})
    assert answer.status_code == 422
    assert not db.session.scalars(select(Passkey)).all()


@pytest.mark.hardening("S-40")
@pytest.mark.parametrize("answered", [False, True])
def test_one_that_answers_no_question_is_not_added(world, visit, answered):
    browser, device = visit(world.mia), Device()
    options = question(browser, f"{HERE}/passkeys")
    if answered:
        browser.post(
            f"{HERE}/passkeys", data={"name": "Key", "credential": device.make(options | {"challenge": "AAAA"})}
        )
    else:
        browser.delete_cookie(half_cookie())
    made = device.make(options | {"challenge": ""})
    assert browser.post(f"{HERE}/passkeys", data={"name": "Key", "credential": made}).status_code == 422
    assert not db.session.scalars(select(Passkey)).all()


def test_the_same_key_is_added_once(world, key, visit):
    browser = visit(world.tom)
    credential = key.make(question(browser, f"{HERE}/passkeys"))
    assert browser.post(f"{HERE}/passkeys", data={"name": "Mine", "credential": credential}).status_code == 422
    assert len(db.session.scalars(select(Passkey)).all()) == 1


def test_an_answer_to_use_one_adds_none(world, key, visit):
    browser = visit(world.mia)
    credential = key.use(question(browser, f"{HERE}/passkeys"))
    assert browser.post(f"{HERE}/passkeys", data={"name": "x", "credential": credential}).status_code == 422


def test_whoever_has_to_have_a_second_factor_can_begin_with_a_passkey(app, world, visit):
    app.config["SECOND_FACTOR"] = "staff"
    browser, device = visit(), Device()
    browser.post("/sign-in", data=MIA)
    made = device.make(question(browser, "/sign-in/second"))
    assert not is_in(browser)
    long = browser.post("/sign-in/second", data={"name": "x" * 61, "credential": made})
    assert (long.status_code, "too long" in long.text) == (422, True)
    made = device.make(question(browser, "/sign-in/second"))
    done = browser.post("/sign-in/second", data={"name": "Phone", "credential": made})
    assert len(CODE.findall(done.text)) == 10
    assert is_in(browser)


def test_where_the_desk_has_no_name_there_are_no_passkeys(app, world, visit):
    app.config["PUBLIC_URL"] = "http://192.0.2.7:3003"
    assert not are_possible()
    assert "passkey" not in visit().get("/sign-in").text
    assert "Passkeys" not in visit(world.mia).get(HERE).text


def test_a_reset_takes_all_and_signs_out(world, key, visit):
    browser = visit(world.mia)
    actions.reset_factors(world.ana, world.mia)
    db.commit()
    assert not is_in(browser)
    assert not db.session.scalars(select(Session).where(Session.user_id == world.mia.id)).all()
    assert visit().post("/sign-in", data=MIA).location == "/"


def test_only_administrators_reset_and_nobody_their_own(world):
    for actor, user in [(world.tom, world.mia), (world.ana, world.ana), (world.mia, world.mia)]:
        with pytest.raises(Forbidden):
            actions.reset_factors(actor, user)
