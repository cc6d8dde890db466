//! The page of the debug port in a real browser: `pillion serve` as a process, and a headless Chromium. Not part of a plain
//! `cargo test`, for it needs the browser: `make page` fetches it and names it in `PILLION_CHROMIUM`.
//!
//! | module | holds |
//! |---|---|
//! | `browser` | Chromium over the DevTools protocol |
//! | `explain` | a pod is pasted |
//! | `state` | what the page says of the process, as it changes |
//! | `strangers` | pods and names that would be markup; other pages that would reach the port |
//! | `looks` | pictures, contrast, labels, the keyboard |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test fails by panicking and prints its figures"
)]

mod browser;
mod explain;
mod looks;
#[allow(dead_code, reason = "the integration tests use all of it")]
#[path = "../it/support/program.rs"]
mod program;
mod state;
mod strangers;

use std::path::Path;
use std::process::Command;

use browser::Browser;
use program::Serving;
use tempfile::TempDir;

/// A pod that shares its node's network.
pub const HOST: &str = "apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop}
spec:
  hostNetwork: true
  containers: [{name: agent, image: 'agent:1'}]
";
/// A workload with an annotation that sets something, and one that is misspelt.
pub const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata:
      labels: {app: web}
      annotations:
        sidecar.istio.io/inejct: 'true'
    spec:
      containers:
      - name: app
        image: app:1
        ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {path: /ready, port: 8080}}
";

/// The program, and its page in a browser.
pub struct Shown {
    /// The browser, with the page open.
    pub browser: Browser,
    /// The program.
    pub serving: Serving,
    /// Where its debug port is: `http://localhost:PORT`.
    pub origin: String,
    state: TempDir,
}

impl Shown {
    /// With the embedded profile.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With these arguments of `serve`.
    pub fn with(arguments: &[&str]) -> Self {
        let state = tempfile::tempdir().unwrap();
        let mut serving = Serving::start(state.path(), arguments);
        let origin = format!("http://localhost:{}", serving.port("debug"));
        let mut browser = Browser::start();
        browser.open(&format!("{origin}/"));
        browser.wait("document.getElementById('who').textContent !== ''");
        Self { browser, serving, origin, state }
    }

    /// Has the webhook answer the review of a pod that is injected, over its own port.
    pub fn admit(&self) {
        self.send(&self.serving.line);
    }

    /// The same with the host's network.
    pub fn skip(&self) {
        let sample = std::fs::read_to_string(self.state.path().join("review.json")).unwrap();
        let mut review: serde_json::Value = serde_json::from_str(&sample).unwrap();
        review["request"]["object"]["spec"]["hostNetwork"] = true.into();
        std::fs::write(self.state.path().join("skip.json"), review.to_string()).unwrap();
        self.send(&self.serving.line.replace("review.json", "skip.json"));
    }

    fn send(&self, line: &str) {
        let output = Command::new("sh").args(["-c", line]).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Pastes a text, has it explained, and gives the line that tells what came of it.
    pub fn explain(&mut self, text: &str) -> String {
        self.browser.write("#paste", text);
        self.browser.click("#go");
        self.browser.wait("!document.getElementById('go').hasAttribute('aria-disabled')");
        self.browser.run("document.getElementById('told').innerText").as_str().unwrap().to_owned()
    }

    /// Nothing went wrong in the page, and it asked nobody but its own port.
    pub fn is_clean(&mut self) {
        let complaints = self.browser.complaints();
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
        let own = format!("{}/", self.origin);
        let foreign: Vec<_> = self
            .browser
            .requested()
            .into_iter()
            .filter(|url| !url.starts_with(&own) && !url.starts_with("data:"))
            .collect();
        assert!(foreign.is_empty(), "{foreign:?}");
    }
}

/// Where pictures are written.
pub fn pictures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/page")
}
