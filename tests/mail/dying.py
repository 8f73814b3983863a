"""What fetches mails and reads them, as a program of its own that dies at the step it is told: `kill -9`, no less.

    python -m tests.mail.dying STEP MINUTES FILE...

It keeps each file as a mail and takes all; STEP 0 lets it live. MINUTES is how far its clock goes ahead. It prints how
many steps there were: before and after every file that is written, every file that goes, and every commit.
"""

import os
import signal
import sys
from datetime import timedelta
from itertools import count
from pathlib import Path

from informejo import clock, create_app, db
from informejo.mail import inbound
from informejo.tickets import files

_steps = count(1)


def main(die_at: int, minutes: int, *mails: str):
    """Keep these mails and read them."""
    app = create_app()
    with app.app_context(), clock.at(clock.now() + timedelta(minutes=minutes)):
        db.session.commit = _mortal(db.session.commit, die_at)
        files._copy = _mortal(files._copy, die_at)
        files.remove = _mortal(files.remove, die_at)
        for uid, path in enumerate(mails, 1):
            inbound.store(Path(path).read_bytes(), "help", 1, uid)
        inbound.take_all()
    sys.stdout.write(str(next(_steps) - 1))


def _mortal(function, die_at: int):
    def step():
        if next(_steps) == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def does(*args, **named):
        step()
        result = function(*args, **named)
        step()
        return result

    return does


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
