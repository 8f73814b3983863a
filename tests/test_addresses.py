"""Of one address there is one spelling, however its domain is written."""

import pytest
from hypothesis import given, strategies as st

from informejo.accounts import queries
from informejo.addresses import is_address, one_spelling
from informejo.mail.fields import mailbox
from tests.intake.letters import come
from tests.world import PASSWORD

ASCII = "jo@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Jo@Bücher.EXAMPLE", ASCII),
        ("jo@bu\u0308cher。example", ASCII),
        ("JO@XN--bcher-KVA.example", ASCII),
        ("jö@strasse.example", "jö@strasse.example"),
        ("jo@straße.example", "jo@xn--strae-oqa.example"),
        ("jo@a＠b.example", "jo@a＠b.example"),  # and not two @
        (f"jo@{'ü' * 64}.example", f"jo@{'ü' * 64}.example"),
        (f"jo@{'ü' * 5_000}", f"jo@{'ü' * 5_000}"),
        ("Jö", "jö"),
    ],
)
def test_an_address_is_kept_as_mail_servers_know_its_domain(typed, kept):
    assert one_spelling(typed) == kept


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_typed_has_one_spelling_that_stays(name, host):
    one = one_spelling(f"{name}@{host}")
    assert one_spelling(one) == one
    assert is_address(one) or not is_address(f"{name}@{host}".lower())


def test_mails_go_to_the_address_that_is_kept():
    assert mailbox("Jo", "jo@bücher.example").addr_spec == ASCII


def test_nobody_is_kept_by_another_spelling(world):
    world.ren.email = "Ren@Bücher.example"
    assert world.ren.email == "ren@xn--bcher-kva.example"


@pytest.mark.parametrize(("first", "second"), [("jo@bücher.example", ASCII), (ASCII, "jo@BÜCHER.example")])
def test_whoever_registered_by_one_spelling_is_the_same_person_by_the_other(world, visit, first, second):
    form = {"name": "Jo", "password": PASSWORD, "again": PASSWORD}
    assert visit().post("/register", data=form | {"email": first}).location == "/tickets"
    assert visit().post("/sign-in", data={"email": second, "password": PASSWORD}).status_code == 303
    assert visit().post("/register", data=form | {"email": second}).status_code == 422
    jo = queries.user_by_email(first)
    answer = visit(world.ana).post("/users", data={"people": second, "role": "agent"})
    assert answer.location == f"/users/{jo.id}"
    assert come(sender=f"Jo <{second}>").person is jo
    assert visit(world.ana).post(f"/users/{jo.id}/erasure", data={"typed": second}).status_code == 303
