"""A code from a mail opens the ticket however it is typed; whoever guesses learns nothing."""

import re

import pytest
from limits import parse

from informejo import cookies, db, rates
from informejo.accounts.models import Session
from informejo.accounts.rights_actions import set_active
from informejo.audit.models import Access
from informejo.drafts.models import Draft
from informejo.guests import codes, link_actions, link_queries
from informejo.guests.link_actions import make_link
from informejo.offload import offload
from tests.guests.conftest import NEW
from tests.live import dom


@pytest.fixture
def code(world, ticket) -> str:
    code = make_link(world.gus, ticket).code
    db.commit()
    return code


def check(browser, code: str, email: str = "gus@example.org"):
    return browser.post("/check", data={"email": email, "code": code})


def wide(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


def test_codes_have_no_letters_that_look_alike():
    assert not set("0O1ILU") & set(codes.LETTERS)
    assert len({codes.new_code() for _ in range(100)}) == 100
    assert codes.shown("7KQ2MXW4TP") == "7KQ2M-XW4TP"


@pytest.mark.parametrize("typed", [str, str.lower, codes.shown, lambda code: f"  {code[:3]} – {code[3:]}. ", wide])
def test_a_code_is_typed_in_any_way(visit, ticket, code, typed):
    browser = visit()
    answer = check(browser, typed(code), "GUS@Example.org")
    assert answer.location == f"/tickets/{ticket.id}"
    assert ticket.title in browser.get(answer.location).text


@pytest.mark.hardening("H-30", "H-27")
def test_wrong_unknown_and_ended_are_one_answer(app, world, visit, ticket, code, monkeypatch):
    slept = []
    monkeypatch.setattr("informejo.security.time.sleep", slept.append)
    monkeypatch.setattr("informejo.security.EVEN_SECONDS", 600)  # more than a machine at work takes
    theirs = make_link(world.zoe, world.ticket(world.zoe)).code
    ended = make_link(world.gus, ticket).code
    link = db.session.query(Session).order_by(Session.id.desc()).first()
    link.expires_at = link.created_at
    db.commit()
    tries = [("gus", "7KQ2MXW4TP"), ("gus", ended), ("gus", theirs), ("nobody", code), ("gus", code[:9]), ("gus", "x"),
             ("gus", "1")]  # fmt: skip
    answers = set()
    for who, tried in tries:
        answer = check(visit(), tried, f"{who}@example.org")
        answers.add((answer.status_code, re.sub(r' value="[^"]*"', "", answer.text)))
        assert not answer.headers.getlist("Set-Cookie")
    assert [status for status, _ in answers] == [422]
    assert len([seconds for seconds in slept if seconds > 300]) == len(tries)
    noted = db.session.query(Access).filter_by(kind="code-failed").all()
    assert len(noted) == len(tries)
    assert world.gus.email not in {access.who for access in noted}, "that of an account goes when it is erased"
    assert check(visit(), code).status_code == 303, "its positive twin"


@pytest.mark.hardening("H-35")
def test_guesses_are_counted_for_each_person(visit, code):
    answers = [check(visit(), "7KQ2MXW4TP").status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]
    assert check(visit(), code).status_code == 429


def visit_from(visit, address, browser=None):
    browser = browser or visit()
    browser.environ_base |= {"REMOTE_ADDR": address}
    return browser


@pytest.mark.hardening("S-36")
def test_strangers_keep_nobody_from_typing_their_code(world, visit, ticket, code, come):
    held = visit_from(visit, "192.0.2.1", come(world.gus, ticket))
    for _ in range(11):
        check(visit_from(visit, "192.0.2.1"), "7KQ2MXW4TP")
    assert check(visit_from(visit, "192.0.2.2"), code).status_code == 303, "from elsewhere"
    assert check(visit_from(visit, "192.0.2.1"), code).status_code == 429
    while check(visit_from(visit, "192.0.2.1"), "7KQ2MXW4TP", "nobody@example.org").status_code == 422:
        pass  # until no code at all is looked at that comes from there
    assert check(held, code).status_code == 303, "and where they were before"


@pytest.mark.hardening("H-35")
def test_guesses_from_many_places_are_counted_too(visit, code, monkeypatch):
    rate = rates.RATES["codes of a person"]
    assert rate.limit == parse("1000 per hour")
    monkeypatch.setitem(rates.RATES, "codes of a person", rate._replace(limit=parse("3 per hour")))
    answers = [check(visit_from(visit, f"192.0.2.{number}"), "7KQ2MXW4TP").status_code for number in range(4)]
    assert answers == [422] * 3 + [429]


@pytest.mark.hardening("S-36", "H-45")
def test_strangers_keep_nobody_who_has_a_link_from_a_new_one(world, visit, ticket, come):
    wish, others = {"email": "gus@example.org"}, world.ticket(world.gus)
    gus, holder = (visit_from(visit, "192.0.2.99", come(world.gus, one)) for one in (others, ticket))
    answers = [visit_from(visit, f"192.0.2.{n}").post("/check/link", data=wish).status_code for n in range(21)]
    assert answers == [303] * 20 + [429]
    own = [holder.post(f"/tickets/{ticket.id}/links").status_code for _ in range(6)]
    assert own == [303] * 5 + [429], "and no more than that is mailed by whoever has the mail"
    assert gus.post("/check/link", data=wish).status_code == 303


@pytest.mark.hardening("S-36")
def test_whoever_has_no_link_is_not_kept_from_one_by_a_stranger_and_else_told_which_work(world, visit, ticket, post):
    wish, address = {"email": "gus@example.org"}, "192.0.2.1"
    answers = [visit_from(visit, address).post("/check/link", data=wish).status_code for _ in range(6)]
    assert answers == [303] * 5 + [429]
    assert visit_from(visit, "192.0.2.2").post("/check/link", data=wish).status_code == 303
    refused = visit_from(visit, address).post("/check/link", data=wish)
    assert "They all work" in refused.text
    links = [mail.link for mail in post.came() if "new link" in mail.text]
    assert links, "which is so"
    assert {visit_from(visit, "192.0.2.3").get(link).location for link in links} == {f"/tickets/{ticket.id}"}


def test_a_code_is_kept_as_a_slow_hash_of_its_own_person(world, ticket, code):
    assert code not in str(list(db.session.execute(Session.__table__.select())))
    assert codes.hashed(code, world.gus.id) != codes.hashed(code, world.zoe.id)


@pytest.mark.hardening("H-30", "O-04")
def test_a_new_link_is_mailed_and_nobody_learns_whether(app, world, visit, post):
    ticket, others = world.ticket(world.gus), world.ticket()
    wishes = [("gus@example.org", str(ticket.id)), ("gus@example.org", ""), ("gus@example.org", str(others.id)),
              ("gus@example.org", "9" * 9), ("nobody@example.org", "#1"), ("dan@example.org", "")]  # fmt: skip
    answers = set()
    for email, number in wishes:
        app.extensions["rates"].storage.reset()
        browser = visit()
        answer = browser.post("/check/link", data={"email": email, "number": number})
        answers.add((answer.status_code, answer.location, browser.get("/check").data))
    assert len(answers) == 1
    assert "a new link is on its way" in answers.pop()[2].decode()
    mails = [mail for mail in post.came() if "new link" in mail.text]
    assert [mail.address for mail in mails] == ["gus@example.org"] * 2
    assert visit().get(mails[0].link).location == f"/tickets/{ticket.id}"
    assert ticket.title in visit_by(visit, mails[0].code, f"/tickets/{ticket.id}")


def test_a_link_is_for_whose_ticket_it_is_and_by_default_for_their_newest(world, ticket):
    newest, others = world.ticket(world.gus, "The newest"), world.ticket()
    wishes = {("gus", ticket.id): ticket, ("gus", None): newest, ("gus", others.id): None, ("mia", others.id): None,
              ("mia", None): None, ("ren", None): others, ("nobody", None): None}  # fmt: skip
    found = {wish: link_queries.own_ticket(f"{wish[0]}@example.org", wish[1]) for wish in wishes}
    assert {wish: opens and opens.ticket for wish, opens in found.items()} == wishes
    assert found["gus", None].user == world.gus


def visit_by(visit, code: str, address: str) -> str:
    browser = visit()
    assert check(browser, code).location == address
    return browser.get(address).text


def test_asking_for_a_link_moves_nothing_in_the_queue(world, visit):
    ticket = world.ticket(world.gus)
    before = ticket.last_event_id, ticket.last_public_event_id
    visit().post("/check/link", data={"email": "gus@example.org"})
    db.session.refresh(ticket)
    assert (ticket.last_event_id, ticket.last_public_event_id) == before


def test_both_forms_of_the_page_say_what_is_wrong_beside_the_right_field(visit):
    page = dom.read(visit().post("/check/link", data={"email": "nobody", "number": "x"}).text)
    assert {field["id"] for field in page.all("input", **{"aria-invalid": "true"})} == {
        "field-link-email",
        "field-link-number",
    }
    page = dom.read(visit().post("/check", data={"email": "gus@example.org", "code": ""}).text)
    assert {field["id"] for field in page.all("input", **{"aria-invalid": "true"})} == {"field-code"}


def test_staff_have_a_link_mailed(world, visit, post):
    ticket = world.ticket()
    visit(world.mia).post(f"/tickets/{ticket.id}/links")
    [mailed] = [mail for mail in post.came() if "new link" in mail.text]
    assert mailed.address == "ren@example.org"
    browser = visit()
    assert ticket.title in browser.get(browser.get(mailed.link).location).text


def test_the_audit_does_not_say_which_ticket_for_not_every_administrator_may_know_it(visit, ticket, code):
    ticket.requester.confirmed_at = None
    db.session.commit()
    browser = visit()
    check(browser, code)
    browser.post(f"/tickets/{ticket.id}/confirmation")
    assert [access.said for access in db.session.query(Access)] == ["With an access code.", "For the first time."]


@pytest.mark.hardening("H-33", "X-52")
@pytest.mark.parametrize("ending", ["all links", "the account"])
def test_a_code_whose_link_ends_while_it_is_looked_at_opens_nothing(world, visit, ticket, code, monkeypatch, ending):
    def end_meanwhile(*slow):
        if ending == "all links":
            link_actions.end_links(world.mia, ticket)
        else:
            set_active(world.ana, world.gus, False)
        db.commit()
        return offload(*slow)

    monkeypatch.setattr(link_actions, "offload", end_meanwhile)
    browser = visit()
    answer = check(browser, code)
    assert (answer.status_code, "or not any more" in answer.text) == (422, True)
    assert not db.session.query(Session).filter_by(ticket_id=ticket.id).count()
    assert not db.session.query(Access).filter_by(kind="link-used").count()


def test_whoever_ends_all_links_ends_those_that_are_made_meanwhile(world, visit, ticket, monkeypatch):
    hold = link_actions.hold

    def make_meanwhile(*what):
        make_link(world.gus, ticket)
        db.commit()
        hold(*what)

    monkeypatch.setattr(link_actions, "hold", make_meanwhile)
    assert visit(world.mia).post(f"/tickets/{ticket.id}/links/removal").status_code == 303
    assert not db.session.query(Session).filter_by(ticket_id=ticket.id).count()


@pytest.mark.parametrize("form", ["ticket:{0.id}", "ticket:{0.id}:edit", "comment:{1.id}"])
def test_a_code_takes_along_the_text_of_each_form_of_its_ticket(world, visit, ticket, code, form):
    form = form.format(ticket, world.comment(world.gus, ticket))
    name = "description" if form.endswith("edit") else "body"
    browser = visit()
    kept = {"draft": form, f"kept-{name}": "It is still hot, and smokes.", "email": "gus@example.org", "code": code}
    back = browser.post("/check", data=kept)
    assert back.status_code == 303
    assert "It is still hot, and smokes." in browser.get(back.location).text
    browser.post("/check", data=kept)
    assert db.session.query(Draft).count() == 1, "sent twice it is one"


def test_a_code_of_another_ticket_opens_it_only_where_no_text_is_lost_by_that(world, visit, ticket, code):
    other = world.ticket(world.gus)
    kept = {"draft": f"ticket:{other.id}", "kept-body": "It is still hot.", "email": "gus@example.org", "code": code}
    answer = visit().post("/check", data=kept)
    assert (answer.status_code, f"opens ticket #{ticket.id}" in answer.text) == (422, True)
    hidden = {field["name"]: field["value"] for field in dom.read(answer.text).all("input", type="hidden")}
    assert hidden.items() >= {"draft": f"ticket:{other.id}", "kept-body": "It is still hot."}.items()


@pytest.mark.hardening("F-24")
@pytest.mark.parametrize("page", ["/tickets/{}", "/tickets/{}/links", "/comments/{}/edit", "/live?on=ticket:{}"])
def test_a_link_to_a_ticket_that_no_desk_can_have_is_none(visit, page):
    browser, number = visit(), "9" * 30
    browser.set_cookie(f"{cookies.cookie_name()}-{number}", "a token")
    assert browser.get(page.format(number)).status_code in (303, 401)


@pytest.mark.hardening("H-30")
def test_whoever_reads_the_mailbox_of_an_account_that_a_stranger_made_gets_a_new_link_to_what_they_sent(
    world, visit, post
):
    world.ren.confirmed_at = None
    db.commit()
    visit().post("/submit-ticket", data=NEW | {"email": world.ren.email})
    assert visit(world.ren).get("/tickets/1").status_code == 404, "the account is not shown it"
    assert visit().post("/check/link", data={"email": world.ren.email}).location == "/check"
    first, again = (mail for mail in post.came() if mail.address == world.ren.email)
    assert again.link not in ("", first.link)
    browser = visit()
    assert NEW["title"] in browser.get(browser.get(again.link).location).text
    signed_in = visit(world.ren)
    assert "Open the ticket" in signed_in.get("/check").text
    page = signed_in.get(again.link)
    assert (page.status_code, "nobody has confirmed yet that its address is yours" in page.text) == (200, True)
    assert NEW["title"] not in page.text
    assert NEW["title"] in signed_in.get(signed_in.post(again.link).location).text, "without the account"
