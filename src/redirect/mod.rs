//! The redirect: rules of the pod's own network namespace that send its traffic through Envoy.
//!
//! | file | owns |
//! |---|---|
//! | `spans` | ports and addresses as flags name them, as rules hold them |
//! | `rules` | which rules there are, and in which order |
//! | `listing` | rules as the kernel tells of them |
//! | `nft` | running `nft` |
//!
//! Rules are text as `nft -f` reads it, one statement a line: what a dry run prints is what is run, and what a check
//! finds amiss is told in the same words. What the kernel has is read as JSON, for `nft` writes text as it pleases.
//!
//! Never: what an init container is made of (that is the profile's); rules of others, which are neither read nor changed.

mod listing;
mod nft;
mod rules;
mod spans;
#[cfg(test)]
mod tests;

use similar::{ChangeTag, TextDiff};

pub use nft::{Failed, Nft};
pub use rules::{Included, Options, SelfCalls, Table};
pub use spans::{BadItem, Ports, Ranges};

/// Which protocols there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Families {
    /// IPv4 and IPv6.
    Dual,
    /// The kernel has IPv4 only.
    Ipv4,
}

impl Families {
    /// What this kernel has.
    #[must_use]
    pub fn of_kernel() -> Self {
        // There from when the protocol is loaded, even if no interface has an address of it.
        if std::path::Path::new("/proc/net/if_inet6").exists() { Self::Dual } else { Self::Ipv4 }
    }

    /// Their names.
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Dual => &["IPv4", "IPv6"],
            Self::Ipv4 => &["IPv4"],
        }
    }

    /// The family of the table. A kernel without IPv6 has no `inet`.
    const fn of_table(self) -> &'static str {
        match self {
            Self::Dual => "inet",
            Self::Ipv4 => "ip",
        }
    }
}

/// How the kernel's rules differ from those that are wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Statements that are wanted, and are not there or elsewhere in the order.
    pub missing: Vec<String>,
    /// Statements that are there and not wanted.
    pub unexpected: Vec<String>,
    /// Both, and what is the same, as a diff has it.
    pub diff: String,
}

/// Puts the rules into the kernel, in place of an older table of the same name: all of them, or none.
///
/// # Errors
/// `nft` cannot be run, or refuses.
pub fn set(nft: &Nft, table: &Table) -> Result<(), Failed> {
    nft.apply(&table.script())
}

/// Takes the table away. Tells whether there was one.
///
/// # Errors
/// `nft` cannot be run, or refuses.
pub fn remove(nft: &Nft, families: Families) -> Result<bool, Failed> {
    let there = nft.list(families)?.is_some();
    if there {
        nft.apply(&rules::removal(families))?;
    }
    Ok(there)
}

/// Holds the kernel's rules against those that are wanted; `None` if they are the same.
///
/// # Errors
/// `nft` cannot be run, or its answer cannot be read.
pub fn check(nft: &Nft, table: &Table) -> Result<Option<Differences>, Failed> {
    let found = match nft.list(table.families())? {
        Some(text) => listing::statements(&text).map_err(Failed::Listing)?,
        None => vec![],
    };
    Ok(differences(&table.statements(), &found))
}

fn differences(wanted: &[String], found: &[String]) -> Option<Differences> {
    let [found, wanted] = [found, wanted].map(|lines| lines.iter().map(String::as_str).collect::<Vec<_>>());
    if found == wanted {
        return None;
    }
    let mut told = Differences::default();
    for change in TextDiff::from_slices(&found, &wanted).iter_all_changes() {
        let line = change.value();
        let mark = match change.tag() {
            ChangeTag::Equal => ' ',
            ChangeTag::Delete => {
                told.unexpected.push(line.to_owned());
                '-'
            }
            ChangeTag::Insert => {
                told.missing.push(line.to_owned());
                '+'
            }
        };
        told.diff.push_str(&format!("{mark}{line}\n"));
    }
    Some(told)
}
