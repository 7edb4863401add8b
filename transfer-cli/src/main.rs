//! `transfer`: OSS from a shell.

use std::process::ExitCode;

fn main() -> ExitCode {
    transfer_cli::main()
}
