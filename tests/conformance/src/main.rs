//! `pillion-conformance`: the command. Owns nothing but the exit code: 0 all same, 1 something differs,
//! 2 nothing could be compared.

use std::process::ExitCode;

use clap::Parser;
use pillion_conformance::options::Options;
use pillion_conformance::{files, fuzz, mesh, replay, report, run};

fn main() -> ExitCode {
    let options = Options::parse();
    let passed = match &options.replay {
        Some(file) => replay::run(file, &options),
        None if options.files => {
            files::run::run(&options).map(|tally| files::report::print(&tally, &options))
        }
        None if options.mesh => mesh::run(&options).map(|outcome| mesh::print(&outcome)),
        None if options.fuzz > 0 => fuzz::run::run(&options).map(|found| fuzz::report::print(&found)),
        None => run::run(&options).map(|tally| report::print(&tally, &options)),
    };
    match passed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            report::error(&error);
            ExitCode::from(2)
        }
    }
}
