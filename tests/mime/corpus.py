"""Raw mails under tests/mime/corpus, all invented, and what each must be read as: one row for each file."""

from typing import NamedTuple

from informejo.mime.reports import Report

OURS = ("<c.7.9.abcdefghijklmnop@desk.example.org>",)  # a mail of the desk, as reports name it


class Row(NamedTuple):
    """What must come out; None where it does not matter. A star behind a file's name: it is shown within the text."""

    file: str
    subject: str
    sender: str
    said: str | None  # what was newly written, without empty lines around it
    parts: tuple[str, ...] = ()
    automatic: bool = False
    oddity: str = ""  # a piece of the one sentence; none may be there if it is empty
    name: str | None = None
    to: tuple[str, ...] | None = None
    date: bool | None = None  # whether it can be read
    loop: bool = False
    report: Report | None = None


ROWS = (
    Row("gmail-en", "Re: [#42] Printer blinks", "mara@example.com", "Yes, and it still blinks."),
    Row("gmail-en-wrapped", "Re: [#42] Printer blinks", "mara@example.com", "The second cable works, thank you."),
    Row(
        "gmail-de",
        "Re: [#42] Drucker blinkt",
        "joerg@example.com",
        "Jetzt geht es wieder, vielen Dank für die schnelle Hilfe.",
    ),
    Row("gmail-fr", "Re: [#42] Imprimante", "elodie@example.com", "Oui, le voyant clignote encore."),
    Row("gmail-es", "Re: [#42] Impresora", "inigo@example.com", "Sí, sigue igual. ¿Qué hago ahora?"),
    Row("gmail-pt", "Re: [#42] Impressora", "joao@example.com", "Não, continua sem funcionar."),
    Row("gmail-it", "Re: [#42] Stampante", "niccolo@example.com", "Ora funziona, grazie mille."),
    Row("gmail-nl", "Re: [#42] Printer", "daniel@example.com", "Nee, hij knippert nog steeds."),
    Row("gmail-pl", "Re: [#42] Drukarka", "lucja@example.com", "Tak, już działa. Dziękuję!"),
    Row("gmail-ru", "Re: [#42] Принтер", "vera@example.com", "Да, всё ещё мигает."),
    Row("gmail-ja", "Re: [#42] プリンター", "hana@example.com", "はい、まだ点滅しています。"),
    Row("gmail-zh", "Re: [#42] 打印机", "fang@example.com", "还是一样，指示灯在闪。"),
    Row("gmail-ar", "Re: [#42] الطابعة", "layla@example.com", "نعم، ما زال الضوء يومض."),
    Row("gmail-he", "Re: [#42] מדפסת", "noa@example.com", "כן, הוא עדיין מהבהב."),
    Row("gmail-tr", "Re: [#42] Yazıcı", "isil@example.com", "Hâlâ yanıp sönüyor."),
    Row(
        "gmail-picture-pasted",
        "Printer blinks",
        "mara@example.com",
        "It shows this:\n[image: image.png]\nWhat now?",
        parts=("image.png*",),
    ),
    Row(
        "gmail-forward",
        "Fwd: Invoice",
        "mara@example.com",
        (
            "Is this one real?\n"
            "\n"
            "---------- Forwarded message ---------\n"
            "From: Shop <shop@example.net>\n"
            "Date: Sun, Nov 29, 2026 at 8:00 PM\n"
            "Subject: Invoice\n"
            "To: Mara Lind <mara@example.com>\n"
            "\n"
            "Please pay at once."
        ),
    ),
    Row(
        "apple-forward",
        "Fwd: Invoice",
        "ivo@example.com",
        (
            "Real or not?\n"
            "\n"
            "> Begin forwarded message:\n"
            ">\n"
            "> From: Shop <shop@example.net>\n"
            "> Subject: Invoice\n"
            "> Date: 29 November 2026\n"
            "> To: Ivo Kern <ivo@example.com>\n"
            ">\n"
            "> Please pay at once."
        ),
    ),
    Row("outlook-en-html-only", "RE: [#42] VPN", "ole@example.com", "Hello,\n\nit works since I restarted it."),
    Row("outlook-en-text", "RE: [#42] VPN", "ole@example.com", "Hello,\n\nit works now.\n\nOle"),
    Row("outlook-de", "AW: [#42] VPN", "ute@example.com", "Hallo,\n\nläuft wieder.\n\nGrüße\nUte", name="Ute Groß"),
    Row("outlook-fr", "RE: [#42] VPN", "lea@example.com", "Cela fonctionne.", name="Roy, Lea"),
    Row("outlook-es", "RE: [#42] VPN", "lea@example.com", "Ya funciona.", name="Roy, Lea"),
    Row("outlook-pt", "RES: [#42] VPN", "lea@example.com", "Já funciona.", name="Roy, Lea"),
    Row("outlook-it", "R: [#42] VPN", "lea@example.com", "Ora va.", name="Roy, Lea"),
    Row("outlook-nl", "Antw: [#42] VPN", "lea@example.com", "Het werkt.", name="Roy, Lea"),
    Row("outlook-sv", "SV: [#42] VPN", "lea@example.com", "Nu fungerar det.", name="Roy, Lea"),
    Row("outlook-fi", "VS: [#42] VPN", "lea@example.com", "Nyt se toimii.", name="Roy, Lea"),
    Row("outlook-cs", "RE: [#42] VPN", "lea@example.com", "Už to jde.", name="Roy, Lea"),
    Row("outlook-zh", "答复: [#42] VPN", "lea@example.com", "已经好了。", name="Roy, Lea"),
    Row("outlook-ko", "RE: [#42] VPN", "lea@example.com", "이제 됩니다.", name="Roy, Lea"),
    Row("outlook-web", "Re: [#42] VPN", "ole@example.com", "Thanks."),
    Row("outlook-web-html-only", "Re: [#42] VPN", "ole@example.com", "Thanks, all is well."),
    Row("outlook-ios", "Re: [#42] VPN", "ole@example.com", "On my way."),
    Row("outlook-mac", "Re: [#42] VPN", "ole@example.com", "Confirmed."),
    Row(
        "outlook-logo-and-screenshot",
        "Error window",
        "ole@example.com",
        ("See below.\n\n[cid:image001.png@01DC0001]\n\nOle\n[cid:image002.png@01DC0001]"),
        parts=("image001.png*", "image002.png*"),
    ),
    Row("apple-mail", "Re: [#42] Wi-Fi", "ivo@example.com", "It is back, thanks.\n\nIvo"),
    Row("apple-iphone-de", "Re: [#42] WLAN", "ivo@example.com", "Geht wieder."),
    Row("apple-iphone-fr-html", "Re: [#42] Wi-Fi", "ivo@example.com", "Tout va bien."),
    Row(
        "apple-interleaved",
        "Three pictures",
        "ivo@example.com",
        "First this:\n\nand then that:",
        parts=("IMG_0001.PNG*", "IMG_0002.PNG*"),
    ),
    Row("apple-pdf-in-alternative", "Contract", "ivo@example.com", "Here it is.", parts=("Contract.pdf",)),
    Row(
        "thunderbird-en",
        "Re: [#42] Mouse",
        "pia@example.com",
        ("On 30/11/2026 10:00, Help desk wrote:\n> Which port is it in?\nThe left one.\n\n> And is it warm?\n\nNo."),
    ),
    Row("thunderbird-de-top", "Re: [#42] Maus", "pia@example.com", "Danke, erledigt."),
    Row(
        "thunderbird-flowed",
        "Long lines",
        "pia@example.com",
        ("This is one sentence that the program broke in two for the way.\n\nAnd this is another line."),
    ),
    Row("thunderbird-da", "Re: [#42] Mus", "pia@example.com", "Tak, det virker."),
    Row("thunderbird-uk", "Re: [#42]", "pia@example.com", "Дякую, працює."),
    Row("k9-de", "Re: [#42] Telefon", "rolf@example.com", "Ja, genau."),
    Row("k9-en", "Re: [#42] Phone", "rolf@example.com", "Exactly."),
    Row("yahoo", "Re: [#42] Login", "sam@example.com", "It works again.\nSam"),
    Row("yahoo-html-only", "Re: [#42] Login", "sam@example.com", "It works again."),
    Row("gmx", "Aw: [#42] Konto", "gabi@gmx.example", "Hallo,\n\ndas Konto ist wieder da."),
    Row("samsung", "Re: [#42] Tablet", "tim@example.com", "Fixed, thank you."),
    Row("proton", "Re: [#42] Key", "nia@example.com", "Got it."),
    Row("windows-mail-fi", "Vs: [#42] Avain", "aino@example.com", "Kiitos, sain sen."),
    Row("roundcube-cs", "Re: [#42]", "petr@example.com", "Děkuji, jde to.", name="Petr Malý"),
    Row("marker-in-outlook", "RE: [#42] VPN", "ole@example.com", "Yes please."),
    Row("marker-alone", "RE: [#42] VPN", "ole@example.com", "Yes please."),
    Row(
        "false-friends",
        "What he wrote",
        "ole@example.com",
        (
            "On Monday, he wrote:\n"
            "\n"
            "nothing of use.\n"
            "--\n"
            "From: the cellar\n"
            "To: the roof\n"
            "it is wet. My mail of 30.11.2026 to bob@example.net says the same:\n"
            "\n"
            "all wet."
        ),
    ),
    Row(
        "bottom-posting",
        "Re: [#42]",
        "pia@example.com",
        ("On 30/11/2026 10:00, Help desk <help@desk.example.org> wrote:\n> Which port?\n\nThe left one."),
    ),
    Row("only-a-quotation", "Re: [#42]", "pia@example.com", "> Which port?\n> Left?"),
    Row("charset-none-utf8", "Umlauts", "ann@example.com", "Grüße aus Köln"),
    Row(
        "charset-none-latin1",
        "Umlauts",
        "ann@example.com",
        "Schöne Grüße, die Tür läßt sich nicht öffnen.",
        oddity="no charset",
    ),
    Row("charset-wrong-qp", "Wrong", "ann@example.com", "Größer als gedacht: 5 €", oddity="read as utf-8"),
    Row(
        "charset-says-utf8-is-latin1",
        "Wrong",
        "ann@example.com",
        "Der Schlüssel hängt an der Tür, größere Räume später.",
        oddity="it was read as",
    ),
    Row("charset-says-ascii", "Wrong", "ann@example.com", "Déjà vu", oddity="read as utf-8"),
    Row(
        "charset-unknown-cyrillic",
        "Unknown",
        "ann@example.com",
        "Здравствуйте, принтер на втором этаже снова не печатает, помогите пожалуйста.",
        oddity="x-user-defined",
    ),
    Row("charset-koi8", "Привет", "ann@example.com", "Принтер не печатает."),
    Row("charset-iso2022jp", "プリンター", "tanaka@example.com", "印刷できません。", name="田中"),
    Row("charset-gb2312-larger", "GB", "ann@example.com", "朱镕基打印机坏了"),
    Row("charset-big5", "Big5", "ann@example.com", "印表機壞了"),
    Row("charset-euckr", "KR", "ann@example.com", "프린터가 고장 났습니다."),
    Row("charset-windows-quotes", "Quotes", "ann@example.com", "“So” – it costs 5 €"),
    Row("charset-utf16", "Wide", "ann@example.com", "Wide letters ü"),
    Row("charset-in-meta", "Meta", "ann@example.com", "Привет"),
    Row("bom", "Mark", "ann@example.com", "Hello"),
    Row("no-subject", "", "ann@example.com", "Nothing above?"),
    Row("subject-cut-letters", "ÄÖÜ and ä", "ann@example.com", "x"),
    Row("subject-broken-words", "ÄÖÜä =?utf-8?X?a?= =?utf-8?Q?open", "ann@example.com", "x"),
    Row("subject-raw-latin1", "Tür klemmt", "ann@example.com", "Hello"),
    Row("subject-many-lines", "One two three four", "ann@example.com", "x"),
    Row("duplicate-heads", "First", "ann@example.com", "x"),
    Row("several-from", "Who", "ann@example.com", "x", oddity="several senders"),
    Row("from-two-addresses", "We two", "ann@example.com", "x", oddity="several senders"),
    Row("from-group", "Group", "ann@example.com", "x", oddity="several senders", to=()),
    Row("from-missing", "Who is it", "ann@example.com", "x", oddity="does not say who"),
    Row("from-nonsense", "Who", "", "x", oddity="does not say who"),
    Row("from-quoted", "Names", "ann@example.com", "x", name='Ott, Ann "the" (real)'),
    Row("from-comment", "Names", "ann@example.com", "x", name="Ann Ott"),
    Row("from-encoded-whole", "Names", "ann@example.com", "x"),
    Row("from-pretends", "Pay", "eve@example.net", "x", name="boss@desk.example.org"),
    Row("recipients-1000", "All", "ann@example.com", "x", to=tuple(f"p{number}@example.com" for number in range(1000))),
    Row("head-64k", "Long head", "ann@example.com", "x"),
    Row("head-garbage-line", "After it", "ann@example.com", "x"),
    Row("date-future", "Later", "ann@example.com", "x", oddity="in the future", date=True),
    Row("date-nonsense", "When", "ann@example.com", "x", oddity="date could not be read", date=False),
    Row("mbox-line", "From a folder", "ann@example.com", ">From here on it works."),
    Row("bare-lf", "Line ends", "ann@example.com", "one\ntwo"),
    Row("bare-cr", "Line ends", "ann@example.com", "one\ntwo"),
    Row("mixed-line-ends", "Line ends", "ann@example.com", "one\n\ntwo"),
    Row("nul-bytes", "Nul", "ann@example.com", "one two"),
    Row("line-1mb", "Long line", "ann@example.com", None, oddity="longer than 200,000"),
    Row("no-body", "Only a head", "ann@example.com", ""),
    Row("eight-bit-names", "Files", "ann@example.com", "See.", parts=("Prüfung.pdf",)),
    Row(
        "html-only",
        "Page",
        "ann@example.com",
        (
            "Order\n"
            "\n"
            "Please bring:\n"
            "\n"
            "- two cables\n"
            "- one mouse\n"
            "\n"
            "Room | Desk\n"
            "3 | B\n"
            "\n"
            "More at the list (https://example.com/list)."
        ),
    ),
    Row("html-broken", "Broken page", "ann@example.com", "One\n\ntwo bold both rest 3 < 4 & 5 & &bogus; broken end"),
    Row("html-hidden", "Hidden", "ann@example.com", "Shown"),
    Row(
        "stub-text",
        "Newsletter form",
        "ann@example.com",
        "The coffee machine in room 12 is broken since Friday, and there is water below it.",
    ),
    Row("empty-text-rich-html", "Empty text", "ann@example.com", "Here I am."),
    Row("html-first", "Order", "ann@example.com", "Plain"),
    Row("html-then-footer", "Footer", "ann@example.com", "Said in HTML.\n\nList footer"),
    Row("no-text-part", "Only a scan", "ann@example.com", "", parts=("scan.pdf",)),
    Row("picture-alone", "Photo", "ann@example.com", "", parts=("picture.jpg",)),
    Row(
        "nameless-parts",
        "Nameless",
        "ann@example.com",
        "Four.",
        parts=("picture.png", "picture-2.png", "file.pdf", "file-4.pdf", "file.bin"),
    ),
    Row("names-rfc2231", "Names", "ann@example.com", "x", parts=("Résumé one.pdf", "Tür.pdf")),
    Row(
        "names-broken",
        "Names",
        "ann@example.com",
        "x",
        parts=("Übersicht.pdf", 'my "best" plan.pdf', "no quotes.pdf", "%ZZä.pdf", "wd.pdf", "open.txt"),
    ),
    Row("text-attachment", "Log", "ann@example.com", "The log is attached.", parts=("app.log",)),
    Row("boundary-missing", "Parts", "ann@example.com", "first", parts=("picture.gif",), oddity="not the one it names"),
    Row("boundary-wrong", "Parts", "ann@example.com", "first", oddity="not the one it names"),
    Row("boundary-nowhere", "Parts", "ann@example.com", "Just text.", oddity="has none"),
    Row("boundary-unended", "Parts", "ann@example.com", "first", parts=("cut.gif",), oddity="cut off"),
    Row("boundary-prefix", "Parts", "ann@example.com", "text\n--abc", parts=("x.gif",)),
    Row("base64-garbage", "Garbage", "ann@example.com", "x", parts=("bad.gif",), oddity="may be damaged"),
    Row("base64-text-with-footer", "Footer", "ann@example.com", "Hello there", oddity="could not be unpacked"),
    Row("qp-broken", "Quoted", "ann@example.com", "Soft break, ä and = alone, =ZZ, end"),
    Row("encoding-unknown", "Encoding", "ann@example.com", "As it is."),
    Row("type-nonsense", "Type", "ann@example.com", "Still text."),
    Row(
        "deep-nesting",
        "Deep",
        "ann@example.com",
        "\n\n".join(f"level {number}" for number in range(20)),
        parts=("file.txt",),
        oddity="more than 20 deep",
    ),
    Row(
        "many-parts",
        "Wide",
        "ann@example.com",
        "",
        parts=tuple(f"n{number}.txt" for number in range(200)),
        oddity="more than 200 parts",
    ),
    Row("nested-mail", "Fwd: broken", "ann@example.com", "See the mail.", parts=("Inner: one-two.eml",)),
    Row("nested-mail-base64", "Fwd", "ann@example.com", "See.", parts=("letter.eml",)),
    Row("digest", "Digest", "ann@example.com", "", parts=("One.eml", "Two.eml")),
    Row(
        "uuencode-in-text",
        "Old program",
        "ann@example.com",
        "Here it is:\n\nbegin 644 note.txt\n+:&5L;&\\@=V]R;&0*\n`\nend",
        oddity="uuencode",
    ),
    Row(
        "winmail",
        "From Outlook",
        "ann@example.com",
        "The plan is attached.",
        parts=("winmail.dat",),
        oddity="winmail.dat",
    ),
    Row(
        "pgp-mime-signed",
        "Signed",
        "ann@example.com",
        "This is from me.",
        parts=("signature.asc",),
        oddity="signature was not checked",
    ),
    Row("pgp-mime-encrypted", "...", "ann@example.com", "", parts=("file.asc", "encrypted.asc"), oddity="encrypted"),
    Row(
        "pgp-inline-signed",
        "Signed",
        "ann@example.com",
        "The key is:\n-----\nunder the mat.",
        oddity="signature was not checked",
    ),
    Row(
        "pgp-inline-encrypted",
        "Secret",
        "ann@example.com",
        ("-----BEGIN PGP MESSAGE-----\n\nhQEMAw\n=abcd\n-----END PGP MESSAGE-----"),
        oddity="is encrypted",
    ),
    Row(
        "smime-signed",
        "Signed",
        "ann@example.com",
        "I agree.",
        parts=("smime.p7s",),
        oddity="signature was not checked",
    ),
    Row("smime-opaque", "Signed", "ann@example.com", "", parts=("smime.p7m",), oddity="encloses the text"),
    Row("smime-encrypted", "Secret", "ann@example.com", "", parts=("smime.p7m",), oddity="encrypted"),
    Row(
        "calendar-invitation",
        "Router swap",
        "ann@example.com",
        (
            "Appointment: Router swap, floor 3\n"
            "When: 1 Dec 2026, 10:00 (Europe/Berlin) to 1 Dec 2026, 11:00 (Europe/Berlin)\n"
            "Where: Server room\n"
            "\n"
            "Shall we?"
        ),
        parts=("invitation.ics", "invite.ics"),
    ),
    Row(
        "calendar-alone",
        "Router swap",
        "ann@example.com",
        (
            "Cancelled appointment: Router swap, floor 3\n"
            "When: 1 Dec 2026, 10:00 to 1 Dec 2026, 11:00\n"
            "Where: Server room"
        ),
        parts=("invitation.ics",),
    ),
    Row(
        "calendar-answer",
        "Accepted: Router swap",
        "ann@example.com",
        (
            "Answer to an appointment: Router swap, floor 3\n"
            "When: 1 Dec 2026, 10:00 (Europe/Berlin) to 1 Dec 2026, 11:00 (Europe/Berlin)\n"
            "Where: Server room\n"
            "Answer: accepted"
        ),
        parts=("invitation.ics",),
    ),
    Row("auto-vacation", "Automatic reply: [#42] VPN", "ann@example.com", "I am away until Monday.", automatic=True),
    Row("auto-vacation-de", "Abwesenheitsnotiz", "ann@example.com", "Ich bin bis Montag nicht da.", automatic=True),
    Row("auto-null-path", "Away", "ann@example.com", "Not here.", automatic=True),
    Row("auto-exchange", "Automatic reply", "ann@example.com", "Not here.", automatic=True),
    Row("auto-bulk", "Offer", "ann@example.com", "Buy now.", automatic=True),
    Row("auto-list", "[talk] Hello", "ann@example.com", "Hello list.", automatic=True),
    Row("auto-noreply", "Your parcel", "no-reply@shop.example", "It has arrived.", automatic=True),
    Row(
        "alert-nagios",
        "** PROBLEM Service Alert: web1/HTTP is CRITICAL **",
        "nagios@mon.example.com",
        "State: CRITICAL",
        automatic=True,
    ),
    Row("alert-alertmanager", "[FIRING:1] DiskFull (db2)", "ops@example.com", "Disk is full.", automatic=True),
    Row("alert-zabbix", "Problem: High load on app3", "zabbix@mon.example.com", "Load is 40.", automatic=True),
    Row(
        "alert-cron",
        "Cron <root@db2> /usr/local/bin/backup",
        "root@db2.example.com",
        "backup: no space left",
        automatic=True,
    ),
    Row("other-help-desk", "[Case 9] We got your mail", "support@example.net", "We will answer soon.", automatic=True),
    Row("own-mail-back", "[#42] VPN", "help@desk.example.org", "Please restart it.", automatic=True, loop=True),
    Row(
        "feedback-report",
        "Complaint",
        "fbl@isp.example",
        "This is a complaint.",
        parts=("report.txt", "headers.txt"),
        automatic=True,
    ),
    Row(
        "reading-report",
        "Read: [#42] VPN",
        "ann@example.com",
        "It was displayed.",
        parts=("reading-report.txt",),
        automatic=True,
    ),
    Row("auto-no", "By hand", "ann@example.com", "Written by me."),
    Row(
        "bounce-postfix",
        "Undelivered Mail Returned to Sender",
        "mailer-daemon@mx.example.com",
        (
            "This is the mail system at host mx.example.com.\n"
            "\n"
            "<gone@example.com>: host mail.example.com said: 550 5.1.1 User unknown"
        ),
        parts=("delivery-status.txt", "[#42] VPN.eml"),
        automatic=True,
        report=Report(OURS, "gone@example.com", "failed", "5.1.1", "550 5.1.1 User unknown"),
    ),
    Row(
        "bounce-delayed",
        "Undelivered Mail Returned to Sender",
        "mailer-daemon@mx.example.com",
        "Your mail is delayed.",
        parts=("delivery-status.txt", "[#42] VPN.eml"),
        automatic=True,
        report=Report(OURS, "slow@example.com", "delayed", "4.4.1", "connect timed out"),
    ),
    Row(
        "bounce-success",
        "Successful Mail Delivery Report",
        "mailer-daemon@mx.example.com",
        "Your mail was delivered.",
        parts=("delivery-status.txt", "[#42] VPN.eml"),
        automatic=True,
        report=Report(OURS, "fine@example.com", "delivered", "2.1.5", ""),
    ),
    Row(
        "bounce-several",
        "Undelivered Mail Returned to Sender",
        "mailer-daemon@mx.example.com",
        "Two of three failed.",
        parts=("delivery-status.txt", "[#42] VPN.eml"),
        automatic=True,
        report=Report(OURS, "gone@example.com", "failed", "5.2.2", "552 mailbox full"),
    ),
    Row(
        "bounce-headers-only",
        "Undelivered Mail Returned to Sender",
        "mailer-daemon@mx.example.com",
        "Could not be delivered.",
        parts=("delivery-status.txt", "headers.txt"),
        automatic=True,
        report=Report(OURS, "gone@example.com", "failed", "5.4.4", ""),
    ),
    Row(
        "bounce-gmail",
        "Delivery Status Notification (Failure)",
        "mailer-daemon@googlemail.example",
        ("** Address not found **\n\nYour message was not delivered to gone@example.com."),
        parts=("delivery-status.txt", "[#42] VPN.eml"),
        automatic=True,
        report=Report(OURS, "gone@example.com", "failed", "5.1.1", "550-5.1.1 The account does not exist."),
    ),
    Row(
        "bounce-exchange",
        "Undeliverable: [#42] VPN",
        "postmaster@example.com",
        "Delivery has failed to these recipients:\n\ngone@example.com",
        parts=("delivery-status.txt", "[#42] VPN.eml"),
        automatic=True,
        report=Report(OURS, "gone@example.com", "failed", "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound"),
    ),
    Row(
        "bounce-qmail",
        "failure notice",
        "mailer-daemon@mx.example.net",
        (
            "Hi. This is the qmail-send program at mx.example.net.\n"
            "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
            "\n"
            "<gone@example.com>:\n"
            "Sorry, no mailbox here by that name. (#5.1.1)\n"
            "\n"
            "--- Below this line is a copy of the message.\n"
            "\n"
            "Return-Path: <help@desk.example.org>"
        ),
        automatic=True,
        report=Report(OURS, "gone@example.com", "failed", "5.1.1", "Sorry, no mailbox here by that name. (#5.1.1)"),
    ),
    Row(
        "bounce-exim",
        "Mail delivery failed: returning message to sender",
        "mailer-daemon@mx.example.net",
        (
            "This message was created automatically by mail delivery software.\n"
            "\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n"
            "\n"
            "  gone@example.com\n"
            "    host mail.example.com: 550 no such user\n"
            "\n"
            "------ This is a copy of the message, including all the headers. ------"
        ),
        automatic=True,
        report=Report(OURS, "gone@example.com", "failed", "", "host mail.example.com: 550 no such user"),
    ),
    Row(
        "bounce-exchange-old",
        "Undeliverable: [#42] VPN",
        "mailer-daemon@mx.example.net",
        (
            "Your message\n"
            "\n"
            "  To:      gone@example.com\n"
            "  Subject: [#42] VPN\n"
            "  Sent:    Mon, 30 Nov 2026 10:00:00 +0100\n"
            "\n"
            "did not reach the following recipient(s):\n"
            "\n"
            "gone@example.com on Mon, 30 Nov 2026 10:00:05 +0100\n"
            "    The e-mail address could not be found. #5.1.1"
        ),
        automatic=True,
        report=Report(
            OURS,
            "gone@example.com",
            "failed",
            "5.1.1",
            "on Mon, 30 Nov 2026 10:00:05 +0100 The e-mail address could not be found. #5.1.1",
        ),
    ),
)
