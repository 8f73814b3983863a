"""The place of administration."""

import re


def test_every_place_that_it_lists_is_there(world, visit):
    browser = visit(world.ana)
    places = re.findall(r'<li><a href="([^"]*)"><b>', browser.get("/admin").text)
    assert len(places) >= 7
    assert [place for place in places if browser.get(place).status_code != 200] == []


def test_it_stands_in_the_rail_of_administrators_alone(world, visit):
    assert 'href="/admin"' in visit(world.ana).get("/desk").text
    assert 'href="/admin"' not in visit(world.mia).get("/desk").text
