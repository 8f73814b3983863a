"""What was newly written is told from what is quoted, and nothing is ever lost."""

import pytest
from hypothesis import given, strategies as st

from informejo.mime.quotes import MARKER, MOST, Parts, name, split

MARKED = "\u202aann@example.org\u202c\u200f"  # with marks of direction around it
# How programs begin what they quote, above lines with marks.
HEADERS = {
    "Gmail, English": "On Mon, Nov 30, 2026 at 10:00 AM Ann Ott <ann@example.org> wrote:",
    "Gmail, English, broken": "On Mon, Nov 30, 2026 at 10:00 AM Ann with a long name Ott <\nann@example.org> wrote:",
    "broken within the date": "On Mon, 30 Nov\n2026 at 10:00 Ann Ott <ann@example.org> wrote:",
    "broken twice": "Em seg., 30 de nov. de 2026 às\n10:00, Ann Ott <ann@example.org>\nescreveu:",
    "Thunderbird, English": "On 30/11/2026 10:00, Ann Ott wrote:",
    "German": "Am Mo., 30. Nov. 2026 um 10:00 Uhr schrieb Ann Ott <ann@example.org>:",
    "Thunderbird, German": "Am 30.11.26 um 10:00 schrieb Ann Ott:",
    "French": "Le lun. 30 nov. 2026 à 10:00, Ann Ott <ann@example.org> a écrit :",
    "Spanish": "El lun, 30 nov 2026 a las 10:00, Ann Ott (<ann@example.org>) escribió:",
    "Portuguese": "Em seg., 30 de nov. de 2026 às 10:00, Ann Ott <ann@example.org> escreveu:",
    "Italian": "Il giorno lun 30 nov 2026 alle ore 10:00 Ann Ott <ann@example.org> ha scritto:",
    "Dutch": "Op ma 30 nov 2026 om 10:00 schreef Ann Ott <ann@example.org>:",
    "Polish": "pon., 30 lis 2026 o 10:00 Ann Ott <ann@example.org> napisał(a):",
    "Swedish": "Den mån 30 nov. 2026 kl 10:00 skrev Ann Ott <ann@example.org>:",
    "Danish": "Den man. 30. nov. 2026 kl. 10.00 skrev Ann Ott <ann@example.org>:",
    "Finnish": "ma 30. marrask. 2026 klo 10.00 Ann Ott (ann@example.org) kirjoitti:",
    "Czech": "po 30. 11. 2026 v 10:00 odesílatel Ann Ott <ann@example.org> napsal:",
    "Russian": "пн, 30 нояб. 2026 г. в 10:00, Ann Ott <ann@example.org>:",
    "Ukrainian": "пн, 30 лист. 2026 р. о 10:00 Ann Ott <ann@example.org> пише:",
    "Chinese": "Ann Ott <ann@example.org> 于2026年11月30日周一 10:00写道：",
    "Apple Mail, Chinese": "在 2026年11月30日，10:00，Ann Ott <ann@example.org> 写道：",
    "Japanese": "2026年11月30日(月) 10:00 Ann Ott <ann@example.org>:",
    "Korean": "2026년 11월 30일 (월) 오전 10:00, Ann Ott <ann@example.org>님이 작성:",
    "Arabic": f"في الاثنين، 30 نوفمبر 2026 في 10:00 ص تمت كتابة ما يلي بواسطة \u202aAnn\u202c\u200f <{MARKED}>:\u200f",
    "Hebrew": f"\u202bבתאריך יום ב׳, 30 בנוב׳ 2026 ב-10:00 מאת \u202aAnn\u202c\u200f <{MARKED}>:\u202c",
    "Turkish": "Ann Ott <ann@example.org>, 30 Kas 2026 Pzt, 10:00 tarihinde şunu yazdı:",
    "Hungarian": "Ann Ott <ann@example.org> ezt írta (időpont: 2026. nov. 30., H, 10:00):",
}
BLOCKS = {
    "English": "From: Desk <d@example.org>\nSent: Monday, 30 November 2026 10:00\nTo: Ann\nSubject: VPN",
    "English, bold": "*From:* Desk <d@example.org>\n*Sent:* Monday\n*To:* Ann\n*Cc:* Bob\n*Subject:* VPN",
    "with a line above": "________________________________\nFrom: Desk\nSent: Monday\nTo: Ann\nSubject: VPN",
    "original message": "-----Original Message-----\nFrom: Desk",
    "original message, German": "-----Ursprüngliche Nachricht-----\nVon: Desk",
    "German": "Von: Desk\nGesendet: Montag, 30. November 2026 10:00\nAn: Ann\nBetreff: VPN",
    "web mail, German": "Gesendet: Montag, 30. November 2026 um 10:00 Uhr\nVon: Desk\nAn: Ann\nBetreff: VPN",
    "French": "De : Desk\nEnvoyé : lundi 30 novembre 2026 10:00\nÀ : Ann\nObjet : VPN",
    "Spanish": "De: Desk\nEnviado el: lunes, 30 de noviembre de 2026 10:00\nPara: Ann\nAsunto: VPN",
    "Portuguese": "De: Desk\nEnviada em: segunda-feira, 30 de novembro de 2026 10:00\nPara: Ann\nAssunto: VPN",
    "Italian": "Da: Desk\nInviato: lunedì 30 novembre 2026 10:00\nA: Ann\nOggetto: VPN",
    "Dutch": "Van: Desk\nVerzonden: maandag 30 november 2026 10:00\nAan: Ann\nOnderwerp: VPN",
    "Polish": "Od: Desk\nWysłano: poniedziałek, 30 listopada 2026 10:00\nDo: Ann\nTemat: VPN",
    "Swedish": "Från: Desk\nSkickat: den 30 november 2026 10:00\nTill: Ann\nÄmne: VPN",
    "Danish": "Fra: Desk\nSendt: 30. november 2026 10:00\nTil: Ann\nEmne: VPN",
    "Finnish": "Lähettäjä: Desk\nLähetetty: maanantai 30. marraskuuta 2026 10.00\nVastaanottaja: Ann\nAihe: VPN",
    "Czech": "Od: Desk\nOdesláno: pondělí 30. listopadu 2026 10:00\nKomu: Ann\nPředmět: VPN",
    "Russian": "От: Desk\nОтправлено: 30 ноября 2026 г. 10:00\nКому: Ann\nТема: VPN",
    "Ukrainian": "Від: Desk\nНадіслано: 30 листопада 2026 р. 10:00\nКому: Ann\nТема: VPN",
    "Chinese": "发件人: Desk\n发送时间: 2026年11月30日 10:00\n收件人: Ann\n主题: VPN",
    "Japanese": "差出人: Desk\n送信日時: 2026年11月30日 10:00\n宛先: Ann\n件名: VPN",
    "Korean": "보낸 사람: Desk\n보낸 날짜: 2026년 11월 30일 10:00\n받는 사람: Ann\n제목: VPN",
    "Hebrew": "מאת: Desk\nנשלח: יום שני\nאל: Ann\nנושא: VPN",
    "Arabic": "من: Desk\nتاريخ الإرسال: الاثنين\nإلى: Ann\nالموضوع: VPN",
    "Turkish": "Kimden: Desk\nGönderildi: 30 Kasım 2026 10:00\nKime: Ann\nKonu: VPN",
    "Yahoo, without marks": "On Monday, November 30, 2026 at 10:00:00 AM GMT+1, Desk <d@example.org> wrote:",
    "our own line": MARKER,
}
PHONES = (
    *("Sent from my iPhone", "Von meinem iPhone gesendet", "Envoyé de mon iPhone", "Enviado desde mi iPhone"),
    *("Enviado do meu iPhone", "Inviato da iPhone", "Verzonden vanaf mijn iPhone", "Skickat från min iPhone"),
    *("Sendt fra min iPhone", "Lähetetty iPhonesta", "Odesláno z iPhonu", "Wysłane z iPhone'a", "Отправлено с iPhone"),
    *("Надіслано з iPhone", "发自我的 iPhone", "iPhoneから送信", "나의 iPhone에서 보냄", "נשלח מה-iPhone שלי"),
    *("أُرسلت من الـ iPhone", "iPhone'umdan gönderildi", "Get Outlook for Android", "Sent from Mail for Windows"),
    *("Gesendet mit der GMX Mail App", "Sent from Yahoo Mail for iPhone"),
)
# Newly written to its last line, whatever it looks like.
SAID = {
    "a sentence that ends so": "On Monday, he wrote:\n\nnothing of use.",
    "a sentence with a date": "In my mail of 30.11.2026 to <ann@example.org> I said:\n\nit leaks.",
    "a line of two dashes": "First:\n--\nSecond.",
    "a line of dashes": "First\n----------\nSecond",
    "a journey": "From: Berlin\nTo: Munich\nDate: 3 May 2026\n\nPlease book it.",
    "a sentence of a telephone": "My old one broke.\nSent the iPhone back yesterday, so I have no phone now",
    "a sentence that begins so": "Hello,\nVon meinem iPhone aus komme ich nicht hinein.",
    "answers below each question": "On 30/11/2026 10:00, Desk wrote:\n> Which?\nThe left.\n> Warm?\nNo.",
    "an answer below": "On 30/11/2026 10:00, Desk <d@example.org> wrote:\n> Which?\n\nThe left.",
    "nothing but a quotation": "> Which?\n> Left?",
    "nothing but a signature": "-- \nAnn",
    "a forward": "See:\n\n---------- Forwarded message ---------\nFrom: A\nDate: B\nSubject: C\nTo: D\n\nPay at once.",
    "a forward, German": "-------- Weitergeleitete Nachricht --------\nVon: A\nDatum: B\nBetreff: C\nAn: D\n\nZahlen.",
    "nothing": "",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_what_is_quoted_below_a_programs_line_is_the_rest(header):
    assert said(f"Yes,\nit does.\n\n{header}\n\n> Does it?\n>\n> Desk\n") == "Yes,\nit does."


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_an_answer_below_the_quotation_is_said_and_nothing_above_it_is_folded(header):
    text = f"{header}\n\n> Does it?\n\nYes.\n"
    assert split(text) == Parts(text, "")


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_what_is_quoted_without_marks_is_the_rest(block):
    assert said(f"Yes,\nit does.\n\n{block}\n\nDoes it?\nDesk\n") == "Yes,\nit does."


@pytest.mark.parametrize("line", PHONES)
def test_the_line_of_a_telephone_is_the_rest(line):
    assert said(f"Yes.\n\n{line}\n") == "Yes."
    assert (
        said(f"Yes.\n\n{line}\n\n> On 30 Nov 2026, at 10:00, Desk <d@example.org> wrote:\n> \n> Does it?\n") == "Yes."
    )


@pytest.mark.parametrize("text", SAID.values(), ids=SAID)
def test_what_was_newly_written_stays_whatever_it_looks_like(text):
    assert split(text) == Parts(text, "")


def test_a_signature_is_the_rest_with_what_is_quoted_below_it():
    assert said("Yes.\n\n-- \nAnn\nThird floor\n") == "Yes."
    assert said("Yes.\n-- \nAnn\n\nOn 30.11.2026 10:00, Desk wrote:\n> Does it?\n> -- \n> Desk\n") == "Yes."


def test_the_last_of_several_quotations_is_the_rest():
    text = "On 30/11/2026 10:00, Desk wrote:\n> Which?\nThe left.\n> Warm?\nNo.\n> Thank you,\n> Desk\n"
    assert split(text).rest == "> Thank you,\n> Desk\n"


def test_the_rest_is_named_for_what_it_is():
    assert name("-- \nAnn\n") == "Signature"
    assert name("Sent from my iPhone") == "Signature"
    assert name("-- \nAnn\n\n> Does it?") == "Quoted text"
    assert name("From: Desk\nSent: Monday\nSubject: VPN\n\nDoes it?") == "Quoted text"


def test_a_text_too_long_to_look_through_is_cut_only_where_all_below_is_quoted():
    assert said("Yes.\n\n> Does it?\n" + "> more\n" * 10_000) == ("Yes.\n\n> Does it?\n" + "> more\n" * 10_000).strip()
    assert said("Yes.\n\n" + BLOCKS["English"] + "\n\nmore\n" * MOST) == "Yes."


PIECES = [
    *HEADERS.values(),
    *BLOCKS.values(),
    *PHONES,
    *SAID.values(),
    "> a",
    ">",
    "",
    "-- ",
    "--",
    "text",
    "x" * 1_200,
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=20)), st.sampled_from(["\n", "\n\n", "\r\n", ""]))
def test_nothing_is_lost(pieces, end):
    text = end.join(pieces)
    parts = split(text)
    assert parts.said + parts.rest == text
    assert parts.said.strip() or not parts.rest


def said(text: str) -> str:
    return split(text).said.strip()
