"""What the machine around the desk asks of it: is it alive, is it ready, what does it measure; and to prune."""

from informejo.ops import commands, views


def init_app(app):
    """The addresses for programs that watch, and the command `prune`."""
    app.register_blueprint(views.bp)
    commands.init_app(app)
