"""deploy/env.example, out of the table of settings. `python -m tests.deploy.env_example` writes it anew."""

from informejo.config import ROOT, SETTINGS, Setting, of_provider

FILE = ROOT / "deploy" / "env.example"
HEAD = """\
# Settings of Informejo. deploy/deploy.sh puts this at /etc/informejo.env (root's, read by the group informejo).
# A line is NAME=value, the value without quotes; systemd, Docker and deploy.sh then read it alike.
# What stands behind # is the default. After a change: systemctl restart informejo
"""
PROVIDERS = """
# Each provider that SSO_PROVIDERS names has the following, with its name in capitals: these are those of keycloak.
"""
# What differs from the default on a machine that is set up by these files.
CHOSEN = {
    "HOST": "127.0.0.1",
    "PORT": "3003",
    "PUBLIC_URL": "https://help.example.org",
    "DATABASE_URL": "sqlite:////var/lib/informejo/informejo.db",
    "UPLOAD_DIR": "/var/lib/informejo/files",
    "BACKUP_DIR": "/var/lib/informejo/backups",
    "TRUSTED_PROXIES": "1",
}
NOTES = {"PUBLIC_URL": " CHANGE: deploy.sh refuses example.org."}


def text() -> str:
    """The whole file."""
    return HEAD + "".join(map(_entry, SETTINGS)) + PROVIDERS + "".join(map(_entry, of_provider("keycloak")))


def _entry(setting: Setting) -> str:
    value = CHOSEN.get(setting.name)
    line = f"{setting.name}={value}" if value else f"#{setting.name}={_shown(setting.default)}"
    return f"\n# {setting.meaning}{NOTES.get(setting.name, '')}\n{line}\n"


def _shown(default) -> str:
    return {True: "on", False: "off"}[default] if isinstance(default, bool) else str(default)


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
