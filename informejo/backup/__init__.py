"""Copies of the desk: making them, bringing one back, and bringing back single files that were lost."""


def init_app(app):
    """Register the commands `backup`, `restore` and `files`."""
    from informejo.backup import commands, file_commands

    commands.init_app(app)
    file_commands.init_app(app)
