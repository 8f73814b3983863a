"""What holds: what was saved in a page, else the environment."""

from informejo import db
from informejo.settings.models import SavedSetting
from informejo.settings.queries import setting


def test_what_is_saved_goes_before_the_environment(app):
    assert setting("DESK_NAME") == "Informejo"
    db.session.add(SavedSetting(name="DESK_NAME", value="Blue desk"))
    db.commit()
    assert setting("DESK_NAME") == "Blue desk"


def test_a_setting_that_nobody_saved_is_the_environments(app):
    app.config["LINK_DAYS"] = 7
    assert setting("LINK_DAYS") == 7
