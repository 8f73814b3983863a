"""How gunicorn serves Informejo: one gevent worker; streams leave it for the hub, so ten thousand need no more."""

import gc

from gevent import monkey

gc.disable()  # what is being imported stays: looking through it again and again would be a seventh of the start
monkey.patch_all()  # before anything else is imported: what is imported earlier keeps blocking

import errno  # noqa: E402
import select  # noqa: E402
import socket  # noqa: E402
import threading  # noqa: E402
from contextlib import contextmanager, nullcontext  # noqa: E402
from types import SimpleNamespace  # noqa: E402
from urllib.parse import unquote  # noqa: E402

from informejo import logs, preload  # noqa: E402
from informejo.config import from_environment  # noqa: E402

gc.freeze()
gc.enable()

_settings = from_environment()
_entrance, _streams = threading.Lock(), threading.Lock()
UNREAD_MS = 60_000  # how long a browser may take nothing of an answer, and the kernel not reach it
logs.configure(_settings["LOG_LEVEL"], _settings["LOG_FORMAT"])

bind = f"{_settings['HOST']}:{_settings['PORT']}"
worker_class = "gevent"
workers = 1  # the hub, presence and the writer lock belong to one process; WEB_CONCURRENCY has no say
# Being opened; open streams are the hub's and do not count. When all come back at once, pages must still find room.
worker_connections = _settings["STREAMS_TOTAL"] + 2_000
timeout = 30  # a worker whose loop has stood still so long is replaced; streams do not count
graceful_timeout = 5
backlog = 4096  # while there is no worker; Linux grants no more unless it is told to
keepalive = 1  # a second is enough for a page and its files; SIGTERM waits for it
preload_app = False  # each worker makes its own app, with threads and connections; modules it has from the master
max_requests = 0
control_socket_disable = True
forwarded_allow_ips = ""  # TRUSTED_PROXIES decides, in the app
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190
accesslog = None  # the app writes a line for each request, without what opens something
logger_class = logs.ServerLog
loglevel = _settings["LOG_LEVEL"].lower()
proc_name = "informejo"
umask = 0o077


def on_starting(server):
    """Take the database here, in the master: its lock outlives workers, so a new one need not wait for an old one's."""
    from informejo import serving

    with _or_exit(server.log, 1):
        serving.require_one_process(server.cfg.workers)
        serving.require_mailboxes(_settings)
        serving.require_providers(_settings)
        serving.take_database(_settings["DATABASE_URL"])


def when_ready(server):
    """Before the first worker is made: what every connection and every worker inherits."""
    _let_go_of_who_reads_nothing(server)
    preload.everything()


def _let_go_of_who_reads_nothing(server):
    # Connections inherit it: else whoever reads none of their answers would keep them in the memory for ever.
    for listener in server.LISTENERS:
        if listener.sock.family != socket.AF_UNIX:
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)


def nworkers_changed(server, new, old):
    """SIGTTIN asks for one more, and gets none."""
    if new > 1:
        server.num_workers = 1


def post_worker_init(worker):
    """The app is loaded and everything is patched: begin the background work and watch for the end."""
    import gevent

    from informejo import serving, work
    from informejo.live.hub import hub

    with _or_exit(worker.log, 3):  # the master takes 3 for "cannot start" and ends with it
        serving.require_schema(worker.wsgi)
        serving.look_for_files(worker.wsgi)
    _look_more_often()
    work.start(worker.wsgi)
    gc.collect()
    gc.freeze()  # what is loaded stays: the collector need not walk through it again, up to 50 ms each time

    def watch():
        # SIGTERM, reload and a dead master all show here; streams must end at once or they would hold the stop up.
        while worker.alive:
            gevent.sleep(0.1)
        hub.close()

    gevent.spawn(watch)


def worker_exit(server, worker):
    """End the streams here too: a worker with nothing left to answer ends before `watch` looks, and would cut them."""
    from informejo.live.hub import hub

    hub.close()


def pre_request(worker, req):
    """One request begins per turn of the loop: of fifty that come at once, none keeps streams and timers waiting."""
    from informejo.live.hub import whole_turn

    if _is_stream(req):
        req.force_close()  # says so to proxies, which else may send the next request into a connection that ends
    with _line_of(req):
        _pass_over_who_has_left(req)
        with _entrance:
            whole_turn()


def post_request(worker, req, environ, resp):
    """Let others go on before the next request of the same connection."""
    import gevent

    gevent.sleep(0)


def _look_more_often():
    # gunicorn's worker looks once a second whether it shall stop, and then once a second whether all is answered.
    from gunicorn.workers import ggevent

    sleep = ggevent.gevent.sleep
    ggevent.gevent = SimpleNamespace(**vars(ggevent.gevent) | {"sleep": lambda seconds: sleep(min(seconds, 0.1))})


def _line_of(req):
    # When thousands of streams come back at once, a page need not wait behind all of them, only behind one.
    return _streams if _is_stream(req) else nullcontext()


def _pass_over_who_has_left(req):
    # Browsers wait ten seconds for a stream, then ask again. If the first were opened all the same, a desk that is too
    # slow for its crowd would only ever serve those who gave up. What a page sends is done, whoever waits for it.
    if _is_stream(req) and "once" not in req.query and _has_left(req.unreader.sock):
        raise ConnectionResetError(errno.ECONNRESET, "left while it waited for its turn")


def _has_left(connection):
    looked = monkey.get_original("select", "poll")()
    looked.register(connection, select.POLLRDHUP)
    return bool(looked.poll(0))


def _is_stream(req):
    return "/live" in unquote(req.path)  # `//live` and `/%6Cive` lead there too


@contextmanager
def _or_exit(log, code):
    """Instead of a traceback, the sentence that says what is wrong."""
    from informejo.serving import Refused

    try:
        yield
    except Refused as refused:
        log.critical("%s", refused)
        raise SystemExit(code) from None
