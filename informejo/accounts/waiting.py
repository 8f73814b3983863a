"""What waits until somebody has shown who they are: what a form is about to do, in words, and what was typed there."""

from collections.abc import Mapping
from typing import NamedTuple

from flask import current_app, g, request
from werkzeug.exceptions import HTTPException

from informejo import policy

SHOWN = {  # what people write, by field; everything else is sent along unseen
    "title": "Title",
    "description": "Description",
    "body": "Message",
    "requester_email": "Requester’s e-mail",
    "requester_name": "Requester’s name",
    "name": "Name",
    "department": "Department",
}
ALSO_READ = SHOWN | {"people": "People", "email": "E-mail address"}  # on pages where nothing of it can be changed
MOST = 400  # characters of one text that are read once more; all of it goes on
DEEDS = {  # of each form of a page, by its endpoint; what is in braces is in its address, or is a field
    "accounts.delete_session": "signing out",
    "categories.save": "the categories",
    "changes.assign": "who has ticket #{number}",
    "changes.change": "the {field} of ticket #{number}",
    "changes.delete": "moving ticket #{number} into the bin",
    "changes.edit": "what you changed of ticket #{number}",
    "changes.edit_comment": "what you changed of a message",
    "changes.restore": "taking ticket #{number} out of the bin",
    "desk.say_step": "a first step",
    "drafts.discard": "throwing a draft away",
    "erasing.erase_person": "erasing {person} for good",
    "factors.begin": "adding an app that makes codes",
    "factors.confirm": "adding an app that makes codes",
    "factors.new_codes": "making new recovery codes",
    "factors.remove": "removing the app that makes codes",
    "guest_tickets.submit": "your new ticket",
    "health.examine": "checking everything",
    "health.try_again": "trying an event again",
    "inviting.create_people": "inviting people",
    "ledger.attempt": "reading a mail again",
    "ledger.make_ticket": "making a ticket of a mail",
    "ledger.move": "moving a mail to another ticket",
    "ledger.undo": "moving a mail back",
    "mail_check.begin": "a mail check",
    "mail_choices.choices_of_mail": "what you are mailed about",
    "mail_settings.save": "the settings of mail",
    "merging.merge_people": "merging the account of {person} into another",
    "out.send_again": "sending a mail again",
    "own_address.confirm_own": "having your address confirmed",
    "own_address.own_address": "another address for your account",
    "own_address.take_address": "confirming an address",
    "own_data.copy": "a copy of your data",
    "own_data.delete_account": "deleting your account for good",
    "own_links.confirm": "saying that ticket #{number} is yours",
    "own_links.end": "ending a link to ticket #{number}",
    "own_links.end_all": "ending all links to ticket #{number}",
    "own_links.leave": "leaving ticket #{number} in this browser",
    "own_links.offer": "a new link to ticket #{number}",
    "own_security.change_password": "another password for you",
    "own_security.end_other_sessions": "signing you out everywhere else",
    "own_security.end_session": "ending one of your sign-ins",
    "passkeys.add_passkey": "adding a passkey",
    "passkeys.remove_passkey": "removing a passkey",
    "profile.profile": "your profile",
    "rights.set_activity": "letting {person} in, or shutting them out",
    "rights.set_role": "another role for {person}",
    "rights.undo": "undoing a change of {person}",
    "settings.save": "the settings of the desk",
    "settings.save_logo": "the logo of the desk",
    "settings.undo": "undoing a change of the settings",
    "sight.give_to_team": "the team of ticket #{number}",
    "sight.name": "naming somebody who sees ticket #{number}",
    "sight.set_confidential": "who sees ticket #{number}",
    "sight.unname": "whether somebody sees ticket #{number}",
    "sign_ins.end_sessions": "signing {person} out everywhere",
    "sign_ins.mail_password_link": "mailing {person} a link to choose a password",
    "sign_ins.make_password_link": "a link to choose a password for {person}",
    "sign_ins.remove_factors": "removing the second factors of {person}",
    "sso_accounts.begin_link": "linking an account at a provider",
    "sso_accounts.create_link": "linking an account at a provider",
    "sso_accounts.remove": "ending the link to an account at a provider",
    "sso_mapping.save": "which roles come from a provider",
    "teams.add_member": "another member of a team",
    "teams.change": "what you changed of a team",
    "teams.create": "a new team",
    "teams.delete": "deleting a team",
    "teams.remove_member": "taking somebody out of a team",
    "ticket_mail.unwatch": "taking a watcher from ticket #{number}",
    "ticket_mail.watch": "another watcher of ticket #{number}",
    "tickets.create": "your new ticket",
    "tickets.create_comment": "your reply to #{number}",
    "user.change_address": "another address for {person}",
    "user.edit_person": "name and department of {person}",
    "user.give_tickets": "handing over the tickets of {person}",
}
OTHERWISE = {"tickets.create_comment": ("internal", "your note on #{number}")}  # with that field it is something else
ANYTHING = "what you were about to do"


class Waiting(NamedTuple):
    """A form that waits: what it does, and the texts in it, each with its label."""

    deed: str
    texts: list[tuple[str, str]]


def waiting(address: str, fields: Mapping[str, str]) -> Waiting:
    """What a form that goes to this address of ours, with these fields, will do."""
    texts = [(word, _begin(fields[name])) for name, word in ALSO_READ.items() if fields.get(name)]
    return Waiting(_deed(address, fields), texts)


def _deed(address: str, fields: Mapping[str, str]) -> str:
    try:
        endpoint, given = current_app.create_url_adapter(request).match(address.partition("?")[0], method="POST")
    except HTTPException:  # there is no such form; whoever sends it is told
        return ANYTHING
    field, other = OTHERWISE.get(endpoint, ("", ""))
    words = other if fields.get(field) else DEEDS.get(endpoint, ANYTHING)
    return words.format(**given, person=_person(given["id"])) if "{person}" in words else words.format(**given)


def _person(id: int) -> str:
    """Their name, for those who may know it."""
    try:
        return policy.find_user(g.actor, id).name
    except HTTPException:
        return "somebody"


def _begin(text: str) -> str:
    return text if len(text) <= MOST else f"{text[:MOST].rstrip()} …"
