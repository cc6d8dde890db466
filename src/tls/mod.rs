//! Certificates of the webhook's listener.
//!
//! | file | owns |
//! |---|---|
//! | `identity` | a chain and the key that belongs to it, loaded together |
//! | `resolver` | the identity in use, exchanged without a restart |
//! | `watch` | certificate files that change |
//! | `ca` | a certificate made in memory where none is given |
//! | `policy` | versions, suites and groups that `COMPLIANCE_POLICY` allows |
//!
//! Never: sockets, HTTP.

pub mod ca;
pub mod identity;
pub mod policy;
pub mod resolver;
pub mod watch;

pub use identity::{Identity, IdentityError};
pub use policy::{Compliance, server_config};
pub use resolver::Resolver;
