"""One's own address: giving another, and the link in a mail to it, which only its owner can press."""

from flask import Blueprint, request

from informejo import db, rates, security
from informejo.accounts import address_actions
from informejo.accounts.actions import Taken
from informejo.accounts.address_queries import address_link, offered_address
from informejo.accounts.asked_again import require_proof
from informejo.accounts.inputs import NewAddress
from informejo.accounts.queries import has_just_changed
from informejo.inputs import Invalid
from informejo.mail.queries import can_be_sent
from informejo.web import actor, go_to, page

HERE = "/profile/address"
SAME = "This is your address already."

bp = Blueprint("own_address", __name__)


@bp.route(HERE, methods=["GET", "POST"])
def own_address():
    """Give another address. It becomes one's own when the link in a mail to it is used."""
    if request.method != "POST":
        return _page()
    require_proof()
    if not can_be_sent():
        return _page(), 422
    try:
        email = NewAddress.read(request.form).email
    except Invalid as invalid:
        return _page(invalid.problems), 422
    return (_page({"email": SAME}), 422) if email == actor().email else _offer(email)


@bp.post(f"{HERE}/confirmation")
def confirm_own():
    """Have the link to confirm the address that one has mailed, once more."""
    return _offer(actor().email) if can_be_sent() else (_page(), 422)


@bp.route(f"{HERE}/<token>", methods=["GET", "POST"])
def take_address(token: str):
    """A page with a button: programs that look through mails follow links, and press nothing."""
    offered = address_link(actor(), token)
    if offered is None or request.method == "POST":
        rates.count("address confirmed", f"link of {actor().id}" if offered else security.address())
    if offered is None and has_just_changed(actor(), "address"):  # by this very link, sent twice
        return go_to(HERE, "address-confirmed")
    if offered is None:
        return page("accounts/used_link.html", title="This link does not work"), 410
    if request.method != "POST":
        return page("accounts/take_address.html", title="Is this address yours?", email=offered.email, token=token)
    try:
        address_actions.take_address(actor(), token)
    except Taken:
        return page("accounts/taken_address.html", title="This address is in use", email=offered.email), 409
    db.commit()
    return go_to(HERE, "address-confirmed")


def _offer(email: str):
    rates.count("address given", str(actor().id))
    address_actions.offer_address(actor(), email)
    db.commit()
    return go_to(HERE, "address-offered")


def _page(problems: dict[str, str] | None = None) -> str:
    shown = {"typed": request.form, "problems": problems or {}, "offered": offered_address(actor())}
    return page("accounts/address.html", title="Your address", can_be_sent=can_be_sent(), **shown)
