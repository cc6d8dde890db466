//! The bodies of the targets, by what they are about. Each takes any bytes, and panics where something that must hold does
//! not. Inputs that are no text of the kind are taken for what they are: a reader's refusal is a right answer.

pub mod patches;
pub mod reviews;
pub mod settings;
pub mod templates;
pub mod yaml;

use pillion_govalue::Value;
use pillion_govalue::json::{PLAIN, to_string};

/// A value for a message.
fn shown(value: &Value<'_>) -> String {
    to_string(value, PLAIN)
}

/// The first line, and what is behind it.
fn first_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|b| *b == crate::seeds::BETWEEN) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}
