//! [`Turns`]: which request is worked on when, and which is not, because its answer would come too late. As many are
//! worked on at once as there are cores; the others wait, the first one of each connection in one line, so that a
//! connection with many does not hold up one with few. Nobody waits longer than half of the time that is left: whoever
//! asked can still try elsewhere. Never: the work.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::caller::Caller;

/// What one piece of work is thought to take before any was done.
const FIRST_GUESS: Duration = Duration::from_millis(2);
/// How much of what is thought comes from the last one: a part of so many.
const SMOOTH: u64 = 8;
/// The longest that anybody is asked to stay away.
const LONGEST_AWAY: Duration = Duration::from_secs(5);

/// Why a request is not worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shed {
    /// Too many are before it. It may be tried again after so many seconds.
    Queue { again: u64 },
    /// Its time is over, or would be before the answer.
    Late,
}

/// How much work a request is: the large ones have places of their own, which leave room for the small ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Small,
    Large,
}

/// Where the requests of one connection that are of one size wait for their turn.
#[derive(Debug)]
pub(super) struct Line {
    head: Semaphore,
    waiting: AtomicUsize,
}

impl Default for Line {
    fn default() -> Self {
        Self { head: Semaphore::new(1), waiting: AtomicUsize::new(0) }
    }
}

/// Places for work.
#[derive(Debug)]
pub(super) struct Turns {
    /// On the threads that serve connections.
    here: Semaphore,
    small: Arc<Class>,
    large: Arc<Class>,
}

#[derive(Debug)]
struct Class {
    places: Arc<Semaphore>,
    count: u32,
    /// What one piece of work takes, in microseconds.
    cost: AtomicU64,
    waiting: AtomicUsize,
    /// Those of the waiting that are the first of their connection.
    first: AtomicUsize,
}

/// A place, until this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    class: Arc<Class>,
    began: Instant,
    _place: OwnedSemaphorePermit,
}

impl Turns {
    /// Places for a machine with so many cores.
    pub(super) fn new(cores: NonZeroUsize) -> Self {
        let cores = cores.get();
        Self {
            here: Semaphore::new(cores.saturating_sub(1).max(1)),
            small: Class::new(cores),
            large: Class::new(cores),
        }
    }

    /// A place on the thread that asks, if there is one: of the threads that serve connections one is always left to do so.
    pub(super) fn here(&self) -> Option<SemaphorePermit<'_>> {
        self.here.try_acquire().ok()
    }

    #[cfg(test)]
    fn waiting(&self) -> usize {
        [&self.small, &self.large].iter().map(|class| class.waiting.load(Ordering::Relaxed)).sum()
    }

    /// A place beside the threads that serve connections, once it is this caller's turn.
    pub(super) async fn next(&self, size: Size, caller: &Caller, deadline: Instant) -> Result<Turn, Shed> {
        let class = match size {
            Size::Small => &self.small,
            Size::Large => &self.large,
        };
        let now = Instant::now();
        let left = deadline.saturating_duration_since(now);
        if left.is_zero() {
            return Err(Shed::Late);
        }
        // Without anybody before it, it is begun whatever the last ones took.
        if let Ok(place) = Arc::clone(&class.places).try_acquire_owned() {
            return Ok(class.begin(place));
        }
        let (patience, line) = (left / 2, caller.connection.line(size));
        let backlog = class.backlog(line);
        if backlog > patience {
            return Err(Shed::queue(backlog));
        }
        let _waiting = (Counted::new(&class.waiting), Counted::new(&line.waiting));
        let turn = async {
            let _head = line.head.acquire().await;
            let _first = Counted::new(&class.first);
            Arc::clone(&class.places).acquire_owned().await
        };
        let Ok(Ok(place)) = timeout_at(now + patience, turn).await else {
            return Err(Shed::queue(class.backlog(line)));
        };
        if Instant::now() + class.cost() > deadline { Err(Shed::Late) } else { Ok(class.begin(place)) }
    }
}

impl Class {
    fn new(places: usize) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(places)),
            count: u32::try_from(places).unwrap_or(u32::MAX),
            cost: AtomicU64::new(micros(FIRST_GUESS)),
            waiting: AtomicUsize::new(0),
            first: AtomicUsize::new(0),
        })
    }

    fn begin(self: &Arc<Self>, place: OwnedSemaphorePermit) -> Turn {
        Turn { class: Arc::clone(self), began: Instant::now(), _place: place }
    }

    fn cost(&self) -> Duration {
        Duration::from_micros(self.cost.load(Ordering::Relaxed))
    }

    /// How long one that comes last in this line waits: each one in it waits for the first ones of all lines.
    fn backlog(&self, line: &Line) -> Duration {
        let first = self.first.load(Ordering::Relaxed);
        let before = line.waiting.load(Ordering::Relaxed) * first.max(1) + first;
        self.cost().saturating_mul(u32::try_from(before).unwrap_or(u32::MAX)) / self.count
    }
}

impl Shed {
    fn queue(backlog: Duration) -> Self {
        let again = backlog.min(LONGEST_AWAY).as_secs_f64().ceil();
        Self::Queue { again: (again as u64).max(1) }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let took = micros(self.began.elapsed());
        let thought = self.class.cost.load(Ordering::Relaxed);
        // Two at once may forget one of them: it is a guess.
        self.class.cost.store((thought * (SMOOTH - 1) + took) / SMOOTH, Ordering::Relaxed);
    }
}

/// One of those that are counted, until this is dropped: also when whoever asked goes away.
struct Counted<'a> {
    count: &'a AtomicUsize,
}

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self { count }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// As a number that products of a few of them still fit beside.
fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).min(u64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::caller::Connection;
    use super::*;

    const ONE: NonZeroUsize = NonZeroUsize::MIN;

    fn caller() -> Caller {
        Caller::now(Connection::new(1, None))
    }

    fn seconds(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    /// Work that takes so long, for somebody who waits ten seconds.
    async fn work(turns: Arc<Turns>, caller: Caller, millis: u64) -> Result<Instant, Shed> {
        let turn = turns.next(Size::Small, &caller, seconds(10)).await?;
        tokio::time::sleep(Duration::from_millis(millis)).await;
        drop(turn);
        Ok(Instant::now())
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_work_at_once_as_there_are_cores() {
        let turns = Turns::new(NonZeroUsize::new(3).unwrap());
        let mut at_once = Vec::new();
        for _ in 0..3 {
            at_once.push(turns.next(Size::Small, &caller(), seconds(10)).await.unwrap());
        }
        let began = Instant::now();
        let fourth = turns.next(Size::Small, &caller(), seconds(10)).await;
        assert!(matches!(fourth, Err(Shed::Queue { again: 1 })));
        assert_eq!(began.elapsed(), Duration::from_secs(5), "half of its time");
        // Large ones have places of their own.
        let _first = turns.next(Size::Large, &caller(), seconds(10)).await.unwrap();
        let _second = turns.next(Size::Large, &caller(), seconds(10)).await.unwrap();
        let _third = turns.next(Size::Large, &caller(), seconds(10)).await.unwrap();
        assert!(turns.next(Size::Large, &caller(), seconds(1)).await.is_err());
        at_once.clear();
        assert!(turns.next(Size::Small, &caller(), seconds(10)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_of_the_threads_that_serve_is_left_to_serve() {
        let turns = Turns::new(NonZeroUsize::new(4).unwrap());
        let here: Vec<_> = (0..4).map_while(|_| turns.here()).collect();
        assert_eq!(here.len(), 3);
        assert!(Turns::new(ONE).here().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_begun_after_its_time_or_when_it_would_end_after_it() {
        let turns = Arc::new(Turns::new(ONE));
        assert_eq!(turns.next(Size::Small, &caller(), Instant::now()).await.unwrap_err(), Shed::Late);
        // Until it is known that one takes four seconds, many wait; then those go whose time would not do.
        for _ in 0..40 {
            work(Arc::clone(&turns), caller(), 4000).await.unwrap();
        }
        let held = turns.next(Size::Small, &caller(), seconds(10)).await.unwrap();
        let waits = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { turns.next(Size::Small, &caller(), seconds(5)).await.map(drop) }
        });
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(held);
        assert_eq!(waits.await.unwrap(), Err(Shed::Late), "three seconds are left, and it takes about four");
        let idle = turns.next(Size::Small, &caller(), seconds(1)).await;
        assert!(idle.is_ok(), "what is asked of an idle machine is tried");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_would_wait_too_long_is_sent_away_at_once_and_told_for_how_long() {
        let turns = Arc::new(Turns::new(ONE));
        for _ in 0..40 {
            work(Arc::clone(&turns), caller(), 1000).await.unwrap();
        }
        let all: Vec<_> = (0..9).map(|_| tokio::spawn(work(Arc::clone(&turns), caller(), 1000))).collect();
        tokio::task::yield_now().await;
        let began = Instant::now();
        let shed = turns.next(Size::Small, &caller(), seconds(10)).await.unwrap_err();
        assert_eq!((shed, began.elapsed()), (Shed::Queue { again: 5 }, Duration::ZERO));
        let mut answered = 0;
        for one in all {
            answered += usize::from(one.await.unwrap().is_ok());
        }
        assert!((5..9).contains(&answered), "{answered}");
        assert_eq!(turns.waiting(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_with_many_requests_does_not_hold_up_one_with_few() {
        let turns = Arc::new(Turns::new(ONE));
        let many = caller();
        let began = Instant::now();
        let all: Vec<_> =
            (0..40).map(|_| tokio::spawn(work(Arc::clone(&turns), many.clone(), 100))).collect();
        tokio::task::yield_now().await;
        let one = work(Arc::clone(&turns), caller(), 100).await.unwrap();
        assert!(one - began <= Duration::from_millis(400), "{:?}", one - began);
        for one in all {
            one.await.unwrap().unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_goes_away_waits_no_longer() {
        let turns = Arc::new(Turns::new(ONE));
        let held = turns.next(Size::Small, &caller(), seconds(10)).await.unwrap();
        let waits = tokio::spawn(work(Arc::clone(&turns), caller(), 1));
        tokio::task::yield_now().await;
        assert_eq!(turns.waiting(), 1);
        waits.abort();
        let _ = waits.await;
        assert_eq!(turns.waiting(), 0);
        drop(held);
    }
}
