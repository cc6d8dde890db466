//! The CPU time of the test that asks, which does not pass while other programs run. Never: the time of day.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// What this thread has used so far.
pub(crate) fn cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap().into()
}
