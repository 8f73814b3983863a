"""Mail: a reader of the log on the way out, a door on the way in, and a ledger that explains both."""

from informejo.mail import models as models  # so that every command knows the tables


def init_app(app):
    """Register its pages and have the log read for mail; what else it does beside them is added with `work.beside`."""
    from informejo import readers, work
    from informejo.mail import (
        caught_views,
        choice_views,
        confirm_views,
        out_views,
        outbox,
        reminders,
        ticket_views,
        verdicts,
    )

    app.register_blueprint(ticket_views.bp)
    app.register_blueprint(choice_views.bp)
    app.register_blueprint(confirm_views.bp)
    readers.add(app, readers.Reader("mail", verdicts.decide))
    work.beside(app, "reminders", reminders.run)
    work.beside(app, "outbox", outbox.run)
    app.register_blueprint(out_views.bp)
    app.register_blueprint(caught_views.bp)
    _begin_intake(app)


def _begin_intake(app):
    """The ledger of what comes in, and what reads it."""
    from informejo import work
    from informejo.mail import check_commands, check_views, commands, inbound, ledger_views
    from informejo.mail.fetching import Fetching

    commands.init_app(app)
    app.register_blueprint(ledger_views.bp)
    work.beside(app, "mail in", inbound.watch)
    check_commands.init_app(app)
    app.register_blueprint(check_views.bp)
    app.extensions["fetching"] = Fetching()
    work.beside(app, "mailboxes", app.extensions["fetching"].run)
