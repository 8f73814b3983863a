"""Signing in at a provider that is as it should be, and whose account that is here."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from informejo import clock, cookies, db
from informejo.accounts import merge_actions
from informejo.accounts.actions import guest_who_wrote
from informejo.accounts.models import HalfSignIn, Role, Session, User
from informejo.accounts.queries import user_by_email
from informejo.audit.models import Access
from informejo.guests.link_actions import make_link
from informejo.guests.link_queries import link_with
from informejo.sso import providers, views
from informejo.sso.models import Identity
from tests.accounts.test_forgotten import body
from tests.factors.conftest import App
from tests.guests.conftest import come
from tests.sso.way import Way, address_in
from tests.world import PASSWORD

__all__ = ["come"]


@pytest.fixture
def browser(desk, world, visit):
    return visit()


def has_come_in(browser, name: str) -> bool:
    page = browser.get("/profile")
    return page.status_code == 200 and name in page.text


def test_somebody_whom_the_real_provider_knows_comes_in_and_has_an_account(browser):
    landed = Way(browser, "real", next="/profile").choose("nia")
    assert (landed.status_code, landed.location) == (303, "/profile")
    nia = user_by_email("nia@example.org")
    assert (nia.name, nia.role, nia.password_hash) == ("Nia Okafor", Role.USER, None)
    assert nia.confirmed_at is not None
    assert has_come_in(browser, "Nia Okafor")
    session = db.session.scalar(select(Session).where(Session.user_id == nia.id))
    assert (session.provider, session.id_token.count(".")) == ("real", 2)
    access = db.session.scalar(select(Access).where(Access.user_id == nia.id))
    assert (access.kind, access.said) == ("signed-in", "With Real.")


def test_the_second_sign_in_finds_the_same_account_whatever_the_address_is_by_then(browser, liar, visit):
    Way(browser).end(liar)
    liar.claims = {"email": "nia.okafor@example.org", "name": "Somebody Else"}
    other = visit()
    assert Way(other).end(liar).status_code == 303
    assert has_come_in(other, "Nia Okafor")
    assert db.session.query(Identity).count() == 1
    assert user_by_email("nia.okafor@example.org") is None


def test_whoever_refuses_there_is_told_so(browser):
    answer = Way(browser, "real").choose("nia", action="deny")
    assert answer.status_code == 403
    assert "was not allowed to tell" in answer.text


def test_who_has_no_address_at_the_provider_is_told_what_to_do(browser):
    answer = Way(browser, "real").choose("nobody")
    assert answer.status_code == 403
    assert "told no e-mail address" in answer.text


def test_what_is_asked_is_new_each_time_and_comes_back_here_alone(browser, desk):
    first, second = (Way(browser, "real").asked for _ in "ab")
    assert first["redirect_uri"] == "http://localhost/sso/real/callback"
    assert (first["response_type"], first["code_challenge_method"]) == ("code", "S256")
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]
    kept = db.session.scalars(select(HalfSignIn)).all()
    assert first["state"] not in str([half.token_hash for half in kept])
    forged = browser.post("/sso/real/sign-in", headers={"Host": "evil.example", "Origin": "http://localhost"})
    assert "evil.example" not in address_in(forged.text)


def test_two_tabs_can_sign_in_at_the_same_time(browser, liar):
    first, second = Way(browser, next="/tickets"), Way(browser, next="/profile")
    assert second.end(liar).location == "/profile"
    assert first.end(liar).location == "/tickets"


def test_nobody_is_led_to_another_site(browser, liar):
    assert Way(browser, next="https://evil.example").end(liar).location == "/"


def test_what_was_being_written_is_kept_on_the_way(browser, liar, world, visit):
    Way(browser).end(liar)
    nia = user_by_email("nia@example.org")
    hidden = {"next": "/tickets/new", "draft": "new-ticket", "for": str(nia.id), "kept-title": "The printer smokes"}
    fresh = visit()
    landed = Way(fresh, **hidden).end(liar)
    assert landed.location == "/tickets/new"
    assert "The printer smokes" in fresh.get("/tickets/new").text
    theirs = visit()
    hidden["for"] = str(world.ren.id)
    assert Way(theirs, **hidden).end(liar).status_code == 409, "it is somebody else's text"


def test_the_sign_in_before_in_this_browser_is_over(desk, world, visit, liar):
    browser = visit(world.ren)
    before = browser.get_cookie(cookies.cookie_name()).value
    Way(browser).end(liar)
    assert has_come_in(browser, "Nia Okafor")
    old = visit()
    old.set_cookie(cookies.cookie_name(), before)
    assert old.get("/profile").status_code == 303


@pytest.mark.hardening("S-43")
def test_a_second_issuer_with_the_same_subject_and_address_takes_nothing_over(browser, liar, visit):
    Way(browser, "real").choose("nia")
    other = visit()
    answer = Way(other).end(liar)  # the liar says just the same
    assert answer.location == "/sign-in?other&next=/sso/link", "it may be linked, by whoever can sign in as Nia"
    assert other.get("/profile").status_code == 303
    liar.claims = {"email": "else@example.org"}
    Way(other).end(liar)
    assert has_come_in(other, "else@example.org")
    assert not has_come_in(other, "nia@example.org")


@pytest.mark.hardening("S-43")
@pytest.mark.parametrize(
    "claims", [{}, {"email_verified": False}, {"email_verified": None}, {"email": "MIA@Example.org"}]
)
def test_an_address_alone_opens_no_account(browser, liar, world, claims):
    liar.claims = {"email": "mia@example.org"} | claims
    answer = Way(browser).end(liar)
    assert browser.get("/profile").status_code == 303
    assert answer.status_code in (303, 403)
    if "email_verified" in claims:
        assert "Somebody has this address here" in answer.text
    assert db.session.query(Identity).count() == 0


def test_with_the_confirmed_address_and_the_password_it_is_linked(browser, liar, world, visit):
    liar.claims = {"email": "mia@example.org"}
    assert "is an account with your address here" in browser.get(Way(browser).end(liar).location).text
    signed_in = browser.post("/sign-in", data={"email": world.mia.email, "password": PASSWORD, "next": "/sso/link"})
    assert "Link Liar" in browser.get(signed_in.location).text
    assert browser.post("/sso/link").location == "/profile/security"
    fresh = visit()
    Way(fresh).end(liar)
    assert has_come_in(fresh, "mia@example.org")
    assert browser.post("/sso/link").location == "/profile/security", "sent twice it leads there again"
    with clock.at(clock.now() + timedelta(minutes=3)):
        assert browser.post("/sso/link").status_code == 404, "it waited once"
    assert db.session.query(Identity).count() == 1


@pytest.mark.parametrize("name", ["zoe", "mia"])
def test_who_is_known_at_the_provider_by_the_address_of_an_account_that_was_merged_links_it_with_that_one(
    desk, browser, liar, world, name
):
    email = getattr(world, name).email
    merge_actions.merge(world.ana, world.zoe, world.mia)
    db.commit()
    desk.config["PASSWORD_SIGN_IN"] = False
    liar.claims = {"email": "zoe@example.org"}
    Way(browser).end(liar)
    signed_in = browser.post("/sign-in", data={"email": email, "password": PASSWORD, "next": "/sso/link"})
    assert "Link Liar" in browser.get(signed_in.location).text
    assert browser.post("/sso/link").location == "/profile/security"
    assert db.session.scalar(select(Identity.user_id)) == world.mia.id


@pytest.mark.hardening("S-43")
def test_what_waits_to_be_linked_is_for_the_owner_of_the_address(browser, liar, world, visit):
    liar.claims = {"email": "mia@example.org"}
    Way(browser).end(liar)
    browser.post("/sign-in", data={"email": world.ren.email, "password": PASSWORD})
    assert "There is nothing to link" in browser.get("/sso/link").text
    assert browser.post("/sso/link").status_code == 404
    assert visit(world.mia).post("/sso/link").status_code == 404, "in another browser there is nothing"


def test_an_address_that_was_never_confirmed_here_is_not_linked_by_it(browser, liar, world):
    world.ren.confirmed_at = None
    db.commit()
    liar.claims = {"email": "ren@example.org"}
    assert "Somebody has this address here" in Way(browser).end(liar).text


def test_a_guest_keeps_their_tickets_where_the_provider_is_believed(browser, liar, world, desk):
    gus = guest_who_wrote("gus@example.org", "Gus")
    ticket = world.ticket(by=gus)
    liar.claims = {"email": "gus@example.org"}
    assert "There are tickets under this address" in Way(browser).end(liar).text
    desk.config["SSO_LIAR_TRUST_EMAIL"] = True
    liar.claims |= {"email_verified": False}
    assert Way(browser).end(liar).status_code == 403, "not even by a provider that is believed, if it says no"
    liar.claims |= {"email_verified": None}
    assert Way(browser).end(liar).status_code == 303
    assert has_come_in(browser, "gus@example.org")
    assert db.session.get(User, gus.id).role == Role.USER
    assert browser.get(f"/tickets/{ticket.number}").status_code == 200


def test_a_guest_who_holds_a_mailed_link_keeps_their_tickets_too(browser, liar, world, visit):
    ticket = world.ticket(by=world.gus)
    link, over = make_link(world.gus, ticket), make_link(world.gus, ticket)
    another = make_link(world.ren, world.ticket())
    link_with(over.token).expires_at = clock.now()
    db.commit()
    liar.claims = {"email": "gus@example.org"}
    browser.set_cookie(f"{cookies.cookie_name()}-1", over.token)
    browser.set_cookie(f"{cookies.cookie_name()}-2", another.token)
    assert "There are tickets under this address" in Way(browser).end(liar).text, "one is over, one another's"
    browser.set_cookie(f"{cookies.cookie_name()}-{ticket.number}", link.token)
    liar.claims |= {"email_verified": False}
    assert Way(browser).end(liar).status_code == 403, "the provider has to say so too"
    liar.claims |= {"email_verified": True}
    assert Way(browser).end(liar).status_code == 303
    assert has_come_in(browser, "gus@example.org")
    assert browser.get(f"/tickets/{ticket.number}").status_code == 200


def test_links_of_a_guest_end_when_a_provider_makes_them_a_requester(browser, liar, world, desk, come):
    desk.config["SSO_LIAR_TRUST_EMAIL"] = True
    ticket = world.ticket(by=world.gus)
    holder = come(world.gus, ticket)
    assert holder.get(f"/tickets/{ticket.number}").status_code == 200
    liar.claims = {"email": "gus@example.org"}
    assert Way(browser).end(liar).status_code == 303
    assert holder.get(f"/tickets/{ticket.number}").status_code == 401
    assert browser.get(f"/tickets/{ticket.number}").status_code == 200


def test_whoever_is_shut_out_stays_out(browser, liar, world):
    liar.claims = {"email": "dan@example.org"}
    assert "This account is closed" in Way(browser).end(liar).text
    liar.claims = {}
    Way(browser).end(liar)
    user_by_email("nia@example.org").active = False
    db.commit()
    assert browser.get("/profile").status_code == 303
    assert "This account is closed" in Way(browser).end(liar).text


def test_a_link_is_made_and_undone_on_ones_own_page(desk, world, visit, liar):
    browser = visit(world.mia)
    liar.claims = {"email": "private@example.net", "sub": "m"}
    way = Way(browser, deed="link")
    assert (way.asked["prompt"], way.asked["max_age"]) == ("login", "0")
    assert way.end(liar).location == "/profile/security"
    page = browser.get("/profile/security").text
    assert "It is linked" in page
    id = db.session.scalar(select(Identity.id))
    assert f"/profile/identities/{id}/removal" in page
    assert visit(world.tom).post(f"/profile/identities/{id}/removal").status_code == 404
    for _ in range(2):  # sent twice it leads there again
        assert browser.post(f"/profile/identities/{id}/removal").location == "/profile/security"
    assert db.session.query(Identity).count() == 0


def test_unlinking_an_account_signs_out_whoever_came_by_it(desk, liar, real, world, visit):
    mia, by_password = visit(world.mia), visit(world.mia)
    liar.claims = {"email": "stranger@example.net", "sub": "stranger"}
    Way(mia, deed="link").end(liar)
    Way(mia, "real", deed="link").choose("nia")
    stranger, here, by_real = visit(), visit(), visit()
    Way(stranger).end(liar)
    Way(here).end(liar)
    Way(by_real, "real").choose("nia")
    assert has_come_in(stranger, "mia@example.org")
    id = db.session.scalar(select(Identity.id).where(Identity.subject == "stranger"))
    assert here.post(f"/profile/identities/{id}/removal").location == "/profile/security"
    assert not has_come_in(stranger, "mia@example.org")
    for other in (mia, by_password, here, by_real):
        assert has_come_in(other, "mia@example.org")


def test_whoever_is_half_way_in_by_an_account_that_is_unlinked_gets_no_further(desk, liar, world, visit):
    mia, stranger = visit(world.mia), visit()
    liar.claims = {"email": "stranger@example.net", "sub": "stranger"}
    Way(mia, deed="link").end(liar)
    mias = App(world.mia)
    assert Way(stranger).end(liar).location == "/sign-in/second"
    mia.post(f"/profile/identities/{db.session.scalar(select(Identity.id))}/removal")
    stranger.post("/sign-in/second", data={"code": mias.digits()})
    assert not has_come_in(stranger, "mia@example.org")


def test_an_account_that_signs_somebody_in_cannot_be_linked_by_another(browser, desk, world, visit, liar):
    Way(browser).end(liar)
    assert "This belongs to another account" in Way(visit(world.mia), deed="link").end(liar).text
    mia = visit(world.mia)
    way = Way(mia, deed="link")
    mia.post("/sign-out")
    liar.claims = {"sub": "m", "email": "m@example.org"}
    assert "You are not signed in as before" in way.end(liar).text


@pytest.mark.hardening("S-47")
def test_a_sign_in_that_ends_while_it_waits_to_write_links_nothing(desk, world, visit, liar, monkeypatch):
    way, looked = Way(visit(world.mia), deed="link"), views.look_up

    def end_after(view):
        looked(view)
        db.session.commit()
        with db.session.get_bind().begin() as elsewhere:
            elsewhere.execute(delete(Session))

    monkeypatch.setattr(views, "look_up", end_after)
    liar.claims = {"sub": "m", "email": "m@example.org"}
    assert "/sign-in" in way.end(liar).location
    assert db.session.query(Identity).count() == 0


def test_nobody_unlinks_their_only_way_in(browser, liar):
    Way(browser).end(liar)
    id = db.session.scalar(select(Identity.id))
    answer = browser.post(f"/profile/identities/{id}/removal")
    assert answer.status_code == 403
    assert "lock yourself out" in answer.text


def test_signing_out_goes_on_to_the_provider_and_works_without_it(browser, liar, desk):
    Way(browser).end(liar)
    page = browser.post("/sign-out")
    leaves = address_in(page.text)
    assert leaves.startswith(f"{liar.issuer}/end_session?")
    assert "post_logout_redirect_uri=http%3A%2F%2Flocalhost%2Fsign-in" in leaves
    assert "id_token_hint=" in leaves
    assert browser.get("/profile").status_code == 303
    assert db.session.scalars(select(Session.id_token).where(Session.provider == "liar")).all() == [""]
    Way(browser).end(liar)
    desk.config["SSO_LIAR_ISSUER"] = "http://localhost:9"
    assert browser.post("/sign-out").location == "/sign-in"
    assert browser.get("/profile").status_code == 303


@pytest.mark.hardening("H-05")
def test_nobody_is_signed_in_by_a_header(browser):
    names = (
        "Remote-User",
        "X-Remote-User",
        "X-Forwarded-User",
        "X-Forwarded-Email",
        "X-Auth-Request-Email",
        "OIDC-CLAIM-email",
    )
    headers = dict.fromkeys(names, "ana@example.org")
    assert browser.get("/profile", headers=headers).status_code == 303
    assert browser.get("/profile", environ_overrides={"REMOTE_USER": "ana@example.org"}).status_code == 303


def test_where_passwords_are_off_only_the_providers_are_offered(browser, liar, desk, world):
    assert 'name="password"' in browser.get("/sign-in").text
    desk.config["PASSWORD_SIGN_IN"] = False
    page = browser.get("/sign-in?next=/tickets").text
    assert "Sign in with Real" in page
    assert 'name="password"' not in page
    assert "/register" not in page
    assert browser.get("/register").status_code == 404
    refused = browser.post("/sign-in", data={"email": "ana@example.org", "password": PASSWORD})
    assert refused.status_code == 403
    assert "Passwords are not taken here" in refused.text
    liar.claims = {"email": "mia@example.org"}
    assert 'name="password"' in browser.get(Way(browser).end(liar).location).text, "to link an older account"
    desk.config["SSO_PROVIDERS"] = ""
    assert 'name="password"' in browser.get("/sign-in").text, "nobody may be locked out by a setting"


def test_the_front_page_says_with_what_one_signs_in(browser, desk):
    assert "With your e-mail address and password, or with Real, or with Liar." in browser.get("/").text
    desk.config["PASSWORD_SIGN_IN"] = False
    page = browser.get("/").text
    assert "With Real, or with Liar." in page
    assert "password" not in page
    assert "/register" not in page, "there is nothing then"
    desk.config["SSO_PROVIDERS"] = ""
    assert "With your e-mail address and password." in browser.get("/").text


@pytest.mark.parametrize("waits", [False, True])
def test_where_passwords_are_off_no_other_way_leads_to_one(browser, liar, desk, world, post, sink, waits):
    world.mia.confirmed_at = clock.now()
    db.session.commit()
    desk.config["PASSWORD_SIGN_IN"] = False
    if waits:
        liar.claims = {"email": "mia@example.org"}
        Way(browser).end(liar)
    assert browser.get("/register").status_code == 404
    assert browser.post("/sign-in", data={"email": "ana@example.org", "password": PASSWORD}).status_code == 403
    browser.post("/forgot-password", data={"email": "ana@example.org"})
    post.deliver()
    assert "choose-password" not in body(sink)
    assert "the sign-in of your organisation" in body(sink)
    mia = browser.post("/sign-in", data={"email": "mia@example.org", "password": PASSWORD})
    assert mia.status_code == (303 if waits else 403)


NO_ADDRESS = "must be an address that begins with https://."
WRONG = {
    "SSO_PROVIDERS": {
        "real real": "names the same provider twice.",
        **dict.fromkeys(("re-al", "1a", "x" * 30), "must be a word of letters and digits, such as keycloak."),
    },
    "SSO_REAL_ISSUER": {
        "": "is missing; docs/sso.md says where it comes from.",
        "http://idp.example.org": NO_ADDRESS,
        "idp.example.org": NO_ADDRESS,
        "https://a:b@idp.example.org": NO_ADDRESS,
        "http://[": NO_ADDRESS,
        "https://x/?a": NO_ADDRESS,
    },
    "SSO_REAL_CLIENT_ID": {"": "is missing; docs/sso.md says where it comes from."},
    "SSO_REAL_CLIENT_SECRET": {"": "is missing; docs/sso.md says where it comes from."},
    "SSO_REAL_SCOPES": {"profile": "must have openid among them."},
    "SSO_REAL_ROLE_MAP": {
        **dict.fromkeys(("admin", "=admin", "a=king"), "does not look like a name, =, and one of admin, agent, user."),
        "a=admin, A=agent": "stands there twice.",
    },
}


@pytest.mark.parametrize("name", WRONG)
def test_a_setting_that_is_wrong_is_said_in_a_sentence_that_names_it(desk, name):
    providers.read(desk.config)
    for value, sentence in WRONG[name].items():
        with pytest.raises(ValueError, match=f"^{name}") as said:
            providers.read(desk.config | {name: value})
        assert str(said.value).endswith(sentence)
        assert "a secret" not in str(said.value)


def test_roles_of_this_client_are_looked_for_under_its_own_id_whatever_it_is(desk):
    wanted = {"SSO_REAL_CLIENT_ID": "desk.example", "SSO_REAL_ROLE_CLAIMS": "resource_access.{client_id}.roles groups"}
    found = providers.read(desk.config | wanted)[0].role_claims
    assert found == (("resource_access", "desk.example", "roles"), ("groups",))
