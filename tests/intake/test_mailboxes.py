"""The setting MAILBOXES: read whole, or refused with a sentence that tells no password."""

import os
import subprocess

import pytest

from informejo.intake import mailboxes
from tests.server import PYTHON, ROOT

SETTINGS = {"OAUTH_CLIENT_ID": "", "OAUTH_REFRESH_TOKEN": ""}
TOKENS = {"OAUTH_CLIENT_ID": "desk", "OAUTH_REFRESH_TOKEN": "first"}
SECRET = "Geheim-9f"


def read(text: str, **more) -> tuple[mailboxes.Mailbox, ...]:
    return mailboxes.read(SETTINGS | {"MAILBOXES": text} | more)


def test_without_the_setting_there_is_no_mailbox():
    assert read("") == ()


def test_an_address_names_server_account_password_and_folder():
    [box] = read("imaps://help%40example.org:a%2Fb%40c@imap.example.org:1993/Help%20desk")
    assert box == ("imap.example.org", 1993, True, "help@example.org", "a/b@c", "Help desk", "")
    assert box.name == "help@example.org at imap.example.org, Help desk"


def test_what_is_left_out_is_as_usual():
    [box] = read("imaps://help:word@imap.example.org")
    assert (box.port, box.folder) == (993, "INBOX")


def test_several_stand_beside_each_other():
    names = [box.name for box in read("imaps://a:b@one.example/ \n imaps://a:b@two.example")]
    assert names == ["a at one.example, INBOX", "a at two.example, INBOX"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_without_tls_a_server_on_this_machine_is_asked(host):
    [box] = read(f"imap://help:word@{host}")
    assert not box.tls
    assert box.port == 143


def test_instead_of_a_password_there_may_be_a_provider_of_tokens():
    [box] = read("imaps://help%40example.org@outlook.office365.com/?oauth=microsoft", **TOKENS)
    assert (box.provider, box.password, box.folder) == ("microsoft", "", "INBOX")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (f"imap://help:{SECRET}@imap.example.org", "imaps://"),
        (f"pop3://help:{SECRET}@imap.example.org", "must look like"),
        (f"help:{SECRET}@imap.example.org", "must look like"),
        (f"imaps://{SECRET}", "needs a name and a password"),
        ("imaps://help@imap.example.org", "needs a name and a password"),
        (f"imaps://help:{SECRET}@imap.example.org?oauth=google", "needs a name and a password"),
        ("imaps://help@imap.example.org?oauth=yahoo", "oauth=google"),
        (f"imaps://help:{SECRET}@imap.example.org?timeout=3", "nothing else"),
        (f"imaps://help:{SECRET}@imap.example.org:many", "cannot be read"),
        (f"imaps://help:x/{SECRET}@imap.example.org", "cannot be read"),
        (f"imaps://help:#{SECRET}@imap.example.org", "%23"),
        (f"imaps://help:{SECRET}@[::1", "cannot be read"),
        (f"imaps://help:{SECRET}@one.example imaps://help:{SECRET}@one.example/INBOX", "twice"),
    ],
)
def test_a_mistake_is_a_sentence_that_names_the_setting_and_tells_no_secret(text, word):
    with pytest.raises(ValueError, match="MAILBOXES") as refused:
        read(text)
    assert word in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("name", TOKENS)
def test_a_provider_of_tokens_needs_what_one_asks_it_with(name):
    with pytest.raises(ValueError, match=name):
        read("imaps://help@imap.gmail.com?oauth=google", **TOKENS | {name: ""})


def test_one_client_id_is_of_one_provider():
    with pytest.raises(ValueError, match="same provider"):
        read("imaps://a@imap.gmail.com?oauth=google imaps://a@outlook.office365.com?oauth=microsoft", **TOKENS)


def test_a_mailbox_that_is_printed_tells_no_password():
    [box] = read(f"imaps://help:{SECRET}@imap.example.org")
    assert SECRET not in f"{box!r} {box} {[box]}"
    assert "help at imap.example.org" in repr(box)


@pytest.mark.server
def test_a_server_does_not_start_with_a_mistake_and_says_which(tmp_path):
    settings = {"MAILBOXES": f"imap://help:{SECRET}@imap.example.org", "DATABASE_URL": f"sqlite:///{tmp_path}/desk.db"}
    command = [*PYTHON, "gunicorn", "-c", "gunicorn.conf.py", "app:app"]
    start = subprocess.run(
        command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, timeout=60, check=False
    )
    assert start.returncode == 1
    assert "MAILBOXES: address 1 must begin with imaps://" in start.stderr
    assert not [word for word in (SECRET, "Traceback") if word in start.stderr]
