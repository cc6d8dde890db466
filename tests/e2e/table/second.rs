//! A second mutating webhook, as others have them beside ours: it adds a container where there is none of its own. It
//! runs in the test itself, over TLS on the test's own network. Never: Pillion's code.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::harness::{HOST, apply, kubectl};

/// The running webhook; it serves until the process ends.
pub(crate) struct Second {
    url: String,
    ca: String,
    received: Received,
}

/// The bodies that came, in their order.
type Received = Arc<Mutex<Vec<String>>>;

/// Its registration, which goes when this is dropped.
pub(crate) struct Registered(String);

impl Second {
    /// The name of the container that it adds.
    pub(crate) const CONTAINER: &'static str = "second";

    pub(crate) fn start() -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![HOST.to_string()]).unwrap().self_signed(&key).unwrap();
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(
                    vec![certificate.der().clone()],
                    PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
                )
                .unwrap();
        let listener = TcpListener::bind((HOST, 0)).unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let received = Received::default();
        let (config, kept) = (Arc::new(config), Arc::clone(&received));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, kept) = (Arc::clone(&config), Arc::clone(&kept));
                // A connection that breaks is the API server's to open again.
                std::thread::spawn(move || serve(stream, config, &kept));
            }
        });
        Self { url, ca: certificate.pem(), received }
    }

    /// How often it has been asked.
    pub(crate) fn calls(&self) -> usize {
        self.reviews().len()
    }

    /// What it has been asked, to the byte.
    pub(crate) fn reviews(&self) -> Vec<String> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Registers it under a name for the pods of one namespace.
    pub(crate) fn register(&self, name: &str, namespace: &str) -> Registered {
        let object = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": name},
            "webhooks": [{
                "name": "second.webhook.example", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "failurePolicy": "Fail", "reinvocationPolicy": "IfNeeded",
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "rules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]},
                ],
                "clientConfig": {"url": self.url, "caBundle": STANDARD.encode(&self.ca)},
            }],
        });
        apply(&object.to_string());
        Registered(name.to_owned())
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        kubectl(&["delete", "mutatingwebhookconfiguration", &self.0]);
    }
}

/// Answers the requests of one connection.
fn serve(stream: TcpStream, config: Arc<ServerConfig>, received: &Received) -> std::io::Result<()> {
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().map_err(std::io::Error::other)?;
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let body = String::from_utf8(body).map_err(std::io::Error::other)?;
        let answer = answer(&serde_json::from_str(&body)?).to_string();
        received.lock().unwrap_or_else(PoisonError::into_inner).push(body);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
        write!(stream.get_mut(), "{head}\r\nContent-Length: {}\r\n\r\n{answer}", answer.len())?;
        stream.get_mut().flush()?;
    }
}

fn answer(review: &Value) -> Value {
    let mut response = json!({"uid": review["request"]["uid"], "allowed": true});
    let containers = review["request"]["object"]["spec"]["containers"].as_array();
    if containers.is_some_and(|list| list.iter().all(|container| container["name"] != Second::CONTAINER)) {
        let container = json!({"name": Second::CONTAINER, "image": "registry.example/second:1"});
        let patch = json!([{"op": "add", "path": "/spec/containers/-", "value": container}]);
        response["patchType"] = json!("JSONPatch");
        response["patch"] = json!(STANDARD.encode(patch.to_string()));
    }
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})
}
