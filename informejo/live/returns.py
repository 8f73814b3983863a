"""Browsers that were cut off and come back: how it ended for them, counted."""

from flask import Response, request

from informejo import metrics


def asks_once() -> bool:
    """Whether one whole answer is asked for instead of a stream: `once=1`, and nothing else that `once` may say."""
    return set(request.args.getlist("once")) == {"1"}


def count(missed: int | None):
    """Count a browser that is let in again: it missed nothing, so many events are replayed, or too many (None)."""
    ended = "reset" if missed is None else "replayed" if missed else "nothing_missed"
    metrics.reconnects.labels(ended).inc()
    metrics.replayed.inc(missed or 0)


def count_refused(response: Response) -> Response:
    """Count a browser that is refused; returns the response as it was.

    One whose streams are held back had none, and wants none again.
    """
    if response.status_code >= 400 and "Last-Event-ID" in request.headers and not asks_once():
        metrics.reconnects.labels("refused").inc()
    return response
