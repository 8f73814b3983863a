"""Mail: what goes out and came in, who watches what, and how far the readers of the log have come.

Revision: 0009
"""

import secrets

import sqlalchemy as sa
from alembic import op

from informejo import clock

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "caught_mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caught_mails")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "mail_key",
        sa.Column("word", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_mail_key")),
    )
    op.create_table(
        "mail_ways",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("well_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("refresh_token", sa.String(), nullable=False),
        sa.Column("token_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mail_ways")),
    )
    op.create_table(
        "reader_bookmarks",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_reader_bookmarks")),
    )
    op.create_table(
        "mail_choices",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("receipt", sa.Boolean(), nullable=False),
        sa.Column("mine", sa.Boolean(), nullable=False),
        sa.Column("assigned", sa.Boolean(), nullable=False),
        sa.Column("mentioned", sa.Boolean(), nullable=False),
        sa.Column("watched", sa.Boolean(), nullable=False),
        sa.Column("all_new", sa.Boolean(), nullable=False),
        sa.Column(
            "pace", sa.Enum("once", "bundled", "daily", name="pace", native_enum=False, length=40), nullable=False
        ),
        sa.Column("bundle_minutes", sa.Integer(), nullable=False),
        sa.Column("daily_at", sa.Integer(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_to", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_mail_choices_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_mail_choices")),
    )
    op.create_table(
        "watchers",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_watchers_ticket_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_watchers_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("ticket_id", "user_id", name=op.f("pk_watchers")),
    )
    with op.batch_alter_table("watchers") as batch_op:
        batch_op.create_index(batch_op.f("ix_watchers_user_id"), ["user_id"], unique=False)

    op.create_table(
        "incoming_mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), nullable=True),
        sa.Column("uid", sa.BigInteger(), nullable=True),
        sa.Column("stored_name", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "new",
                "ticket",
                "reply",
                "automatic",
                "quarantined",
                "ignored",
                "refused",
                name="instate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("match", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("dmarc", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("comment_id", sa.Integer(), nullable=True),
        sa.Column("moved_from_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_incoming_mails_comment_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["moved_from_id"], ["tickets.id"], name=op.f("fk_incoming_mails_moved_from_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["users.id"], name=op.f("fk_incoming_mails_person_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_incoming_mails_ticket_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming_mails")),
        sa.UniqueConstraint("mailbox", "uid_validity", "uid", name=op.f("uq_incoming_mails_mailbox")),
        sa.UniqueConstraint("stored_name", name=op.f("uq_incoming_mails_stored_name")),
    )
    with op.batch_alter_table("incoming_mails") as batch_op:
        batch_op.create_index(batch_op.f("ix_incoming_mails_comment_id"), ["comment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_incoming_mails_message_id"), ["message_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_incoming_mails_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_incoming_mails_sender"), ["sender"], unique=False)
        batch_op.create_index("ix_incoming_mails_state", ["state", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_incoming_mails_ticket_id"), ["ticket_id"], unique=False)

    op.create_table(
        "mail_pictures",
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["first_id"], ["incoming_mails.id"], name=op.f("fk_mail_pictures_first_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("sender", "digest", name=op.f("pk_mail_pictures")),
    )

    op.create_table(
        "kept_events",
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_kept_events_event_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("reader", "event_id", name=op.f("pk_kept_events")),
    )
    op.create_table(
        "outgoing_mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "opened",
                "new",
                "message",
                "status",
                "assigned",
                "watching",
                "undelivered",
                "reminder",
                "bundle",
                "password",
                "refused",
                "check",
                name="kind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("comment_id", sa.Integer(), nullable=True),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.Column("incoming_id", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "sending",
                "sent",
                "failed",
                "bounced",
                "dropped",
                name="outstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_outgoing_mails_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_outgoing_mails_event_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["incoming_id"], ["incoming_mails.id"], name=op.f("fk_outgoing_mails_incoming_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_outgoing_mails_ticket_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_outgoing_mails_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mails")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outgoing_mails_message_id")),
    )
    with op.batch_alter_table("outgoing_mails") as batch_op:
        batch_op.create_index("ix_outgoing_mails_address", ["address", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_mails_comment_id"), ["comment_id"], unique=False)
        batch_op.create_index("ix_outgoing_mails_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_mails_event_id"), ["event_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_mails_incoming_id"), ["incoming_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_mails_ticket_id"), ["ticket_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_mails_user_id"), ["user_id"], unique=False)

    op.create_table(
        "mail_verdicts",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column(
            "why",
            sa.Enum(
                "requester",
                "assignee",
                "mentioned",
                "watcher",
                "new",
                "account",
                "reminder",
                name="why",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "opened",
                "new",
                "message",
                "status",
                "assigned",
                "watching",
                "undelivered",
                "reminder",
                "bundle",
                "password",
                "refused",
                "check",
                name="kind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "decision",
            sa.Enum(
                "waiting",
                "sent",
                "failed",
                "bundled",
                "seen",
                "off",
                "own",
                "gone",
                "no-mail",
                name="decision",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_mail_verdicts_event_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["outgoing_mails.id"], name=op.f("fk_mail_verdicts_mail_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_mail_verdicts_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", "user_id", "why", name=op.f("pk_mail_verdicts")),
    )
    with op.batch_alter_table("mail_verdicts") as batch_op:
        batch_op.create_index(batch_op.f("ix_mail_verdicts_mail_id"), ["mail_id"], unique=False)
        batch_op.create_index("ix_mail_verdicts_user", ["user_id", "event_id"], unique=False)

    op.add_column("password_tokens", sa.Column("mailed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("users", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    _begin()


def _begin():
    key = sa.table("mail_key", sa.column("word"))
    op.execute(key.insert().values(word=secrets.token_hex(32)))
    # What happened before there was mail is mailed to nobody.
    op.execute("INSERT INTO reader_bookmarks (name, event_id) SELECT 'mail', coalesce(max(id), 0) FROM events")
    # The staff were made or raised by somebody who knew them; whose addresses the others gave, nobody has looked at.
    users = sa.table("users", sa.column("role"), sa.column("confirmed_at", sa.DateTime(timezone=True)))
    op.execute(users.update().where(users.c.role.in_(("agent", "admin"))).values(confirmed_at=clock.now()))


def downgrade():
    op.drop_column("password_tokens", "mailed")
    op.drop_column("users", "confirmed_at")  # in a batch SQLite would make the table anew, and drafts go with the old

    op.drop_table("mail_verdicts")
    op.drop_table("outgoing_mails")
    op.drop_table("kept_events")
    op.drop_table("mail_pictures")
    op.drop_table("incoming_mails")
    op.drop_table("watchers")
    op.drop_table("mail_choices")
    op.drop_table("reader_bookmarks")
    op.drop_table("mail_ways")
    op.drop_table("mail_key")
    op.drop_table("leases")
    op.drop_table("caught_mails")
