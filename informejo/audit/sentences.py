"""What happened, for the audit: who did what to whom, as one sentence. No message and no description is in it."""

from informejo.accounts.models import Role
from informejo.audit.models import Access, AccessKind
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.events.sentences import sentence
from informejo.tickets.words import Category

KINDS = {
    AccessKind.SIGNED_IN: ("Signed in", "{who} signed in."),
    AccessKind.SIGN_IN_FAILED: ("Sign-in failed", "Somebody tried to sign in as {who}, in vain."),
    AccessKind.SIGNED_OUT: ("Signed out", "{who} signed out."),
    AccessKind.SESSION_ENDED: ("Sign-in ended", "A sign-in of {who} ended."),
    AccessKind.REFUSED: ("Refused", "{who} asked for what is not theirs to do, and was refused."),
    AccessKind.TOO_MANY: ("Too many attempts", "{who} asked too often, and was told to wait."),
    AccessKind.LINK_USED: ("Link used", "{who} came in by a link to a ticket."),
    AccessKind.CODE_FAILED: ("Access code failed", "Somebody typed a wrong access code for {who}."),
    AccessKind.SSO_REFUSED: ("Single sign-on refused", "{who} could not come in by single sign-on."),
    AccessKind.FACTOR_FAILED: ("Second factor failed", "{who} could not show a second factor."),
    EventName.TICKET_CREATED: ("Ticket opened", ""),
    EventName.TICKET_UPDATED: ("Ticket changed", ""),
    EventName.TICKET_DELETED: ("Ticket put into the bin", ""),
    EventName.TICKET_RESTORED: ("Ticket brought back", ""),
    EventName.COMMENT_ADDED: ("Message or note written", ""),
    EventName.COMMENT_EDITED: ("Message or note edited", ""),
    EventName.COMMENT_REMOVED: ("Message taken out", ""),
    EventName.ATTACHMENT_ADDED: ("File attached", ""),
    EventName.ATTACHMENT_CHECKED: ("File checked", ""),
    EventName.WATCHER_ADDED: ("Watcher added", ""),
    EventName.WATCHER_REMOVED: ("Watcher removed", ""),
    EventName.MAIL_FAILED: ("Mail failed", ""),
    EventName.LINK_OFFERED: ("Link asked for", "{who} asked for a new link to a ticket"),
    EventName.USER_CREATED: ("Account made", "{who} made an account for {whom}"),
    EventName.USER_UPDATED: ("Person changed", "{who} changed {whom}"),
    EventName.USER_DEACTIVATED: ("Person deactivated", "{who} deactivated {whom}"),
    EventName.USER_REACTIVATED: ("Person active again", "{who} let {whom} in again"),
    EventName.USER_MERGED: ("People merged", "{who} merged two accounts into that of {whom}"),
    EventName.USER_ERASED: ("Person erased", "{who} took name and address of somebody out for good"),
    EventName.SESSION_ENDED: ("Signed out", "{who} ended a sign-in of {whom}"),
    EventName.PASSWORD_OFFERED: ("Password link offered", "{who} offered {whom} a link to choose a password"),
    EventName.PASSWORD_FORGOTTEN: ("Password forgotten", "{whom} asked for a link to choose another password"),
    EventName.ADDRESS_OFFERED: ("Address given", "{whom} gave another address for themselves"),
    EventName.TEAM_CREATED: ("Team made", "{who} made a team"),
    EventName.TEAM_UPDATED: ("Team changed", "{who} changed a team"),
    EventName.TEAM_DELETED: ("Team removed", "{who} removed a team"),
    EventName.SETTING_CHANGED: ("Setting changed", "{who} changed a setting"),
}
_THEMSELVES = {
    EventName.USER_CREATED: "{who} made an account",
    EventName.USER_UPDATED: "{who} changed their own account",
    EventName.SESSION_ENDED: "{who} signed out, or ended a sign-in of their own",
}
_MOST = 80  # characters of one value


def kind_word(kind: str) -> str:
    """What that kind of thing is called, also one that has no word here yet."""
    return KINDS[kind][0] if kind in KINDS else kind.replace(":", " ").capitalize()


def told(entry: Event | Access) -> str:
    """The sentence of one event or access."""
    if isinstance(entry, Access):
        who = entry.user.name if entry.user else entry.who or "Somebody"
        return f"{KINDS[entry.kind][1].format(who=who)} {entry.said}".strip()
    return sentence(entry) if entry.ticket_id else _of_people(entry)


def _of_people(event: Event) -> str:
    who, whom = event.actor.name if event.actor else "The desk", event.user.name if event.user else "somebody"
    own = event.actor_id == event.user_id and event.name in _THEMSELVES
    words = _THEMSELVES[event.name] if own else KINDS.get(event.name, ("", ""))[1]
    pairs = {field: pair for field, pair in event.changes.items() if isinstance(pair, list) and len(pair) == 2}
    changes = [_change(field, *pair) for field, pair in pairs.items()]
    what = words.format(who=who, whom=whom) if words else f"{who}: {kind_word(event.name)}"
    return f"{what}: {', '.join(filter(None, changes))}." if any(changes) else f"{what}."


def _change(field: str, old, new) -> str:
    if field == "session":
        return ""
    if field == "tickets":  # how many, and to whom they went
        return f"{old} of their tickets went to {new or 'the queue'}" if old else ""
    if field == "back":  # how many, and how many others had changed since
        said = f"{old} of their tickets came back" + (f", {new} stayed where they were by then" if new else "")
        return said if old or new else ""
    if field == "merged":
        return f"{old} is {new} now"
    if field == "role" and {old, new} <= set(Role):
        return f"{Role(old).word} became {Role(new).word}"
    if old == new and old is not None:  # which one it is
        return f"{field} {_shown(old)}"
    if old is None and new is None:  # what it is stays secret, as of a password
        return field
    old, new = (_named(field, value) for value in (old, new))
    return f"{field} from {_shown(old)} to {_shown(new)}"


def _named(field: str, value):
    """What the log keeps by keys, by the names people know."""
    return [Category(key).word for key in value] if field == "categories" else value


def _shown(value) -> str:
    if value in (None, "", [], {}):
        return "nothing"
    if isinstance(value, dict) and "content" in value:  # the logo
        return "a picture"
    if isinstance(value, dict) and "word" in value:  # of a category
        value = f"{value['word']} (hidden)" if value["hidden"] else value["word"]
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    words = {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
    return f"“{words[:_MOST]}…”" if len(words) > _MOST else f"“{words}”"
