"""The setting MAILBOXES: which mailboxes mail is fetched from, and what one signs in there with."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

PORTS = {"imaps": 993, "imap": 143}
PROVIDERS = ("google", "microsoft")
EXAMPLE = "imaps://help%40example.org:password@imap.example.org/INBOX"


class Mailbox(NamedTuple):
    """One mailbox. `provider` names whose OAuth 2 tokens are used; it is empty where a password is."""

    host: str
    port: int
    tls: bool
    user: str
    password: str
    folder: str
    provider: str

    @property
    def name(self) -> str:
        """What people, pages and tables call it: nothing secret is in it."""
        return f"{self.user} at {self.host}, {self.folder}"

    def __repr__(self) -> str:
        return f"<mailbox {self.name}>"  # a traceback must not tell the password


def read(settings: Mapping) -> tuple[Mailbox, ...]:
    """The mailboxes that MAILBOXES names, in its order.

    Raises ValueError with a sentence that names the setting, and nothing of what stands in it: it holds passwords.
    """
    boxes = tuple(_read(place, text) for place, text in enumerate(settings["MAILBOXES"].split(), 1))
    if len({box.name for box in boxes}) < len(boxes):
        raise ValueError("MAILBOXES names the same folder of the same account twice.")
    if any(box.provider for box in boxes):
        _require_tokens(settings, {box.provider for box in boxes if box.provider})
    return boxes


def of(settings: Mapping) -> tuple[Mailbox, ...]:
    """The same for whoever cannot say what is wrong with the setting: then there are none."""
    try:
        return read(settings)
    except ValueError:
        return ()


def is_here(host: str) -> bool:
    """Whether it is this machine, so that what is sent there in the clear goes over no network."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _read(place: int, text: str) -> Mailbox:
    try:
        address = urlsplit(text)
        port = address.port or PORTS.get(address.scheme, 0)
    except ValueError:
        raise _mistake(place, "cannot be read as an address; in names and passwords, @ : / ? # % are written as %40"
                              " %3A %2F %3F %23 %25") from None  # fmt: skip
    _require_server(place, address)
    if (address.path + address.query).count("@") or address.fragment:
        raise _mistake(place, "goes on after the folder; in names and passwords, / ? # are written as %2F %3F %23")
    provider = _provider(place, address)
    if not address.username or bool(address.password) == bool(provider):
        raise _mistake(place, "needs a name and a password before the @, or a name and ?oauth=google (microsoft)")
    return Mailbox(
        host=address.hostname,
        port=port,
        tls=address.scheme == "imaps",
        user=unquote(address.username),
        password=unquote(address.password or ""),
        folder=unquote(address.path.removeprefix("/")) or "INBOX",
        provider=provider,
    )


def _require_server(place: int, address: SplitResult):
    if address.scheme not in PORTS or not address.hostname:
        raise _mistake(place, f"must look like {EXAMPLE}")
    if address.scheme == "imap" and not is_here(address.hostname):
        raise _mistake(place, "must begin with imaps://: without TLS, only a server on this machine is asked")


def _provider(place: int, address: SplitResult) -> str:
    given = parse_qs(address.query, keep_blank_values=True)
    provider = given.pop("oauth", [""])[0]
    if given or ("oauth=" in address.query and provider not in PROVIDERS):
        raise _mistake(place, "may end in ?oauth=google or ?oauth=microsoft, and in nothing else")
    return provider


def _require_tokens(settings: Mapping, providers: set[str]):
    if len(providers) > 1:
        raise ValueError("MAILBOXES: there is one OAUTH_CLIENT_ID, so all with ?oauth= must be of the same provider.")
    for name in ("OAUTH_CLIENT_ID", "OAUTH_REFRESH_TOKEN"):
        if not settings[name]:
            raise ValueError(f"MAILBOXES with ?oauth= need {name} too; docs/mail.md says where it comes from.")


def _mistake(place: int, what: str) -> ValueError:
    return ValueError(f"MAILBOXES: address {place} {what}.")
