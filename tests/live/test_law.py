"""The law of live pages: an old page with what it was sent equals a fresh one, whether it listened or was cut off.

What it does not ask for, and why:

- Lists stand still (docs/decisions/0005-lists-stand-still.md). For those of the queue, and for one's own with a filter,
  it says: each row on both pages is the same; a row that is on the old one alone is drawn as it is now; the bar
  announces as many as are on the fresh one alone. Their head says how many there were when they were drawn. Of one's
  own list without a filter only the order of the cards may differ.
- A page on which a text is being edited stands still but for losing sight of it: whose text it is would be disturbed.
- Toasts and what is read out are of the moment; Health shows the process, as it was when somebody asked. So does
  the list of people with how many tickets each has: with every change it would count those of fifty people anew.
"""

import inspect
import re
import sqlite3
from collections.abc import Collection
from contextlib import closing
from types import SimpleNamespace

import pytest

from informejo import db
from informejo.accounts import (
    actions as accounts,
    merge_actions,
    password_actions,
    person_actions,
    rights_actions,
    session_actions,
    undo_actions,
)
from informejo.cookies import cookie_name
from informejo.events import log
from informejo.events.names import EventName
from informejo.factors import actions as factors, code_actions, passkey_actions
from informejo.guests import link_actions
from informejo.live.fragments import SILENT
from informejo.mail import actions as mail
from informejo.settings import actions as settings
from informejo.teams import actions as teams
from informejo.tickets import actions, batch_actions, change_actions
from tests import world as cast
from tests.live import dom
from tests.live.law_cases import CASES, COVERED, NO_CASE, PAGES, Desk, furnish, person
from tests.live.old_page import AbsentPage, OldPage, Reader
from tests.whole import WHOLE

PASSING = {"toasts", "announcer", "stream", "queue-news"}  # of the moment; since when the stream is; see `standing`
DRAWN_ONCE = {"vitals", "individual-tickets"}  # classes
EDITED = {"edit-ticket", "edit-comment"}
LISTS = {"queue", "cards"}
SENTENCE = "It never was, or it is not for you to see any more."


@pytest.fixture(scope="module")
def furnished():
    """What is the same before each case is made before the first: the database, who is signed in, pages as drawn."""
    with closing(sqlite3.connect(":memory:")) as database:
        yield SimpleNamespace(database=database, cookies={}, trees={}, plain={})


@pytest.fixture
def open_pages(app, visit, furnished, case):
    """Every kind of page that this case is about, each opened by everybody who can."""
    app.config["STREAMS_PER_USER"] = 1000
    with closing(sqlite3.connect(db.engine().url.database)) as own:
        if not furnished.trees:
            furnish(cast.populate())
            _open_all(visit, furnished)
            own.backup(furnished.database)
        furnished.database.backup(own)
    browsers = {who: Reader(visit()) for who in PAGES}
    for who, cookie in furnished.cookies.items():
        browsers[who].browser.set_cookie(cookie_name(), cookie)
    pages = {
        (who, name): OldPage(browsers[who], cast.addressed(PAGES[who][name]), furnished.trees[who, name].copy())
        for who, name in _some(furnished.trees, list(CASES).index(case))
    }
    return Desk(cast.find()), pages


def _open_all(visit, furnished):
    world = cast.find()
    for who, addresses in PAGES.items():
        browser = visit(person(world, who))
        furnished.cookies[who] = browser.get_cookie(cookie_name()).value
        for name, address in addresses.items():
            page = browser.get(cast.addressed(address))
            assert page.status_code == 200, address
            furnished.trees[who, name] = dom.read(page.text)
            furnished.plain[who, name] = plain(furnished.trees[who, name])


@pytest.mark.hardening("L-06")
@pytest.mark.parametrize("case", CASES)
def test_an_old_page_with_what_it_was_sent_equals_a_fresh_one(open_pages, case, record_property, furnished):
    desk, pages = open_pages
    number = list(CASES).index(case)
    CASES[case](desk)
    db.commit()
    still = {key: page for key, page in pages.items() if not page.stream.subscription.closed}
    listening, cut_off = _halves(still, number)
    while any(page.is_behind for page in listening.values()):
        for page in still.values():
            page.browser.forget()
        for page in listening.values():
            page.catch_up()
    fresh = {key: page.browser.look_at(page.address) for key, page in still.items()}
    seen = {key: plain(tree) for key, tree in fresh.items()}
    record_property("cases of the law", len(still))
    assert any(seen[key] != furnished.plain[key] for key in still), "nobody's page is any different"
    for page in cut_off.values():
        page.catch_up()
    assert [
        f"{key}: {fault}" for key, page in listening.items() for fault in differences(page, fresh[key], seen[key])
    ] == []
    assert [
        f"{key}, cut off meanwhile: {fault}"
        for key, page in cut_off.items()
        for fault in differences(page, fresh[key], seen[key])
    ] == []


def _some(pages: Collection[tuple[str, str]], number: int) -> list[tuple[str, str]]:
    """Of the lists that differ only in what they leave out every third, the next case the next third; else all."""
    lists = [key for key in pages if key[1].startswith(("queue, ", "search", "my tickets, ", "my search"))]
    left = set() if WHOLE else {key for place, key in enumerate(lists) if (place + number) % 3}
    return [key for key in pages if key not in left]


def _halves(pages: dict, number: int) -> tuple[dict, dict]:
    """Of these pages every other one listens and the rest are cut off, and the next case has it the other way round.

    When all is tried, each is both.
    """
    listening = {key: page for place, (key, page) in enumerate(pages.items()) if WHOLE or (place + number) % 2}
    others = pages if WHOLE else pages.keys() - listening.keys()
    return listening, {
        key: AbsentPage(page.browser, page.address, page.tree.copy() if WHOLE else page.tree)
        for key, page in pages.items()
        if key in others
    }


def test_every_event_has_a_case_or_is_silent_for_a_reason(world):
    desk = furnish(world)
    for case in CASES.values():
        try:
            case(desk)
            db.commit()
        except Exception:  # two cases that cannot follow each other
            db.session.rollback()
    happened = {event.name for event in log.since(0)}
    assert happened | SILENT.keys() >= set(EventName)
    assert all(SILENT.values()), "a reason"


def test_every_action_that_records_an_event_has_a_case_or_a_reason():
    cases = inspect.getsource(__import__("tests.live.law_cases", fromlist=["CASES"]))
    recording = {
        name
        for module in (
            *(actions, batch_actions, change_actions, accounts, rights_actions, session_actions),
            *(password_actions, person_actions, merge_actions, undo_actions, link_actions, mail, settings, teams),
            *(factors, code_actions, passkey_actions),
        )
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_") and records(function)
    }
    assert {"open_ticket", "add_comment", "assign", "restore_ticket", "set_role"} <= recording
    assert {name for name in recording if not re.search(rf"\.{name}\(", cases)} == NO_CASE.keys()
    assert COVERED.keys() <= recording


def records(function) -> bool:
    """Whether it records an event, by itself or through another function of its room."""
    source = inspect.getsource(function)
    if "log.record(" in source or "log.record_all(" in source:
        return True
    called = {getattr(inspect.getmodule(function), name, None) for name in re.findall(r"\b(\w+)\(", source)}
    return any(one is not function and inspect.isfunction(one) and room(one) == room(function)
               and records(one) for one in called)  # fmt: skip


def room(function) -> str:
    return function.__module__.rpartition(".")[0]


def differences(page: OldPage, fresh: dom.Element, new: tuple) -> list[str]:
    """Where the old page is not what the law wants it to be."""
    if fresh.find("main").all("section", class_name="lost"):
        return [] if lost(page.tree) == lost(fresh) else ["the ticket is not taken away as a fresh page says it"]
    if "Error · " in title(fresh):  # it is not for them any more: a fresh page does not even say that it was
        taken = page.tree.find("main").all("section", class_name="lost")
        return [] if taken and SENTENCE in taken[0].text else ["the ticket is not taken away without a word"]
    told, faults = page.tree.find("queue-news"), []
    old = plain(page.tree)
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
    whole = rows(page.browser.look_at("/queue?status=" if page.tree.find("queue") else "/tickets"))
    faults += [f"{id} is on the page and drawn as it was" for id in old.keys() - new.keys() if old[id] != whole.get(id)]
    return faults


def rows(tree: dom.Element) -> dict:
    return {
        item["id"]: (*(child.same() for child in item.children), item.attributes.get("class"))
        for list in LISTS
        if tree.find(list)
        for item in tree.find(list).children
    }


def plain(tree: dom.Element) -> tuple:
    """The page without what may differ: what passes, what forms bring along, the order and rows of lists that stand."""
    ids = {element.attributes.get("id") for element in tree.walk()}
    stands, edits = "queue-news" in ids, not EDITED.isdisjoint(ids)

    def seen(element: dom.Element) -> tuple:
        attributes, content = dict(element.attributes), element.content
        if attributes.get("id") in LISTS:
            content = [] if stands else sorted(element.children, key=lambda item: item["id"])
        if (edits and element.tag == "main") or (stands and "list-head" in attributes.get("class", "")):
            content = []
        if element.tag == "title":
            content = [title(tree)]
        if attributes.get("id") in dom.BESIDE:
            attributes.pop("data-last", None)  # by which event it was drawn: what is only said changes nothing in it
        if attributes.get("id", "").startswith("place-"):
            attributes.pop("data-order", None)  # where it was put; it stays there
        parts = [
            seen(part) if isinstance(part, dom.Element) else " ".join(part.split())
            for part in content
            if not (isinstance(part, dom.Element) and passes(part))
        ]
        return element.tag, tuple(sorted(attributes.items())), tuple(part for part in parts if part)

    return seen(tree)


def passes(element: dom.Element) -> bool:
    own = element.attributes
    return (
        own.get("id") in PASSING
        or own.get("name") in ("key", "to", "to_note")
        or own.get("class") in DRAWN_ONCE
        or element.is_signature
    )


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
