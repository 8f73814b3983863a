"""Adding, using and removing passkeys. What a browser sends is looked at as WebAuthn Level 3, chapter 7, says."""

from contextlib import suppress

from sqlalchemy.exc import IntegrityError
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import parse_authentication_credential_json
from werkzeug.exceptions import NotFound, UnprocessableEntity

from informejo import clock, db
from informejo.accounts.models import HalfSignIn, Role, User
from informejo.accounts.ways_in_queries import comes_in_without
from informejo.factors.actions import changed, first_codes, forget_codes_of_none, leave_one
from informejo.factors.models import Passkey
from informejo.factors.passkey_queries import desk_id, handle, origin, passkey_with

LONGEST = 50_000  # characters of what a browser sends; a passkey's answer has one or two thousand

ONLY_WAY = "This passkey is the only way in that you have. Add another before you remove it."


class BadPasskey(Exception):
    """What the browser sent is no answer to what it was asked."""


def add_passkey(
    actor: User, name: str, credential: str, challenge: bytes | None, half: HalfSignIn | None = None
) -> list[str]:
    """One more passkey; returns recovery codes where it is the first second factor. Raises BadPasskey.

    `half` is the sign-in that it finishes.
    """
    made = _verified(verify_registration_response, credential, challenge)
    db.lock(actor)
    key = {"credential_id": made.credential_id, "public_key": made.credential_public_key}
    try:
        with db.session.begin_nested():
            db.session.add(Passkey(user_id=actor.id, name=name, sign_count=made.sign_count, **key))
    except IntegrityError:
        raise BadPasskey from None  # somebody has it already
    changed(actor, {"passkey": [None, name]}, half)
    return first_codes(actor)


def remove_passkey(actor: User, passkey: Passkey):
    """That passkey signs nobody in any more.

    Raises UnprocessableEntity when nothing else would sign the actor in, or the desk demands one and this is it.
    """
    db.lock(actor)
    db.lock(passkey)
    leave_one(actor)
    if not comes_in_without(actor, passkey):
        raise UnprocessableEntity(ONLY_WAY)
    changed(actor, {"passkey": [passkey.name, None]})
    db.session.delete(passkey)
    forget_codes_of_none(actor)


def use_passkey(credential: str, challenge: bytes | None, owner: User | None = None) -> User | None:
    """Whose passkey has answered, if they may come in; with `owner` it has to be theirs. None for anything else.

    A counter that did not go on means that somebody has a copy of the key, and is refused.
    """
    with suppress(BadPasskey, NotFound):
        return _used(credential, challenge, owner)
    return None


def _used(credential: str, challenge: bytes | None, owner: User | None) -> User | None:
    passkey, handed = _named(credential)
    user = passkey and passkey.user
    if user is None or (owner and owner != user) or handed not in (None, handle(user)):
        return None
    db.lock(user)
    db.lock(passkey)
    its = {"credential_public_key": passkey.public_key, "credential_current_sign_count": passkey.sign_count}
    used = _verified(verify_authentication_response, credential, challenge, **its)
    passkey.sign_count, passkey.used_at = used.new_sign_count, clock.now()
    return user if user.active and user.role != Role.GUEST else None


def _named(credential: str) -> tuple[Passkey | None, bytes | None]:
    """The passkey that is meant, and whose its device says it is."""
    if len(credential) > LONGEST:
        raise BadPasskey
    try:
        parsed = parse_authentication_credential_json(credential)
    except Exception as error:  # the library raises whatever it stumbles over in what strangers send
        raise BadPasskey from error
    return passkey_with(parsed.raw_id), parsed.response.user_handle


def _verified(verify, credential: str, challenge: bytes | None, **its):
    """What the library found out; whoever holds the device has shown it who they are. Raises BadPasskey.

    Without a challenge nobody was asked, and nothing is an answer: a device signs an empty one as well.
    """
    if not challenge or len(credential) > LONGEST:
        raise BadPasskey
    expected = {"expected_challenge": challenge, "expected_rp_id": desk_id(), "expected_origin": origin()}
    try:
        return verify(credential=credential, require_user_verification=True, **expected, **its)
    except Exception as error:  # as above
        raise BadPasskey from error
