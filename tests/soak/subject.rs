//! One process under soak: its clients, the configurations that its answers may show, and what was expected of it and
//! found. Never: what a request is, and what changes meanwhile.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use pillion_core::inject::Reason;
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::answer::{Found, Got, check};
use crate::harness::Server;
use crate::kinds::{Ask, Kinds, Port};
use crate::line::{Line, Lost, Protocol};
use crate::wire::Target;

/// Whoever waits longer has no answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// A client connects anew after so many requests, and has the certificate that is current then.
const REQUESTS_OF_A_CONNECTION: usize = 1000;
/// Requests at once on a connection of HTTP/2; such connections; connections of HTTP/1.1 that are kept; clients that
/// connect each time.
const STREAMS: usize = 6;
const HTTP2: usize = 2;
const HTTP1: usize = 4;
const CONNECTING: usize = 2;
/// One answer in so many is applied to its pod.
const WHOLLY: u64 = 20;

/// Which process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A configuration like Istio's in a directory, certificates in files, recordings.
    Istio,
    /// Istio's ConfigMaps, at an API server that breaks.
    Cluster,
    /// The embedded profile.
    Envoy,
}

impl Who {
    pub const ALL: [Self; 3] = [Self::Istio, Self::Cluster, Self::Envoy];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Istio => "a directory like Istio's",
            Self::Cluster => "ConfigMaps in a cluster",
            Self::Envoy => "the Envoy profile",
        }
    }

    /// How much of all requests it gets, in percent.
    const fn share(self) -> u64 {
        match self {
            Self::Istio => 55,
            Self::Cluster => 15,
            Self::Envoy => 30,
        }
    }

    /// The container that is put into pods.
    pub const fn sidecar(self) -> &'static str {
        match self {
            Self::Istio | Self::Cluster => "istio-proxy",
            Self::Envoy => "envoy",
        }
    }

    /// In how many places of a patch, at least, the configuration's number stands: of each of its files one.
    pub const fn marks(self) -> usize {
        match self {
            Self::Istio => 3,
            Self::Cluster => 1,
            Self::Envoy => 0,
        }
    }
}

/// Which configurations an answer may show. Numbers grow; those of broken configurations are beyond all that are good.
#[derive(Debug, Default)]
pub struct Marks {
    written: AtomicU64,
    known: AtomicU64,
}

impl Marks {
    /// A configuration that is good is about to be written.
    pub fn writes(&self, mark: u64) {
        self.written.store(mark, SeqCst);
    }

    /// It is in use: whoever asks from now on gets nothing older.
    pub fn is_used(&self, mark: u64) {
        self.known.fetch_max(mark, SeqCst);
    }

    fn check(&self, mark: u64, known_before: u64) -> Result<(), String> {
        let written = self.written.load(SeqCst);
        self.is_used(mark);
        if (known_before..=written).contains(&mark) {
            return Ok(());
        }
        Err(format!(
            "configuration {mark}, where {known_before} was in use before and {written} is the newest good one"
        ))
    }
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Counts {
    pub kinds: BTreeMap<&'static str, u64>,
    /// Answers that the process counts, by reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Connections to the webhook.
    pub connections: u64,
    /// Requests for which another connection was made, as theirs had been closed.
    pub unsent: u64,
    /// Who was told to come again.
    pub again: u64,
    /// Bodies that ended before their end.
    pub abandoned: u64,
    /// By name, what else was done.
    pub done: BTreeMap<&'static str, u64>,
    pub took: Vec<u32>,
    /// What did not hold: the first of them, and how many.
    pub failures: Vec<String>,
    pub failed: u64,
}

/// One process under soak.
pub struct Subject {
    pub who: Who,
    pub process: u32,
    pub target: ArcSwap<Target>,
    pub https: u16,
    pub admin: SocketAddr,
    pub debug: SocketAddr,
    pub marks: Marks,
    pub counts: Mutex<Counts>,
    kinds: Kinds,
    next: AtomicU64,
    total: u64,
    time: Duration,
}

impl Subject {
    pub fn new(who: Who, seed: u64, requests: u64, time: Duration, server: &mut Server) -> Self {
        let target = server.target.clone();
        Self {
            who,
            process: server.serving.id(),
            https: target.https.port(),
            admin: target.admin,
            debug: SocketAddr::from(([127, 0, 0, 1], server.serving.port("debug"))),
            target: ArcSwap::from_pointee(target),
            marks: Marks::default(),
            counts: Mutex::default(),
            kinds: Kinds::new(seed),
            next: AtomicU64::new(0),
            total: (requests * who.share()).div_ceil(100),
            time,
        }
    }

    /// How many requests are still to come.
    pub fn left(&self) -> u64 {
        self.total.saturating_sub(self.next.load(SeqCst))
    }

    /// Counts something that was done.
    pub fn did(&self, what: &'static str) {
        *self.counts.lock().unwrap().done.entry(what).or_default() += 1;
    }

    /// Notes something that did not hold.
    pub fn failed(&self, what: String) {
        const TOLD: usize = 50;
        let mut counts = self.counts.lock().unwrap();
        counts.failed += 1;
        if counts.failures.len() < TOLD {
            println!("soak: {}: DOES NOT HOLD: {what}", self.who.name());
            counts.failures.push(what);
        }
    }

    /// Counts an answer that the process counts too.
    pub fn answered(&self, reason: Reason) {
        *self.counts.lock().unwrap().reasons.entry(reason.code()).or_default() += 1;
    }

    /// Starts all clients. Together they ask evenly from `began` on, until all is asked.
    pub fn clients(self: Arc<Self>, began: Instant) -> Vec<JoinHandle<()>> {
        let shared: Vec<_> = (0..HTTP2).map(|_| Arc::new(AsyncMutex::new(Kept::default()))).collect();
        let streams = shared.iter().flat_map(|kept| vec![Habit::Stream(Arc::clone(kept)); STREAMS]);
        let habits = streams.chain(vec![Habit::Keeps; HTTP1]).chain(vec![Habit::Connects; CONNECTING]);
        let client = |habit| {
            let client =
                Client { subject: Arc::clone(&self), habit, kept: Kept::default(), plain: BTreeMap::new() };
            tokio::spawn(client.run(began))
        };
        habits.map(client).collect()
    }
}

/// How a client connects to the webhook.
#[derive(Clone)]
enum Habit {
    /// Over a connection of HTTP/2 that others use too.
    Stream(Arc<AsyncMutex<Kept>>),
    /// Over a connection of HTTP/1.1 that it keeps.
    Keeps,
    /// Over a new one each time.
    Connects,
}

/// A connection that is kept for a while.
#[derive(Default)]
struct Kept {
    line: Option<Line>,
    used: usize,
}

/// One client.
struct Client {
    subject: Arc<Subject>,
    habit: Habit,
    kept: Kept,
    plain: BTreeMap<SocketAddr, Line>,
}

impl Client {
    async fn run(mut self, began: Instant) {
        let subject = Arc::clone(&self.subject);
        loop {
            let number = subject.next.fetch_add(1, SeqCst);
            if number >= subject.total {
                return;
            }
            sleep_until(began + subject.time.mul_f64(number as f64 / subject.total as f64)).await;
            let ask = subject.kinds.make(subject.who, number);
            if let Err(what) = self.perform(&ask, number).await {
                subject.failed(format!("request {number}: {what}"));
            }
        }
    }

    /// Asks, comes again where it is told to, and checks the answer.
    async fn perform(&mut self, ask: &Ask, number: u64) -> Result<(), String> {
        const TRIES: usize = 30;
        let subject = Arc::clone(&self.subject);
        for _ in 0..TRIES {
            let (began, known) = (Instant::now(), subject.marks.known.load(SeqCst));
            let got = match timeout(PATIENCE, self.send(ask)).await {
                Err(_) => return Err(format!("{}: no answer in {} s", ask.kind, PATIENCE.as_secs())),
                Ok(Err(Lost::Ended(what))) => return Err(format!("{}: {what}", ask.kind)),
                Ok(Err(Lost::Unsent)) => {
                    subject.counts.lock().unwrap().unsent += 1;
                    continue;
                }
                Ok(Ok(got)) => got,
            };
            if let Some(seconds) = came_too_early(&got) {
                subject.counts.lock().unwrap().again += 1;
                sleep(Duration::from_secs(seconds)).await;
                continue;
            }
            let took = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
            let found = check(subject.who, ask, &got, number.is_multiple_of(WHOLLY))?;
            return self.note(ask, &found, took, known);
        }
        Err(format!("{}: never answered in {TRIES} tries", ask.kind))
    }

    fn note(&self, ask: &Ask, found: &Found, took: u32, known: u64) -> Result<(), String> {
        let mut counts = self.subject.counts.lock().unwrap();
        *counts.kinds.entry(ask.kind).or_default() += 1;
        if ask.port == Port::Webhook {
            counts.took.push(took);
        }
        if let Some(reason) = found.reason {
            *counts.reasons.entry(reason.code()).or_default() += 1;
        }
        drop(counts);
        found.mark.map_or(Ok(()), |mark| self.subject.marks.check(mark, known))
    }

    async fn send(&mut self, ask: &Ask) -> Result<crate::answer::Got, Lost> {
        let address = match ask.port {
            Port::Webhook => return self.send_by_tls(ask).await,
            Port::Admin => self.subject.admin,
            Port::Debug => self.subject.debug,
        };
        if self.plain.get(&address).is_none_or(Line::is_closed) {
            self.plain.insert(address, Line::plain(address).await.map_err(Lost::Ended)?);
        }
        let sent = self.plain.get_mut(&address).ok_or(Lost::Unsent)?.send(ask).await;
        if sent.is_err() {
            self.plain.remove(&address);
        }
        sent
    }

    async fn send_by_tls(&mut self, ask: &Ask) -> Result<Got, Lost> {
        match &self.habit {
            Habit::Stream(shared) => {
                let shared = Arc::clone(shared);
                let mut kept = shared.lock().await;
                kept.renew(&self.subject, Protocol::Http2).await?;
                let line = kept.line.as_ref().and_then(Line::share);
                drop(kept);
                line.ok_or(Lost::Unsent)?.send(ask).await
            }
            Habit::Keeps => {
                self.kept.renew(&self.subject, Protocol::Http1).await?;
                let sent = self.kept.line.as_mut().ok_or(Lost::Unsent)?.send(ask).await;
                if sent.is_err() {
                    self.kept.line = None;
                }
                sent
            }
            Habit::Connects => {
                let protocol =
                    if ask.body.len().is_multiple_of(2) { Protocol::Http1 } else { Protocol::Http2 };
                let mut kept = Kept::default();
                kept.renew(&self.subject, protocol).await?;
                kept.line.as_mut().ok_or(Lost::Unsent)?.send(ask).await
            }
        }
    }
}

impl Kept {
    /// Connects if there is no connection, it was closed, or it has served its time.
    async fn renew(&mut self, subject: &Subject, protocol: Protocol) -> Result<(), Lost> {
        self.used += 1;
        if self.used > REQUESTS_OF_A_CONNECTION || self.line.as_ref().is_none_or(Line::is_closed) {
            subject.counts.lock().unwrap().connections += 1;
            let target = subject.target.load_full();
            self.line = Some(Line::open(&target, protocol).await.map_err(Lost::Ended)?);
            self.used = 1;
        }
        Ok(())
    }
}

/// When to come again, where there was no room or no time.
fn came_too_early(got: &Got) -> Option<u64> {
    got.again.filter(|_| got.status == 503)
}
