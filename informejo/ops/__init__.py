"""Running the desk: is it well, what does it measure, its backups, and what may be thrown away."""

from informejo.ops import commands, doctor_commands, file_commands, probe_views, views


def init_app(app):
    """The doors for whoever runs it: addresses for programs that watch, and commands."""
    app.register_blueprint(views.bp)
    app.register_blueprint(probe_views.bp)
    commands.init_app(app)
    doctor_commands.init_app(app)
    file_commands.init_app(app)
