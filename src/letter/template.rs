//! How the letters' templates are filled in: by the rules of minijinja, with a few filters of ours.

use super::digest;
use minijinja::{
    AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value, escape_formatter, syntax::SyntaxConfig,
};

/// Strict: a name that nothing is known of is an error, not a gap in a letter.
pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    environment.set_auto_escape_callback(
        |name| {
            if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
        },
    );
    environment.set_formatter(format_value);
    environment
        .add_filter("two_digits", |number: i64| if number == 0 { "0".to_owned() } else { format!("{number:02}") });
    environment.add_filter("thousands", digest::thousands);
    environment.add_filter("first_upper", |value: Value| {
        let mut chars = value.as_str().unwrap_or_default().chars();
        let text: String = chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect();
        if value.is_safe() { Value::from_safe_string(text) } else { Value::from(text) }
    });
    environment
}

/// HTML escaping that leaves slashes alone, so that dates stay readable in the source of a letter.
fn format_value(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    match (state.auto_escape(), value.as_str()) {
        (AutoEscape::Html, Some(text)) if !value.is_safe() => {
            let mut rest = text;
            while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
                let (plain, from) = rest.split_at(at);
                let (special, after) = from.split_at(1);
                out.write_str(plain)?;
                out.write_str(match special {
                    "&" => "&amp;",
                    "<" => "&lt;",
                    ">" => "&gt;",
                    "\"" => "&quot;",
                    _ => "&#39;",
                })?;
                rest = after;
            }
            out.write_str(rest)?;
            Ok(())
        }
        _ => escape_formatter(out, state, value),
    }
}
