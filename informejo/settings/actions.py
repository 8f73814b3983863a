"""Changing what is set: each change is one event, which says what it was before, so that it can be taken back."""

from flask import current_app
from werkzeug.exceptions import NotFound

from informejo import db, policy
from informejo.accounts.models import User
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.settings.models import SavedSetting
from informejo.settings.queries import NAMES
from informejo.turns import begin_write


class ChangedMeanwhile(Exception):
    """Somebody else has changed this setting since; `value` is what holds now."""

    def __init__(self, name: str, value):
        super().__init__(name)
        self.name, self.value = name, value


def change_setting(actor: User, name: str, new, was) -> bool:
    """Set it to `new`, if it still is as it `was` shown. False when it is so already. Raises ChangedMeanwhile."""
    policy.require(actor, "settings.change")
    if name not in NAMES:
        raise NotFound
    begin_write(db.session.connection())  # of two who change it at once the second sees what the first did
    row = db.session.get(SavedSetting, name, populate_existing=True)
    holds = row.value if row else current_app.config.get(name, "")
    if holds == new:
        return False
    if holds != was:
        raise ChangedMeanwhile(name, holds)
    _keep(row, name, new)
    log.record(EventName.SETTING_CHANGED, actor, audience=Audience.STAFF, changes={name: [holds, new]})
    return True


def take_back(actor: User, change: Event):
    """Set what that event changed to what it was before. Raises ChangedMeanwhile if it was changed again since."""
    for name, (old, new) in change.changes.items():
        change_setting(actor, name, old, new)


def _keep(row: SavedSetting | None, name: str, new):
    if row is None:
        db.session.add(SavedSetting(name=name, value=new))
    elif new == current_app.config.get(name, ""):
        db.session.delete(row)  # the environment says so too, and is listened to again
    else:
        row.value = new
