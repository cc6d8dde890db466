//! Running `nft`, and what it means when it refuses. Never: what is in its statements.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use super::Families;
use super::rules;

/// Where `nft` is.
#[derive(Clone, Debug)]
pub struct Nft(PathBuf);

/// Why rules could not be read or written, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// There is no program of that name.
    #[error(
        "there is no program {0}: install the package nftables, take the image target `redirect`, which has it, \
         or name it with --nft"
    )]
    Missing(String),
    /// The program did not start, or its pipes broke.
    #[error("cannot run {0}: {1}")]
    Broken(String, std::io::Error),
    /// The kernel wants a right.
    #[error(
        "the kernel does not let this process change rules: it needs the capability NET_ADMIN, as root of the pod's \
         network namespace (securityContext: {{runAsUser: 0, capabilities: {{add: [NET_ADMIN, NET_RAW], drop: [ALL]}}}}); \
         where the cluster forbids that, do without the redirect. nft says: {0}"
    )]
    Forbidden(String),
    /// The kernel lacks what the rules are made of.
    #[error(
        "this kernel cannot do what the rules need: Linux 5.2 or newer with nf_tables, nft_chain_nat and nft_redir; \
         load these modules on the node. nft says: {0}"
    )]
    Unsupported(String),
    /// Anything else that it said.
    #[error("nft refuses, and nothing was changed: {0}")]
    Refused(String),
    /// What it listed is not what it should be.
    #[error("cannot read what nft lists (is it built with JSON?): {0}")]
    Listing(String),
}

impl Nft {
    /// The program of this name or at this path.
    #[must_use]
    pub const fn new(program: PathBuf) -> Self {
        Self(program)
    }

    /// Runs statements as one transaction.
    pub(super) fn apply(&self, script: &str) -> Result<(), Failed> {
        let output = self.run(&["-f", "-"], script)?;
        if output.status.success() { Ok(()) } else { Err(refusal(&output)) }
    }

    /// Our table as JSON; `None` if there is none.
    pub(super) fn list(&self, families: Families) -> Result<Option<String>, Failed> {
        let name = rules::named(families);
        let table: Vec<&str> = name.split(' ').collect();
        let arguments = [&["--json", "--numeric", "list", "table"], table.as_slice()].concat();
        let output = self.run(&arguments, "")?;
        if output.status.success() {
            return String::from_utf8(output.stdout)
                .map(Some)
                .map_err(|error| Failed::Listing(error.to_string()));
        }
        match refusal(&output) {
            // The answer where a table is looked for is that there is none, not that the kernel lacks something.
            Failed::Unsupported(said) if said.contains("No such file or directory") => Ok(None),
            failed => Err(failed),
        }
    }

    fn run(&self, arguments: &[&str], input: &str) -> Result<Output, Failed> {
        let program = || self.0.display().to_string();
        let broken = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound => Failed::Missing(program()),
            _ => Failed::Broken(program(), error),
        };
        let mut child = Command::new(&self.0)
            .args(arguments)
            // Refusals are told apart by their words.
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(broken)?;
        let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().map_err(broken)?;
        match written {
            // Who ends without reading has told why, or has read enough.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(broken(error)),
            _ => Ok(output),
        }
    }
}

/// What a failure means, by the kernel's words for it.
fn refusal(output: &Output) -> Failed {
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let said = if said.is_empty() { format!("{}, without a word", output.status) } else { said };
    // It ends with 1 when the kernel refuses; with anything else it did not come so far, as when a library is missing.
    let asked = output.status.code() == Some(1);
    let says = |words: &[&str]| asked && words.iter().any(|word| said.contains(word));
    if says(&["Operation not permitted", "Permission denied"]) {
        Failed::Forbidden(said)
    } else if says(&["Operation not supported", "No such file or directory", "Protocol not supported"]) {
        Failed::Unsupported(said)
    } else {
        Failed::Refused(said)
    }
}
