//! [`Caller`]: when a request came, and the connection that it came on, told to whoever answers it without taking part in
//! the request. What a connection has of its own (room for bytes, a place in line) is here, so that one that asks for much
//! cannot take it from one that asks for little. Never: what is asked.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use super::body::Budget;
use super::pace::Pace;
use super::turns::{Line, Size};

tokio::task_local! {
    static CALLER: Caller;
}

/// Who asks, and since when.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// When the request's head was complete.
    pub(super) arrived: Instant,
    pub(super) connection: Arc<Connection>,
}

/// What one connection has.
#[derive(Debug)]
pub(super) struct Connection {
    /// How many connections there may be.
    sharers: usize,
    room: OnceLock<Arc<Budget>>,
    small: Line,
    large: Line,
    /// Nothing where no listener has a clock for it.
    pace: Option<Pace>,
}

impl Connection {
    /// One of so many, with this clock.
    pub(super) fn new(sharers: usize, pace: Option<Pace>) -> Arc<Self> {
        let (small, large) = (Line::default(), Line::default());
        Arc::new(Self { sharers, room: OnceLock::new(), small, large, pace })
    }

    /// It wanted more than its part: from now on it may not be silent for long, or what it does not read stays.
    pub(super) fn hurry(&self) {
        if let Some(pace) = &self.pace {
            pace.hurry();
        }
    }

    /// Its part of what all connections share.
    pub(super) fn room(&self, common: &Arc<Budget>) -> &Arc<Budget> {
        self.room.get_or_init(|| Budget::part(common, self.sharers))
    }

    /// Where its requests of this size wait.
    pub(super) const fn line(&self, size: Size) -> &Line {
        match size {
            Size::Small => &self.small,
            Size::Large => &self.large,
        }
    }
}

impl Caller {
    /// A request that came now.
    pub(super) fn now(connection: Arc<Connection>) -> Self {
        Self { arrived: Instant::now(), connection }
    }

    /// Whose request is being answered. Where no listener says so, it is a connection of its own.
    pub(super) fn current() -> Self {
        CALLER.try_with(Self::clone).unwrap_or_else(|_| Self::now(Connection::new(1, None)))
    }

    /// Answers a request of this caller.
    pub(super) async fn asks<T>(self, answer: impl Future<Output = T>) -> T {
        CALLER.scope(self, answer).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_answers_learns_who_asks() {
        let caller = Caller::now(Connection::new(4, None));
        let found = caller.clone().asks(async { Caller::current() }).await;
        assert!(Arc::ptr_eq(&found.connection, &caller.connection) && found.arrived == caller.arrived);
        assert!(!Arc::ptr_eq(&Caller::current().connection, &caller.connection));
    }
}
