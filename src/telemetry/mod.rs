//! What the program tells about itself: metrics and log lines.
//!
//! | file | owns |
//! |---|---|
//! | `metrics` | every time series there is, and their text form |
//! | `beside` | those of what happens beside the requests: shadowing, recording |
//! | `log` | the format and level of log lines, and changing the level while running |
//!
//! Never: decisions; what one answer means is told by `report`.

pub mod beside;
pub mod log;
pub mod metrics;

pub use beside::{Injector, Shadowed};
pub use metrics::{EventOutcome, Metrics};
