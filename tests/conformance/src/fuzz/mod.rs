//! The comparison with Istio over pods and configurations that nobody would write: known ones, changed at random places.
//! What differs is made as small as it can be and still differ, and told with both answers. What differs on purpose is
//! excused by the tables that excuse it everywhere ([`crate::deviations`], [`crate::wordings`]), and by nothing else.
//!
//! | module | owns |
//! |---|---|
//! | `paths` | places in JSON trees |
//! | `donors` | what values known pods have at which places |
//! | `mutate` | pods and reviews with something changed |
//! | `configure` | configurations with something changed |
//! | `round` | many pods under one configuration, asked about and judged |
//! | `shrink` | a difference made small |
//! | `run` | the whole run |
//! | `report` | what it prints |
//!
//! Never: deciding whether two answers are the same; [`crate::judge`] does.

mod configure;
mod donors;
mod mutate;
mod paths;
pub mod report;
mod round;
pub mod run;
mod shrink;
