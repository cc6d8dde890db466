//! [`Budget`]: bytes that may be taken together, so that what strangers send and leave unread cannot fill the memory. One
//! that is shared leaves each sharer something that no other one can take. Never: what the bytes are.

use std::pin::pin;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::Unread;

/// How many may wait for room of one sharer; what waits takes memory too.
const MOST_WAITING: usize = 16;

/// Bytes that may be taken together; or, of those, what one of many sharers may take.
#[derive(Debug)]
pub struct Budget {
    /// Below zero where more was taken than there is, which only [`Budget::hold`] does.
    left: AtomicIsize,
    bytes: usize,
    part: Option<Part>,
}

/// What one sharer has.
#[derive(Debug)]
struct Part {
    /// What everybody may take.
    common: Arc<Budget>,
    /// What nobody else can take.
    own: usize,
    taken: Mutex<Taken>,
    given_back: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    bytes: usize,
    waiting: usize,
}

impl Budget {
    /// A budget of so many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Arc<Self> {
        let left = AtomicIsize::new(signed(bytes));
        Arc::new(Self { left, bytes, part: None })
    }

    /// Half of so many bytes: what everybody may take. The other half is divided among the sharers, each of which has a
    /// [`Budget::part`].
    #[must_use]
    pub fn shared(bytes: usize) -> Arc<Self> {
        Self::new(bytes / 2)
    }

    /// What one of so many sharers has of a [`Budget::shared`]: bytes of its own, which no other sharer can take, and
    /// then what is common. However much the others take, it always has the former.
    #[must_use]
    pub fn part(common: &Arc<Self>, sharers: usize) -> Arc<Self> {
        let (own, common) = (common.bytes / sharers.max(1), Arc::clone(common));
        let part = Part { common, own, taken: Mutex::default(), given_back: Notify::new() };
        Arc::new(Self { left: AtomicIsize::new(0), bytes: own, part: Some(part) })
    }

    pub(super) fn take(&self, bytes: usize) -> bool {
        let Some(part) = &self.part else {
            let less = |left: isize| left.checked_sub(signed(bytes)).filter(|left| *left >= 0);
            return self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_ok();
        };
        let mut taken = part.taken();
        let more = part.common_of(taken.bytes + bytes) - part.common_of(taken.bytes);
        let taking = more == 0 || part.common.take(more);
        if taking {
            taken.bytes += bytes;
        }
        taking
    }

    pub(super) fn give_back(&self, bytes: usize) {
        let Some(part) = &self.part else {
            self.left.fetch_add(signed(bytes), Ordering::AcqRel);
            return;
        };
        let mut taken = part.taken();
        let less = taken.bytes - bytes;
        let freed = part.common_of(taken.bytes) - part.common_of(less);
        if freed > 0 {
            part.common.give_back(freed);
        }
        taken.bytes = less;
        if taken.waiting > 0 {
            part.given_back.notify_waiters();
        }
    }

    /// Holds so many bytes, once there is room for them.
    ///
    /// # Errors
    /// There was none until `until`, or too many wait for it.
    pub async fn hold_by(self: &Arc<Self>, bytes: usize, until: Instant) -> Result<Holding, Unread> {
        if self.take(bytes) {
            return Ok(Holding { budget: Arc::clone(self), bytes });
        }
        let Some(part) = &self.part else { return Err(Unread::NoRoom) };
        let _waiting = InLine::new(part).ok_or(Unread::NoRoom)?;
        let taken = async {
            loop {
                let mut given_back = pin!(part.given_back.notified());
                // From here on nothing that is given back goes unheard.
                given_back.as_mut().enable();
                if self.take(bytes) {
                    return;
                }
                given_back.await;
            }
        };
        timeout_at(until, taken).await.map_err(|_| Unread::NoRoom)?;
        Ok(Holding { budget: Arc::clone(self), bytes })
    }

    #[cfg(test)]
    pub(super) fn left(&self) -> isize {
        self.left.load(Ordering::Acquire)
    }

    /// Takes so many bytes in any case, perhaps more than there are: what is asked for next has to wait for it.
    fn overdraw(&self, bytes: usize) {
        match &self.part {
            None => drop(self.left.fetch_sub(signed(bytes), Ordering::AcqRel)),
            Some(part) => {
                let mut taken = part.taken();
                let more = part.common_of(taken.bytes + bytes) - part.common_of(taken.bytes);
                if more > 0 {
                    part.common.overdraw(more);
                }
                taken.bytes += bytes;
            }
        }
    }
}

impl Part {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much of so many bytes is not its own.
    const fn common_of(&self, bytes: usize) -> usize {
        bytes.saturating_sub(self.own)
    }
}

/// Somebody who waits for room.
struct InLine<'a> {
    part: &'a Part,
}

impl<'a> InLine<'a> {
    fn new(part: &'a Part) -> Option<Self> {
        let mut taken = part.taken();
        let fits = taken.waiting < MOST_WAITING;
        taken.waiting += usize::from(fits);
        // Not made where it does not fit: dropping it would count.
        fits.then(|| Self { part })
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.part.taken().waiting -= 1;
    }
}

/// Bytes of a budget, until this is dropped.
#[derive(Debug)]
pub struct Holding {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Holding {
    /// Nothing yet.
    #[must_use]
    pub fn nothing(budget: &Arc<Budget>) -> Self {
        Self { budget: Arc::clone(budget), bytes: 0 }
    }

    /// So many of them, apart from the rest.
    #[must_use]
    pub fn split(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self { budget: Arc::clone(&self.budget), bytes }
    }

    /// Whether they are so many, or more could be taken.
    pub(super) fn reaches(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let reached = more == 0 || self.budget.take(more);
        if reached {
            self.bytes += more;
        }
        reached
    }

    /// Holds more, whether or not there is room.
    pub fn grow(&mut self, bytes: usize) {
        self.budget.overdraw(bytes);
        self.bytes += bytes;
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

/// No process has more bytes than this can count.
fn signed(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_sharer_keeps_what_is_its_own_whatever_the_others_take() {
        let common = Budget::shared(200);
        let (greedy, modest) = (Budget::part(&common, 10), Budget::part(&common, 10));
        // Its own ten and all that is common.
        assert!(greedy.take(60) && greedy.take(50) && !greedy.take(1));
        assert!(modest.take(10) && !modest.take(1));
        modest.give_back(10);
        greedy.give_back(30);
        assert!(modest.take(40) && !modest.take(1) && !greedy.take(1));
        modest.give_back(40);
        greedy.give_back(80);
        assert_eq!(common.left(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_room_gets_it_once_it_is_given_back_and_not_before() {
        let part = Budget::part(&Budget::shared(20), 1);
        let soon = || Instant::now() + Duration::from_secs(5);
        let first = part.hold_by(20, soon()).await.unwrap();
        assert_eq!(part.hold_by(1, soon()).await.unwrap_err(), Unread::NoRoom);
        let second = tokio::spawn({
            let part = Arc::clone(&part);
            async move { part.hold_by(15, soon()).await.is_ok() }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(first);
        assert!(second.await.unwrap());
        assert!(part.take(20) && !part.take(1));
    }

    #[tokio::test(start_paused = true)]
    async fn only_some_wait_for_room_and_the_others_learn_so_at_once() {
        let part = Budget::part(&Budget::shared(20), 1);
        let until = Instant::now() + Duration::from_secs(5);
        let all = part.hold_by(20, until).await.unwrap();
        let waiting: Vec<_> = (0..MOST_WAITING)
            .map(|_| {
                let part = Arc::clone(&part);
                tokio::spawn(async move { part.hold_by(1, until).await })
            })
            .collect();
        tokio::task::yield_now().await;
        let began = Instant::now();
        assert_eq!(part.hold_by(1, until).await.unwrap_err(), Unread::NoRoom);
        assert_eq!(began.elapsed(), Duration::ZERO);
        drop(all);
        for one in waiting {
            assert!(one.await.unwrap().is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_larger_than_the_room_keeps_the_next_request_waiting() {
        let common = Budget::shared(100);
        let part = Budget::part(&common, 10);
        let now = Instant::now();
        let mut answer = part.hold_by(8, now).await.unwrap();
        drop(answer.split(3));
        answer.grow(500);
        assert!(!part.take(1) && !Budget::part(&common, 10).take(6));
        assert!(Budget::part(&common, 10).take(5), "what is another's own is there");
        drop(answer);
        assert!(part.take(50));
    }
}
