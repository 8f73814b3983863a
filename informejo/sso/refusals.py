"""Why a sign-in at a provider did not work, as pages: what happened, what is safe, what to do."""

from typing import NamedTuple

from werkzeug.exceptions import HTTPException

from informejo.accounts.asked_again import question
from informejo.sso.providers import Provider


class Words(NamedTuple):
    """A page: its status, its headline, what happened (`{word}` is the provider), what to do next."""

    status: int
    headline: str
    sentence: str
    next: str


AGAIN = "Nothing was changed. Try again from the sign-in page."
ASK = "If it stays like this, tell whoever runs this desk."
REFUSALS = {
    "stale": Words(
        410,
        "This sign-in is over",
        "It was used already, took too long, or was begun in another browser.",
        "Nothing was changed. Begin anew on the sign-in page.",
    ),
    "mixed": Words(403, "That was not the right answer", "Another service than {word} has answered.", AGAIN),
    "denied": Words(403, "You are not signed in", "{word} was not allowed to tell this desk who you are.", AGAIN),
    "failed": Words(403, "{word} did not sign you in", "It says: {said}.", f"{AGAIN} {ASK}"),
    "untrue": Words(
        403,
        "{word} could not be believed",
        "What it said of who you are did not stand up to checking, so nobody was signed in.",
        f"{AGAIN} {ASK}",
    ),
    "trouble": Words(502, "{word} does not work just now", "{word} was asked, and {said}.", f"{AGAIN} {ASK}"),
    "down": Words(503, "{word} does not answer", "{word} was asked, and {said}.", f"Try again in a moment. {ASK}"),
    "no-address": Words(
        403,
        "{word} told no e-mail address",
        "This desk needs one to know you by, and {word} did not tell yours.",
        "Add an address to your profile there, or ask whoever runs this desk to have it passed on.",
    ),
    "closed": Words(
        403, "This account is closed", "The account here that belongs to yours at {word} is deactivated.", ASK
    ),
    "taken": Words(
        403,
        "Somebody has this address here",
        "There is an account with the address that {word} told, and nothing shows that both are yours.",
        "If it is yours, sign in here as you did so far, and link {word} on your page Security.",
    ),
    "guest": Words(
        403,
        "There are tickets under this address",
        "Somebody wrote to the desk from the address that {word} told, and nothing shows that it was you.",
        "Open the link in a mail about one of them, in this browser, and sign in with {word} again. Or ask whoever runs"
        " this desk for an invitation.",
    ),
    "theirs": Words(
        403,
        "This belongs to another account",
        "Your account at {word} signs somebody else in here already.",
        "Nothing was changed. Sign out at {word} first if you meant another account there.",
    ),
    "somebody-else": Words(
        403,
        "You are not signed in as before",
        "Whoever began to link {word} is not the one who is signed in now.",
        "Nothing was linked. Begin anew on your page Security.",
    ),
    "long-ago": Words(
        403,
        "That was too long ago",
        "{word} had signed you in long before, and did not ask you again.",
        "Nothing was changed. Sign out here and there, and sign in again.",
    ),
    "untold": Words(
        403,
        "That shows too little",
        "{word} does not say when you showed there who you are, and it may have been long ago.",
        "Nothing was changed. Show in another way that it is you.",
    ),
    "only-way": Words(
        403,
        "You would lock yourself out",
        "{word} is the only way in that you have.",
        "Link another account first, or choose a password.",
    ),
    "no-passwords": Words(
        403,
        "Passwords are not taken here",
        "People sign in to this desk with {word}.",
        "Nothing was changed. The sign-in page has the button.",
    ),
}


class NotSignedIn(HTTPException):
    """Nobody is signed in, or nothing linked; it is shown as a page, and `why` is a name of REFUSALS."""

    def __init__(self, why: str, word: str, said: str = "", way_back: tuple[str, str] | None = None):
        status, headline, sentence, self.next = (
            part.format(word=word, said=said) if isinstance(part, str) else part for part in REFUSALS[why]
        )
        super().__init__(sentence)
        self.code, self.headline, self.why, self.way_back = status, headline, why, way_back


def ask_again(to: str, fields: dict[str, list[str]], refused: NotSignedIn) -> tuple[str, int]:
    """Asks once more who somebody is, with the form that waits for it, after a provider did not show it."""
    return question(to, fields, {"elsewhere": f"{refused.headline}. {refused.description}"}), refused.code


def because_of(provider: Provider, said: object) -> NotSignedIn:
    """The page for what went wrong between this desk and the provider."""
    down = str(said).endswith(("in time", "reached"))
    return NotSignedIn("down" if down else "trouble", provider.word, str(said))
