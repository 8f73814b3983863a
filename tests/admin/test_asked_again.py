"""What gives or takes somebody's way in is done by whom has shown lately who they are."""

import pytest

from tests.test_routes import CHANGE

ASKS_NOBODY = {
    "/users/<int:id>/person",  # how somebody is called lets nobody in
    "/users/<int:id>/handover",  # any of the staff may, and so may they take back that they did
    "/users/<int:id>/undo",
}


@pytest.mark.hardening("S-47")
@pytest.mark.parametrize("row", [row for row in CHANGE if row.startswith("/users")])
def test_whoever_changes_a_way_in_of_somebody_shows_first_who_they_are(app, world, visit, row):
    app.config["PROOF_MINUTES"] = 0
    address = row.replace("<int:id>", str(world.zoe.id))
    answer = visit(world.ana).post(address, data=CHANGE[row][0])
    assert ("Is it you?" in answer.text) == (row not in ASKS_NOBODY)
