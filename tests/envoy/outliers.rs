//! One instance of several behind a name fails: Envoy leaves it out, and takes it back.
//! Never: an instance that hangs (that is `breaker`'s).

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pillion_control_plane::kubelet::Network;
use pillion_core::config::NativeSidecars;

use crate::app::{Answer, Caller, Server};
use crate::network::within;
use crate::pod::injected::Plain;
use crate::pod::stats::scraped;
use crate::pod::{Pod, at, network, place, soon};
use crate::row;

const PATIENCE: Duration = Duration::from_secs(20);
const UPSTREAMS: &str = "
- name: s
  hosts: [s]
  port: 8080
  outlierDetection: {consecutive5xx: 3, interval: 200ms, baseEjectionTime: 5s, maxEjectionPercent: 50}
";
/// Calls of a round.
const CALLS: usize = 60;
/// The one of three that fails.
const FAILING: usize = 1;

struct World {
    a: Pod,
    instances: Vec<(Network, Server)>,
    fails: Arc<AtomicBool>,
}

impl World {
    fn make() -> Self {
        let fails = Arc::new(AtomicBool::new(false));
        let instance = |number: usize| {
            let (network, fails) = (network(), Arc::clone(&fails));
            let server = Server::start(place(&network), &[8080], 8, move |_| {
                let status = if number == FAILING && fails.load(Ordering::Relaxed) { 500 } else { 200 };
                (status, number.to_string())
            });
            (network, server)
        };
        let instances: Vec<_> = (0..3).map(instance).collect();
        let names: Vec<(&str, IpAddr)> =
            instances.iter().map(|(network, _)| ("s", network.address().into())).collect();
        let pod = Plain::new("a", &[("pillion.dev/upstreams", UPSTREAMS)]).injected(NativeSidecars::True);
        let a = Pod::run(pod, network(), &names, |place| {
            Server::start(place, &[8080], 8, |_| (200, "a".to_owned()))
        });
        soon("Envoy knows all instances", || a.stats().get("cluster.s.membership_total") == 3);
        Self { a, instances, fails }
    }

    /// A calls the service; by which address it has looked the name up is the same to Envoy.
    fn call(&self, many: usize) -> Vec<Answer> {
        let to = at(&self.instances[FAILING].0, 8080)[0];
        within(self.a.place(), move || {
            (0..many).map(|_| Caller::new(PATIENCE).get(to, "s:8080", "/")).collect()
        })
    }

    /// A round of calls: how many each instance has answered, and how many were answered well.
    fn round(&self) -> (Vec<usize>, usize) {
        let answered = || self.instances.iter().map(|(_, server)| server.answered()).collect::<Vec<_>>();
        let before = answered();
        let good = self.call(CALLS).iter().filter(|answer| answer.is_ok()).count();
        (answered().iter().zip(before).map(|(after, before)| after - before).collect(), good)
    }

    fn ejected(&self) -> i64 {
        self.a.stats().get("cluster.s.outlier_detection.ejections_active")
    }
}

#[test]
fn an_instance_that_fails_is_left_out_and_taken_back() {
    let world = World::make();
    let (each, good) = world.round();
    assert!(each.iter().all(|&calls| calls > 0) && good == CALLS, "{each:?}");
    row(&format!("outliers: three instances answer: {good} of {CALLS} calls, to each {each:?}"));

    world.fails.store(true, Ordering::Relaxed);
    let mut failed = 0;
    soon("the instance is ejected", || {
        failed += world.call(5).iter().filter(|answer| answer.status == Some(500)).count();
        world.ejected() == 1
    });
    assert!(failed >= 3, "it takes three failures");
    for series in ["ejections_active", "ejections_enforced_total"] {
        let series = format!("envoy_cluster_outlier_detection_{series}");
        let told = scraped(world.a.network().address().into(), &series, r#"envoy_cluster_name="s""#);
        assert_eq!(told, Some(1), "{series}");
    }
    let (each, good) = world.round();
    assert_eq!((each[FAILING], good), (0, CALLS), "{each:?}");
    let stats = world.a.stats();
    let told = |name: &str| stats.get(&format!("cluster.s.outlier_detection.{name}"));
    assert_eq!(told("ejections_enforced_consecutive_5xx"), told("ejections_enforced_total"));
    let (active, enforced) = (told("ejections_active"), told("ejections_enforced_total"));
    row(&format!(
        "outliers: one fails: {failed} calls until it is left out (ejections_active {active}, enforced {enforced}), \
         then {good} of {CALLS}, to each {each:?}"
    ));

    world.fails.store(false, Ordering::Relaxed);
    soon("the instance is taken back", || world.ejected() == 0);
    let (each, good) = world.round();
    assert!(each[FAILING] > 0 && good == CALLS, "{each:?}");
    row(&format!("outliers: it answers again and is taken back: {good} of {CALLS}, to each {each:?}"));
}
