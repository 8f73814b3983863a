"""The background work of mail once, in a process of its own. It can be had to kill itself at a step.

A step is before and after each commit, and before each word of the conversation with the server.
"""

import os
import signal
import smtplib

from informejo import create_app, db
from informejo.mail.outbox import Outbox
from informejo.readers.following import catch_up
from tests.mail.post import READER


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


def die_at(step: int):
    """From now on this process lives until that step."""
    steps = Steps(step)
    steps.around(db, "commit", after=True)
    for name in ("putcmd", "getreply", "connect"):
        steps.around(smtplib.SMTP, name)


def work():
    """Decide about all that happened, and send what is due."""
    catch_up(READER)
    Outbox().send_due()


if __name__ == "__main__":
    with create_app().app_context():
        work()
