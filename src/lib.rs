//! The webhook's shell.
pub mod review;
