//! The programs that are measured: started on loopback, one set of them for each workload, and ended with the bench.
//! Never: what they are asked.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use pillion_control_plane::children::Children;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::CertificateDer;

/// How long a peer may take to be ready on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often is looked whether it is.
const LOOK: Duration = Duration::from_micros(500);

/// A program that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Istio's injection handler behind Go's HTTPS server.
    Istiod,
    /// `pillion serve` with Istio's templates.
    Pillion,
    /// `pillion serve` with the Envoy profile.
    Profile,
    /// The listener of `pillion serve` before a handler that does nothing.
    Echo,
}

impl Kind {
    /// All of them, in the order in which they take turns.
    pub(crate) const ALL: [Self; 4] = [Self::Istiod, Self::Pillion, Self::Profile, Self::Echo];

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Istiod => "istiod",
            Self::Pillion => "pillion",
            Self::Profile => "pillion-envoy",
            Self::Echo => "echo",
        }
    }
}

/// What peers are started from.
#[derive(Debug)]
pub(crate) struct Setup {
    istiod: PathBuf,
    pillion: PathBuf,
    echo: PathBuf,
    /// Which of its answers Pillion logs.
    decision_log: String,
    /// Holds the files below, and goes with this.
    children: Children,
    /// The certificate that all of them present.
    pub(crate) certificate: CertificateDer<'static>,
    /// The same as PEM: it is its own authority.
    pub(crate) authority: String,
}

/// A running peer.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Which.
    pub(crate) kind: Kind,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its process.
    pub(crate) id: u32,
    /// From its start until it answered.
    pub(crate) ready_after: Duration,
}

/// A set of running peers; they end when it is dropped.
#[derive(Debug)]
pub(crate) struct Peers {
    children: Children,
    running: Vec<Peer>,
}

impl Setup {
    /// Finds the programs, renders Istio's newest chart, makes a certificate.
    pub(crate) fn new(decision_log: &str) -> Result<Self> {
        let decision_log = decision_log.to_owned();
        let children = Children::new()?;
        let program = |variable: &str| -> Result<PathBuf> {
            let path = std::env::var_os(variable).filter(|path| !path.is_empty());
            let path = PathBuf::from(
                path.with_context(|| format!("{variable} names no program: run `make bench`"))?,
            );
            path.canonicalize().with_context(|| format!("{variable}: {}: run `make bench`", path.display()))
        };
        let (istiod, pillion) = (program("PILLION_ORACLE")?, program("PILLION_PROGRAM")?);
        let echo = program("PILLION_ECHO")?;
        let templates = children.directory().join("templates");
        let rendered = Command::new(&istiod).args(["render", "--dir"]).arg(&templates).output();
        let rendered = rendered.with_context(|| format!("cannot start {}", istiod.display()))?;
        if !rendered.status.success() {
            bail!("Istio's chart cannot be rendered: {}", String::from_utf8_lossy(&rendered.stderr));
        }
        let key = KeyPair::generate()?;
        let made = CertificateParams::new(vec!["localhost".into()])?.self_signed(&key)?;
        fs::write(children.directory().join("tls.crt"), made.pem())?;
        fs::write(children.directory().join("tls.key"), key.serialize_pem())?;
        let certificate = made.der().clone();
        Ok(Self { istiod, pillion, echo, decision_log, children, certificate, authority: made.pem() })
    }

    /// Where Istio's configuration was rendered into.
    pub(crate) fn templates(&self) -> PathBuf {
        self.children.directory().join("templates")
    }

    /// The program, with nothing of this environment that changes what it does.
    pub(crate) fn pillion(&self) -> Command {
        bare(&self.pillion)
    }

    fn command(&self, kind: Kind, address: SocketAddr, admin: SocketAddr) -> Command {
        let directory = self.children.directory();
        let (certificate, key) = (directory.join("tls.crt"), directory.join("tls.key"));
        let templates = self.templates();
        let mut command = match kind {
            Kind::Istiod => bare(&self.istiod),
            Kind::Pillion | Kind::Profile => self.pillion(),
            Kind::Echo => bare(&self.echo),
        };
        match kind {
            Kind::Istiod => {
                command.arg("serve").arg("--dir").arg(&templates).args(["--addr", &address.to_string()]);
                command.arg("--cert").arg(certificate).arg("--key").arg(key);
            }
            Kind::Pillion | Kind::Profile => {
                command.arg("serve").args(["--https-addr", &address.to_string()]);
                command.args(["--admin-addr", &admin.to_string(), "--debug-addr", "127.0.0.1:0"]);
                command.arg("--tls-cert").arg(certificate).arg("--tls-key").arg(key);
                command.args(["--decision-log", &self.decision_log]);
                if kind == Kind::Pillion {
                    command.arg("--config-dir").arg(&templates);
                }
            }
            Kind::Echo => {
                command.args(["--https-addr", &address.to_string()]);
                command.arg("--tls-cert").arg(certificate).arg("--tls-key").arg(key);
            }
        }
        command
    }

    /// Starts one peer of each of these kinds and waits until all are ready.
    pub(crate) fn start(&self, kinds: &[Kind]) -> Result<Peers> {
        let mut peers = Peers { children: Children::new()?, running: vec![] };
        for &kind in kinds {
            peers.add(kind, |address, admin| self.command(kind, address, admin))?;
        }
        Ok(peers)
    }

    /// Starts one peer by another command than usual.
    pub(crate) fn start_with(
        &self,
        kind: Kind,
        command: impl FnOnce(SocketAddr, SocketAddr) -> Command,
    ) -> Result<Peers> {
        let mut peers = Peers { children: Children::new()?, running: vec![] };
        peers.add(kind, command)?;
        Ok(peers)
    }
}

impl Peers {
    /// Starts a peer on free ports, and waits until it is ready.
    fn add(&mut self, kind: Kind, command: impl FnOnce(SocketAddr, SocketAddr) -> Command) -> Result<()> {
        let [address, admin] = free()?;
        let began = Instant::now();
        self.children.start(kind.name(), &mut command(address, admin))?;
        let id = self.children.ids().last().context("no process")?.1;
        let ready = || match kind {
            Kind::Pillion | Kind::Profile => is_ready(admin),
            Kind::Istiod | Kind::Echo => TcpStream::connect(address).is_ok(),
        };
        while !ready() {
            if self.children.ended().is_some() || began.elapsed() > PATIENCE {
                bail!("{} does not get ready: {}", kind.name(), self.children.log(kind.name()));
            }
            sleep(LOOK);
        }
        self.running.push(Peer { kind, address, id, ready_after: began.elapsed() });
        Ok(())
    }

    /// The peers, in the order in which they take turns.
    pub(crate) fn all(&self) -> &[Peer] {
        &self.running
    }

    /// The peer of this kind, if it runs.
    pub(crate) fn of(&self, kind: Kind) -> Option<&Peer> {
        self.running.iter().find(|peer| peer.kind == kind)
    }

    /// What a peer said last.
    pub(crate) fn log(&self, kind: Kind) -> String {
        self.children.log(kind.name())
    }
}

/// A program, with nothing of this environment that changes what it does.
fn bare(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command
}

/// Whether `/readyz` of an admin port says yes.
fn is_ready(admin: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(admin) else { return false };
    let mut answer = String::new();
    let asked = stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
}

/// Two free ports on loopback.
fn free() -> Result<[SocketAddr; 2]> {
    let held = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let mut found = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)); 2];
    for (found, held) in found.iter_mut().zip(held) {
        *found = held.context("no free port on loopback")?.local_addr()?;
    }
    Ok(found)
}
