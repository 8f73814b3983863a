"""Every page by itself: whole HTML, a name for each control, and no link, form or call that leads nowhere."""

import pytest
from werkzeug.exceptions import HTTPException

from informejo import db
from informejo.mail import actions as mail
from informejo.tickets import change_actions
from informejo.tickets.words import Status
from tests.live import dom
from tests.mail.deciding import catch_up
from tests.world import addressed

VISITORS = ["/", "/mail/confirm/x", "/sign-in", "/register", "/nowhere"]
REQUESTERS = ["/tickets", "/tickets?q=xyzzy", "/tickets/new", "/tickets/new?follows=2", "/tickets/1", "/tickets/2",
              "/tickets/1/edit", "/comments/1/edit", "/profile", "/profile/mail", "/desk", "/tickets/99"]  # fmt: skip
STAFF = ["/desk", "/queue", "/queue?q=xyzzy", "/queue?status=&assignee=me&sort=priority", "/tickets/1", "/tickets/2",
         "/users", "/users?role=agent&q=mia", "/bin", "/health", "/mail/check", "/profile", "/tickets/new",
         "/profile/mail", "/tickets/1/mail", "/users/5",
         "/comments/2/edit"]  # fmt: skip
PAGES = [(None, page) for page in VISITORS] + [("ren", page) for page in REQUESTERS] + [("ana", page) for page in STAFF]
NAMELESS = ("hidden", "submit", "button")


@pytest.fixture(scope="module")
def drawn():
    """The text of each page; these tests only look at it, so the desk is furnished and drawn by the first of them."""
    return {}


@pytest.fixture
def page(request, drawn):
    """`page(who, address)`: the page as a tree; its tags close in order or reading it fails."""
    if not drawn:
        world, visit = map(request.getfixturevalue, ("world", "visit"))
        _furnish(world)
        for who, address in PAGES:
            drawn[who, address] = visit(who and getattr(world, who)).get(addressed(address)).text
    return lambda who, address: dom.read(drawn[who, address])


def _furnish(world):
    ticket, closed, binned = world.ticket(), world.ticket(title="A closed one"), world.ticket(title="A binned one")
    world.comment(world.ren, ticket)
    world.comment(world.ana, ticket, "Here is a [link](https://example.org).")
    change_actions.set_status(world.mia, closed, Status.CLOSED)
    change_actions.delete_ticket(world.ana, binned)
    mail.watch(world.mia, ticket, world.tom)
    db.commit()
    catch_up()


@pytest.mark.parametrize(("who", "address"), PAGES)
def test_a_page_is_whole_and_no_two_things_share_an_id(page, who, address):
    tree = page(who, address)
    ids = [element["id"] for element in tree.walk() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    assert [html["lang"] for html in tree.all("html")] == ["en"]
    assert len(tree.all("h1")) == len(tree.all("main")) == len(tree.all("title")) == 1


@pytest.mark.parametrize(("who", "address"), PAGES)
def test_every_control_has_a_name_and_every_reference_a_target(page, who, address):
    tree = page(who, address)
    ids = {element["id"] for element in tree.walk() if "id" in element.attributes}
    labelled = {label["for"] for label in tree.all("label") if "for" in label.attributes}
    within = {id(control) for label in tree.all("label") for control in label.walk()}
    for control in (*tree.all("input"), *tree.all("select"), *tree.all("textarea")):
        named = "aria-label" in control.attributes or control.attributes.get("id") in labelled or id(control) in within
        unseen = "hidden" in control.attributes or control.attributes.get("type") in NAMELESS
        assert named or unseen, control.attributes
    for thing in (*tree.all("button"), *tree.all("a")):
        assert thing.text or "aria-label" in thing.attributes, thing.attributes
    for element in tree.walk():
        for reference in ("for", "aria-describedby", "aria-labelledby", "aria-controls", "popovertarget"):
            assert set(element.attributes.get(reference, "").split()) <= ids, (reference, element.attributes)


@pytest.mark.parametrize(("who", "address"), PAGES)
def test_every_link_and_form_leads_to_an_address_that_is_there(app, page, who, address):
    adapter = app.url_map.bind("localhost")
    for element in page(who, address).walk():
        for name, method in (("href", "GET"), ("src", "GET"), ("hx-get", "GET"), ("hx-post", "POST"), ("action", None)):
            target = element.attributes.get(name, "#")
            if target.startswith(("#", "mailto:", "https://example.org")):
                continue
            verb = method or element.attributes.get("method", "get").upper()
            try:
                adapter.match(target.partition("#")[0].partition("?")[0], verb)
            except HTTPException as error:
                pytest.fail(f"{verb} {target} on {address}: {error}")


@pytest.mark.parametrize(("who", "address"), PAGES)
def test_every_form_works_without_javascript(page, who, address):
    for form in page(who, address).all("form"):
        submits = [button for button in form.all("button") if button.attributes.get("type", "submit") == "submit"]
        one_field = form.attributes.get("role") == "search"  # Enter is enough there
        elsewhere = form.attributes.get("id") == "discard-draft"  # its buttons stand with the drafts, if there are any
        by_script = "passkey" in form.attributes.get("class", "").split()  # only scripts can ask a device; it is hidden
        assert submits or one_field or elsewhere or by_script, form.attributes
        assert form.attributes.get("hx-post") in (None, form["action"])
        assert not form.all("input", type="file") or form["enctype"] == "multipart/form-data"
