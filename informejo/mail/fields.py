"""Header fields that Python's newer mail library would break: long names and subjects beyond ASCII, ids in brackets.

It splits encoded words so that they are read back with other blanks, or not at all (the tests have examples), and it
encodes an id that is longer than a line, which nobody may. Its older module `email.header` does the former well.
"""

import re
from email import message_from_bytes
from email.errors import HeaderDefect, HeaderParseError
from email.header import Header, decode_header, make_header
from email.headerregistry import Address, HeaderRegistry, UniqueSingleAddressHeader, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import getaddresses
from functools import lru_cache

from informejo.addresses import in_ascii
from informejo.text import clean_line

BRACKETED = ("message-id", "in-reply-to", "references", "list-unsubscribe")
ADDRESSED = ("from", "to", "reply-to")
MOST_LETTERS = 250  # of one id; a line of a mail holds 998 (RFC 5322, 2.1.1)
_ID = re.compile(rf"<[!-;=?-~]{{1,{MOST_LETTERS}}}>", re.ASCII)  # what is visible and no bracket


class _Bracketed(UniqueUnstructuredHeader):
    """A list of `<...>`, each on its line."""

    def fold(self, *, policy) -> str:
        return f"{self.name}: {f'{policy.linesep} '.join(str(self).split())}{policy.linesep}"


class _Subject(UniqueUnstructuredHeader):
    def fold(self, *, policy) -> str:
        return f"{self.name}: {_words(str(self), policy.linesep)}{policy.linesep}"


class _Mailbox(UniqueSingleAddressHeader):
    """One name and one address."""

    def fold(self, *, policy) -> str:
        written = self.address
        name, address = written.display_name, written.addr_spec
        if name and name.isascii() and "=?" not in name:
            address = str(Address(name, addr_spec=address))
        elif name:
            address = f"{_words(name, policy.linesep)}{policy.linesep} <{address}>"
        return f"{self.name}: {address}{policy.linesep}"


def _words(text: str, linesep: str) -> str:
    text = clean_line(text)  # `=?utf-8?q?=0d=0aBcc:?=` was one line when it was set, and is not once it is decoded
    if text.isascii() and "=?" not in text:
        return text
    return Header(text, "utf-8", maxlinelen=72).encode(linesep=linesep)  # room for the name of the field


class _Registry(HeaderRegistry):
    """Makes the class of a field once; the library makes it anew for each field of each mail."""

    def __init__(self):
        super().__init__()
        self._made = {}

    def __getitem__(self, name: str):
        name = name.lower()
        if name not in self._made:
            self._made[name] = super().__getitem__(name)
        return self._made[name]


def _registry() -> _Registry:
    registry = _Registry()
    for names, kind in ((BRACKETED, _Bracketed), (ADDRESSED, _Mailbox), (("subject",), _Subject)):
        for name in names:
            registry.map_to_type(name, kind)
    return registry


# Seven bits: whatever server it passes, nobody has to write it anew on the way.
POLICY = SMTP.clone(cte_type="7bit", header_factory=_registry())


def whole_id(text: str) -> str:
    """Somebody's Message-Id as it may stand in our header, with its brackets; nothing if it is none."""
    text = text.strip()
    text = text if text.startswith("<") else f"<{text}>"
    return text if _ID.fullmatch(text) else ""


@lru_cache(maxsize=512)
def mailbox(name: str, address: str) -> Address:
    """Somebody's name and address. A name that a mail program might read as anything else is left out.

    Raises ValueError for what is no address.
    """
    local, _, host = address.rpartition("@")
    try:
        address = f"{local}@{host if host.isascii() else in_ascii(host)}"
        bare = Address(addr_spec=address)
    except (HeaderDefect, HeaderParseError, IndexError) as error:
        raise ValueError(f"This is no address that mail can go to: {error}.") from None
    named = Address(" ".join(clean_line(name).split()), addr_spec=address)
    return named if _is_read_back(named) else bare


def _is_read_back(written: Address) -> bool:
    """Whether what stands in the mail is that one name and address again, when it is read."""
    message = EmailMessage(POLICY)
    message["To"] = written
    read = message_from_bytes(message.as_bytes())
    found = getaddresses(["".join(read["To"].splitlines())])
    names = [(str(make_header(decode_header(name))), address) for name, address in found]
    return read.keys() == ["To"] and names == [(written.display_name, written.addr_spec)]
