"""/patterns, in development only: each block of the pages in each of its states, with nothing from the database."""

from datetime import timedelta
from types import SimpleNamespace as Sample

from flask import Blueprint

from informejo import clock
from informejo.accounts.models import Role, User
from informejo.events.names import EventName
from informejo.tickets.words import Category, Priority, Status
from informejo.web import page, public

bp = Blueprint("patterns", __name__)

MIA = User(id=1, name="Mia Lund", email="mia@example.org", role=Role.AGENT)
REN = User(id=2, name="Ren Ito", email="ren@example.org", role=Role.USER, department="Sales")
LONG = (
    "A title as long as titles may be, so that one sees where it breaks, what it pushes aside and what it leaves alone"
)


@bp.get("/patterns")
@public
def patterns():
    """The page on which a new block is looked at first."""
    tickets = [_ticket(42 + rank, status, list(Priority)[rank % 4]) for rank, status in enumerate(Status)]
    context = {"tickets": tickets, "ticket": tickets[0], "timeline": _timeline(), "staff": [MIA]}
    return page("patterns.html", title="Patterns", **context)


def _ticket(number: int, status: Status, priority: Priority) -> Sample:
    assignee = None if status == Status.OPEN else MIA
    last = Sample(id=number, at=clock.now() - timedelta(minutes=7 * (number - 41)), actor_id=REN.id)
    return Sample(
        number=number,
        title=LONG if status == Status.WAITING else "The printer on floor 2 jams",
        description="It jams on **every** page since Monday. The display says `E-04`.",
        status=status,
        priority=priority,
        category=list(Category)[number % 6],
        requester=REN,
        assignee=assignee,
        assignee_id=assignee and assignee.id,
        team=None,
        team_id=None,
        confidential=status == Status.WAITING,
        created_at=last.at - timedelta(days=1),
        last_event=last,
        last_public_event=last,
    )


def _timeline() -> list[tuple[Sample, Sample | None]]:
    files = [_file("report.pdf", "application/pdf", 1_400_000), _file("screen.png", "image/png", 80_000)]
    said = [
        _comment(1, REN, "It still jams. Here is what it prints:\n\n> E-04\n> open tray 2", attachments=files),
        _comment(2, MIA, "Thank you! We will look at it **today**.", edited_at=clock.now()),
        _comment(3, MIA, "The same fault as last week, the roller is worn.", internal=True),
    ]
    events = [(_event(comment.id), comment) for comment in said]
    return [
        *events,
        (_event(4, {"status": ["open", "waiting"]}), None),
        (_event(5, {"title": ["Priner", "Printer"]}), None),
    ]


def _comment(id: int, author: User, body: str, **fields) -> Sample:
    plain = {"internal": False, "edited_at": None, "attachments": [], "created_at": clock.now()}
    return Sample(id=id, author=author, author_id=author.id, body=body, **(plain | fields))


def _event(id: int, changes: dict | None = None) -> Sample:
    name = EventName.TICKET_UPDATED
    return Sample(
        id=id, name=name, at=clock.now(), actor=MIA, actor_id=MIA.id, audience="requester", changes=changes or {}
    )


def _file(name: str, media_type: str, size: int) -> Sample:
    is_image = media_type.startswith("image/")
    return Sample(token="sample", name=name, media_type=media_type, size=size, is_image=is_image)  # noqa: S106
