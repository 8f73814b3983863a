"""How mail programs begin what they quote and how they end a mail, in the languages they speak."""

import re

# What programs write for "Ann wrote" (Gmail, Apple Mail, Thunderbird, K-9, Outlook for phones, Yahoo, web mail).
WROTE = (
    *("wrote", "writes", "schrieb", "schrieb am", "a écrit", "écrit", "escribió", "escribio", "escreveu"),
    *("ha scritto", "schreef", "het volgende geschreven", "geschreven", "napisał", "napisał(a)", "napisała"),
    *("pisze", "skrev", "skrev följande", "skrev følgende", "kirjoitti", "napsal", "napsal(a)", "napsala"),
    *("napísal", "píše", "írta", "ezt írta", "a scris", "написал", "написал(а)", "написала", "пишет", "пише"),
    *("написав", "написав(ла)", "пише(те)", "написа", "έγραψε", "yazdı", "şunu yazdı", "şunları yazdı"),
    *("tarihinde şunu yazdı", "写道", "寫道", "写了", "님이 작성", "작성", "のメール", "さんは書きました"),
    *("書きました", "wrote the following", "כתב", "כתב/ה", "כתבה", "מאת", "كتب", "كتبت"),
    *("تمت كتابة ما يلي بواسطة", "đã viết", "menulis", "เขียนว่า", "skribis", "ha escrit", "idatzi du"),
    *("kirjutas", "rakstīja", "rašė", "je napisao", "je napisao/la", "је написао"),
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
# A line that a telephone or a program adds below: how it begins.
SENT_FROM = (
    *("Sent from my ", "Sent from Mail for ", "Sent from Outlook", "Sent from Yahoo", "Sent from Proton"),
    *("Sent via ", "Sent with Proton", "Sent on the go", "Sent using ", "Get Outlook for "),
    *("Get BlueMail for ", "Sent from Samsung", "Von meinem ", "Gesendet von ", "Gesendet mit "),
    *("Diese Nachricht wurde von meinem ", "Outlook für ", "Holen Sie sich Outlook", "Von unterwegs gesendet"),
    *("Envoyé de mon ", "Envoyé depuis ", "Envoyé à partir de ", "Télécharger Outlook ", "Obtenir Outlook "),
    *("Enviado desde mi ", "Enviado desde ", "Enviado con ", "Obtener Outlook para ", "Enviado do meu "),
    *("Enviado do ", "Enviado de ", "Obter o Outlook para ", "Enviado via ", "Inviato da", "Inviato dal"),
    *("Scarica Outlook per ", "Verzonden vanaf ", "Verstuurd vanaf ", "Verzonden met ", "Outlook voor "),
    *("Wysłane z ", "Wysłano z ", "Pobierz Outlook", "Skickat från ", "Skickades från ", "Hämta Outlook"),
    *("Sendt fra ", "Hent Outlook", "Lähetetty ", "Hanki Outlook", "Odesláno z", "Odesláno ze"),
    *("Získat Outlook", "Stáhnout Outlook", "Отправлено с ", "Отправлено из ", "Скачать Outlook"),
    *("Надіслано з ", "Надіслано із ", "Отримати Outlook", "发自我的", "发自 ", "從我的 ", "从我的"),
    *("获取 Outlook", "取得 Outlook", "iPhoneから送信", "iPadから送信", "Outlook for ", "나의 ", "내 "),
    *("Android용 ", "iOS용 Outlook", "נשלח מה", "נשלח מ", "קבל את Outlook", "أُرسلت من ", "أرسلت من "),
    *("مرسل من ", "الحصول على Outlook", "iPhone'umdan ", "iPad'imden ", "iPhone’umdan "),
    *("Android için Outlook", "iOS için Outlook", "Windows için Posta"),
)


def _any(words) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


def _labels() -> dict[str, set[str]]:
    table: dict[str, set[str]] = {}
    for kind, words in {"from": FROM, "sent": SENT, "to": TO, "subject": SUBJECT}.items():
        for word in words.split("|"):
            table.setdefault(word.casefold(), set()).add(kind)
    return table


LABELS = _labels()
LABEL = re.compile(r"[* \u00a0]*([^:：*\n]{1,25}?)[* \u00a0]*[:：]")


def labels(line: str) -> set[str]:
    """What a line such as "Sent: Monday" names: from, sent, to or subject; several where languages share a word."""
    found = LABEL.match(line)
    return LABELS.get(found[1].casefold(), set()) if found else set()


ORIGINAL_LINE = re.compile(rf"[-_=*\s]{{2,60}}(?:{ORIGINAL})[-_=*\s:]{{0,60}}", re.IGNORECASE)
RULER = re.compile(r"[_\-=*\s]{8,200}")
WROTE_WORD = re.compile(rf"(?:{_any(WROTE)})", re.IGNORECASE)
OPENER = re.compile(rf"(?:{_any(OPENERS)})\b", re.IGNORECASE)
PHONE_LINE = re.compile(rf"\*?(?:{_any(SENT_FROM)})")
DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d\d(?!\d)|\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d)"
)
ADDRESS = re.compile(r"[<(\[](?:mailto:)?[^\s<>@]{1,64}@[^\s<>@]{1,253}[>)\]]")
END = (":", "：")
