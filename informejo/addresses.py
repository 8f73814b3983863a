"""Addresses of mail: what could be one, and the one spelling in which each is kept and compared."""

import re
import unicodedata

from informejo import limits

# An address is proved by writing to it, not by its looks: one @, something on both sides, nothing that needs quoting.
ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.ASCII)
_KEPT = re.compile("[ßẞς\u200c\u200d]")  # in names of domains: what the older rules change or leave out


def is_address(text: str) -> bool:
    """Whether it could be an e-mail address."""
    return ADDRESS.fullmatch(text) is not None


def has_real_domain(address: str) -> bool:
    """Whether, in its one spelling, it ends in a name as domains of mail have one, which `P@ssw0rd!` does not."""
    return _DOMAIN.fullmatch(address.rpartition("@")[2]) is not None


def one_spelling(address: str) -> str:
    """An address as it is kept and compared: lower-case, and its domain as mail servers know it.

    One domain has two spellings, bücher.example and xn--bcher-kva.example: of what is typed as the first some browsers
    send the second, and so do mail programs.
    """
    name, at, host = unicodedata.normalize("NFC", address.lower()).rpartition("@")
    one = f"{name}{at}{one_domain(host)}"
    return one if at and is_address(one) else f"{name}{at}{host}"  # of a wide ＠ in the domain a second @ would come


def one_domain(host: str) -> str:
    """The name of a domain in lower case and as mail servers know it, if it can be one."""
    try:
        return host.lower() if host.isascii() or len(host) > limits.EMAIL.most else in_ascii(host)
    except UnicodeError:
        return host.lower()


def in_ascii(host: str) -> str:
    """The name of a domain as mail servers know it. Raises UnicodeError.

    Python has the older rules, by which straße.example is strasse.example: by those of today (RFC 5891, RFC 5894, 7.2)
    that is another domain, and another owner would get the mail.
    """
    parts = re.split("[.。．｡]", host)  # RFC 3490, 3.1
    return ".".join(_label(part) if _KEPT.search(part) else part.encode("idna").decode() for part in parts)


def _label(part: str) -> str:
    return f"xn--{unicodedata.normalize('NFC', part.lower()).encode('punycode').decode()}"
