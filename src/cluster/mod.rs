//! What speaks to a cluster: watches what decisions need, keeps webhook configurations and certificates right, tells of
//! faults. Each part is a task of its own that survives the API server's absence; requests wait for none of them.
//!
//! | file | owns |
//! |---|---|
//! | `client` | reaching the API server, and what its errors mean |
//! | `lease` | which replica does what one is enough for |
//! | `follow` | one watch: a table of objects that is always complete |
//! | `watches` | which objects are watched, and what is read of them |
//! | `workloads` | what users made that has pods |
//! | `registration` | caBundle and rules of the webhooks that name us |
//! | `removal` | taking webhooks away before the program goes |
//! | `identity` | certificates of our own in a Secret, renewed by one replica |
//! | `injectors` | webhook configurations that inject, and pods that two of them take |
//! | `calls` | whether an API server asks a webhook about a pod, condition by condition |
//! | `installation` | the Pillion that runs in the cluster, and its configuration |
//! | `inventory` | what became of the pods of the cluster |
//! | `census` | the same, kept up to date in the running program: gauges and Events |
//! | `tags` | further names of a revision |
//! | `doctor` | whether an installation works, and what mends it |
//! | `takeover` | istiod's own webhook configurations, made to call us |
//! | `events` | Events on the ConfigMap that cannot be used |
//! | `owners` | Events on workloads whose pods are refused, or skipped by surprise |
//!
//! Never: answering requests, deciding about pods.

pub mod calls;
pub mod census;
pub mod client;
pub mod doctor;
pub mod events;
mod follow;
pub mod identity;
pub mod injectors;
pub mod installation;
pub mod inventory;
pub mod lease;
pub mod owners;
pub mod registration;
pub mod removal;
pub mod tags;
pub mod takeover;
pub mod watches;
pub mod workloads;
