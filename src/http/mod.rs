//! What listens: the webhook, the public admin port and the debug port on loopback.
//!
//! | file | owns |
//! |---|---|
//! | `listen` | sockets: dual stack, accepting, the connection cap, draining |
//! | `connection` | one connection: handshake, HTTP/1.1 or HTTP/2, and how long it may take over what |
//! | `pace` | the clock of a connection: slow heads, idleness |
//! | `body` | reading a body within its limits, as [`crate::body`] does it |
//! | `caller` | when a request came, and what its connection has of its own |
//! | `crowd` | who has to leave when there are more connections than there may be |
//! | `turns` | which request is worked on when, and which would be answered too late |
//! | `admit` | `/inject` and `/ready` |
//! | `rejection` | requests that an HTTP status answers |
//! | `relay` | `/inject` in shadow mode, where another injector answers |
//! | `validate` | `/validate-config` and `/validate-workload` |
//! | `admin` | `/healthz`, `/readyz`, `/metrics`, `/version`, for everyone |
//! | `debug` | what shows or changes something, for loopback only |
//! | `guard` | which requests to that port are answered, and what each answer tells browsers |
//! | `page` | its page for people, `/` |
//! | `faults` | places where tests have the program break down |
//! | `state` | what that page and `/state` say of the process |
//! | `headline` | whether pods are being injected, in one line |
//!
//! Never: what a request means (that is `engine`).

#[macro_use]
mod faults;

pub mod admin;
pub mod admit;
mod caller;
mod connection;
mod crowd;
pub mod debug;
mod guard;
mod headline;
pub mod listen;
mod pace;
mod page;
mod rejection;
pub mod relay;
mod state;
mod turns;
pub mod validate;

pub use crate::body;
pub use connection::{Limits, Tls};
