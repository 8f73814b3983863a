"""Fill that desk with the people and tickets of ours, row by row, and sign its staff in; prints their sessions."""

import json
import sys

import django
from django.core.management import call_command
from django.db import connection

USERS = """
INSERT INTO auth_user
    (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
SELECT id, '!', 0, email, name, '', email, role <> 'user', 1, created_at FROM ours.users
"""
# As it gives them to everybody.
SETTINGS = """
INSERT INTO helpdesk_usersettings (user_id, login_view_ticketlist, email_on_ticket_change, email_on_ticket_assign,
    tickets_per_page, use_email_as_submitter, ticket_respond_layout)
SELECT id, 1, 1, 1, 25, 1, 'tabs' FROM ours.users
"""
TICKETS = """
INSERT INTO helpdesk_ticket (id, title, queue_id, created, modified, submitter_email, assigned_to_id, status, on_hold,
    description, priority, secret_key)
SELECT tickets.id, title, 1, tickets.created_at, tickets.created_at, email, assignee_id,
    CASE status WHEN 'closed' THEN 4 ELSE 1 END, 0, description,
    CASE priority WHEN 'critical' THEN 1 WHEN 'high' THEN 2 WHEN 'medium' THEN 3 ELSE 4 END, hex(randomblob(16))
FROM ours.tickets JOIN ours.users ON users.id = requester_id
"""
COMMENTS = """
INSERT INTO helpdesk_followup (ticket_id, date, title, comment, public, user_id)
SELECT ticket_id, created_at, 'Comment', body, NOT internal, author_id FROM ours.comments ORDER BY id
"""


def main(ours: str):
    django.setup()
    call_command("migrate", verbosity=0)
    from helpdesk.models import Queue

    Queue.objects.create(id=1, title="Help desk", slug="desk", allow_public_submission=True)
    with connection.cursor() as cursor:
        cursor.execute("ATTACH %s AS ours", [ours])
        for statement in (USERS, SETTINGS, TICKETS, COMMENTS, "ANALYZE main"):
            cursor.execute(statement)
    print(json.dumps({"django": django.__version__, "sessions": _sessions()}))


def _sessions() -> list[str]:
    from django.contrib import auth
    from django.contrib.sessions.backends.db import SessionStore

    keys = []
    for user in auth.get_user_model().objects.filter(is_staff=True).order_by("id"):
        session = SessionStore()
        session[auth.SESSION_KEY] = str(user.pk)
        session[auth.BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        keys.append(session.session_key)
    return keys


if __name__ == "__main__":
    main(*sys.argv[1:])
