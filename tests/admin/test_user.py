"""One person's page: who it is, what hangs on them, and what is rare, with a sentence before it and one after."""

import pytest
from sqlalchemy import select
from werkzeug.exceptions import Forbidden

from informejo import clock, db, policy
from informejo.accounts import password_actions, rights_actions
from informejo.accounts.models import Role
from informejo.factors.models import Passkey
from informejo.mail.models import OutgoingMail
from informejo.mail.words import Kind, OutState
from informejo.teams.models import Team
from informejo.tickets import batch_actions, change_actions
from informejo.tickets.words import Status
from informejo.web import NOTICES
from tests.live import dom
from tests.mail.deciding import catch_up


@pytest.fixture
def toms(world):
    """`toms(3)`: three unsolved tickets of Ren's that are assigned to Tom."""

    def toms(number: int) -> list:
        tickets = [world.ticket(title=f"Number {number}") for number in range(number)]
        for ticket in tickets:
            change_actions.assign(world.mia, ticket, world.tom)
        db.commit()
        return tickets

    return toms


@pytest.fixture
def page(world, visit):
    """`page(reader, user, tab)`: what a tab of a person's page says, as text."""
    return lambda reader, user, tab="": main(visit(reader).get(f"/users/{user.id}{tab and '/'}{tab}"))


def main(answer) -> str:
    return dom.read(answer.text).find("main").text


def done(browser, address, **fields) -> str:
    """What is said after a change, on the page it leads to."""
    answer = browser.post(address, data=fields)
    assert answer.status_code == 303, answer.text
    [notice] = dom.read(browser.get(answer.location).text).all("p", class_name="notice")
    return notice.all("span")[0].text


def test_each_name_of_the_list_leads_to_its_page(world, visit):
    listed = dom.read(visit(world.mia).get("/users").text).find("main")
    for person in (world.ren, world.gus, world.dan, world.mia):
        assert [link.text for link in listed.all("a", href=f"/users/{person.id}")] == [person.name]
    assert not listed.all("button", name="value"), "what is rare is on the person's page"


@pytest.mark.parametrize("who", ["mia", "ana"])
def test_staff_read_who_it_is_and_what_hangs_on_them(world, visit, toms, page, who):
    toms(2)
    world.ren.department = "Harbour"
    db.commit()
    reader = getattr(world, who)
    text = page(reader, world.ren)
    for said in ("Ren Ito", "Requester", "ren@example.org", "Harbour", "2 tickets"):
        assert said in text
    assert "2 unsolved tickets" in page(reader, world.tom)
    assert "Agent, deactivated" in page(reader, world.dan)
    assert visit(reader).get(f"/queue?status=&requester={world.ren.id}").text.count('id="row-') == 2


@pytest.mark.hardening("H-07")
def test_requesters_find_nobody_there_not_even_themselves(world, visit):
    for user in (world.zoe, world.ren):
        assert visit(world.ren).get(f"/users/{user.id}").status_code == 404
    assert visit().get(f"/users/{world.ren.id}").status_code == 303


@pytest.mark.hardening("H-07")
def test_an_agent_may_change_nobody_and_is_offered_nothing(world, visit, page):
    mia = visit(world.mia)
    assert "Deactivate" not in page(world.mia, world.tom)
    for deed, fields in (("role", {"value": "user"}), ("activity", {"value": "inactive"}), ("password-link", {})):
        assert mia.post(f"/users/{world.tom.id}/{deed}", data=fields).status_code == 403
    assert (world.tom.role, world.tom.active) == (Role.AGENT, True)


def test_nobody_is_offered_their_own_rights(world, visit):
    text = visit(world.ana).get(f"/users/{world.ana.id}").text
    assert "This is you." in text
    assert not [form for form in dom.read(text).find("main").all("form") if form["action"].startswith("/users/")]


def test_before_somebody_is_deactivated_it_says_what_hangs_on_them(world, toms, page):
    assert "No unsolved tickets are assigned to them." in page(world.ana, world.tom, "rights")
    toms(1)
    assert "1 unsolved ticket is assigned to them. Their unsolved tickets go to" in page(world.ana, world.tom, "rights")
    toms(1)
    said = page(world.ana, world.tom, "rights")
    assert "Deactivating signs Tom Berg out everywhere at once." in said
    assert "2 unsolved tickets are assigned to them. Their unsolved tickets go to" in said


def test_tickets_can_go_to_the_queue_or_to_everybody_at_the_desk_but_them(world, visit, toms):
    toms(1)
    tree = dom.read(visit(world.ana).get(f"/users/{world.tom.id}/rights").text)
    for id in ("deactivate-to", "role-to"):
        offered = [option.text for option in tree.find(id).all("option")]
        assert offered == ["Nobody: back to the queue", "Ana Silva", "Mia Lund"]


def test_deactivated_says_the_name_and_where_the_tickets_went(world, visit, toms):
    tickets, ana = toms(3), visit(world.ana)
    address = f"/users/{world.tom.id}/activity"
    said = done(ana, address, value="inactive", to=world.mia.id)
    assert said == "Tom Berg is deactivated. 3 tickets went to Mia Lund."
    assert {ticket.assignee for ticket in tickets} == {world.mia}
    assert done(ana, address, value="active") == "Tom Berg is active again."
    change_actions.assign(world.mia, tickets[0], world.tom)
    db.commit()
    assert done(ana, address, value="inactive") == "Tom Berg is deactivated. 1 ticket went back to the queue."
    assert tickets[0].assignee is None


def test_another_role_says_the_name_and_where_the_tickets_went(world, visit, toms):
    toms(2)
    ana, address = visit(world.ana), f"/users/{world.tom.id}/role"
    assert done(ana, address, value="admin", to=world.mia.id) == "Tom Berg is now an administrator."
    assert done(ana, address, value="user", to=world.mia.id) == (
        "Tom Berg is now a requester. 2 tickets went to Mia Lund."
    )


def test_a_stale_page_takes_no_role_back_that_somebody_else_gave_meanwhile(world, visit):
    ana, role = visit(world.ana), f"/users/{world.tom.id}/role"
    assert 'name="was-value" value="agent"' in ana.get(f"/users/{world.tom.id}/rights").text
    rights_actions.set_role(world.ana, world.tom, Role.ADMIN)
    db.commit()
    ana.post(role, data={"value": "agent", "was-value": "agent"})
    assert world.tom.role == Role.ADMIN, "nothing was chosen"
    asked = ana.post(role, data={"value": "user", "was-value": "agent"})
    assert asked.status_code == 409
    assert "Somebody changed this meanwhile to Administrator." in asked.text
    assert 'name="was-value" value="admin"' in asked.text
    assert '<option value="user" selected>' in asked.text
    assert world.tom.role == Role.ADMIN
    ana.post(role, data={"value": "user", "was-value": "admin"})
    assert world.tom.role == Role.USER


def test_the_sentence_is_said_once_and_by_the_page_of_that_person_alone(world, visit, toms):
    toms(1)
    ana = visit(world.ana)
    answer = ana.post(f"/users/{world.tom.id}/activity", data={"value": "inactive"})
    assert "Tom Berg is deactivated." not in main(ana.get(f"/users/{world.ren.id}"))
    assert not dom.read(ana.get(answer.location).text).all("p", class_name="notice")


def test_what_was_so_already_says_that_and_nothing_of_what_was_done_before(world, visit, toms):
    toms(1)
    here, ana = f"/users/{world.tom.id}", visit(world.ana)
    done(ana, f"{here}/activity", value="inactive", to=world.mia.id)
    answer = ana.post(f"{here}/activity", data={"value": "inactive"})
    shown = dom.read(ana.get(answer.location).text)
    assert [notice.text for notice in shown.all("p", class_name="notice")] == [NOTICES["user-unchanged"]]
    assert shown.find("undo-it") is None
    for deed, fields in (("role", {"value": "agent"}), ("person", {"name": "Tom Berg"}), ("handover", {})):
        assert done(ana, f"{here}/{deed}", **fields) == NOTICES["user-unchanged"]


def test_a_made_up_cookie_says_nothing_of_anybody(world, visit):
    ana = visit(world.ana)
    ana.set_cookie("informejo-notice", "<b>{name}</b>")
    text = ana.get(f"/users/{world.ren.id}").text
    assert not dom.read(text).all("p", class_name="notice")
    ana.set_cookie("informejo-notice", "user-changed")
    [notice] = dom.read(ana.get(f"/users/{world.ren.id}").text).all("p", class_name="notice")
    assert notice.text == "The change is saved."


@pytest.mark.hardening("S-01")
def test_a_name_is_text_wherever_it_stands(world, visit, toms):
    toms(1)
    for person, name in ((world.tom, "<img src=x onerror=alert(1)> {name}"), (world.mia, "{0.password_hash}<script>")):
        person.name = name
    db.commit()
    ana = visit(world.ana)
    fields = {"value": "inactive", "to": world.mia.id}
    answer = ana.post(f"/users/{world.tom.id}/activity", data=fields)
    text = ana.get(answer.location).text + ana.post(f"/users/{world.mia.id}/password-link").text
    assert "<img" not in text
    assert "<script>" not in text
    assert "&lt;img src=x onerror=alert(1)&gt; {name} is deactivated. 1 ticket went to {0.password_hash}" in text


@pytest.mark.parametrize("to", ["4", "7", "999", "x", "-1", "9" * 30, "2"])
def test_nobody_gets_tickets_who_is_not_at_the_desk(world, visit, toms, to):
    """A requester, somebody deactivated, nobody, nonsense; the last is the very person who leaves."""
    [ticket] = toms(1)
    answer = visit(world.ana).post(f"/users/{world.tom.id}/activity", data={"value": "inactive", "to": to})
    assert answer.status_code == 422
    assert (world.tom.active, ticket.assignee) == (True, world.tom)


def test_what_was_left_behind_before_can_be_handed_over(world, visit, toms, page):
    [ticket] = toms(1)
    world.tom.active = False
    db.commit()
    assert "1 unsolved ticket is still assigned to Tom Berg, who is not at the desk." in page(world.mia, world.tom)
    said = done(visit(world.mia), f"/users/{world.tom.id}/handover", to=world.mia.id)
    assert said == "The tickets of Tom Berg are handed over. 1 ticket went to Mia Lund."
    assert ticket.assignee == world.mia
    assert "left behind" not in page(world.mia, world.tom)
    assert "Mia Lund handed over the tickets of Tom Berg" in page(world.ana, world.tom)


@pytest.mark.parametrize("leaves", [True, False])
def test_the_notice_itself_takes_back_that_tickets_went(world, visit, toms, leaves):
    [ticket], ana, here = toms(1), visit(world.ana), f"/users/{world.tom.id}"
    if not leaves:
        world.tom.active = False
        db.commit()
    asked = {"value": "inactive", "to": world.mia.id}
    shown = ana.get(ana.post(f"{here}/{'activity' if leaves else 'handover'}", data=asked).location)
    notice, form = dom.read(shown.text).all("p", class_name="notice")[0], dom.read(shown.text).find("undo-it")
    assert [button.attributes["form"] for button in notice.all("button")] == ["undo-it"]
    event = {"event": next(f.attributes["value"] for f in form.all("input") if f.attributes["name"] == "event")}
    assert dom.read(ana.get(here).text).find("undo-it") is None, "it is said once"
    said = done(ana, form.attributes["action"], **event)
    assert said == f"{'Tom Berg is active again' if leaves else 'That is undone'}. 1 ticket came back to them."
    assert (ticket.assignee, world.tom.active) == (world.tom, leaves)


def test_somebody_who_is_active_again_can_sign_in_and_a_guest_needs_a_link(world, page):
    assert "can then sign in again" in page(world.ana, world.dan, "rights")
    rights_actions.set_active(world.ana, world.gus, False)
    db.commit()
    assert "can then be given a link to choose a password" in page(world.ana, world.gus, "rights")


def test_a_guest_has_a_way_in_and_can_be_given_a_role(world, page):
    assert "is known by an address only and cannot sign in." in page(world.ana, world.gus, "sign-in")
    assert "Change role" in page(world.ana, world.gus, "rights")
    password_actions.make_password_link(world.ana, world.gus)
    db.commit()
    said = page(world.ana, world.gus, "rights")
    assert "Deactivating signs Gus Visser out everywhere at once and voids their link." in said


def test_solved_tickets_do_not_count_and_do_not_move(world, visit, toms, page):
    solved, waiting = toms(2)
    change_actions.set_status(world.mia, solved, Status.RESOLVED)
    change_actions.set_status(world.mia, waiting, Status.WAITING)
    db.commit()
    assert "1 unsolved ticket" in page(world.ana, world.tom)
    done(visit(world.ana), f"/users/{world.tom.id}/activity", value="inactive", to=world.mia.id)
    assert (solved.assignee, waiting.assignee) == (world.tom, world.mia)


def test_only_staff_hand_tickets_over(world):
    with pytest.raises(Forbidden):
        batch_actions.hand_over(world.ren, world.tom, None)


def test_an_administrator_has_a_link_mailed_and_is_told_so(app, world, visit, page):
    app.config["SMTP_HOST"] = "mail.example.org"
    ana = visit(world.ana)
    said = done(ana, f"/users/{world.zoe.id}/password-mail")
    assert said == "A link to choose a password will be mailed to zoe@example.org."
    assert done(ana, f"/users/{world.gus.id}/password-mail") == "An invitation will be mailed to gus@example.org."
    catch_up()
    assert "A mail with a link waits to be sent to zoe@example.org." in page(world.ana, world.zoe, "sign-in")
    app.config["SMTP_HOST"] = ""
    assert "waits, since no mail server is set up" in done(ana, f"/users/{world.zoe.id}/password-mail")


@pytest.mark.parametrize(("state", "words"), [
    ("sent", "A link was mailed to zoe@example.org,"),
    ("failed", "A mail with a link could not be delivered: 550 no such user"),
    ("bounced", "A mail with a link came back: 550 no such user"),
])  # fmt: skip
def test_what_became_of_the_mail_with_the_link_is_said(world, page, state, words):
    assert words not in page(world.ana, world.zoe, "sign-in")
    mail = {"kind": Kind.PASSWORD, "user": world.zoe, "address": "zoe@example.org", "due_at": clock.now()}
    db.session.add(OutgoingMail(state=OutState(state), error="550 no such user", ended_at=clock.now(), **mail))
    db.commit()
    assert words in page(world.ana, world.zoe, "sign-in")


def test_where_mails_are_caught_nobody_is_told_that_a_link_left(app, world, visit, page):
    app.config["MAIL_CATCH"] = True
    assert "is caught, since no mail leaves" in done(visit(world.ana), f"/users/{world.zoe.id}/password-mail")
    mail = {"kind": Kind.PASSWORD, "user": world.zoe, "address": "zoe@example.org", "due_at": clock.now()}
    db.session.add(OutgoingMail(state=OutState.SENT, ended_at=clock.now(), **mail))
    db.commit()
    assert "A mail with a link was caught, and not sent, to zoe@example.org," in page(world.ana, world.zoe, "sign-in")


def test_nobody_is_mailed_a_link_who_is_shut_out_and_nobody_but_administrators_does(world, visit):
    assert visit(world.ana).post(f"/users/{world.dan.id}/password-mail").status_code == 422
    assert visit(world.ana).post(f"/users/{world.ana.id}/password-mail").status_code == 403
    with pytest.raises(Forbidden):
        password_actions.offer_password(world.mia, world.zoe)
    password_actions.offer_password(world.ana, world.zoe)
    [event] = db.commit()
    assert (event.name, event.user, event.audience) == ("password:offered", world.zoe, "staff")


@pytest.mark.hardening("S-46", "H-33")
def test_an_administrator_signs_somebody_out_everywhere_at_once(world, visit, page):
    mia, tom = visit(world.mia), visit(world.tom)
    assert "Signed intest" in page(world.ana, world.mia, "sign-in")
    said = done(visit(world.ana), f"/users/{world.mia.id}/sessions")
    assert said == "Mia Lund is signed out everywhere."
    assert [browser.get("/queue").status_code for browser in (mia, tom)] == [303, 200]
    assert "Signed inNowhere" in page(world.ana, world.mia, "sign-in")


def test_an_administrator_puts_name_and_department_right_and_what_is_wrong_comes_back(world, visit, page):
    ana, address = visit(world.ana), f"/users/{world.ren.id}/person"
    assert done(ana, address, name=" Ren Sato ", department="Attic") == "The change to Ren Sato is saved."
    assert (world.ren.name, world.ren.department) == ("Ren Sato", "Attic")
    answer = ana.post(address, data={"name": "R", "department": "Cellar"})
    assert answer.status_code == 422
    assert 'value="Cellar"' in answer.text
    assert world.ren.department == "Attic"


def test_what_comes_back_reads_itself_again_from_a_page_that_is_there(world, visit):
    ana, here = visit(world.ana), f"/users/{world.tom.id}"
    shown = dom.read(ana.post(f"{here}/person", data={"name": ""}).text)
    assert shown.find("individual-undo")["hx-get"] == here
    assert [tab["href"] for tab in shown.all("a") if tab.attributes.get("aria-current") == "page"][-1] == here


def test_another_address_is_told_to_both_and_unconfirmed(world, visit, page):
    ana, address = visit(world.ana), f"/users/{world.ren.id}/address"
    done(ana, address, email="Sato@Example.org")
    assert (world.ren.email, world.ren.confirmed_at) == ("sato@example.org", None)
    assert "nobody has shown yet that it is theirs" in page(world.ana, world.ren)
    catch_up()
    mails = db.session.execute(select(OutgoingMail.kind, OutgoingMail.address)).all()
    assert sorted(mails) == [(Kind.ADDRESS, "sato@example.org"), (Kind.MOVED, "ren@example.org")]
    answer = ana.post(address, data={"email": "mia@example.org"})
    assert answer.status_code == 422
    assert "Somebody has this address already." in answer.text
    assert world.ren.email == "sato@example.org"


def test_leaving_the_desk_is_undone_from_the_page_and_says_what_came_back(world, visit, toms, page):
    toms(3)
    ana, address = visit(world.ana), f"/users/{world.tom.id}"
    done(ana, f"{address}/activity", value="inactive", to=world.mia.id)
    taken = next(iter(db.session.scalars(policy.visible_tickets(world.mia))))
    change_actions.assign(world.mia, taken, world.ana)
    db.commit()
    assert "Ana Silva deactivated Tom Berg" in page(world.ana, world.tom)
    assert "Undo" not in page(world.mia, world.tom)
    assert done(ana, f"{address}/undo") == (
        "Tom Berg is active again. 2 tickets came back to them."
        " 1 had been solved or given to others since, and stayed as it was."
    )
    assert "Undo" not in page(world.ana, world.tom)
    assert ana.post(f"{address}/undo").status_code == 422


def test_tickets_can_go_to_a_team_and_to_none_that_is_not_there(world, visit, toms):
    [ticket] = toms(1)
    team = Team(name="Network")
    db.session.add(team)
    db.commit()
    ana, address = visit(world.ana), f"/users/{world.tom.id}/activity"
    for nonsense in ("team:999", "team:", "team:x"):
        assert ana.post(address, data={"value": "inactive", "to": nonsense}).status_code == 422
    said = done(ana, address, value="inactive", to=f"team:{team.id}")
    assert said == "Tom Berg is deactivated. 1 ticket went to Network."
    assert (ticket.assignee, ticket.team) == (None, team)


def test_staff_find_the_desk_and_their_own_tickets_in_their_menu(world, visit):
    own = world.ticket(world.mia, "My own keyboard")
    world.ticket(title="Of somebody else")
    mia = visit(world.mia)
    menu = dom.read(mia.get("/profile").text).find("person-menu")
    places = {link.text: link["href"] for link in menu.all("a")}
    assert (places["The desk"], places["My own tickets"]) == ("/queue", "/tickets")
    text = mia.get(places["My own tickets"]).text
    assert own.title in text
    assert "Of somebody else" not in text
    assert "The desk" not in dom.read(visit(world.ren).get("/profile").text).find("person-menu").text


def test_second_factors_that_were_lost_are_taken_away_and_every_sign_in_with_them(world, visit, page):
    db.session.add(Passkey(user_id=world.mia.id, credential_id=b"m", public_key=b"k", name="Key"))
    db.commit()
    mia = visit(world.mia)
    assert "1 passkey" in page(world.ana, world.mia, "sign-in")
    said = done(visit(world.ana), f"/users/{world.mia.id}/factors")
    assert said == "Mia Lund has no second factor any more, and is signed out everywhere."
    assert "Second factorNone" in page(world.ana, world.mia, "sign-in")
    assert mia.get("/queue").status_code == 303


def test_somebody_is_erased_only_with_their_address_typed(world, visit, page):
    ana, address = visit(world.ana), f"/users/{world.zoe.id}/erasure"
    assert "To go on, type zoe@example.org" in main(ana.get(address))
    answer = ana.post(address, data={"typed": "ren@example.org"})
    assert answer.status_code == 422
    assert world.zoe.erased_at is None
    assert done(ana, address, typed=" Zoe@example.org ") == "Name and address are erased."
    assert (world.zoe.name, world.zoe.active) == ("Former user", False)
    assert "Requester, erased" in page(world.ana, world.zoe)
    assert "nothing to change" in page(world.ana, world.zoe, "rights")
    assert ana.post(f"/users/{world.zoe.id}/activity", data={"value": "active"}).status_code == 422
