"""What the doctor writes down: the tokens of its probe, and what it found."""

from datetime import timedelta

from sqlalchemy import delete

from informejo import clock, db
from informejo.accounts.queries import fingerprint
from informejo.doctor.models import Finding, ProbeToken

TOKEN_LASTS = timedelta(minutes=1)


def expect_probe(tokens: list[str]):
    """Let each of these tokens open the probe once, within a minute; those whose minute is over are forgotten."""
    db.session.execute(delete(ProbeToken).where(ProbeToken.created_at < clock.now() - TOKEN_LASTS))
    db.session.add_all(ProbeToken(token_hash=fingerprint(token), created_at=clock.now()) for token in tokens)


def open_probe(token: str) -> bool:
    """Use the token up; False when it is void. A guess only reads: it must not keep others from writing."""
    known = db.session.get(ProbeToken, fingerprint(token))
    if known is None or not timedelta(0) <= clock.now() - known.created_at <= TOKEN_LASTS:
        return False
    # Of two requests with the same token only one deletes the row; the other finds none.
    return bool(db.session.execute(delete(ProbeToken).where(ProbeToken.token_hash == known.token_hash)).rowcount)


def keep_findings(findings: list[Finding]):
    """These and no others are the last findings from now on."""
    db.session.execute(delete(Finding).where(Finding.name.not_in([finding.name for finding in findings])))
    for finding in findings:
        db.session.merge(finding)
