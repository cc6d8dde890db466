//! [`workload`]: the peers take turns, round by round, so that whatever else the machine does falls on all of them.
//! Never: what the figures mean.

use std::cell::Cell;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::agree;
use crate::figures::{Figures, Measured};
use crate::load::{Load, SHAPES, Slot, slot};
use crate::peers::{Kind, Setup};
use crate::workloads::Workload;

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// A slot of one peer.
    pub(crate) slot: Duration,
    /// Slots of each peer and shape.
    pub(crate) rounds: usize,
}

/// Who is measured with which answers: an echo answers as many bytes as the program it is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// One of the injectors.
    Of(Kind),
    /// The echo, beside an injector.
    EchoOf(Kind),
}

/// The order of a round.
pub(crate) const TURNS: [Turn; 5] = [
    Turn::Of(Kind::Istiod),
    Turn::Of(Kind::Pillion),
    Turn::EchoOf(Kind::Pillion),
    Turn::Of(Kind::Profile),
    Turn::EchoOf(Kind::Profile),
];

impl Turn {
    const fn peer(self) -> Kind {
        match self {
            Self::Of(kind) => kind,
            Self::EchoOf(_) => Kind::Echo,
        }
    }
}

/// Measures one workload with peers of its own.
pub(crate) async fn workload(setup: &Setup, plan: Plan, workload: &Workload) -> Result<Measured> {
    let stream = (workload.make)().with_context(|| format!("workload {}", workload.name))?;
    let peers = setup.start(&Kind::ALL)?;
    agree::compare(&peers, &setup.certificate, workload, &stream).await?;
    // Each peer goes through the same bodies from the first on; nobody sees one twice.
    let next = TURNS.map(|_| Cell::new(0));
    let mut slots: Vec<Vec<Vec<Slot>>> =
        TURNS.iter().map(|_| SHAPES.iter().map(|_| vec![]).collect()).collect();
    let (mut replies, mut paces) = (TURNS.map(|_| 0), TURNS.map(|_| Duration::ZERO));
    for round in 0..=plan.rounds {
        for (at_shape, shape) in SHAPES.iter().enumerate() {
            for (at, turn) in TURNS.into_iter().enumerate() {
                let peer = peers.of(turn.peer()).context("a peer that was not started")?;
                let reply_bytes = match turn {
                    Turn::Of(_) => None,
                    Turn::EchoOf(_) => Some(replies[at - 1]),
                };
                let pace = shape.half.then_some(paces[at]);
                let load = Load { shape, stream: &stream, time: plan.slot, pace, reply_bytes };
                let done = slot(peer, &setup.certificate, load, &next[at]).await.with_context(|| {
                    format!("{}, {}: {}", workload.name, shape.name, peers.log(peer.kind))
                })?;
                replies[at] = usize::try_from(done.received / done.requests.max(1))?;
                if at_shape == 0 {
                    paces[at] = done.half_pace();
                }
                // The first round warms up what a process has to learn once.
                if round > 0 {
                    slots[at][at_shape].push(done);
                }
            }
        }
    }
    let figures =
        slots.iter().map(|shapes| shapes.iter().map(|slots| Figures::of(slots)).collect()).collect();
    let memory = peers.all().iter().map(|peer| Ok((peer.kind, crate::process::Memory::of(peer.id)?)));
    Ok(Measured { workload: workload.name, figures, memory: memory.collect::<Result<_>>()? })
}
