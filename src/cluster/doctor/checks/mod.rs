//! The judgements, each a pure function of what is known.
//!
//! | file | about |
//! |---|---|
//! | `cluster` | the API server, rights, clocks |
//! | `installed` | Deployment, replicas, configuration |
//! | `certificate` | the certificate and who trusts it |
//! | `service` | Service, endpoints, network |
//! | `registration` | webhook configurations, ours and others |
//! | `namespaces` | labels of namespaces |
//! | `pods` | pods that are tried, and pods that wait |
//!
//! Never: asking the cluster, changing it.

pub(super) mod certificate;
pub(super) mod cluster;
pub(super) mod installed;
pub(super) mod namespaces;
pub(super) mod pods;
pub(super) mod registration;
pub(super) mod service;

/// A number of things, in words.
fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// A time, as people write it.
fn moment(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}
