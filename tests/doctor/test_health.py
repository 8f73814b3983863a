"""The administrators' page on how the desk itself is."""

import re
from datetime import UTC, datetime

import pytest

from informejo import clock, create_app, db
from informejo.doctor import actions, examination, queries
from informejo.doctor.checks import Check, broken, look, well
from informejo.doctor.models import Finding, State
from informejo.live.hub import hub
from informejo.version import VERSION
from tests.live import dom


@pytest.fixture
def examined(app, world, monkeypatch):
    """`examined(check=answer, ...)`: what the checks will find, found by pressing the button."""

    def examined(visit, **answers):
        checks = [
            Check(name.replace("_", " "), lambda patient, answer=answer: answer) for name, answer in answers.items()
        ]
        monkeypatch.setattr(examination, "CHECKS", tuple(checks))
        return visit(world.ana).post("/health", follow_redirects=True)

    return examined


@pytest.fixture
def ill(examined, visit):
    return examined(visit, clock=well("The clock is right."), backup=broken("There is no backup yet.", "flask backup"),
                    disk=look("UPLOAD_DIR: little is free.", 'df -h "$UPLOAD_DIR"'))  # fmt: skip


def test_an_administrator_sees_the_worst_first_in_words_with_since_and_what_to_do(ill):
    rows = [element for element in dom.read(ill.text).walk() if element.attributes.get("class") == "finding"]
    assert [row["id"] for row in rows] == ["finding-backup", "finding-disk", "finding-clock"]
    assert all(word in rows[0].text for word in ("broken", "There is no backup yet.", "Since", "flask backup"))
    assert rows[0].all("time")
    assert rows[0].all("svg")
    assert "needs attention" in rows[1].text
    assert "What to do" not in rows[2].text
    assert "1 broken, 1 needs attention, 1 well." in ill.text


def test_a_desk_that_is_well_says_so(examined, visit):
    assert "Everything is well." in examined(visit, clock=well("The clock is right.")).text


def test_before_the_first_check_the_page_says_that_there_was_none(visit, world):
    page = visit(world.ana).get("/health")
    assert page.status_code == 200
    assert "Nothing has been checked yet." in page.text
    assert "never" in page.text


def test_the_page_says_which_version_runs_and_how_many_streams_are_open(visit, world):
    page = dom.read(visit(world.ana).get("/health").text).find("main")
    figures = dict(zip((name.text for name in page.all("dt")), (value.text for value in page.all("dd")), strict=True))
    assert figures["Version"] == VERSION
    assert figures["Open streams"] == str(len(hub)) == "0"
    assert figures["Newest backup"] == "none"


def test_checking_again_works_with_a_plain_form(visit, world, examined):
    page = dom.read(examined(visit, clock=well("The clock is right.")).text)
    [form] = [form for form in page.all("form") if form["action"] == "/health"]
    assert form["method"] == "post"
    assert form.all("button")
    assert "Everything has been checked." in page.text


def test_looking_examines_nothing(visit, world, monkeypatch):
    monkeypatch.setattr(examination, "CHECKS", (Check("one", lambda patient: well("Fine.")),))
    visit(world.ana).get("/health")
    assert queries.findings() == []
    visit(world.ana).post("/health")
    assert [finding.name for finding in queries.findings()] == ["one"]


@pytest.mark.hardening("H-49")
@pytest.mark.parametrize("who", ["mia", "ren", "zoe"])
def test_nobody_else_sees_or_examines_anything(visit, world, ill, who):
    before = queries.findings()[0].checked_at
    for method in ("GET", "POST"):
        answer = visit(getattr(world, who)).open("/health", method=method)
        assert answer.status_code == 403
        assert "backup" not in answer.text
    assert queries.findings()[0].checked_at == before
    assert "/health" not in visit(getattr(world, who)).get("/tickets").text


def test_an_administrator_is_led_there(visit, world):
    assert re.search(r'<a href="/health"', visit(world.ana).get("/desk").text)


@pytest.mark.hardening("H-49")
def test_the_page_tells_no_place_no_setting_and_no_person(app, world, visit, tmp_path):
    app.config |= {"PUBLIC_URL": "http://127.0.0.1:9", "METRICS_TOKEN": "very-secret", "UPLOAD_DIR": "/nowhere"}
    page = dom.read(visit(world.ana).post("/health", follow_redirects=True).text)
    told = " ".join(part.text for part in page.all("main"))
    assert "UPLOAD_DIR" in told
    assert not [
        word for word in (str(tmp_path), "/nowhere", "very-secret", "127.0.0.1", "ana@", "ren@") if word in told
    ]


def test_what_a_check_says_is_shown_as_text(visit, world):
    now = examination.clock.now()
    actions.keep_findings([Finding(name="clock", state=State.LOOK, sentence="<b>bold</b>", remedy="a && b <i>",
                                   since=now, checked_at=now)])  # fmt: skip
    db.commit()
    page = visit(world.ana).get("/health").text
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "a &amp;&amp; b &lt;i&gt;" in page


def test_a_command_that_names_a_place_can_be_pasted_and_finds_it(ill, app, tmp_path):
    places = app.test_cli_runner().invoke(args=("places",)).output
    assert f"UPLOAD_DIR={app.config['UPLOAD_DIR']}\n" in places
    commands = [element.text for element in dom.read(ill.text).all("code")]
    assert 'eval "$(bin/flask places)"; df -h "$UPLOAD_DIR"' in commands
    assert "flask backup" in commands
    assert str(tmp_path) not in ill.text


def test_a_finding_explains_the_setting_that_it_names(ill):
    meaning = "Folder for the files people attach."
    assert meaning in dom.read(ill.text).text


def test_what_is_well_explains_nothing(examined, visit):
    assert "Folder for the files" not in examined(visit, disk=well("UPLOAD_DIR: 3 GB free.")).text


def test_it_runs_since_its_worker_began_and_not_since_its_code_was_loaded(tmp_path):
    began = datetime(2026, 3, 4, 7, 30, tzinfo=UTC)
    with clock.at(began):
        app = create_app({"DATABASE_URL": f"sqlite:///{tmp_path}/test.db", "UPLOAD_DIR": str(tmp_path / "files")})
    assert app.extensions["started"] == began
