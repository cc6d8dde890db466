//! What listens: the webhook, the public admin port and the debug port on loopback.
//!
//! | file | owns |
//! |---|---|
//! | `listen` | sockets: dual stack, accepting, the connection cap, draining |
//! | `connection` | one connection: handshake, HTTP/1.1 or HTTP/2, and how long it may take over what |
//! | `pace` | the clock of a connection: slow heads, idleness |
//! | `body` | reading a body within its limits, as [`crate::body`] does it |
//! | `admit` | `/inject` and `/ready` |
//! | `relay` | `/inject` in shadow mode, where another injector answers |
//! | `validate` | `/validate-config` and `/validate-workload` |
//! | `admin` | `/healthz`, `/readyz`, `/metrics`, `/version`, for everyone |
//! | `debug` | what shows or changes something, for loopback only |
//! | `guard` | which requests to that port are answered, and what each answer tells browsers |
//! | `page` | its page for people, `/` |
//! | `state` | what that page and `/state` say of the process |
//! | `headline` | whether pods are being injected, in one line |
//!
//! Never: what a request means (that is `engine`).

pub mod admin;
pub mod admit;
mod connection;
pub mod debug;
mod guard;
mod headline;
pub mod listen;
mod pace;
mod page;
pub mod relay;
mod state;
pub mod validate;

pub use crate::body;
pub use connection::{Limits, Tls};
