"""What is typed and not sent yet is kept, for its author alone, and stands in its form again."""

import pytest
from sqlalchemy import select

from informejo import clock, db, limits
from informejo.drafts import actions as drafts
from informejo.drafts.actions import MOST_DRAFTS
from informejo.drafts.inputs import KEPT
from informejo.drafts.models import Draft
from informejo.drafts.queries import OFFERED, draft_for, drafts_of
from informejo.tickets import change_actions
from informejo.tickets.words import Status
from tests.live import dom

HTMX = {"HX-Request": "true"}
TYPED = 'It says "E-42" & <b>smokes</b>.\nSince Monday.'


@pytest.fixture
def ticket(world):
    return world.ticket()


@pytest.fixture
def ren(world, visit):
    return visit(world.ren)


def save(browser, form: str, headers=None, **fields):
    answer = browser.post("/drafts", data={"draft": form, **fields}, headers=headers or {})
    db.session.rollback()  # what the door did not commit is gone
    return answer


def kept(person, form: str) -> dict:
    """What this person has typed there last."""
    fields = draft_for(person, form)
    assert fields == {} or fields["saved_at"] <= clock.now()
    return {name: text for name, text in fields.items() if name not in ("saved_at", "continues", "others")}


def bodies(person, form: str = "ticket:1") -> set[str]:
    """What this person has typed there in whatever tab."""
    return {draft.fields["body"] for draft in drafts_of(person, form)}


def drawn(browser, page: str) -> dict[str, str]:
    """The fields of the form on that page as a tab of its own has them."""
    [form] = [form for form in dom.read(browser.get(page).text).all("form") if "data-draft" in form.attributes]
    fields = {field["name"]: field.attributes.get("value", "") for field in form.all("input", type="hidden")}
    return fields | {area["name"]: "".join(area.content).removeprefix("\n") for area in form.all("textarea")}


def test_a_draft_is_kept_and_its_form_begins_with_it(world, ren, ticket):
    comment = world.comment(world.ren, ticket)
    for form, page, field in (
        ("new-ticket", "/tickets/new", "description"),
        ("ticket:1", "/tickets/1", "body"),
        ("ticket:1:edit", "/tickets/1/edit", "description"),
        (f"comment:{comment.id}", f"/comments/{comment.id}/edit", "body"),
    ):
        answer = save(ren, form, **{field: TYPED})
        assert answer.location == f"{page}"
        shown = dom.read(ren.get(page).text).find(f"field-{field}")
        assert "".join(shown.content).removeprefix("\n") == TYPED


def test_to_htmx_the_answer_is_when_it_was_saved(ren, ticket):
    answer = save(ren, "ticket:1", HTMX, body=TYPED)
    assert answer.status_code == 200
    assert "Draft saved" in answer.text
    assert TYPED not in answer.text


def test_a_later_draft_takes_the_place_of_the_earlier_and_an_empty_form_has_none(world, ren):
    save(ren, "new-ticket", title="One", description="Two")
    save(ren, "new-ticket", title="Three")
    assert kept(world.ren, "new-ticket") == {"title": "Three"}
    assert "Draft saved" not in save(ren, "new-ticket", HTMX, title="").text
    assert kept(world.ren, "new-ticket") == {}


def test_choices_alone_are_no_draft_but_are_kept_with_a_text(world, visit, ticket):
    mia = visit(world.mia)
    save(mia, "ticket:1", internal="yes")
    assert kept(world.mia, "ticket:1") == {}
    save(mia, "ticket:1", internal="yes", body="half a")
    assert kept(world.mia, "ticket:1") == {"internal": "yes", "body": "half a"}
    chosen = dom.read(mia.get("/tickets/1").text).find("internal-note")
    assert "checked" in chosen.attributes


def test_a_draft_is_its_authors_alone(world, ren, visit, ticket):
    save(ren, "ticket:1", body=TYPED)
    for other in (world.zoe, world.mia, world.ana):
        assert "E-42" not in visit(other).get("/tickets/1").text
        assert kept(other, "ticket:1") == {}
    save(visit(world.mia), "ticket:1", body="mine")
    assert kept(world.ren, "ticket:1") == {"body": TYPED}
    assert visit().post("/drafts", data={"draft": "ticket:1", "body": "x"}).status_code == 401


def test_the_draft_of_a_ticket_one_may_not_see_shows_nothing_of_it(world, visit, ticket):
    zoe = visit(world.zoe)
    assert save(zoe, "ticket:1", body="hello").location == "/tickets/1"
    assert zoe.get("/tickets/1").status_code == 404
    assert ticket.title not in save(zoe, "ticket:1", HTMX, body="hello").text


def test_what_was_sent_is_gone_and_what_is_typed_anew_is_kept_anew(world, ren, ticket):
    save(ren, "ticket:1", body="half a")
    ren.post("/tickets/1/comments", data={"body": "half a sentence", "key": "once"})
    db.session.rollback()
    assert kept(world.ren, "ticket:1") == {}
    save(ren, "ticket:1", body="the next")
    assert kept(world.ren, "ticket:1") == {"body": "the next"}


def test_a_message_that_is_refused_leaves_its_draft(world, ren, ticket):
    save(ren, "ticket:1", body="half a")
    assert ren.post("/tickets/1/comments", data={"body": "x" * (limits.COMMENT.most + 1)}).status_code == 422
    db.session.rollback()
    assert kept(world.ren, "ticket:1") == {"body": "half a"}


def test_a_draft_survives_what_happens_to_the_ticket(world, ren, ticket):
    save(ren, "ticket:1", body=TYPED)
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    change_actions.restore_ticket(world.ana, ticket)
    db.commit()
    assert kept(world.ren, "ticket:1") == {"body": TYPED}


def test_a_text_too_long_to_be_sent_is_kept_to_its_end(world, ren):
    text = "x" * 5 * limits.DESCRIPTION.most + "the end"
    save(ren, "new-ticket", description=text)
    assert kept(world.ren, "new-ticket")["description"] == text


def test_what_was_begun_in_an_edit_form_is_said_to_be_a_draft_when_it_is_opened(world, ren, ticket):
    comment = world.comment(world.ren, ticket)
    for form, page in (("ticket:1:edit", "/tickets/1/edit"), (f"comment:{comment.id}", f"/comments/{comment.id}/edit")):
        assert "Draft of" not in ren.get(page).text
        save(ren, form, title="A title", description=TYPED, body=TYPED)
        assert "Draft of" in ren.get(page).text


def test_who_answers_on_a_closed_ticket_keeps_what_was_begun_in_the_form_for_a_new_one(world, ren, ticket):
    save(ren, "new-ticket", title="My laptop", description="It does not sta")
    change_actions.set_status(world.mia, ticket, Status.CLOSED)
    db.commit()
    save(ren, "ticket:1", body="It burns ag")
    assert ren.post("/tickets/1/comments", data={"body": "It burns again."}).location.startswith("/tickets/2")
    db.session.rollback()
    assert kept(world.ren, "new-ticket") == {"title": "My laptop", "description": "It does not sta"}
    assert kept(world.ren, "ticket:1") == {}


def test_a_draft_knows_which_ticket_the_new_one_follows(world, ren, ticket):
    save(ren, "new-ticket", title="Again", follows="1")
    assert "Follows" in ren.get("/tickets/new").text


def test_who_saves_a_draft_without_scripts_is_told_that_its_files_are_not_in_it(ren, ticket):
    for page in ("/tickets/1", "/tickets/new"):
        [button] = dom.read(ren.get(page).text).all("button", formaction="/drafts")
        assert button["formenctype"] == "application/x-www-form-urlencoded", "else a large file keeps the text from it"
    answer = save(ren, "ticket:1", body=TYPED, files="large.iso")
    assert "Files are not" in ren.get(answer.location).text


@pytest.mark.hardening("H-06")
def test_a_draft_keeps_the_fields_of_forms_and_nothing_else(world, ren):
    save(ren, "new-ticket", title="A title", password="secret", key="once", role="admin", saved_at="now")
    assert kept(world.ren, "new-ticket") == {"title": "A title"}
    assert not {"password", "current", "again", "key"} & set(KEPT)


@pytest.mark.parametrize(
    "form", ["", "nonsense", "ticket:", "ticket:x", "ticket:1:delete", "ticket:1\n", "comment:٣", "x" * 5000, None]
)
def test_a_form_that_does_not_exist_has_no_draft(ren, form):
    fields = {"body": "text"} if form is None else {"draft": form, "body": "text"}
    assert ren.post("/drafts", data=fields).status_code == 400
    assert not db.session.scalars(select(Draft)).all()


@pytest.mark.parametrize("text", ["a\0b", "\ud7ff\uffff", "🙂" * 100, "\u202eabc", "line\r\nline"])
def test_whatever_was_typed_can_be_kept(world, ren, text):
    assert save(ren, "new-ticket", title=text).status_code == 303
    assert ren.get("/tickets/new").status_code == 200
    assert kept(world.ren, "new-ticket")["title"] == text


def test_a_draft_that_arrives_after_its_message_does_not_bring_the_text_back(world, ren, ticket):
    save(ren, "ticket:1", body="half", key="once")
    assert draft_for(world.ren, "ticket:1")
    ren.post("/tickets/1/comments", data={"body": "all of it", "key": "once"})
    save(ren, "ticket:1", body="all of it", key="once")
    assert not draft_for(world.ren, "ticket:1")


def test_what_is_typed_on_because_no_answer_came_is_kept_though_the_message_has_arrived(world, ren, ticket):
    ren.post("/tickets/1/comments", data={"body": "all\nof it", "key": "once"})
    for late in ("all\r\nof it ", "all"):
        save(ren, "ticket:1", body=late, key="once")
        assert not draft_for(world.ren, "ticket:1")
    save(ren, "ticket:1", body="all of it, and more", key="once")
    assert draft_for(world.ren, "ticket:1")["body"] == "all of it, and more"
    sent = {"title": "The screen", "description": "It is dark.", "key": "other"}
    ren.post("/tickets", data=sent | {"category": "other", "priority": "medium"})
    save(ren, "new-ticket", **sent)
    assert not draft_for(world.ren, "new-ticket")
    save(ren, "new-ticket", **sent | {"title": "The screen on the left"})
    assert draft_for(world.ren, "new-ticket")["title"] == "The screen on the left"


def test_two_tabs_of_one_form_are_two_drafts_and_sending_one_leaves_the_other(world, visit, ticket):
    mia = visit(world.mia)
    note, reply = (drawn(mia, "/tickets/1") for _ in range(2))
    save(mia, **as_form(note), internal="yes", body="They called. Wait for the mana")
    save(mia, **as_form(reply), body="We are on")
    assert bodies(world.mia) == {"They called. Wait for the mana", "We are on"}
    answer = mia.post("/tickets/1/comments", data=reply | {"body": "We are onto it."}, headers=HTMX)
    assert "They called." in answer.text, "it is offered beside the empty form"
    assert bodies(world.mia) == {"They called. Wait for the mana"}


def test_two_tabs_that_go_on_with_the_same_draft_do_not_write_over_each_other(world, ren, ticket):
    save(ren, **as_form(drawn(ren, "/tickets/1")), body="Begun")
    one, two = (drawn(ren, "/tickets/1") for _ in range(2))
    assert (one["body"], two["body"]) == ("Begun", "Begun")
    save(ren, **as_form(one), body="Begun, and gone on")
    assert bodies(world.ren) == {"Begun, and gone on"}
    save(ren, **as_form(two), body="Begun, otherwise")
    assert bodies(world.ren) == {"Begun, and gone on", "Begun, otherwise"}


def test_a_form_that_began_with_a_draft_and_says_something_else_leaves_it_alone(world, ren, ticket):
    """The tab in which it was typed may still be open."""
    begun = "The lift stops on floor 3 since Monday"
    save(ren, **as_form(drawn(ren, "/tickets/1")), body=begun)
    form = drawn(ren, "/tickets/1")
    assert form["body"] == begun
    save(ren, **as_form(form), body="Thank you, that helped.")
    assert bodies(world.ren) == {begun, "Thank you, that helped."}
    ren.post("/tickets/1/comments", data=form | {"body": "Thank you, that helped."})
    db.session.rollback()
    assert bodies(world.ren) == {begun}


def test_what_was_sent_is_no_draft_any_more_though_its_last_words_were_never_saved(world, ren, ticket):
    save(ren, **as_form(drawn(ren, "/tickets/1")), body="It burs")
    form = drawn(ren, "/tickets/1")
    assert ren.post("/tickets/1/comments", data=form | {"body": "It burns."}).status_code == 303
    db.session.rollback()
    assert bodies(world.ren) == set()
    save(ren, **as_form(form), body="It burs")
    assert bodies(world.ren) == {"It burs"}, "other words than those that were sent"
    save(ren, **as_form(form), body="It burns")
    assert bodies(world.ren) == set(), "it was on the way and came too late"


def test_every_draft_of_a_form_is_offered_and_can_be_opened_or_thrown_away(world, ren, ticket):
    for text in ("The first", "The second", "The <third>"):
        save(ren, "ticket:1", body=text, key=text)
    page = ren.get("/tickets/1").text
    assert "The second" in page
    assert drawn(ren, "/tickets/1?draft=The first")["body"] == "The first"
    assert drawn(ren, "/tickets/1?draft=nonsense")["body"] == "The <third>"
    answer = ren.post("/drafts/discard", data={"draft": "ticket:1", "discard": "The second"})
    assert answer.location == "/tickets/1"
    db.session.rollback()
    assert bodies(world.ren) == {"The first", "The <third>"}


def test_nobody_opens_or_throws_away_what_another_has_typed(world, ren, visit, ticket):
    save(ren, "ticket:1", body="Mine alone", key="k")
    mia = visit(world.mia)
    assert "Mine alone" not in mia.get("/tickets/1?draft=k").text
    mia.post("/drafts/discard", data={"draft": "ticket:1", "discard": "k"})
    db.session.rollback()
    assert bodies(world.ren) == {"Mine alone"}
    assert mia.post("/drafts/discard", data={"draft": "nonsense"}).status_code == 400


def test_the_form_for_the_next_caller_does_not_begin_with_the_last_ones_address(world, visit):
    mia = visit(world.mia)
    save(mia, "new-ticket", key="k", title="A laptop", requester_email="ana.b@example.org")
    page = mia.get("/tickets/new").text
    assert 'value="ana.b@example.org"' not in page
    assert "A laptop" in page, "it is offered"
    assert 'value="ana.b@example.org"' in mia.get("/tickets/new?draft=k").text


def test_of_very_many_drafts_of_one_form_the_newest_stay_and_few_are_offered(world, ren, ticket):
    for number in range(MOST_DRAFTS + 2):
        save(ren, "ticket:1", body=f"Draft number {number}.", key=str(number))
    assert bodies(world.ren) == {f"Draft number {number}." for number in range(2, MOST_DRAFTS + 2)}
    assert ren.get("/tickets/1").text.count("?draft=") == OFFERED


def test_a_form_that_is_emptied_gives_up_what_it_began_with(world, ren, ticket):
    save(ren, "ticket:1", body="Never mind", key="k")
    save(ren, **as_form(drawn(ren, "/tickets/1")), body="")
    assert bodies(world.ren) == set()


def test_a_draft_from_a_page_without_a_key_is_forgotten_with_what_is_sent(world, ren, ticket):
    save(ren, "ticket:1", body="It burs since Monday")
    form = drawn(ren, "/tickets/1")
    ren.post("/tickets/1/comments", data=form | {"body": "It burns since Monday."})
    db.session.rollback()
    assert bodies(world.ren) == set()


@pytest.mark.parametrize("page", ["/tickets", "/tickets/1/comments"])
def test_fields_that_only_the_desk_sets_mean_nothing_in_a_form(ren, ticket, page):
    forged = {"saved_at": "x", "others": "x", "continues": "x" * 65, "title": "x", "body": ""}
    assert ren.post(page, data=forged).status_code == 422


def as_form(fields: dict[str, str]) -> dict[str, str]:
    """Which form of which tab it is, as a draft says it."""
    return {"form": fields["draft"], "key": fields["key"], "continues": fields["continues"]}


def test_the_draft_a_form_begins_with_is_not_offered_beside_it(world, ticket, ren):
    save(ren, f"ticket:{ticket.id}", body="It smokes.")
    page = ren.get(f"/tickets/{ticket.id}").text
    assert [area.text.strip() for area in dom.read(page).all("textarea")] == ["It smokes."]
    assert "Other drafts" not in page
    save(ren, f"ticket:{ticket.id}", body="Another one.", key="another")
    assert "Other drafts" in ren.get(f"/tickets/{ticket.id}").text


def test_nobody_fills_the_desk_with_drafts_of_tickets_that_are_not_there(world, ren, monkeypatch):
    monkeypatch.setattr(drafts, "MOST_IN_ALL", 3)
    for number in range(1, 6):
        save(ren, f"ticket:{number}", body=f"Number {number}.")
    theirs = db.session.scalars(select(Draft.form).where(Draft.user_id == world.ren.id))
    assert set(theirs) == {"ticket:3", "ticket:4", "ticket:5"}
