"""Every address and every kind of person: how it answers, written down once. A new address without a row fails."""

from datetime import timedelta

import pytest

from informejo import clock, db
from informejo.mail import actions as mail
from informejo.mail.models import CaughtMail, OutgoingMail
from informejo.mail.words import Kind, OutState
from informejo.teams import actions as teams
from informejo.tickets import change_actions
from tests.intake.letters import come, letter
from tests.world import PASSWORD

PEOPLE = (None, "zoe", "ren", "mia", "ana")  # visitor, other user, requester of the ticket, agent, admin
TEXT = {"title": "The printer smokes", "description": "It smokes at the back."}
FIXED = {"body": "An answer.", "version": "1"}
NEW = {"email": "new@example.org", "name": "New", "password": "violet ladder 77 sea", "again": "violet ladder 77 sea"}
SET = {"GREETING": "Welcome.", "was-GREETING": ""}
CHANGED = {"current": "wrong", "password": "violet ladder 77 sea", "again": "violet ladder 77 sea"}

# The address, what is posted, and the answers in the order of PEOPLE. 303 to a visitor's GET is the sign-in page.
READ = {
    "/": "200 302 302 302 302",
    "/sign-in": "200 303 303 303 303",
    "/register": "200 200 200 200 200",
    "/submit-ticket": "200 303 303 303 303",
    "/submit-ticket/sent": "200 200 200 200 200",
    "/check": "200 303 303 303 303",
    "/t/": "404 404 404 404 404",
    "/t/<token>": "404 404 404 404 404",
    "/register/sent": "200 200 200 200 200",
    "/setup/<token>": "410 410 410 410 410",
    "/choose-password/<token>": "410 410 410 410 410",
    "/forgot-password": "200 200 200 200 200",
    "/forgot-password/sent": "200 200 200 200 200",
    "/static/<path:filename>": "200 200 200 200 200",
    "/assets/<mark>.<any(css, js):kind>": "200 200 200 200 200",
    "/profile": "303 200 200 200 200",
    "/profile/security": "303 200 200 200 200",
    "/profile/address": "303 200 200 200 200",
    "/profile/address/<token>": "303 410 410 410 410",
    "/profile/security/authenticator": "303 303 303 303 303",
    "/sign-in/second": "303 303 303 303 303",
    "/sso/link": "303 200 200 200 200",
    "/sso/<provider>/callback": "410 410 410 410 410",
    "/sso/mapping": "303 403 403 403 200",
    "/profile/mail": "303 200 200 200 200",
    "/profile/data": "303 200 200 200 200",
    "/mail/confirm/<token>": "410 410 410 410 410",
    "/tickets": "303 200 200 200 200",
    "/tickets/news": "303 200 200 200 200",
    "/tickets/new": "303 200 200 200 200",
    "/tickets/<int:number>": "303 404 200 200 200",
    "/tickets/<int:number>/edit": "303 404 200 403 403",
    "/tickets/<int:number>/as-requester": "303 404 403 200 200",
    "/tickets/<int:number>/print": "303 404 200 200 200",
    "/tickets/<int:number>/mail": "303 404 404 200 200",
    "/tickets/<int:number>/others": "303 404 404 200 200",
    "/tickets/<int:number>/recipients": "303 404 404 200 200",
    "/tickets/<int:number>/links": "303 404 200 200 200",
    "/comments/<int:id>": "303 404 302 302 302",
    "/comments/<int:id>/edit": "303 404 200 403 403",
    "/files/<token>": "303 404 200 200 200",
    "/files/<token>/<name>": "303 404 200 200 200",
    "/desk": "303 403 403 200 200",
    "/desk/counts": "303 403 403 200 200",
    "/queue": "303 403 403 200 200",
    "/queue/news": "303 403 403 200 200",
    "/audit": "303 403 403 403 200",
    "/audit.csv": "303 403 403 403 200",
    "/admin": "303 403 403 403 200",
    "/settings": "303 403 403 403 200",
    "/settings/mail": "303 403 403 403 200",
    "/settings/categories": "303 403 403 403 200",
    "/assets/desk/<mark>.css": "200 200 200 200 200",
    "/assets/desk/<mark>.logo": "404 404 404 404 404",
    "/bin": "303 403 403 403 200",
    "/teams": "303 403 403 200 200",
    "/teams/<int:id>": "303 404 404 200 200",
    "/users": "303 403 403 200 200",
    "/users/new": "303 403 403 403 200",
    "/users/<int:id>": "303 404 404 200 200",
    "/users/<int:id>/rights": "303 404 404 403 200",
    "/users/<int:id>/sign-in": "303 404 404 403 200",
    "/users/<int:id>/merge": "303 404 404 403 200",
    "/users/<int:id>/erasure": "303 404 404 403 200",
    "/health": "303 403 403 403 200",
    "/mail/in": "303 403 403 200 200",
    "/mail/in/<int:id>": "303 404 404 200 200",
    "/mail/in/<int:id>/raw": "303 404 404 200 200",
    "/mail/in/<int:id>/parts/<int:number>": "303 404 404 200 200",
    "/mail/out": "303 403 403 200 200",
    "/mail/caught": "303 403 403 403 200",
    "/mail/caught/<int:id>": "303 404 404 404 200",
    "/mail/caught/<int:id>/html": "303 404 404 404 200",
    "/mail/check": "303 403 403 403 200",
    "/healthz": "200 200 200 200 200",
    "/readyz": "200 200 200 200 200",
    "/metrics": "200 200 200 200 200",
    "/unread": "303 200 200 200 200",
    "/me.css": "303 200 200 200 200",
    "/live": "401 404 200 200 200",
    "/live/probe": "404 404 404 404 404",
    "/live/events": "401 404 200 200 200",
}
CHANGE = {
    "/sign-in": ({"email": "ren@example.org", "password": PASSWORD}, "303 303 303 303 303"),
    "/sign-out": ({}, "303 303 303 303 303"),
    "/register": (NEW, "303 422 422 422 422"),  # an address is free once
    "/submit-ticket": (TEXT | {"name": "New", "email": "new@example.org"}, "303 307 307 307 307"),
    "/check": ({"email": "ren@example.org", "code": "7KQ2M-XW4TP"}, "422 422 422 422 422"),
    "/check/link": ({"email": "ren@example.org", "number": "1"}, "303 303 303 303 303"),
    "/t/<token>": ({}, "404 404 404 404 404"),
    "/setup/<token>": (NEW, "410 410 410 410 410"),
    "/choose-password/<token>": (NEW, "410 410 410 410 410"),
    "/forgot-password": ({"email": "ren@example.org"}, "422 422 422 422 422"),  # no mail can be sent here
    "/profile": ({"name": "Somebody"}, "401 303 303 303 303"),
    "/profile/password": (CHANGED, "401 422 422 422 422"),
    "/profile/address": ({"email": "new@example.org"}, "401 422 422 422 422"),  # no mail can be sent here
    "/profile/address/confirmation": ({}, "401 422 422 422 422"),  # no mail can be sent here
    "/profile/address/<token>": ({}, "401 410 410 410 410"),
    "/profile/data/copy": ({}, "401 200 200 200 200"),
    "/profile/data/deletion": ({}, "401 422 422 422 422"),  # it wants to be ticked
    "/profile/sessions": ({}, "401 303 303 303 303"),
    "/prove": ({"password": PASSWORD, "to": "/profile/sessions"}, "401 200 200 200 200"),
    "/profile/sessions/<int:id>/end": ({}, "401 404 404 404 404"),  # the id of nobody's sign-in
    "/prove/mail": ({}, "401 422 422 422 422"),  # they have a password
    "/prove/challenge": ({}, "401 200 200 200 200"),
    "/sign-in/second": ({"code": "123456"}, "422 422 422 422 422"),
    "/sign-in/second/challenge": ({}, "403 403 403 403 403"),
    "/sign-in/passkey": ({"credential": "{}"}, "422 422 422 422 422"),
    "/sign-in/passkey/challenge": ({}, "200 200 200 200 200"),
    "/profile/security/authenticator": ({}, "401 303 303 303 303"),
    "/profile/security/authenticator/confirmation": ({"code": "123456"}, "401 303 303 303 303"),
    "/profile/security/authenticator/removal": ({}, "401 303 303 303 303"),
    "/profile/security/codes": ({}, "401 303 303 303 303"),
    "/profile/security/passkeys": ({}, "401 200 200 200 200"),
    "/profile/security/passkeys/challenge": ({}, "401 200 200 200 200"),
    "/profile/security/passkeys/<int:id>/removal": ({}, "401 404 404 404 404"),
    "/sso/<provider>/sign-in": ({}, "503 503 503 503 503"),  # nobody answers there
    "/sso/<provider>/link": ({}, "401 503 503 503 503"),
    "/sso/<provider>/proof": ({}, "401 503 503 503 503"),
    "/sso/<provider>/back-channel-logout": ({}, "400 400 400 400 400"),  # it wants to be signed
    "/sso/link": ({}, "401 404 404 404 404"),
    "/profile/identities/<int:id>/removal": ({}, "401 404 404 404 404"),
    "/sso/<provider>/mapping": ({}, "401 403 403 403 200"),
    "/profile/mail": ({"mine": "yes", "daily_at": "07:30"}, "401 303 303 303 303"),
    "/mail/confirm/<token>": ({}, "410 410 410 410 410"),
    "/drafts": ({"draft": "ticket:1", "body": "half a sentence"}, "401 303 303 303 303"),
    "/drafts/discard": ({"draft": "ticket:1", "discard": "k"}, "401 303 303 303 303"),
    "/tickets": (TEXT, "401 303 303 303 303"),
    "/tickets/<int:number>/comments": ({"body": "Hello."}, "401 404 303 303 303"),
    "/tickets/<int:number>/comments + note": ({"body": "Hello.", "internal": "yes"}, "401 404 403 303 303"),
    "/tickets/<int:number>/<any(status, priority, category):field>": ({"value": "resolved"}, "401 404 303 303 303"),
    "/tickets/<int:number>/<any(status, priority, category):field> + staff": (
        {"value": "waiting"},
        "401 404 403 303 303",
    ),
    "/tickets/<int:number>/assignment": ({"value": "me"}, "401 404 403 303 303"),
    "/tickets/<int:number>/team": ({"value": ""}, "401 404 403 303 303"),
    "/tickets/<int:number>/confidentiality": ({"value": "no"}, "401 404 403 303 303"),
    "/tickets/<int:number>/named": ({"user": "2"}, "401 404 403 422 422"),
    "/tickets/<int:number>/named/<int:id>/removal": ({}, "401 404 403 303 303"),
    "/tickets/<int:number>/watchers": ({"user": "me"}, "401 404 403 303 303"),
    "/tickets/<int:number>/watchers/<int:id>/removal": ({}, "401 404 403 303 303"),
    "/tickets/<int:number>/edit": (TEXT | {"version": "1"}, "401 404 303 403 403"),
    "/comments/<int:id>/edit": (FIXED, "401 404 303 403 403"),
    "/tickets/<int:number>/seen": ({"event": "1"}, "401 404 303 303 303"),
    "/tickets/<int:number>/links": ({}, "401 404 303 303 303"),
    "/tickets/<int:number>/links/<int:id>/removal": ({}, "401 404 404 404 404"),
    "/tickets/<int:number>/links/removal": ({}, "401 404 303 303 303"),
    "/tickets/<int:number>/leaving": ({}, "401 404 303 303 303"),
    "/tickets/<int:number>/confirmation": ({}, "401 404 303 303 303"),
    "/tickets/<int:number>/writing": ({}, "401 404 204 204 204"),
    "/tickets/<int:number>/deletion": ({}, "401 404 403 403 303"),
    "/tickets/<int:number>/restoration": ({}, "401 404 404 404 303"),
    "/health": ({}, "401 403 403 403 303"),
    "/health/readers/<reader>/<int:event_id>": ({}, "401 403 403 403 404"),
    "/mail/check": ({}, "401 403 403 403 303"),
    "/mail/in/<int:id>/attempts": ({}, "401 404 404 303 303"),
    "/mail/in/<int:id>/ticket": ({}, "401 404 404 303 303"),
    "/mail/in/<int:id>/move": ({"number": "1"}, "401 404 404 303 303"),
    "/mail/in/<int:id>/undo": ({}, "401 404 404 303 303"),
    "/mail/out/<int:id>/attempts": ({}, "401 404 404 303 303"),
    "/settings": (SET, "401 403 403 403 303"),
    "/desk/first-steps": ({"value": "shared"}, "401 403 403 403 303"),
    "/settings/mail": ({"was-MAIL_FOOTER": "", "MAIL_FOOTER": "Bye."}, "401 403 403 403 303"),
    "/settings/categories": ({"new": "Printers"}, "401 403 403 403 303"),
    "/settings/logo": ({"remove": "yes"}, "401 403 403 403 303"),
    "/settings/changes/<int:id>/undo": ({}, "401 403 403 403 404"),
    "/teams": ({"name": "Networks"}, "401 403 403 403 303"),
    "/teams/<int:id>": ({"name": "Networks", "sees": "own"}, "401 404 404 403 303"),
    "/teams/<int:id>/members": ({"user": "2"}, "401 404 404 403 303"),
    "/teams/<int:id>/members/<int:user_id>/removal": ({}, "401 404 404 403 303"),
    "/teams/<int:id>/deletion": ({}, "401 404 404 403 303"),
    "/users": ({"people": "Kim Oda <kim@example.org>", "role": "agent"}, "401 403 403 403 303"),
    "/users/<int:id>/person": ({"name": "Zoe Kohl"}, "401 404 404 403 303"),
    "/users/<int:id>/address": ({"email": "zoe.kohl@example.org"}, "401 404 404 403 303"),
    "/users/<int:id>/sessions": ({}, "401 404 404 403 303"),
    "/users/<int:id>/factors": ({}, "401 404 404 403 303"),
    "/users/<int:id>/undo": ({}, "401 404 404 403 422"),
    "/users/<int:id>/merge": ({"into": "4"}, "401 404 404 403 303"),
    "/users/<int:id>/erasure": ({"typed": "zoe@example.org"}, "401 404 404 403 303"),
    "/users/<int:id>/role": ({"value": "agent"}, "401 404 404 403 303"),
    "/users/<int:id>/activity": ({"value": "inactive"}, "401 404 404 403 303"),
    "/users/<int:id>/handover": ({}, "401 404 404 303 303"),
    "/users/<int:id>/password-link": ({}, "401 404 404 403 200"),
    "/users/<int:id>/password-mail": ({}, "401 404 404 403 303"),
}
PROVIDER = {
    "SSO_PROVIDERS": "gone",
    "SSO_GONE_ISSUER": "http://localhost:9",
    "SSO_GONE_CLIENT_ID": "desk",
    "SSO_GONE_CLIENT_SECRET": "a secret",
}
GRAND = " + "  # begins what tells two rows of one address apart
FILLED = {
    "<int:number>": "1",
    "<any(status, priority, category):field>": "status",
    "<mark>.<any(css, js):kind>": "old.css",
    "<path:filename>": "icons.svg",
    "<reader>": "mail",
    "<provider>": "gone",
    "<int:event_id>": "1",
}


@pytest.fixture
def place(app, world):
    """`place("/tickets/<int:number>")`: the address of Ren's ticket, comment, file, Zoe's account, a mail."""
    app.config |= PROVIDER
    world.ana.created_at -= timedelta(days=1)  # else she would be led on by the link that could have made her account
    ticket = world.ticket(**TEXT, files=[world.file()])
    said = world.comment(world.ren, ticket, "It still burns.")
    values = FILLED | {"<int:id>": str(said.id), "<token>": ticket.attachments[0].token, "<name>": "smoke.png"}

    def place(row: str) -> str:
        if "restoration" in row:
            change_actions.delete_ticket(world.ana, ticket)
            db.commit()
        address = row.partition(GRAND)[0]
        if address.startswith(("/mail/out/", "/mail/caught/", "/teams/", "/users/")):
            return address.replace("<int:id>", str(_id(world, address))).replace("<int:user_id>", "2")
        if address.endswith("/removal"):
            mail.watch(world.tom, ticket, world.tom)
            db.commit()
            address = address.replace("<int:id>", str(world.tom.id))
        if address.startswith("/mail/in/"):
            came = come(letter(files=(("log.txt", b"It blinks."),)))
            return address.replace("<int:id>", str(came.id)).replace("<int:number>", "1")
        for part, value in values.items():
            address = address.replace(part, value)
        return address + ("?on=ticket:1" if address.startswith("/live") else "")

    return place


def _id(world, address: str) -> int:
    """The id of what such an address is of: a mail, a new team, or Zoe's account."""
    if address.startswith("/users/"):
        return world.zoe.id
    if address.startswith("/mail/"):
        return _mail(address)
    team = teams.create_team(world.ana, name="Service desk")
    db.commit()
    return team.id


def _mail(address: str) -> int:
    """The id of a mail that was given up, or of one that was caught."""
    kept = CaughtMail(address="ren@example.org", subject="Hello", raw=b"Subject: Hello\r\n\r\nHello.\r\n")
    failed = OutgoingMail(kind=Kind.CHECK, address="ren@example.org", due_at=clock.now(), state=OutState.FAILED)
    mail = kept if "caught" in address else failed
    db.session.add(mail)
    db.commit()
    return mail.id


@pytest.fixture
def answers(world, visit):
    """How each of PEOPLE is answered, one after the other; what a door did not commit is gone before the next."""

    def answers(method: str, address: str, fields: dict | None = None) -> str:
        statuses = []
        for who in PEOPLE:
            browser = visit(who and getattr(world, who))
            answer = browser.open(address, method=method, data=fields, buffered=False)
            statuses.append(str(answer.status_code))
            answer.close()
            db.session.rollback()
        return " ".join(statuses)

    return answers


@pytest.mark.hardening("H-07", "O-15")
def test_every_address_has_its_row(app):
    rules = [rule for rule in app.url_map.iter_rules() if not app.config["DEVELOPMENT"]]
    assert {rule.rule for rule in rules if "GET" in rule.methods} == set(READ)
    changing = {rule.rule for rule in rules if rule.methods - {"GET", "HEAD", "OPTIONS"}}
    assert changing == {row.partition(GRAND)[0] for row in CHANGE}
    assert not [rule.rule for rule in rules if rule.methods - {"GET", "HEAD", "OPTIONS", "POST"}]


@pytest.mark.hardening("H-07")
@pytest.mark.parametrize("row", READ)
def test_an_address_is_shown_to_whom_it_is_for(place, answers, row):
    assert answers("GET", place(row)) == READ[row]


@pytest.mark.hardening("H-07")
@pytest.mark.parametrize("row", CHANGE)
def test_a_change_is_made_for_whom_it_is_for(place, answers, row):
    fields, expected = CHANGE[row]
    assert answers("POST", place(row), fields) == expected


@pytest.mark.hardening("H-07")
@pytest.mark.parametrize("row", [row for row in READ if "<int" in row])
def test_what_is_not_there_looks_like_what_is_hidden(world, visit, place, row):
    hidden = visit(world.zoe).get(place(row))
    for number in ("999", "9" * 30):
        missing = visit(world.zoe).get(row.replace("<int:number>", number).replace("<int:id>", number))
        assert (missing.status_code, missing.data) == (hidden.status_code, hidden.data)
        assert missing.status_code == 404


@pytest.mark.parametrize("row", [row for row in CHANGE if "<int" in row])
def test_what_is_not_there_cannot_be_changed_by_anybody(world, visit, row):
    for number in ("999", "9" * 30):
        address = row.partition(GRAND)[0].replace("<any(status, priority, category):field>", "status")
        for part in ("<int:number>", "<int:id>", "<int:user_id>"):
            address = address.replace(part, number)
        assert visit(world.ana).post(address, data=CHANGE[row][0]).status_code == 404


@pytest.mark.hardening("H-37", "S-26")
@pytest.mark.parametrize("row", READ)
def test_looking_changes_nothing(world, visit, place, row):
    address, browser = place(row), visit(world.ana)
    before = contents()
    for method in ("GET", "HEAD"):
        browser.open(address, method=method, buffered=False).close()
    assert contents() == before


def contents() -> list:
    """Every row of every table but that of refusals, which are written down."""
    db.session.rollback()
    tables = (table for table in db.Model.metadata.sorted_tables if table.name != "accesses")
    return [db.session.execute(table.select()).all() for table in tables]
