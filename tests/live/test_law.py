"""The law of live pages: an old page with what it was sent equals a fresh one.

Lists of the queue stand still (docs/decisions/0005-lists-stand-still.md), so for them it says: each row on both pages is the
same; a row that is on the old one alone is drawn as it is now; and the bar announces exactly the rows that are on the
fresh one alone. On one's own page only the order of cards may differ. Forms in which a text is being edited stand still.
"""

import inspect
import re
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest

from informejo import db
from informejo.accounts import actions as accounts
from informejo.events import log
from informejo.events.names import EventName
from informejo.live.fragments import SILENT
from informejo.security import cookie_name
from informejo.tickets import actions, change_actions
from tests import world as cast
from tests.live import dom
from tests.live.law_cases import CASES, COVERED, NO_CASE, PAGES, Desk, furnish
from tests.live.old_page import OldPage

PASSING = {"toasts", "announcer", "stream"}  # news of the moment; whom the stream connects, and since when
STANDING = {"edit-ticket", "edit-comment"}
LISTS = {"queue", "cards"}


@pytest.fixture(scope="module")
def furnished():
    """What is the same before each case is made before the first: the database, who is signed in, pages as drawn."""
    with closing(sqlite3.connect(":memory:")) as database:
        yield SimpleNamespace(database=database, cookies={}, trees={})


@pytest.fixture
def open_pages(app, visit, furnished):
    """Every kind of page, each opened by everybody who can."""
    app.config["STREAMS_PER_USER"] = 1000
    with closing(sqlite3.connect(db.db.engine.url.database)) as own:
        if not furnished.trees:
            furnish(cast.populate())
            _open_all(visit, furnished)
            own.backup(furnished.database)
        furnished.database.backup(own)
    browsers = {who: visit() for who in PAGES}
    for who, cookie in furnished.cookies.items():
        browsers[who].set_cookie(cookie_name(), cookie)
    pages = {
        (who, name): OldPage(browsers[who], address, furnished.trees[who, name].copy())
        for who, addresses in PAGES.items()
        for name, address in addresses.items()
    }
    return Desk(cast.find()), pages


def _open_all(visit, furnished):
    world = cast.find()
    for who, addresses in PAGES.items():
        browser = visit(getattr(world, who))
        furnished.cookies[who] = browser.get_cookie(cookie_name()).value
        for name, address in addresses.items():
            page = browser.get(address)
            assert page.status_code == 200, address
            furnished.trees[who, name] = dom.read(page.text)


@pytest.mark.hardening("L-06")
@pytest.mark.parametrize("case", CASES)
def test_an_old_page_with_what_it_was_sent_equals_a_fresh_one(open_pages, case, record_property):
    desk, pages = open_pages
    before = {key: plain(page.tree) for key, page in pages.items()}
    CASES[case](desk)
    db.commit()
    still = {key: page for key, page in pages.items() if not page.subscription.closed}
    broken, changed = [], 0
    for _ in range(2):  # who is here changes while others leave
        for page in still.values():
            page.catch_up()
    for (who, name), page in still.items():
        answer = page.browser.get(page.address)
        fresh = dom.read(answer.text)
        changed += plain(fresh) != before[who, name]
        broken += [f"{who}, {name}: {fault}" for fault in differences(page, fresh)]
    record_property("cases of the law", len(still))
    assert changed, "nobody's page is any different: this case tests nothing"
    assert broken == []


def test_every_event_has_a_case_or_is_silent_for_a_reason(world):
    furnish(world)
    desk = Desk(world)
    for name, case in CASES.items():
        try:
            case(desk)
            db.commit()
        except Exception:  # two cases that cannot follow each other
            db.db.session.rollback()
    happened = {event.name for event in log.since(0)}
    assert happened | SILENT.keys() >= set(EventName)
    assert all(SILENT.values()), "a reason"


def test_every_action_that_records_an_event_has_a_case_or_a_reason():
    cases = inspect.getsource(__import__("tests.live.law_cases", fromlist=["CASES"]))
    recording = {
        name
        for module in (actions, change_actions, accounts)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_") and records(function)
    }
    assert {"open_ticket", "add_comment", "assign", "restore_ticket", "set_role"} <= recording
    assert {name for name in recording if not re.search(rf"\.{name}\(", cases)} == NO_CASE.keys()
    assert COVERED.keys() <= recording


def records(function) -> bool:
    """Whether it records an event, by itself or through a private function of its module."""
    source = inspect.getsource(function)
    if "log.record(" in source:
        return True
    called = {getattr(inspect.getmodule(function), name, None) for name in re.findall(r"\b(\w+)\(", source)}
    return any(one is not function and inspect.isfunction(one) and one.__module__ == function.__module__
               and records(one) for one in called)  # fmt: skip


def differences(page: OldPage, fresh: dom.Element) -> list[str]:
    """Where the old page is not what the law wants it to be."""
    if fresh.find("main").all("section", class_name="lost"):
        return [] if lost(page.tree) == lost(fresh) else ["the ticket is not taken away as a fresh page says it"]
    told, faults = page.tree.find("queue-news"), []
    old, new = plain(page.tree), plain(fresh)
    if told is not None:
        faults += standing(page, fresh, told.text)
    return faults + ([first_difference(old, new)] if old != new else [])


def lost(tree: dom.Element) -> tuple:
    [word] = tree.find("main").all("section", class_name="lost")
    return word.same()


def standing(page: OldPage, fresh: dom.Element, news: str) -> list[str]:
    """What the law wants of a list that stands still."""
    old, new = rows(page.tree), rows(fresh)
    faults = [f"{id} is {old[id]} and not {new[id]}" for id in old.keys() & new.keys() if old[id] != new[id]]
    announced, come = int(re.sub(r"\D.*", "", news) or 0), new.keys() - old.keys()
    if announced != len(come):
        faults.append(f"the bar says “{news}”, and {sorted(come)} are new")
    whole = rows(dom.read(page.browser.get("/queue?status=" if page.tree.find("queue") else "/tickets").text))
    faults += [f"{id} is on the page and drawn as it was" for id in old.keys() - new.keys() if old[id] != whole.get(id)]
    return faults


def rows(tree: dom.Element) -> dict:
    return {
        item["id"]: tuple(child.same() for child in item.children) + (item.attributes.get("class"),)
        for list in LISTS
        if tree.find(list)
        for item in tree.find(list).children
    }


def plain(tree: dom.Element) -> tuple:
    """The page without what may differ: what passes, once-only keys, and for lists that stand still their rows."""
    copy = tree.copy()
    stands = copy.find("queue-news") is not None
    copy.remove(lambda one: one.attributes.get("id") in PASSING | STANDING | {"queue-news"})
    copy.remove(lambda one: one.attributes.get("name") == "key")
    for element in copy.walk():
        if element.attributes.get("id") in LISTS:
            element.content = [] if stands else sorted(element.children, key=lambda item: item["id"])
        if element.tag == "li" and element.attributes.get("id", "").startswith("place-"):
            element.attributes.pop("data-order")  # where it was put; it stays there
        if element.tag == "title":
            element.content = [title(tree)]
    return copy.same()


def title(tree: dom.Element) -> str:
    """What static/js/title.js makes of it."""
    about = next((one["data-title"] for one in tree.walk() if "data-title" in one.attributes), "")
    [drawn] = tree.all("title")
    unread = tree.find("unread")
    count = int(unread["data-count"]) if unread is not None else 0
    return (f"({count}) " if count else "") + (f"{about} · Informejo" if about else drawn.text)


def first_difference(old, new, path: str = "") -> str:
    """Where two trees part, for whoever reads a failure."""
    if not (isinstance(old, tuple) and isinstance(new, tuple)) or old[0] != new[0]:
        return f"{path}: {str(old)[:160]} and not {str(new)[:160]}"
    path += f"/{old[0]}" + "".join(f"#{value}" for name, value in old[1] if name in ("id", "class"))
    if old[1] != new[1]:
        return f"{path}: {sorted(set(old[1]) ^ set(new[1]))}"
    for one, other in zip(old[2], new[2], strict=False):
        if one != other:
            return first_difference(one, other, path)
    return f"{path}: {len(old[2])} and not {len(new[2])} parts, {str((old[2] + new[2])[-1])[:100]}"
