"""What an invitation to an appointment says, as text (RFC 5545): what, when and where."""

import re
from datetime import datetime

MOST = 100_000  # characters that are looked at
FIELD = re.compile(r"([A-Za-z-]{1,30})((?:;[^:\n]{0,500}?)?):([^\n]*)")
PLACE = re.compile(r"TZID=\"?([^\";:]{1,60})", re.IGNORECASE)
METHODS = {"CANCEL": "Cancelled appointment", "REPLY": "Answer to an appointment", "COUNTER": "Another time proposed"}
ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "perhaps"}


def to_text(calendar: str) -> str:
    """Some lines for people; "" if no appointment is in it."""
    unfolded = re.sub(r"\r?\n[ \t]", "", calendar[:MOST])
    before, _, event = unfolded.partition("BEGIN:VEVENT")
    if not event:
        return ""
    fields = _fields(re.sub(r"BEGIN:VALARM.*", "", event.partition("END:VEVENT")[0], flags=re.DOTALL))
    method = _fields(before).get("METHOD", ("", ""))[1].strip().upper()
    title = METHODS.get(method, "Appointment")
    lines = [f"{title}: {_plain(fields.get('SUMMARY', ('', ''))[1])}".rstrip(": ")]
    if when := " to ".join(filter(None, (_moment(fields.get(name)) for name in ("DTSTART", "DTEND")))):
        lines.append(f"When: {when}")
    if where := _plain(fields.get("LOCATION", ("", ""))[1]):
        lines.append(f"Where: {where}")
    answer = re.search(r"PARTSTAT=([A-Z]+)", fields.get("ATTENDEE", ("", ""))[0])
    if method == "REPLY" and answer and answer[1] in ANSWERS:
        lines.append(f"Answer: {ANSWERS[answer[1]]}")
    return "\n".join(lines)


def _fields(text: str) -> dict[str, tuple[str, str]]:
    """The first of each name: its parameters and its value."""
    found: dict[str, tuple[str, str]] = {}
    for line in text.splitlines():
        if field := FIELD.fullmatch(line):
            found.setdefault(field[1].upper(), (field[2], field[3]))
    return found


def _plain(value: str) -> str:
    value = re.sub(r"\\[nN]", " ", value)
    return " ".join(re.sub(r"\\([,;\\])", r"\1", value).split())


def _moment(field: tuple[str, str] | None) -> str:
    if not field:
        return ""
    inside, value = field
    text, zone = value.strip(), PLACE.search(inside)
    named = " UTC" if text.endswith("Z") else f" ({zone[1]})" if zone else ""
    for form, shown in (("%Y%m%dT%H%M%S", "%d %b %Y, %H:%M"), ("%Y%m%d", "%d %b %Y")):
        try:
            return datetime.strptime(text.rstrip("Z")[:20], form).strftime(shown).removeprefix("0") + named  # noqa: DTZ007
        except ValueError:
            continue
    return text[:40]
