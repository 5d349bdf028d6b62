//! Rules are tried before any report is read: one that names an unknown function or column, or that cannot be
//! judged where nothing is answered, would otherwise keep quiet in every report.

use super::{Condition, everything, seen::Seen};
use crate::form::{
    Circumstances,
    answers::RowAnswers,
    declaration::{Form, Rule},
};
use cel::{Context, ExecutionError, Program};
use std::collections::BTreeMap;

/// A form in which nothing is answered, against which its rules are tried.
pub struct Trial<'a> {
    form: &'a Form,
    context: Context<'static, 'static>,
    /// What calling each name came to: whether there is such a function.
    functions: BTreeMap<String, bool>,
}

impl<'a> Trial<'a> {
    pub fn of(form: &'a Form) -> Trial<'a> {
        let context = everything(form, &[], &Circumstances::default());
        Trial { form, context, functions: BTreeMap::new() }
    }

    /// Why a rule cannot be judged, in the words of the expression language.
    pub fn judge(&mut self, rule: &Rule) -> Result<(), String> {
        let (Some(condition), Some(section)) = (&rule.condition, self.form.section(rule.section.get_ref())) else {
            return Ok(());
        };
        if let Some(unknown) = self.unknown_function(condition) {
            return Err(format!("{unknown:?} is no function"));
        }
        let mut context = self.context.new_inner_scope();
        context.add_variable_as_val("row", Seen::row(section, &RowAnswers::default()).boxed());
        match condition.0.execute(&context) {
            Ok(cel::Value::Bool(_)) => Ok(()),
            Ok(_) => Err("is neither true nor false where nothing is answered".to_owned()),
            Err(error) => Err(format!("cannot be judged where nothing is answered: {error}")),
        }
    }

    /// A function that is called and that there is not; operators have names that are no words.
    fn unknown_function(&mut self, condition: &Condition) -> Option<String> {
        let references = condition.0.references();
        let words = references.functions().into_iter().filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric()));
        let context = &self.context;
        let functions = &mut self.functions;
        let mut unknown = |name: &&str| {
            !*functions.entry((*name).to_owned()).or_insert_with(|| {
                let called = [format!("{name}()"), format!("''.{name}()")].map(|call| {
                    let program = Program::compile(&call).ok()?;
                    program.execute(context).err()
                });
                !called.iter().all(|error| matches!(error, Some(ExecutionError::UndeclaredReference(_))))
            })
        };
        words.into_iter().find(|name| unknown(name)).map(str::to_owned)
    }
}
