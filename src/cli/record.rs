//! `--record`: where reviews are recorded, and how many at most. Never: what is recorded.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use anyhow::Result;
use pillion_govalue::quantity::Quantity;

use super::Usage;
use crate::record::Place;

/// What was typed.
#[derive(Debug, clap::Args)]
pub(super) struct RecordArgs {
    /// Record reviews in this directory, one a file, for `pillion replay`: without values of variables, arguments and
    /// whatever else may be secret.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Most files in that directory; then no more are recorded.
    #[arg(long, default_value = "1000", value_name = "N")]
    record_max: NonZeroUsize,
    /// Most bytes of all files in it, as `64Mi`.
    #[arg(long, default_value = "64Mi", value_name = "BYTES", value_parser = size)]
    record_max_bytes: NonZeroU64,
}

impl RecordArgs {
    /// Where reviews are recorded, if they are.
    pub(super) fn place(self) -> Result<Option<Place>> {
        let Some(directory) = self.record else { return Ok(None) };
        if directory.as_os_str().is_empty() {
            return Err(Usage("--record needs a directory".to_owned()).into());
        }
        Ok(Some(Place { directory, files: self.record_max.get(), bytes: self.record_max_bytes.get() }))
    }
}

/// A number of bytes, as Kubernetes writes it.
fn size(text: &str) -> Result<NonZeroU64, String> {
    let wrong = || format!("{text:?} is no number of bytes: say 64Mi");
    let bytes = Quantity::parse(text).map_err(|_| wrong())?.value();
    u64::try_from(bytes).ok().and_then(NonZeroU64::new).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_kubernetes_writes_them() {
        assert_eq!(size("64Mi").unwrap().get(), 64 * 1024 * 1024);
        assert_eq!(size("1000").unwrap().get(), 1000);
        for bad in ["", "0", "-1", "much"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
