"""Reading passkeys, and what a browser is asked about them (WebAuthn Level 3)."""

import json
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import select
from webauthn import generate_authentication_options, generate_registration_options, options_to_json
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from werkzeug.exceptions import NotFound

from informejo import clock, db
from informejo.accounts.models import User
from informejo.accounts.queries import JUST_NOW
from informejo.factors.models import Passkey
from informejo.factors.queries import factors_of
from informejo.settings.queries import setting

ASKED_MS = 120_000  # how long a browser waits for somebody to touch their key


def are_possible() -> bool:
    """Whether passkeys can be made for this address: they belong to a name, and not to a number."""
    try:
        ip_address(desk_id())
    except ValueError:
        return True
    return False


def desk_id() -> str:
    """To whom a passkey belongs: the name of the machine in PUBLIC_URL."""
    return urlsplit(current_app.config["PUBLIC_URL"]).hostname or ""


def origin() -> str:
    """Where a browser has to be when it uses one."""
    address = urlsplit(current_app.config["PUBLIC_URL"])
    return f"{address.scheme}://{address.netloc}"


def handle(user: User) -> bytes:
    """Whose a passkey is, as their device keeps it: nothing that says who they are elsewhere (WebAuthn, 14.6.1)."""
    return str(user.id).encode()


def passkey_of(actor: User, id: int) -> Passkey:
    """This person's passkey with that id. Raises NotFound."""
    passkey = next((own for own in factors_of(actor).passkeys if own.id == id), None)
    if passkey is None:
        raise NotFound
    return passkey


def passkey_with(credential_id: bytes) -> Passkey | None:
    """The passkey that a device calls so."""
    return db.session.scalar(select(Passkey).where(Passkey.credential_id == credential_id))


def comes_again(credential: str, owner: User) -> bool:
    """Whether a device's answer comes a second time: a moment ago it added, or used, this passkey of that person."""
    try:
        answer = json.loads(credential)
        passkey, is_new = passkey_with(base64url_to_bytes(answer["rawId"])), "attestationObject" in answer["response"]
    except (ValueError, TypeError, KeyError, RecursionError):  # whatever else was sent
        return False
    done_at = passkey and (passkey.created_at if is_new else passkey.used_at)
    return bool(done_at and passkey.user_id == owner.id and done_at > clock.now() - JUST_NOW)


def question_to_add(actor: User, challenge: bytes) -> str:
    """What a browser is asked to make one, as JSON: one that knows its owner by itself, and asks who holds it."""
    options = generate_registration_options(
        rp_id=desk_id(),
        rp_name=setting("DESK_NAME"),
        user_id=handle(actor),
        user_name=actor.email,
        user_display_name=actor.name,
        challenge=challenge,
        timeout=ASKED_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(actor),
    )
    return options_to_json(options)


def question_to_use(user: User | None, challenge: bytes) -> str:
    """What a browser is asked to use one, of that person or of whoever sits there, as JSON."""
    options = generate_authentication_options(
        rp_id=desk_id(),
        challenge=challenge,
        timeout=ASKED_MS,
        allow_credentials=_descriptors(user) if user else [],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def _descriptors(user: User) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in factors_of(user).passkeys]
