"""The second step of a sign-in: what is asked of somebody who has a second factor, or has to have one."""

from collections.abc import Mapping, Sequence

from informejo.accounts.models import User
from informejo.factors.models import SECRET
from informejo.factors.passkey_queries import are_possible
from informejo.factors.queries import factors_of, set_up_of
from informejo.web import page

ADDRESS = "/sign-in/second"
WHOSE = "whose"  # the field of its form that says who is half-way in


def second_page(user: User, facts: dict, hidden: Mapping[str, str], problems: dict[str, str] | None = None) -> str:
    """Asks for the second factor, or shows how to begin with one; `hidden` is what goes through the sign-in.

    `facts` are those of the half sign-in: the secret of a new app is shown where it was made, and nowhere else.
    """
    # Whose step it is, and where it leads on to, is asked for when its form comes a second time.
    hidden = {**hidden, "next": facts["to"], WHOSE: str(user.id)}
    factors, shown = factors_of(user), {"hidden": hidden, "problems": problems or {}, "passkeys": are_possible()}
    if factors.any:
        return page("factors/second.html", title="Second step", factors=factors, **shown)
    shown |= {"set_up": set_up_of(user, facts.get(SECRET, "")), "user": user}
    return page("factors/demanded.html", title="Set up a second factor", **shown)


def codes_page(codes: Sequence[str], then: str) -> str:
    """Shows recovery codes, this once; `then` is where one goes on."""
    return page("factors/codes.html", title="Your recovery codes", codes=codes, then=then)
