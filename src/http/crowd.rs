//! [`Crowd`]: the open connections of a listener, and who has to leave when there are more than there may be: those that
//! asked nothing, then those that have been silent the longest. Nobody in the middle of a request leaves for another.
//! Never: closing anything itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::pace::Pace;

/// How long a connection may be silent, or take to begin, without having to leave.
const GRACE: Duration = Duration::from_secs(1);
/// How often it is looked whether somebody can leave.
const AGAIN: Duration = Duration::from_millis(100);
/// How many leave at once, so that the next ones find room.
const AT_ONCE: usize = 8;

/// The open connections.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    members: Mutex<HashMap<u64, Arc<Member>>>,
    next: AtomicU64,
}

#[derive(Debug)]
struct Member {
    came: Instant,
    /// Known after the handshake.
    pace: OnceLock<Pace>,
    leave: Notify,
}

/// A connection among the others, until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    number: u64,
    member: Arc<Member>,
}

impl Crowd {
    /// One connection more.
    pub(super) fn enter(self: &Arc<Self>) -> Place {
        let member = Arc::new(Member { came: Instant::now(), pace: OnceLock::new(), leave: Notify::new() });
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.members().insert(number, Arc::clone(&member));
        Place { crowd: Arc::clone(self), number, member }
    }

    /// Room for one connection more, which others make if they can. Never, if `room` was closed.
    pub(super) async fn room(&self, room: &Arc<Semaphore>) -> OwnedSemaphorePermit {
        loop {
            if let Ok(permit) = Arc::clone(room).try_acquire_owned() {
                return permit;
            }
            self.thin_out();
            if let Ok(Ok(permit)) = timeout(AGAIN, Arc::clone(room).acquire_owned()).await {
                return permit;
            }
        }
    }

    /// Tells some to leave. Gives how many.
    pub(super) fn thin_out(&self) -> usize {
        let mut members = self.members();
        let mut idle: Vec<(bool, Instant, u64)> = members
            .iter()
            .filter_map(|(number, member)| {
                let (asked, since) = member.idle()?;
                (since.elapsed() >= GRACE).then_some((asked, since, *number))
            })
            .collect();
        idle.sort_unstable();
        idle.truncate(AT_ONCE);
        for (_, _, number) in &idle {
            // Whoever was told is told once, and makes room soon.
            if let Some(member) = members.remove(number) {
                member.leave.notify_one();
            }
        }
        idle.len()
    }

    fn members(&self) -> MutexGuard<'_, HashMap<u64, Arc<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    /// Whether it ever asked anything, and since when it has been silent; nothing in the middle of a request.
    fn idle(&self) -> Option<(bool, Instant)> {
        self.pace.get().map_or(Some((false, self.came)), Pace::idle)
    }
}

impl Place {
    /// The clock of this connection.
    pub(super) fn keeps(&self, pace: Pace) {
        let _ = self.member.pace.set(pace);
    }

    /// Waits until it must make room.
    pub(super) async fn taken(&self) {
        self.member.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.members().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::super::pace::Times;
    use super::*;

    fn pace() -> Pace {
        Pace::new(Times { head: Duration::from_secs(30), idle: Duration::from_secs(90) }, true)
    }

    async fn is_told(place: &Place) -> bool {
        timeout(Duration::from_millis(1), place.taken()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn those_leave_first_that_asked_nothing_and_nobody_in_the_middle_of_a_request() {
        let crowd = Arc::new(Crowd::default());
        let (asked, busy, silent, shaking) = (crowd.enter(), crowd.enter(), crowd.enter(), crowd.enter());
        let (of_asked, of_busy) = (pace(), pace());
        drop(of_asked.request());
        asked.keeps(of_asked);
        let _request = of_busy.request();
        busy.keeps(of_busy);
        silent.keeps(pace());
        assert_eq!(crowd.thin_out(), 0, "everybody may take a moment");
        tokio::time::advance(GRACE).await;
        let young = crowd.enter();
        assert_eq!(crowd.thin_out(), 3);
        assert!(is_told(&silent).await && is_told(&shaking).await && is_told(&asked).await);
        assert!(!is_told(&busy).await && !is_told(&young).await);
        assert_eq!(crowd.thin_out(), 0, "nobody is told twice");
    }

    #[tokio::test(start_paused = true)]
    async fn some_leave_at_once_the_longest_silent_first() {
        let crowd = Arc::new(Crowd::default());
        let mut places = Vec::new();
        for _ in 0..AT_ONCE + 1 {
            let place = crowd.enter();
            let pace = pace();
            drop(pace.request());
            place.keeps(pace);
            places.push(place);
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        let silent = crowd.enter();
        silent.keeps(pace());
        tokio::time::advance(GRACE).await;
        assert_eq!(crowd.thin_out(), AT_ONCE);
        assert!(is_told(&silent).await && is_told(&places[0]).await);
        assert!(!is_told(&places[AT_ONCE]).await && !is_told(&places[AT_ONCE - 1]).await);
    }

    #[tokio::test(start_paused = true)]
    async fn room_is_made_for_whoever_comes() {
        let crowd = Arc::new(Crowd::default());
        let room = Arc::new(Semaphore::new(1));
        let permit = crowd.room(&room).await;
        let place = crowd.enter();
        tokio::spawn(async move {
            place.taken().await;
            drop(permit);
        });
        let began = Instant::now();
        let _second = crowd.room(&room).await;
        assert!(began.elapsed() >= GRACE);
    }
}
