"""What the pages of people cost when there are very many: milliseconds, and how many times a bare Flask's answer."""

import argparse
from statistics import median

from sqlalchemy import text

from bench.own import own, own_time
from bench.server import Desk, desk, machine
from informejo import db
from informejo.shelf import shelf

NAMES = ("ada", "boris", "chiara", "dario", "elif", "farid", "greta", "hakon", "ines", "jorge", "kei", "lena", "mateo")
FAMILIES = ("almeida", "berg", "costa", "dahl", "engel", "fischer", "garcia", "haugen", "ivanov", "jansen", "kaya")
PEOPLE = """
WITH RECURSIVE series(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM series WHERE n < :last),
    named AS (SELECT n, :names ->> (n % :given) || ' ' || (:families ->> (n / 7 % :family)) || n % 997 AS name,
        'p' || n || '@' || CASE n % 3 WHEN 0 THEN 'harbour' ELSE 'example' END || '.org' AS email FROM series)
INSERT INTO users (id, email, name, department, role, active, theme, shortcuts, time_zone, created_at, folded)
SELECT n, email, name, 'Department ' || n % 40,
    CASE WHEN n % 1000 = 0 THEN 'admin' WHEN n % 100 = 0 THEN 'agent' WHEN n % 4 = 0 THEN 'guest' ELSE 'user' END,
    n % 50 > 0, 'system', 'on', '', '2026-11-01 08:00:00.000000',
    name || char(10) || email || char(10) || 'department ' || n % 40
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
    "search, common": "/users?q=berg",
    "search, rare": "/users?q=p299123@",
    "search, nobody": "/users?q=zanzibar",
    "search, in a role": "/users?role=agent&q=zanzibar",
    "a person": "/users/200000",
    "one of many tickets": "/users/25",
    "their rights": "/users/200000/rights",
    "their sign-in": "/users/200000/sign-in",
    "invite": "/users/new",
    "merge, preview": "/users/25/merge?into=26",
}


def main():
    options = _options()
    with desk(requesters=2) as here:
        with here.app.app_context():
            _fill(options.people, options.tickets)
        print(machine(), f"{options.people:,} people, one with {options.tickets:,} tickets", "", sep="\n")
        print(f"{'':<24}{'after a change':>16}{'median':>10}{'times bare':>12}{'statements':>12}")
        for name, path in ASKED.items():
            changed, cost = _after_a_change(here, path, options.times), own(here, path, options.times)
            figures = f"{changed:>16.1f}{cost.page:>10.1f}{cost.times:>12.1f}{cost.statements:>12.0f}"
            print(f"{name:<24}{figures}", flush=True)


def _after_a_change(here: Desk, path: str, times: int) -> float:
    """The median where each call finds nothing that was kept: whenever a role or a name has just been changed."""
    own_time(here, path, 1)  # what is done once in a process is no matter of people
    return median([_from_nothing(here, path) for _ in range(times)])


def _from_nothing(here: Desk, path: str) -> float:
    shelf.forget()
    here.app.extensions["rates"].storage.reset()  # nobody searches so often
    return own_time(here, path, 1)


def _fill(people: int, tickets: int):
    words = {"names": _json(NAMES), "families": _json(FAMILIES), "given": len(NAMES), "family": len(FAMILIES)}
    db.session.execute(text(PEOPLE), {"first": 1_000, "last": 999 + people, **words})
    db.session.execute(text(TICKETS), {"person": 25, "tickets": tickets})
    db.session.execute(text("UPDATE users SET role = 'admin' WHERE role = 'agent' AND id < 25"))
    db.commit()


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
