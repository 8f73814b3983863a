"""Every module keeps to the layers and to the things that stand in one place only."""

import ast
from collections.abc import Callable

import pytest

from tests import architecture as rules

# rule, module, source that breaks it, source just within it
PLANTED = [
    (rules.lower_layers, "tickets.models", "from informejo import policy", "from informejo import clock"),
    (rules.lower_layers, "db", "import informejo.web", "import informejo.signals"),
    (rules.lower_layers, "desk.stats", "def f(): from informejo.web import page", "from informejo.policy import may"),
    (rules.lower_layers, "web", "from informejo import accounts", "from informejo.accounts.actions import sign_in"),
    (rules.actions_outside_actions, "tickets.queries", "from informejo.tickets.actions import assign", "import json"),
    (
        rules.other_readers,
        "mail.verdicts",
        "from informejo.live import hub, broadcast",
        "from informejo.mail import outbox",
    ),
    (rules.other_doors, "desk.views", "from informejo.tickets.views import show", "from informejo.desk import stats"),
    (rules.other_doors, "cli", "from informejo import work", "from informejo import demo"),
    (rules.frameworks_in_the_ground, "text", "from flask import current_app", "from markupsafe import Markup"),
    (rules.viewer_below_the_web, "policy", "from flask import g", "from werkzeug.exceptions import NotFound"),
    (
        rules.viewer_below_the_web,
        "tickets.actions",
        "import flask; flask.request.form",
        "import flask; flask.current_app",
    ),
    (rules.gevent_elsewhere, "work", "from gevent import spawn", "from informejo import offload"),
    (rules.commits_elsewhere, "tickets.actions", "db.session.commit()", "db.session.flush()"),
    (rules.commits_elsewhere, "tickets.views", "session.commit()", "db.commit()"),
    (rules.texts_compared_by_the_database, "desk.stats", "User.name.icontains(word)", "User.says(word)"),
    (rules.texts_compared_by_the_database, "tickets.queries", "func.lower(User.name)", "func.count(User.id)"),
    (rules.tickets_past_the_policy, "tickets.views", "select(Ticket).limit(9)", "visible_tickets(actor).limit(9)"),
    (rules.tickets_past_the_policy, "desk.views", "db.session.get(Ticket, 7)", "db.session.get(User, 7)"),
    (rules.tickets_past_the_policy, "tickets.files", "Ticket.query.all()", "Ticket.id"),
]


@pytest.mark.parametrize(("rule", "name", "broken", "kept"), PLANTED)
def test_the_rules_find_a_planted_violation_and_only_that(rule, name, broken, kept):
    assert list(rule(rules.Module(name, ast.parse(broken))))
    assert not list(rule(rules.Module(name, ast.parse(kept))))


def test_every_module_has_a_layer():
    roof = {module.name for module in rules.modules() if module.layer == rules.ROOF and module.kind != "__init__"}
    assert roof <= rules.OUTSIDE, "give them a layer in tests/architecture.py"


def test_no_module_imports_from_a_lower_layer():
    assert not breaches(rules.lower_layers)


def test_only_actions_call_actions_within_the_domain():
    assert not breaches(rules.actions_outside_actions)


def test_no_reader_imports_another_reader():
    assert not breaches(rules.other_readers)


def test_no_door_imports_another_door():
    assert not breaches(rules.other_doors)


def test_the_ground_knows_neither_flask_nor_sqlalchemy():
    assert not breaches(rules.frameworks_in_the_ground)


def test_nothing_below_the_web_knows_who_is_looking():
    assert not breaches(rules.viewer_below_the_web)


def test_gevent_stays_in_three_files():
    assert not breaches(rules.gevent_elsewhere)


def test_only_the_database_module_commits_a_session():
    assert not breaches(rules.commits_elsewhere)


def test_no_text_is_compared_by_a_database_in_its_own_way():
    assert not breaches(rules.texts_compared_by_the_database)


def test_tickets_are_looked_up_through_the_policy_or_a_query():
    assert not breaches(rules.tickets_past_the_policy)


def breaches(rule: Callable) -> list[str]:
    """What breaks the rule, each with the module it stands in."""
    return [f"{module.name}: {what}" for module in rules.modules() for what in rule(module)]
