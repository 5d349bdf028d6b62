//! The words of every letter, as its sample renders them.

use crate::sample;
use phuluc::letter::LetterKind;

/// What stands under every letter.
pub const ENDING: &str = "\nBộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia)
Đầu mối hỗ trợ: điện thoại 024 0000 0000 (giờ hành chính)
Thư tự động, không thay thế văn bản hành chính.
Mã trao đổi (đề nghị giữ nguyên khi trả lời): #1552-ha-noi-7
";

/// The same under a letter to staff, which belongs to no correspondence with an agency.
pub const STAFF_ENDING: &str = "\nBộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia)
Đầu mối hỗ trợ: điện thoại 024 0000 0000 (giờ hành chính)
Thư tự động, không thay thế văn bản hành chính.
";

/// Subject and text without the ending; zero-width spaces are shown as `|`.
fn said(kind: LetterKind) -> String {
    let letter = sample(kind);
    let ending = if kind.to_staff() { STAFF_ENDING } else { ENDING };
    let text = letter.text.strip_suffix(ending).expect("every letter has the same ending");
    format!("{}\n\n{text}", letter.subject).replace('\u{200B}', "|")
}

#[test]
fn receipt() {
    insta::assert_snapshot!(said(LetterKind::Receipt), @r#"
    [BC1552] Xác nhận đã tiếp nhận báo cáo - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) xác nhận đã nhận
    được thông tin báo cáo của Quý Cơ quan theo Văn bản số 488/BTTTT-CĐSQG ngày
    15/02/2023. Báo cáo đầy đủ theo mẫu Phụ lục (14 nội dung).

    Thông tin tiếp nhận:
    - Mã tiếp nhận: 1552-ha-noi-7.
    - Thời điểm nhận: 10 giờ 05 phút ngày 20/02/2023, trong thời hạn (ngày
      28/02/2023).
    - Tệp đã tiếp nhận: Phu luc 1552 - Ha Noi.xlsx (45 KB).
    - Mã kiểm tra tệp (SHA-256, 16 ký tự đầu): 9f86d081884c7d65.
    - Lần gửi: lần thứ 2, thay thế bản nhận lúc 09 giờ 12 phút ngày 18/02/2023.
    - So với bản gửi trước: đã bổ sung: mục 1.2; "Số điện thoại".
    - Văn bản kèm theo đã được ghi nhận: văn bản số 123/BC-UBND ngày 17/02/2023
      (CV 123-UBND.pdf, 1,2 MB).

    Kết quả đã ghi nhận (số nội dung):
    - Đáp ứng yêu cầu theo Văn bản số 1552/BTTTT-THH: Đã đáp ứng: 05; Đáp ứng
      một phần: 04; Chưa đáp ứng: 03.
    - Phê duyệt hồ sơ cấp độ ATTT: Chưa lập, trình cấp có thẩm quyền phê duyệt:
      0; Đã trình cấp có thẩm quyền phê duyệt: 01; Đã được cấp có thẩm quyền phê
      duyệt: 01.

    Trường hợp cần điều chỉnh, đề nghị Quý Cơ quan trả lời thư này và đính kèm
    tệp thay thế; hệ thống sử dụng bản hợp lệ nhận được sau cùng.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn receipt_remarks() {
    insta::assert_snapshot!(said(LetterKind::ReceiptRemarks), @r#"
    [BC1552] Đã tiếp nhận báo cáo, có 01 nội dung đề nghị Quý Cơ quan lưu ý - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) xác nhận đã nhận
    được thông tin báo cáo của Quý Cơ quan theo Văn bản số 488/BTTTT-CĐSQG ngày
    15/02/2023. Báo cáo đã được ghi nhận (14 nội dung).

    Thông tin tiếp nhận:
    - Mã tiếp nhận: 1552-ha-noi-7.
    - Thời điểm nhận: 15 giờ 40 phút ngày 02/3/2023, sau thời hạn ngày
      28/02/2023 (02 ngày làm việc).
    - Tệp đã tiếp nhận: Phu luc 1552 - Ha Noi.xlsx (45 KB).
    - Mã kiểm tra tệp (SHA-256, 16 ký tự đầu): 9f86d081884c7d65.
    - Lần gửi: lần thứ nhất.

    Kết quả đã ghi nhận (số nội dung):
    - Đáp ứng yêu cầu theo Văn bản số 1552/BTTTT-THH: Đã đáp ứng: 05; Đáp ứng
      một phần: 04; Chưa đáp ứng: 03.
    - Phê duyệt hồ sơ cấp độ ATTT: Chưa lập, trình cấp có thẩm quyền phê duyệt:
      0; Đã trình cấp có thẩm quyền phê duyệt: 01; Đã được cấp có thẩm quyền phê
      duyệt: 01.

    Để số liệu tổng hợp được chính xác, đề nghị Quý Cơ quan xem xét thêm 01 nội
    dung (01 vị trí) sau đây (không bắt buộc gửi lại):

    1. Đã ghi "Hoàn thành mua sắm" nhưng chưa ghi thời gian đưa vào khai thác.
       Đề nghị: bổ sung thời gian dự kiến (nếu có).
       - Mục 4.1 "Hệ thống thông tin giải quyết thủ tục hành chính" (trang tính
         "2. Hiện trạng", ô E21). Hiện ghi: "Hoàn thành mua sắm".

    Trường hợp cần điều chỉnh, đề nghị Quý Cơ quan trả lời thư này và đính kèm
    tệp thay thế; hệ thống sử dụng bản hợp lệ nhận được sau cùng.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn correction() {
    insta::assert_snapshot!(said(LetterKind::Correction), @r#"
    [BC1552] Đề nghị rà soát, bổ sung thông tin báo cáo - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được báo
    cáo của Quý Cơ quan theo Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023 và trân
    trọng cảm ơn sự phối hợp của Quý Cơ quan. Qua rà soát, còn 03 nội dung (04
    vị trí) cần được bổ sung, làm rõ; các nội dung khác đã được ghi nhận. Cụ thể
    như sau:

    1. Ô còn nguyên các phương án của mẫu.
       Đề nghị: giữ lại một phương án.
       - Mục 2 "Hệ thống thông tin giải quyết thủ tục hành chính cấp bộ/cấp tỉnh
         trên cơ sở hợp nhất…" (trang tính "2. Hiện trạng", ô D14). Hiện ghi:
         "Đã đáp ứng / Đáp ứng một phần / Chưa đáp ứng".
       - Mục 4.3 "Cơ sở dữ liệu đất đai" (trang tính "2. Hiện trạng", ô D22).
         Hiện ghi: "Đã đáp ứng / Đáp ứng một phần / Chưa đáp ứng".

    2. Đã chọn "Chưa đáp ứng" nhưng chưa nêu nguyên nhân.
       Đề nghị: nêu nguyên nhân tại cột "Ghi chú".
       - Mục 1.2 "Hệ thống báo cáo của thành phố" (trang tính "2. Hiện trạng", ô
         F12). Hiện để trống.

    3. Địa chỉ thư điện tử chưa đúng định dạng.
       Đề nghị: kiểm tra lại, ghi đủ tên và tên miền.
       - "Email" (trang tính "1. Đầu mối", ô B9). Hiện ghi:
         "can-bo.|hanoi.|example".

    Ngoài ra, đề nghị Quý Cơ quan lưu ý thêm (không bắt buộc chỉnh sửa):

    1. Thời gian dự kiến hoàn thành sau năm 2030.
       Đề nghị: kiểm tra lại.
       - Mục 3 "Trang thiết bị phục vụ hoạt động của Bộ phận một cửa các cấp"
         (trang tính "2. Hiện trạng", ô E16). Hiện ghi: "tháng 6/2032".

    Để thuận tiện, kèm theo thư này là tệp "BC1552_ha-noi.xlsx": nội dung báo
    cáo của Quý Cơ quan được chuyển sang mẫu Phụ lục, các ô nêu trên đã được tô
    màu. Quý Cơ quan có thể chỉnh sửa trên tệp của mình hoặc trên tệp kèm theo,
    sau đó trả lời thư này và đính kèm tệp đã chỉnh sửa.

    Trân trọng đề nghị Quý Cơ quan gửi lại chậm nhất ngày 23/02/2023 để kịp tổng
    hợp. Văn bản hành chính đã gửi (nếu có) vẫn được ghi nhận, không cần gửi
    lại.

    Thông tin tiếp nhận:
    - Mã tiếp nhận: 1552-ha-noi-7.
    - Thời điểm nhận: 10 giờ 05 phút ngày 20/02/2023, trong thời hạn (ngày
      28/02/2023).
    - Tệp đã tiếp nhận: Phu luc 1552 - Ha Noi.xlsx (45 KB).
    - Mã kiểm tra tệp (SHA-256, 16 ký tự đầu): 9f86d081884c7d65.
    - Lần gửi: lần thứ nhất.

    Trân trọng./.
    "#);
}

#[test]
fn no_workbook() {
    insta::assert_snapshot!(said(LetterKind::NoWorkbook), @r#"
    [BC1552] Đề nghị gửi Phụ lục dưới dạng tệp bảng tính - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được thư
    của Quý Cơ quan lúc 10 giờ 05 phút ngày 20/02/2023 về nội dung báo cáo theo
    Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023. Trong thư chưa tìm thấy tệp bảng
    tính của Phụ lục. Thư và các tệp kèm theo (nếu có) vẫn được ghi nhận.

    Để phục vụ tổng hợp, trân trọng đề nghị Quý Cơ quan:
    1. Mở tệp "BC1552_ha-noi.xlsx" kèm theo thư này (mẫu Phụ lục đã ghi sẵn tên
       cơ quan).
    2. Điền thông tin hoặc sao chép nội dung đã có vào mẫu.
    3. Trả lời thư này và đính kèm tệp đã điền, chậm nhất ngày 28/02/2023.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn document_only() {
    insta::assert_snapshot!(said(LetterKind::DocumentOnly), @r#"
    [BC1552] Đã nhận văn bản, đề nghị gửi bổ sung Phụ lục dưới dạng tệp bảng tính - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được văn
    bản của Quý Cơ quan trả lời Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023, gửi
    đến lúc 10 giờ 05 phút ngày 20/02/2023: CV 123-UBND.pdf (1,2 MB); Phu
    luc.docx (38 KB). Văn bản đã được ghi nhận, không cần gửi lại.

    Hệ thống tổng hợp số liệu từ tệp bảng tính của Phụ lục và chưa tìm thấy tệp
    này trong thư. Để phục vụ tổng hợp, trân trọng đề nghị Quý Cơ quan gửi bổ
    sung Phụ lục dưới dạng tệp bảng tính:
    1. Mở tệp "BC1552_ha-noi.xlsx" kèm theo thư này (mẫu Phụ lục đã ghi sẵn tên
       cơ quan).
    2. Điền thông tin hoặc sao chép nội dung đã có vào mẫu.
    3. Trả lời thư này và đính kèm tệp đã điền, chậm nhất ngày 28/02/2023.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn legacy_word() {
    insta::assert_snapshot!(said(LetterKind::LegacyWord), @r#"
    [BC1552] Đề nghị gửi Phụ lục dưới dạng tệp bảng tính - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được tệp
    "Phu luc 1552.doc" của Quý Cơ quan lúc 10 giờ 05 phút ngày 20/02/2023. Tệp ở
    định dạng Word cũ (.doc), hệ thống chưa đọc được số liệu từ định dạng này.
    Tệp vẫn được ghi nhận, không cần gửi lại.

    Để phục vụ tổng hợp báo cáo theo Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023,
    trân trọng đề nghị Quý Cơ quan gửi bổ sung Phụ lục dưới dạng tệp bảng tính:
    1. Mở tệp "BC1552_ha-noi.xlsx" kèm theo thư này (mẫu Phụ lục đã ghi sẵn tên
       cơ quan).
    2. Điền thông tin hoặc sao chép nội dung đã có vào mẫu.
    3. Trả lời thư này và đính kèm tệp đã điền, chậm nhất ngày 23/02/2023.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn encrypted() {
    insta::assert_snapshot!(said(LetterKind::Encrypted), @r#"
    [BC1552] Đề nghị gửi lại Phụ lục không đặt mật khẩu - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được tệp
    "Phu luc 1552 - Ha Noi.xlsx" của Quý Cơ quan lúc 10 giờ 05 phút ngày
    20/02/2023. Tệp chưa mở được do có đặt mật khẩu.

    Trân trọng đề nghị Quý Cơ quan bỏ mật khẩu của tệp (trong Excel: chọn Tệp,
    Thông tin, Bảo vệ Sổ làm việc, Mã hóa bằng mật khẩu; xóa mật khẩu rồi lưu
    lại), sau đó trả lời thư này và đính kèm tệp, chậm nhất ngày 23/02/2023. Đề
    nghị không gửi mật khẩu qua thư điện tử.

    Quý Cơ quan cũng có thể điền thông tin vào tệp "BC1552_ha-noi.xlsx" kèm theo
    thư này.

    Trường hợp tệp có nội dung thuộc phạm vi bí mật nhà nước, đề nghị Quý Cơ
    quan gửi theo quy định về bảo vệ bí mật nhà nước, không gửi qua thư điện tử.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn not_the_form() {
    insta::assert_snapshot!(said(LetterKind::NotTheForm), @r#"
    [BC1552] Đề nghị gửi Phụ lục theo mẫu - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được tệp
    "Phu luc 1552 - Ha Noi.xlsx" của Quý Cơ quan lúc 10 giờ 05 phút ngày
    20/02/2023. Trong tệp chưa tìm thấy các đề mục của mẫu Phụ lục kèm theo Văn
    bản số 488/BTTTT-CĐSQG ngày 15/02/2023; có thể một tệp khác đã được đính
    kèm. Tệp vẫn được lưu.

    Trường hợp đúng là tệp báo cáo, đề nghị Quý Cơ quan giữ nguyên tiêu đề các
    phần, các cột và số thứ tự của mẫu. Để phục vụ tổng hợp, trân trọng đề nghị
    Quý Cơ quan:
    1. Mở tệp "BC1552_ha-noi.xlsx" kèm theo thư này (mẫu Phụ lục đã ghi sẵn tên
       cơ quan).
    2. Điền thông tin hoặc sao chép nội dung đã có vào mẫu.
    3. Trả lời thư này và đính kèm tệp đã điền, chậm nhất ngày 23/02/2023.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn other_campaign() {
    insta::assert_snapshot!(said(LetterKind::OtherCampaign), @r#"
    [BC1552] Tệp đã nhận là mẫu của đợt báo cáo khác - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được tệp
    "Phu luc 1552 - Ha Noi.xlsx" của Quý Cơ quan lúc 10 giờ 05 phút ngày
    20/02/2023. Tệp này theo mẫu của một đợt báo cáo khác (mẫu 2669), nên chưa
    được tính vào đợt báo cáo theo Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023.
    Tệp vẫn được lưu.

    Để phục vụ tổng hợp đợt báo cáo này, trân trọng đề nghị Quý Cơ quan:
    1. Mở tệp "BC1552_ha-noi.xlsx" kèm theo thư này (mẫu Phụ lục đã ghi sẵn tên
       cơ quan).
    2. Điền thông tin hoặc sao chép nội dung đã có vào mẫu.
    3. Trả lời thư này và đính kèm tệp đã điền, chậm nhất ngày 23/02/2023.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn blank_form() {
    insta::assert_snapshot!(said(LetterKind::BlankForm), @r#"
    [BC1552] Phụ lục đã nhận chưa có nội dung - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được tệp
    "Phu luc 1552 - Ha Noi.xlsx" của Quý Cơ quan lúc 10 giờ 05 phút ngày
    20/02/2023. Tệp đúng mẫu Phụ lục kèm theo Văn bản số 488/BTTTT-CĐSQG ngày
    15/02/2023, nhưng các ô mới chỉ có phần in sẵn của mẫu; có thể bản chưa điền
    đã được đính kèm thay cho bản đã điền.

    Trân trọng đề nghị Quý Cơ quan kiểm tra và trả lời thư này, đính kèm tệp đã
    điền, chậm nhất ngày 23/02/2023. Quý Cơ quan cũng có thể điền vào tệp
    "BC1552_ha-noi.xlsx" kèm theo thư này (mẫu Phụ lục đã ghi sẵn tên cơ quan).

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn damaged() {
    insta::assert_snapshot!(said(LetterKind::Damaged), @r#"
    [BC1552] Đề nghị gửi lại tệp Phụ lục - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được tệp
    "Phu luc 1552.xls" của Quý Cơ quan lúc 10 giờ 05 phút ngày 20/02/2023. Hệ
    thống chưa đọc được tệp này; có thể tệp bị lỗi trong quá trình gửi, nhận
    hoặc có thành phần mà hệ thống chưa hỗ trợ. Tệp đã được lưu để cán bộ xem
    xét.

    Trân trọng đề nghị Quý Cơ quan mở lại tệp bằng Excel, lưu thành tệp mới
    (định dạng .xlsx), sau đó trả lời thư này và đính kèm tệp vừa lưu, chậm nhất
    ngày 23/02/2023. Quý Cơ quan cũng có thể điền thông tin vào tệp
    "BC1552_ha-noi.xlsx" kèm theo thư này (mẫu Phụ lục đã ghi sẵn tên cơ quan).

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn too_large() {
    insta::assert_snapshot!(said(LetterKind::TooLarge), @r#"
    [BC1552] Thư đã nhận vượt dung lượng tiếp nhận - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được thư
    của Quý Cơ quan lúc 10 giờ 05 phút ngày 20/02/2023. Thư có dung lượng 64 MB,
    vượt mức hệ thống có thể đọc (50 MB), nên số liệu chưa được ghi nhận.

    Trân trọng đề nghị Quý Cơ quan trả lời thư này và chỉ đính kèm tệp bảng tính
    của Phụ lục, không kèm hình ảnh hoặc bản quét, chậm nhất ngày 23/02/2023.
    Quý Cơ quan có thể điền thông tin vào tệp "BC1552_ha-noi.xlsx" kèm theo thư
    này (mẫu Phụ lục đã ghi sẵn tên cơ quan). Văn bản ký số có dung lượng lớn có
    thể gửi qua Trục liên thông văn bản quốc gia.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn neutral() {
    insta::assert_snapshot!(said(LetterKind::Neutral), @r#"
    [BC1552] Đã nhận được thư của Quý Cơ quan - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được thư
    của Quý Cơ quan lúc 10 giờ 05 phút ngày 20/02/2023 trong đợt báo cáo theo
    Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023.

    Thư đã được lưu và đang được cán bộ phụ trách xem xét; Quý Cơ quan không cần
    gửi lại.

    Trường hợp Quý Cơ quan không gửi thư nêu trên, đề nghị thông tin lại bằng
    cách trả lời thư này hoặc liên hệ đầu mối dưới đây.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn kept() {
    insta::assert_snapshot!(said(LetterKind::Kept), @r"
    [BC1552] Đã nhận được thư của Quý Cơ quan, không cần gửi bổ sung - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được văn
    bản của Quý Cơ quan trả lời Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023, gửi
    đến lúc 10 giờ 05 phút ngày 20/02/2023: văn bản số 123/BC-UBND ngày
    17/02/2023 (CV 123-UBND.pdf, 1,2 MB). Văn bản đã được ghi nhận, không cần
    gửi lại.

    Báo cáo hợp lệ của Quý Cơ quan nhận lúc 09 giờ 12 phút ngày 18/02/2023 vẫn
    được sử dụng để tổng hợp; Quý Cơ quan không cần gửi lại Phụ lục, trừ trường
    hợp muốn điều chỉnh báo cáo.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    ");
}

#[test]
fn alert() {
    insta::assert_snapshot!(said(LetterKind::Alert), @r"
    [Cảnh báo] Hộp thư tiếp nhận báo cáo không truy cập được

    Kính gửi: Cán bộ phụ trách tiếp nhận báo cáo

    Hệ thống không truy cập được hộp thư tiếp nhận báo cáo từ lúc 08 giờ 20 phút
    ngày 20/02/2023 (đã 31 phút). Trong thời gian này, thư của các cơ quan vẫn
    nằm trên máy chủ thư, chưa được tiếp nhận và chưa có thư trả lời.

    Đề nghị chuyển thông tin này cho đơn vị quản trị hệ thống thư để kiểm tra.
    Hệ thống tiếp tục tự kết nối lại và sẽ thông báo khi hoạt động bình thường.

    Thông báo kỹ thuật (chuyển cho đơn vị quản trị): connecting: no answer in
    time.

    Trân trọng./.
    ");
}

#[test]
fn all_clear() {
    insta::assert_snapshot!(said(LetterKind::AllClear), @r"
    [Đã khắc phục] Hộp thư tiếp nhận báo cáo đã hoạt động trở lại

    Kính gửi: Cán bộ phụ trách tiếp nhận báo cáo

    Hộp thư tiếp nhận báo cáo đã truy cập được trở lại lúc 09 giờ 05 phút ngày
    20/02/2023, sau khi gián đoạn từ lúc 08 giờ 20 phút ngày 20/02/2023. Thư đến
    trong thời gian gián đoạn đang được tiếp nhận, thời điểm nhận ghi theo máy
    chủ thư.

    Trân trọng./.
    ");
}

#[test]
fn digest() {
    insta::assert_snapshot!(said(LetterKind::Digest), @r#"
    [BC1552] Bản tin tổng hợp ngày 21/02/2023: đã nhận 13/92 cơ quan

    Kính gửi: Lãnh đạo và cán bộ phụ trách tiếp nhận báo cáo

    Đã nhận 13/92 cơ quan (14,1%)
    - Hợp lệ: 10 (đúng hạn 10, sau thời hạn 0).
    - Đang đề nghị bổ sung: 3.
    - Chưa nhận được: 74 (trong đó 01 cơ quan đã gửi nhưng chưa có báo cáo đọc
      được).
    - Không liên lạc được: 5.
    - Thời hạn: ngày 28/02/2023 (còn 05 ngày làm việc).
    - Cần cán bộ xử lý: 6 việc.

    I. Nội dung cần cán bộ xử lý

    Không liên lạc được qua thư điện tử: Cà Mau, Sóc Trăng và 3 cơ quan khác
    (xem tệp kèm theo). Thư gửi đến mọi địa chỉ đã biết đều bị trả lại, hệ thống
    tạm ngừng gửi thư nhắc; đề nghị liên hệ bằng cách khác và bổ sung địa chỉ.

    Thư đang chờ quyết định:
    - Thư số 17, 15 giờ 10 phút ngày 20/02/2023: người gửi không có trong danh
      sách. Người gửi: Nguyễn Văn B <b@|thu-rieng.|example>. Tiêu đề: "Gửi báo
      cáo". Có thể của: Hà Giang.
    - Thư số 18, 16 giờ 02 phút ngày 20/02/2023: tệp không mở được. Người gửi:
      Văn thư <vt@|hagiang.|example>. Tiêu đề: "Phụ lục". Có thể của: Hà Giang.
    - … và 2 thư khác.
    - Cách xử lý: mở bản HTML của thư này và chọn liên kết dưới từng thư.

    Thư gửi đi không thành công hoặc chưa rõ kết quả:
    - Thư số 31 (xác nhận tiếp nhận) gửi Hà Nội: chưa rõ đã đến hay chưa, hệ
      thống không tự gửi lại.
    - Thư số 32 (nhắc báo cáo) gửi Cà Mau: không gửi được.

    Địa chỉ không nhận được thư:
    - Cà Mau (v***@|camau.|example), tạm ngừng gửi đến ngày 20/4/2023.

    Đã gửi nhưng chưa có báo cáo đọc được (đã đề nghị gửi lại): Hòa Bình (từ
    ngày 20/02/2023).

    Số thư trên máy chủ và số thư đã ghi nhận lệch nhau 2 thư, từ 06 giờ 00 phút
    ngày 21/02/2023. Có 1 thư chờ đọc hơn một giờ. Đề nghị chuyển đơn vị quản
    trị hệ thống kiểm tra.

    II. Phát sinh từ 07 giờ 30 phút ngày 20/02/2023

    - Hà Nam: hợp lệ, 14 giờ 05 phút ngày 20/02/2023.
    - Nghệ An: đang đề nghị bổ sung, lần gửi 2, 08 giờ 31 phút ngày 20/02/2023.
    - … và 1 báo cáo khác (xem tệp kèm theo).
    Thư đến: 3 báo cáo; 1 thư hỏi, trao đổi; 2 thư tự động.

    III. Tiến độ theo khối

    - Bộ, ngành: đã nhận 4/29 (13,8%); hợp lệ 3, đang bổ sung 1, chưa nhận được
      25.
    - Địa phương: đã nhận 9/63 (14,3%); hợp lệ 7, đang bổ sung 2, chưa nhận được
      49 (trong đó 01 cơ quan đã gửi nhưng chưa có báo cáo đọc được), không liên
      lạc được 5.

    IV. Cơ quan chưa gửi, đang bổ sung

    Bộ, ngành chưa gửi (25): Bộ Quốc phòng, Bộ Công an, Bộ Ngoại giao và 22 cơ
    quan khác (xem tệp kèm theo).

    Địa phương chưa gửi (48): An Giang, Bạc Liêu và 46 cơ quan khác (xem tệp kèm
    theo).

    Đang đề nghị bổ sung: Nghệ An (từ ngày 17/02/2023), Lào Cai (từ ngày
    20/02/2023) và 1 cơ quan khác (xem tệp kèm theo).

    Chưa có địa chỉ thư điện tử nên hệ thống chưa gửi được thư: Bình Phước và 1
    cơ quan khác.

    V. Thư đã gửi

    2 xác nhận tiếp nhận; 1 đề nghị bổ sung.

    VI. Tình trạng hệ thống

    Cần kiểm tra, xem mục I; kiểm tra hộp thư lần cuối lúc 07 giờ 29 phút ngày
    21/02/2023.

    Số liệu chi tiết của từng cơ quan: tệp "BC1552_tong-hop_2023-02-21.xlsx" kèm
    theo.

    Trân trọng./.
    "#);
}

#[test]
fn announcement() {
    insta::assert_snapshot!(said(LetterKind::Announcement), @r#"
    [BC1552] Đề nghị gửi báo cáo theo Văn bản số 488/BTTTT-CĐSQG - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Ngày 15/02/2023, Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia)
    có Văn bản số 488/BTTTT-CĐSQG về việc đề nghị cung cấp thông tin kết quả
    triển khai Văn bản số 1552/BTTTT-THH. Tại Văn bản này, Bộ Thông tin và
    Truyền thông trân trọng đề nghị Quý Cơ quan:
    1. Khẩn trương chỉ đạo, tổ chức triển khai Văn bản số 1552/BTTTT-THH;
    2. Cung cấp thông tin về kết quả triển khai theo Phụ lục kèm theo.

    Thông tin báo cáo đề nghị gửi muộn nhất là ngày 28/02/2023 để tổng hợp. Để
    thuận tiện, đề nghị Quý Cơ quan gửi theo các bước sau:
    1. Mở tệp "BC1552_ha-noi.xlsx" kèm theo thư này (mẫu Phụ lục đã ghi sẵn tên
       cơ quan).
    2. Điền thông tin hoặc sao chép nội dung đã có vào mẫu.
    3. Trả lời thư này và đính kèm tệp đã điền, chậm nhất ngày 28/02/2023.

    Tệp gửi đến được kiểm tra ngay khi nhận: Quý Cơ quan sẽ nhận được thư xác
    nhận, hoặc thư nêu rõ các nội dung đề nghị bổ sung. Văn bản chính thức (nếu
    có) vẫn được gửi qua Trục liên thông văn bản quốc gia theo quy định.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn reminder() {
    insta::assert_snapshot!(said(LetterKind::Reminder), @r#"
    [BC1552] Trân trọng đề nghị gửi báo cáo chậm nhất ngày 28/02/2023 - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Ngày 15/02/2023, Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia)
    có Văn bản số 488/BTTTT-CĐSQG về việc đề nghị cung cấp thông tin kết quả
    triển khai Văn bản số 1552/BTTTT-THH; thời hạn gửi báo cáo là ngày
    28/02/2023. Đến 08 giờ 00 phút ngày 24/02/2023, Bộ Thông tin và Truyền thông
    chưa nhận được báo cáo theo mẫu Phụ lục (tệp bảng tính) của Quý Cơ quan.

    Để bảo đảm tiến độ tổng hợp, trân trọng đề nghị Quý Cơ quan quan tâm, chỉ
    đạo gửi báo cáo đúng thời hạn:
    1. Mở tệp "BC1552_ha-noi.xlsx" kèm theo thư này (mẫu Phụ lục đã ghi sẵn tên
       cơ quan).
    2. Điền thông tin hoặc sao chép nội dung đã có vào mẫu.
    3. Trả lời thư này và đính kèm tệp đã điền, chậm nhất ngày 28/02/2023.

    Trường hợp Quý Cơ quan đã gửi qua Trục liên thông văn bản quốc gia hoặc bằng
    hình thức khác, đề nghị thông tin lại bằng cách trả lời thư này hoặc liên hệ
    đầu mối dưới đây.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn reminder_today() {
    insta::assert_snapshot!(said(LetterKind::ReminderToday), @r#"
    [BC1552] Hôm nay là thời hạn gửi báo cáo, ngày 28/02/2023 - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Hôm nay, ngày 28/02/2023, là thời hạn cuối gửi báo cáo theo Văn bản số
    488/BTTTT-CĐSQG ngày 15/02/2023 của Bộ Thông tin và Truyền thông (Cục Chuyển
    đổi số quốc gia). Đến 08 giờ 00 phút ngày 28/02/2023, Bộ Thông tin và Truyền
    thông chưa nhận được báo cáo theo mẫu Phụ lục (tệp bảng tính) của Quý Cơ
    quan.

    Trân trọng đề nghị Quý Cơ quan quan tâm, chỉ đạo gửi báo cáo trong ngày hôm
    nay:
    1. Mở tệp "BC1552_ha-noi.xlsx" kèm theo thư này (mẫu Phụ lục đã ghi sẵn tên
       cơ quan).
    2. Điền thông tin hoặc sao chép nội dung đã có vào mẫu.
    3. Trả lời thư này và đính kèm tệp đã điền, chậm nhất ngày 28/02/2023.

    Trường hợp Quý Cơ quan đã gửi qua Trục liên thông văn bản quốc gia hoặc bằng
    hình thức khác, đề nghị thông tin lại bằng cách trả lời thư này hoặc liên hệ
    đầu mối dưới đây.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn reminder_overdue() {
    insta::assert_snapshot!(said(LetterKind::ReminderOverdue), @r#"
    [BC1552] Đôn đốc báo cáo đã quá thời hạn - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Theo Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023 của Bộ Thông tin và Truyền
    thông (Cục Chuyển đổi số quốc gia), thời hạn gửi báo cáo là ngày 28/02/2023.
    Đến 08 giờ 00 phút ngày 02/3/2023 (quá thời hạn 02 ngày làm việc), Bộ Thông
    tin và Truyền thông chưa nhận được báo cáo theo mẫu Phụ lục (tệp bảng tính)
    của Quý Cơ quan.

    Trân trọng đề nghị Quý Cơ quan khẩn trương chỉ đạo hoàn thành, gửi báo cáo
    để kịp tổng hợp, báo cáo Lãnh đạo:
    1. Mở tệp "BC1552_ha-noi.xlsx" kèm theo thư này (mẫu Phụ lục đã ghi sẵn tên
       cơ quan).
    2. Điền thông tin hoặc sao chép nội dung đã có vào mẫu.
    3. Trả lời thư này và đính kèm tệp đã điền, chậm nhất ngày 07/3/2023.

    Nếu có khó khăn, vướng mắc, đề nghị Quý Cơ quan thông tin để được phối hợp
    tháo gỡ. Trường hợp Quý Cơ quan đã gửi qua Trục liên thông văn bản quốc gia
    hoặc bằng hình thức khác, đề nghị thông tin lại bằng cách trả lời thư này
    hoặc liên hệ đầu mối dưới đây.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn reminder_correction() {
    insta::assert_snapshot!(said(LetterKind::ReminderCorrection), @r#"
    [BC1552] Đề nghị sớm hoàn thiện báo cáo đã gửi - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được báo
    cáo của Quý Cơ quan theo Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023 lúc 10
    giờ 05 phút ngày 20/02/2023 và đã có thư đề nghị bổ sung, làm rõ một số nội
    dung. Đến 08 giờ 00 phút ngày 02/3/2023, Bộ Thông tin và Truyền thông chưa
    nhận được bản đã hoàn thiện; thời hạn báo cáo là ngày 28/02/2023, đã qua 02
    ngày làm việc.

    Các nội dung đề nghị bổ sung, làm rõ gồm 03 nội dung (04 vị trí):

    1. Ô còn nguyên các phương án của mẫu.
       Đề nghị: giữ lại một phương án.
       - Mục 2 "Hệ thống thông tin giải quyết thủ tục hành chính cấp bộ/cấp tỉnh
         trên cơ sở hợp nhất…" (trang tính "2. Hiện trạng", ô D14). Hiện ghi:
         "Đã đáp ứng / Đáp ứng một phần / Chưa đáp ứng".
       - Mục 4.3 "Cơ sở dữ liệu đất đai" (trang tính "2. Hiện trạng", ô D22).
         Hiện ghi: "Đã đáp ứng / Đáp ứng một phần / Chưa đáp ứng".

    2. Đã chọn "Chưa đáp ứng" nhưng chưa nêu nguyên nhân.
       Đề nghị: nêu nguyên nhân tại cột "Ghi chú".
       - Mục 1.2 "Hệ thống báo cáo của thành phố" (trang tính "2. Hiện trạng", ô
         F12). Hiện để trống.

    3. Địa chỉ thư điện tử chưa đúng định dạng.
       Đề nghị: kiểm tra lại, ghi đủ tên và tên miền.
       - "Email" (trang tính "1. Đầu mối", ô B9). Hiện ghi:
         "can-bo.|hanoi.|example".

    Kèm theo thư này là tệp "BC1552_ha-noi.xlsx": nội dung báo cáo của Quý Cơ
    quan được chuyển sang mẫu Phụ lục, các ô cần bổ sung đã được tô màu. Quý Cơ
    quan có thể chỉnh sửa trên tệp của mình hoặc trên tệp kèm theo.

    Trân trọng đề nghị Quý Cơ quan trả lời thư này và đính kèm tệp đã hoàn
    thiện, chậm nhất ngày 07/3/2023, để kịp tổng hợp. Văn bản hành chính đã gửi
    (nếu có) vẫn được ghi nhận, không cần gửi lại.

    Nếu có khó khăn, vướng mắc, đề nghị Quý Cơ quan thông tin để được phối hợp
    tháo gỡ.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[test]
fn escalation() {
    insta::assert_snapshot!(said(LetterKind::Escalation), @r#"
    [BC1552] Trân trọng đề nghị Lãnh đạo quan tâm, chỉ đạo việc báo cáo - Hà Nội

    Kính gửi: Ủy ban nhân dân thành phố Hà Nội

    Ngày 15/02/2023, Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia)
    có Văn bản số 488/BTTTT-CĐSQG về việc đề nghị cung cấp thông tin kết quả
    triển khai Văn bản số 1552/BTTTT-THH; thời hạn gửi báo cáo là ngày
    28/02/2023. Đến 08 giờ 00 phút ngày 06/3/2023 (quá thời hạn 04 ngày làm
    việc), Bộ Thông tin và Truyền thông chưa nhận được báo cáo theo mẫu Phụ lục
    (tệp bảng tính) của Quý Cơ quan.

    Mẫu Phụ lục đã ghi sẵn tên cơ quan được gửi kèm theo thư này (tệp
    "BC1552_ha-noi.xlsx"). Trân trọng đề nghị Lãnh đạo Quý Cơ quan quan tâm, chỉ
    đạo đơn vị đầu mối hoàn thành, gửi về Bộ Thông tin và Truyền thông chậm nhất
    ngày 09/3/2023 bằng cách trả lời thư này, để kịp tổng hợp, báo cáo.

    Nếu có khó khăn, vướng mắc, đề nghị Quý Cơ quan thông tin để được phối hợp
    tháo gỡ. Trường hợp Quý Cơ quan đã gửi qua Trục liên thông văn bản quốc gia
    hoặc bằng hình thức khác, đề nghị thông tin lại bằng cách trả lời thư này
    hoặc liên hệ đầu mối dưới đây.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}
