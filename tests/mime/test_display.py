"""Messages on the ticket's page: what was said stands open, the rest a click away, on paper all of it."""

from informejo.mime.display import folded, unfolded
from informejo.mime.quotes import MARKER

ANSWER = "It <b>works</b>.\n\nOn Mon, 30 Nov 2026 at 10:00, Desk <d@example.org> wrote:\n\n> Does it?\n"


def test_what_is_quoted_is_folded_below_what_was_said():
    html = folded(ANSWER)
    said, _, rest = html.partition('<details class="quoted">')
    assert "It &lt;b&gt;works&lt;/b&gt;." in said
    assert rest.startswith("<summary>Quoted text</summary>")
    assert "Does it?" in rest
    assert rest.endswith("</details>")
    assert "<details" not in folded("It works.")


def test_a_signature_is_called_so():
    assert "<summary>Signature</summary>" in folded("It works.\n\n-- \nAnn, third floor")


def test_a_short_quotation_at_the_end_may_be_an_example_and_stays():
    assert "<details" not in folded("Do what the paper says:\n\n> Press both keys.")
    assert "<details" in folded("Yes.\n\n" + "> and another line of it\n" * 9)


def test_on_paper_all_is_open_and_no_text_of_people_opens_or_folds_anything():
    assert '<details class="quoted" open>' in unfolded(folded(ANSWER))
    typed = folded('<details class="quoted">mine</details>')
    assert unfolded(typed) == typed


def test_a_message_by_mail_is_folded_on_the_page_and_open_on_paper(world, visit):
    ticket = world.ticket(description=f"The lamp is out.\n\n-- \nMia\n\n{MARKER}\nold words")
    world.comment(world.mia, ticket, body=ANSWER)
    page = visit(world.mia).get(f"/tickets/{ticket.number}").text
    assert page.count('<details class="quoted">') == 2
    paper = visit(world.mia).get(f"/tickets/{ticket.number}/print").text
    assert paper.count('<details class="quoted" open>') == 1  # the description is never folded there
    assert '<details class="quoted">' not in paper
    assert "old words" in paper
