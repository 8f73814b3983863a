"""The mail check: a mail to the desk itself, followed step by step, each with its time or with what is wrong."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from flask import Flask, current_app

from informejo import clock, db
from informejo.doctor.models import State
from informejo.faults import note
from informejo.intake.troubles import MailboxError, told
from informejo.mail import oauth, smtp_server
from informejo.mail.check_steps import STEPS, Said, Steps, Trip, Wrong
from informejo.settings.saved import all_settings

NOT_TRIED = "Not tried, because a step before it failed."
GOOD = (State.WELL, State.LOOK)


class Step(NamedTuple):
    """One line of the check. `state` is None while it was not tried; `seconds` is how long it took."""

    what: str
    state: State | None = None
    words: str = ""
    seconds: float | None = None


class Check:
    """One go through all steps, or `todo`, by `settings` or those that hold. Others may read `steps` meanwhile."""

    def __init__(self, todo: Steps | None = None, settings: Mapping | None = None):
        self._todo, self._settings = todo or STEPS, settings
        self.began_at: datetime = clock.now()
        self.steps = [Step(what) for what, *_ in self._todo]
        self.is_over = False

    @property
    def is_well(self) -> bool:
        return all(step.state in GOOD for step in self.steps)

    def run(self, tell: Callable[[Step], None] = lambda step: None):
        """Go through all steps, which takes a few minutes at most, and `tell` of each when it is done."""
        trip, goes_on = Trip(self._settings or all_settings()), True
        try:
            for place, (what, do, is_apart) in enumerate(self._todo):
                step = _tried(what, do, trip) if goes_on or is_apart else Step(what, None, NOT_TRIED)
                self.steps[place] = step
                goes_on = goes_on and step.state in GOOD
                tell(step)
        finally:
            self.is_over = True


def begin(check: Check) -> threading.Thread:
    """Let it run beside the request that asked for it."""
    app = current_app._get_current_object()
    beside = threading.Thread(target=_run, args=(app, check), name="mail check", daemon=True)
    beside.start()
    return beside


def _run(app: Flask, check: Check):
    with app.app_context():
        check.run()


def _tried(what: str, do: Callable[[Trip], Said], trip: Trip) -> Step:
    began = time.monotonic()
    try:
        said = do(trip)
    except (Wrong, smtp_server.Unreachable, MailboxError, oauth.NoToken) as error:
        said = Said(str(error), State.BROKEN)
    except Exception as error:
        note("check", error)
        said = Said(f"{type(error).__name__}: {told(error)}", State.BROKEN)
    db.session.remove()
    return Step(what, said.state, said.words, time.monotonic() - began)
