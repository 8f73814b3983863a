"""The papers say what the code does."""

import re

import pytest

from informejo.config import ROOT
from informejo.events.names import EventName
from tests import tables
from tests.security.markers import shown
from tests.security.rows import CLASSES, OPEN

PAGES = [*sorted(ROOT.glob("*.md")), *sorted(tables.DOCS.rglob("*.md")), *sorted(ROOT.glob("bench/**/*.md"))]


@pytest.mark.parametrize("name", tables.TABLES)
def test_the_tables_in_the_docs_are_the_codes_own(name):
    page = tables.DOCS / name
    assert page.read_text(encoding="utf-8") == tables.written(page), "run: python -m tests.tables"


def test_the_glossary_explains_every_event_and_every_word_with_a_meaning_of_its_own():
    glossary = (tables.DOCS / "glossary.md").read_text(encoding="utf-8")
    words = "actor action assignee audience bookmark channel comment door draft epoch event fragment frame hub notice"
    words += " reader reading requester role session signal staff subscription ticket topic"
    assert [word for word in words.split() if not re.search(rf"\*\*{word}\*\*", glossary, re.IGNORECASE)] == []
    assert [name for name in EventName if f"`{name.value}`" not in glossary] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_between_the_papers_is_broken(page):
    targets = re.findall(r"\]\(([^)#:]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_row_of_the_security_page_has_a_test_or_a_reason_why_it_has_none():
    ids = [id for rows in CLASSES.values() for id in rows]
    assert len(ids) == len(set(ids))
    assert set(shown()) | set(OPEN) == set(ids), "give it a marker, or a reason in tests/security/rows.py"
