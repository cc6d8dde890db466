//! Commands that end: kubectl, Helm, the program under test. Never: processes that serve (they are `children`'s).

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result};

/// Runs a command to its end with `input` on its standard input. A command that fails is an answer too.
///
/// # Errors
/// It cannot be started.
pub fn run(command: &mut Command, input: &str) -> Result<Output> {
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = started.with_context(|| format!("{command:?}"))?;
    let stdin = child.stdin.take();
    let input = input.to_owned();
    // Beside the reading, for a long input and a long output wait for each other. A program that stops reading early is
    // not this side's failure.
    let writer = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output()?;
    drop(writer.join());
    Ok(output)
}
