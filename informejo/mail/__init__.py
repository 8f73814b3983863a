"""Mail: a reader of the log on the way out, a door on the way in, and a ledger that explains both."""

from informejo.mail import models as models  # so that every command knows the tables


def init_app(app):
    """Have the log read for mail; what else it does beside the pages is added here with `work.beside`."""
    from informejo import readers, work
    from informejo.mail import reminders, verdicts

    readers.add(app, readers.Reader("mail", verdicts.decide))
    work.beside(app, "reminders", reminders.run)
