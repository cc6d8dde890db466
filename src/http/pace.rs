//! [`Pace`]: the clock of one connection. While a request is being answered nothing runs (its body and its answer have
//! limits of their own); between requests a head must be complete within one time and the next request begin within
//! another. One timer a connection, moved only when it fires. Never: closing anything itself.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a connection may take between requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// From a head's first byte (or the connection's beginning) to its last.
    pub(super) head: Duration,
    /// From an answer to the next head's first byte.
    pub(super) idle: Duration,
}

/// How long a connection may be silent that is in a hurry.
const HURRIED: Duration = Duration::from_secs(1);

/// What a connection is overdue with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// A head that began and does not end.
    Head,
    /// Nothing was asked for a long time.
    Idle,
}

/// The clock, shared between the connection's driver, its socket and its requests.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    times: Times,
    /// Whether bytes outside a request are those of a head: HTTP/2 has others.
    heads: bool,
    state: Arc<Mutex<State>>,
    hurry: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    in_flight: usize,
    /// Anything was asked.
    asked: bool,
    /// It may not be silent for long.
    hurried: bool,
    /// When the connection last fell silent.
    quiet_since: Instant,
    /// When the head that is being read began.
    head_since: Option<Instant>,
}

impl Pace {
    pub(super) fn new(times: Times, heads: bool) -> Self {
        let now = Instant::now();
        // The first head is due from the beginning.
        let head_since = heads.then_some(now);
        Self {
            times,
            heads,
            hurry: Arc::default(),
            state: Arc::new(Mutex::new(State {
                in_flight: 0,
                asked: false,
                hurried: false,
                quiet_since: now,
                head_since,
            })),
        }
    }

    /// When to look next.
    pub(super) fn deadline(&self) -> Instant {
        let state = self.state();
        let idle = self.idle_time(&state);
        if state.in_flight > 0 {
            return Instant::now() + self.times.head.min(idle);
        }
        state.head_since.map_or(state.quiet_since + idle, |since| since + self.times.head)
    }

    /// What is overdue now.
    pub(super) fn overdue(&self) -> Option<Overdue> {
        let (state, now) = (self.state(), Instant::now());
        match state.head_since {
            _ if state.in_flight > 0 => None,
            Some(since) => (now >= since + self.times.head).then_some(Overdue::Head),
            None => (now >= state.quiet_since + self.idle_time(&state)).then_some(Overdue::Idle),
        }
    }

    /// A request's head is complete; the request lasts until the guard is dropped.
    pub(super) fn request(&self) -> InFlight {
        let mut state = self.state();
        state.in_flight += 1;
        state.asked = true;
        state.head_since = None;
        InFlight { pace: self.clone() }
    }

    /// From now on it may not be silent for long.
    pub(super) fn hurry(&self) {
        if !std::mem::replace(&mut self.state().hurried, true) {
            self.hurry.notify_one();
        }
    }

    /// Waits until it is in a hurry, once.
    pub(super) async fn hurried(&self) {
        self.hurry.notified().await;
    }

    fn idle_time(&self, state: &State) -> Duration {
        if state.hurried { self.times.idle.min(HURRIED) } else { self.times.idle }
    }

    /// Whether anything was ever asked, and since when nothing is being answered; nothing while something is.
    pub(super) fn idle(&self) -> Option<(bool, Instant)> {
        let state = self.state();
        (state.in_flight == 0).then_some((state.asked, state.quiet_since))
    }

    fn bytes_came(&self) {
        let mut state = self.state();
        if self.heads && state.in_flight == 0 && state.head_since.is_none() {
            state.head_since = Some(Instant::now());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request being answered.
pub(super) struct InFlight {
    pace: Pace,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.pace.state();
        state.in_flight -= 1;
        state.quiet_since = Instant::now();
    }
}

/// A socket that tells the clock when bytes come.
pub(super) struct Paced<S> {
    pub(super) socket: S,
    pub(super) pace: Pace,
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.socket).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.pace.bytes_came();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
    }
    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Times = Times { head: Duration::from_secs(30), idle: Duration::from_secs(90) };

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_end_is_overdue_before_an_idle_connection() {
        let pace = Pace::new(TIMES, true);
        tokio::time::advance(Duration::from_secs(29)).await;
        assert_eq!(pace.overdue(), None);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(pace.overdue(), Some(Overdue::Head));

        drop(pace.request());
        assert_eq!(pace.overdue(), None);
        tokio::time::advance(Duration::from_secs(89)).await;
        assert_eq!(pace.overdue(), None);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(pace.overdue(), Some(Overdue::Idle));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_flight_stops_the_clock() {
        let pace = Pace::new(TIMES, false);
        let request = pace.request();
        tokio::time::advance(Duration::from_secs(1000)).await;
        assert_eq!(pace.overdue(), None);
        drop(request);
        assert_eq!(pace.overdue(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn frames_of_http2_begin_no_head() {
        let pace = Pace::new(TIMES, false);
        pace.bytes_came();
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(pace.overdue(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_in_a_hurry_may_not_be_silent_for_long() {
        let pace = Pace::new(TIMES, false);
        let request = pace.request();
        pace.hurry();
        pace.hurried().await;
        assert_eq!(pace.deadline(), Instant::now() + HURRIED);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(pace.overdue(), None, "it is being answered");
        drop(request);
        assert_eq!(pace.overdue(), None);
        tokio::time::advance(HURRIED).await;
        assert_eq!(pace.overdue(), Some(Overdue::Idle));
    }
}
