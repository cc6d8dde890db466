//! [`ControlPlane`]: starts the processes with the settings that a usual cluster has, and waits until they serve.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::certificates::{self, Credentials};
use crate::children::Children;
use crate::client::Client;
use crate::ports;

/// How long a process may take until it serves: a few seconds are usual, on a busy machine more.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(50);
/// How often it is tried again where another process took a port in the meantime.
const ATTEMPTS: usize = 3;
/// How many threads may share a client.
const THREADS: usize = 16;

/// A running control plane; it ends when this is dropped.
#[derive(Debug)]
pub struct ControlPlane {
    children: Children,
    client: Client,
    binaries: PathBuf,
    url: String,
    token: String,
}

/// The directory of the programs: `PILLION_KUBE`, or what `scripts/kube` builds and prints.
///
/// # Errors
/// They cannot be built; the script has said why.
pub fn binaries() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("PILLION_KUBE").filter(|named| !named.is_empty()) {
        return Ok(named.into());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/kube");
    let built = Command::new(&script)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", script.display()))?;
    let printed = String::from_utf8_lossy(&built.stdout);
    match printed.lines().last() {
        Some(directory) if built.status.success() => Ok(directory.into()),
        _ => bail!("there is no Kubernetes API server: {} says why", script.display()),
    }
}

impl ControlPlane {
    /// Starts etcd and kube-apiserver out of `binaries` and waits until the API is ready. `more` are further arguments
    /// of kube-apiserver.
    ///
    /// # Errors
    /// A process cannot be started, ends, or does not become ready: the end of its log is told.
    pub fn start(binaries: &Path, more: &[&str]) -> Result<Self> {
        Self::start_with(binaries, None, more)
    }

    /// As [`Self::start`], and the API server listens on every address and is known by `address`: for a network
    /// namespace of the test's own, where pods reach it there. Never for the machine's own network.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_at(binaries: &Path, address: Ipv4Addr, more: &[&str]) -> Result<Self> {
        let advertise = format!("--advertise-address={address}");
        let mut arguments = vec!["--bind-address=0.0.0.0", advertise.as_str()];
        arguments.extend(more);
        Self::start_with(binaries, Some(address), &arguments)
    }

    fn start_with(binaries: &Path, address: Option<Ipv4Addr>, more: &[&str]) -> Result<Self> {
        for _ in 1..ATTEMPTS {
            match Self::start_once(binaries, address, more) {
                Err(error) if format!("{error:#}").contains("address already in use") => {}
                other => return other,
            }
        }
        Self::start_once(binaries, address, more)
    }

    fn start_once(binaries: &Path, address: Option<Ipv4Addr>, more: &[&str]) -> Result<Self> {
        let mut children = Children::new()?;
        let Credentials { ca_pem, token } = certificates::make(children.directory(), address)?;
        let [etcd, peers, api] = ports::free()?;
        let etcd = format!("http://127.0.0.1:{etcd}");
        let url = format!("https://127.0.0.1:{api}");
        children.start(
            "etcd",
            Command::new(binaries.join("etcd"))
                .args(["--data-dir=etcd", "--unsafe-no-fsync", "--log-level=warn"])
                .arg(format!("--listen-client-urls={etcd}"))
                .arg(format!("--advertise-client-urls={etcd}"))
                .arg(format!("--listen-peer-urls=http://127.0.0.1:{peers}")),
        )?;
        children.start(
            "kube-apiserver",
            Command::new(binaries.join("kube-apiserver"))
                .args(API_SERVER)
                .arg(format!("--etcd-servers={etcd}"))
                .arg(format!("--secure-port={api}"))
                .args(more),
        )?;
        std::fs::write(children.directory().join("kubeconfig"), kubeconfig(&url, &token))?;
        let client = Client::new(url.clone(), &Credentials { ca_pem, token: token.clone() }, THREADS)?;
        let mut plane = Self { children, client, binaries: binaries.to_path_buf(), url, token };
        plane.wait("kube-apiserver", "/readyz")?;
        Ok(plane)
    }

    /// Starts kube-controller-manager, and waits until it has made the service account of the namespace `default`. `more`
    /// are further arguments of it.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_controller_manager(&mut self, more: &[&str]) -> Result<()> {
        let mut command = Command::new(self.binaries.join("kube-controller-manager"));
        command.args([
            "--kubeconfig=kubeconfig",
            "--service-account-private-key-file=accounts.key",
            "--root-ca-file=ca.crt",
            "--use-service-account-credentials",
            "--leader-elect=false",
            "--secure-port=0",
        ]);
        command.args(more);
        self.children.start("kube-controller-manager", &mut command)?;
        self.wait("kube-controller-manager", "/api/v1/namespaces/default/serviceaccounts/default")
    }

    /// A client of the API server.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Where the API server listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The administrator's token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The file with the certificate that the API server is known by.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.children.directory().join("ca.crt")
    }

    /// The administrator's kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.children.directory().join("kubeconfig")
    }

    /// A directory that goes when the control plane ends.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.children.directory()
    }

    /// kubectl, speaking to this control plane and caching nothing elsewhere.
    #[must_use]
    pub fn kubectl(&self) -> Command {
        let mut command = Command::new(self.binaries.join("kubectl"));
        command
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .arg("--cache-dir")
            .arg(self.directory().join("kubectl"));
        command
    }

    fn wait(&mut self, name: &str, path: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some((ended, status)) = self.children.ended() {
                bail!("{ended} ended with {status}; the end of its log:\n{}", self.children.log(&ended));
            }
            let answer = self.client.get(path);
            if answer.as_ref().is_ok_and(|answer| answer.is_success()) {
                return Ok(());
            }
            if Instant::now() > until {
                let said = answer.map_or_else(|error| format!("{error:#}"), |answer| answer.body.to_string());
                bail!(
                    "{name} is not ready after {} s: {said}; the end of its log:\n{}",
                    PATIENCE.as_secs(),
                    self.children.log(name)
                );
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// As kubeadm sets up a cluster, but for what needs other machines. Default admission plugins are on, ServiceAccount
/// among them.
const API_SERVER: &[&str] = &[
    "--bind-address=127.0.0.1",
    "--tls-cert-file=server.crt",
    "--tls-private-key-file=server.key",
    "--service-account-key-file=accounts.pub",
    "--service-account-signing-key-file=accounts.key",
    "--service-account-issuer=https://kubernetes.default.svc",
    "--token-auth-file=tokens.csv",
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged=true",
    "--service-cluster-ip-range=10.96.0.0/16",
    // A webhook that is registered by Service is then called at its endpoints: nothing routes Service addresses here.
    "--enable-aggregator-routing=true",
    "--profiling=false",
];

fn kubeconfig(url: &str, token: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
clusters: [{{name: test, cluster: {{server: \"{url}\", certificate-authority: ca.crt}}}}]
users: [{{name: admin, user: {{token: {token}}}}}]
contexts: [{{name: test, context: {{cluster: test, user: admin}}}}]
current-context: test
"
    )
}
