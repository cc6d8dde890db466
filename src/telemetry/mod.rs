//! What the program tells about itself: metrics and log lines.
//!
//! | file | owns |
//! |---|---|
//! | `metrics` | every time series there is, and their text form |
//! | `log` | the format and level of log lines, and changing the level while running |
//!
//! Never: decisions; what one answer means is told by `report`.

pub mod log;
pub mod metrics;

pub use metrics::{EventOutcome, Metrics};
