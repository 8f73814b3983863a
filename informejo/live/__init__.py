"""Live pages: who has a stream open, what an event becomes on it, and how it gets there."""


def init_app(app):
    """Register the streams, and ring the broadcast after each commit."""
    from informejo.live import broadcast, quick_door, stream

    broadcast.init_app(app)
    app.register_blueprint(stream.bp)
    quick_door.init_app(app)
