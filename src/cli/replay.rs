//! `pillion replay`: recorded reviews, answered under the configuration that is meant, beside the answers that were
//! recorded. Offline, unless the configuration is in a cluster. Never: how answers are compared (see `compare`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use clap::ValueEnum;
use serde::Serialize;

use super::cluster::AccessArgs;
use super::config::{counted, diff};
use super::named::Named;
use super::output::in_colour;
use super::{Ended, complain, input, print};
use crate::clock::now;
use crate::compare::compare;
use crate::engine::Engine;
use crate::record::recording;
use crate::telemetry::Metrics;
use crate::trial::change::{Change, Group};

/// Everything is answered and the same: 0. Something differs: 1. Something is faulty: 2.
const DIFFERS: u8 = 1;
const FAULTY: u8 = 2;

/// What was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A recording, or a directory of recordings; may be given several times.
    #[arg(value_name = "FILE|DIR", required = true)]
    filenames: Vec<PathBuf>,
    /// How it is told.
    #[arg(long, short = 'o', value_enum, default_value = "text", value_name = "FORMAT")]
    output: Format,
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    access: AccessArgs,
}

/// Formats of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One object; docs/operations.md has its fields.
    Json,
}

/// What came of all recordings.
#[derive(Debug, Default, Serialize)]
struct Replayed {
    schema: u32,
    reviews: usize,
    same: usize,
    differ: usize,
    /// Recordings without an answer, which ours cannot be compared with.
    unanswered: usize,
    faults: Vec<Fault>,
    groups: Vec<Group>,
}

/// A recording that cannot be replayed.
#[derive(Debug, Serialize)]
struct Fault {
    file: String,
    message: String,
}

/// What came of one.
enum One {
    Same,
    Unanswered,
    Differs(String, Vec<Change>),
}

/// Runs the command.
pub(super) fn run(args: Args) -> Result<()> {
    let Args { filenames: files, output, named, access } = args;
    let replayed = engine(&named, &access).and_then(|engine| Ok(replay(&engine, &input::list(&files)?)));
    let replayed = match replayed {
        Ok(replayed) => replayed,
        Err(error) => {
            complain(&format!("error: {error:#}"));
            return Err(Ended(ExitCode::from(FAULTY)).into());
        }
    };
    for Fault { file, message } in &replayed.faults {
        complain(&format!("error: {file}: {message}"));
    }
    print(&match output {
        Format::Text => text(&replayed, in_colour()),
        Format::Json => serde_json::to_string_pretty(&replayed)? + "\n",
    })?;
    match (replayed.faults.is_empty(), replayed.differ) {
        (false, _) => Err(Ended(ExitCode::from(FAULTY)).into()),
        (true, 0) => Ok(()),
        (true, _) => Err(Ended(ExitCode::from(DIFFERS)).into()),
    }
}

/// The engine under the configuration that is meant.
fn engine(named: &Named, access: &AccessArgs) -> Result<Arc<Engine>> {
    let snapshot = named.read(access)?;
    let engine = Engine::new(Arc::new(Metrics::new(&snapshot.settings.revision)));
    engine.replace(snapshot);
    Ok(engine)
}

fn replay(engine: &Engine, files: &[PathBuf]) -> Replayed {
    let mut all = Replayed { schema: 1, reviews: files.len(), ..Replayed::default() };
    let mut groups: BTreeMap<Vec<Change>, Vec<String>> = BTreeMap::new();
    for path in files {
        match one(engine, path) {
            Ok(One::Same) => all.same += 1,
            Ok(One::Unanswered) => all.unanswered += 1,
            Ok(One::Differs(subject, changes)) => {
                all.differ += 1;
                groups.entry(changes).or_default().push(subject);
            }
            Err(error) => {
                all.faults.push(Fault { file: path.display().to_string(), message: format!("{error:#}") })
            }
        }
    }
    all.groups = groups.into_iter().map(|(changes, workloads)| Group { workloads, changes }).collect();
    all.groups.sort_by_key(|group| std::cmp::Reverse(group.workloads.len()));
    all
}

fn one(engine: &Engine, path: &Path) -> Result<One> {
    let text = input::read(path)?.text;
    let told = recording::read(&text).map_err(|error| anyhow!("{error}"))?;
    if !told.answered {
        return Ok(One::Unanswered);
    }
    let (reply, _) = engine.admit_at(told.at.unwrap_or_else(now), &told.path, text.as_bytes());
    let changes = compare(text.as_bytes(), text.as_bytes(), &reply.body)?;
    Ok(if changes.is_empty() { One::Same } else { One::Differs(told.subject, changes) })
}

fn text(all: &Replayed, colour: bool) -> String {
    let Replayed { reviews, same, differ, unanswered, faults, groups, .. } = all;
    let mut out = format!("{}: {same} same, {differ} differ", counted(*reviews, "recorded review"));
    for (count, what) in [(*unanswered, "without a recorded answer"), (faults.len(), "faulty")] {
        if count > 0 {
            out.push_str(&format!(", {count} {what}"));
        }
    }
    out.push_str(".\n");
    if !groups.is_empty() {
        out.push_str("\n- as it was recorded, + under this configuration\n");
    }
    out + &diff::groups(groups, colour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_by_group() {
        let change = Change { field: "spec.x".into(), old: Some("1".into()), new: None };
        let groups = vec![Group { workloads: vec!["shop/a".into(), "shop/b".into()], changes: vec![change] }];
        let all = Replayed { reviews: 4, same: 1, differ: 2, unanswered: 1, groups, ..Replayed::default() };
        let wanted = "4 recorded reviews: 1 same, 2 differ, 1 without a recorded answer.\n\n\
                      - as it was recorded, + under this configuration\n\nshop/a, shop/b:\n  spec.x\n    - 1\n";
        assert_eq!(text(&all, false), wanted);
        let same = Replayed { reviews: 1, same: 1, ..Replayed::default() };
        assert_eq!(text(&same, false), "1 recorded review: 1 same, 0 differ.\n");
    }
}
