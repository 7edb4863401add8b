//! The program `transfer`, built beside the stories so that they can start and kill it.

use std::process::ExitCode;

fn main() -> ExitCode {
    transfer_cli::main()
}
