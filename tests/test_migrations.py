"""What `flask db upgrade` makes of an empty database is what the models say, and the way back works too."""

import re
from enum import StrEnum

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_migrate import downgrade, upgrade
from sqlalchemy import Enum, inspect, select, text

from informejo import create_app, db, signals
from informejo.accounts import actions as accounts, address_actions, invite_actions, rights_actions
from informejo.accounts.models import Role, User
from informejo.accounts.queries import fingerprint, user_by_email
from informejo.accounts.session_actions import start_session
from informejo.events.names import EventName
from informejo.guests.link_actions import make_link
from tests import architecture, world as cast


@pytest.fixture
def empty(tmp_path):
    """The app on a database without a single table."""
    app = create_app({"DATABASE_URL": f"sqlite:///{tmp_path}/empty.db", "UPLOAD_DIR": str(tmp_path / "files")})
    with app.app_context():
        yield app
        db.session.remove()
        db.engine().dispose()
    signals.recorded.disconnect(app.extensions["broadcast"].ring)
    signals.noticed.disconnect(app.extensions["broadcast"].notice)


def migrate(step, **to):
    step(directory=str(architecture.ROOT / "migrations"), **to)


def tables() -> set[str]:
    return set(inspect(db.engine()).get_table_names()) - {"alembic_version"}


def differences() -> list:
    """What would have to change in the database for it to be what the models say."""
    with db.engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return compare_metadata(context, db.Model.metadata)


def told(difference) -> str:
    """In words, without the places in memory of what makes the defaults."""
    return re.sub(r" at 0x\w+", "", repr(difference))


def test_an_upgraded_database_is_what_the_models_say(empty):
    assert differences(), "an empty database must not count as equal"
    migrate(upgrade)
    assert tables() == set(db.Model.metadata.tables)
    assert differences() == []


def test_the_whole_way_back_and_forth_again(empty):
    migrate(upgrade)
    migrate(downgrade, revision="base")
    assert tables() == set()
    migrate(upgrade)
    assert differences() == []


def test_each_step_can_be_taken_back_by_itself(empty):
    script = ScriptDirectory(str(architecture.ROOT / "migrations"))
    for revision in reversed(list(script.walk_revisions())):
        migrate(upgrade, revision=revision.revision)
        before = sorted(map(told, differences()))
        migrate(downgrade, revision="-1")
        migrate(upgrade, revision=revision.revision)
        assert sorted(map(told, differences())) == before
    assert len(script.get_heads()) == 1


def test_a_new_database_has_a_word_for_its_log_and_none_like_another(empty):
    words = set()
    for _ in range(2):
        migrate(upgrade)
        [word] = db.session.scalars(text("SELECT word FROM log_epoch")).all()
        db.session.remove()
        migrate(downgrade, revision="base")
        words.add(word)
    assert len(words) == 2


def test_a_migrated_database_takes_every_word_of_every_enum(empty):
    migrate(upgrade)
    cast.populate()
    for table in db.Model.metadata.sorted_tables:
        for column in table.columns:
            if not isinstance(column.type, Enum):
                continue
            enum = column.type.enum_class
            assert issubclass(enum, StrEnum)
            assert set(column.type.enums) == {word.value for word in enum}
            assert max(len(word) for word in enum) <= column.type.length
            for word in enum:
                db.session.execute(table.update().values({column: word}))
            assert set(db.session.scalars(select(column))) <= {word}
    db.session.rollback()


def test_numbers_of_tickets_comments_and_events_are_never_used_twice(empty):
    migrate(upgrade)
    made = dict(db.session.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")).all())
    assert {name for name, sql in made.items() if "AUTOINCREMENT" in sql} >= {"tickets", "comments", "events"}


def test_a_migrated_desk_works(empty):
    migrate(upgrade)
    db.session.execute(text("DELETE FROM log_epoch"))
    world = cast.populate()
    ticket = world.ticket()
    world.note(ticket)
    assert world.comment(world.ren, ticket).ticket is ticket


def test_a_draft_from_before_they_belonged_to_tabs_is_still_there_and_the_way_back_keeps_the_newest(empty):
    migrate(upgrade, revision="0005")
    columns = "id, email, name, role, active, department, theme, shortcuts, time_zone, created_at"
    values = "1, 'a@b.example', 'Ada', 'user', 1, '', 'system', 'on', '', '2026-01-01'"
    db.session.execute(text(f"INSERT INTO users ({columns}) VALUES ({values})"))
    draft = text("INSERT INTO drafts (user_id, form, fields, saved_at) VALUES (1, :form, '{}', '2026-01-01')")
    for form in ("new-ticket", "ticket:1", "ticket:1:edit", "comment:5"):
        db.session.execute(draft, {"form": form})
    db.session.commit()
    migrate(upgrade)
    rows = dict(db.session.execute(text("SELECT form, key FROM drafts")).all())
    assert rows == {"new-ticket": "before", "ticket:1": "before", "ticket:1:edit": "", "comment:5": ""}
    columns, values = "user_id, form, key, fields, saved_at", "1, 'ticket:1', 'k', '\"new\"', '2026-01-02'"
    db.session.execute(text(f"INSERT INTO drafts ({columns}) VALUES ({values})"))
    db.session.commit()
    migrate(downgrade, revision="0005")
    assert db.session.scalars(text("SELECT fields FROM drafts WHERE form = 'ticket:1'")).all() == ['"new"']


def test_who_typed_a_domain_beyond_ascii_is_found_after_the_upgrade_by_either_spelling(empty):
    migrate(upgrade, revision="0010")
    columns = "id, email, name, role, active, department, theme, shortcuts, time_zone, created_at"
    twins = "ada@bücher.example", "jo@bücher.example", "jo@xn--bcher-kva.example"
    for id, email in enumerate(twins, 1):
        values = f"{id}, '{email}', 'Ada', 'user', 1, '', 'system', 'on', '', '2026-01-01'"
        db.session.execute(text(f"INSERT INTO users ({columns}) VALUES ({values})"))
    db.session.commit()
    migrate(upgrade)
    assert [user_by_email(email).id for email in twins] == [1, 3, 3], (
        "of one who is two, one is found, and both are there"
    )
    assert db.session.scalar(text("SELECT folded FROM users WHERE id = 1")) == "ada\nada@xn--bcher-kva.example\n"


def test_on_the_way_back_no_link_to_one_ticket_becomes_a_sign_in(empty):
    migrate(upgrade)
    world = cast.populate()
    token = make_link(world.ren, world.ticket()).token
    start_session(world.ren, "a browser")
    db.commit()
    migrate(downgrade, revision="0009")
    left = db.session.scalars(text("SELECT token_hash FROM sessions")).all()
    assert len(left) == 1
    assert fingerprint(token) not in left


def test_for_whom_the_desk_vouched_is_known_after_the_upgrade_by_what_the_log_says(empty):
    migrate(upgrade)
    db.session.execute(text("DELETE FROM log_epoch"))
    world = cast.populate()
    made = invite_actions.invite(world.ana, email="kim@example.org", name="Kim Oda", role=Role.USER)
    accounts.edit_profile(world.ren, name="Ren Sato")
    accounts.change_fields(world.ana, world.mia, EventName.USER_UPDATED, {"department": "Attic"})
    rights_actions.set_role(world.ana, world.zoe, Role.AGENT)
    address_actions.change_address(world.ana, world.tom, "tom@other.example")
    db.commit()
    migrate(downgrade, revision="0012")
    migrate(upgrade)
    db.session.expire_all()
    assert set(db.session.scalars(select(User).where(User.vouched_for))) == {made, world.zoe, world.tom}
