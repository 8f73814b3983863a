"""Whether Informejo can be reached and is live through PUBLIC_URL: through every proxy that stands before it."""

from datetime import timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from informejo import clock
from informejo.doctor import probe
from informejo.doctor.checks import Answer, NotChecked, Patient, broken, look, reason, well

HERE = {"localhost", "127.0.0.1", "::1"}
LATE_FIRST_BYTE = 1  # seconds
DRIFT = timedelta(seconds=5)
PROXIES = "docs/troubleshooting.md says what each proxy needs: changes come late, or several at once"
PUBLIC_URL = 'curl -sSI "$PUBLIC_URL/sign-in"  # and correct PUBLIC_URL, or what stands behind it'


def stream(patient: Patient) -> Answer:
    """A stream opens, and what is sent arrives as it is sent; tried again before a proxy is blamed."""
    heard = _listen(patient)
    if heard.is_bunched and not patient.long:
        heard = _listen(patient)
    return _not_ours(heard) or _not_live(heard) or _held(heard, patient)


def forwarding(patient: Patient) -> Answer:
    """The proxies pass on who asks, for which host and by which scheme, and as many of them as TRUSTED_PROXIES says."""
    heard = _listen(patient, marks=1)
    trusted, seen = patient.settings["TRUSTED_PROXIES"], heard.seen
    if not seen:
        return _not_ours(heard) or look("The probe did not say what it saw.", PUBLIC_URL)
    if seen["hops"] != trusted:
        return _miscounted(seen["hops"], trusted)
    address = urlsplit(patient.settings["PUBLIC_URL"])
    if seen["host"].lower() != probe.host_of(address).lower():
        return look("A proxy does not pass on the host people typed.",
                    "nginx: proxy_set_header Host $host;  # $http_host if PUBLIC_URL has a port")  # fmt: skip
    if seen["scheme"] != address.scheme:
        remedy = "nginx, where https ends: proxy_set_header X-Forwarded-Proto $scheme;"
        return look(f"Requests arrive as {seen['scheme']}, but PUBLIC_URL says {address.scheme}.", remedy)
    return well(f"Addresses, host and scheme arrive as TRUSTED_PROXIES={trusted} expects.")


def certificate(patient: Patient) -> Answer:
    """Browsers trust the certificate, and will for the next two weeks."""
    address = urlsplit(patient.settings["PUBLIC_URL"])
    if address.scheme != "https":
        return well("PUBLIC_URL is not https, so there is none.")
    try:
        ends, wrong = probe.certificate(address, patient.patience)
    except OSError as error:
        return _unanswered(reason(error))
    remedy = "certbot renew; systemctl reload nginx haproxy"
    if wrong == "expired":
        return broken("The certificate has expired: browsers refuse to open the desk.", remedy)
    if wrong:
        return look(f"{wrong} Browsers that have not been told otherwise warn everybody.", remedy)
    days = (ends - clock.now()).days
    if days < 14:
        return look(f"The certificate ends in {days} days.", remedy)
    return well(f"The certificate is trusted, and valid for {days} days.")


def address(patient: Patient) -> Answer:
    """People get there, safely: https, with whoever types http led to it; and the clocks agree."""
    public = urlsplit(patient.settings["PUBLIC_URL"])
    if public.scheme != "https":
        if public.hostname in HERE:
            return well("PUBLIC_URL is this machine alone.")
        return look("PUBLIC_URL is http: passwords and cookies can be read on the way.",
                    "Get a certificate, and set PUBLIC_URL=https://...")  # fmt: skip
    try:
        answer = probe.head(public, patient.patience)
    except OSError as error:
        return _unanswered(reason(error))
    return (
        _drifting(answer.get("Date"))
        or _unsafe(public, answer, patient.patience)
        or well("https alone, whoever types http is led to it, and the clocks agree.")
    )


def _listen(patient: Patient, marks: int = probe.MARKS) -> probe.Heard:
    if not patient.tokens:
        raise NotChecked("the database cannot take what the probe needs")
    url = urlsplit(patient.settings["PUBLIC_URL"])
    return probe.listen(url, patient.tokens.pop(), marks, patient.patience, patient.long and marks > 1)


def _unanswered(why: str) -> Answer:
    return broken(f"Nothing answers at PUBLIC_URL: {why}.", PUBLIC_URL)


def _not_ours(heard: probe.Heard) -> Answer | None:
    if heard.error:
        return _unanswered(heard.error)
    if heard.status in (502, 503, 504):
        return broken(f"A proxy answers {heard.status} in place of Informejo.", "systemctl status informejo; ss -ltnp")
    if heard.status == 429:
        return look("A proxy refuses the probe: too many requests (429).", "Try again in a minute.")
    if heard.status != 200 or not heard.is_stream:
        return broken(
            f"Another server answers at PUBLIC_URL, or one with another database ({heard.status}).", PUBLIC_URL
        )
    return None


def _not_live(heard: probe.Heard) -> Answer | None:
    if heard.encoding:
        return broken(f"A proxy compresses the stream ({heard.encoding}).",
                      "nginx: gzip off; in location /live  haproxy: no compression for it")  # fmt: skip
    if heard.is_bunched:
        return broken("A proxy holds the stream back: what was sent over time arrived in one piece.", PROXIES)
    if heard.marks < probe.MARKS:
        return broken(f"The stream broke off after {heard.marks} of {probe.MARKS} marks.", PROXIES)
    if heard.first > LATE_FIRST_BYTE:
        return look(
            f"The first byte took {heard.first:.1f} s.", "bin/flask doctor  # again, when it is quiet; see loop"
        )
    return None


def _held(heard: probe.Heard, patient: Patient) -> Answer:
    first = f"First byte after {heard.first * 1000:.0f} ms, marks as they were sent"
    if not patient.long:
        return well(f"{first}. Whether it outlives time-outs: bin/flask doctor --long")
    if heard.lasted < probe.LONG_SECONDS:
        return broken(f"The stream was cut after {heard.lasted:.0f} s, with {heard.beats} heartbeats.",
                      "nginx: proxy_read_timeout 75s;  haproxy: timeout server 75s")  # fmt: skip
    return well(f"{first}; open for {heard.lasted:.0f} s, with {heard.beats} heartbeats.")


def _miscounted(hops: int, trusted: int) -> Answer:
    proxies = f"Requests pass {hops} {'proxy that names' if hops == 1 else 'proxies that name'} whom it is from"
    if hops > trusted:
        return broken(f"{proxies}; TRUSTED_PROXIES is {trusted}: all visitors look like one, and share their limits.",
                      f"Set TRUSTED_PROXIES={hops}, and start the server anew.")  # fmt: skip
    return broken(f"{proxies}; TRUSTED_PROXIES is {trusted}: a visitor can pretend to come from anywhere.",
                  f"Set TRUSTED_PROXIES={hops}, or let every proxy add to X-Forwarded-For.")  # fmt: skip


def _drifting(date: str | None) -> Answer | None:
    drift = abs(parsedate_to_datetime(date) - clock.now()) if date else timedelta(0)
    if drift <= DRIFT:
        return None
    return look(
        f"The clock there and the clock here are {drift.total_seconds():,.0f} s apart.", "timedatectl set-ntp true"
    )


def _unsafe(public, answer, patience: float) -> Answer | None:
    if "Strict-Transport-Security" not in answer:
        return look("The answer does not tell browsers to stay with https (no Strict-Transport-Security).",
                    "Let the proxy pass the header on that Informejo sends.")  # fmt: skip
    if public.port not in (None, 443):
        return None
    try:
        plain = probe.head(public._replace(scheme="http", netloc=probe.plain_netloc(public)), patience)
    except OSError as error:
        return well(f"https alone; on port 80 nothing answers ({reason(error)}).")
    if not plain.get("Location", "").startswith("https://"):
        return look("Whoever types http is not led to https.", "nginx: return 301 https://$host$request_uri;")
    return None
