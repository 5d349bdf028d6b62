//! The program's door: arguments in, exit code out.

use clap::Parser;
use phuluc::{
    cli::{self, Arguments},
    fence, trouble,
};
use std::{process::ExitCode, time::Duration};

/// What is on a thread when all is done may take so long to end.
const LAST_MOMENT: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Before there is any thread: what takes its rights away takes those of its own thread.
    if arguments.reads_fenced() {
        return fence::serve();
    }
    run(arguments)
}

fn run(arguments: Arguments) -> ExitCode {
    cli::start_logging(&arguments);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return trouble(&error.into()),
    };
    let came = runtime.block_on(cli::run(arguments));
    // A file that cannot be read to its end, or a disk that hangs, must not keep the program from ending.
    runtime.shutdown_timeout(LAST_MOMENT);
    came.map_or_else(|error| trouble(&error), ExitCode::from)
}

fn trouble(error: &anyhow::Error) -> ExitCode {
    eprintln!("phuluc: {}", trouble::told(error));
    ExitCode::from(cli::OUR_TROUBLE)
}
