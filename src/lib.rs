//! The webhook's shell.
