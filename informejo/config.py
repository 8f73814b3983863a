"""Every setting, once: name, default and meaning; each is read from the environment variable of the same name."""

import os
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
INSTANCE = ROOT / "instance"
EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - as a HOST: every address that the machine has


class Setting(NamedTuple):
    """A setting; the type of `default` is the type of the value. One `on_page` administrators may change in a page."""

    name: str
    default: str | int | bool
    meaning: str
    on_page: bool = False
    fits: str = ""  # a pattern of what it can be, where not everything of its type can


TIME = "[1-9][0-9]{0,4}"  # with none at all nobody could be signed in

SETTINGS = (
    Setting("HOST", "127.0.0.1", "Address to listen on. Behind nginx on the same machine leave it as it is."),
    Setting("PORT", 3003, "Port to listen on."),
    Setting(
        "PUBLIC_URL",
        "http://localhost:3003",
        "Address people type, by itself that of HOST and PORT; https makes every cookie `Secure`.",
    ),
    Setting("DATABASE_URL", f"sqlite:///{INSTANCE / 'informejo.db'}", "SQLAlchemy address of the database."),
    Setting("UPLOAD_DIR", str(INSTANCE / "files"), "Folder for the files people attach."),
    Setting("MAX_FILE_SIZE", 10_485_760, "Largest file, in bytes."),
    Setting("MAX_FILES", 10, "Most files with one message."),
    Setting(
        "TICKET_QUOTA",
        104_857_600,
        "Bytes the files of one ticket may take together; internal ones count apart.",
    ),
    Setting(
        "PERSON_QUOTA",
        209_715_200,
        "Bytes the files may have together that one person sends within 24 hours, to all tickets; of the staff each"
        " sends ten times as much.",
    ),
    Setting(
        "SCANNER",
        "",
        "Virus scanner that sees each file before it is kept: a clamd, as `tcp://127.0.0.1:3310` or"
        " `unix:/run/clamav/clamd.ctl`; files are not scanned when empty.",
        fits=r"tcp://[^/\s]+:[0-9]+|unix:/\S+",
    ),
    Setting("DESK_NAME", "Informejo", "Name of the desk, in titles, pages and mails.", on_page=True),
    Setting(
        "ACCENT", "", "Accent colour, as #0b6a62; by itself the one that the pages came with.", True, r"#[0-9a-f]{6}"
    ),
    Setting("GREETING", "", "Words for visitors on the front page, above the ways in.", on_page=True),
    Setting("SUBMIT_HINT", "", "Words above the form for a new ticket.", on_page=True),
    Setting("MAIL_FOOTER", "", "Words at the end of every mail.", on_page=True),
    Setting(
        "CATEGORIES",
        "",
        "Of the categories that a desk comes with those to choose from for new tickets, as words with a space between"
        " two; all when empty.",
    ),
    Setting("REGISTRATION", True, "Whether people may register themselves.", on_page=True),
    Setting("GUEST_TICKETS", True, "Whether visitors may open tickets, at /submit-ticket.", on_page=True),
    Setting("LINK_DAYS", 30, "Days for which a mailed link to one ticket opens it.", True, r"[1-9][0-9]{0,2}"),
    Setting(
        "REGISTRATION_CONFIRM",
        True,
        "Whether who registers proves their address first, by a mail; a desk that sends none lets them in at once.",
        on_page=True,
    ),
    Setting(
        "SECOND_FACTOR",
        "",
        "Who has to have a second factor, from their next click on: admins, staff, or nobody when empty.",
        True,
        "admins|staff",
    ),
    Setting(
        "PASSWORD_SIGN_IN",
        True,
        "Whether people sign in with a password; off, they sign in at a provider alone (see SSO_PROVIDERS).",
    ),
    Setting(
        "SSO_PROVIDERS",
        "",
        "Single sign-on: the providers, each a word of its own, as in `keycloak google`. Each has settings of its own,"
        " with its word in capitals in their names: see docs/sso.md.",
    ),
    Setting("SESSION_DAYS", 30, "Days after which a sign-in ends, whatever happens.", fits=TIME),
    Setting("SESSION_IDLE_HOURS", 8, "Hours after which a sign-in ends with which nobody does anything.", fits=TIME),
    Setting(
        "ADMIN_SESSION_HOURS", 12, "Hours after which an administrator's sign-in ends, whatever happens.", fits=TIME
    ),
    Setting("ADMIN_IDLE_MINUTES", 30, "Minutes after which one ends with which nobody does anything.", fits=TIME),
    Setting("PROOF_MINUTES", 15, "Minutes after which what is sensitive asks anew who one is."),
    Setting("BIN_DAYS", 30, "Days a deleted ticket can be brought back."),
    Setting(
        "STREAMS_PER_USER",
        12,
        "Live streams one person may hold open; the next is refused with 429. A link to a ticket has its own.",
    ),
    Setting("STREAMS_TOTAL", 10_000, "Live streams in all; the next is refused with 503."),
    Setting("REPLAY_LIMIT", 200, "Missed events that are replayed; beyond it the page is told to load itself again."),
    Setting("TRUSTED_PROXIES", 0, "Proxies in front whose X-Forwarded-* headers are believed (nginx alone: 1)."),
    Setting("BACKUP_DIR", str(INSTANCE / "backups"), "Folder that `backup` writes to; better on another disk."),
    Setting("BACKUPS_KEPT", 14, "Backups that are kept; `backup` removes older ones."),
    Setting("BACKUP_HOURS", 26, "Age in hours from which the newest backup counts as too old; 0 if others make them."),
    Setting("EVENT_DAYS", 365, "Days after which `prune` removes events that stand in no ticket's history."),
    Setting("AUDIT_DAYS", 730, "Days after which `prune` removes sign-ins and refusals of the audit; at least 30."),
    Setting("SMTP_HOST", "", "Server that sends mail. Without one mails wait, and pages that need mail say so.", True),
    Setting("SMTP_PORT", 587, "Its port.", True),
    Setting(
        "SMTP_SECURITY", "starttls", "starttls, tls (at once, usually port 465) or none (on this machine only).", True
    ),
    Setting("SMTP_USER", "", "Name to sign in there; without one nobody signs in.", True),
    Setting("SMTP_PASSWORD", "", "Password for it."),
    Setting("SMTP_OAUTH", "", "google or microsoft: signs in there with tokens, see OAUTH_*, and not with a password."),
    Setting("MAIL_FROM", "", "Whom mails are from: `Help desk <help@example.org>`.", True),
    Setting(
        "MAIL_REPLY_TO",
        "",
        "Where answers go, by itself the address of MAIL_FROM; `help+@example.org`, with a plus, gets an address of its"
        " own for each ticket.",
        True,
    ),
    Setting("MAIL_CATCH", False, "Sends no mail, and shows administrators at /mail/caught what would have been sent."),
    Setting("MAILBOXES", "", "Mailboxes to fetch from, as addresses with a space between two: see docs/mail.md."),
    Setting("MAIL_POLL_SECONDS", 30, "Seconds from one look into the mailboxes to the next.", True),
    Setting(
        "MAIL_LARGEST", 52_428_800, "Largest mail that is taken, in bytes; whoever sends a larger one is told.", True
    ),
    Setting(
        "MAIL_TRUSTED_SERVER",
        "",
        "Name under which our own mail server says in Authentication-Results what it found.",
        True,
    ),
    Setting("OAUTH_CLIENT_ID", "", "To sign in at Google or Microsoft: the id of the app that is registered there."),
    Setting("OAUTH_CLIENT_SECRET", "", "Its secret."),
    Setting("OAUTH_REFRESH_TOKEN", "", "The first refresh token; newer ones are kept in the database."),
    Setting("OAUTH_TENANT", "common", "Microsoft's tenant."),
    Setting(
        "REMINDER_DAYS",
        3,
        "Days after which a requester is reminded that the desk waits for them; 0 for never.",
        on_page=True,
    ),
    Setting("METRICS_TOKEN", "", "Token that /metrics asks for; without one this machine alone sees it, no proxy."),
    Setting("DEVELOPMENT", False, "Shows /patterns and re-reads changed templates, styles and scripts."),
    Setting("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR."),
    Setting("LOG_FORMAT", "text", "text for people, json for programs: one object a line."),
)
# Each provider has these, under its own name: of `keycloak` the first is SSO_KEYCLOAK_ISSUER.
OF_A_PROVIDER = (
    Setting("SSO_<NAME>_ISSUER", "", "The provider's issuer, exactly as it calls itself; it begins with https://."),
    Setting("SSO_<NAME>_CLIENT_ID", "", "Under which id this desk is registered there."),
    Setting("SSO_<NAME>_CLIENT_SECRET", "", "Its secret."),
    Setting("SSO_<NAME>_WORD", "", "What the button says, by itself the name with a capital: `Sign in with Keycloak`."),
    Setting("SSO_<NAME>_SCOPES", "openid profile email", "What is asked for there."),
    Setting(
        "SSO_<NAME>_ROLE_CLAIMS",
        "realm_access.roles resource_access.{client_id}.roles roles",
        "The claims that list what somebody is there; `none` where roles are given here alone.",
    ),
    Setting(
        "SSO_<NAME>_ROLE_MAP",
        "admin=admin, it_admin=admin, administrator=admin",
        "Which of them makes somebody admin or agent here; all others are requesters. /sso/mapping changes it.",
    ),
    Setting(
        "SSO_<NAME>_TRUST_EMAIL",
        False,
        "Whether an address that the provider tells is its owner's without being confirmed: only where nobody can"
        " choose their address there.",
    ),
    Setting(
        "SSO_<NAME>_MFA",
        "",
        "What the provider says in `amr` or `acr` where it has asked for a second factor itself, as in `mfa otp hwk`;"
        " ours is not asked then. By itself ours always is.",
    ),
)


def from_environment(environ=os.environ) -> dict:
    """All settings by name, converted to the type of their default.

    Raises ValueError with a sentence that names the variable when a value cannot be understood.
    """
    settings = {setting.name: _value(setting, environ.get(setting.name)) for setting in SETTINGS}
    for name in settings["SSO_PROVIDERS"].split():
        own = of_provider(name)
        settings |= {setting.name: _value(setting, environ.get(setting.name)) for setting in own}
    return settings | {"PUBLIC_URL": environ.get("PUBLIC_URL") or _here(settings["HOST"], settings["PORT"])}


def of_provider(name: str) -> list[Setting]:
    """The settings of one provider, under their whole names."""
    return [setting._replace(name=setting.name.replace("<NAME>", name.upper())) for setting in OF_A_PROVIDER]


def _here(host: str, port: int) -> str:
    """The address for a browser on this machine, of a server that listens there."""
    if host in EVERYWHERE or host == "127.0.0.1":
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _value(setting: Setting, text: str | None):
    if text is None or text == "":
        return setting.default
    if setting.fits and not re.fullmatch(setting.fits, text):
        raise ValueError(f"{setting.name} cannot be {text!r}; docs/configuration.md says what it can be.")
    if isinstance(setting.default, bool):
        return _switch(setting.name, text)
    if isinstance(setting.default, int):
        if not text.isdecimal():
            raise ValueError(f"{setting.name} must be a whole number, not {text!r}.")
        return int(text)
    return text


def _switch(name: str, text: str) -> bool:
    words = {"1": True, "true": True, "on": True, "yes": True, "0": False, "false": False, "off": False, "no": False}
    if text.lower() not in words:
        raise ValueError(f"{name} must be on or off, not {text!r}.")
    return words[text.lower()]
