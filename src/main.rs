//! The program's door: arguments in, exit code out.

use clap::Parser;
use phuluc::cli::{self, Arguments};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    cli::start_logging(&arguments);
    match cli::run(arguments).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("phuluc: {error:#}");
            ExitCode::from(cli::OUR_TROUBLE)
        }
    }
}
