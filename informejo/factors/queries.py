"""Reading second factors: who has which, who has to have one, and what an app is shown to begin with."""

import re
from typing import NamedTuple

import segno
from markupsafe import Markup
from pyotp import TOTP
from sqlalchemy import exists, func, select

from informejo import db
from informejo.accounts.models import DEMANDED, User
from informejo.factors.models import Authenticator, Passkey, RecoveryCode
from informejo.settings.queries import setting

LONGEST_LABEL = 60  # characters of address and desk: the picture holds no more, if each takes twelve in an address
FEW = 2  # recovery codes left, from which on their owner is warned


class Factors(NamedTuple):
    """What somebody has beside their password: an app, passkeys, and so many recovery codes for when both are lost."""

    app: bool
    passkeys: list[Passkey]
    codes: int

    @property
    def any(self) -> bool:
        return self.app or bool(self.passkeys)

    @property
    def last(self) -> bool:
        """Whether it is only one, so that nothing is left when it goes."""
        return self.app + len(self.passkeys) == 1


class SetUp(NamedTuple):
    """What an app is shown: a secret in groups of four to be typed, and the same as an address and as a picture."""

    groups: list[str]
    address: str
    picture: Markup


def factors_of(user: User) -> Factors:
    """All that this person has, passkeys in the order in which they were added."""
    app = db.session.get(Authenticator, user.id)
    passkeys = db.session.scalars(select(Passkey).where(Passkey.user_id == user.id).order_by(Passkey.id))
    return Factors(bool(app and app.confirmed_at), list(passkeys), codes_left(user))


def codes_left(user: User) -> int:
    """How many recovery codes this person has not used."""
    return db.session.scalar(select(func.count()).where(RecoveryCode.user_id == user.id))


def has_second_factor(user: User) -> bool:
    """Whether a password alone does not sign this person in."""
    app = exists().where(Authenticator.user_id == user.id, Authenticator.confirmed_at.is_not(None))
    return db.session.scalar(select(app | exists().where(Passkey.user_id == user.id)))


def must_have_one(user: User) -> bool:
    """Whether the desk demands a second factor of this person: SECOND_FACTOR says of whom."""
    return user.only is None and user.role in DEMANDED[setting("SECOND_FACTOR")]


def set_up_of(user: User, secret: str) -> SetUp | None:
    """What the app with that secret is shown; None when there is none, or one counts already."""
    if not secret or factors_of(user).app:
        return None
    name, desk = user.email[:LONGEST_LABEL], setting("DESK_NAME")[:LONGEST_LABEL]
    address = TOTP(secret).provisioning_uri(name=name, issuer_name=desk)
    picture = segno.make(address, error="m", micro=False).svg_inline(omitsize=True, border=4, light="#fff", dark="#000")
    return SetUp(re.findall(".{1,4}", secret), address, Markup(picture))  # noqa: S704 - the library draws it of digits
