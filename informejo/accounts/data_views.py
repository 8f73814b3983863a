"""One's own data: a copy of it, and the end of it."""

import json

from flask import Blueprint, Response, request, stream_with_context

from informejo import db
from informejo.accounts import erase_actions
from informejo.accounts.asked_again import require_proof
from informejo.accounts.inputs import Erasure
from informejo.accounts.own_data_queries import own_data
from informejo.inputs import Invalid
from informejo.offload import offload
from informejo.own_counts import count_own
from informejo.web import actor, cut_off_with_the_sign_in, go_to, page
from informejo.zipping import zipped

bp = Blueprint("own_data", __name__)


@bp.get("/profile/data")
def data():
    """What can be done with what the desk keeps of this person."""
    return _page()


@bp.post("/profile/data/copy")
def copy():
    """All of it in one archive, sent while it is made."""
    count_own("copy of one's data")
    db.commit()
    found = own_data(actor())
    text = offload(lambda: json.dumps(found.words, ensure_ascii=False, indent=2).encode())
    headers = {"Content-Disposition": 'attachment; filename="help-desk-data.zip"', "X-Accel-Buffering": "no"}
    pieces = cut_off_with_the_sign_in(zipped({"data.json": text}, found.files))
    return Response(stream_with_context(pieces), mimetype="application/zip", headers=headers)


@bp.post("/profile/data/deletion")
def delete_account():
    """Take one's own name and address out for good."""
    require_proof()
    try:
        Erasure.read(request.form)
    except Invalid as invalid:
        return _page(invalid.problems), 422
    erase_actions.erase(actor(), actor())
    db.commit()
    return go_to("/sign-in", "account-erased")


def _page(problems: dict[str, str] | None = None) -> str:
    return page("accounts/data.html", title="Your data", problems=problems or {})
