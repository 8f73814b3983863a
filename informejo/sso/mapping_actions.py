"""Saving what names at a provider make somebody here, for all whom it concerns at once."""

from informejo import db, turns
from informejo.accounts.models import User
from informejo.accounts.queries import user_by_id
from informejo.accounts.rights_actions import set_role
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.policy import require
from informejo.settings.models import SavedSetting
from informejo.sso import queries
from informejo.sso.providers import Provider, read_map
from informejo.sso.queries import Move


class OthersByNow(Exception):
    """It would change other people than it was said to, or otherwise."""


def save_mapping(actor: User, provider: Provider, text: str, shown: list[Move] | None = None) -> list[Move]:
    """Keep this mapping and give everybody the role that it says, but the actor: nobody changes their own.

    What the provider told as each signed in last decides. Raises ValueError when it is no mapping, and OthersByNow if
    what it changes is not what was `shown`: somebody may have signed in while this waited for its turn.
    """
    require(actor, "sso.map")
    role_map = read_map(text)
    turns.begin_write(db.session.connection())  # of two who save at once the second sees what the first made of people
    found = queries.moves(actor, provider, role_map)
    if shown not in (None, found):
        raise OthersByNow
    moves = [move for move in found if move.user_id != actor.id]
    _keep(actor, provider.mapping_setting, text, provider.role_map)
    for move in turns.in_turns(moves):
        user = user_by_id(move.user_id)
        if user and user.active:
            set_role(actor, user, move.new, known=True)
    return moves


def _keep(actor: User, name: str, text: str, otherwise: str):
    row = db.session.get(SavedSetting, name, populate_existing=True) or SavedSetting(name=name, value=otherwise)
    if row.value != text:
        log.record(EventName.SETTING_CHANGED, actor, audience=Audience.STAFF, changes={name: [row.value, text]})
    row.value = text
    db.session.add(row)
