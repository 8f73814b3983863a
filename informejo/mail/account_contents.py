"""What mails about getting in say. Their links are made when they are written, and stand in them alone."""

from informejo import clock
from informejo.accounts import address_actions, password_actions, queries
from informejo.accounts.models import Role
from informejo.accounts.ways_in_queries import comes_in_without, left_without_factors
from informejo.mail.cases import Case
from informejo.mail.senders import confirmation_link, public
from informejo.sso.queries import passwords_are_taken

NOTHING_TO_DO = "If it was not you, nothing needs to be done."


def password(case: Case) -> tuple[str, dict]:
    """The link is made now, by whoever offered it, if they still may."""
    token = password_actions.make_password_link(case.event.actor, case.reader.user, mailed=True)
    is_guest = case.reader.user.password_hash is None  # also whoever was invited with a role
    shown = {
        "link": f"{public()}/choose-password/{token}",
        "until": case.reader.time(clock.now() + password_actions.LASTS),
        "is_guest": is_guest,
    }
    return ("You are invited to the help desk" if is_guest else "Choose a new password"), shown


def forgotten(case: Case) -> tuple[str, dict]:
    """To whoever reads that address: what was asked of it, and a link, if a password is how they come in."""
    user = case.reader.user
    why = _asked(user.role == Role.GUEST, case.event.changes)
    is_them = "signed_in" in case.event.changes  # they came in otherwise, and show with a password that it is them
    if not is_them and not (passwords_are_taken() and queries.chooses_password(user)):
        lead = f"{why} You come in with the sign-in of your organisation, so you need no password here. {NOTHING_TO_DO}"
        return "Signing in to the help desk", {"lead": lead, "action": "Sign in", "link": f"{public()}/sign-in"}
    token = password_actions.make_own_link(user)
    until = case.reader.time(clock.now() + password_actions.FORGOTTEN_LASTS)
    lead = f"{why} With this link you choose a password. It works once, until {until}. {NOTHING_TO_DO}"
    link = f"{public()}/choose-password/{token}"
    return "Choose a password", {"lead": lead, "action": "Choose a password", "link": link}


def address(case: Case) -> tuple[str, dict]:
    """To the address that somebody gave for themselves: a link that only they can use, signed in as they are.

    Whoever has no way in was given the address by the desk, and says so without one.
    """
    user = case.reader.user
    token = address_actions.make_address_link(user, case.mail.address)  # also where it is no link: if it is still asked
    if comes_in_without(user) or case.mail.address != user.email:
        link, until = f"{public()}/profile/address/{token}", case.reader.time(clock.now() + address_actions.LASTS)
        lead = f"Somebody says at the help desk that this address is theirs. Sign in there and say so, until {until}."
    else:
        link = confirmation_link(user)
        lead = "The help desk has this address for you from now on. Say that it is yours: then mails hold what is said."
    shown = {"lead": f"{lead} {NOTHING_TO_DO}", "action": "Confirm this address", "link": link}
    return "Is this address yours?", shown


def moved(case: Case) -> tuple[str, dict]:
    """To the address that somebody had until now: whoever changed it may not have been them."""
    lead = "You have another address at the help desk from now on; this is the last mail to this one."
    shown = {"lead": f"{lead} If you did not change it, tell the people of the desk at once.", "action": "", "link": ""}
    return "Your address was changed", shown


def factors(case: Case) -> tuple[str, dict]:
    """That how they come in was changed. What a passkey is called is not said: a stranger may have added it."""
    left = left_without_factors(case.reader.user)
    done = _done(case.event.changes, case.event.actor_id == case.event.user_id, left)
    lead = f"{done} If it was not you, choose another password, and tell the people of the desk at once."
    return "How you sign in was changed", {"lead": lead, "action": "", "link": ""}


def _done(changes: dict, by_themselves: bool, left: str) -> str:
    if "passkey" in changes:
        return f"A passkey was {'added to' if changes['passkey'][1] else 'removed from'} your account at the help desk."
    if "identity" in changes:
        before, word = changes["identity"]
        return (
            f"An account at {word} signs you in at the help desk from now on."
            if word
            else f"Your account at {before} signs you in at the help desk no more."
        )
    if "password" in changes:
        return "A new password was chosen for your account at the help desk."
    if "recovery_codes" in changes:
        before, left = changes["recovery_codes"]
        return (
            f"A recovery code was used to sign in; {left} are left."
            if left < before
            else "You have new recovery codes."
        )
    return _done_to_app(changes["second_factor"][1], by_themselves, left)


def _done_to_app(state: str, by_themselves: bool, left: str) -> str:
    if state == "on":
        return "An app that makes codes was added to your account at the help desk."
    if by_themselves:
        return "The app that makes codes was removed from your account at the help desk."
    reset = "Your second factor at the help desk was reset"
    if not left:
        return f"{reset}, and you have no other way in. Ask the people of the desk for a link to choose a password."
    return f"{reset}: {left.replace('the', 'your')} alone signs you in."


def _asked(is_guest: bool, changes: dict) -> str:
    joins = "joining" in changes
    if "signed_in" in changes:
        return "Somebody who is signed in as you wants to show with a password that it is you, and you have none."
    if joins and not is_guest:
        return "Somebody wanted to make an account with this address. You have one already."
    if joins:
        return "Somebody wants to make an account with this address."
    return "Somebody says that they forgot the password of this address."
