//! [`Metronome`]: says when the next request is due, evenly. A runtime's own timers tick in milliseconds, so that requests
//! would come in handfuls and wait for each other; a loop would take a CPU from whom it measures; a thread that sleeps
//! wakes within some fifty microseconds. Never: what is done when it ticks.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Ticks until it is dropped.
#[derive(Debug)]
pub(crate) struct Metronome(Mutex<UnboundedReceiver<()>>);

impl Metronome {
    /// Ticks from now on, with this time between two ticks.
    pub(crate) fn started(pace: Duration) -> Result<Self> {
        let (sender, receiver) = unbounded_channel();
        thread::Builder::new()
            .name("metronome".to_owned())
            .spawn(move || beat(pace, &sender))
            .context("no thread for the pace of requests")?;
        Ok(Self(Mutex::new(receiver)))
    }

    /// Waits for a tick that nobody else has had.
    pub(crate) async fn tick(&self) -> Result<()> {
        self.0.lock().await.recv().await.context("the metronome stopped")
    }
}

/// Ticks as long as somebody may listen. Being late is made up for: so many ticks come as the time has room for.
fn beat(pace: Duration, to: &UnboundedSender<()>) {
    let mut due = Instant::now();
    while to.send(()).is_ok() {
        due += pace;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}
