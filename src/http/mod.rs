//! What listens: the webhook, the public admin port and the debug port on loopback.
//!
//! | file | owns |
//! |---|---|
//! | `listen` | sockets: dual stack, accepting, the connection cap, draining |
//! | `connection` | one connection: handshake, HTTP/1.1 or HTTP/2, and how long it may take over what |
//! | `pace` | the clock of a connection: slow heads, idleness |
//! | `body` | reading a body within its limits |
//! | `admit` | `/inject` and `/ready` |
//! | `validate` | `/validate-config` and `/validate-workload` |
//! | `admin` | `/healthz`, `/readyz`, `/metrics`, `/version`, for everyone |
//! | `debug` | what shows or changes something, for loopback only |
//!
//! Never: what a request means (that is `engine`).

pub mod admin;
pub mod admit;
pub mod body;
mod connection;
pub mod debug;
pub mod listen;
mod pace;
pub mod validate;

pub use connection::{Limits, Tls};
