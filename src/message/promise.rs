//! Whether a mail says that it brings a file. Who forgot it, or attached the form as it was sent to them, is told so;
//! who only speaks of sending one asks something. The words are data (`config/words.toml`).

use super::{Mail, quoted};
use crate::text;
use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Default, Deserialize)]
struct Words {
    promises: Promises,
}

/// Lists of words, each as `text::key` has it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Promises {
    attached: Vec<String>,
    aside: Vec<String>,
    asks: Vec<String>,
    sent: Vec<String>,
    not: Vec<String>,
}

const FILE: &str = include_str!("../../config/words.toml");

static PROMISES: LazyLock<Promises> = LazyLock::new(|| {
    let words: Words = toml::from_str(FILE).unwrap_or_default();
    // A question mark is no word and has no key.
    let key = |words: String| if words == "?" { words } else { text::key(&words) };
    let keys = |words: Vec<String>| words.into_iter().map(key).collect();
    let Promises { attached, aside, asks, sent, not } = words.promises;
    Promises { attached: keys(attached), aside: keys(aside), asks: keys(asks), sent: keys(sent), not: keys(not) }
});

/// Whether it says so, in its subject or in the sender's own words.
pub fn promises_a_file(mail: &Mail) -> bool {
    let own = quoted::own_words(&mail.text, None);
    let stand = |text: &str, words: &[String]| words.iter().any(|words| text::contains_words(text, words));
    let key = text::key(&own);
    let told = |list: &[String]| {
        list.iter().any(|words| if words == "?" { own.contains('?') } else { text::contains_words(&key, words) })
    };
    let whole = text::key(&format!("{} {own}", mail.subject));
    let meant = PROMISES.aside.iter().fold(whole, |text, aside| text.replace(aside.as_str(), ";"));
    if stand(&meant, &PROMISES.attached) && !told(&PROMISES.asks) {
        return true;
    }
    !told(&PROMISES.not) && stand(&key, &PROMISES.sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_to_send_a_report_promises_one_and_who_asks_about_it_does_not() {
        assert!(toml::from_str::<Words>(FILE).is_ok());
        for (subject, text, promises) in [
            ("Báo cáo", "Kính gửi Quý Bộ, đơn vị xin gửi báo cáo.", true),
            ("Báo cáo", "Đơn vị gửi lại biểu mẫu đã rà soát. Trân trọng.", true),
            ("Báo cáo", "Kính gửi Quý Bộ. Báo cáo gửi kèm.", true),
            ("Tệp kèm theo", "Trân trọng.", true),
            ("Hỏi", "Mục 4.2 trong Phụ lục kèm theo Văn bản số 488 có áp dụng với cấp tỉnh không?", false),
            ("Hỏi", "Mục 4.2 trong Phụ lục kèm theo Văn bản số 488 ghi theo cấp tỉnh.", false),
            ("Trao đổi", "Số liệu đã đủ.\n\nEmail này và các tệp đính kèm có thể chứa thông tin mật.", false),
            ("Gia hạn", "Đơn vị xin gia hạn theo công văn đính kèm.", false),
            ("Thu hồi: Báo cáo", "Đề nghị thu hồi báo cáo gửi kèm theo thư ngày 19/02.", false),
            ("Báo cáo", "Đơn vị gửi báo cáo qua trục hay không?", false),
            ("Báo cáo", "Đề nghị hướng dẫn cách ghi mục 4.1 để đơn vị gửi báo cáo.", false),
            ("Báo cáo", "Đơn vị xin gia hạn, sẽ gửi báo cáo trong tuần tới.", false),
            ("Re: [BC1552] Đề nghị gửi báo cáo", "Mục 4.1 ghi số liệu nào.", false),
            ("Báo cáo", "Trân trọng.\n\nVào 09:00, 20/02/2023, Báo cáo đã viết:\n> Đề nghị gửi báo cáo", false),
            ("", "", false),
        ] {
            let mail = Mail { subject: subject.to_owned(), text: text.to_owned(), ..Mail::default() };
            assert_eq!(promises_a_file(&mail), promises, "{subject}: {text}");
        }
    }
}
