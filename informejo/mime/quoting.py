"""How mail programs begin what they quote and how they end a mail, in the languages they speak."""

import re

# What programs write for "Ann wrote" (Gmail, Apple Mail, Thunderbird, K-9, Outlook for phones, Yahoo, web mail).
WROTE = (
    *("wrote", "writes", "schrieb", "écrit", "escribió", "escribio", "escreveu", "ha scritto", "schreef"),
    *("geschreven", "napisał", "pisze", "skrev", "kirjoitti", "napsal", "napísal", "píše", "írta", "a scris"),
    *("пише", "написа", "έγραψε", "yazdı", "写道", "寫道", "写了", "작성", "のメール", "書きました", "כתב"),
    *("מאת", "كتب", "تمت كتابة ما يلي بواسطة", "đã viết", "menulis", "เขียนว่า", "skribis", "ha escrit"),
    *("idatzi du", "kirjutas", "rakstīja", "rašė", "je napisao"),
)
# How such a line may begin: with it a line that was broken by the program is put together again.
OPENERS = (
    *("On", "Am", "Le", "El", "Em", "Il", "Op", "W dniu", "Den", "Dne", "Dňa", "Dana", "On the", "Il giorno"),
    *("Em seg", "Em ter", "Em qua", "Em qui", "Em sex", "Em sáb", "Em dom", "A las", "Le lun", "Fra", "Från"),
    *("Pada", "Vào", "În", "pon", "wt", "śr", "czw", "pt", "sob", "niedz", "ma", "ti", "ke", "to", "pe", "la"),
    *("su", "po", "út", "st", "čt", "пн", "вт", "ср", "чт", "пт", "сб", "вс", "нд", "Στις", "בתאריך", "ב-"),
    *("في", "在", "於", "于", "Am Mo", "La"),
)
# The labels above what Outlook and others quote.
FROM = (
    "From|Von|De|Da|Van|Od|Från|Fra|Lähettäjä|Feladó|De la|От|Від|Από|发件人|寄件者|差出人|送信者|보낸 사람"
    "|보낸사람|מאת|من|Kimden|Gönderen|Từ"
)
SENT = (
    "Sent|Date|Gesendet|Datum|Envoyé|Envoyé le|Enviado|Enviado el|Enviada|Enviada em|Enviado em|Fecha|Data"
    "|Inviato|Verzonden|Wysłano|Skickat|Sendt|Dato|Lähetetty|Päivämäärä|Päiväys|Odesláno|Odoslané|Отправлено"
    "|Дата|Надіслано|Elküldve|Dátum|Trimis|发送时间|时间|日期|寄件日期|已傳送|送信日時|日付|보낸 날짜|날짜"
    "|נשלח|תאריך|تاريخ الإرسال|التاريخ|تم الإرسال|Gönderilme|Gönderildi|Gönderme Tarihi|Tarih|Στάλθηκε"
    "|Ημερομηνία|Gửi|Ngày"
)
TO = (
    "To|An|À|A|Para|Aan|Do|Till|Til|Vastaanottaja|Komu|Pro|Кому|Címzett|Către|Προς|收件人|收件者|宛先"
    "|받는 사람|받는사람|אל|إلى|Kime|Alıcı|Đến"
)
SUBJECT = (
    "Subject|Betreff|Objet|Asunto|Assunto|Oggetto|Onderwerp|Temat|Ämne|Emne|Aihe|Předmět|Predmet|Тема|Tárgy"
    "|Subiect|Θέμα|主题|主旨|主題|件名|제목|נושא|الموضوع|Konu|Chủ đề"
)
# Between dashes above what is quoted: "-----Original Message-----".
ORIGINAL = (
    "Original Message|Original message|Original Appointment|Ursprüngliche Nachricht|Originalnachricht"
    "|Original-Nachricht|Message d'origine|Message d’origine|Message original|Mensaje original"
    "|Mensagem original|Messaggio originale|Oorspronkelijk bericht|Oorspronkelijke bericht"
    "|Wiadomość oryginalna|Oryginalna wiadomość|Ursprungligt meddelande|Originalmeddelande"
    "|Oprindelig meddelelse|Opprinnelig melding|Alkuperäinen viesti|Původní zpráva|Původní e-mail"
    "|Исходное сообщение|Оригинальное сообщение|Вихідне повідомлення|Оригінальне повідомлення|Eredeti üzenet"
    "|Mesaj original|原始邮件|邮件原件|原始郵件|元のメッセージ|원본 메시지|원본 메일|הודעה מקורית|رسالة أصلية"
    "|الرسالة الأصلية|Orijinal Mesaj|Özgün İleti"
)
# Above what somebody passes on: that is what they wanted to say, so it is none of the rest.
FORWARDED = (
    *("Forwarded message", "Begin forwarded message", "Weitergeleitete Nachricht", "Message transféré"),
    *("Anfang der weitergeleiteten Nachricht", "Début du message transféré", "Début du message réexpédié"),
    *("Mensaje reenviado", "Inicio del mensaje reenviado", "Mensagem encaminhada", "Início da mensagem encaminhada"),
    *("Messaggio inoltrato", "Inizio messaggio inoltrato", "Doorgestuurd bericht", "Begin doorgestuurd bericht"),
    *("Przekazana wiadomość", "Początek przekazywanej wiadomości", "Vidarebefordrat meddelande"),
    *("Vidarebefordrat brev", "Videresendt besked", "Videresendt meddelelse", "Videresendt melding"),
    *("Välitetty viesti", "Přeposlaná zpráva", "Začátek přeposlané zprávy", "Пересылаемое сообщение"),
    *("Начало переадресованного сообщения", "Переслане повідомлення", "转发的邮件", "转发邮件", "轉寄的郵件"),
    *(
        "下面是被转发的邮件",
        "転送されたメッセージ",
        "전달된 메일",
        "הודעה שהועברה",
        "رسالة معاد توجيهها",
        "İletilen Mesaj",
    ),
)
# A line that a telephone or a program adds below: how it begins or ends, and what of it names a device or a program.
SENT_FROM = (
    *("Sent from", "Sent via", "Sent with", "Sent using", "Get Outlook", "Get BlueMail", "Gesendet von"),
    *("Gesendet mit", "Gesendet über", "Holen Sie sich Outlook", "Outlook für", "Envoyé de", "Envoyé depuis"),
    *("Envoyé à partir", "Envoyé avec", "Télécharger Outlook", "Obtenir Outlook", "Enviado desde"),
    *("Enviado con", "Enviado de", "Enviado do", "Enviado via", "Enviado a partir", "Obtener Outlook"),
    *("Obtenga Outlook", "Obter o Outlook", "Inviato da", "Inviato con", "Scarica Outlook", "Ottieni Outlook"),
    *("Verzonden vanaf", "Verzonden met", "Verstuurd vanaf", "Outlook voor", "Wysłane z", "Wysłano z"),
    *("Pobierz Outlook", "Pobierz program Outlook", "Skickat från", "Skickades från", "Hämta Outlook"),
    *("Sendt fra", "Hent Outlook", "Få Outlook", "Lähetetty", "Hanki Outlook", "Odesláno z", "Odoslané z"),
    *("Získat Outlook", "Stáhnout Outlook", "Отправлено с", "Отправлено из", "Скачать Outlook"),
    *("Получить Outlook", "Надіслано з", "Надіслано із", "Отримати Outlook", "发自", "發自", "從我的"),
    *("从我的", "获取", "取得", "נשלח מ", "קבל את Outlook", "أُرسلت من", "أرسلت من", "مرسل من"),
    *("الحصول على Outlook",),
)
SENT_ENDS = (
    "gesendet",
    "から送信",
    "から送信されました",
    "보냄",
    "에서 보냄",
    "gönderildi",
    "edinin",
    "herunterladen",
    "を入手",
)
DEVICE = re.compile(
    r"iphon|ipad|ios|\bmac\b|galaxy|samsung|android|huawei|xiaomi|redmi|oneplus|oppo|nokia|motorola|pixel|fairphone"
    r"|blackberry|windows|outlook|yahoo|aol|gmx|web\.de|proton|k-9|bluemail|aquamail|fairemail|thunderbird|tuta"
    r"|mobil|móvil|telefon|téléphone|phone|handy|tablet|puhelin|телефон|смартфон|手机|手機|스마트폰",
    re.IGNORECASE,
)


def _any(words) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


def _labels() -> dict[str, set[str]]:
    table: dict[str, set[str]] = {}
    for kind, words in {"from": FROM, "sent": SENT, "to": TO, "subject": SUBJECT}.items():
        for word in words.split("|"):
            table.setdefault(word.casefold(), set()).add(kind)
    return table


MOST_PHONE_LINE = 120  # characters
END = (":", "：")
OPENER = re.compile(rf"(?:{_any(OPENERS)})\b", re.IGNORECASE)
DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d\d(?!\d)|\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d)"
)
ADDRESS = re.compile(r"[<(\[](?:mailto:)?[^\s<>@]{1,64}@[^\s<>@]{1,253}[>)\]]")
ORIGINAL_LINE = re.compile(rf"[-_=*\s]{{2,60}}(?:{ORIGINAL})[-_=*\s:]{{0,60}}", re.IGNORECASE)
RULER = re.compile(r"[_\-=*\s]{8,200}")
LABEL = re.compile(r"[* \u00a0]*([^:：*\n]{1,25}?)[* \u00a0]*[:：]")
_LABELS = _labels()
_FORWARDED = {words.casefold() for words in FORWARDED}


def says_wrote(text: str) -> bool:
    """Whether one of the words is in it."""
    folded = text.casefold()
    return any(word in folded for word in WROTE)


def labels(line: str) -> set[str]:
    """What a line such as "Sent: Monday" names: from, sent, to or subject; several where languages share a word."""
    found = LABEL.match(line)
    return _LABELS.get(found[1].casefold(), set()) if found else set()


def passes_on(line: str) -> bool:
    """Whether it says that what is below was passed on."""
    return line.strip("-*>:： \u00a0").casefold() in _FORWARDED


def is_of_a_phone(line: str) -> bool:
    """Whether a program wrote it and not a person: "Sent from my iPhone"."""
    line = line.strip("*_ .")
    marked = line.startswith(SENT_FROM) or line.endswith(SENT_ENDS)
    return marked and len(line) < MOST_PHONE_LINE and bool(DEVICE.search(line))
