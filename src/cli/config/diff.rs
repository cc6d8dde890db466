//! `pillion config diff`: which workloads another configuration would change when they restart, and which fields of
//! their pods. Never: finding it (see `trial::change`).

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::json;

use super::{Common, Format, counted, few};
use crate::cli::output::in_colour;
use crate::cli::{Usage, print};
use crate::source;
use crate::trial::change::{Change, Group, compare};

/// Longest value that is shown whole to people.
const MAX_VALUE: usize = 400;

/// What was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration that is in use, and the new one; with --live the new one only.
    #[arg(value_name = "DIR", num_args = 1..=2, required = true)]
    directories: Vec<PathBuf>,
    /// The configuration that is in use is that in the cluster.
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    common: Common,
    /// How changes are told.
    #[arg(long, short = 'o', value_enum, default_value = "text", value_name = "FORMAT")]
    output: Format,
    /// End with 1 if a workload would change.
    #[arg(long)]
    exit_code: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<()> {
    let (old, new) = match (args.directories.as_slice(), args.live) {
        ([new], true) => (None, new),
        ([old, new], false) => (Some(old), new),
        ([_], false) => {
            return Err(Usage(
                "one configuration cannot be compared: give OLD and NEW, or --live NEW".to_owned(),
            )
            .into());
        }
        _ => return Err(Usage("--live is the old configuration: give the new one only".to_owned()).into()),
    };
    let common = &args.common;
    let settings = common.settings();
    let on_cluster = common.filenames.is_empty();
    let build = |directory: Option<&PathBuf>| -> Result<_> {
        let origin = common.origin(directory.map(PathBuf::as_path), &settings);
        let texts = common.read(&origin, &settings, on_cluster || args.live)?;
        Ok(source::build(&texts, settings.clone())?.snapshot)
    };
    let (old, new) = (build(old)?, build(Some(new))?);
    let cases = if on_cluster { common.of_cluster(&settings)? } else { common.of_files()? };
    let groups = compare(&old, &new, &cases);
    let changed = groups.iter().map(|group| group.workloads.len()).sum();
    print(&match args.output {
        Format::Text => text(&groups, changed, cases.len(), in_colour()),
        Format::Json => {
            format!("{:#}\n", json!({"workloads": cases.len(), "changed": changed, "groups": groups}))
        }
    })?;
    if args.exit_code && changed > 0 {
        bail!("{} would change", counted(changed, "workload"));
    }
    Ok(())
}

fn text(groups: &[Group], changed: usize, all: usize, colour: bool) -> String {
    format!("{changed} of {} would change on restart.\n", counted(all, "workload"))
        + &self::groups(groups, colour)
}

/// What changes, by those that change alike.
pub(in crate::cli) fn groups(groups: &[Group], colour: bool) -> String {
    let mut out = String::new();
    for Group { workloads, changes } in groups {
        out.push_str(&format!("\n{}:\n", few(workloads, workloads.len())));
        changes.iter().for_each(|change| out.push_str(&told(change, colour)));
    }
    out
}

fn told(change: &Change, colour: bool) -> String {
    let mut out = format!("  {}\n", change.field);
    for (sign, code, value) in [('-', 31, &change.old), ('+', 32, &change.new)] {
        let Some(value) = value else { continue };
        let short: String = value.chars().take(MAX_VALUE).collect();
        let mark = if short.len() < value.len() { "…" } else { "" };
        for line in format!("{short}{mark}").lines() {
            out.push_str(&if colour {
                format!("    \x1b[{code}m{sign} {line}\x1b[0m\n")
            } else {
                format!("    {sign} {line}\n")
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_by_group() {
        let change = |field: &str, old: Option<&str>, new: Option<&str>| Change {
            field: field.to_owned(),
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
        };
        let groups = [Group {
            workloads: vec!["Deployment \"a\"".to_owned(), "Job \"b\"".to_owned()],
            changes: vec![change("spec.x", Some("1"), Some("2")), change("spec.y", None, Some("z"))],
        }];
        assert_eq!(
            text(&groups, 2, 3, false),
            "2 of 3 workloads would change on restart.\n\nDeployment \"a\", Job \"b\":\n  spec.x\n    - 1\n    + 2\n  spec.y\n    + z\n"
        );
        assert!(told(&change("f", Some("o"), None), true).contains("\x1b[31m- o\x1b[0m"));
    }
}
