//! Readiness: asks a pod over HTTP whether it is ready, as its probe says, once a second.
//! Never: probes of other kinds; without a probe a pod is ready as soon as it runs.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::Agent;
use ureq::tls::TlsConfig;

const PERIOD: Duration = Duration::from_secs(1);

/// The probe of one container.
#[derive(Debug)]
pub(super) struct Probe {
    /// The agent and the URL; none where there is no probe.
    asks: Option<(Agent, String)>,
    most_failures: u64,
    failures: u64,
    asked: Option<Instant>,
    /// What the last answer was.
    pub(super) is_ready: bool,
}

impl Probe {
    /// The probe of this container at this address.
    pub(super) fn of(container: &Value, address: Ipv4Addr) -> Result<Self> {
        let probe = &container["readinessProbe"];
        let most_failures = probe["failureThreshold"].as_u64().unwrap_or(3);
        let asks = if probe.is_null() { None } else { Some((agent(probe), url(container, probe, address)?)) };
        Ok(Self { is_ready: false, asks, most_failures, failures: 0, asked: None })
    }

    /// Forgets what was, for a process that starts anew.
    pub(super) fn reset(&mut self) {
        (self.is_ready, self.failures, self.asked) = (false, 0, None);
    }

    /// Asks, if it is time to.
    pub(super) fn ask(&mut self) {
        let Some((agent, url)) = &self.asks else {
            self.is_ready = true;
            return;
        };
        if self.asked.is_some_and(|last| last.elapsed() < PERIOD) {
            return;
        }
        self.asked = Some(Instant::now());
        if agent.get(url).call().is_ok() {
            (self.is_ready, self.failures) = (true, 0);
        } else {
            self.failures += 1;
            self.is_ready = self.is_ready && self.failures < self.most_failures;
        }
    }
}

fn agent(probe: &Value) -> Agent {
    let timeout = Duration::from_secs(probe["timeoutSeconds"].as_u64().unwrap_or(1));
    // A kubelet does not look at a certificate either.
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .disable_verification(true)
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .proxy(None)
        .max_redirects(0)
        .max_idle_connections(0)
        .timeout_global(Some(timeout))
        .build()
        .new_agent()
}

fn url(container: &Value, probe: &Value, address: Ipv4Addr) -> Result<String> {
    let get = &probe["httpGet"];
    if get.is_null() {
        bail!("a readiness probe that is not httpGet is not known to this kubelet");
    }
    let port = match &get["port"] {
        Value::String(name) => container["ports"]
            .as_array()
            .and_then(|ports| ports.iter().find(|port| port["name"] == **name))
            .and_then(|port| port["containerPort"].as_u64())
            .with_context(|| format!("readiness probe: the container has no port {name}"))?,
        number => number.as_u64().context("readiness probe: no port")?,
    };
    let scheme = get["scheme"].as_str().unwrap_or("HTTP").to_lowercase();
    Ok(format!("{scheme}://{address}:{port}{}", get["path"].as_str().unwrap_or("/")))
}
