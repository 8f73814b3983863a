"""What fetches mails and reads them, as a program of its own that dies at the step it is told: `kill -9`, no less.

    python -m tests.intake.dying STEP MINUTES FILE...

It keeps each file as a mail and takes all; STEP 0 lets it live. MINUTES is how far its clock goes ahead. It prints how
many steps there were: before and after every file that is written, every file that goes, and every commit.
"""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from informejo import clock, create_app, db
from informejo.intake import inbound
from informejo.tickets import files


class Mortal:
    """Counts steps, and dies at the one it was told."""

    def __init__(self, die_at: int):
        self.die_at, self.steps = die_at, 0

    def step(self):
        """One more."""
        self.steps += 1
        if self.steps == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def doing(self, function):
        """The function, with a step before it and one after it."""

        def does(*args, **named):
            self.step()
            result = function(*args, **named)
            self.step()
            return result

        return does


def main(die_at: int, minutes: int, *mails: str):
    """Keep these mails and read them."""
    mortal, app = Mortal(die_at), create_app()
    with app.app_context(), clock.at(clock.now() + timedelta(minutes=minutes)):
        db.session.commit = mortal.doing(db.session.commit)
        files._copy, files.remove = mortal.doing(files._copy), mortal.doing(files.remove)
        for uid, path in enumerate(mails, 1):
            inbound.store(Path(path).read_bytes(), "help", 1, uid)
        inbound.take_all()
    sys.stdout.write(f"{mortal.steps}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
