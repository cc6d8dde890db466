//! What the program tells about itself: metrics and log lines.
//!
//! | file | owns |
//! |---|---|
//! | `metrics` | every time series there is, and their text form |
//! | `beside` | those of what happens beside the requests: shadowing, recording |
//! | `pods` | the gauges that tell which pods have their sidecar |
//! | `log` | the format and level of log lines, and changing the level while running |
//!
//! Never: decisions; what one answer means is told by `report`.

pub mod beside;
pub mod log;
pub mod metrics;
pub mod pods;

pub use beside::{Injector, Shadowed};
pub use metrics::{EventOutcome, Metrics};
pub use pods::{PodGauges, PodsCounted};
