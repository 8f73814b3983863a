"""The background work of mail once, in a process of its own that kills itself at a step: `STEP MINUTES`.

A step is before and after each commit, and before each word of the conversation with the server. `MINUTES` is how much
later it is; without dying it prints how many steps there were.
"""

import os
import signal
import smtplib
import sys
from datetime import timedelta

from informejo import clock, create_app, db
from informejo.mail import verdicts
from informejo.mail.outbox import Outbox
from informejo.readers.following import Reader, catch_up


class Steps:
    """Counts, and at the last one there is no next."""

    def __init__(self, last: int):
        self.last, self.count = last, 0

    def step(self):
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner, name: str, after: bool = False):
        """Make a step before each call of it, and one `after`."""
        function = getattr(owner, name)

        def stepping(*args, **kwargs):
            self.step()
            answer = function(*args, **kwargs)
            if after:
                self.step()
            return answer

        setattr(owner, name, stepping)


def main(step: int, minutes: int):
    steps = Steps(step)
    steps.around(db, "commit", after=True)
    for name in ("putcmd", "getreply", "connect"):
        steps.around(smtplib.SMTP, name)
    app = create_app()
    with app.app_context(), clock.at(clock.now() + timedelta(minutes=minutes)):
        catch_up(Reader("mail", verdicts.decide))
        Outbox().send_due()
    print(steps.count)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
