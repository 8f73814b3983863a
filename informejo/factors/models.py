"""Second factors: what somebody has, beside the password that they know."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from informejo import clock
from informejo.accounts.models import User
from informejo.db import Model, Moment
from informejo.ids import next_id

# Ways of what waits (`HalfSignIn.way`): a second step, a passkey that is asked, an app that is about to be added.
SECOND, PASSKEY, NEW_APP = "second", "passkey", "new-app"
SECRET = "secret"  # noqa: S105 - the name of the fact: what that app is shown, to whoever began it alone


class Authenticator(Model):
    """The app on somebody's phone that makes six digits every half minute (TOTP, RFC 6238)."""

    __tablename__ = "authenticators"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str]  # base32; both sides need it in clear
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment)  # it counts from the first right digits on
    last_step: Mapped[int] = mapped_column(default=0)  # of the digits used last, which are good once


class RecoveryCode(Model):
    """One of the codes that stand in for a lost second factor, each once; only its hash is kept."""

    __tablename__ = "recovery_codes"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)


class Passkey(Model):
    """A key that a device keeps for somebody (WebAuthn): it signs them in, and proves who they are."""

    __tablename__ = "passkeys"

    id: Mapped[int] = mapped_column(primary_key=True, default=next_id)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(default=0)
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    used_at: Mapped[datetime | None] = mapped_column(Moment)

    user: Mapped[User] = relationship()
