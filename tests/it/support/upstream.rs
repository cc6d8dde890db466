//! Another injector: a server with HTTPS on loopback that answers as it is told, and remembers what it was asked.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use pillion::engine::{Engine, Preview};
use pillion::http::{Limits, listen};
use pillion::lifecycle::{Trigger, shutdown};
use pillion::source::{self, Origin};
use pillion::telemetry::Metrics;
use pillion::tls::{Compliance, Resolver, ca, server_config};
use pillion_core::config::Settings;
use tokio::task::JoinHandle;

/// What it does when it is asked.
#[derive(Clone)]
pub enum Behaviour {
    /// Answers as this engine does.
    Injects(Arc<Engine>),
    /// Answers with these bytes, after this time.
    Says(StatusCode, Vec<u8>, Duration),
}

/// A request, as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub uri: String,
    pub version: Version,
    pub headers: HeaderMap,
    pub body: String,
}

/// The server. It ends when this is dropped.
pub struct Upstream {
    pub address: SocketAddr,
    pub asked: Arc<Mutex<Vec<Asked>>>,
    behaviour: Arc<Mutex<Behaviour>>,
    directory: tempfile::TempDir,
    _trigger: Trigger,
    served: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    asked: Arc<Mutex<Vec<Asked>>>,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl Upstream {
    /// Starts it on a free port.
    pub fn start(behaviour: Behaviour) -> Self {
        let listener = listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let made = ca::self_signed(&[], address.ip()).unwrap();
        let resolver = Arc::new(Resolver::default());
        resolver.set(&made.identity);
        let tls = Arc::new(server_config(Compliance::None, resolver).unwrap());
        let (asked, behaviour) = (Arc::default(), Arc::new(Mutex::new(behaviour)));
        let shared = Shared { asked: Arc::clone(&asked), behaviour: Arc::clone(&behaviour) };
        let router = Router::new().fallback(answer).with_state(shared);
        let (trigger, stop) = shutdown();
        let metrics = Arc::new(Metrics::new("default"));
        let served =
            tokio::spawn(listen::serve(listener, Some(tls), router, Limits::default(), metrics, stop));
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ca.crt"), made.ca_pem).unwrap();
        Self { address, asked, behaviour, directory, _trigger: trigger, served }
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The file with its authority.
    pub fn ca(&self) -> PathBuf {
        self.directory.path().join("ca.crt")
    }

    pub fn now(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    pub fn all_asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.served.abort();
    }
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let body = String::from_utf8_lossy(&body).into_owned();
    let path = head.uri.path().to_owned();
    let uri = head.uri.path_and_query().unwrap().to_string();
    let asked = Asked { uri, version: head.version, headers: head.headers, body: body.clone() };
    shared.asked.lock().unwrap().push(asked);
    let behaviour = shared.behaviour.lock().unwrap().clone();
    match behaviour {
        Behaviour::Injects(engine) => {
            let (reply, _) = engine.admit(&path, body.as_bytes(), Preview::No);
            ([("content-type", "application/json"), ("x-injector", "the other")], reply.body).into_response()
        }
        Behaviour::Says(status, body, after) => {
            tokio::time::sleep(after).await;
            (status, [("x-injector", "the other"), ("keep-alive", "timeout=5")], Body::from(body))
                .into_response()
        }
    }
}

/// An engine under the configuration in a directory.
pub fn engine_of(directory: &std::path::Path) -> Arc<Engine> {
    let engine = Engine::new(Arc::new(Metrics::new("default")));
    let texts = Origin::Directory(directory.to_owned()).read().unwrap();
    engine.replace(source::build(&texts, Settings::default()).unwrap().snapshot);
    engine
}
