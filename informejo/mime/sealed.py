"""Mail that is signed or encrypted, in its several forms: what of it can be read, and what is said of the rest."""

import re

ARMOUR = re.compile(r"(?:[A-Z][\w-]{1,30}: [^\n]{0,200}\n){0,5}\n?")
BEGIN_SIGNED, BEGIN_ENCRYPTED = "-----BEGIN PGP SIGNED MESSAGE-----\n", "-----BEGIN PGP MESSAGE-----"
SIGNATURE, END_SIGNATURE = "\n-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----"
NOT_CHECKED = "It is signed; the signature was not checked."
NOT_READ = "It is encrypted, so only its sender and its recipients can read it; it is kept as a file."
IN_TEXT = "A part of its text is encrypted, and stands in it as it came."
ENVELOPE = "It is signed in a form that encloses the text; only a mail program can open it. It is kept as a file."
WINMAIL = "It brings a file winmail.dat, in which Outlook packs attachments; it is kept as it came, and not unpacked."
UU = "A file stands within its text (uuencode); it was left there."
UU_BEGIN = re.compile(r"^begin [0-7]{3,4} [^\n]{1,200}\n", re.MULTILINE)


def of_type(media_type: str, parameters: dict[str, str], name: str) -> str:
    """The sentence that is due for a part of this type; "" if it is nothing special."""
    kind = media_type.removeprefix("application/").removeprefix("x-")
    if kind == "pkcs7-mime":
        return ENVELOPE if parameters.get("smime-type", "").lower() == "signed-data" else NOT_READ
    if media_type == "multipart/encrypted":
        return NOT_READ
    if media_type == "multipart/signed":
        return NOT_CHECKED
    if kind in ("ms-tnef", "vnd.ms-tnef") or name.lower() == "winmail.dat":
        return WINMAIL
    return ""


def opened(text: str, oddities: list[str]) -> str:
    """The text without the marks of a signature around it (RFC 9580, 7)."""
    before, begins, rest = text.partition(BEGIN_SIGNED)
    said, signed, rest = rest.partition(SIGNATURE)
    if begins and signed:
        oddities.append(NOT_CHECKED)
        said = re.sub(r"^- ", "", said[ARMOUR.match(said).end() :], flags=re.MULTILINE)
        text = f"{before}{said}\n{rest.partition(END_SIGNATURE)[2]}"
    if BEGIN_ENCRYPTED in text:
        oddities.append(IN_TEXT)
    if UU_BEGIN.search(text):
        oddities.append(UU)
    return text
