"""A real provider, a provider that lies, and a desk that trusts both."""

import pytest
from oidc_provider_mock import User, run_server_in_thread

from informejo.sso import discovery
from tests.mail.conftest import post, sink
from tests.sso.liar import Liar

__all__ = ["post", "sink"]

PEOPLE = (
    User(sub="nia", claims={"name": "Nia Okafor", "email": "nia@example.org", "email_verified": True}),
    User(sub="ren", claims={"name": "Ren Ito", "email": "ren@example.org", "email_verified": True}),
    User(sub="nobody", claims={"name": "Without Address"}),
)


@pytest.fixture(scope="session")
def real():
    """The address of a provider as there are real ones."""
    with run_server_in_thread(user_claims=PEOPLE) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="session")
def _liar():
    with Liar() as liar:
        yield liar


@pytest.fixture
def liar(_liar):
    """A provider that does as it is told, right or wrong."""
    _liar.behave()
    return _liar


@pytest.fixture
def desk(app, real, liar):
    """The desk, with both of them."""
    app.config |= {
        "SSO_PROVIDERS": "real liar",
        "SSO_REAL_ISSUER": real,
        "SSO_REAL_CLIENT_ID": "desk",
        "SSO_REAL_CLIENT_SECRET": "a secret",
        "SSO_LIAR_ISSUER": liar.issuer,
        "SSO_LIAR_CLIENT_ID": "desk",
        "SSO_LIAR_CLIENT_SECRET": "a secret",
        "PUBLIC_URL": "http://localhost",
    }
    discovery.forget()
    return app
