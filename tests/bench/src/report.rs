//! What is printed and what is written: the table, and `report.json`. Never: measuring.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::figures::Row;
use crate::start::Start;

/// All of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// When it began.
    pub(crate) began: String,
    /// Seconds of a slot, and rounds.
    pub(crate) seconds: f64,
    pub(crate) rounds: usize,
    /// CPUs of this machine.
    pub(crate) cpus: usize,
    /// How much of the time in which this machine wanted to work its host gave to others, in percent: waiting that
    /// no peer causes.
    pub(crate) stolen_percent: f64,
    /// Starting, and at rest.
    pub(crate) start: Vec<Start>,
    /// The table.
    pub(crate) rows: Vec<Row>,
}

/// A column: its head, its width, and what stands in it.
type Column = (&'static str, usize, fn(&Row) -> String);

const COLUMNS: &[Column] = &[
    ("templates", 10, |row| row.templates.to_owned()),
    ("load", 10, |row| row.shape.to_owned()),
    ("body B", 8, |row| row.pillion.body_bytes.to_string()),
    ("istiod us", 10, |row| row.istiod.as_ref().map_or_else(dash, |istiod| number(istiod.cpu_us))),
    ("pillion us", 11, |row| number(row.pillion.cpu_us)),
    ("echo us", 8, |row| number(row.echo.cpu_us)),
    ("x istiod", 9, |row| row.ratio_istiod.map_or_else(dash, number)),
    ("x echo", 7, |row| number(row.ratio_echo)),
    ("p50 us", 8, |row| number(row.pillion.p50_us)),
    ("p99 us", 8, |row| number(row.pillion.p99_us)),
    ("p999 us", 8, |row| number(row.pillion.p999_us)),
    ("echo p99", 9, |row| number(row.echo.p99_us)),
    ("istiod p50", 11, |row| row.istiod.as_ref().map_or_else(dash, |istiod| number(istiod.p50_us))),
    ("p99", 8, |row| row.istiod.as_ref().map_or_else(dash, |istiod| number(istiod.p99_us))),
    ("RSS MB", 7, |row| megabytes(row.memory.resident_kb)),
    ("anon MB", 8, |row| megabytes(row.memory.anonymous_kb)),
    ("istiod MB", 10, |row| row.memory_istiod.map_or_else(dash, |memory| megabytes(memory.resident_kb))),
];

/// The width of the workload's name.
const NAME: usize = 26;

fn dash() -> String {
    "-".to_owned()
}

/// Three digits that count.
fn number(value: f64) -> String {
    let places = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.places$}")
}

fn megabytes(kilobytes: u64) -> String {
    number(kilobytes as f64 / 1024.0)
}

/// Writes text to standard output.
pub(crate) fn say(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    Ok(writeln!(out, "{text}").and_then(|()| out.flush())?)
}

/// The head of the table.
pub(crate) fn head() -> String {
    let heads = COLUMNS.iter().map(|(head, width, _)| format!(" {head:>width$}"));
    format!("{:<NAME$}{}", "workload", heads.collect::<String>())
}

/// A row of the table.
pub(crate) fn line(row: &Row) -> String {
    let cells = COLUMNS.iter().map(|(_, width, cell)| format!(" {:>width$}", cell(row)));
    format!("{:<NAME$}{}", row.workload, cells.collect::<String>())
}

impl Report {
    /// Writes the report as JSON.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let place = || path.display().to_string();
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).with_context(place)?;
        }
        fs::write(path, serde_json::to_string_pretty(self)? + "\n").with_context(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_that_count() {
        assert_eq!([0.123, 9.876, 98.76, 987.6, 9876.0].map(number), ["0.12", "9.88", "98.8", "988", "9876"]);
    }

    #[test]
    fn heads_fit_their_columns() {
        assert!(COLUMNS.iter().all(|(head, width, _)| head.len() <= *width));
    }
}
