//! [`slot`]: one peer under one shape of load for a while, and what that cost it. Never: which peer comes next.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use hyper::body::Bytes;
use rustls::pki_types::CertificateDer;

use crate::client::{Client, Protocol};
use crate::metronome::Metronome;
use crate::peers::{Kind, Peer};
use crate::process::CpuClock;
use crate::workloads::Stream;

/// A shape of load: over one connection, so many requests at once; the next begins when one is answered, or at a time
/// of its own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Its name in the table.
    pub(crate) name: &'static str,
    protocol: Protocol,
    at_once: usize,
    /// Requests come at half the pace that the first shape's answers came at, whether or not others are answered yet.
    pub(crate) half: bool,
}

/// The shapes; the first is that of the table.
pub(crate) const SHAPES: [Shape; 4] = [
    Shape { name: "h2 x8", protocol: Protocol::Http2, at_once: 8, half: false },
    Shape { name: "h2 half", protocol: Protocol::Http2, at_once: 64, half: true },
    Shape { name: "h2 serial", protocol: Protocol::Http2, at_once: 1, half: false },
    Shape { name: "h1 serial", protocol: Protocol::Http1, at_once: 1, half: false },
];

/// What one slot cost.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Requests that were answered.
    pub(crate) requests: u64,
    /// Time of the peer's process on CPUs.
    pub(crate) cpu: Duration,
    /// From the first request to the last answer.
    pub(crate) wall: Duration,
    /// How long each answer took, in nanoseconds.
    pub(crate) latencies: Vec<u32>,
    /// Bytes of all bodies that were sent.
    pub(crate) sent: u64,
    /// Bytes of all answers.
    pub(crate) received: u64,
}

impl Slot {
    /// Half the pace of these answers: the time from one request to the next.
    pub(crate) fn half_pace(&self) -> Duration {
        self.wall * 2 / u32::try_from(self.requests.max(1)).unwrap_or(u32::MAX)
    }
}

/// What a peer is asked, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load<'l> {
    pub(crate) shape: &'l Shape,
    pub(crate) stream: &'l Stream,
    /// How long.
    pub(crate) time: Duration,
    /// The time from one request to the next, where the shape has requests come at times of their own.
    pub(crate) pace: Option<Duration>,
    /// How many bytes an echo answers.
    pub(crate) reply_bytes: Option<usize>,
}

/// Asks one peer for this long, with the bodies from number `next` on, which is moved forward.
pub(crate) async fn slot(
    peer: &Peer,
    certificate: &CertificateDer<'static>,
    load: Load<'_>,
    next: &Cell<u64>,
) -> Result<Slot> {
    let Load { shape, stream, time, pace, reply_bytes } = load;
    let clock = CpuClock::of(peer.id)?;
    let mut first = Client::connect(peer.address, certificate, shape.protocol).await?;
    // The first request finds what a new connection has to set up.
    checked(peer, first.post(take(stream, next), reply_bytes).await?, reply_bytes)?;
    let mut clients = vec![];
    for _ in 1..shape.at_once {
        clients.push(first.share().context("one request at a time goes over HTTP/1.1")?);
    }
    clients.push(first);

    let latencies = RefCell::new(Vec::with_capacity(1 << 16));
    let (sent, received) = (Cell::new(0), Cell::new(0));
    let metronome = pace.map(Metronome::started).transpose()?;
    let (cpu, began) = (clock.now()?, Instant::now());
    let ask = |mut client: Client| {
        let (latencies, sent, received, metronome) = (&latencies, &sent, &received, &metronome);
        async move {
            while began.elapsed() < time {
                let body = take(stream, next);
                sent.set(sent.get() + body.len() as u64);
                if let Some(metronome) = metronome {
                    metronome.tick().await?;
                }
                let asked = Instant::now();
                let answer = client.post(body, reply_bytes).await?;
                let took = u32::try_from(asked.elapsed().as_nanos()).unwrap_or(u32::MAX);
                latencies.borrow_mut().push(took);
                received.set(received.get() + answer.len() as u64);
                checked(peer, answer, reply_bytes)?;
            }
            anyhow::Ok(())
        }
    };
    try_join_all(clients.into_iter().map(ask)).await?;
    let (wall, cpu) = (began.elapsed(), clock.now()?.saturating_sub(cpu));
    let latencies = latencies.into_inner();
    let (sent, received) = (sent.get(), received.get());
    Ok(Slot { requests: latencies.len() as u64, cpu, wall, latencies, sent, received })
}

fn take(stream: &Stream, next: &Cell<u64>) -> Vec<u8> {
    stream.body(next.replace(next.get() + 1))
}

/// An answer that is none would make a peer look fast.
#[allow(clippy::needless_pass_by_value, reason = "the answer ends here")]
fn checked(peer: &Peer, answer: Bytes, reply_bytes: Option<usize>) -> Result<()> {
    const ALLOWED: &[u8] = br#""allowed":true"#;
    let good = match reply_bytes {
        Some(bytes) => answer.len() == bytes,
        None => answer.windows(ALLOWED.len()).any(|part| part == ALLOWED),
    };
    let text = || String::from_utf8_lossy(&answer[..answer.len().min(2000)]).into_owned();
    ensure!(good, "{} gives an answer that was not expected: {}", peer.kind.name(), text());
    debug_assert!(peer.kind != Kind::Echo || reply_bytes.is_some());
    Ok(())
}
