//! The program: its arguments are read in `cli`, its exit code is decided here.

use std::process::ExitCode;

fn main() -> ExitCode {
    pillion::cli::main()
}
