"""How gunicorn serves Informejo: one gevent worker; streams leave it for the hub, so ten thousand need no more."""

from gevent import monkey

monkey.patch_all()  # before anything else is imported: what is imported earlier keeps blocking

from informejo.config import from_environment  # noqa: E402

_settings = from_environment()

bind = f"{_settings['HOST']}:{_settings['PORT']}"
worker_class = "gevent"
workers = 1  # the hub, presence and the writer lock belong to one process
worker_connections = 2000  # pages and streams being opened; open streams are the hub's and do not count here
timeout = 60
graceful_timeout = 5
keepalive = 1  # a second is enough for a page and its files; SIGTERM waits for it
preload_app = False  # everything must be imported after gevent has patched the standard library
max_requests = 0
control_socket_disable = True
forwarded_allow_ips = ""  # TRUSTED_PROXIES decides, in the app
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190
accesslog = None
loglevel = _settings["LOG_LEVEL"].lower()
proc_name = "informejo"
umask = 0o077


def post_worker_init(worker):
    """The app is loaded and everything is patched: begin the background work and watch for the end."""
    import gc

    import gevent

    from informejo import work
    from informejo.live.hub import hub

    work.start(worker.wsgi)
    gc.collect()
    gc.freeze()  # what is loaded stays: the collector need not walk through it again, up to 50 ms each time

    def watch():
        # SIGTERM, reload and a dead master all show here; streams must end at once or they would hold the stop up.
        while worker.alive:
            gevent.sleep(0.1)
        hub.close()

    gevent.spawn(watch)


def post_request(worker, req, environ, resp):
    """A busy keep-alive connection would be served again before others get a turn."""
    import gevent

    gevent.sleep(0)
