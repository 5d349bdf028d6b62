//! Rules are tried before any report is read: one that names an unknown function or column, or that cannot be
//! judged where nothing is answered, would otherwise keep quiet in every report.

use super::{Condition, cel, everything, row_json};
use crate::form::{
    Circumstances,
    answers::{Answers, RowAnswers},
    declaration::{Form, Rule},
};
use cel::{Context, ExecutionError, Program};

/// Why a rule cannot be judged, in the words of the expression language.
pub fn try_out(form: &Form, rule: &Rule) -> Result<(), String> {
    let (Some(condition), Some(section)) = (&rule.condition, form.section(rule.section.get_ref())) else {
        return Ok(());
    };
    let mut context = everything(form, &Answers::default(), &Circumstances::default());
    if let Some(unknown) = unknown_function(condition, &context) {
        return Err(format!("{unknown:?} is no function"));
    }
    context.add_variable_from_value("row", cel(&row_json(section, &RowAnswers::default())));
    match condition.0.execute(&context) {
        Ok(cel::Value::Bool(_)) => Ok(()),
        Ok(_) => Err("is neither true nor false where nothing is answered".to_owned()),
        Err(error) => Err(format!("cannot be judged where nothing is answered: {error}")),
    }
}

/// A function that is called and that there is not; operators have names that are no words.
fn unknown_function(condition: &Condition, context: &Context) -> Option<String> {
    let references = condition.0.references();
    let words = references.functions().into_iter().filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric()));
    let unknown = |name: &&str| {
        let called = [format!("{name}()"), format!("''.{name}()")].map(|call| {
            let program = Program::compile(&call).ok()?;
            program.execute(context).err()
        });
        called.iter().all(|error| matches!(error, Some(ExecutionError::UndeclaredReference(_))))
    };
    words.into_iter().find(unknown).map(str::to_owned)
}
