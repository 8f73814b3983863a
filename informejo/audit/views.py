"""The page of the audit, and the same as a file. Nothing here changes anything."""

import csv
import io
import time
from collections.abc import Iterable, Iterator
from urllib.parse import urlencode

from flask import Blueprint, Response, request, stream_with_context

from informejo import clock, policy
from informejo.audit import queries
from informejo.audit.inputs import AuditAsked
from informejo.audit.models import Access, AccessKind
from informejo.audit.queries import AuditFilter
from informejo.audit.sentences import kind_word, told
from informejo.downloads import HEADERS
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.inputs import Invalid
from informejo.own_counts import count_own
from informejo.text import plain_cell
from informejo.web import actor, cut_off_with_the_sign_in, page

COLUMNS = ("time (UTC)", "who", "address", "what", "kind", "ticket", "whom", "from", "browser")

bp = Blueprint("audit", __name__)


@bp.get("/audit")
def audit():
    """Who did what to whom, from where and when."""
    policy.require(actor(), "audit.see")
    try:
        asked = AuditAsked.read(request.args)
    except Invalid as invalid:
        return _page(invalid.typed, problems=invalid.problems), 422
    filter, choices = _filter(asked)
    found = None if filter is None else queries.audit_for(actor(), filter, asked.before)
    return _page(request.args, found, choices)


@bp.get("/audit.csv")
def export():
    """What the filter lets through, as a file for a spreadsheet."""
    policy.require(actor(), "audit.see")
    count_own("export")
    try:
        filter, _ = _filter(AuditAsked.read(request.args))
    except Invalid as invalid:
        return _page(invalid.typed, problems=invalid.problems), 422
    entries = queries.exported(actor(), filter) if filter else ()
    name = f"audit-{clock.now():%Y-%m-%d-%H%M}.csv"
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(
        stream_with_context(cut_off_with_the_sign_in(_lines(entries))), mimetype="text/csv", headers=headers
    )


def _page(fields, found: queries.AuditPage | None = None, choices: dict | None = None, problems: dict | None = None):
    asked = {name: fields.get(name, "") for name in AuditAsked.model_fields}
    here = {name: text for name, text in asked.items() if text and name != "before"}
    return page(
        "audit/audit.html",
        title="Audit",
        asked=asked,
        found=found,
        told=told,
        kind_word=kind_word,
        kinds=_kinds(),
        choices=choices or {},
        problems=problems or {},
        filtered=bool(here),
        now=clock.now(),
        most=queries.MOST_EXPORTED,
        export=f"/audit.csv?{urlencode(here)}",
        address=lambda **more: "/audit?" + urlencode(here | more),
        next="/audit?" + urlencode(here | {"before": "{}.{}".format(*found.next)}) if found and found.next else "",
    )


def _kinds() -> dict[str, list[tuple[str, str]]]:
    """The kinds to choose from, in two groups."""
    groups = {"Coming in": AccessKind, "At work": EventName}
    return {word: sorted((kind_word(kind), kind.value) for kind in kinds) for word, kinds in groups.items()}


def _filter(asked: AuditAsked) -> tuple[AuditFilter | None, dict[str, list]]:
    """What is looked for; None where a name is that of several people, who come with it, or of nobody."""
    typed = {"actor": asked.who, "user": "" if asked.ticket else asked.about}
    if any(typed.values()):
        count_own("search")
    people = {field: queries.people_called(actor(), words) for field, words in typed.items() if words}
    unclear = {field: found for field, found in people.items() if len(found) != 1}
    if unclear:
        return None, unclear
    ids = {field: found[0].id for field, found in people.items()}
    between = asked.moments(actor().time_zone)
    return AuditFilter(ticket=asked.ticket, kind=asked.kind, origin=asked.origin, **ids, **between), {}


def _lines(pages: Iterable[list[Event | Access]]) -> Iterator[str]:
    yield _line(COLUMNS)
    for entries in pages:
        yield "".join(_line(_cells(entry)) for entry in entries)
        time.sleep(0)  # others go on in between


def _cells(entry: Event | Access) -> tuple:
    who = entry.actor if isinstance(entry, Event) else entry.user
    whom = entry.user if isinstance(entry, Event) else None
    kind = entry.name if isinstance(entry, Event) else entry.kind
    ticket = entry.ticket_id if isinstance(entry, Event) else ""
    return (
        f"{entry.at:%Y-%m-%d %H:%M:%S}",
        who.name if who else getattr(entry, "who", ""),
        who.email if who else "",
        told(entry),
        kind_word(kind),
        ticket or "",
        whom.name if whom else "",
        entry.origin,
        getattr(entry, "agent", ""),
    )


def _line(cells: Iterable) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([plain_cell(str(cell)) for cell in cells])
    return written.getvalue()
