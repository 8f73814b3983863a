"""A link opens one ticket for its requester, whatever else they are, and lets nobody anywhere else."""

import re
from datetime import timedelta

import pytest
from limits import parse
from werkzeug.exceptions import Forbidden, NotFound

from bench.statements import watched
from informejo import clock, db, policy, rates
from informejo.accounts import prune_actions, rights_actions
from informejo.accounts.models import Role, Session
from informejo.accounts.sign_ins import Viewer
from informejo.cookies import MOST_LINKS, cookie_name
from informejo.drafts.models import Draft
from informejo.guests import link_actions, link_queries
from informejo.guests.codes import shown
from informejo.guests.link_actions import make_link
from informejo.live.hub import hub
from informejo.tickets import change_actions, prune_actions as ticket_prune_actions
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.words import Status
from tests.intake.letters import come as come_by_mail, letter
from tests.live import dom
from tests.live.sse import Listener

ELSEWHERE = ("/tickets", "/profile", "/tickets/new", "/unread", "/queue", "/users", "/desk", "/live?on=me")
OFF = ("", "null", "undefined", "0", "%00", "1", "{whole:.12}", "{whole:.32}", "{whole:.42}", "{whole} ", "%20{whole}")


def test_a_link_opens_its_ticket_and_no_other_page(world, ticket, come):
    other = world.ticket(world.gus, "Another one")
    gus = come(world.gus, ticket)
    page = gus.get(f"/tickets/{ticket.id}")
    assert page.status_code == 200
    assert "You are here by a link, as" in page.text
    assert 'href="/profile"' not in page.text
    assert gus.get(f"/tickets/{other.id}").status_code == 303
    for address in ELSEWHERE:
        assert gus.get(address).status_code in (303, 401), address
    assert gus.post("/tickets", data={"title": "A title", "description": "A description."}).status_code == 401
    assert gus.post(f"/tickets/{other.id}/comments", data={"body": "Me too."}).status_code == 401


def test_whoever_came_by_a_link_writes_attaches_and_says_that_it_is_solved(world, visit, ticket, come):
    import io

    gus, address = come(world.gus, ticket), f"/tickets/{ticket.id}"
    said = {"body": "It is the *red* one.", "files": (io.BytesIO(b"It hums."), "sound.txt")}
    assert gus.post(f"{address}/comments", data=said, content_type="multipart/form-data").status_code == 303
    comment = db.session.query(Comment).one()
    [file] = comment.attachments
    assert gus.get(f"/files/{file.token}/sound.txt", buffered=True).data == b"It hums."
    assert gus.get(f"/comments/{comment.id}").status_code == 302
    assert gus.post(f"/comments/{comment.id}/edit", data={"body": "It is blue.", "version": "1"}).status_code == 303
    assert gus.post("/drafts", data={"draft": f"ticket:{ticket.id}", "body": "And"}).status_code == 303
    assert gus.post(f"{address}/seen", data={"event": ticket.last_event_id}).status_code == 303
    assert gus.post(f"{address}/writing").status_code == 204
    assert gus.get(f"{address}/print").status_code == 200
    assert 'data-author="6"' in gus.get(f"/me.css?6&on=ticket:{ticket.id}").text
    assert gus.post(f"{address}/status", data={"value": "resolved"}).status_code == 303
    assert "You said that it is solved" in gus.get(address).text
    stranger = visit()
    assert stranger.get(f"/files/{file.token}/sound.txt").status_code == 303
    assert come(world.zoe, world.ticket(world.zoe)).get(f"/files/{file.token}").status_code in (303, 401)


@pytest.mark.hardening("H-56")
def test_following_a_link_writes_nothing_however_often(world, visit, ticket):
    token = make_link(world.gus, ticket).token
    db.commit()
    before = rows()
    for method in ("HEAD", "GET", "GET"):
        answer = visit().open(f"/t/{token}", method=method)
        assert (answer.status_code, answer.location) == (303, f"/tickets/{ticket.id}")
        assert answer.headers["Referrer-Policy"] == "strict-origin"
        assert token not in answer.text
    assert rows() == before


def rows() -> list:
    return [db.session.execute(table.select()).all() for table in db.Model.metadata.sorted_tables]


@pytest.mark.hardening("H-50")
def test_the_cookie_of_a_link_is_kept_as_safe_as_that_of_a_sign_in(app, world, visit, ticket):
    app.config["PUBLIC_URL"] = "https://help.example.org"
    token = make_link(world.gus, ticket).token
    db.commit()
    [cookie] = visit().get(f"/t/{token}").headers.getlist("Set-Cookie")
    assert cookie.startswith(f"__Host-informejo-{ticket.id}={token};")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=2592000"} <= set(cookie.split("; "))


@pytest.mark.hardening("H-27", "O-05")
def test_only_the_whole_token_opens_anything_and_all_else_is_one_page(app, world, visit, ticket):
    token = make_link(world.gus, ticket).token
    db.session.flush()
    expired = make_link(world.gus, ticket).token
    old = db.session.query(Session).order_by(Session.id.desc()).first()
    old.expires_at = clock.now() - timedelta(seconds=1)
    db.commit()
    pages = set()
    for tried in (expired, *(off.format(whole=token) for off in OFF)):
        app.extensions["rates"].storage.reset()
        answer = visit().get(f"/t/{tried}")
        assert answer.status_code == 404, tried
        assert not answer.headers.getlist("Set-Cookie")
        pages.add(answer.data)
    assert len(pages) == 1
    assert visit().get(f"/t/{token}").status_code == 303


@pytest.mark.hardening("H-27")
def test_wrong_tokens_are_counted_and_one_that_works_is_free(world, visit, ticket):
    token = make_link(world.gus, ticket).token
    db.commit()
    assert [visit().get(f"/t/wrong{number}").status_code for number in range(11)] == [404] * 10 + [429]
    assert visit().get(f"/t/{token}").status_code == 303


@pytest.mark.hardening("H-49")
def test_no_log_shows_a_token(world, visit, ticket, caplog):
    caplog.set_level("INFO")
    token = make_link(world.gus, ticket).token
    db.commit()
    visit().get(f"/t/{token}")
    assert "GET /t/..." in caplog.text
    assert token not in caplog.text


def test_two_guests_in_one_browser_are_told_apart_by_the_ticket(world, ticket, come):
    zoes = world.ticket(world.zoe, "Zoe's own")
    both = come(world.zoe, zoes, come(world.gus, ticket))
    assert "as <bdi>Gus Visser</bdi>" in both.get(f"/tickets/{ticket.id}").text
    assert "as <bdi>Zoe Kaur</bdi>" in both.get(f"/tickets/{zoes.id}").text
    for number in (ticket.id, zoes.id):
        both.post(f"/tickets/{number}/comments", data={"body": f"On {number}"})
    wrote = [(comment.ticket_id, comment.author_id) for comment in db.session.query(Comment)]
    assert wrote == [(ticket.id, world.gus.id), (zoes.id, world.zoe.id)]
    assert both.get(f"/live?on=ticket:{ticket.id}&on=ticket:{zoes.id}").status_code == 401


def test_nobody_is_thanked_for_a_ticket_that_stays_hidden_from_the_account_of_their_address(world, come):
    world.ren.confirmed_at = None
    ticket = world.ticket(world.ren, unverified=True)
    ren, address = come(world.ren, ticket), f"/tickets/{ticket.id}"
    shown = ren.get(address).text
    assert "Yes, it is mine" not in shown
    assert 'href="/forgot-password?email=ren%40example.org"' in shown
    ren.post(f"{address}/confirmation")
    assert "We know now that this is your ticket" not in ren.get(address).text
    world.ren.confirmed_at = clock.now()
    db.commit()
    assert "Yes, it is mine" in ren.get(address).text
    ren.post(f"{address}/confirmation")
    assert "We know now that this is your ticket" in ren.get(address).text


@pytest.mark.hardening("O-04", "L-11")
def test_by_a_link_an_agent_is_the_requester_of_one_ticket_alone(world, visit, come):
    own = world.ticket(world.mia, "My own keyboard")
    world.note(own, "She spilt tea.", by=world.tom)
    visit(world.mia).post("/drafts", data={"draft": f"ticket:{own.id}", "internal": "yes", "body": "Half a note"})
    other = world.ticket()
    mia = come(world.mia, own)
    page = mia.get(f"/tickets/{own.id}").text
    assert "My own keyboard" in page
    assert not [word for word in ("spilt tea", "Half a note", "Assignee", "has-rail") if word in page]
    assert mia.get(f"/tickets/{other.id}").status_code == 303
    assert mia.post(f"/tickets/{own.id}/comments", data={"body": "x", "internal": "yes"}).status_code == 403
    assert mia.post(f"/tickets/{own.id}/priority", data={"value": "low"}).status_code == 403
    assert mia.post(f"/tickets/{own.id}/assignment", data={"value": "me"}).status_code == 401
    assert mia.get("/live?on=queue").status_code == 401
    assert "spilt tea" in visit(world.mia).get(f"/tickets/{own.id}").text


def test_the_token_of_a_link_signs_nobody_in(world, visit, ticket):
    token = make_link(world.gus, ticket).token
    db.commit()
    browser = visit()
    browser.set_cookie(cookie_name(), token)
    for address in ("/tickets", f"/tickets/{ticket.id}", f"/live?on=ticket:{ticket.id}"):
        assert browser.get(address).status_code in (303, 401), address
    other = world.ticket(world.gus, "Another one")
    browser.set_cookie(f"{cookie_name()}-{other.id}", token)
    assert browser.get(f"/tickets/{other.id}").status_code == 401


def test_whoever_is_signed_in_as_that_person_comes_straight_to_the_ticket(world, visit):
    ticket = world.ticket()
    token = make_link(world.ren, ticket).token
    db.commit()
    answer = visit(world.ren).get(f"/t/{token}")
    assert answer.location == f"/tickets/{ticket.id}"
    assert not answer.headers.getlist("Set-Cookie")


def test_the_form_of_a_page_that_tells_nobody_its_address_can_be_sent_over_http(world, visit, ticket):
    """Fetch, 3.1: of a page without referrer a form says `Origin: null`, and over http no more."""
    token = make_link(world.gus, ticket).token
    db.commit()
    zoe = visit(world.zoe)
    policy = zoe.get(f"/t/{token}").headers["Referrer-Policy"]
    origin = "null" if policy == "no-referrer" else "http://localhost"
    answer = zoe.post(f"/t/{token}", headers={"Origin": origin}, environ_overrides={"HTTP_SEC_FETCH_SITE": ""})
    assert answer.location == f"/tickets/{ticket.id}"


def test_whoever_is_signed_in_as_another_is_asked_first(world, visit, ticket):
    token = make_link(world.gus, ticket).token
    db.commit()
    zoe = visit(world.zoe)
    page = zoe.get(f"/t/{token}")
    assert "You are signed in as Zoe Kaur" in page.text
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert zoe.get("/tickets").status_code == 200
    answer = zoe.post(f"/t/{token}")
    assert answer.location == f"/tickets/{ticket.id}"
    assert zoe.get(answer.location).status_code == 200
    assert zoe.get("/tickets").status_code == 303


@pytest.mark.hardening("L-12")
def test_who_holds_a_link_takes_no_streams_from_its_owner_and_not_all_themselves(app, world, visit, come):
    app.config["STREAMS_PER_USER"] = 2
    ticket = world.ticket(world.mia)
    holder, address = come(world.mia, ticket), f"/live?on=ticket:{ticket.id}"
    held = [Listener(holder, address) for _ in range(3)]
    assert [stream.status for stream in held] == [200, 200, 429]
    own = [Listener(visit(world.mia), "/live?on=me") for _ in range(3)]
    assert [stream.status for stream in own] == [200, 200, 429]
    hub.drop(held[0].subscription)
    assert Listener(holder, address).status == 200


@pytest.mark.hardening("H-55")
def test_who_holds_a_link_uses_up_nothing_that_its_owner_does(world, visit, come, monkeypatch):
    monkeypatch.setitem(rates.RATES, "change", rates.RATES["change"]._replace(limit=parse("2 per minute")))
    ticket = world.ticket(world.mia)
    holder, mia = come(world.mia, ticket), visit(world.mia)
    assert [holder.post(f"/tickets/{ticket.id}/writing").status_code == 429 for _ in range(3)] == [False, False, True]
    assert mia.post(f"/tickets/{ticket.id}/links/removal").status_code == 303


@pytest.mark.hardening("H-33", "L-11")
def test_a_stream_by_a_link_is_live_until_the_link_is_ended(world, visit, ticket, come):
    gus = come(world.gus, ticket)
    stream = Listener(gus, f"/live?on=ticket:{ticket.id}")
    world.comment(world.mia, ticket, "We are on our way.")
    world.note(ticket, "He has only one.")
    heard = str(stream.heard())
    assert "on our way" in heard
    assert "only one" not in heard
    [link] = link_queries_of(world, ticket)
    assert visit(world.mia).post(f"/tickets/{ticket.id}/links/{link.id}/removal").status_code == 303
    world.comment(world.mia, ticket, "After the end.")
    assert "After the end" not in str(stream.heard())
    assert gus.get(f"/live?on=ticket:{ticket.id}").status_code == 401
    page = gus.get(f"/tickets/{ticket.id}")
    assert (page.status_code, "This link has ended" in page.text) == (401, True)


def link_queries_of(world, ticket):
    return link_queries.links_to(world.mia, ticket)


def test_whoever_looks_after_links_sees_those_of_that_ticket_alone_and_the_newest_first(world, ticket):
    now, links = clock.now(), []
    for hours, of in ((2, ticket), (1, ticket), (1, ticket), (3, ticket), (0, world.ticket(world.gus, "Another one"))):
        make_link(world.gus, of)
        links.append(db.session.query(Session).order_by(Session.id.desc()).first())
        links[-1].created_at = now - timedelta(hours=hours)
        db.commit()
    assert [link.id for link in link_queries_of(world, ticket)] == [links[place].id for place in (2, 1, 0, 3)]
    assert {link_queries.find_link(world.gus, ticket, link.id) for link in links[:4]} == set(links[:4])
    for other in (links[4].id, 0):
        with pytest.raises(NotFound):
            link_queries.find_link(world.mia, ticket, other)
    with pytest.raises(Forbidden):
        link_queries.links_to(world.zoe, ticket)


@pytest.mark.hardening("H-33")
def test_a_link_that_ends_while_something_is_sent_saves_nothing_and_loses_no_text(world, ticket, come, monkeypatch):
    from informejo.tickets import files

    gus, kept = come(world.gus, ticket), files.kept

    def end_meanwhile(*args):
        db.session.rollback()
        link_actions.end_links(world.mia, ticket, link_queries_of(world, ticket))
        db.commit()
        return kept(*args)

    monkeypatch.setattr("informejo.tickets.views.files.kept", end_meanwhile)
    fields = {"body": "It is still hot.", "draft": f"ticket:{ticket.id}"}
    answer = gus.post(f"/tickets/{ticket.id}/comments", data=fields)
    monkeypatch.undo()
    assert answer.status_code == 401
    assert "What you were writing is kept" in answer.text
    assert "It is still hot." in answer.text
    assert not db.session.query(Comment).count()
    code = make_link(world.gus, ticket).code
    db.commit()
    hidden = {"draft": f"ticket:{ticket.id}", "kept-body": "It is still hot."}
    back = gus.post("/check", data={"email": "gus@example.org", "code": code} | hidden)
    assert "It is still hot." in gus.get(back.location).text


def test_text_waits_while_a_new_link_is_mailed_and_its_code_takes_it_along(world, ticket, come, post):
    gus = come(world.gus, ticket)
    link_actions.end_links(world.mia, ticket, link_queries_of(world, ticket))
    db.commit()
    answer = gus.post(f"/tickets/{ticket.id}/comments", data={"body": "Hot.", "draft": f"ticket:{ticket.id}"})
    said = []
    for action, typed in (("/check/link", {}), ("/check", {"code": "2222222222"})):
        [form] = dom.read(answer.text).all("form", action=action)
        hidden = {field["name"]: field["value"] for field in form.all("input", type="hidden")}
        answer = gus.post(action, data=hidden | {"email": "gus@example.org"} | typed)
        assert "What you were writing is kept" in answer.text
        said.append("a new link is on its way" in answer.text)
    assert said == [True, False], "it is said once"
    [form] = dom.read(answer.text).all("form", action="/check")
    hidden = {field["name"]: field["value"] for field in form.all("input", type="hidden")}
    code = [mail for mail in post.came() if mail.address == "gus@example.org"][-1].code
    back = gus.post("/check", data=hidden | {"email": "gus@example.org", "code": code})
    assert "Hot." in gus.get(back.location).text


def test_staff_and_guest_see_the_links_and_end_them(world, visit, ticket, come):
    gus, mia = come(world.gus, ticket), visit(world.mia)
    come(world.gus, ticket)
    page = mia.get(f"/tickets/{ticket.id}/links").text
    assert page.count("not used yet") == 2
    gus.get(f"/tickets/{ticket.id}")
    page = gus.get(f"/tickets/{ticket.id}/links").text
    assert page.count("this browser,") == 1
    assert visit(world.zoe).get(f"/tickets/{ticket.id}/links").status_code == 404
    assert gus.post(f"/tickets/{ticket.id}/links/removal").location == "/"
    assert not link_queries_of(world, ticket)
    assert gus.get(f"/tickets/{ticket.id}").status_code == 303, "its cookie is gone too"


def test_leaving_ends_it_in_this_browser_alone(world, ticket, come):
    gus, other = come(world.gus, ticket), come(world.gus, ticket)
    assert gus.post(f"/tickets/{ticket.id}/leaving").location == "/"
    assert gus.get(f"/tickets/{ticket.id}").status_code == 303
    assert other.get(f"/tickets/{ticket.id}").status_code == 200


def test_ending_them_for_good_ends_the_mailed_ones_too_and_says_so(world, visit, ticket, come):
    token = make_link(world.gus, ticket).token
    db.commit()
    gus = come(world.gus, ticket)
    bar = dom.read(gus.get(f"/tickets/{ticket.id}").text).find("leave-menu")
    assert [form.attributes["action"] for form in bar.all("form")] == [
        f"/tickets/{ticket.id}/leaving",
        f"/tickets/{ticket.id}/links/removal",
    ]
    left = gus.post(f"/tickets/{ticket.id}/links/removal")
    assert "Nothing that was mailed for it so far opens it any more" in gus.get(left.location).text
    assert visit().get(f"/t/{token}").status_code == 404


def test_links_are_listed_a_page_at_a_time_and_each_can_be_ended(world, visit, ticket, monkeypatch):
    monkeypatch.setattr(link_queries, "PAGE", 2)
    for _ in range(5):
        make_link(world.gus, ticket)
    db.commit()
    mia, here = visit(world.mia), f"/tickets/{ticket.id}/links"
    listed, asked = [], []
    for number in (1, 2, 3, 4):
        with watched(db.engine()) as statements:
            page = mia.get(f"{here}?page={number}").text
        asked.append(statements.statements)
        assert "5 links" in page
        listed.append(re.findall(r"links/(\d+)/removal", page))
    assert [len(ids) for ids in listed] == [2, 2, 1, 1]
    assert len({id for ids in listed for id in ids}) == 5
    assert len(set(asked[1:])) == 1
    assert mia.post(f"{here}/{listed[2][0]}/removal").status_code == 303
    assert "4 links" in mia.get(here).text


def test_a_browser_keeps_the_newest_links(world, visit, come):
    browser = visit()
    tickets = [world.ticket(world.gus, f"Number {number}") for number in range(MOST_LINKS + 2)]
    for ticket in tickets:
        come(world.gus, ticket, browser)
    held = [ticket for ticket in tickets if browser.get_cookie(f"{cookie_name()}-{ticket.id}")]
    assert held == tickets[2:]


def test_what_a_guest_writes_on_a_closed_ticket_opens_one_they_can_see_at_once(world, ticket, come):
    gus = come(world.gus, ticket)
    change_actions.set_status(world.mia, ticket, Status.CLOSED)
    db.commit()
    answer = gus.post(f"/tickets/{ticket.id}/comments", data={"body": "It is broken once more, as before."})
    follow_up = db.session.query(Ticket).order_by(Ticket.id.desc()).first()
    assert answer.location == f"/tickets/{follow_up.id}"
    page = gus.get(answer.location)
    assert page.status_code == 200
    assert "It is broken once more" in page.text
    assert "follows" in page.text


@pytest.mark.parametrize("end", ["deactivated", "password"])
def test_a_link_ends_with_whatever_ends_all_sign_ins(world, ticket, come, end):
    from informejo.accounts import password_actions

    gus = come(world.gus, ticket)
    stream = Listener(gus, f"/live?on=ticket:{ticket.id}")
    if end == "deactivated":
        rights_actions.set_active(world.ana, world.gus, False)
    else:
        token = password_actions.make_password_link(world.ana, world.gus, mailed=True)
        password_actions.choose_password(token, password="violet ladder 77 sea")
    db.commit()
    world.comment(world.mia, ticket, "After the end.")
    assert "After the end" not in str(stream.heard())
    assert gus.get(f"/tickets/{ticket.id}").status_code == 401


def test_a_guest_who_chooses_a_password_keeps_their_tickets(world, visit, ticket):
    from informejo.accounts import password_actions

    token = password_actions.make_password_link(world.ana, world.gus, mailed=True)
    db.commit()
    browser = visit()
    answer = browser.post(
        f"/choose-password/{token}", data={"password": "violet ladder 77 sea", "again": "violet ladder 77 sea"}
    )
    assert answer.status_code == 303
    assert ticket.title in browser.get("/tickets").text
    assert browser.get(f"/tickets/{ticket.id}").status_code == 200


def test_expired_links_are_pruned_and_so_are_those_of_a_ticket_that_is_gone_for_good(app, world, ticket):
    make_link(world.gus, ticket)
    db.session.flush()
    link = db.session.query(Session).one()
    link.expires_at = clock.now() - timedelta(minutes=1)
    db.commit()
    assert prune_actions.forget_sessions(10) == 1
    make_link(world.gus, ticket)
    change_actions.delete_ticket(world.ana, ticket)
    ticket.deleted_at = clock.now() - timedelta(days=app.config["BIN_DAYS"] + 2)
    db.commit()
    while ticket_prune_actions.purge_lost_tickets(10):
        db.commit()
    assert not db.session.query(Session).count()


def test_a_link_keeps_drafts_of_its_ticket_alone_whatever_else_the_address_says(world, ticket, come):
    other = world.ticket(world.gus, "Another one")
    gus, typed = come(world.gus, ticket), {"title": "A title", "body": "A text", "key": "k"}
    here = f"?on=ticket:{ticket.id}"
    for form in ("new-ticket", f"ticket:{other.id}", f"ticket:0{ticket.id}", "comment:٣", "comment:" + "9" * 5000, ""):
        for address in ("/drafts", "/drafts/discard"):
            assert gus.post(address + here, data=typed | {"draft": form}).status_code == 401, form
    twice = [f"ticket:{ticket.id}", "new-ticket"]
    assert gus.post("/drafts", data=typed | {"draft": twice}).status_code == 401
    assert gus.post("/drafts", data=typed | {"draft": twice[:1]}).status_code == 303
    assert [draft.form for draft in db.session.query(Draft)] == twice[:1]


@pytest.mark.parametrize("quoted", ["access code {}", "access code *{}*", "access\n> code {}", "access code\n> > {}"])
def test_a_quoted_link_and_its_code_stand_in_no_conversation(world, ticket, quoted):
    link = make_link(world.gus, ticket)
    db.commit()
    said = (
        "It works now. I had typed the " + quoted.format(shown(link.code)) + f"\n> http://localhost:3003/t/{link.token}"
    )
    come_by_mail(letter(sender=world.gus.email, subject=f"Re: [#{ticket.id}]", text=said))
    body = db.session.query(Comment).one().body
    assert "It works now" in body
    assert shown(link.code) not in body
    assert link.token not in body


def test_what_a_link_opens_it_also_hears_when_nobody_has_shown_whose_account_it_is(world, ticket):
    world.gus.role, world.gus.confirmed_at, ticket.unverified = Role.USER, None, True
    db.session.commit()
    by_link = Viewer(world.gus.id, world.gus.name, Role.USER, only=ticket.id)
    topic = [f"ticket:{ticket.id}"]
    assert len(policy.channels(by_link, topic, "html")[0]) == 1
    assert policy.channels(by_link._replace(only=None), topic, "html")[0] == ()
    assert policy.channels(by_link, [f"ticket:{world.ticket(world.gus).id}"], "html")[0] == ()
    assert policy.channels(by_link._replace(id=world.zoe.id), topic, "html")[0] == ()
