//! The tables of a run, and what did not hold. Never: finding that out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::Duration;

use crate::Args;
use crate::kinds::Kinds;
use crate::pods::repository;
use crate::samples::{MOST_GROWTH_KIB, Sample, Watched};

const PAGE: &str = "docs/reliability.md";
const BEGINS: &str = "<!-- soak -->\n";
const ENDS: &str = "<!-- /soak -->\n";

/// Prints the tables and whether everything held; writes them where that was asked for.
pub fn tell(args: &Args, seed: u64, took: Duration, watched: &[Watched]) -> bool {
    let tables = tables(seed, took, watched);
    println!("{tables}");
    let mut wrong: Vec<String> = Vec::new();
    for it in watched {
        let counts = it.subject.counts.lock().unwrap();
        let name = it.subject.who.name();
        wrong.extend(it.errors.iter().chain(&counts.failures).map(|what| format!("{name}: {what}")));
        let untold = counts.failed - counts.failures.len() as u64;
        if untold > 0 {
            wrong.push(format!("{name}: and {untold} more"));
        }
    }
    wrong.iter().for_each(|what| println!("soak: DOES NOT HOLD: {what}"));
    let good = wrong.is_empty();
    if good && args.write {
        write(&tables);
    }
    let asked: u64 = watched.iter().map(requests).sum();
    let word = if good { "ok" } else { "FAILED" };
    println!("soak: {:.1} minutes, {asked} requests, seed {seed}: {word}", minutes(took));
    good
}

/// A row of the table: what it tells, and of one process.
type Row = (&'static str, fn(&Watched) -> String);

const ROWS: &[Row] = &[
    ("requests", |it| requests(it).to_string()),
    ("refused, lost or answered otherwise than is due; whatever else did not hold", |it| {
        counts(it).failed.to_string()
    }),
    ("told to come again", |it| counts(it).again.to_string()),
    ("connections of clients; requests that found theirs closed, and took another", |it| {
        let counts = counts(it);
        format!("{}; {}", counts.connections, counts.unsent)
    }),
    ("slowest answer; 99 of 100 within", slowest),
    ("CPU time for each request", |it| {
        let cpu = it.left.cpu.saturating_sub(it.unasked.cpu);
        format!("{:.0} µs", cpu.as_secs_f64() * 1e6 / requests(it).max(1) as f64)
    }),
    ("memory before the first request", |it| mib(&it.unasked)),
    ("memory after 1/30, 1/3, 2/3 and all of the time", |it| {
        let parts = [1.0 / 30.0, 1.0 / 3.0, 2.0 / 3.0, 1.0];
        parts.iter().filter_map(|part| it.at(*part)).map(mib).collect::<Vec<_>>().join(", ")
    }),
    ("its median in the first third behind the warm-up, and in the last", |it| {
        let (first, last) = it.memory().unwrap_or_default();
        format!("{:.1} MiB, {:.1} MiB", first / 1024.0, last / 1024.0)
    }),
    ("its peak", |it| format!("{:.1} MiB", it.left.peak_kib as f64 / 1024.0)),
    ("descriptors before, at most, after", |it| {
        let most = it.samples.iter().map(|sample| sample.descriptors).max().unwrap_or_default();
        format!("{}, {most}, {}", it.unasked.descriptors, it.left.descriptors)
    }),
    ("threads before, at most, after", |it| {
        let most = it.samples.iter().map(|sample| sample.threads).max().unwrap_or_default();
        format!("{}, {most}, {}", it.unasked.threads, it.left.threads)
    }),
    ("configurations taken into use; broken ones, not used", |it| {
        format!("{}; {}", done(it, "configurations"), done(it, "broken configurations"))
    }),
    ("certificates exchanged; new authorities; certificates without their key, not used", |it| {
        let of = ["certificates", "authorities", "certificates without their key"].map(|what| done(it, what));
        of.map(|count| count.to_string()).join("; ")
    }),
    ("watches and lists of the API server that broke", |it| {
        done(it, "watches and lists that broke").to_string()
    }),
    ("reviews that were recorded, read and taken away", |it| done(it, "recordings").to_string()),
    ("lines of the log", |it| it.lines.to_string()),
];

fn tables(seed: u64, took: Duration, watched: &[Watched]) -> String {
    let mut out = String::new();
    let cores = available_parallelism().map_or(1, usize::from);
    let _ = writeln!(
        out,
        "{:.1} minutes on {}, seed {seed}, {cores} cores that did other work too, {}.\n",
        minutes(took),
        today(),
        std::env::consts::OS.to_owned() + " " + std::env::consts::ARCH,
    );
    let names: Vec<&str> = watched.iter().map(|it| it.subject.who.name()).collect();
    let _ = writeln!(out, "| | {} |\n| --- |{}", names.join(" | "), " --- |".repeat(names.len()));
    for (what, of) in ROWS {
        let cells: Vec<String> = watched.iter().map(of).collect();
        let _ = writeln!(out, "| {what} | {} |", cells.join(" | "));
    }
    let _ = writeln!(
        out,
        "\nMemory is flat if the last median is no more than {:.0} MiB above the first.\n",
        MOST_GROWTH_KIB / 1024.0
    );
    out.push_str("| requests, all processes together | |\n| --- | --- |\n");
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    let mut strangers: BTreeMap<&str, u64> = BTreeMap::new();
    for it in watched {
        let counts = it.subject.counts.lock().unwrap();
        counts.kinds.iter().for_each(|(kind, count)| *kinds.entry(kind).or_default() += count);
        let others = counts.done.iter().filter(|(what, _)| STRANGERS.contains(what));
        others.for_each(|(what, count)| *strangers.entry(what).or_default() += count);
    }
    for kind in Kinds::names() {
        let _ = writeln!(out, "| {kind} | {} |", kinds.get(kind).copied().unwrap_or_default());
    }
    for kind in STRANGERS {
        let _ = writeln!(out, "| {kind} | {} |", strangers.get(kind).copied().unwrap_or_default());
    }
    out
}

/// What those did who asked nothing, or half of something.
const STRANGERS: &[&str] = &[
    "connections that begin no handshake",
    "handshakes that stop",
    "idle connections",
    "heads that stop",
    "bodies that stop",
    "streams that are reset",
    "plain HTTP",
    "bodies beyond the limit",
    "requests behind each other",
];

fn counts(it: &Watched) -> std::sync::MutexGuard<'_, crate::subject::Counts> {
    it.subject.counts.lock().unwrap()
}

fn requests(it: &Watched) -> u64 {
    counts(it).kinds.values().sum()
}

fn done(it: &Watched, what: &str) -> u64 {
    counts(it).done.get(what).copied().unwrap_or_default()
}

fn slowest(it: &Watched) -> String {
    let mut took = counts(it).took.clone();
    took.sort_unstable();
    let at = |part: usize| took.get((took.len() * part / 100).min(took.len().saturating_sub(1))).copied();
    let ms = |micros: Option<u32>| f64::from(micros.unwrap_or_default()) / 1000.0;
    format!("{:.0} ms; {:.1} ms", ms(took.last().copied()), ms(at(99)))
}

fn mib(sample: &Sample) -> String {
    format!("{:.1} MiB", sample.rss_kib as f64 / 1024.0)
}

fn minutes(time: Duration) -> f64 {
    time.as_secs_f64() / 60.0
}

fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

/// Puts the tables into the page, in place of those of an earlier run.
fn write(tables: &str) {
    let page = repository(PAGE);
    let (before, rest) = page.split_once(BEGINS).expect("the page says where the tables begin");
    let (_, after) = rest.split_once(ENDS).expect("the page says where the tables end");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    std::fs::write(path, format!("{before}{BEGINS}{tables}{ENDS}{after}")).unwrap();
}
