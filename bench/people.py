"""What the pages of people cost when there are very many: milliseconds, and how many times a bare Flask's answer.

Where others use the same processors the wait says little, and `work` more: the processor's time of the quickest call.
"""

import argparse
from collections.abc import Callable
from statistics import median

from sqlalchemy import text

from bench.own import Call, own, own_call
from bench.server import Desk, desk, machine
from informejo import db
from informejo.shelf import shelf

NAMES = ("ada", "boris", "chiara", "dario", "elif", "farid", "greta", "hakon", "ines", "jorge", "kei", "lena", "mateo")
FAMILIES = ("almeida", "berg", "costa", "dahl", "engel", "fischer", "garcia", "haugen", "ivanov", "jansen", "kaya")
PEOPLE = """
WITH RECURSIVE series(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM series WHERE n < :last),
    named AS (SELECT n, :names ->> (n % :given) || ' ' || (:families ->> (n / 7 % :family)) || (n % 997) AS name,
        'p' || n || '@' || CASE n % 3 WHEN 0 THEN 'harbour' ELSE 'example' END || '.org' AS email FROM series)
INSERT INTO users (id, email, name, department, role, active, theme, shortcuts, time_zone, created_at, folded)
SELECT n, email, name, 'Department ' || (n % 40),
    CASE WHEN n % 1000 = 0 THEN 'admin' WHEN n % 100 = 0 THEN 'agent' WHEN n % 4 = 0 THEN 'guest' ELSE 'user' END,
    n % 50 > 0, 'system', 'on', '', '2026-11-01 08:00:00.000000',
    name || char(10) || email || char(10) || 'department ' || (n % 40)
FROM named
"""
TICKETS = """
WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :tickets)
INSERT INTO tickets (title, description, status, priority, category, requester_id, opened_by_id, created_at, version,
    last_event_id, last_public_event_id, folded)
SELECT title, description, 'closed', priority, category, :person, :person, created_at, 1, last_event_id,
    last_public_event_id, folded FROM series JOIN tickets sample ON sample.id = 1
"""
ASKED = {
    "first page": "/users",
    "in the middle": "/users?after=150000",
    "last page": "/users?page=last",
    "guests": "/users?role=guest",
    "administrators, last": "/users?role=admin&page=last",
    "deactivated": "/users?active=inactive",
    "in a role, deactivated": "/users?role=guest&active=inactive",
    "search, common": "/users?q=berg",
    "search, common, at the end": "/users?q=mateo",
    "search, rare": "/users?q=p299123@",
    "search, nobody": "/users?q=zanzibar",
    "search, in a role": "/users?role=agent&q=zanzibar",
    "search, active": "/users?active=active&q=zanzibar",
    "a person": "/users/200000",
    "one of many tickets": "/users/25",
    "their rights": "/users/200000/rights",
    "their sign-in": "/users/200000/sign-in",
    "invite": "/users/new",
    "merge, search": "/users/25/merge?q=zanzibar",
    "merge, preview": "/users/25/merge?into=26",
    "audit, of nobody": "/audit?who=zanzibar",
}


def main():
    options = _options()
    with desk(requesters=2) as here:
        with here.app.app_context():
            _fill(options.people, options.tickets)
        print(machine(), f"{options.people:,} people, one with {options.tickets:,} tickets", "", sep="\n")
        print(f"{'':<28}{'after a change':>16}{'work':>8}{'median':>16}{'work':>8}{'times bare':>12}{'statements':>12}")
        for name, path in ASKED.items():
            own_call(here, path)  # what is done once in a process is no matter of people
            # Whenever a role or a name has just been changed, a call finds nothing that was kept.
            changed, kept = (_figures(here, path, options.times, first) for first in (shelf.forget, lambda: None))
            cost = own(here, path, options.times)
            print(f"{name:<28}{changed}{kept}{cost.times:>12.1f}{cost.statements:>12.0f}", flush=True)


def _figures(here: Desk, path: str, times: int, first: Callable[[], None]) -> str:
    calls = [_call(here, path, first) for _ in range(times)]
    wait, work = median(call.wait for call in calls), min(call.work for call in calls)
    return f"{1000 * wait:>16.1f}{1000 * work:>8.1f}"


def _call(here: Desk, path: str, first: Callable[[], None]) -> Call:
    here.app.extensions["rates"].storage.reset()  # nobody searches so often
    first()
    return own_call(here, path)


def _fill(people: int, tickets: int):
    add_people(1_000, 999 + people)
    db.session.execute(text(TICKETS), {"person": 25, "tickets": tickets})
    db.session.execute(text("UPDATE users SET role = 'admin' WHERE role = 'agent' AND id < 25"))
    db.commit()


def add_people(first: int, last: int):
    """People with these ids, committed by whoever calls."""
    words = {"names": _json(NAMES), "families": _json(FAMILIES), "given": len(NAMES), "family": len(FAMILIES)}
    db.session.execute(text(PEOPLE), {"first": first, "last": last, **words})


def _json(words: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.people", description=__doc__)
    parser.add_argument("--people", type=int, default=300_000)
    parser.add_argument("--tickets", type=int, default=20_000, help="that one of them asked for")
    parser.add_argument("--times", type=int, default=20, help="how often each page is asked for")
    return parser.parse_args()


if __name__ == "__main__":
    main()
