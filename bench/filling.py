"""Many tickets in a moment: made by SQL, out of those the desk has already."""

from sqlalchemy import text

from bench.server import Desk
from informejo import db
from informejo.shelf import shelf

# One in fifty is unsolved, as at a desk that is some years old and keeps up.
TICKETS = """
WITH RECURSIVE series(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM series WHERE n < :last)
INSERT INTO tickets (id, title, description, status, priority, category, requester_id, opened_by_id, assignee_id,
    created_at, resolved_at, version, last_event_id, last_public_event_id, folded)
SELECT n, 'The printer on floor ' || (n % 40) || ' does not print', sample.description,
    CASE WHEN n % 50 THEN 'closed' ELSE 'open' END, CASE n % 4 WHEN 0 THEN 'low' WHEN 1 THEN 'high' ELSE 'medium' END,
    sample.category, people.id, people.id, agents.id, sample.created_at,
    CASE WHEN n % 50 THEN datetime(sample.created_at, '+1 day') END, 1, n * 6, n * 6,
    'the printer on floor ' || (n % 40) || ' does not print' || substr(sample.folded, instr(sample.folded, char(10)))
FROM series JOIN tickets sample ON sample.id = 1
JOIN users people ON people.id = 25 + n % 200 JOIN users agents ON agents.id = 1 + n % 24
"""
EVENTS = """
WITH RECURSIVE series(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM series WHERE n < :last),
    steps(step) AS (VALUES (1), (2), (3), (4), (5), (6))
INSERT INTO events (id, name, at, audience, actor_id, ticket_id, comment_id, changes)
SELECT (n - 1) * 6 + step,
    CASE step WHEN 1 THEN 'ticket:created' WHEN 6 THEN 'ticket:updated' ELSE 'comment:added' END,
    sample.at, CASE step WHEN 4 THEN 'staff' ELSE 'requester' END, 1 + n % 24, n,
    CASE WHEN step BETWEEN 2 AND 5 THEN (n - 1) * 4 + step - 1 END, CASE step WHEN 6 THEN :closed ELSE '{}' END
FROM series, steps JOIN events sample ON sample.id = (SELECT min(id) FROM events)
"""
READ = """
WITH RECURSIVE series(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM series WHERE n < :last)
INSERT INTO readings (user_id, ticket_id, event_id, at)
SELECT CASE people.column1 WHEN 1 THEN assignee_id ELSE requester_id END, tickets.id, last_event_id, tickets.created_at
FROM series JOIN tickets ON tickets.id = n, (VALUES (1), (2)) people
"""
SAID = """
WITH RECURSIVE series(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM series WHERE n < :last),
    steps(step) AS (VALUES (1), (2), (3), (4))
INSERT INTO comments (id, ticket_id, author_id, body, internal, created_at, version, folded)
SELECT (n - 1) * 4 + step, n, 1 + n % 24, sample.description, step = 3, sample.created_at, 1,
    substr(sample.folded, instr(sample.folded, char(10)) + 1)
FROM series, steps JOIN tickets sample ON sample.id = 1
"""
CLOSED = '{"status": ["open", "closed"]}'


def fill(here: Desk, size: int):
    """Fill the desk up to `size` tickets, each new one with four comments, the last but one a note, and six events."""
    with here.app.app_context():
        first = db.session.scalar(text("SELECT max(id) FROM tickets")) + 1
        span = {"first": first, "last": size}
        db.session.execute(text("PRAGMA foreign_keys=OFF"))
        # Their counted ids lie before all that are made of the time.
        for statement in (TICKETS, SAID, READ, EVENTS) if first <= size else ():
            db.session.execute(text(statement), span | {"closed": CLOSED})
        db.commit()
        db.session.execute(text("ANALYZE"))
        db.session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        shelf.forget()
