//! Starts what the command line asks for.

use std::{io::Write, process::ExitCode};

#[tokio::main]
async fn main() -> ExitCode {
    match curfew::cli::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "curfew: {error}");
            ExitCode::FAILURE
        }
    }
}
