//! The templates of the pages, built into the program. All words that staff read stand there; whatever is put into
//! them is escaped.

use anyhow::Context as _;
use include_dir::{Dir, include_dir};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Serde};
use serde_json::Value as Json;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/page/templates");

/// What things are called, as in the digest.
const TERMS: &str = include_str!("../../config/letters/terms.txt");

/// The one style sheet.
pub const STYLE: &str = include_str!("templates/style.css");

/// The templates, compiled.
pub struct Templates(Environment<'static>);

impl Templates {
    pub fn new() -> anyhow::Result<Templates> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        environment.add_template("terms.txt", TERMS).context("the template terms.txt")?;
        for file in FILES.files() {
            let (Some(name), Some(text)) = (file.path().to_str(), file.contents_utf8()) else { continue };
            if name.ends_with(".html") {
                environment.add_template(name, text).with_context(|| format!("the template {name}"))?;
            }
        }
        Ok(Templates(environment))
    }

    pub fn fill(&self, name: &str, values: &Json) -> anyhow::Result<String> {
        let filled = self.0.get_template(name).and_then(|template| template.render(Serde(values)));
        filled.with_context(|| format!("the template {name}"))
    }
}
