"""A strict event-stream parser (WHATWG HTML, 9.2.6), and a listener that hears what a stream says without waiting."""

import re
from typing import NamedTuple

from informejo.live.hub import hub

# Who is here, and how far the requester has read: true only now, and sent whenever somebody comes or goes.
PRESENCE = re.compile(r'<hx-partial hx-target="#(?:presence|seen)".*?</hx-partial>', re.DOTALL)


class Message(NamedTuple):
    """One dispatched event. `event` is empty for an unnamed one."""

    event: str
    data: str
    id: str


def parse(stream: bytes) -> list[Message]:
    """Every event of a stream; CR, LF and CRLF all end a line, an unfinished event is not dispatched."""
    messages, event, data, last_id = [], "", [], ""
    *lines, _unfinished = re.split(r"\r\n|\r|\n", stream.decode("utf-8"))
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                messages.append(Message(event, "\n".join(data), last_id))
            event, data = "", []
        elif name == "data":
            data.append(value)
        elif name == "event":
            event = value
        elif name == "id" and "\0" not in value:
            last_id = value
    return messages


class Listener:
    """Somebody with an open stream, in a test without a real server."""

    def __init__(self, browser, address: str, bookmark: str = ""):
        headers = {"Last-Event-ID": bookmark} if bookmark else {}
        before = set(hub.subscriptions())
        self.response = browser.get(address, headers=headers, buffered=False)
        self.status = self.response.status_code
        if self.status == 200:
            self._chunks = iter(self.response.response)
            self.greeting = parse(next(self._chunks))
            (self.subscription,) = set(hub.subscriptions()) - before
            self._pushed = next(self._chunks)  # what pushes the greeting on, after whatever has happened meanwhile

    def heard(self) -> list[Message]:
        """What came since the last time; heartbeats and who is looking left out."""
        said, self._pushed = self._pushed, b""
        while self.subscription.waiting:
            said += next(self._chunks)
        heard = [message._replace(data=PRESENCE.sub("", message.data)) for message in parse(said)]
        return [message for message in heard if message.event != "beat" and (message.data or message.event)]

    @property
    def is_open(self) -> bool:
        return not self.subscription.closed

    @property
    def bookmark(self) -> str:
        """What the browser would send as Last-Event-ID if it came back now."""
        return self.greeting[-1].id
