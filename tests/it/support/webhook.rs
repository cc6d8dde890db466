//! A webhook in this process: on a router without a socket, or on a real listener on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use pillion::clock::now;
use pillion::decisions::DecisionLog;
use pillion::engine::Engine;
use pillion::http::debug::Shown;
use pillion::http::{Limits, admit, listen};
use pillion::lifecycle::{Part, Readiness, Trigger, shutdown};
use pillion::source::{Origin, Status, embedded};
use pillion::telemetry::Metrics;
use pillion::telemetry::log::Level;
use pillion::tls::{Clients, Compliance, Resolver, Trust, ca, server_config_for};
use pillion_core::config::{Cluster, Settings};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// An engine with the embedded profile.
pub fn engine() -> Arc<Engine> {
    let engine = Engine::new(Arc::new(Metrics::new("default")));
    engine.replace(embedded::build(Settings::default(), Cluster::default()).unwrap().snapshot);
    engine
}

/// Readiness with every part there.
pub fn ready() -> Arc<Readiness> {
    let readiness = Readiness::default();
    for part in [Part::Config, Part::Listener] {
        readiness.is_there(part);
    }
    readiness.certificate_until(i64::MAX);
    Arc::new(readiness)
}

/// What a debug port shows of this engine, with no certificate in use.
pub fn shown(engine: Arc<Engine>) -> Shown {
    Shown {
        engine,
        status: Arc::new(Status::new(&Origin::Embedded)),
        readiness: ready(),
        resolver: Arc::new(Resolver::default()),
        trust: watch::Sender::new(Trust::default()).subscribe(),
        certificate_fault: watch::Sender::new(None).subscribe(),
        certificates: "nowhere".to_owned(),
        level: Level::fixed(),
        cluster: None,
        replica: "pillion-0".to_owned(),
        started: now(),
    }
}

/// What a router answered.
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

/// Asks a router.
pub async fn ask(router: &Router, request: Request<Body>) -> Answered {
    let response = router.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Answered { status: head.status, headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// Asks a router for a page.
pub async fn get(router: &Router, path: &str) -> Answered {
    ask(router, Request::get(path).header("host", "localhost").body(Body::empty()).unwrap()).await
}

/// Posts JSON to a router.
pub async fn post(router: &Router, path: &str, body: impl Into<Body>) -> Answered {
    let request = Request::post(path).header("content-type", "application/json");
    ask(router, request.body(body.into()).unwrap()).await
}

/// A webhook that listens on loopback.
pub struct Webhook {
    pub address: SocketAddr,
    pub ca: CertificateDer<'static>,
    pub metrics: Arc<Metrics>,
    pub trigger: Trigger,
    pub served: JoinHandle<()>,
}

impl Webhook {
    /// With generous times and no policy.
    pub async fn start() -> Self {
        Self::with(Limits::default(), Compliance::None)
    }

    pub fn with(limits: Limits, compliance: Compliance) -> Self {
        Self::made(limits, compliance, None)
    }

    /// For these clients only.
    pub fn for_clients(clients: Arc<Clients>) -> Self {
        Self::made(Limits::default(), Compliance::None, Some(clients))
    }

    fn made(limits: Limits, compliance: Compliance, clients: Option<Arc<Clients>>) -> Self {
        let engine = engine();
        let metrics = Arc::clone(engine.metrics());
        let listener = listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let made = ca::self_signed(&[], address.ip()).unwrap();
        let resolver = Arc::new(Resolver::default());
        resolver.set(&made.identity);
        let tls = Arc::new(server_config_for(clients, compliance, resolver).unwrap());
        let router = admit::router(engine, ready(), DecisionLog::All);
        let (trigger, stop) = shutdown();
        let served =
            tokio::spawn(listen::serve(listener, Some(tls), router, limits, Arc::clone(&metrics), stop));
        let ca = CertificateDer::from_pem_slice(made.ca_pem.as_bytes()).unwrap();
        Self { address, ca, metrics, trigger, served }
    }

    /// Waits until the metrics' text holds `line`.
    pub async fn metric(&self, line: &str) {
        let found = async {
            while !self.metrics.render().lines().any(|l| l == line) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let text = || format!("{line} in\n{}", self.metrics.render());
        assert!(tokio::time::timeout(Duration::from_secs(10), found).await.is_ok(), "{}", text());
    }
}
