"""Whatever people write, a strict parser sees exactly one event for one message and gets the text back."""

import json

import pytest
from hypothesis import example, given, settings, strategies as st

from informejo.live import wire
from informejo.live.bookmark import LENGTH, Bookmark, read
from informejo.text import clean_text
from tests.live.sse import Listener, parse

FORGED = "hello\n\nevent: bye\nid: test-999\nretry: 1\ndata: <b>forged</b>\n\n"
BREAKS = ["\r", "\n", "\r\n", "\0", "\u2028", "\u2029", "\x85", "\v", "\f", "\ufeff"]
FIELDS = [":", " ", "data: x", "event: bye", "id: 1-1", "retry: 0", "é", "🙂"]
LINES = st.lists(st.sampled_from(BREAKS + FIELDS), max_size=30).map("".join)
# Lone surrogates too: they cannot be written in UTF-8 and must not break the stream.
TEXT = st.text(st.characters(), max_size=200) | LINES
BOOKMARKS = st.builds(Bookmark, st.from_regex(r"[a-z0-9]{1,32}", fullmatch=True), st.integers(0, 10**18 - 1))
tried = settings(max_examples=150, deadline=None)


def as_heard(text: str) -> str:
    """What an event stream can carry of a text: it knows one line end, no NUL, and only what UTF-8 can say."""
    text = text.replace("\0", "\ufffd").replace("\r\n", "\n").replace("\r", "\n")
    return text.encode("utf-8", "replace").decode("utf-8")


@pytest.mark.hardening("L-01")
@tried
@given(TEXT)
@example(FORGED)
@example(FORGED.replace("\n", "\r"))
@example("\r\n\r\n")
@example("")
def test_one_message_is_one_event_with_the_text_that_was_written(text):
    (heard,) = parse(wire.message(text))
    assert heard == ("", as_heard(text), "")


@pytest.mark.hardening("L-01", "L-03")
@tried
@given(TEXT, BOOKMARKS, st.sampled_from(["", "ready", "reset", "comment:added"]), st.integers(0, 60_000) | st.none())
def test_text_chooses_neither_name_nor_bookmark(text, id, event, retry):
    (heard,) = parse(wire.message(text, id=id, event=event, retry=retry))
    assert heard[:2] == (event, as_heard(text))
    assert (read(heard.id, id.epoch) if id else heard.id or None) == id
    fields = wire.message(text, id=id, event=event, retry=retry).decode().split("\n")
    assert [line for line in fields if line.startswith("retry")] == ([f"retry: {retry}"] if retry is not None else [])


@tried
@given(st.lists(TEXT, max_size=8))
def test_messages_follow_each_other_without_touching(texts):
    heard = parse(b"".join(wire.message(text, id=Bookmark("test", n)) for n, text in enumerate(texts)))
    assert [message.data for message in heard] == [as_heard(text) for text in texts]
    assert [read(message.id, "test").id for message in heard] == list(range(len(texts)))


@tried
@given(TEXT, st.data())
def test_a_message_that_was_cut_is_no_event(text, data):
    whole = wire.message(text, id=Bookmark("test", 7), event="bye")
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert parse(whole[:cut].decode("utf-8", "ignore").encode()) == []


@tried
@given(st.dictionaries(st.text(max_size=5), TEXT | st.integers() | st.none() | st.booleans(), max_size=5), BOOKMARKS)
def test_what_programs_hear_is_one_line_of_json(content, id):
    (heard,) = parse(wire.message(json.dumps(content, ensure_ascii=False), event="comment:added", id=id))
    assert heard.event == "comment:added"
    said = json.loads(json.dumps(content), parse_constant=None)
    lone = any("\ud800" <= letter <= "\udfff" for letter in json.dumps(said, ensure_ascii=False))
    assert lone or json.loads(heard.data) == said


@tried
@given(st.binary(max_size=3000))
def test_a_chunk_gives_back_what_went_in(content):
    size, _, rest = wire.chunk(content).partition(b"\r\n")
    assert wire.unchunk(wire.chunk(content)) == content
    assert (int(size, 16), rest) == (len(content), content + b"\r\n")


@tried
@given(BOOKMARKS)
def test_a_bookmark_comes_back_as_it_went_out(bookmark):
    assert read(str(bookmark), bookmark.epoch) == bookmark
    assert read(str(bookmark), bookmark.epoch + "x") is None
    assert len(str(bookmark)) == LENGTH


@pytest.mark.hardening("L-04")
@tried
@given(TEXT)
@example("test-1")
@example("é" * LENGTH)
@example("A" * LENGTH)
@example("=" * LENGTH)
@example(str(Bookmark("test", 7)) + "\n")
@example(str(Bookmark("test", 7))[:-1] + "\n")
def test_whatever_is_no_bookmark_is_none(text):
    assert read(text, "test") is None


@pytest.mark.hardening("L-01")
@pytest.mark.parametrize("form", ["/live", "/live/events"])
def test_through_the_whole_house_one_comment_is_one_event(world, visit, form):
    ticket = world.ticket()
    stream = Listener(visit(world.ren), f"{form}?on=ticket:{ticket.id}")

    @settings(max_examples=25, deadline=None)
    @given(TEXT)
    @example(FORGED)
    @example('</hx-partial><hx-partial hx-target="body" hx-swap="innerHTML">gone</hx-partial>')
    def say(text):
        comment = world.comment(world.mia, ticket, clean_text(text))  # as it comes through a form
        (heard,) = stream.heard()
        assert read(heard.id, "test").id == ticket.last_event_id
        if form == "/live":
            assert heard.event == ""
            assert heard.data.count("<hx-partial") == heard.data.count("</hx-partial>") == 2
            assert heard.data.count(f'id="comment-{comment.id}"') == 1
        else:
            assert heard.event == "comment:added"
            assert as_heard(json.loads(heard.data)["comment"]["body"]) == as_heard(comment.body)

    say()


@pytest.mark.hardening("L-03")
@pytest.mark.parametrize("title", ["reset", "bye", "ready", "id: test-999999", "event: bye", "retry: 0", "data: reset"])
def test_a_title_that_looks_like_a_command_is_a_title(world, visit, title):
    stream = Listener(visit(world.ren), "/live?on=me")
    world.ticket(title=title)
    (heard,) = stream.heard()
    assert heard.event == ""
    assert title in heard.data
    assert stream.is_open
