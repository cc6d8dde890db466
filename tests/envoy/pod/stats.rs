//! What Envoy has counted, by the names that its documentation has. Never: what the numbers should be.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::app::Caller;
use crate::network::within;

/// Envoy's admin interface, where the profile has it unless a pod says otherwise.
const ADMIN: u16 = 15000;
/// Where others read the statistics.
const PROMETHEUS: u16 = 15090;
const PATIENCE: Duration = Duration::from_secs(10);

/// Counters and gauges at one moment.
#[derive(Clone, Debug)]
pub struct Stats(BTreeMap<String, i64>);

impl Stats {
    /// Those of the Envoy in a namespace, asked on its loopback interface.
    pub fn of(namespace: &str) -> Self {
        let told = within(namespace, || {
            let at = SocketAddr::from((Ipv4Addr::LOCALHOST, ADMIN));
            Caller::new(PATIENCE).get(at, "admin", "/stats")
        });
        assert!(told.is_ok(), "Envoy's admin interface: {told:?}");
        let numbers = told.text.lines().filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Self(numbers.collect())
    }

    /// One number; Envoy has it from the start.
    pub fn get(&self, name: &str) -> i64 {
        let near = name.rsplit_once('.').map_or(name, |(start, _)| start);
        let all = || self.0.keys().filter(|known| known.starts_with(near)).collect::<Vec<_>>();
        self.0.get(name).copied().unwrap_or_else(|| panic!("Envoy has no {name}, but {:?}", all()))
    }

    /// Connections that have come to Envoy from outside of the pod, and from the pod, by the redirect.
    pub fn connections(&self) -> (i64, i64) {
        let listener = |port: &str| self.get(&format!("listener.0.0.0.0_{port}.downstream_cx_total"));
        (listener("15006"), listener("15001"))
    }
}

/// The value of a number as Prometheus reads it of a pod, with these labels.
pub fn scraped(pod: std::net::IpAddr, name: &str, labels: &str) -> Option<i64> {
    let at = SocketAddr::from((pod, PROMETHEUS));
    let told = Caller::new(PATIENCE).get(at, &at.to_string(), "/stats/prometheus");
    let start = format!("{name}{{{labels}}} ");
    told.text.lines().find_map(|line| line.strip_prefix(&start)?.parse().ok())
}
