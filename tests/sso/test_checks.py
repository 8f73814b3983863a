"""What the doctor says of single sign-on: which provider does not answer, and whether anybody can come in at all."""

import pytest

from informejo.doctor.checks import Patient, State
from informejo.sso import discovery
from informejo.sso.asking import Trouble
from informejo.sso.checks import providers_answer
from tests.sso.test_claims import SETTINGS

CASES = {
    "all well": ({}, "", State.WELL, "Every provider answers."),
    "one is down": ({}, "other", State.LOOK, "The Other was asked, and it cannot be reached."),
    "both are": ({}, "desk other", State.LOOK, "it cannot be reached. The Other was asked"),
    "none": ({"SSO_PROVIDERS": "", "PASSWORD_SIGN_IN": True}, "", State.WELL, "SSO_PROVIDERS is empty"),
    "no way in": ({"SSO_PROVIDERS": ""}, "", State.LOOK, "PASSWORD_SIGN_IN is off, and SSO_PROVIDERS names none"),
    "a mistake": ({"SSO_DESK_ISSUER": ""}, "", State.BROKEN, "SSO_DESK_ISSUER is missing"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_doctor_names_whoever_does_not_answer_and_says_what_to_do(monkeypatch, case):
    changed, down, state, sentence = CASES[case]

    def look_again(provider):
        if provider.name in down.split():
            raise Trouble("it cannot be reached")

    monkeypatch.setattr(discovery, "look_again", look_again)
    answer = providers_answer(Patient(SETTINGS | changed, None, []))
    assert answer.state == state
    assert sentence in answer.sentence
    assert bool(answer.remedy) == (state != State.WELL)
