"""Saving what names at a provider make somebody here, for all whom it concerns at once."""

from informejo import db, turns
from informejo.accounts.models import User
from informejo.accounts.queries import user_by_id
from informejo.accounts.rights_actions import set_role
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.meanwhile import ChangedMeanwhile
from informejo.policy import require
from informejo.settings.models import SavedSetting
from informejo.sso import queries
from informejo.sso.providers import Provider, as_lines, read_map
from informejo.sso.queries import Move


class OthersByNow(Exception):
    """It would change other people than it was said to, or otherwise."""


def save_mapping(
    actor: User, provider: Provider, text: str, shown: list[Move] | None = None, was: str | None = None
) -> list[Move]:
    """Keep this mapping and give everybody the role that it says, but the actor: nobody changes their own.

    What the provider told as each signed in last decides. Raises ValueError when it is no mapping, and OthersByNow if
    what it changes is not what was `shown`: somebody may have signed in while this waited for its turn. Raises
    ChangedMeanwhile if the mapping is not as it `was` when it was opened to be changed, nor is so already.
    """
    require(actor, "sso.map")
    role_map = read_map(text)
    turns.begin_write(db.session.connection())  # of two who save at once the second sees what the first made of people
    row = _row(provider)
    if as_lines(row.value) not in (was if was is not None else as_lines(row.value), text):
        raise ChangedMeanwhile(row.name, as_lines(row.value))
    found = queries.moves(actor, provider, role_map)
    if shown not in (None, found):
        raise OthersByNow
    moves = [move for move in found if move.user_id != actor.id]
    _keep(actor, row, text)
    for move in turns.in_turns(moves):
        user = user_by_id(move.user_id)
        if user and user.active:
            set_role(actor, user, move.new, known=True)
    return moves


def _row(provider: Provider) -> SavedSetting:
    """What holds now, as a row that may be new."""
    name = provider.mapping_setting
    found = db.session.get(SavedSetting, name, populate_existing=True)
    return found or SavedSetting(name=name, value=provider.role_map)


def _keep(actor: User, row: SavedSetting, text: str):
    if row.value != text:
        log.record(EventName.SETTING_CHANGED, actor, audience=Audience.STAFF, changes={row.name: [row.value, text]})
    row.value = text
    db.session.add(row)
