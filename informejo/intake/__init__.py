"""The way in: mails are fetched or handed over, kept, read and brought to tickets; a ledger shows each."""


def init_app(app):
    """The ledger's pages, and what fetches and reads beside them."""
    from informejo import work
    from informejo.intake import commands, inbound, ledger_views
    from informejo.intake.fetching import Fetching

    commands.init_app(app)
    app.register_blueprint(ledger_views.bp)
    app.extensions["fetching"] = Fetching()
    work.beside(app, "mailboxes", app.extensions["fetching"].run)
    work.beside(app, "mail in", inbound.watch)
