//! Reports that can be read: receipts, remarks, corrections, versions, and the deadline.

use crate::{
    another, complete,
    mail::Mail,
    story::{Letter, Story, data, outcome},
    without_reason,
};
use phuluc::{
    agency::Kind,
    appendix::{self, Appendix},
    form::{self, Circumstances},
    store::{
        outbox::{LetterKind, LetterState},
        reports::Verdict,
    },
};
use serde_json::Value as Json;

/// The key of a row in the table `answer`.
fn cell(section: &str, row: &str, field: &str) -> (String, String, String) {
    (section.to_owned(), row.to_owned(), field.to_owned())
}

#[tokio::test]
async fn a_complete_report_is_kept_answer_by_answer_and_receipted() {
    let mut story = Story::begin().await;
    story.mail(complete);
    let (received, delivered) = story.poll().await;
    assert_eq!((received.kept, received.handled, received.failed, received.filed), (1, 1, 0, 1));
    assert_eq!(delivered.sent, 1);
    assert_eq!(story.in_inbox(), 0);
    let message = story.message();
    assert_eq!(crate::story::outcome(&message), "report from ha-nam accepted");
    assert_eq!((message.evidence.as_deref(), message.attempts), (Some("domain"), 1));
    assert!(message.filed_at.is_some());

    let reports = story.reports("ha-nam").await;
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!((report.version, report.verdict, report.current, report.on_time), (1, Verdict::Accepted, true, true));
    assert_eq!((report.errors, report.warnings), (0, 0));
    assert_eq!(report.file_name.as_deref(), Some("Phụ lục Hà Nam.xlsx"));
    let expected: Json = serde_json::from_slice(&data("layouts/one-sheet-letter.json")).unwrap();
    let answers = report.answers.clone().unwrap();
    assert_eq!(answers["contact"], expected["answers"]["contact"]);
    assert_eq!(answers["status"][0]["owner"], expected["answers"]["status"][0]["owner"]);
    let rows = story.answers(report).await;
    let value = |key| rows[&key].as_deref();
    assert_eq!(value(cell("contact", "", "phone")), expected["answers"]["contact"]["phone"].as_str());
    assert_eq!(value(cell("contact", "", "email")), expected["answers"]["contact"]["email"].as_str());
    for row in expected["answers"]["status"].as_array().unwrap() {
        let name = row["row"].as_str().unwrap();
        assert_eq!(value(cell("status", name, "compliance")), row["compliance"].as_str(), "row {name}");
    }

    let progress = story.progress().await;
    assert_eq!((progress.counts.received, progress.counts.accepted, progress.counts.on_time), (1, 1, 1));
    let letter = story.letter();
    assert_eq!((letter.row.kind, letter.row.state, letter.row.attempts), (LetterKind::Receipt, LetterState::Sent, 1));
    assert_eq!((letter.sent.to.as_str(), letter.sent.envelope_from.as_deref()), ("an@hanam.example", None));
    assert_eq!(letter.row.message, Some(message.row.id));
    assert!(letter.mail.attachments.is_empty());
    insta::assert_snapshot!(letter.words(), @r"
    [BC1552] Xác nhận đã tiếp nhận báo cáo - Hà Nam

    Kính gửi: Ủy ban nhân dân tỉnh Hà Nam

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) xác nhận đã nhận
    được thông tin báo cáo của Quý Cơ quan theo Văn bản số 488/BTTTT-CĐSQG ngày
    15/02/2023. Báo cáo đầy đủ theo mẫu Phụ lục (10 nội dung).

    Thông tin tiếp nhận:
    - Mã tiếp nhận: 1552-ha-nam-1.
    - Thời điểm nhận: 09 giờ 00 phút ngày 20/02/2023, trong thời hạn (ngày
      28/02/2023).
    - Tệp đã tiếp nhận: Phụ lục Hà Nam.xlsx (9 KB).
    - Mã kiểm tra tệp (SHA-256, 16 ký tự đầu): bdd4476d64770fde.
    - Lần gửi: lần thứ nhất.

    Kết quả đã ghi nhận (số nội dung):
    - Đáp ứng yêu cầu theo Văn bản số 1552/BTTTT-THH: Đã đáp ứng: 0; Đáp ứng một
      phần: 05; Chưa đáp ứng: 03.
    - Phê duyệt hồ sơ cấp độ ATTT: Chưa lập, trình cấp có thẩm quyền phê duyệt:
      01; Đã trình cấp có thẩm quyền phê duyệt: 0; Đã được cấp có thẩm quyền phê
      duyệt: 01.

    Trường hợp cần điều chỉnh, đề nghị Quý Cơ quan trả lời thư này và đính kèm
    tệp thay thế; hệ thống sử dụng bản hợp lệ nhận được sau cùng.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    ");
    story.end().await;
}

#[tokio::test]
async fn a_letter_is_marked_so_that_no_machine_answers_it_and_goes_to_one_address() {
    let mut story = Story::begin().await;
    story.mail(|mail| {
        complete(mail)
            .header("Cc", "chu-tich@hanam.example, bao-chi@news.example")
            .header("Reply-To", "elsewhere@evil.example")
            .header("Disposition-Notification-To", "an@hanam.example")
            .header("References", "<first@mic.example> <middle@hanam.example>")
            .message_id("<the-report@hanam.example>")
    });
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    let letter = story.letter();
    let header = |name| letter.header(name);
    for (name, value) in [
        ("auto-submitted", Some("auto-replied")),
        ("x-auto-response-suppress", Some("OOF, AutoReply, DR, RN, NRN")),
        ("precedence", Some("bulk")),
        ("in-reply-to", Some("<the-report@hanam.example>")),
        ("references", Some("<first@mic.example> <the-report@hanam.example>")),
        ("to", Some("an@hanam.example")),
        ("date", Some("Mon, 20 Feb 2023 09:00:00 +0700")),
        ("x-phuluc", Some(story.desk.instance().as_str())),
        ("cc", None),
        ("bcc", None),
        ("reply-to", None),
        ("disposition-notification-to", None),
        ("return-receipt-to", None),
    ] {
        assert_eq!(header(name).as_deref(), value, "{name}");
    }
    assert_eq!(header("message-id").as_deref(), Some(letter.row.message_id.as_str()));
    assert!(letter.row.message_id.ends_with("@mic.example>"));
    assert_eq!(letter.row.in_reply_to.as_deref(), Some("<the-report@hanam.example>"));
    assert_eq!(letter.sent.to, "an@hanam.example");
    assert!(letter.row.subject.starts_with("[BC1552] "), "{}", letter.row.subject);
    story.end().await;
}

#[tokio::test]
async fn remarks_stand_in_the_receipt_and_the_report_is_accepted() {
    let mut story = Story::begin().await;
    story.mail(|mail| mail.file("Phu luc.xlsx", data("broken/due-missing-procured.xlsx")));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    let report = &story.reports("ha-nam").await[0];
    assert_eq!((report.errors, report.warnings), (0, 1));
    assert_eq!(story.findings(report).await[0].code, "due-missing-procured");
    let letter = story.letter();
    assert_eq!(letter.row.kind, LetterKind::Receipt);
    insta::assert_snapshot!(letter.words(), @r#"
    [BC1552] Đã tiếp nhận báo cáo, có 01 nội dung đề nghị Quý Cơ quan lưu ý - Hà Nam

    Kính gửi: Ủy ban nhân dân tỉnh Hà Nam

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) xác nhận đã nhận
    được thông tin báo cáo của Quý Cơ quan theo Văn bản số 488/BTTTT-CĐSQG ngày
    15/02/2023. Báo cáo đã được ghi nhận (10 nội dung).

    Thông tin tiếp nhận:
    - Mã tiếp nhận: 1552-ha-nam-1.
    - Thời điểm nhận: 09 giờ 00 phút ngày 20/02/2023, trong thời hạn (ngày
      28/02/2023).
    - Tệp đã tiếp nhận: Phu luc.xlsx (9 KB).
    - Mã kiểm tra tệp (SHA-256, 16 ký tự đầu): 518513a71d6508dd.
    - Lần gửi: lần thứ nhất.

    Kết quả đã ghi nhận (số nội dung):
    - Đáp ứng yêu cầu theo Văn bản số 1552/BTTTT-THH: Đã đáp ứng: 0; Đáp ứng một
      phần: 05; Chưa đáp ứng: 03.
    - Phê duyệt hồ sơ cấp độ ATTT: Chưa lập, trình cấp có thẩm quyền phê duyệt:
      01; Đã trình cấp có thẩm quyền phê duyệt: 0; Đã được cấp có thẩm quyền phê
      duyệt: 01.

    Để số liệu tổng hợp được chính xác, đề nghị Quý Cơ quan xem xét thêm 01 nội
    dung (01 vị trí) sau đây (không bắt buộc gửi lại):

    1. Đã hoàn thành mua sắm nhưng chưa ghi dự kiến thời gian đưa vào khai thác
       chính thức.
       Đề nghị: xem xét bổ sung dự kiến thời gian đưa vào khai thác chính thức.
       - Mục 4.1 "Hệ thống thông tin giải quyết thủ tục hành chính" (trang tính
         "Phụ lục", ô E22). Hiện ghi: "Hoàn thành mua sắm".

    Trường hợp cần điều chỉnh, đề nghị Quý Cơ quan trả lời thư này và đính kèm
    tệp thay thế; hệ thống sử dụng bản hợp lệ nhận được sau cùng.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
    story.end().await;
}

/// What reading the only workbook of a letter finds: codes, rows and fields.
fn findings_of_the_attachment(story: &Story, letter: &Letter) -> Vec<(String, Option<String>, Option<String>)> {
    let campaign = story.desk.setup.campaign("1552").unwrap();
    let circumstances = Circumstances { agency_kind: Some(Kind::Province), ..campaign.circumstances(None) };
    match appendix::read(&campaign.form, &letter.mail.attachments, &[], &circumstances) {
        Appendix::Report { findings, marks, .. } => {
            assert_eq!((marks.form.as_deref(), marks.agency.as_deref()), (Some("1552"), Some("ha-nam")));
            assert!(!form::accepted(&findings));
            findings.into_iter().map(|finding| (finding.code, finding.row, finding.field)).collect()
        }
        Appendix::Unreadable { reason, .. } => panic!("our own workbook cannot be read: {reason:?}"),
    }
}

#[tokio::test]
async fn errors_are_listed_with_the_marked_workbook_and_the_correction_is_accepted() {
    let mut story = Story::begin().await;
    story.mail(without_reason);
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam needs_correction");
    let report = &story.reports("ha-nam").await[0];
    let findings = story.findings(report).await;
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].code.as_str(), findings[0].row.as_deref()), ("reason-missing", Some("1.1")));
    let letter = story.letter();
    assert_eq!((letter.row.kind, letter.mail.attachments.len()), (LetterKind::Correction, 1));
    assert_eq!(letter.mail.attachments[0].name, "BC1552_ha-nam.xlsx");
    let again = findings_of_the_attachment(&story, &letter);
    let known: Vec<_> = findings.iter().map(|f| (f.code.clone(), f.row.clone(), f.field.clone())).collect();
    assert_eq!(again, known);
    insta::assert_snapshot!(letter.words(), @r#"
    [BC1552] Đề nghị rà soát, bổ sung thông tin báo cáo - Hà Nam

    Kính gửi: Ủy ban nhân dân tỉnh Hà Nam

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được báo
    cáo của Quý Cơ quan theo Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023 và trân
    trọng cảm ơn sự phối hợp của Quý Cơ quan. Qua rà soát, còn 01 nội dung (01
    vị trí) cần được bổ sung, làm rõ; các nội dung khác đã được ghi nhận. Cụ thể
    như sau:

    1. Chưa nêu nguyên nhân chưa đáp ứng hoặc đáp ứng một phần.
       Đề nghị: nêu nguyên nhân tại cột Ghi chú.
       - Mục 1.1 "Hệ thống thông tin giải quyết thủ tục hành chính" (trang tính
         "Phụ lục", ô F17). Hiện để trống.

    Để thuận tiện, kèm theo thư này là tệp "BC1552_ha-nam.xlsx": nội dung báo
    cáo của Quý Cơ quan được chuyển sang mẫu Phụ lục, các ô nêu trên đã được tô
    màu. Quý Cơ quan có thể chỉnh sửa trên tệp của mình hoặc trên tệp kèm theo,
    sau đó trả lời thư này và đính kèm tệp đã chỉnh sửa.

    Trân trọng đề nghị Quý Cơ quan gửi lại chậm nhất ngày 28/02/2023 để kịp tổng
    hợp. Văn bản hành chính đã gửi (nếu có) vẫn được ghi nhận, không cần gửi
    lại.

    Thông tin tiếp nhận:
    - Mã tiếp nhận: 1552-ha-nam-1.
    - Thời điểm nhận: 09 giờ 00 phút ngày 20/02/2023, trong thời hạn (ngày
      28/02/2023).
    - Tệp đã tiếp nhận: Phụ lục Hà Nam.xlsx (9 KB).
    - Mã kiểm tra tệp (SHA-256, 16 ký tự đầu): e09d2ee66f7be81e.
    - Lần gửi: lần thứ nhất.

    Trân trọng./.
    "#);

    story.at("2023-02-21 14:30:00");
    story.mail(complete);
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    assert_eq!(story.versions("ha-nam").await, "1 needs_correction, 2 accepted current");
    insta::assert_snapshot!(story.letter().words(), @r"
    [BC1552] Xác nhận đã tiếp nhận báo cáo - Hà Nam

    Kính gửi: Ủy ban nhân dân tỉnh Hà Nam

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) xác nhận đã nhận
    được thông tin báo cáo của Quý Cơ quan theo Văn bản số 488/BTTTT-CĐSQG ngày
    15/02/2023. Báo cáo đầy đủ theo mẫu Phụ lục (10 nội dung).

    Thông tin tiếp nhận:
    - Mã tiếp nhận: 1552-ha-nam-2.
    - Thời điểm nhận: 14 giờ 30 phút ngày 21/02/2023, trong thời hạn (ngày
      28/02/2023).
    - Tệp đã tiếp nhận: Phụ lục Hà Nam.xlsx (9 KB).
    - Mã kiểm tra tệp (SHA-256, 16 ký tự đầu): bdd4476d64770fde.
    - Lần gửi: lần thứ 2, thay thế bản nhận lúc 09 giờ 00 phút ngày 20/02/2023.
    - So với bản gửi trước: đã bổ sung: mục 1.1.

    Kết quả đã ghi nhận (số nội dung):
    - Đáp ứng yêu cầu theo Văn bản số 1552/BTTTT-THH: Đã đáp ứng: 0; Đáp ứng một
      phần: 05; Chưa đáp ứng: 03.
    - Phê duyệt hồ sơ cấp độ ATTT: Chưa lập, trình cấp có thẩm quyền phê duyệt:
      01; Đã trình cấp có thẩm quyền phê duyệt: 0; Đã được cấp có thẩm quyền phê
      duyệt: 01.

    Trường hợp cần điều chỉnh, đề nghị Quý Cơ quan trả lời thư này và đính kèm
    tệp thay thế; hệ thống sử dụng bản hợp lệ nhận được sau cùng.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    ");
    story.end().await;
}

#[tokio::test]
async fn the_marked_workbook_of_every_broken_form_has_the_errors_of_the_report() {
    let mut story = Story::begin().await;
    let names = [
        "phone-invalid-words",
        "compliance-options-3",
        "row-missing-2",
        "systems-missing",
        "decision-example",
        "due-unknown-2",
        "ratios-missing",
        "owner-missing-5-1-profile",
    ];
    for (day, name) in names.iter().enumerate() {
        // A letter a day, so that no limit is met.
        story.at(&format!("2023-02-{:02} 09:00:00", 10 + day));
        story.mail(|mail| mail.file("Phu luc.xlsx", data(&format!("broken/{name}.xlsx"))));
        story.poll().await;
        assert_eq!(story.outcome(), "report from ha-nam needs_correction", "{name}");
        let letter = story.letter();
        let report = story.reports("ha-nam").await.pop().unwrap();
        // Printed text that was left untouched is not sent back: the cell is blank and waits for a choice.
        let shown = |code: &str| code.replace("-options", "-missing").replace("-example", "-missing");
        let mut known: Vec<_> =
            story.findings(&report).await.into_iter().map(|f| (shown(&f.code), f.row, f.field)).collect();
        let found = findings_of_the_attachment(&story, &letter).into_iter();
        let mut again: Vec<_> = found.map(|(code, row, field)| (shown(&code), row, field)).collect();
        if name.starts_with("row-missing") {
            // Our form has the row, so what is asked for are its cells.
            again.iter_mut().chain(&mut known).for_each(|found| (found.0, found.2) = (String::new(), None));
        }
        known.sort();
        again.sort();
        again.dedup();
        assert_eq!(again, known, "{name}");
    }
    story.end().await;
}

#[tokio::test]
async fn a_rejected_file_never_displaces_an_accepted_one() {
    let mut story = Story::begin().await;
    story.mail(complete);
    story.poll().await;
    story.mail(without_reason);
    story.poll().await;
    story.mail(|mail| mail.file("ke hoach.xlsx", data("unreadable/budget.xlsx")));
    story.poll().await;
    let outcomes: Vec<String> = story.messages().iter().map(crate::story::outcome).collect();
    assert_eq!(
        outcomes,
        [
            "report from ha-nam accepted",
            "report from ha-nam needs_correction",
            "report from ha-nam unreadable not_the_form"
        ]
    );
    assert_eq!(story.versions("ha-nam").await, "1 accepted current, 2 needs_correction");
    let progress = story.progress().await;
    assert_eq!((progress.counts.accepted, progress.counts.needs_correction), (1, 0));
    let kinds: Vec<_> = story.letters().iter().map(|letter| letter.row.kind).collect();
    assert_eq!(kinds, [LetterKind::Receipt, LetterKind::Correction, LetterKind::Unreadable]);
    story.end().await;
}

#[tokio::test]
async fn of_two_accepted_reports_the_later_one_counts() {
    let mut story = Story::begin().await;
    story.mail(complete);
    story.poll().await;
    story.at("2023-02-22 08:00:00");
    story.mail(|mail| mail.file("Phụ lục mới.xlsx", another(0)));
    story.poll().await;
    assert_eq!(story.messages().len(), 2);
    assert_eq!(story.versions("ha-nam").await, "1 accepted, 2 accepted current");
    let progress = story.progress().await;
    let ha_nam = progress.agencies.iter().find(|agency| agency.agency == "ha-nam").unwrap();
    assert_eq!(ha_nam.versions, 2);
    assert_eq!(ha_nam.first_received_at.as_deref(), Some("2023-02-20T09:00:00+07:00"));
    // Punctual is who was complete in time, not who improved afterwards.
    assert_eq!(ha_nam.accepted_at.as_deref(), Some("2023-02-20T09:00:00+07:00"));
    let letters = story.letters();
    assert_eq!(letters.len(), 2);
    assert!(letters[1].words().contains("lần thứ 2, thay thế bản nhận lúc 09 giờ 00 phút ngày 20/02/2023"));
    story.end().await;
}

#[tokio::test]
async fn the_deadlines_last_second_is_in_time_and_the_next_is_late() {
    let mut story = Story::begin().await;
    for (agency, at, on_time) in [
        ("ha-nam", "2023-02-28 23:59:59", true),
        ("nghe-an", "2023-03-01 00:00:00", false),
        ("lao-cai", "2023-03-01 00:00:01", false),
    ] {
        story.at(at);
        let from = format!("a@{}.example", agency.replace('-', ""));
        story.mail(|mail| complete(mail).from(&from));
        story.poll().await;
        assert_eq!(story.outcome(), format!("report from {agency} accepted"));
        assert_eq!(story.reports(agency).await[0].on_time, on_time, "{at}");
        let words = story.letter().words().split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words.contains("trong thời hạn"), on_time, "{words}");
        assert_eq!(words.contains("sau thời hạn"), !on_time, "{words}");
    }
    let progress = story.progress().await;
    assert_eq!((progress.counts.on_time, progress.counts.late), (1, 2));
    assert_eq!(progress.counts.overdue, progress.counts.expected - 3);
    story.end().await;
}

#[tokio::test]
async fn lateness_is_when_our_server_had_it_not_when_we_read_it_or_what_the_sender_says() {
    let mut story = Story::begin().await;
    story.at("2023-03-06 08:00:00");
    // The daemon was away for a week; the mail came in time.
    story.mail(|mail| complete(mail).arrived("2023-02-28T23:00:00+07:00"));
    // A trace of another host says what its sender likes.
    story.mail(|mail| {
        complete(mail)
            .from("a@nghean.example")
            .header("Received", "from x by mx.evil.test; Mon, 20 Feb 2023 09:00:00 +0700")
    });
    // A clock that runs ahead makes nobody late in the future.
    story.mail(|mail| complete(mail).from("a@laocai.example").arrived("2024-01-01T00:00:00+07:00"));
    story.poll().await;
    assert_eq!(story.messages().len(), 3);
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    assert_eq!(story.versions("nghe-an").await, "1 accepted late current");
    let report = &story.reports("lao-cai").await[0];
    assert_eq!(report.received_at, story.desk.clock.now());
    let letters = story.letters();
    assert_eq!(letters.len(), 3);
    insta::assert_snapshot!(letters[1].words(), @r"
    [BC1552] Xác nhận đã tiếp nhận báo cáo - Nghệ An

    Kính gửi: Ủy ban nhân dân tỉnh Nghệ An

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) xác nhận đã nhận
    được thông tin báo cáo của Quý Cơ quan theo Văn bản số 488/BTTTT-CĐSQG ngày
    15/02/2023. Báo cáo đầy đủ theo mẫu Phụ lục (10 nội dung).

    Thông tin tiếp nhận:
    - Mã tiếp nhận: 1552-nghe-an-2.
    - Thời điểm nhận: 08 giờ 00 phút ngày 06/3/2023, sau thời hạn ngày
      28/02/2023 (04 ngày làm việc).
    - Tệp đã tiếp nhận: Phụ lục Hà Nam.xlsx (9 KB).
    - Mã kiểm tra tệp (SHA-256, 16 ký tự đầu): bdd4476d64770fde.
    - Lần gửi: lần thứ nhất.

    Kết quả đã ghi nhận (số nội dung):
    - Đáp ứng yêu cầu theo Văn bản số 1552/BTTTT-THH: Đã đáp ứng: 0; Đáp ứng một
      phần: 05; Chưa đáp ứng: 03.
    - Phê duyệt hồ sơ cấp độ ATTT: Chưa lập, trình cấp có thẩm quyền phê duyệt:
      01; Đã trình cấp có thẩm quyền phê duyệt: 0; Đã được cấp có thẩm quyền phê
      duyệt: 01.

    Trường hợp cần điều chỉnh, đề nghị Quý Cơ quan trả lời thư này và đính kèm
    tệp thay thế; hệ thống sử dụng bản hợp lệ nhận được sau cùng.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    ");
    story.end().await;
}

#[tokio::test]
async fn of_several_files_the_form_is_read_and_the_others_are_named() {
    let mut story = Story::begin().await;
    story.mail(|mail| {
        complete(mail)
            .file_of("CV 123-UBND (ký số).pdf", "application/pdf", data("unreadable/scan.pdf"))
            .file("du toan.xlsx", data("unreadable/budget.xlsx"))
    });
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    let words = story.letter().words();
    assert!(words.replace("\n ", "").contains("CV 123-UBND (ký số).pdf"), "{words}");
    assert_eq!(story.reports("ha-nam").await[0].file_name.as_deref(), Some("Phụ lục Hà Nam.xlsx"));
    story.end().await;
}

#[tokio::test]
async fn what_is_read_ahead_comes_out_as_if_each_mail_had_come_alone() {
    type Write = fn(Mail) -> Mail;
    // Neighbours that depend on each other: versions of one agency, from two addresses; the same bytes; a question; a
    // mail that nobody knows.
    let mails: [Write; 10] = [
        without_reason,
        complete,
        |mail| complete(mail).from("b@hanam.example"),
        |mail| complete(mail).from("a@nghean.example"),
        without_reason,
        |mail| mail.text("Xin hỏi hạn nộp báo cáo?").from("a@nghean.example"),
        |mail| mail.file("Phụ lục mới.xlsx", another(1)).from("a@nghean.example"),
        |mail| complete(mail).from("a@laocai.example"),
        |mail| complete(mail).from("nobody@nowhere.example"),
        |mail| mail.file("Phụ lục mới.xlsx", another(2)).from("a@laocai.example"),
    ];
    let mut told = Vec::new();
    for together in [false, true] {
        let mut story = Story::begin().await;
        for write in mails {
            let raw = story.mail(write);
            if !together {
                story.poll().await;
            }
            story.raw(&raw);
            if !together {
                story.poll().await;
            }
        }
        let (received, _) = story.poll().await;
        assert_eq!(received.handled, if together { 20 } else { 0 });
        let mut lines: Vec<String> = story.messages().iter().map(outcome).collect();
        for agency in ["ha-nam", "nghe-an", "lao-cai"] {
            lines.push(format!("{agency}: {}", story.versions(agency).await));
        }
        let letters = story.letters();
        lines.extend(letters.iter().map(|letter| format!("{:?} to {}", letter.row.kind, letter.row.recipient)));
        told.push(lines);
        story.end().await;
    }
    assert_eq!(told[0], told[1]);
    assert!(told[0].len() > 25, "{:#?}", told[0]);
}
