//! Questions: they are passed on to staff, whose reply goes to who asked, from the office's address. Neither way is
//! open to machines, and nothing that a stranger wrote does anything on its way.

use crate::{
    mail::Mail,
    story::{Letter, MX, OFFICE, Office, Story, data},
};
use phuluc::{setup::Setup, store::audit};

const STAFF: &str = "can-bo@mic.example";

fn question(mail: Mail) -> Mail {
    mail.subject("Hỏi về mục 4.1")
        .text("Kính gửi Quý Bộ,\r\n\r\nMục 4.1 ghi số liệu của cả đơn vị trực thuộc hay không?\r\n\r\nTrân trọng.")
        .message_id("<question@hanam.example>")
}

/// The reply of one of the staff to a letter, with what their program quotes of it.
fn reply(mail: Mail, to: &Letter, words: &str) -> Mail {
    let quoted: String = to.mail.text.lines().map(|line| format!("> {line}\r\n")).collect();
    mail.from("Lê Thị Lan <can-bo@mic.example>")
        .subject(&format!("Re: {}", to.row.subject))
        .header("In-Reply-To", &to.row.message_id)
        .text(&format!("{words}\r\n\r\nVào 09:00, 20/02/2023, Báo cáo <{OFFICE}> đã viết:\r\n{quoted}"))
}

#[tokio::test]
async fn a_question_is_passed_on_and_its_answer_goes_to_who_asked() {
    let mut story = Story::begin().await;
    let raw = story.mail(question);
    story.poll().await;
    assert_eq!(story.outcome(), "question from ha-nam");
    let letters = story.letters();
    let to: Vec<(&str, &str)> = letters.iter().map(|l| (l.row.kind.as_str(), l.sent.to.as_str())).collect();
    assert_eq!(to, [("note", "an@hanam.example"), ("forward", STAFF)]);
    insta::assert_snapshot!(letters[0].words(), @r"
    [BC1552] Đã nhận được nội dung trao đổi của Quý Cơ quan - Hà Nam

    Kính gửi: Ủy ban nhân dân tỉnh Hà Nam

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được thư
    trao đổi của Quý Cơ quan lúc 09 giờ 00 phút ngày 20/02/2023 trong đợt báo
    cáo theo Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023.

    Thư đã được chuyển tới cán bộ phụ trách để xem xét, trả lời; nội dung trả
    lời được gửi tới địa chỉ thư này.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    ");
    let forward = &letters[1];
    insta::assert_snapshot!(forward.words(), @r"
    [BC1552] Hà Nam hỏi: Hỏi về mục 4.1

    === #1 ===
    Đề nghị trả lời thư này, ghi nội dung phía trên dòng có mã nêu trên.

    Kính gửi: Cán bộ phụ trách tiếp nhận báo cáo

    Lúc 09 giờ 00 phút ngày 20/02/2023, Ủy ban nhân dân tỉnh Hà Nam gửi thư trao
    đổi, không kèm báo cáo. Nội dung đồng chí ghi phía trên phần trích dẫn và
    các tệp gửi kèm sẽ được chuyển tới người hỏi từ địa chỉ của cơ quan ta; địa
    chỉ thư của đồng chí không được chuyển.

    Người gửi: Nguyễn Văn An <an@hanam.example>
    Tiêu đề: Hỏi về mục 4.1

    Nội dung:

    > Kính gửi Quý Bộ,
    > Mục 4.1 ghi số liệu của cả đơn vị trực thuộc hay không?
    > Trân trọng.

    Thư gốc được gửi kèm thư này.

    Trân trọng./.
    ");
    // The mail itself goes along, byte for byte.
    let attached = &forward.mail.attachments[0];
    assert_eq!((attached.declared_type.as_str(), attached.name.as_str()), ("message/rfc822", "BC1552_ha-nam_1.eml"));
    assert_eq!(attached.bytes, raw);
    assert_eq!(forward.header("auto-submitted").as_deref(), Some("auto-generated"));

    story.at("2023-02-20 14:00:00");
    story.mail(|mail| {
        reply(
            mail,
            forward,
            "Mục 4.1 ghi cả đơn vị trực thuộc.\r\nXem tại https://mic.example/huong-dan.\r\n\r\n--\r\nLan",
        )
        .file("Ví dụ.xlsx", data("layouts/numbers.xlsx"))
    });
    story.poll().await;
    assert!(story.outcome().starts_with("staff"));
    let answer = story.letter();
    assert_eq!(answer.sent.to, "an@hanam.example");
    insta::assert_snapshot!(answer.words(), @r"
    [BC1552] Trả lời: Hỏi về mục 4.1 - Hà Nam

    Kính gửi: Ủy ban nhân dân tỉnh Hà Nam

    Về nội dung Quý Cơ quan trao đổi lúc 09 giờ 00 phút ngày 20/02/2023, Bộ
    Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) trả lời như sau:

    Mục 4.1 ghi cả đơn vị trực thuộc.

    Xem tại https://mic.example/huong-dan.

    Tệp gửi kèm: Ví dụ.xlsx.

    Trường hợp cần trao đổi thêm, đề nghị Quý Cơ quan trả lời thư này.

    Trân trọng./.
    ");
    assert_eq!(answer.header("in-reply-to").as_deref(), Some("<question@hanam.example>"));
    assert_eq!(answer.mail.attachments[0].name, "Ví dụ.xlsx");
    assert_eq!(answer.mail.attachments[0].bytes, data("layouts/numbers.xlsx"));
    let sent = String::from_utf8_lossy(&answer.sent.raw).into_owned();
    for theirs in [STAFF, "Lan", &forward.row.message_id] {
        assert!(!sent.contains(theirs) && !answer.mail.text.contains(theirs), "{theirs} is nobody's business");
    }
    let noted = audit::list(&story.desk.store, Some("message:1")).await.unwrap();
    assert_eq!((noted[0].actor.as_str(), noted[0].act.as_str()), ("mail:can-bo@mic.example", "question answer"));
    story.end().await;
}

#[tokio::test]
async fn each_reply_passes_once_and_no_machine_passes() {
    let mut story = Story::begin().await;
    story.mail(question);
    story.poll().await;
    story.message();
    let forward = story.letters().remove(1);
    // Out of office, told by a header or by the beginning of the subject.
    story.mail(|mail| reply(mail, &forward, "Tôi đi công tác.").header("Auto-Submitted", "auto-replied"));
    story.mail(|mail| reply(mail, &forward, "Tôi đi công tác.").subject("Automatic reply: [BC1552] Hà Nam hỏi"));
    story.mail(|mail| reply(mail, &forward, "Tôi đi công tác.").header("X-Auto-Response-Suppress", "All"));
    story.poll().await;
    story.messages();
    story.no_letter();
    for subject in ["Read: [BC1552] Hà Nam hỏi", "Recall: [BC1552] Hà Nam hỏi", "Đã đọc: [BC1552] Hà Nam hỏi"]
    {
        story.mail(|mail| reply(mail, &forward, "Your message").subject(subject));
    }
    story.poll().await;
    story.messages();
    story.no_letter();
    // Two answers are two, if the second says that it is meant; the same words again are one.
    for (number, words) in ["Có.", "Chuyển trả lời: kể cả trung tâm.", "Có."].into_iter().enumerate() {
        story.mail(|mail| reply(mail, &forward, words).message_id(&format!("<{number}@mic.example>")));
    }
    story.poll().await;
    story.messages();
    let letters = story.letters();
    assert_eq!(letters.len(), 2);
    let said = letters[1].said();
    assert!(said.contains("kể cả trung tâm.") && !said.contains("Chuyển trả lời"), "{said}");
    // Another one within the hour, or one that only a machine would write, waits for a word.
    for (words, told) in [
        ("Không.", "câu hỏi này vừa được trả lời"),
        ("Tôi đi công tác đến 25/2.", "nội dung giống thư trả lời tự động"),
    ] {
        story.mail(|mail| reply(mail, &forward, words).message_id(&format!("<{}@mic.example>", words.len())));
        story.poll().await;
        story.message();
        let letter = story.letter();
        assert_eq!((letter.row.kind.as_str(), letter.sent.to.as_str()), ("decision", STAFF));
        assert!(letter.said().contains(told), "{}", letter.words());
    }
    story.at("2023-02-20 10:00:01");
    story.mail(|mail| reply(mail, &forward, "Không.").message_id("<later@mic.example>"));
    story.poll().await;
    story.message();
    assert_eq!(story.letter().row.kind.as_str(), "answer");
    // Nothing to pass on, or too much: staff are told.
    for (change, told) in [
        (&(|mail: Mail| mail) as &dyn Fn(Mail) -> Mail, "không tìm thấy nội dung trả lời"),
        (&|mail| mail.file_of("a.bin", "application/octet-stream", vec![7; 11 << 20]), "vượt quá 10 MB"),
        (&|mail| mail.file_of("a.eml", "message/rfc822", b"From: a@b.example\r\n\r\nx".to_vec()), "kèm một thư khác"),
        (&|mail| mail.text("Đơn vị này hỏi mãi.").to("lan@mic.example").header("Cc", OFFICE), "chỉ đồng gửi (Cc)"),
        (&|mail| mail.text("Giả mạo").results(&format!("{MX}; dmarc=fail")), "chưa xác thực được"),
    ] {
        story.mail(|mail| change(reply(mail, &forward, "")).message_id(&format!("<{}@mic.example>", told.len())));
        story.poll().await;
        story.message();
        let letter = story.letter();
        assert_eq!(letter.sent.to, STAFF);
        assert!(letter.said().contains(told), "{}", letter.words());
    }
    // Who is not of the staff cannot answer for the office.
    story.mail(|mail| reply(mail, &forward, "Có.").from("x@nghean.example").message_id("<x@nghean.example>"));
    story.poll().await;
    story.message();
    assert!(story.letters().iter().all(|letter| letter.row.kind.as_str() != "answer"));
    story.end().await;
}

#[tokio::test]
async fn a_machine_that_asks_without_end_fills_nobodys_mailbox() {
    let mut story = Story::begin().await;
    for number in 0..15 {
        story.mail(|mail| {
            question(mail).message_id(&format!("<{number}@hanam.example>")).text(&format!("Hỏi {number}"))
        });
    }
    story.poll().await;
    let limited = story.messages().iter().filter(|m| m.rule.as_ref().is_some_and(|r| r.contains("questions"))).count();
    assert_eq!(limited, 5);
    let kinds: Vec<&str> = story.letters().iter().map(|letter| letter.row.kind.as_str()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "forward").count(), 10);
    assert_eq!(kinds.iter().filter(|kind| **kind == "note").count(), 1);
    story.end().await;
}

#[tokio::test]
async fn without_staff_a_question_is_kept_and_nothing_promised() {
    let mut story = Story::begin_with(Office { keys: vec![("staff", "staff = []")], ..Office::default() }).await;
    story.mail(question);
    story.poll().await;
    assert_eq!(story.outcome(), "question from ha-nam");
    story.no_letter();
    story.end().await;
}

#[tokio::test]
async fn hostile_words_do_nothing_in_a_question_that_is_passed_on() {
    let mut story = Story::begin().await;
    story.mail(|mail| {
        question(mail)
            .from("\"><script>alert(1)</script> <an@hanam.example>")
            .subject("<img src=x onerror=alert(1)>\r\nBcc: x@evil.test =cmd|' /C calc'!A0")
            .text("<script>alert(1)</script>\r\n=HYPERLINK(\"http://evil.test\")\r\nhttp://evil.test/x\r\n{{ 7*7 }}")
            .file_of("../../../etc/cron.d/x\r\nBcc: y@evil.test.png", "image/png", data("unreadable/picture.png"))
    });
    story.poll().await;
    story.message();
    let letters = story.letters();
    for letter in &letters {
        assert_eq!(letter.header("bcc"), None);
        let head = String::from_utf8(letter.sent.raw.clone()).unwrap();
        assert!(!head.split("\r\n\r\n").next().unwrap().to_lowercase().contains("\r\nbcc:"), "{head}");
    }
    let forward = letters.last().unwrap();
    assert_eq!(forward.sent.to, STAFF);
    let parsed = mail_parser::MessageParser::default().parse(&forward.sent.raw).unwrap();
    let html = parsed.body_html(0).unwrap();
    for live in ["<script", "<img", "onerror=alert(1)>", "http://evil.test", "href"] {
        assert!(!html.contains(live), "{live}: {html}");
    }
    assert!(html.contains("{{ 7*7 }}") && html.contains("&lt;script&gt;"), "{html}");
    let text = parsed.body_text(0).unwrap();
    assert!(!text.contains("http://evil.test"), "{text}");
    // What staff answer is about the same subject.
    story.mail(|mail| reply(mail, forward, "Có."));
    story.poll().await;
    story.message();
    let answer = story.letter();
    assert_eq!((answer.header("bcc"), answer.sent.to.as_str()), (None, "an@hanam.example"));
    let parsed = mail_parser::MessageParser::default().parse(&answer.sent.raw).unwrap();
    assert!(!parsed.body_html(0).unwrap().contains("<img"));
    story.end().await;
}

/// Who quotes a letter of ours need not be who got it: the program in Cc of an agency's mail can.
#[tokio::test]
async fn the_answer_to_a_stranger_who_quotes_our_letter_goes_to_the_agency() {
    let mut story = Story::begin().await;
    story.mail(crate::without_reason);
    story.poll().await;
    story.message();
    let ours = story.letter();
    story.at("2023-02-21 09:00:00");
    story.mail(|mail| {
        question(mail).from("Tư vấn <tu-van@company.example>").header("In-Reply-To", &ours.row.message_id)
    });
    story.poll().await;
    assert_eq!(story.outcome(), "question from ha-nam");
    let letters = story.letters();
    let to: Vec<(&str, &str)> = letters.iter().map(|l| (l.row.kind.as_str(), l.sent.to.as_str())).collect();
    assert_eq!(to, [("note", "an@hanam.example"), ("forward", STAFF)]);
    story.mail(|mail| reply(mail, &letters[1], "Báo cáo của Quý Cơ quan thiếu mục 4.1."));
    story.poll().await;
    story.message();
    let answer = story.letter();
    assert_eq!((answer.row.kind.as_str(), answer.sent.to.as_str()), ("answer", "an@hanam.example"));
    story.end().await;
}

#[tokio::test]
async fn a_question_that_our_server_delivers_twice_is_passed_on_once() {
    let mut story = Story::begin().await;
    let raw = story.mail(question);
    // By an alias of the mailbox: what servers wrote above it differs.
    let traced = |raw: &[u8], by: &str| [format!("Received: by {by} for <x>;\r\n").as_bytes(), raw].concat();
    story.raw(&traced(&raw, "mx2.mic.example"));
    story.poll().await;
    let outcomes: Vec<String> = story.messages().iter().map(crate::story::outcome).collect();
    let same = "(the same question came as message 1 and was passed on)";
    assert_eq!(outcomes, ["question from ha-nam".to_owned(), format!("question from ha-nam {same}")]);
    let forwards = |letters: Vec<Letter>| letters.iter().filter(|letter| letter.row.kind.as_str() == "forward").count();
    assert_eq!(forwards(story.letters()), 1);
    // The same Message-ID on another question, as some programs write, is no copy.
    story.mail(|mail| question(mail).text("Còn mục 4.2 thì sao?"));
    story.poll().await;
    assert_eq!(forwards(story.letters()), 1);
    story.messages();
    story.end().await;
}

/// What was attached to a question is our own letter: there is nothing to correct in it.
#[tokio::test]
async fn a_question_that_brings_our_letter_or_our_form_as_it_was_goes_to_staff() {
    let mut story = Story::begin().await;
    story.mail(crate::without_reason);
    story.poll().await;
    story.message();
    let ours = story.letter();
    let form = ours.mail.attachments.iter().find(|file| file.name.ends_with(".xlsx")).unwrap().bytes.clone();
    let id = &ours.row.message_id;
    let asked: [&dyn Fn(Mail) -> Mail; 2] = [
        &|mail| {
            mail.text("Ô F18 đề nghị ghi gì? Thư của Quý Cục gửi kèm.").file_of(
                "thu.eml",
                "message/rfc822",
                ours.sent.raw.clone(),
            )
        },
        &|mail| mail.text("Ô F18 đề nghị ghi gì?").header("In-Reply-To", id).file("Phu luc.xlsx", form.clone()),
    ];
    for (number, ask) in asked.into_iter().enumerate() {
        story.at(&format!("2023-02-2{} 09:00:00", number + 1));
        story.mail(|mail| ask(mail.subject("Hỏi về thư đề nghị bổ sung")));
        story.poll().await;
        assert_eq!(story.outcome(), "question from ha-nam", "{number}");
        let letters = story.letters();
        assert!(letters.iter().any(|letter| letter.sent.to == STAFF && letter.row.kind.as_str() == "forward"));
        assert!(letters.iter().all(|letter| letter.row.kind.as_str() != "correction"), "{number}");
        assert_eq!(story.versions("ha-nam").await, "1 needs_correction current");
    }
    // Who says to bring the report and forgot to fill it in is told once more what is missing.
    story.at("2023-02-23 09:00:00");
    story.mail(|mail| {
        mail.text("Gửi kèm báo cáo đã bổ sung.").header("In-Reply-To", id).file("Phu luc.xlsx", form.clone())
    });
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam needs_correction");
    assert_eq!(story.letter().row.kind.as_str(), "correction");
    story.end().await;
}

/// Staff pass our letter on to whom they like, so who quotes it is nobody yet.
#[tokio::test]
async fn who_quotes_a_letter_to_staff_is_not_the_agency() {
    let mut story = Story::begin().await;
    story.mail(question);
    story.poll().await;
    story.message();
    let forward = story.letters().into_iter().find(|letter| letter.sent.to == STAFF).unwrap();
    story.mail(|mail| {
        mail.from("tuvan@congty.example")
            .subject("Re: [BC1552] Hỏi về mục 4.1")
            .header("References", &forward.row.message_id)
            .file("Phu luc.xlsx", crate::another(0))
    });
    story.poll().await;
    assert_eq!(story.outcome().split(" (").next(), Some("report held unknown_sender accepted"));
    // A colleague's remark, which is for nobody's eyes but those of staff.
    story.mail(|mail| {
        mail.from("lan@mic.example").header("In-Reply-To", &forward.row.message_id).text("Tỉnh này ghi sai, nội bộ.")
    });
    story.poll().await;
    assert_eq!(story.outcome(), "question held unknown_sender");
    story.no_letter();
    assert_eq!(story.versions("ha-nam").await, "");
    story.end().await;
}

/// Between a question and its answer files change and addresses are blocked; whoever answers is told that nobody got it.
#[tokio::test]
async fn an_answer_that_can_reach_nobody_any_more_is_refused() {
    let mut story = Story::begin_with(Office { second_campaign: true, ..Office::default() }).await;
    story.mail(|mail| question(mail).subject("[BCTHANG] Hỏi về mục 4.1"));
    story.poll().await;
    assert_eq!(story.outcome(), "question from ha-nam");
    let forward = story.letters().remove(1);
    let file = |name: &str| story.folder.path().join("config").join(name);
    let (registry, campaign) = (file("agencies.csv"), file("campaigns/thang.toml"));
    let lines = std::fs::read_to_string(&registry).unwrap();
    let without: Vec<&str> = lines.lines().filter(|line| !line.starts_with("ha-nam,")).collect();
    std::fs::write(&registry, without.join("\n")).unwrap();
    let words = std::fs::read_to_string(&campaign).unwrap();
    for (number, said) in [
        (1, "cơ quan đã hỏi không còn trong danh sách của đợt báo cáo"),
        (2, "đợt báo cáo của thư này không còn được theo dõi (các đợt đang theo dõi: 1552)"),
    ] {
        if number == 2 {
            std::fs::remove_file(&campaign).unwrap();
        }
        let setup = Setup::load(&story.folder.path().join("config/phuluc.toml")).unwrap();
        story.desk = story.desk.with_setup(setup).await.unwrap().0;
        story.mail(|mail| reply(mail, &forward, "Ghi của cả đơn vị.").message_id(&format!("<{number}@mic.example>")));
        story.poll().await;
        story.message();
        let told = story.letter();
        assert_eq!((told.row.kind.as_str(), told.sent.to.as_str()), ("decision", STAFF));
        assert!(told.said().contains(said), "{}", told.words());
    }
    std::fs::write(&campaign, words).unwrap();
    std::fs::write(&registry, lines).unwrap();
    let setup = Setup::load(&story.folder.path().join("config/phuluc.toml")).unwrap();
    story.desk = story.desk.with_setup(setup).await.unwrap().0;
    story.mail(|mail| reply(mail, &forward, "Ghi của cả đơn vị.").message_id("<3@mic.example>"));
    story.poll().await;
    story.message();
    assert_eq!(story.letter().sent.to, "an@hanam.example");
    let refused = audit::list(&story.desk.store, None).await.unwrap();
    assert_eq!(refused.iter().filter(|entry| entry.outcome.starts_with(audit::REFUSED)).count(), 2);
    story.end().await;
}
