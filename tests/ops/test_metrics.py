"""What is measured is true, names nobody, and is shown to whom it is for."""

import re
import subprocess
import sys

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as families

from informejo import metrics
from informejo.config import ROOT
from tests.server import Server
from tests.waiting import until
from tests.world import PASSWORD

TOKEN = "a-token-for-the-watchers"
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Proto", "X-Forwarded-Host")
BOUNDED = re.compile(r"[a-z_]+(\.[a-z_]+)?|GET|HEAD|POST|OPTIONS|[1-5]xx")

BLOCKED = """
from gevent import monkey; monkey.patch_all()
import threading, time
from informejo import metrics

ended = False
meter = threading.Thread(target=metrics.tick, args=(lambda: ended,))
meter.start()
time.sleep(0.1)
end = time.perf_counter() + 0.4
while time.perf_counter() < end: pass
time.sleep(0.1)
ended = True
meter.join()
now = time.monotonic()
assert metrics.gaps.longest > 0.3, metrics.gaps.longest
assert metrics.gaps.lately(now) == metrics.gaps.longest
assert metrics.gaps.lately(now + metrics.LATELY_SECONDS + 1) == 0
"""


@pytest.fixture
def value():
    """`value(name, **labels)` is a sample's value now, 0 while there is none."""
    return lambda name, **labels: metrics.REGISTRY.get_sample_value(f"informejo_{name}", labels) or 0


@pytest.mark.hardening("H-49")
@pytest.mark.parametrize("header", FORWARDED)
def test_without_a_token_this_machine_sees_the_metrics_and_what_a_proxy_forwards_does_not(visit, header):
    assert visit().get("/metrics").status_code == 200
    assert visit().get("/metrics", headers={header: "127.0.0.1"}).status_code == 404


@pytest.mark.hardening("H-49")
@pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.1", "", "::ffff:192.0.2.7"])
def test_without_a_token_no_other_machine_sees_the_metrics(visit, peer):
    assert visit().get("/metrics", environ_base={"REMOTE_ADDR": "::1"}).status_code == 200
    assert visit().get("/metrics", environ_base={"REMOTE_ADDR": peer}).status_code == 404


@pytest.mark.hardening("H-49")
@pytest.mark.parametrize("host", ["help.example.org", "localhost.example.org", "127.0.0.1.example.org:3003"])
def test_a_name_that_somebody_pointed_at_this_machine_does_not_open_the_metrics(visit, host):
    for own in ("localhost", "127.0.0.1:3003", "[::1]:3003", "[::1]"):
        assert visit().get("/metrics", headers={"Host": own}).status_code == 200
    assert visit().get("/metrics", headers={"Host": host}).status_code == 404


@pytest.mark.hardening("H-49")
@pytest.mark.parametrize("setting", [{"TRUSTED_PROXIES": 1}, {"PUBLIC_URL": "https://help.example.org"}])
def test_behind_a_proxy_nobody_sees_the_metrics_without_a_token_whatever_it_forgets_to_forward(app, visit, setting):
    app.config |= setting
    assert visit().get("/metrics").status_code == 404
    app.config["METRICS_TOKEN"] = TOKEN
    assert visit().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.hardening("H-49")
@pytest.mark.parametrize("given", [None, "", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer \xfc"])
def test_with_a_token_everybody_else_finds_nothing_there(app, world, visit, given):
    app.config["METRICS_TOKEN"] = TOKEN
    headers = {} if given is None else {"Authorization": given}
    for browser in (visit(), visit(world.ana)):
        answer, nothing = browser.get("/metrics", headers=headers), browser.get("/no-such-page", headers=headers)
        assert (answer.status_code, answer.text) == (404, nothing.text)
    far = visit().get(
        "/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, environ_base={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert far.status_code == 200
    assert TOKEN not in far.text


@pytest.mark.hardening("H-49")
def test_after_a_day_at_the_desk_no_label_names_a_ticket_or_a_person(world, visit):
    ticket = world.ticket()
    mia, ren = visit(world.mia), visit(world.ren)
    stream = mia.get(f"/live?on=ticket:{ticket.number}", buffered=False)
    world.note(ticket)
    ren.post(f"/tickets/{ticket.number}/comments", data={"body": "It burns."})
    for path in (
        f"/tickets/{ticket.number}",
        "/tickets/999",
        "/files/secret",
        "/users",
        "/setup/secret",
        "/x/ren@example.org",
    ):
        mia.get(path)
    mia.open("/tickets/1", method="REN@EXAMPLE.ORG")
    visit().post("/sign-in", data={"email": "ren@example.org", "password": PASSWORD})
    stream.close()
    samples = [sample for family in families(visit().get("/metrics").text) for sample in family.samples]
    values = {
        value
        for sample in samples
        if sample.name != "informejo_build_info"
        for label, value in sample.labels.items()
        if label != "le"
    }
    assert {"show.show", "POST", "4xx", "other"} <= values
    assert [value for value in values if not BOUNDED.fullmatch(value)] == []


def test_the_papers_name_every_metric_and_no_other():
    paper = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
    suffix = {"counter": "_total", "info": "_info"}
    shown = {family.name.removesuffix("_total") + suffix.get(family.type, "") for family in metrics.REGISTRY.collect()}
    rows = set(re.findall(r"^\| `((?:informejo|process)_\w+)` \|", paper, re.MULTILINE))
    assert {name for name in shown if name.startswith("informejo_")} <= rows
    assert rows <= shown
    mentioned = re.findall(r"\b(?:informejo|process)_[a-z_]+", paper)
    assert {name.removesuffix("_bucket") for name in mentioned} <= shown


def test_a_message_that_reaches_a_page_is_counted_with_its_delay(world, visit, value):
    ticket = world.ticket()
    stream = visit(world.mia).get(f"/live?on=ticket:{ticket.number}", buffered=False)
    names = ("events_shown_total", "messages_total", "delivery_seconds_count", "write_wait_seconds_count")
    before = [value(name) for name in names]
    world.comment(world.ren, ticket)
    after = [value(name) for name in names]
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 1, 1]
    stream.close()
    world.comment(world.ren, ticket)
    assert value("events_shown_total") == after[0] + 1
    assert value("delivery_seconds_count") == after[2]


def test_streams_are_counted_as_they_come_and_go(world, visit, value):
    opened, left = value("streams_opened_total"), value("streams_ended_total", reason="left")
    stream = visit(world.mia).get("/live?on=queue", buffered=False)
    assert "\ninformejo_streams 1.0\n" in visit().get("/metrics").text
    stream.close()
    assert "\ninformejo_streams 0.0\n" in visit().get("/metrics").text
    assert (value("streams_opened_total"), value("streams_ended_total", reason="left")) == (opened + 1, left + 1)


@pytest.mark.parametrize(("setting", "reason"), [("STREAMS_PER_USER", "personal"), ("STREAMS_TOTAL", "total")])
def test_streams_that_are_refused_are_counted_with_the_reason(app, world, visit, value, setting, reason):
    before = value("streams_refused_total", reason=reason)
    app.config[setting] = 0
    assert visit(world.mia).get("/live?on=queue").status_code in (429, 503)
    assert value("streams_refused_total", reason=reason) == before + 1


def test_an_event_that_is_not_shown_yet_is_lag(app, world, visit):
    world.ticket()
    assert "\ninformejo_events_lag 0.0\n" in visit().get("/metrics").text
    broadcast = app.extensions["broadcast"]
    broadcast.here = broadcast.here._replace(id=broadcast.here.id - 1)
    assert "\ninformejo_events_lag 1.0\n" in visit().get("/metrics").text


def test_what_broke_is_counted_once(app, world, visit, monkeypatch, value):
    before = value("incidents_total")
    monkeypatch.setattr("informejo.tickets.views.policy.find_ticket", lambda *asked: 1 / 0)
    assert visit(world.ren).get("/tickets/1").status_code == 500
    assert visit(world.ren).get("/nothing").status_code == 404
    assert value("incidents_total") == before + 1


@pytest.mark.hardening("F-11")
def test_a_loop_that_stands_still_shows_as_a_gap():
    subprocess.run([sys.executable, "-c", BLOCKED], cwd=ROOT, check=True)


@pytest.mark.server
@pytest.mark.hardening("F-11")
def test_the_running_server_measures_its_own_loop(tmp_path, record_property):
    server = Server(tmp_path)
    server.upgrade()
    server.start()
    try:

        def measured(name: str) -> float:
            text = httpx.get(f"{server.address}/metrics").text
            return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE)[1])

        ticks = measured("informejo_loop_gap_seconds_count")
        until(lambda: measured("informejo_loop_gap_seconds_count") > ticks)
        assert 0 < measured("process_open_fds") < measured("process_max_fds")
        record_property("s, longest gap of the loop", measured("informejo_loop_gap_seconds_max"))
    finally:
        server.stop()
