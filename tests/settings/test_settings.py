"""The page of settings: what administrators change, with a history and a way back."""

import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from informejo import clock, db
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.events.sentences import sentence
from informejo.mail.senders import desk_name
from informejo.meanwhile import ChangedMeanwhile
from informejo.settings.actions import MOST_CATEGORIES, change_categories, change_setting
from informejo.settings.colours import CLEAR, READABLE, accent, contrast, verdict
from informejo.settings.queries import setting
from informejo.teams import actions as teams
from informejo.tickets import change_actions
from informejo.tickets.models import Ticket
from informejo.tickets.words import Category
from tests.live import dom
from tests.world import PASSWORD, PNG

SECRETS = {
    "SMTP_PASSWORD": "s3cret-of-smtp",
    "METRICS_TOKEN": "s3cret-of-metrics",
    "OAUTH_CLIENT_SECRET": "s3cret-oauth",
}


@pytest.fixture
def ana(world, visit):
    return visit(world.ana)


def save(browser, **fields):
    """As the form sends it: what was shown goes with what is there now."""
    was = {f"was-{name}": shown for name, (shown, _) in fields.items()}
    return browser.post("/settings", data=was | {name: new for name, (_, new) in fields.items()})


def categories(browser, *changed: tuple[Category, str, str, bool, bool], new: str = "", **pressed: str):
    """Of each that is changed: what it was called and shall be called, and whether it was offered and shall be."""
    sent = {"new": new, **pressed}
    for one, was, word, was_offered, offered in changed:
        sent |= {f"was-word-{one}": was, f"word-{one}": word, f"was-offered-{one}": "on" if was_offered else ""}
        sent |= {f"offered-{one}": "on"} if offered else {}
    return browser.post("/settings/categories", data=sent)


def hide(browser, one: Category):
    return categories(browser, (one, one.word, one.word, True, False))


def rename(browser, one: Category, word: str, was: str = ""):
    return categories(browser, (one, was or one.word, word, True, True))


def changes() -> list[dict]:
    events = select(Event.changes).where(Event.name == EventName.SETTING_CHANGED).order_by(Event.id)
    return list(db.session.scalars(events))


def test_what_is_saved_is_shown_on_every_page_from_the_next_load_on(ana, visit, world):
    answer = save(ana, DESK_NAME=("Informejo", "Blue desk"), GREETING=("", "Hello.\nCome in."))
    assert answer.status_code == 303
    front = visit().get("/").text
    assert "· Blue desk</title>" in front
    assert "<span>Blue desk</span>" in front
    assert "Hello.\nCome in." in front
    assert desk_name() == "Blue desk"
    assert changes() == [{"DESK_NAME": ["Informejo", "Blue desk"], "GREETING": ["", "Hello.\nCome in."]}]


def test_only_what_was_touched_is_changed(ana):
    save(ana, DESK_NAME=("Informejo", "Informejo"), LINK_DAYS=("30", "30"))
    assert changes() == []


def test_registration_can_be_switched_off_and_its_page_is_gone(ana, visit):
    pages = ("/", "/sign-in")
    assert visit().get("/register").status_code == 200
    assert all("/register" in visit().get(page).text for page in pages)
    save(ana, REGISTRATION=("on", "off"))
    assert visit().get("/register").status_code == 404
    assert not any("/register" in visit().get(page).text for page in pages)
    assert 'href="/register"' not in visit().get("/").text


def test_a_new_ticket_offers_the_categories_that_were_chosen(ana, visit, world):
    browser = visit(world.ren)
    assert 'value="hardware"' in browser.get("/tickets/new").text
    hide(ana, Category.HARDWARE)
    offered = browser.get("/tickets/new").text
    assert 'value="network"' in offered
    assert 'value="hardware"' not in offered
    typed = {"title": "It is broken", "description": "It does not start.", "name": "Kim", "email": "kim@example.org"}
    for form, sent in ((browser, "/tickets"), (visit(), "/submit-ticket")):
        hidden = form.post(sent, data=typed | {"category": "hardware"})
        assert (hidden.status_code, "is not offered any more" in hidden.text) == (422, True)
        assert "It does not start." in hidden.text
        assert '<option value="" selected>Choose one</option>' in hidden.text  # not the first of them, unseen
        assert form.post(sent, data=typed | {"category": "network"}).status_code == 303


def test_the_page_is_saved_where_environment_and_page_together_hide_all(app, ana):
    hide(ana, Category.HARDWARE)
    app.config["CATEGORIES"] = "hardware"
    assert ana.post("/settings/categories").status_code == 303


def test_a_setting_that_names_no_category_there_is_hides_none(app, visit, world):
    app.config["CATEGORIES"] = "hardware,network"
    assert 'value="hardware"' in visit(world.ren).get("/tickets/new").text


def test_another_name_of_a_category_is_that_of_all_its_tickets_wherever_they_are_shown(ana, world, visit):
    ticket, mia, ren = world.ticket(), visit(world.mia), visit(world.ren)
    change_actions.set_category(world.mia, ticket, Category.TRAVEL)
    db.commit()
    pages = [(mia, f"/tickets/{ticket.number}"), (ren, f"/tickets/{ticket.number}"), (mia, "/queue"), (mia, "/desk"),
             (ren, "/tickets/new"), (visit(), "/submit-ticket"), (ana, "/teams/1")]  # fmt: skip
    teams.create_team(world.ana, name="Networks")
    db.commit()
    assert [("Travel" in browser.get(page).text, page) for browser, page in pages] == [(True, p) for _, p in pages]
    assert rename(ana, Category.TRAVEL, "सफ़र & <b>").status_code == 303
    for browser, page in pages:
        assert ("सफ़र &amp; &lt;b&gt;" in browser.get(page).text, page) == (True, page)
        assert "Travel" not in browser.get(page).text
    changed = db.session.scalar(select(Event).where(Event.name == EventName.TICKET_UPDATED))
    assert "changed the category to सफ़र & <b>" in sentence(changed)
    assert "Travel became सफ़र" in ana.get("/settings/categories").text.replace("“", "").replace("”", "")
    assert f"/tickets/{ticket.number}" in mia.get("/queue?category=travel").text


def test_a_category_that_was_added_is_chosen_filtered_and_a_teams_and_never_goes(ana, world, visit):
    assert categories(ana, new="  打印机 ").status_code == 303
    added = next(one for one in Category if one.word == "打印机")
    team = teams.create_team(world.ana, name="Paper")
    db.commit()
    ana.post(f"/teams/{team.id}", data={"name": "Paper", "sees": "all", "categories": [added]})
    sent = {"title": "Paper jam", "description": "It eats the paper.", "category": added}
    assert visit(world.ren).post("/tickets", data=sent).status_code == 303
    ticket = db.session.scalar(select(Ticket).where(Ticket.category == added))
    assert ticket.team_id == team.id
    mia = visit(world.mia)
    assert "Paper jam" in mia.get(f"/queue?category={added}").text
    assert "Paper jam" not in mia.get("/queue?category=travel").text
    added_by = db.session.scalar(select(Event.id).where(Event.name == EventName.SETTING_CHANGED))
    assert ana.post(f"/settings/changes/{added_by}/undo").status_code == 303
    assert (added.is_hidden, added.word) == (True, "打印机")
    assert "打印机" not in visit(world.ren).get("/tickets/new").text
    assert "打印机" in mia.get(f"/tickets/{ticket.number}").text
    categories(ana, (added, "打印机", "打印机", False, True))
    assert not added.is_hidden


def test_what_no_category_can_be_called_is_a_sentence_beside_it(ana, world):
    refused = ["hardware", "ＨＡＲＤＷＡＲＥ", "Hárdware", "x" * 41, "\u200b", "\u0301"]
    for word in refused:
        answer = categories(ana, new=word) if word.strip("\u200b") else rename(ana, Category.TRAVEL, word)
        assert (answer.status_code, 'class="field-problem"' in answer.text, word) == (422, True, word)
        assert rename(ana, Category.TRAVEL, word).status_code == 422
    assert changes() == []
    last = [(one, one.word, one.word, True, False) for one in Category]
    assert categories(ana, *last).status_code == 422
    swapped = (Category.TRAVEL, "Travel", "Access", True, True), (Category.ACCESS, "Access", "Travel", True, True)
    assert categories(ana, *swapped).status_code == 303
    for number in range(len(Category), MOST_CATEGORIES):
        change_categories(world.ana, {}, f"Category {number}")
    db.commit()
    assert categories(ana, new="One more").status_code == 422


def test_as_many_categories_as_fit_can_be_changed_also_after_the_question_who_it_is(ana, world):
    for number in range(len(Category), MOST_CATEGORIES):
        change_categories(world.ana, {}, f"Category {number}")
    db.commit()
    shown = ana.get("/settings/categories")
    assert sent(ana, shown, **{"word-hardware": "Machines"}).status_code == 303
    with clock.at(clock.now() + timedelta(minutes=20)):
        asked = sent(ana, shown, **{"word-access": "Keys"})
        assert asked.status_code == 403
        waits = sent(ana, asked, password=PASSWORD)
        assert sent(ana, waits).status_code == 303
    assert (Category.HARDWARE.word, Category.ACCESS.word) == ("Machines", "Keys")


def sent(browser, page, **typed: str):
    """The first form of the page's content as a browser sends it, with something typed into it."""
    [main] = dom.read(page.text).all("main")
    form = main.all("form")[0]
    return browser.post(form["action"], data=form.sent | typed)


def test_two_who_change_one_category_keep_both_changes_or_are_asked(ana):
    rename(ana, Category.TRAVEL, "Trips")
    assert categories(ana, (Category.TRAVEL, "Travel", "Travel", True, False)).status_code == 303
    assert (Category.TRAVEL.word, Category.TRAVEL.is_hidden) == ("Trips", True)
    late = rename(ana, Category.TRAVEL, "Journeys", was="Travel")
    assert (late.status_code, "Journeys" in late.text, "“Trips”" in late.text) == (409, True, True)
    assert Category.TRAVEL.word == "Trips"
    rename(ana, Category.ACCESS, "Travel")
    first = db.session.scalar(select(Event.id).where(Event.name == EventName.SETTING_CHANGED))
    taken = ana.post(f"/settings/changes/{first}/undo")
    assert (taken.status_code, "There is a category of that name already" in taken.text) == (409, True)


def test_whether_who_registers_proves_the_address_is_set_here_too(ana):
    save(ana, REGISTRATION_CONFIRM=("on", "off"))
    assert setting("REGISTRATION_CONFIRM") is False


@pytest.mark.parametrize(
    ("name", "was", "new"),
    [("DESK_NAME", "Informejo", ""), ("ACCENT", "", "red; }"), ("LINK_DAYS", "30", "0"), ("LINK_DAYS", "30", "x"),
     ("LINK_DAYS", "30", "9" * 50), ("SECOND_FACTOR", "", "everybody"), ("GREETING", "", "x" * 1001)],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence_and_what_was_typed_stays(ana, name, was, new):
    answer = save(ana, **{name: (was, new)}, SUBMIT_HINT=("", "Typed beside it."))
    assert answer.status_code == 422
    assert f'id="problem-{name}"' in answer.text
    assert "Typed beside it." in answer.text
    assert changes() == []


def test_two_who_change_the_same_setting_keep_both_words(ana, visit, world):
    save(ana, GREETING=("", "Hers."))
    late = save(ana, GREETING=("", "Mine."), SUBMIT_HINT=("", "Beside it."))
    assert late.status_code == 409
    assert "Somebody changed this meanwhile to “Hers.”" in late.text.replace("&#34;", '"')
    assert "Mine." in late.text
    assert setting("GREETING") == "Hers."
    assert setting("SUBMIT_HINT") == ""
    assert save(ana, GREETING=("Hers.", "Mine.")).status_code == 303
    assert setting("GREETING") == "Mine."


def test_a_change_can_be_taken_back_once_and_that_is_a_change_too(ana):
    save(ana, GREETING=("", "Once."))
    id = db.session.scalar(select(Event.id).where(Event.name == EventName.SETTING_CHANGED))
    assert ana.post(f"/settings/changes/{id}/undo").status_code == 303
    assert setting("GREETING") == ""
    save(ana, GREETING=("", "Twice."))
    assert ana.post(f"/settings/changes/{id}/undo").status_code == 409
    assert setting("GREETING") == "Twice."
    assert changes()[1] == {"GREETING": ["Once.", ""]}
    assert "Undo" in ana.get("/settings").text


def test_the_change_of_something_else_is_no_setting_to_take_back(ana, world):
    world.ticket()
    id = db.session.scalar(select(Event.id))
    assert ana.post(f"/settings/changes/{id}/undo").status_code == 404


def test_nobody_sets_what_is_not_for_a_page(world):
    for name in ("SMTP_PASSWORD", "DATABASE_URL", "nonsense"):
        with pytest.raises(Exception, match="404"):
            change_setting(world.ana, name, "x", "")
    with pytest.raises(ChangedMeanwhile):
        change_setting(world.ana, "GREETING", "new", "was never so")


@pytest.mark.hardening("H-49")
def test_no_page_of_settings_shows_a_secret(app, ana):
    app.config.update(SECRETS | {"MAILBOXES": "imaps://desk:s3cret-of-box@mail.example.org"})
    pages = [ana.get(address).text for address in ("/settings", "/settings/mail")]
    assert [page.count("set in the environment") for page in pages] == [1, 3]
    assert "desk at mail.example.org, INBOX, port 993" in pages[1]
    assert "s3cret" not in "".join(pages)


def test_a_logo_is_served_as_nothing_but_a_picture(ana, visit):
    answer = ana.post("/settings/logo", data={"LOGO": (io.BytesIO(PNG), "x.svg")}, content_type="multipart/form-data")
    assert answer.status_code == 303
    [address] = set(re.findall(r"/assets/desk/\w+\.logo", visit().get("/").text))
    sent = visit().get(address)
    assert (sent.data, sent.mimetype) == (PNG, "image/png")
    assert "sandbox" in sent.headers["Content-Security-Policy"]
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in sent.headers["Cache-Control"]
    ana.post("/settings/logo", data={"remove": "yes"})
    assert visit().get(address).status_code == 404


@pytest.mark.parametrize("content", [b"<svg onload='alert(1)'/>", b"GIF89a", b"", PNG + bytes(70_000)])
def test_what_is_no_small_picture_is_no_logo(ana, content):
    sent = {"LOGO": (io.BytesIO(content), "logo.png", "image/png")}
    answer = ana.post("/settings/logo", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert 'id="problem-LOGO"' in answer.text
    assert not setting("LOGO")


@pytest.mark.parametrize("colour", ["#0b6a62", "#ffff00", "#000000", "#ffffff", "#2b5fe3", "#808080"])
def test_any_accent_can_be_read_in_both_themes(colour):
    made = accent(colour)
    assert contrast(made.light, "#ffffff") >= READABLE
    assert contrast(made.dark, "#131416") >= READABLE
    assert contrast(made.light_strong, "#ffffff") >= CLEAR
    assert contrast(made.dark_strong, "#131416") >= CLEAR
    assert bool(verdict(colour)) == ({made.light, made.dark} != {colour})


def test_an_accent_is_a_sheet_that_browsers_keep_and_says_what_became_of_it(ana, visit):
    save(ana, ACCENT=("", "#FFFF00"))
    [address] = re.findall(r"/assets/desk/\w+\.css", visit().get("/").text)
    sheet = visit().get(address)
    assert sheet.mimetype == "text/css"
    assert "immutable" in sheet.headers["Cache-Control"]
    of_another = visit().get("/assets/desk/0123456789abcdef.css")
    assert of_another.headers["Cache-Control"] == "no-store"
    assert accent("#ffff00").light in sheet.text
    assert "is shown as" in ana.get("/settings").text


def listed(page: str) -> list[str]:
    """The words that a new ticket can be about, as its form lists them."""
    [choice] = dom.read(page).all("select", name="category")
    return [option.text for option in choice.all("option") if option.attributes.get("value")]


def test_categories_are_moved_up_and_down_and_the_one_for_the_rest_stays_at_the_end(ana, visit, world):
    """Two plain buttons for each, so by keyboard and without scripts; what was typed beside is saved with it."""
    ren = visit(world.ren)
    before = listed(ren.get("/tickets/new").text)
    assert (before[0], before[-1]) == ("Hardware", "Other")
    answer = categories(ana, (Category.NETWORK, "Network", "Network", True, True), new="Printers", up="network")
    assert answer.location == "/settings/categories#up-network", "where it can be pressed again"
    assert listed(ren.get("/tickets/new").text) == [
        "Hardware", "Network", "Software", "Access", "Travel", "Printers", "Other"]  # fmt: skip
    [added] = [one for one in Category if one.word == "Printers"]
    for _ in range(9):
        categories(ana, up=added)
    assert [one.word for one in Category][:3] == ["Printers", "Hardware", "Network"]
    for ends in ({"down": "other"}, {"up": "other"}, {"up": added}, {"down": "nothing"}):
        categories(ana, **ends)
    assert [one.word for one in Category][0::6] == ["Printers", "Other"]
    assert "Move Printers down" in ana.get("/settings/categories").text


def test_two_who_move_categories_move_both_and_each_move_is_taken_back(ana, visit, world):
    before = list(Category)
    categories(ana, down="hardware")
    categories(visit(world.ana), up="travel")
    assert [*Category] == ["software", "hardware", "network", "travel", "access", "other"]
    page = ana.get("/settings/categories").text
    assert "Software, Hardware, Network, Travel, Access, Other" in page
    newest = re.search(r"/settings/changes/(\d+)/undo", page)[1]
    assert ana.post(f"/settings/changes/{newest}/undo").location == "/settings/categories"
    assert [*Category] == ["software", "hardware", "network", "access", "travel", "other"]
    categories(ana, up="hardware")
    assert [*Category] == before
    assert not setting("ORDER_OF_CATEGORIES"), "as they come by themselves"


def test_enter_in_a_name_saves_and_moves_nothing(ana):
    form = dom.read(ana.get("/settings/categories").text).find("field-ORDER_OF_CATEGORIES")
    assert not form.all("button")[0].attributes.get("name")
