//! How long a peer takes from its start until it is ready, and what it holds before the first request. Never: load.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::figures::median;
use crate::peers::{Kind, Setup};
use crate::process::Memory;

/// Starts of each peer.
const STARTS: usize = 5;

/// How a peer starts.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Start {
    /// The peer.
    pub(crate) peer: &'static str,
    /// Until it was ready, in milliseconds: the median.
    pub(crate) ready_ms: f64,
    /// What it holds then.
    pub(crate) idle: Memory,
}

/// Starts each peer some times, alone.
pub(crate) fn measure(setup: &Setup) -> Result<Vec<Start>> {
    let of = |kind: Kind| {
        let mut times = vec![];
        let mut idle = Memory::default();
        for _ in 0..STARTS {
            let peers = setup.start(&[kind])?;
            let peer = peers.of(kind).context("a peer that was not started")?;
            times.push(peer.ready_after.as_secs_f64() * 1e3);
            idle = Memory::of(peer.id)?;
        }
        Ok(Start { peer: kind.name(), ready_ms: median(&times), idle })
    };
    Kind::ALL.into_iter().map(of).collect()
}

impl Start {
    /// A line for the terminal.
    pub(crate) fn line(&self) -> String {
        let Self { peer, ready_ms, idle } = self;
        let [resident, anonymous] = [idle.resident_kb, idle.anonymous_kb].map(|kb| kb as f64 / 1024.0);
        format!(
            "{peer:<14} ready after {ready_ms:7.1} ms; at rest {resident:6.1} MB resident, {anonymous:6.1} MB its own"
        )
    }
}
