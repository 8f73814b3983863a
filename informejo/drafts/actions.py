"""Keeping and forgetting what people have typed and not yet sent."""

import re
import secrets
from collections import Counter
from collections.abc import Collection, Iterable

from sqlalchemy import Row, select

from informejo import clock, db
from informejo.accounts.models import User
from informejo.drafts.models import Draft
from informejo.drafts.queries import TEXTS, drafts_of
from informejo.tickets.models import Comment, Ticket

MOST_DRAFTS = 20  # of one form; the oldest goes
MOST_IN_ALL = 200  # of one person: a form may be that of any ticket, whether there is one or not
_ALONE = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff"  # Thai, Japanese and Chinese have no spaces: each letter counts
WORD = re.compile(rf"[{_ALONE}]|[^\W{_ALONE}]+")


def key_for(form: str) -> str:
    """A key for a draft that comes from no open form; forms that edit have one draft each, without a key."""
    return "" if form.endswith(":edit") or form.startswith("comment:") else secrets.token_urlsafe(16)


def save_draft(actor: User, form: str, fields: dict[str, str], key: str = "", continues: str = "") -> Draft | None:
    """Keep what the actor has typed so far into the form with this once-only `key`; emptied again it has no draft.

    Nor has what was sent meanwhile under this key: its draft was on the way and came too late. The draft that the form
    began with, `continues`, is this one from now on, if it is the same text. If not, another tab may still have it.
    """
    db.lock(actor)
    if not any(fields.values()) or _was_sent(actor, fields, key):
        return forget_draft(actor, form, key, continues)
    draft = _draft(actor, form, key) or _draft(actor, form, continues)
    if draft is None or (draft.key != key and not _is_of(draft, fields.values())):
        draft = Draft(user_id=actor.id, form=form)
        _make_room(actor, form)
    draft.key, draft.fields, draft.saved_at = key, fields, clock.now()
    db.session.add(draft)
    return draft


def keep_text(actor: User, form: str, fields: dict[str, str]):
    """Keep what came from a form that is open nowhere any more, unless a draft of it says just that: it came twice."""
    db.lock(actor)
    if all(draft.fields != fields for draft in drafts_of(actor, form)):
        save_draft(actor, form, fields, key_for(form))


def forget_draft(actor: User, form: str, *keys: str):
    """Those drafts of the form were given up."""
    db.lock(actor)
    _discard(actor, form, keys)


def forget_sent(actor: User, form: str, texts: Collection[str], key: str | None, continues: str):
    """What was typed into the form with this key is sent, and so is every draft that says nothing beside `texts`.

    Of the draft that the form began with, `continues`, that is so if these are still its words.
    """
    for draft in drafts_of(actor, form):
        begun = draft.key == continues and _is_of(draft, texts)
        if draft.key == key or begun or _says_no_more(draft.fields, texts):
            _discard(actor, form, [draft.key])


def _make_room(actor: User, form: str):
    """For one more draft of that form."""
    _discard(actor, form, [oldest.key for oldest in drafts_of(actor, form)[MOST_DRAFTS - 1 :]])
    latest = select(Draft).where(Draft.user_id == actor.id).order_by(Draft.saved_at.desc(), Draft.form, Draft.key)
    for oldest in db.session.scalars(latest.offset(MOST_IN_ALL - 1)):
        db.session.delete(oldest)


def _discard(actor: User, form: str, keys: Iterable[str]):
    for draft in filter(None, (_draft(actor, form, key) for key in keys)):
        db.session.delete(draft)


def _draft(actor: User, form: str, key: str) -> Draft | None:
    return db.session.get(Draft, (actor.id, form, key))


def _was_sent(actor: User, fields: dict[str, str], key: str) -> bool:
    """Whether all of these texts were. Whoever heard no answer writes on under the same key, and that was not."""
    if not key:
        return False
    messages = select(Comment.body).where(Comment.author_id == actor.id, Comment.key == key)
    tickets = select(Ticket.title, Ticket.description).where(Ticket.opened_by_id == actor.id, Ticket.key == key)
    sent = [text for found in (messages, tickets) for row in db.session.execute(found) for text in row]
    return bool(sent) and _says_no_more(fields, sent)


def _says_no_more(fields: dict[str, str], texts: Collection[str]) -> bool:
    whole = [_words(text) for text in texts]
    return all(any(_words(fields[name]) in text for text in whole) for name in TEXTS if fields.get(name))


def _is_of(draft: Draft | Row, texts: Iterable[str]) -> bool:
    """Whether these texts are that draft, gone on with: half of its words, at least, are still there."""
    before = Counter(WORD.findall(" ".join(draft.fields.get(name, "") for name in TEXTS)))
    now = Counter(WORD.findall(" ".join(texts)))
    return 2 * (before & now).total() >= before.total()


def _words(text: str) -> str:
    return " ".join(text.split())  # blanks and line ends are sent in other ways than they are kept
