"""The floor in Python: holds sockets and sends what comes on its standard input to all of them, in a plain loop."""

import socket
import sys
import time

GREETING = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
READY = b"16\r\nevent: ready\ndata: \n\n\r\n"


def accepted(count: int) -> list[socket.socket]:
    """So many connections, each greeted as the desk greets a stream."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as door:
        print(door.getsockname()[1], flush=True)
        return [greeted(door.accept()[0]) for _ in range(count)]


def greeted(stream: socket.socket) -> socket.socket:
    stream.recv(4096)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream.setblocking(False)
    stream.send(GREETING + READY)
    return stream


def main():
    """Messages come as eight digits, their length, and their bytes; for each, the moments it began and ended go out."""
    streams = accepted(int(sys.argv[1]))
    while size := sys.stdin.buffer.read(8):
        frame, begun = sys.stdin.buffer.read(int(size)), time.monotonic()
        for stream in streams:
            stream.send(frame)
        print(begun, time.monotonic(), flush=True)


if __name__ == "__main__":
    main()
