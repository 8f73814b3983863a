"""Writing down who came in and who was refused, in the transaction of whatever it belongs to."""

from informejo import db
from informejo.accounts.models import User
from informejo.audit.models import Access, AccessKind
from informejo.events import log


def note(kind: str, *, user: User | None = None, who: str = "", said: str = "") -> Access:
    """One more access, from where this request came; `kind` is a word of AccessKind, or it raises ValueError.

    `who` is an address that was typed and is nobody's, `said` a sentence with what else there is to know. The caller
    commits; where nothing else is written, by `db.commit_if_possible`, so that no answer depends on it. And the caller
    sees to it that nobody can have as many written as they like.
    """
    db.session.flush()  # somebody who has only just been made needs their id
    came = log.came_from()
    access = Access(kind=AccessKind(kind), user_id=user and user.id, who=who, said=said)
    access.origin, access.agent = came.address, came.agent
    db.insert(access)
    return access
