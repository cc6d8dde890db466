//! [`Serving`]: `pillion serve` as a process of the test, asked over its own ports. [`Proxy`]: the API server behind a
//! connection that the test can cut. Never: what is expected.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pillion_control_plane::children::Children;
use serde_json::Value;

use crate::harness::{cluster, soon, wait};
use crate::support::{pillion, run};

const NAME: &str = "pillion";

/// A running program; it ends when this is dropped.
pub struct Serving {
    children: Children,
    admin: u16,
    line: String,
}

impl Serving {
    /// Starts it with `--config-source configmap`, these arguments and these variables, on free ports of loopback.
    pub fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut children = Children::new().unwrap();
        let mut command = pillion();
        command.args([
            "serve",
            "--config-source",
            "configmap",
            "--log-format",
            "json",
            "--drain-delay",
            "0s",
        ]);
        for flag in ["--https-addr", "--admin-addr", "--debug-addr"] {
            command.args([flag, "127.0.0.1:0"]);
        }
        command.arg("--state-dir").arg(children.directory().join("state"));
        command.args(arguments).envs(variables.iter().copied());
        children.start(NAME, &mut command).unwrap();
        let (admin, line) = wait("the program listens", || {
            let log = children.whole_log(NAME);
            let listening = log.lines().find(|line| line.contains("\"listening\""))?;
            let listening: Value = serde_json::from_str(listening).ok()?;
            let admin = listening["admin"].as_str()?.rsplit_once(':')?.1.parse().ok()?;
            let line = log.lines().find(|line| line.starts_with("curl "))?.to_owned();
            Some((admin, line))
        });
        Self { children, admin, line }
    }

    /// All that it has logged.
    pub fn log(&self) -> String {
        self.children.whole_log(NAME)
    }

    /// `/readyz?verbose`.
    pub fn readyz(&self) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.admin)).unwrap();
        stream
            .write_all(b"GET /readyz?verbose HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// Waits until `/readyz?verbose` says so.
    pub fn says(&self, what: &str) {
        let mut last = String::new();
        soon(&format!("readyz says {what:?}"), || {
            last = self.readyz();
            last.contains(what)
        });
    }

    /// Waits until it is ready.
    pub fn is_ready(&self) {
        self.says("readyz check passed");
    }

    /// What becomes of the sample pod: YAML, or the answer that refuses it.
    pub fn injected(&self) -> String {
        let output = run(Command::new("sh").args(["-c", &self.line]), "");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// A kubeconfig of the shared cluster for the bearer of a token.
pub fn kubeconfig(token: &str) -> tempfile::NamedTempFile {
    written(cluster().plane.url(), token)
}

fn written(server: &str, token: &str) -> tempfile::NamedTempFile {
    let ca = cluster().plane.ca_file();
    let text = format!(
        "apiVersion: v1
kind: Config
clusters: [{{name: test, cluster: {{server: \"{server}\", certificate-authority: {}}}}}]
users: [{{name: test, user: {{token: {token}}}}}]
contexts: [{{name: test, context: {{cluster: test, user: test}}}}]
current-context: test
",
        ca.display()
    );
    let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

/// Passes connections on to the API server, until it is cut.
pub struct Proxy {
    port: u16,
    cut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    /// On a free port of loopback. Its threads end with the process.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let to = cluster().plane.url().trim_start_matches("https://").to_owned();
        let (cut, open) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let proxy = Self { port, cut: Arc::clone(&cut), open: Arc::clone(&open) };
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // Accepted and dropped: the connection is refused as far as the client can tell.
                if cut.load(Ordering::Relaxed) {
                    continue;
                }
                let server = TcpStream::connect(&to).unwrap();
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    open.lock().unwrap().push(from.try_clone().unwrap());
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(std::net::Shutdown::Both);
                    });
                }
            }
        });
        proxy
    }

    /// The administrator's kubeconfig by way of this proxy.
    pub fn kubeconfig(&self) -> tempfile::NamedTempFile {
        written(&format!("https://127.0.0.1:{}", self.port), cluster().plane.token())
    }

    /// Ends all connections, and takes none.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        std::thread::sleep(Duration::from_millis(100));
    }

    /// Takes connections again.
    pub fn mend(&self) {
        self.cut.store(false, Ordering::Relaxed);
    }
}
