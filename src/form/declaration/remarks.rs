//! What a declaration that loads may still have wrong, for `check` to tell: nothing of it stops the program, and reports
//! would be read by it all the same, in another way than was meant.

use super::{Form, Section};
use crate::{form::rules, text};

impl Form {
    /// Texts that mean "no answer" although they are an option's: who chooses it gives an answer.
    pub fn clashing_blanks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        for (name, list) in &self.choices {
            for option in &list.options {
                for words in option.aliases.iter().chain([&option.text]) {
                    let key = text::key(words);
                    if let Some(blank) = self.blanks.iter().find(|blank| text::key(blank) == key) {
                        remarks.push(format!(
                            "{blank:?} stands among `blanks` and is an answer of `choices.{name}` (code {:?}): take it out of one of them",
                            option.code
                        ));
                    }
                }
            }
        }
        remarks
    }

    /// Conditions that speak of what there is not, or compare with what never is; such a rule keeps quiet in every report.
    pub fn idle_conditions(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut judge = |what: &str, section: &Section, source: &str| {
            faults.extend(
                rules::names::faults(self, section, source).into_iter().map(|fault| format!("{what}: {fault}")),
            );
        };
        for section in &self.sections {
            for column in &section.columns {
                if let Some(source) = &column.asked_when {
                    judge(&format!("column {}, `asked_when`", column.id()), section, source.get_ref());
                }
            }
        }
        for rule in &self.rules {
            if let Some(section) = self.section(rule.section.get_ref()) {
                judge(&format!("rule {}, `when`", rule.code), section, rule.when.get_ref());
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const FORM: &str = r#"
        id = "x"
        version = 1
        title = "X"
        blanks = ["Không", "-"]
        [[choices.met.options]]
        code = "yes"
        text = "Có"
        [[choices.met.options]]
        code = "no"
        text = "Chưa"
        aliases = ["không"]
        [[sections]]
        id = "state"
        kind = "table"
        title = "Hiện trạng"
        sheet = "Hiện trạng"
        columns = [
            { id = "row", label = "STT", type = "ordinal" },
            { id = "item", label = "Mục", type = "label" },
            { id = "met", key = "reached", label = "Đáp ứng", type = "choice", choices = "met" },
            { id = "due", label = "Thời hạn", type = "period" },
            { id = "note", label = "Ghi chú", type = "text" },
        ]
        rows = [{ id = "1", kind = "fixed", label = "Một" }]
        [[sections]]
        id = "who"
        kind = "fields"
        title = "Ai"
        sheet = "Ai"
        columns = [{ id = "unit", label = "Đơn vị", type = "text" }]
        [[rules]]
        code = "c"
        severity = "error"
        section = "state"
        field = "note"
        when = "#;

    fn faults(when: &str) -> Vec<String> {
        let text = format!("{FORM}{when:?}");
        Form::parse(&text, Path::new("x.toml")).unwrap_or_else(|error| panic!("{error}")).idle_conditions()
    }

    #[test]
    fn a_condition_that_speaks_of_nothing_is_named() {
        for when in [
            "row.note == null && row.reached == 'no'",
            "row.text.note == '' && row.due_end != null && row.declared == '1'",
            "form.state.exists(r, r.reached in ['yes', 'no'] && r.text.note != 'a.b')",
            "form.who.unit == null && agency.kind == 'province' && campaign.letter_date != null",
            "key(row.text.item) == 'row.nothing == null'",
            "'yes' == row.reached",
        ] {
            assert_eq!(faults(when), Vec::<String>::new(), "{when}");
        }
        for (when, told) in [
            ("row.nosuchthing == null", "row.nosuchthing"),
            ("row.note == ''", "row.note is null where nothing is written"),
            ("row.note != \"\"", "row.text.note"),
            ("row.met == null", "row.met"),
            ("row.reached == 'maybe'", "\"maybe\" is the code of no answer"),
            ("row.reached in ['yes', 'none']", "\"none\" is the code"),
            ("'nope' == row.reached", "\"nope\""),
            ("form.state.exists(r, r.colour == null)", "r.colour"),
            ("form.who.colour == null", "form.who.colour"),
            ("agency.kind == 'town'", "\"town\" is no kind of agency"),
            ("agency.name == null", "agency.name"),
        ] {
            // What stands behind `&&` is not judged where nothing is answered.
            let faults = faults(&format!("row.declared != '' && {when}"));
            assert!(faults.len() == 1 && faults[0].starts_with("rule c, `when`: "), "{when}: {faults:?}");
            assert!(faults[0].contains(told), "{when}: {faults:?}");
        }
    }

    #[test]
    fn an_option_among_the_blanks_is_named() {
        let form = Form::parse(&format!("{FORM}\"row.note == null\""), Path::new("x.toml")).unwrap();
        let told = form.clashing_blanks();
        assert!(told.len() == 1 && told[0].contains("\"Không\"") && told[0].contains("choices.met"), "{told:?}");
    }

    #[test]
    fn the_shipped_form_has_nothing_of_the_sort() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/forms/1552.toml");
        let form = Form::load(&path).unwrap();
        assert_eq!(form.idle_conditions(), Vec::<String>::new());
        assert_eq!(form.clashing_blanks(), Vec::<String>::new());
    }
}
