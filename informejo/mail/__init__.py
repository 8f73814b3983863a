"""Mail: a reader of the log on the way out, a door on the way in, and a ledger that explains both."""

from informejo.mail import models as models  # so that every command knows the tables


def init_app(app):
    """What it does beside the pages is added here with `work.beside`."""
