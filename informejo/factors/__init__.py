"""Second factors: apps that make digits, passkeys, recovery codes."""


def init_app(app):
    """Register the doors of second factors, and the operator's command."""
    from informejo.factors import commands, passkey_views, second_views, views

    app.register_blueprint(views.bp)
    app.register_blueprint(passkey_views.bp)
    app.register_blueprint(second_views.bp)
    app.cli.add_command(commands.reset_second_factor)
