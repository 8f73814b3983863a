"""What holds: what was saved in a page, else the environment."""

import gc
import weakref

from informejo import create_app, db
from informejo.glance import glance
from informejo.settings import saved
from informejo.settings.models import SavedSetting
from informejo.settings.queries import setting
from tests import database


def test_what_is_saved_goes_before_the_environment(app):
    assert setting("DESK_NAME") == "Informejo"
    db.session.add(SavedSetting(name="DESK_NAME", value="Blue desk"))
    db.commit()
    assert setting("DESK_NAME") == "Blue desk"


def test_a_setting_that_nobody_saved_is_the_environments(app):
    app.config["LINK_DAYS"] = 7
    assert setting("LINK_DAYS") == 7


def test_what_changes_while_it_is_being_read_is_not_missed(app, monkeypatch):
    def read_and_change(statement):
        found = glance(statement)
        monkeypatch.undo()
        db.session.add(SavedSetting(name="DESK_NAME", value="Blue desk"))
        db.commit()
        return found

    setting("DESK_NAME")
    saved._forget_all()
    monkeypatch.setattr(saved, "glance", read_and_change)
    setting("DESK_NAME")
    assert setting("DESK_NAME") == "Blue desk"


def test_an_app_that_is_over_is_forgotten_with_what_held_for_it(tmp_path):
    """Thousands of apps, each kept for what was set in it, were a gigabyte of the memory of tests."""
    database.copy_to(tmp_path / "other.db")
    other = create_app({"DATABASE_URL": f"sqlite:///{tmp_path}/other.db", "UPLOAD_DIR": str(tmp_path)})
    database.leave_signals()
    with other.app_context():
        assert setting("DESK_NAME") == "Informejo"
        db.session.remove()
        db.engine().dispose()
    app = weakref.ref(other)
    del other
    gc.collect()
    assert app() is None
