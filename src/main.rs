//! The program's door: arguments in, exit code out.

use clap::Parser;
use phuluc::{
    cli::{self, Arguments},
    fence,
};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Before there is any thread: what takes its rights away takes those of its own thread.
    if arguments.reads_fenced() {
        return fence::serve();
    }
    run(arguments)
}

#[tokio::main]
async fn run(arguments: Arguments) -> ExitCode {
    cli::start_logging(&arguments);
    match cli::run(arguments).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("phuluc: {error:#}");
            ExitCode::from(cli::OUR_TROUBLE)
        }
    }
}
