//! Envoy ends under load: killed and started again, and drained as a kubelet ends pods, with native sidecars and without.
//! What clients lose is counted. Never: an application that ends badly by itself.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

use pillion_control_plane::kubelet::Network;
use pillion_core::config::NativeSidecars;
use serde_json::json;

use crate::app::{Caller, Server, relay};
use crate::network::begin_within;
use crate::pod::injected::Plain;
use crate::pod::{Pod, at, network, place, soon};
use crate::row;

const PATIENCE: Duration = Duration::from_secs(20);
/// Who calls at once.
const CLIENTS: usize = 8;
const PAUSE: Duration = Duration::from_millis(5);
/// How long it takes in a cluster until nobody is sent to a pod that ends.
const PROPAGATION: Duration = Duration::from_secs(1);
/// What an application waits before its end, so that nobody is sent to it any more: advice that is older than sidecars.
const SLEEP: u32 = 3;
const UPSTREAMS: (&str, &str) = ("pillion.dev/upstreams", "[{name: c, hosts: [c], port: 8080}]");

/// What the clients share.
struct Shared {
    /// Where new connections go, as a Service has it.
    endpoints: Mutex<Vec<SocketAddr>>,
    path: String,
    stop: AtomicBool,
    calls: AtomicUsize,
    lost: AtomicUsize,
    /// Connections that ended because the server said so.
    moved: AtomicUsize,
    first: Mutex<Option<String>>,
}

/// Clients that call without end, each over a connection that it keeps as long as it may.
struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    _network: Network,
}

impl Load {
    fn start(endpoints: Vec<SocketAddr>, path: String) -> Self {
        let shared = Arc::new(Shared {
            endpoints: Mutex::new(endpoints),
            path,
            stop: AtomicBool::default(),
            calls: AtomicUsize::default(),
            lost: AtomicUsize::default(),
            moved: AtomicUsize::default(),
            first: Mutex::default(),
        });
        let network = network();
        let client = |number| {
            let shared = Arc::clone(&shared);
            begin_within(place(&network), move || call_on(&shared, number))
        };
        Self { threads: (0..CLIENTS).map(client).collect(), shared: Arc::clone(&shared), _network: network }
    }

    /// Waits until so many more calls were made.
    fn more(&self, calls: usize) {
        let from = self.shared.calls.load(Ordering::Relaxed);
        soon("clients call", || self.shared.calls.load(Ordering::Relaxed) >= from + calls);
    }

    /// No new connection goes there from now on.
    fn leave_out(&self, endpoint: SocketAddr) {
        self.shared.endpoints.lock().unwrap().retain(|known| *known != endpoint);
    }

    fn lost(&self) -> usize {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Ends the clients; how many calls there were, how many were lost and how many connections moved.
    fn end(mut self) -> Outcome {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
        let number = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        let first = self.shared.first.lock().unwrap().take();
        let Shared { calls, lost, moved, .. } = &*self.shared;
        Outcome { calls: number(calls), lost: number(lost), moved: number(moved), first }
    }
}

struct Outcome {
    calls: usize,
    lost: usize,
    moved: usize,
    /// What was lost first.
    first: Option<String>,
}

fn call_on(shared: &Shared, number: usize) {
    let mut turn = number;
    let mut held = None;
    while !shared.stop.load(Ordering::Relaxed) {
        let (caller, to) = held.get_or_insert_with(|| {
            turn += 1;
            let endpoints = shared.endpoints.lock().unwrap();
            (Caller::new(PATIENCE), endpoints[turn % endpoints.len()])
        });
        let answer = caller.get(*to, "web", &shared.path);
        shared.calls.fetch_add(1, Ordering::Relaxed);
        if !answer.is_ok() {
            shared.lost.fetch_add(1, Ordering::Relaxed);
            shared.first.lock().unwrap().get_or_insert(format!("{to}: {answer:?}"));
        } else if answer.closes {
            shared.moved.fetch_add(1, Ordering::Relaxed);
        }
        if !answer.is_ok() || answer.closes {
            held = None;
        }
        sleep(PAUSE);
    }
}

/// Two pods of one Deployment, and a service that they call at each request: what ends must reach others to its end.
struct World {
    web: [Pod; 2],
    c: Network,
    _server: Server,
}

impl World {
    fn make(native: NativeSidecars, drain: u32) -> Self {
        let c = network();
        let server = Server::start(place(&c), &[8080], 100, |_| {
            sleep(Duration::from_millis(20));
            (200, "c".to_owned())
        });
        let names = [("c", c.address().into())];
        let drain = drain.to_string();
        let annotations = [UPSTREAMS, ("pillion.dev/drain-seconds", drain.as_str())];
        let mut plain = Plain::new("web", &annotations);
        plain.container = json!({"lifecycle": {"preStop": {"sleep": {"seconds": SLEEP}}}});
        let pod = plain.injected(native);
        let web = [(); 2].map(|()| {
            Pod::run(pod.clone(), network(), &names, |place| {
                Server::start(place, &[8080], 100, relay("web", PATIENCE))
            })
        });
        Self { web, c, _server: server }
    }

    /// Clients of so many of the pods.
    fn load(&self, pods: usize) -> Load {
        let endpoints = self.web.iter().take(pods).map(|pod| pod.at(8080)[0]).collect();
        Load::start(endpoints, format!("/call/{}/c:8080", at(&self.c, 8080)[0]))
    }

    /// Ends the first pod under load.
    fn end_one(&self) -> Outcome {
        let load = self.load(2);
        load.more(200);
        std::thread::scope(|scope| {
            scope.spawn(|| self.web[0].end());
            sleep(PROPAGATION);
            load.leave_out(self.web[0].at(8080)[0]);
        });
        load.more(200);
        load.end()
    }
}

fn print(what: &str, outcome: &Outcome) {
    let Outcome { calls, lost, moved, first } = outcome;
    let first = first.as_ref().map(|first| format!("; the first: {first}")).unwrap_or_default();
    row(&format!("ending: {what}: {calls} calls, {lost} lost, {moved} connections told to move{first}"));
}

#[test]
fn an_envoy_that_is_killed_is_back_after_a_moment() {
    let world = World::make(NativeSidecars::True, 5);
    let pod = &world.web[0];
    // All go to the one pod: there is no other to which they would move.
    let load = world.load(1);
    load.more(200);
    assert_eq!(load.lost(), 0, "nothing is lost while nothing happens");
    pod.kill("envoy");
    load.more(50);
    pod.start_again("envoy");
    // Who had called before it was back has an answer by now.
    load.more(5 * CLIENTS);
    let lost = load.lost();
    load.more(400);
    let after = load.lost() - lost;
    let (inbound, outbound) = pod.stats().connections();
    let outcome = load.end();
    print("Envoy killed and started again", &outcome);
    assert!(lost > 0, "what goes to a pod without its Envoy is lost");
    assert_eq!(after, 0, "{:?}", outcome.first);
    assert!(inbound > 0 && outbound > 0, "traffic passes the new Envoy: the redirect outlives the old one");
}

#[test]
fn a_pod_that_ends_in_order_loses_nothing_with_a_native_sidecar() {
    let world = World::make(NativeSidecars::True, 5);
    let outcome = world.end_one();
    print("a pod ends, native sidecar, preStop drains", &outcome);
    let wanted = [
        "pillion-redirect is done",
        "envoy has started",
        "app starts",
        "the pod is ready",
        "the pod is to end",
        "envoy has done its preStop",
        "app has done its preStop",
        "app has ended",
        "envoy has ended",
    ];
    assert_eq!(world.web[0].events(), wanted);
    assert_eq!(outcome.lost, 0, "{:?}", outcome.first);
    assert!(outcome.moved > 0, "clients are told to connect elsewhere");
}

#[test]
fn a_pod_that_ends_in_order_loses_nothing_without_native_sidecars() {
    let world = World::make(NativeSidecars::False, SLEEP + 2);
    let outcome = world.end_one();
    print("a pod ends, container, preStop drains and waits", &outcome);
    let wanted = [
        "pillion-redirect is done",
        "app starts",
        "the pod is ready",
        "the pod is to end",
        "app has done its preStop",
        "app has ended",
        "envoy has done its preStop",
        "envoy has ended",
    ];
    assert_eq!(world.web[0].events(), wanted);
    assert_eq!(outcome.lost, 0, "{:?}", outcome.first);
    assert!(outcome.moved > 0, "clients are told to connect elsewhere");
}

#[test]
fn without_a_drain_calls_are_lost() {
    for (native, how) in [(NativeSidecars::True, "native sidecar"), (NativeSidecars::False, "container")] {
        let world = World::make(native, 0);
        let outcome = world.end_one();
        print(&format!("a pod ends, {how}, drain-seconds 0"), &outcome);
        assert_eq!(outcome.moved, 0, "nobody is told to connect elsewhere");
        assert!(outcome.lost > 0, "who keeps its connection loses it at the end");
    }
}
