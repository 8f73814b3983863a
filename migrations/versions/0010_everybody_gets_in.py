"""Everybody gets in safely: links, second factors, single sign-on, teams, confidential tickets, settings, the audit.

Revision: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATUS = "status", "deleted_at"
TABLES = (
    "named_people",
    "team_members",
    "team_categories",
    "recovery_codes",
    "passkeys",
    "used_tokens",
    "identities",
    "half_sign_ins",
    "authenticators",
    "address_tokens",
    "accesses",
    "saved_settings",
    "counts",
)

AUDITED = {
    "ix_events_actor": "actor_id",
    "ix_events_user": "user_id",
    "ix_events_name": "name",
    "ix_events_origin": "origin",
}
# Sign-ins and refusals are only ever added: nothing changes one, and none younger than 30 days can be removed.
REFUSED = "the audit is only ever added to"
ON_SQLITE = (
    f"CREATE TRIGGER accesses_unchanged BEFORE UPDATE ON accesses BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END",
    "CREATE TRIGGER accesses_kept BEFORE DELETE ON accesses WHEN OLD.at > datetime('now', '-30 days')"
    f" BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END",
)
ON_POSTGRESQL = (
    "CREATE FUNCTION keep_accesses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF TG_OP = 'DELETE' THEN IF OLD.at <= now() - interval '30 days' THEN RETURN OLD; END IF; END IF;"
    f" RAISE EXCEPTION '{REFUSED}'; END $$",
    "CREATE TRIGGER accesses_kept BEFORE UPDATE OR DELETE ON accesses FOR EACH ROW EXECUTE FUNCTION keep_accesses()",
    "CREATE TRIGGER accesses_not_emptied BEFORE TRUNCATE ON accesses EXECUTE FUNCTION keep_accesses()",
)


def upgrade():
    op.create_table(
        "counts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counts")),
    )
    op.create_index("ix_counts_what_who", "counts", ["what", "who", "at"])

    op.create_table(
        "saved_settings",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_saved_settings")),
    )
    op.create_table(
        "teams",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sees_all", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "folded",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            server_default=sa.text("''"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("folded", name=op.f("uq_teams_folded")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "accesses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_accesses_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accesses")),
    )
    for column, name in (("user_id", "user"), ("kind", "kind"), ("origin", "origin")):
        op.create_index(f"ix_accesses_{name}", "accesses", [column, "id"])
    _keep_accesses()

    op.create_table(
        "address_tokens",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_address_tokens_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_address_tokens")),
        sa.UniqueConstraint("user_id", name=op.f("uq_address_tokens_user_id")),
    )
    op.create_table(
        "authenticators",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_authenticators_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_authenticators")),
    )
    op.create_table(
        "half_sign_ins",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_half_sign_ins_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_half_sign_ins")),
    )
    op.create_index(op.f("ix_half_sign_ins_expires_at"), "half_sign_ins", ["expires_at"])
    op.create_index(op.f("ix_half_sign_ins_user_id"), "half_sign_ins", ["user_id"])

    op.create_table(
        "used_tokens",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_used_tokens")),
    )
    op.create_index(op.f("ix_used_tokens_expires_at"), "used_tokens", ["expires_at"])
    op.create_table(
        "identities",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_identities_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_identities_issuer")),
    )
    op.create_index(op.f("ix_identities_user_id"), "identities", ["user_id"])

    op.create_table(
        "passkeys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_passkeys_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index(op.f("ix_passkeys_user_id"), "passkeys", ["user_id"])

    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_user_id"), "recovery_codes", ["user_id"])

    op.create_table(
        "team_categories",
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_categories_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("category", name=op.f("pk_team_categories")),
    )
    op.create_index(op.f("ix_team_categories_team_id"), "team_categories", ["team_id"])

    op.create_table(
        "team_members",
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_members_team_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_team_members_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_id", "user_id", name=op.f("pk_team_members")),
    )
    op.create_index(op.f("ix_team_members_user_id"), "team_members", ["user_id"])

    op.create_table(
        "named_people",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_named_people_ticket_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_named_people_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("ticket_id", "user_id", name=op.f("pk_named_people")),
    )
    op.create_index(op.f("ix_named_people_user_id"), "named_people", ["user_id"])

    op.add_column("events", sa.Column("origin", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("events", sa.Column("batch", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_events_batch"), "events", ["batch"])
    for name, column in AUDITED.items():
        op.create_index(name, "events", [column, "id"])

    op.add_column("sessions", sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sessions", _pointing("ticket_id", "fk_sessions_ticket_id", "tickets.id"), inline_references=True)
    op.add_column("sessions", sa.Column("code_hash", sa.String(), nullable=True))
    op.add_column("sessions", sa.Column("provider", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("sessions", sa.Column("id_token", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("sessions", sa.Column("sid", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("sessions", sa.Column("factor", sa.String(), nullable=False, server_default=sa.text("''")))
    op.create_index(op.f("ix_sessions_sid"), "sessions", ["sid"])
    op.create_index(op.f("ix_sessions_code_hash"), "sessions", ["code_hash"])
    op.create_index(op.f("ix_sessions_ticket_id"), "sessions", ["ticket_id"])

    op.add_column("tickets", _pointing("team_id", "fk_tickets_team_id", "teams.id"), inline_references=True)
    op.add_column("tickets", sa.Column("confidential", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("tickets", sa.Column("unverified", sa.Boolean(), nullable=False, server_default=sa.false()))
    _index_tickets("confidential")
    op.create_index("ix_tickets_team_activity", "tickets", ["team_id", "last_event_id"])
    some = {"sqlite_where": sa.text("confidential = 1"), "postgresql_where": sa.text("confidential")}
    op.create_index("ix_tickets_confidential", "tickets", ["confidential"], **some)

    op.add_column("caught_mails", sa.Column("mail_id", sa.Integer(), nullable=True))

    op.add_column("users", sa.Column("narrowed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("users", _pointing("merged_into_id", "fk_users_merged_into_id", "users.id"), inline_references=True)
    op.add_column("users", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index(op.f("ix_users_role"), "users")
    op.create_index("ix_users_role_active", "users", ["role", "active"])
    op.create_index("ix_users_folded", "users", ["folded"])
    op.create_index("ix_users_role_folded", "users", ["role", "folded"])
    shut_out = {"sqlite_where": sa.text("active = 0"), "postgresql_where": sa.text("NOT active")}
    op.create_index("ix_users_shut_out", "users", ["folded"], **shut_out)
    op.create_index(op.f("ix_users_merged_into_id"), "users", ["merged_into_id"])


def _keep_accesses():
    for statement in ON_SQLITE if op.get_bind().dialect.name == "sqlite" else ON_POSTGRESQL:
        op.execute(statement)


def _pointing(name: str, key: str, to: str) -> sa.Column:
    """A column that names a row elsewhere. In a batch SQLite would make the table anew, and lose what hangs on it."""
    return sa.Column(name, sa.Integer(), sa.ForeignKey(to, name=op.f(key)), nullable=True)


def _index_tickets(*more: str):
    """Each has all that counts ask for, or they would have to look at every ticket."""
    op.drop_index("ix_tickets_status_activity", "tickets")
    op.drop_index("ix_tickets_status_assignee", "tickets")
    op.create_index("ix_tickets_status_activity", "tickets", [*STATUS, "last_event_id", "priority", *more])
    op.create_index("ix_tickets_status_assignee", "tickets", [*STATUS, "assignee_id", "priority", *more])


def downgrade():
    op.drop_index(op.f("ix_users_merged_into_id"), "users")
    for name in ("ix_users_shut_out", "ix_users_role_folded", "ix_users_folded", "ix_users_role_active"):
        op.drop_index(name, "users")
    op.create_index(op.f("ix_users_role"), "users", ["role"])
    op.drop_column("users", "erased_at")
    op.drop_column("users", "merged_into_id")
    op.drop_column("users", "narrowed")

    op.drop_column("caught_mails", "mail_id")

    op.drop_index("ix_tickets_confidential", "tickets")
    op.drop_index("ix_tickets_team_activity", "tickets")
    _index_tickets()
    op.drop_column("tickets", "unverified")
    op.drop_column("tickets", "confidential")
    op.drop_column("tickets", "team_id")

    # A link that was mailed for one ticket would be a sign-in for everything, as soon as nothing says which ticket.
    op.execute("DELETE FROM sessions WHERE ticket_id IS NOT NULL")
    op.drop_index(op.f("ix_sessions_ticket_id"), "sessions")
    op.drop_index(op.f("ix_sessions_code_hash"), "sessions")
    op.drop_index(op.f("ix_sessions_sid"), "sessions")
    for column in ("factor", "sid", "id_token", "provider", "code_hash", "ticket_id", "proved_at"):
        op.drop_column("sessions", column)

    for name in AUDITED:
        op.drop_index(name, "events")
    op.drop_index(op.f("ix_events_batch"), "events")
    op.drop_column("events", "batch")
    op.drop_column("events", "origin")

    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION keep_accesses()")
    op.drop_table("teams")
