"""Where people begin, the staff's own pages, and the fragments that keep counters up to date."""

from contextlib import suppress

from flask import Blueprint, abort, current_app, g, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from informejo import db, policy
from informejo.accounts.models import User
from informejo.accounts.queries import user_by_id
from informejo.desk import stats
from informejo.desk.first_steps import WORDS, steps_for
from informejo.live import drawings
from informejo.live.makers import draw
from informejo.meanwhile import ChangedMeanwhile
from informejo.settings.actions import change_setting
from informejo.settings.queries import FIRST_STEPS, setting
from informejo.settings.saved import edition
from informejo.shelf import shelf
from informejo.sso import own
from informejo.teams.queries import choices, team_by_id
from informejo.tickets import list_queries
from informejo.tickets.filters import GROUPS, SORTS, TicketFilter
from informejo.tickets.inputs import asked, list_from
from informejo.tickets.queries import unread_for
from informejo.web import actor, by_link, go_to, page, public, standing, stream

bp = Blueprint("desk", __name__)
BRIEF = 5  # tickets in a list of the dashboard


@bp.get("/")
@public
def home():
    """Where each person begins."""
    if g.actor is None:
        return page("home.html", title="Help desk", guest_tickets=setting("GUEST_TICKETS"), **own.ways_in())
    return redirect("/desk" if g.actor.is_staff else "/tickets")


@bp.get("/desk")
def dashboard():
    """The desk in numbers, and what waits longest."""
    policy.require(actor(), "desk.see")
    drawn = shelf.one(("dashboard", standing(), edition(), actor().id), _dashboard)
    return page("desk/dashboard.html", title="Dashboard", stream=stream(), dashboard=drawn, steps=steps_for(actor()))


@bp.post("/desk/first-steps")
def say_step():
    """Say that the address is shared, or put the list of first steps away."""
    policy.require(actor(), "settings.change")
    said, word = str(setting(FIRST_STEPS) or ""), request.form.get("value", "")
    if word not in WORDS:
        abort(422, "Choose one of the buttons in the list.")
    with suppress(ChangedMeanwhile):  # by somebody who does the same
        change_setting(actor(), FIRST_STEPS, " ".join(dict.fromkeys([*said.split(), word])), said)
    db.commit()
    return go_to("/desk")


@bp.get("/desk/counts")
def counts():
    """The numbers of the rail."""
    policy.require(actor(), "desk.see")
    return render_template("desk/_counts.html", counts=stats.counts_for(actor(), standing()))


@bp.get("/queue")
def queue():
    """All tickets that fit a filter, 50 on a page."""
    policy.require(actor(), "desk.see")
    searched = "q" in request.args  # the bar above every page asks for words alone, and means all tickets
    live, filter = stream("queue"), asked(request.args, status="" if searched else "unsolved")
    filter, people = _with_people(filter)
    listed = list_queries.tickets_for(actor(), standing(), filter, request.args.get("page", type=int))
    return page(
        "desk/queue.html",
        title="Queue",
        stream=live,
        since=standing().bookmark,
        filter=filter,
        filter_form=_form(filter, people),
        listed=listed,
        any=listed.total > 0 or list_queries.has_tickets(actor(), standing()),
        lines=drawings.rows(standing(), listed.tickets),
        news=0,
        address=f"/queue?{filter.address}",
    )


@bp.get("/queue/news")
def news():
    """How many tickets that fit the list's filter came since it was drawn."""
    policy.require(actor(), "desk.see")
    filter = asked(request.args)
    number = list_queries.news_for(actor(), filter, *list_from(request.args))
    return render_template("desk/_news.html", news=number, address=f"/queue?{filter.address}")


@bp.get("/unread")
def unread():
    """How many of one's own tickets have news."""
    return render_template("live/_unread.html", unread=unread_for(actor()))


@bp.get("/me.css")
@by_link
def own_style() -> Response:
    """What is personal in shared fragments: an author's own doings are shown, one's own presence is no news."""
    id = actor().id
    style = (
        f'[data-author="{id}"] .own {{ display: revert; }}\n'
        f'[data-author="{id}"] .others, [data-present="{id}"] {{ display: none; }}\n'
        f'.watchers:has([data-author="{id}"]) .watch {{ display: none; }}\n'
    )
    return Response(style, mimetype="text/css")


@bp.get("/bin")
def bin():
    """Deleted tickets that can still be brought back."""
    policy.require(actor(), "ticket.restore")
    return page("desk/bin.html", title="Bin", tickets=list_queries.binned(actor()), days=current_app.config["BIN_DAYS"])


def _with_people(filter: TicketFilter) -> tuple[TicketFilter, dict[str, User]]:
    """The filter, and the people it names by id, who may be no choice of its lists; an id of nobody is taken out."""
    people = {}
    for field in ("assignee", "requester"):
        word = getattr(filter, field)
        if word == "me" and field == "requester":
            people[field] = actor()
        elif word.isdecimal() and (person := user_by_id(int(word))):
            people[field] = person
        elif word.isdecimal():
            filter = filter.without(field)
    if filter.team.isdecimal() and team_by_id(int(filter.team)) is None:
        filter = filter.without("team")
    return filter, people


def _form(filter: TicketFilter, people: dict[str, User]) -> Markup:
    named = tuple((field, person.id) for field, person in people.items())
    needs = {"filter": filter, "people": people, "groups": GROUPS, "sorts": SORTS}
    key = ("filter", standing().epoch, standing().people, edition(), filter, named)
    return shelf.one(key, lambda: draw("desk/_filter.html", **choices()._asdict(), **needs))


def _dashboard() -> Markup:
    unassigned = TicketFilter("unsolved", assignee="none", sort="oldest")
    mine = TicketFilter("unsolved", assignee="me", sort="priority")
    return draw(
        "desk/_dashboard.html",
        stats=stats.stats_for(actor(), standing()),
        mine=stats.mine_by_priority(actor()),
        waiting=stats.longest_waiting(actor(), standing(), BRIEF),
        oldest=stats.in_brief(actor(), standing(), unassigned, BRIEF),
        next_up=stats.in_brief(actor(), standing(), mine, BRIEF),
    )
