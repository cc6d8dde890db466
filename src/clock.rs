//! The time of day, for what is dated: certificates, configurations, requests. Never: how long something took.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time since the epoch; nothing, where the clock is set to before it.
#[must_use]
pub fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Seconds since the epoch.
#[must_use]
pub fn now() -> i64 {
    i64::try_from(since_epoch().as_secs()).unwrap_or(i64::MAX)
}
