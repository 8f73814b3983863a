"""What a provider tells is made clean, and what the settings say of one is read as it is meant; nobody is asked."""

import pytest

from informejo import limits
from informejo.sso import providers
from informejo.sso.claims import role_for, told

SETTINGS = {
    "SSO_PROVIDERS": "Desk other",
    "SSO_DESK_ISSUER": "https://desk.example.org",
    "SSO_DESK_CLIENT_ID": "org.desk",
    "SSO_DESK_CLIENT_SECRET": "s3cret",
    "SSO_OTHER_ISSUER": "https://other.example.org",
    "SSO_OTHER_CLIENT_ID": "desk",
    "SSO_OTHER_CLIENT_SECRET": "s3cret",
    "SSO_OTHER_WORD": "The Other",
    "PASSWORD_SIGN_IN": False,
}
PROVIDER = providers.read(SETTINGS)[0]
LONG = "n" * limits.NAME.most
LONG_ADDRESS = f"{'n' * (limits.EMAIL.most - 12)}@example.org"


def of(**claims):
    return told(PROVIDER, {"sub": "x"} | claims)


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": " Nia\nOkafor ", "given_name": "N", "family_name": "O"}, "Nia Okafor"),
        ({"given_name": "Nia", "family_name": "Okafor", "preferred_username": "nia"}, "Nia Okafor"),
        ({"given_name": "Nia"}, "Nia"),
        ({"family_name": "Okafor"}, "Okafor"),
        ({"name": "n", "preferred_username": "nia@corp@x", "email": "n.o@example.org"}, "nia"),
        ({"name": "mia@example.org", "email": "n.o@example.org"}, "n.o"),
        ({"name": "mia＠example.org", "given_name": "\u2800\u2800", "email": "n.o@example.org"}, "n.o"),
        ({"name": 7, "given_name": ["Nia"], "email": "no"}, "Somebody"),
        ({"name": LONG + "n"}, LONG),
        ({"name": LONG[1:] + " n"}, LONG[1:]),
        ({"family_name": LONG}, LONG),
        ({"name": "Bo"}, "Bo"),
    ],
)
def test_somebody_is_called_as_their_provider_calls_them_and_never_by_an_address(claims, name):
    assert of(**claims).name == name


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({"email": " Nia@Example.org "}, "nia@example.org"),
        ({"email": LONG_ADDRESS}, LONG_ADDRESS),
        ({"email": "n" + LONG_ADDRESS}, ""),
        ({"email": "nobody"}, ""),
        ({"email": ["nia@example.org"]}, ""),
        ({}, ""),
    ],
)
def test_an_address_is_one_or_none(claims, email):
    assert of(**claims).email == email


@pytest.mark.parametrize(
    ("said", "trusted", "confirmed", "believed"),
    [
        (True, False, True, False),
        ("true", False, True, False),
        (None, False, False, False),
        ("yes", False, False, False),
        (1, False, True, False),
        (False, True, False, False),
        ("false", True, False, False),
        (None, True, True, True),
        (True, True, True, True),
    ],
)
def test_an_address_is_somebodys_where_it_is_said_or_the_provider_is_believed(said, trusted, confirmed, believed):
    who = told(PROVIDER._replace(trusts_email=trusted), {"sub": "x", "email": "n@example.org", "email_verified": said})
    assert (who.confirmed, who.believed) == (confirmed, believed)


def test_roles_are_those_of_every_place_once_and_not_without_end():
    assert of().roles is None
    assert of(roles=[]).roles == []
    assert of(roles=["b", " a ", "", "a", 7], realm_access={"roles": "c"}).roles == ["a", "b", "c"]
    assert of(resource_access={"org.desk": {"roles": ["of an id with a dot"]}}).roles == ["of an id with a dot"]
    assert of(roles=["r" * 200, "r" * 201]).roles == ["r" * 200]
    many = [f"{number:03}" for number in range(501)]
    assert of(roles=many).roles == many[:500] == of(roles=many, realm_access={"roles": "x"}).roles
    who = of()
    assert (who.provider, who.word, who.issuer, who.subject) == ("desk", "Desk", "https://desk.example.org", "x")


def test_the_highest_of_what_somebody_is_there_counts_here():
    role_map = {"it": "admin", "help": "agent", "staff": "user"}
    cases = {
        ("Help", "IT"): "admin",
        ("staff", "HELP"): "agent",
        ("help", "else"): "agent",
        ("else",): "user",
        (): "user",
    }
    assert {names: role_for(list(names), role_map) for names in cases} == cases


def test_providers_stand_in_the_order_of_the_setting_and_tell_no_secret():
    desk, other = providers.read(SETTINGS)
    assert (desk.name, desk.word, desk.mapping_setting) == ("desk", "Desk", "SSO_DESK_ROLE_MAP")
    assert (other.name, other.word) == ("other", "The Other")
    assert (desk.issuer, desk.client_id, desk.client_secret) == ("https://desk.example.org", "org.desk", "s3cret")
    assert repr(desk) == "<provider desk>"
    assert providers.read(SETTINGS | {"SSO_DESK_ROLE_CLAIMS": providers.NONE})[0].role_claims == ()
    assert providers.read(SETTINGS | {"SSO_DESK_ROLE_CLAIMS": "a.b c"})[0].role_claims == (("a", "b"), ("c",))


def test_one_issuer_is_one_provider_and_passwords_are_taken_where_no_provider_is_understood():
    same = SETTINGS | {"SSO_OTHER_ISSUER": "https://desk.example.org"}
    with pytest.raises(ValueError, match="same issuer"):
        providers.read(same)
    assert providers.of(same) == ()
    assert not providers.leave_passwords(SETTINGS)
    assert providers.leave_passwords(same)
    assert providers.leave_passwords(SETTINGS | {"PASSWORD_SIGN_IN": True})
    named = "a" + "b" * 19
    assert providers.NAME.fullmatch(named)
    for wrong in (named + "c", "1a", "a-b", "A", ""):
        assert not providers.NAME.fullmatch(wrong), wrong


def test_a_mapping_has_commas_or_lines_and_says_no_name_twice_with_two_meanings():
    assert providers.read_map(" A = admin,\n\nb=c=agent , x=user\na=admin,") == {
        "a": "admin",
        "b=c": "agent",
        "x": "user",
    }
    for wrong, sentence in {"a": "does not look", "=user": "does not look", "a=guest": "does not look",
                            "a=user\nA=admin": "stands there twice"}.items():  # fmt: skip
        with pytest.raises(ValueError, match=sentence):
            providers.read_map(wrong)


@pytest.mark.parametrize(
    ("address", "beside", "safe"),
    [
        ("https://idp.example.org/x?y", "", True),
        ("https://idp.example.org", "http://localhost", True),
        ("http://localhost:8080", "", True),
        ("http://127.0.0.1:8080/x", "http://localhost:8080", True),
        ("http://localhost:8080", "https://idp.example.org", False),
        ("http://idp.example.org", "", False),
        ("ftp://localhost", "", False),
        ("https://idp.example.org/#x", "", False),
        ("https://@idp.example.org", "", False),
        ("https://nia:word@idp.example.org", "", False),
        ("https://", "", False),
        ("idp.example.org", "", False),
        ("http://[", "", False),
        (None, "", False),
        (["https://idp.example.org"], "", False),
    ],
)
def test_only_https_is_asked_or_this_very_machine(address, beside, safe):
    assert providers.is_safe(address, beside) is safe
