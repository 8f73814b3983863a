"""Mail: a reader of the log decides who is told of what, an outbox sends it, and pages say what became of it."""

from informejo.mail import models as models  # so that every command knows the tables


def init_app(app):
    """Register its pages, have the log read for mail, and what is due sent."""
    from informejo import readers, work
    from informejo.mail import (
        caught_views,
        check_commands,
        check_views,
        choice_views,
        confirm_views,
        out_views,
        outbox,
        reminders,
        ticket_views,
        verdicts,
    )

    check_commands.init_app(app)
    for views in (ticket_views, choice_views, confirm_views, out_views, caught_views, check_views):
        app.register_blueprint(views.bp)
    readers.add(app, readers.Reader("mail", verdicts.decide))
    work.beside(app, "reminders", reminders.run)
    work.beside(app, "outbox", outbox.Outbox().run)
