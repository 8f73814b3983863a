"""Names for the files in a mail: as their sender called them, or one with the right ending."""

from pathlib import PurePosixPath

from informejo.mime import headers
from informejo.mime.entities import Entity
from informejo.text import shown_file_name
from informejo.tickets.media_types import UNKNOWN, media_type

ENDINGS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "image/svg+xml": ".svg",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/gzip": ".gz",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/ms-tnef": ".dat",
    "application/vnd.ms-tnef": ".dat",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
    "application/pgp-keys": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/ics": ".ics",
    "application/json": ".json",
    "application/xml": ".xml",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/amr": ".amr",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "text/directory": ".vcf",
    "text/xml": ".xml",
    "text/rfc822-headers": ".txt",
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "message/delivery-status": ".txt",
    "message/global-delivery-status": ".txt",
    "message/disposition-notification": ".txt",
    "message/feedback-report": ".txt",
}
STEMS = {"text/calendar": "invitation", "application/ms-tnef": "winmail", "application/vnd.ms-tnef": "winmail"}
STEMS |= {"message/rfc822": "message", "message/global": "message", "text/rfc822-headers": "headers"}
STEMS |= {"message/delivery-status": "delivery-status", "message/global-delivery-status": "delivery-status"}
STEMS |= {"message/feedback-report": "report", "message/disposition-notification": "reading-report"}
FAMILIES = {"image": "picture", "audio": "recording", "video": "video"}


def of(entity: Entity, content: bytes, taken: list[str]) -> str:
    """The name of this part; one that is made up is another than those that are taken."""
    if entity.name.strip():
        return shown_file_name(entity.name)
    kind = media_type(content[:1024]) if entity.media_type == UNKNOWN else entity.media_type
    stem = STEMS.get(kind) or FAMILIES.get(kind.partition("/")[0], "file")
    if kind in ("message/rfc822", "message/global"):
        stem = _subject(content) or stem
    return _unlike(stem, ENDINGS.get(kind, ".bin"), taken)


def _subject(content: bytes) -> str:
    fields, _ = headers.split(content[:100_000])
    subject = next((headers.line(value) for name, value in fields if name.lower() == "subject"), "")
    return subject.replace("/", "-").replace("\\", "-")[:80].strip(" .")


def _unlike(stem: str, ending: str, taken: list[str]) -> str:
    number, name = len(taken), shown_file_name(stem + ending)
    while name in taken:
        number += 1
        name = shown_file_name(f"{PurePosixPath(stem).name}-{number}{ending}")
    return name
