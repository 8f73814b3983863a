"""The names of everything that can happen: noun, colon, past tense. They are the wire's names too."""

from enum import StrEnum


class EventName(StrEnum):
    """An enum, so that a mistyped name fails at once instead of being waited for in vain."""

    TICKET_CREATED = "ticket:created"
    TICKET_UPDATED = "ticket:updated"
    TICKET_DELETED = "ticket:deleted"
    TICKET_RESTORED = "ticket:restored"
    COMMENT_ADDED = "comment:added"
    COMMENT_EDITED = "comment:edited"
    ATTACHMENT_ADDED = "attachment:added"
    ATTACHMENT_CHECKED = "attachment:checked"
    USER_CREATED = "user:created"
    USER_UPDATED = "user:updated"
    USER_DEACTIVATED = "user:deactivated"
    USER_REACTIVATED = "user:reactivated"
    SESSION_ENDED = "session:ended"
    WATCHER_ADDED = "watcher:added"
    WATCHER_REMOVED = "watcher:removed"
    MAIL_FAILED = "mail:failed"
    COMMENT_REMOVED = "comment:removed"
    PASSWORD_OFFERED = "password:offered"  # noqa: S105 - the name of an event
    PASSWORD_FORGOTTEN = "password:forgotten"  # noqa: S105 - the name of an event
    LINK_OFFERED = "link:offered"
    ADDRESS_OFFERED = "address:offered"
    USER_MERGED = "user:merged"
    USER_ERASED = "user:erased"
    TEAM_CREATED = "team:created"
    TEAM_UPDATED = "team:updated"
    TEAM_DELETED = "team:deleted"
    SETTING_CHANGED = "setting:changed"


# Who watches a ticket: nothing that is read in a conversation, and no activity of the ticket.
WATCHING = (EventName.WATCHER_ADDED, EventName.WATCHER_REMOVED)
# The same of a link that is mailed: it stands beside the ticket, and moves nothing of it.
BESIDE = (*WATCHING, EventName.LINK_OFFERED)
# What happens to people themselves, of what pages draw of them.
PEOPLE = (
    EventName.USER_CREATED,
    EventName.USER_UPDATED,
    EventName.USER_DEACTIVATED,
    EventName.USER_REACTIVATED,
    EventName.USER_ERASED,
)
# What happens to teams.
TEAMS = (EventName.TEAM_CREATED, EventName.TEAM_UPDATED, EventName.TEAM_DELETED)
# After each of these, pages are out of date on which such people or teams stand.
LOOKS = (*PEOPLE, EventName.USER_MERGED, *TEAMS)
