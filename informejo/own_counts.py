"""What each person does is counted for them: every change, and beside it what costs the desk more than a row."""

from flask import current_app, g, request

from informejo import rates, security


def count_changes():
    """Before a view looks at it: each request that changes something is one change, and each file with it is a file."""
    if request.method in security.SAFE or security.is_for_programs():
        return
    rates.count("change" if g.actor else "change by a visitor", _whose())
    if files := _files():
        rates.count("file", _whose(), files)


def count_own(what: str):
    """One more of `what`, a name of RATES, by who asks. Raises TooManyRequests, whose page keeps what was typed.

    Pages alone count like this: mail that comes in waits in its mailbox as it is, and nobody is there to be told.
    """
    rates.count(what, _whose())


def _whose() -> str:
    """The person; as the holder of a link apart from that, for a link is held by whoever has the mail."""
    return f"{g.actor.id} {g.actor.only or ''}" if g.actor else security.visitor()


def _files() -> int:
    """How many come along; of more than one message can carry, or a minute, the rest is refused in any case."""
    if request.mimetype != "multipart/form-data":
        return 0
    sent = sum(bool(file.filename) for _, file in request.files.items(multi=True))
    return min(sent, current_app.config["MAX_FILES"], rates.RATES["file"].limit.amount)
