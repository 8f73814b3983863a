"""Whoever asks for a stream and has left before its turn comes is passed over."""

import os
import signal
import socket

import pytest

from tests.server import Server

pytestmark = pytest.mark.server
STREAM = b"GET /live?on=desk HTTP/1.1\r\nHost: desk\r\n\r\n"


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path, LOG_LEVEL="INFO")
    server.upgrade()
    server.start()
    yield server
    server.stop()


def ask(server: Server) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    connection.sendall(STREAM)
    return connection


def test_whoever_gave_up_in_the_crowd_does_not_keep_those_waiting_who_stayed(server):
    os.kill(server.worker, signal.SIGSTOP)
    for _ in range(20):
        ask(server).close()
    with ask(server) as staying:
        os.kill(server.worker, signal.SIGCONT)
        assert staying.recv(9) == b"HTTP/1.1 "
    assert server.log.read_text().count("GET /live") == 1, "those who left were answered too"


def test_whoever_asks_once_is_answered_though_they_have_nothing_more_to_say(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(STREAM.replace(b"on=desk", b"on=desk&once=1"))
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(9) == b"HTTP/1.1 "
