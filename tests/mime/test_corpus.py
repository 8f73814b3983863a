"""Every mail of the corpus is read as its row says."""

from pathlib import Path

import pytest

from informejo.mime import guards, quotes, reports
from informejo.mime.parsing import parse
from tests.mime.corpus import ROWS

FOLDER = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("row", ROWS, ids=[row.file for row in ROWS])
def test_a_mail_is_read_as_its_row_says(row):
    parsed = parse((FOLDER / f"{row.file}.eml").read_bytes())
    said = quotes.split(parsed.text).said.strip()
    assert (parsed.subject, parsed.sender) == (row.subject, row.sender)
    assert row.said in (said, None)
    assert tuple(part.name + "*" * part.inline for part in parsed.parts) == row.parts
    assert row.oddity in " ".join(parsed.oddities)
    assert len(parsed.oddities) == bool(row.oddity)
    assert row.name in (parsed.sender_name, None)
    assert row.date in (parsed.date is not None, None)
    assert row.to in (parsed.to, None)


@pytest.mark.parametrize("row", ROWS, ids=[row.file for row in ROWS])
def test_the_guards_and_the_reader_of_reports_judge_it_as_its_row_says(row):
    parsed = parse((FOLDER / f"{row.file}.eml").read_bytes())
    assert bool(guards.is_automatic(parsed)) == row.automatic
    assert bool(guards.is_loop(parsed, ["help@desk.example.org"])) == row.loop
    assert reports.read(parsed) == row.report


def test_every_mail_has_its_row_and_every_row_its_mail():
    assert {path.stem for path in FOLDER.iterdir()} == {row.file for row in ROWS}
    assert len({row.file for row in ROWS}) == len(ROWS) >= 90
