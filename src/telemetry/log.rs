//! Log lines on standard error: text for people or JSON for machines, and a level that can be changed while running.
//! Never: standard output, which belongs to the commands; a request's body above debug.

use std::io::IsTerminal;

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt, reload};

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// A level, or a list of `target=level`, that cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is no log level: say error, warn, info, debug, trace, or target=level,…: {reason}")]
pub struct BadLevel {
    text: String,
    reason: String,
}

/// Changes the level while running.
#[derive(Clone)]
pub struct Level {
    handle: Option<reload::Handle<EnvFilter, Registry>>,
}

impl Level {
    /// A handle that changes nothing, where logging was not set up (tests).
    #[must_use]
    pub const fn fixed() -> Self {
        Self { handle: None }
    }

    /// The level in force.
    #[must_use]
    pub fn current(&self) -> String {
        self.handle
            .as_ref()
            .and_then(|handle| handle.with_current(ToString::to_string).ok())
            .unwrap_or_else(|| "fixed".to_owned())
    }

    /// Uses another level from now on.
    ///
    /// # Errors
    /// Text that is no level.
    pub fn set(&self, text: &str) -> Result<(), BadLevel> {
        let filter = filter(text)?;
        let Some(handle) = &self.handle else { return Ok(()) };
        handle.reload(filter).map_err(|error| BadLevel { text: text.to_owned(), reason: error.to_string() })
    }
}

/// Sets up logging for the process. A second call keeps what the first set up.
///
/// # Errors
/// Text that is no level.
pub fn init(format: Format, level: &str) -> Result<Level, BadLevel> {
    let (filter, handle) = reload::Layer::new(filter(level)?);
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(filter);
    let set = match format {
        Format::Json => registry.with(lines.json().flatten_event(true)).try_init(),
        Format::Text => registry.with(lines.with_ansi(std::io::stderr().is_terminal())).try_init(),
    };
    Ok(Level { handle: set.ok().map(|()| handle) })
}

/// Libraries whose lines this program says itself, better and once, or that nobody asks for with `debug`: left out
/// unless they are named.
const QUIET: &str = "kube_client=off,kube_runtime=off,kube_lease_manager=off,hyper_util=info,tower=info";

fn filter(text: &str) -> Result<EnvFilter, BadLevel> {
    let text = text.trim();
    let quiet = !text.contains("kube") && !text.is_empty();
    EnvFilter::try_new(if quiet { format!("{text},{QUIET}") } else { text.to_owned() })
        .map_err(|error| BadLevel { text: text.to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_targets_are_understood_and_nonsense_is_not() {
        for good in ["info", "DEBUG", "warn,pillion=trace"] {
            assert!(filter(good).is_ok(), "{good}");
        }
        assert!(filter("pillion=shout").unwrap_err().to_string().contains("is no log level"));
    }
}
