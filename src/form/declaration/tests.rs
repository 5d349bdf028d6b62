//! The shipped declaration, and declarations that are refused.

use super::*;

fn shipped() -> Form {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/forms/1552.toml");
    Form::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn the_shipped_form_has_words_for_every_finding() {
    let form = shipped();
    let codes = form.codes();
    let silent: Vec<&String> = codes.iter().filter(|code| !form.messages.contains_key(*code)).collect();
    assert!(silent.is_empty(), "no message for {silent:?}");
    // The reader gives this one beside the codes of columns.
    let idle: Vec<&String> =
        form.messages.keys().filter(|code| !codes.contains(*code) && *code != "decision-example").collect();
    assert!(idle.is_empty(), "a message for {idle:?}, which nothing gives");
}

#[test]
fn words_render_with_and_without_arguments_and_never_demand() {
    let words = minijinja::Environment::new();
    let full = serde_json::json!({
        "label": "CSDL hộ tịch", "found": "12/2019", "compliance": "Chưa đáp ứng", "due": "12/2019",
        "offices_unmet": "50/45", "devices_have": "1/2",
    });
    for (code, message) in &shipped().messages {
        for template in [&message.problem, &message.advice] {
            for arguments in [&full, &serde_json::json!({})] {
                let text = words
                    .render_str(template, minijinja::value::Serde(arguments))
                    .unwrap_or_else(|e| panic!("{code}: {e}"));
                assert!(!text.is_empty() && !text.ends_with(['.', ' ']) && !text.contains("  "), "{code}: {text:?}");
                let key = crate::text::key(&text);
                for rude in ["phải", "sai", "vi phạm", "không hợp lệ", "bắt buộc", "không nộp"] {
                    assert!(!crate::text::contains_words(&key, rude), "{code}: {text:?} says {rude:?}");
                }
            }
        }
    }
}

/// A small declaration with one line for each thing that can be wrong.
const SMALL: &str = r#"id = "nho"
version = 1
title = "BIỂU NHỎ"
endings = ['(?i)^nơi nhận']
[[choices.size.options]]
code = "big"
text = "Lớn"
[[choices.size.options]]
code = "small"
text = "Nhỏ"
[[sections]]
id = "list"
kind = "table"
title = "I. Danh sách"
sheet = "Danh sách"
[[sections.columns]]
id = "row"
label = "STT"
type = "ordinal"
[[sections.columns]]
id = "name"
label = "Tên"
type = "label"
hint = "Ghi tên."
[[sections.columns]]
id = "size"
label = "Cỡ"
type = "choice"
choices = "size"
rows = ["1"]
[[sections.columns]]
id = "amount"
label = "Số lượng"
type = "number"
min = 0
[[sections.columns]]
id = "total"
label = "Cộng"
type = "number"
total_of = ["amount"]
[[sections.columns]]
id = "due"
label = "Thời hạn"
type = "period"
within = "size"
[[sections.rows]]
id = "1"
kind = "fixed"
label = "Một"
without = ["due"]
[[sections.rows]]
id = "2"
kind = "items"
label = "Hai"
numbering = "2.{n}"
[[rules]]
code = "size-missing"
severity = "error"
section = "list"
rows = ["1"]
field = "size"
when = "row.amount != null && row.size == null"
"#;

#[test]
fn a_wrong_declaration_is_refused_with_its_line_and_the_reason() {
    let path = Path::new("forms/nho.toml");
    Form::parse(SMALL, path).unwrap();
    let long_hint = format!("hint = \"{}\"", "chữ ".repeat(64));
    for (old, new, line, words) in [
        // What TOML and the types refuse.
        ("version = 1", "version = 1\ncolour = \"red\"", "colour = \"red\"", "unknown field `colour`"),
        ("hint = \"Ghi tên.\"", "hints = \"Ghi tên.\"", "hints = \"Ghi tên.\"", "unknown field `hints`"),
        ("version = 1", "version = \"một\"", "version = \"một\"", "invalid type: string"),
        ("type = \"period\"", "type = \"date\"", "type = \"date\"", "unknown variant `date`"),
        ("label = \"Cỡ\"\n", "", "[[sections.columns]]", "missing field `label`"),
        ("severity = \"error\"", "severity = \"fatal\"", "severity = \"fatal\"", "unknown variant `fatal`"),
        ("(?i)^nơi nhận", "(?i)^(nơi nhận", "endings = ['(?i)^(nơi nhận']", "unclosed group"),
        ("title = \"BIỂU NHỎ\"", "title = \"BIỂU NHỎ", "title = \"BIỂU NHỎ", "invalid basic string"),
        // Names that are not declared.
        ("choices = \"size\"", "choices = \"sizes\"", "choices = \"sizes\"", "choice list \"sizes\" is not declared"),
        (
            "rows = [\"1\"]\n[[sections.columns]]\nid = \"amount\"",
            "rows = [\"9\"]\n[[sections.columns]]\nid = \"amount\"",
            "rows = [\"9\"]",
            "row \"9\" is not declared",
        ),
        (
            "total_of = [\"amount\"]",
            "total_of = [\"amounts\"]",
            "total_of = [\"amounts\"]",
            "column \"amounts\" is not declared",
        ),
        ("within = \"size\"", "within = \"sizes\"", "within = \"sizes\"", "column \"sizes\" is not declared"),
        ("without = [\"due\"]", "without = [\"dew\"]", "without = [\"dew\"]", "column \"dew\" is not declared"),
        ("section = \"list\"", "section = \"lists\"", "section = \"lists\"", "section \"lists\" is not declared"),
        ("rows = [\"1\"]\nfield", "rows = [\"1/x\"]\nfield", "rows = [\"1/x\"]", "row \"1/x\" is not declared"),
        ("field = \"size\"", "field = \"sise\"", "field = \"sise\"", "column \"sise\" is not declared"),
        // Things that stand twice.
        ("code = \"small\"", "code = \"big\"", "choices = \"size\"", "choice list \"size\" has the code \"big\" twice"),
        ("id = \"2\"", "id = \"1\"", "id = \"1\"", "row \"1\" stands here a second time"),
        ("id = \"total\"", "id = \"amount\"", "id = \"amount\"", "column \"amount\" stands here a second time"),
        (
            "[[rules]]",
            "[[sections]]\nid = \"list\"\nkind = \"fields\"\ntitle = \"II\"\nsheet = \"Hai\"\ncolumns = []\n[[rules]]",
            "id = \"list\"",
            "section \"list\" stands here a second time",
        ),
        (
            "[[rules]]",
            "[[sections]]\nid = \"more\"\nkind = \"fields\"\ntitle = \"II\"\nsheet = \"danh sách\"\ncolumns = []\n[[rules]]",
            "id = \"more\"",
            "has the sheet \"danh sách\" of another section",
        ),
        // What no spreadsheet can hold, or nobody could mean.
        ("hint = \"Ghi tên.\"", &long_hint, "id = \"name\"", "column \"name\" has a hint of more than 255"),
        (
            "sheet = \"Danh sách\"",
            "sheet = \"Danh sách của những cơ quan báo cáo\"",
            "id = \"list\"",
            "sheet name of 1 to 31 characters",
        ),
        (
            "sheet = \"Danh sách\"",
            "sheet = \"Quý I/2023\"",
            "id = \"list\"",
            "cannot have a sheet named \"Quý I/2023\"",
        ),
        ("sheet = \"Danh sách\"", "sheet = \"_phuluc\"", "id = \"list\"", "cannot have a sheet named"),
        ("label = \"Một\"", "label = \"\"", "id = \"1\"", "row \"1\" needs a label"),
        ("label = \"Cộng\"", "label = \" \"", "id = \"total\"", "column \"total\" needs a label"),
        ("numbering = \"2.{n}\"", "numbering = \"2.1\"", "id = \"2\"", "row \"2\" has a `numbering` without {n}"),
        ("numbering = \"2.{n}\"\n", "", "id = \"2\"", "row \"2\" is of kind items and needs `numbering`"),
        ("type = \"label\"", "type = \"text\"", "id = \"list\"", "is a table and needs a column of type label"),
        ("choices = \"size\"\n", "", "id = \"size\"", "column \"size\" is a choice and names no list"),
        ("min = 0", "min = 9\nmax = 1", "id = \"amount\"", "has a `min` above its `max`"),
        ("total_of = [\"amount\"]", "total_of = [\"name\"]", "total_of = [\"name\"]", "cannot be part of a total"),
        ("within = \"size\"", "within = \"due\"", "within = \"due\"", "column \"due\" has no cell of its own"),
        ("kind = \"table\"", "kind = \"fields\"", "id = \"list\"", "is of kind fields and cannot have rows"),
        // Conditions.
        ("row.size == null", "row.size == ", "when = \"row.amount != null && row.size == \"", "rule size-missing: "),
        (
            "row.size == null",
            "rwo.size == null",
            "when = \"row.amount != null && rwo.size == null\"",
            "\"rwo\" is none of row, form, agency, campaign",
        ),
        (
            "row.size == null",
            "lenght(row.name) > 3",
            "when = \"row.amount != null && lenght(row.name) > 3\"",
            "\"lenght\" is no function",
        ),
        (
            "row.amount != null",
            "row.amuont != null",
            "when = \"row.amuont != null && row.size == null\"",
            "cannot be judged where nothing is answered",
        ),
        (
            "row.amount != null",
            "row.amount > 3",
            "when = \"row.amount > 3 && row.size == null\"",
            "cannot be judged where nothing is answered",
        ),
        ("row.amount != null && row.size == null", "row.name", "when = \"row.name\"", "is neither true nor false"),
    ] {
        assert_eq!(SMALL.matches(old).count(), 1, "{old:?} must be unique");
        let text = SMALL.replace(old, new);
        let error = Form::parse(&text, path).expect_err(new);
        assert!(error.reason.contains(words), "{new}: {error}");
        assert_eq!(text.lines().nth(error.line - 1), Some(line), "{new}: {error}");
        assert!(error.to_string().starts_with(&format!("forms/nho.toml:{}: ", error.line)), "{error}");
    }
}
