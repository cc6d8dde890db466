//! Certificates of the webhook's listener.
//!
//! | file | owns |
//! |---|---|
//! | `identity` | a chain and the key that belongs to it, loaded together |
//! | `resolver` | the identity in use, exchanged without a restart |
//! | `trust` | the authorities that clients check it against |
//! | `keeper` | taking a new identity into use, once it is trusted |
//! | `clients` | the check of those who connect, where one is asked for |
//! | `watch` | certificate files that come late and change |
//! | `istio` | certificates from where istiod has them |
//! | `ca` | an authority that issues certificates; the one made in memory where none is given |
//! | `policy` | versions, suites and groups that `COMPLIANCE_POLICY` allows |
//!
//! Never: sockets, HTTP.

pub mod ca;
pub mod clients;
pub mod identity;
pub mod istio;
pub mod keeper;
pub mod policy;
pub mod resolver;
pub mod trust;
pub mod watch;

pub use clients::Clients;
pub use identity::{Identity, IdentityError, Unfit, accepted};
pub use keeper::{Desk, Keeper, Registered};
pub use policy::{Compliance, client_config, server_config, server_config_for};
pub use resolver::Resolver;
pub use trust::Trust;
