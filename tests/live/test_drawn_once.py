"""Messages and rows are drawn once for all who look, and anew as soon as they look different."""

from informejo import db, templating
from informejo.accounts import actions as accounts
from informejo.shelf import shelf
from informejo.tickets import change_actions
from informejo.tickets.words import Priority


def test_a_message_shows_the_new_name_of_its_author(world, visit):
    ticket = world.ticket()
    world.comment(world.mia, ticket, "We are on our way.")
    ren = visit(world.ren)
    assert "Mia Lund" in ren.get("/tickets/1").text
    accounts.edit_profile(world.mia, name="Mia Strand")
    db.commit()
    assert "Mia Strand" in ren.get("/tickets/1").text
    assert "Mia Lund" not in ren.get("/tickets/1").text


def test_a_row_of_the_queue_shows_what_changed(world, visit):
    ticket = world.ticket()
    tom = visit(world.tom)
    assert 'class="chip" data-priority="critical"' not in tom.get("/queue").text
    change_actions.set_priority(world.mia, ticket, Priority.CRITICAL)
    db.commit()
    assert 'class="chip" data-priority="critical"' in tom.get("/queue").text


def test_a_changed_template_is_seen_at_once_in_development(app, world, visit, monkeypatch):
    app.config["DEVELOPMENT"] = True
    monkeypatch.setattr(shelf, "most", shelf.most)
    templating.init_app(app)
    world.comment(world.mia, world.ticket(), "Drawn again each time.")
    for _ in range(2):
        assert "Drawn again each time." in visit(world.mia).get("/tickets/1").text
    assert (len(shelf), shelf.bytes) == (0, 0)
