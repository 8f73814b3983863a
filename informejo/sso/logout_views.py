"""Where a provider says that it has signed somebody out (OpenID Connect Back-Channel Logout 1.0)."""

from flask import Blueprint, current_app, jsonify, request

from informejo import db, rates, security
from informejo.sso import tokens
from informejo.sso.asking import Trouble
from informejo.sso.going import provider_named
from informejo.sso.logout_actions import sign_out_by
from informejo.sso.tokens import Untrue
from informejo.web import for_programs

bp = Blueprint("sso_logout", __name__)


@bp.post("/sso/<provider>/back-channel-logout")
@for_programs
def sign_out(provider: str):
    """End what it signed out. What came is believed for its signature, not for where it came from."""
    there = provider_named(provider)
    with rates.trying(("sign-out that was refused", security.address())):
        db.session.rollback()  # the provider may be asked for its keys: nothing is held meanwhile
        try:
            sign_out_by(there, tokens.check_logout(there, request.form.get("logout_token")))
            db.commit()
        except (Untrue, Trouble) as refused:
            db.session.rollback()
            rates.count("sign-out that was refused", security.address())
            current_app.logger.warning("signing out by %s: %s", there.name, refused)
            return jsonify(error="invalid_request", error_description=str(refused)), 400
    return "", 200, {"Content-Type": "text/plain; charset=utf-8"}
