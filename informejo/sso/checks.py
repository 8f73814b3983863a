"""What the doctor asks of single sign-on."""

from informejo.doctor.checks import Answer, Patient, broken, look, well
from informejo.sso import discovery, providers
from informejo.sso.asking import Trouble
from informejo.sso.providers import Provider


def providers_answer(patient: Patient) -> Answer:
    """Every provider can be understood and answers, and somebody can sign in at all."""
    try:
        found = providers.read(patient.settings)
    except ValueError as mistake:
        return broken(str(mistake), "Mend it, and start the server anew; docs/sso.md has examples.")
    ill = [sentence for provider in found if (sentence := _ailing(provider))]
    if ill:
        return look(" ".join(ill), "Look whether it runs; docs/sso.md says what each sentence means.")
    if not found and not patient.settings["PASSWORD_SIGN_IN"]:
        return look("PASSWORD_SIGN_IN is off, and SSO_PROVIDERS names none: so passwords are taken after all.",
                    "Set up a provider, or PASSWORD_SIGN_IN=on.")  # fmt: skip
    return well("Every provider answers." if found else "SSO_PROVIDERS is empty: people sign in with passwords.")


def _ailing(provider: Provider) -> str:
    try:
        discovery.look_again(provider)
    except Trouble as trouble:
        return f"{provider.word} was asked, and {trouble}."
    return ""
