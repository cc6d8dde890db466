//! A service that hangs: a client calls A, which has a bounded pool of workers and calls B and C. B stops answering. Without
//! sidecars A's workers all wait for B, and who wants C waits with them; with sidecars a circuit breaker answers for B.
//! Both are run with the same applications and the same calls, and the figures are printed side by side.
//! Never asserted: times by the clock; counts, and which is longer.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use pillion_control_plane::kubelet::Network;
use pillion_core::config::NativeSidecars;

use crate::app::{Answer, Caller, Server, relay};
use crate::network::begin_within;
use crate::pod::injected::Plain;
use crate::pod::{Pod, network, place, soon};
use crate::row;

/// A's pool.
const WORKERS: usize = 16;
/// How long A waits for whom it calls: as many programs, for longer than anybody waits for it.
const PATIENCE_OF_A: Duration = Duration::from_secs(60);
/// How long the client waits for A.
const PATIENCE: Duration = Duration::from_secs(3);
/// Time between two calls of the same kind, however the last one fares.
const PACE: Duration = Duration::from_millis(50);
const UPSTREAMS: &str = "
- name: b
  hosts: [b]
  port: 8080
  circuitBreaker: {maxConnections: 4, maxPendingRequests: 1, maxRequests: 4}
  timeout: 1s
- name: c
  hosts: [c]
  port: 8080
";

/// B's state: while it hangs, whoever asks waits.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn hang(&self, hangs: bool) {
        *self.0.0.lock().unwrap() = hangs;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let hangs = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(hangs, |hangs| *hangs).unwrap());
    }
}

/// What came of the calls for one service.
struct Tally {
    answers: Vec<Answer>,
}

impl Tally {
    fn with(&self, status: Option<u16>) -> usize {
        self.answers.iter().filter(|answer| answer.status == status).count()
    }

    fn ok(&self) -> usize {
        self.with(Some(200))
    }

    /// The time within which so many of a hundred calls were answered or given up.
    fn percentile(&self, percent: usize) -> Duration {
        let mut times: Vec<Duration> = self.answers.iter().map(|answer| answer.took).collect();
        times.sort();
        times[(times.len() * percent).div_ceil(100) - 1]
    }
}

/// What a phase came to.
struct Figures {
    b: Tally,
    c: Tally,
    /// The most of A's workers that were busy at once.
    busy: usize,
    /// How often A's Envoy answered for B because the breaker was open, and because B's time was up; none without Envoy.
    refused: Option<[usize; 2]>,
}

struct World {
    client: Network,
    a: Pod,
    b: Pod,
    c: Pod,
    gate: Gate,
    is_injected: bool,
}

impl World {
    fn make(is_injected: bool) -> Self {
        let gate = Gate::default();
        let [a, b, c] = [network(), network(), network()];
        let names: [(&str, IpAddr); 2] = [("b", b.address().into()), ("c", c.address().into())];
        let annotations = [("pillion.dev/upstreams", UPSTREAMS)];
        let spec = |name, annotations| {
            let plain = Plain::new(name, annotations);
            if is_injected { plain.injected(NativeSidecars::True) } else { plain.pod() }
        };
        let at_b = gate.clone();
        // Enough workers to take whatever comes and never answer.
        let b = Pod::run(spec("b", &[]), b, &[], |place| {
            Server::start(place, &[8080], 500, move |_| {
                at_b.pass();
                (200, "b".to_owned())
            })
        });
        let c = Pod::run(spec("c", &[]), c, &[], |place| {
            Server::start(place, &[8080], 100, |_| (200, "c".to_owned()))
        });
        let a = Pod::run(spec("a", &annotations), a, &names, |place| {
            Server::start(place, &[8080], WORKERS, relay("a", PATIENCE_OF_A))
        });
        Self { client: network(), a, b, c, gate, is_injected }
    }

    /// So many calls to A for B, and as many for C, at their pace.
    fn calls(&self, many: usize) -> Figures {
        let before = self.refused();
        self.a.with_app(Server::peak);
        let [b, c] = [(&self.b, "b:8080"), (&self.c, "c:8080")].map(|(whom, host)| {
            let path = format!("/call/{}/{host}", whom.at(8080)[0]);
            let a = self.a.at(8080)[0];
            begin_within(place(&self.client), move || paced(a, &path, many))
        });
        let [b, c] = [b, c].map(|thread| Tally { answers: thread.join().unwrap() });
        let busy = self.a.with_app(Server::peak);
        let refused = self.refused().zip(before);
        let refused = refused.map(|(after, before)| [after[0] - before[0], after[1] - before[1]]);
        Figures { b, c, busy, refused }
    }

    fn refused(&self) -> Option<[usize; 2]> {
        let stats = self.is_injected.then(|| self.a.stats())?;
        let of = |name: &str| usize::try_from(stats.get(&format!("cluster.b.{name}"))).unwrap();
        // Beyond `maxPendingRequests`, and beyond `maxRequests` where a connection came free for one that waited.
        let overflow = of("upstream_rq_pending_overflow") + of("upstream_rq_active_overflow");
        Some([overflow, of("upstream_rq_timeout")])
    }

    /// All phases.
    fn run(&self) -> [Figures; 3] {
        let before = self.calls(40);
        self.gate.hang(true);
        let during = self.calls(100);
        self.gate.hang(false);
        let (a, path) = (self.a.at(8080)[0], format!("/call/{}/b:8080", self.b.at(8080)[0]));
        let asks = || Caller::new(PATIENCE).get(a, "a", &path).is_ok();
        soon("B answers A again", || asks() && asks());
        [before, during, self.calls(40)]
    }
}

/// Calls begun one after the other, each at its time.
fn paced(a: SocketAddr, path: &str, many: usize) -> Vec<Answer> {
    let begun = Instant::now();
    let threads: Vec<_> = (0_u32..)
        .take(many)
        .map(|number| {
            sleep((PACE * number).saturating_sub(begun.elapsed()));
            let path = path.to_owned();
            std::thread::spawn(move || Caller::new(PATIENCE).get(a, "a", &path))
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

fn print(phase: &str, sidecars: &str, figures: &Figures) {
    for (whom, tally) in [("B", &figures.b), ("C", &figures.c)] {
        let [p50, p99] = [50, 99].map(|percent| tally.percentile(percent).as_secs_f64() * 1000.0);
        let (calls, ok) = (tally.answers.len(), tally.ok());
        let [unavailable, late, none] = [Some(503), Some(504), None].map(|status| tally.with(status));
        let overflow = figures.refused.filter(|_| whom == "B").map(|[overflow, _]| overflow);
        let overflow = overflow.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let busy = figures.busy;
        row(&format!(
            "breaker: | {phase:<15} | {sidecars:<7} | {whom} | {calls:>5} | {ok:>3} | {unavailable:>3} | {late:>3} \
             | {none:>9} | {p50:>8.1} | {p99:>8.1} | {busy:>2} of {WORKERS} | {overflow:>8} |"
        ));
    }
}

#[test]
fn a_service_that_hangs_does_not_take_others_with_it() {
    let without = World::make(false).run();
    let with = World::make(true).run();
    row(
        "breaker: | B               | sidecar | A asked for | calls | ok | 503 | 504 | no answer | p50 ms | p99 ms | A's workers busy | overflow |",
    );
    let phases = ["answers", "hangs", "answers again"];
    for (phase, (without, with)) in phases.iter().zip(without.iter().zip(&with)) {
        print(phase, "without", without);
        print(phase, "with", with);
    }
    let all_answered = |figures: &Figures| figures.b.ok() == 40 && figures.c.ok() == 40;
    assert!(all_answered(&without[0]) && all_answered(&with[0]), "all is well while B answers");
    assert_eq!(with[0].refused, Some([0, 0]));

    let (alone, guarded) = (&without[1], &with[1]);
    assert_eq!(alone.busy, WORKERS, "every worker of A waits for B");
    assert_eq!((alone.b.ok(), guarded.b.ok()), (0, 0), "B hangs");
    assert!(alone.c.with(None) > alone.c.ok(), "who wants C waits behind who wants B");

    assert_eq!(guarded.c.ok(), 100, "C is not concerned");
    assert!(guarded.busy < WORKERS, "A has workers left: {} are busy", guarded.busy);
    let [overflow, late] = guarded.refused.unwrap();
    assert!(overflow > 0, "the breaker opens");
    let told = [503, 504].map(|status| guarded.b.with(Some(status)));
    assert_eq!(
        told,
        [overflow, late],
        "what the breaker refuses, and what is late, is what the client is told"
    );
    assert_eq!(guarded.b.with(None), 0, "A has an answer for everybody");
    assert!(guarded.b.percentile(50) < alone.b.percentile(50), "and has it sooner");
    assert!(guarded.c.percentile(99) < alone.c.percentile(50));
    assert!(all_answered(&with[2]), "the breaker closes when B answers again");
}
