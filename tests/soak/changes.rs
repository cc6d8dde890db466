//! What changes while others ask: certificates and authorities, configurations of which every third is broken, watches
//! that break, recordings that are taken away. Each change is followed until it is in use, or known to be refused.
//! Never: requests.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use pillion::tls::ca::{Authority, Issued};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::harness::{metric, page, within};
use crate::plane::Plane;
use crate::pods::repository;
use crate::strangers;
use crate::subject::{Subject, Who};
use crate::volume::swap;
use crate::wire::Target;

const CONFIGURATION_EVERY: Duration = Duration::from_secs(10);
const CERTIFICATE_EVERY: Duration = Duration::from_secs(20);
const WATCHES_BREAK_FOR: Duration = Duration::from_secs(6);
const RECORDINGS_ARE_TAKEN_EVERY: Duration = Duration::from_secs(30);
/// Most recordings, as the program is told.
const RECORDINGS: usize = 400;
/// The numbers of broken configurations begin here.
const BROKEN: u64 = 9_000_000;
const LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Files of a volume: their names and texts.
type Files = Vec<(&'static str, String)>;

/// What changes around one process.
pub struct Changing {
    who: Who,
    config: tempfile::TempDir,
    certificates: tempfile::TempDir,
    recorded: tempfile::TempDir,
    plane: Arc<Plane>,
    kubeconfig: String,
    authority: Option<Authority>,
}

impl Changing {
    /// Everything that the process begins with.
    pub async fn new(who: Who) -> Self {
        let directory = || tempfile::tempdir().unwrap();
        let (config, certificates, recorded) = (directory(), directory(), directory());
        let (plane, mut kubeconfig, mut authority) = (Arc::new(Plane::default()), String::new(), None);
        match who {
            Who::Istio => {
                write(config.path(), 0, &files(1));
                let made = Authority::make(LIFE).unwrap();
                write(certificates.path(), 0, &identity(&made, &issue(&made)));
                authority = Some(made);
            }
            Who::Cluster => kubeconfig = plane.serve(config.path()).await.0,
            Who::Envoy => {}
        }
        Self { who, config, certificates, recorded, plane, kubeconfig, authority }
    }

    /// The flags of the process.
    pub fn arguments(&self) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let path = |directory: &tempfile::TempDir| directory.path().to_str().unwrap().to_owned();
        let certificate = |name| within(self.certificates.path(), name);
        match self.who {
            Who::Istio => words(&[
                "--config-dir",
                &path(&self.config),
                "--tls-cert",
                &certificate("tls.crt"),
                "--tls-key",
                &certificate("tls.key"),
                "--record",
                &path(&self.recorded),
                "--record-max",
                &RECORDINGS.to_string(),
                "--record-max-bytes",
                "16Mi",
            ]),
            Who::Cluster => {
                [words(&Plane::arguments(&self.kubeconfig)), words(&["--decision-log", "all"])].concat()
            }
            Who::Envoy => words(&["--decision-log", "changed"]),
        }
    }

    /// Starts what changes. What there was first is in use.
    pub fn begin(&mut self, subject: &Arc<Subject>) -> Vec<JoinHandle<()>> {
        let mut tasks = vec![strangers::begin(subject)];
        match self.who {
            Who::Istio => {
                let authority = self.authority.take().unwrap();
                subject.marks.writes(1);
                subject.target.store(Arc::new(trusting(subject, &[&authority])));
                let directory = |of: &tempfile::TempDir| of.path().to_owned();
                tasks.push(spawn(subject, |it| reload(it, directory(&self.config))));
                tasks.push(spawn(subject, |it| rotate(it, directory(&self.certificates), authority)));
                tasks.push(spawn(subject, |it| take_recordings(it, directory(&self.recorded))));
            }
            Who::Cluster => tasks.push(spawn(subject, |it| break_watches(it, Arc::clone(&self.plane)))),
            Who::Envoy => {}
        }
        tasks
    }
}

fn spawn<F>(subject: &Arc<Subject>, of: impl FnOnce(Arc<Subject>) -> F) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(of(Arc::clone(subject)))
}

/// Writes a volume as the kubelet does, which takes the old generation away.
fn write(volume: &Path, generation: u32, files: &[(&'static str, String)]) {
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    swap(volume, generation, &files);
    if let Some(old) = generation.checked_sub(1) {
        fs::remove_dir_all(volume.join(format!("..generation-{old}"))).unwrap();
    }
}

/// Waits until the metrics are as they shall be. That they become so is what is asked for, not when.
async fn becomes(subject: &Subject, what: &str, holds: impl Fn(&str) -> bool) -> bool {
    const TRIES: usize = 3000;
    for _ in 0..TRIES {
        if holds(&page(subject.admin, "/metrics").await.1) {
            return true;
        }
        sleep(Duration::from_millis(100)).await;
    }
    let ready = page(subject.admin, "/readyz?verbose").await.1;
    subject.failed(format!("never came to be: {what}; {ready}"));
    false
}

/// The files of a configuration, each with its number.
fn files(mark: u64) -> Files {
    [
        ("config", "config.yaml", "injected: \"yes\"", "injected: \"mark{}\""),
        ("values", "values.yaml", "tag: 1.27.0", "tag: 1.27.0-mark{}"),
        ("mesh", "mesh.yaml", "A: one", "A: mark{}"),
    ]
    .map(|(name, file, from, to)| {
        let text = repository(&format!("tests/fuzzing/like-istio/{file}"));
        assert!(text.contains(from), "{file} has no {from:?} any more");
        (name, text.replace(from, &to.replace("{}", &mark.to_string())))
    })
    .into()
}

/// Ways to break a configuration.
const FAULTS: &[fn(&mut Files)] = &[
    |files| files[0].1 = files[0].1.replace("{{- else }}", "{{- elze }}"),
    |files| files[0].1 = "policy: [".to_owned(),
    |files| files[1].1 = "global: [".to_owned(),
    |files| files[2].1 = "defaultConfig: [".to_owned(),
    |files| files[0].1 = files[0].1.replace("{{ .ProxyImage | quote }}", "{{ index (list 1) 5 }}"),
    |files| drop(files.remove(1)),
];

/// Changes the configuration, every third time for one that is broken.
async fn reload(subject: Arc<Subject>, volume: std::path::PathBuf) {
    let mut mark = 1;
    for generation in 1_u32.. {
        sleep(CONFIGURATION_EVERY).await;
        if generation.is_multiple_of(3) {
            let mut broken = files(BROKEN + u64::from(generation));
            FAULTS[(generation / 3) as usize % FAULTS.len()](&mut broken);
            write(&volume, generation, &broken);
            faulty(&subject).await;
        } else {
            mark += 1;
            subject.marks.writes(mark);
            let loads = loads(&subject).await;
            write(&volume, generation, &files(mark));
            good(&subject, mark, loads).await;
        }
    }
}

async fn loads(subject: &Subject) -> f64 {
    metric(&page(subject.admin, "/metrics").await.1, "pillion_config_loads_total")
}

/// Waits until a configuration is in use that was written after so many.
async fn good(subject: &Subject, mark: u64, loads: f64) {
    let used = |metrics: &str| {
        metric(metrics, "pillion_config_loads_total") > loads
            && metric(metrics, "pillion_config_stale") == 0.0
    };
    if becomes(subject, &format!("configuration {mark} in use"), used).await {
        subject.marks.is_used(mark);
        subject.did("configurations");
    }
}

/// Waits until a broken configuration was found, and looks whether the process is ready all the same.
async fn faulty(subject: &Subject) {
    let stale = |metrics: &str| metric(metrics, "pillion_config_stale") == 1.0;
    if becomes(subject, "a broken configuration told of", stale).await {
        let (status, text) = page(subject.admin, "/readyz?verbose").await;
        if status != 200 || !text.contains("config is stale") {
            subject.failed(format!("with a broken configuration: {status} {text}"));
        }
        subject.did("broken configurations");
    }
}

fn issue(authority: &Authority) -> Issued {
    authority.issue(&["localhost".to_owned()], &[], LIFE).unwrap()
}

fn identity(authority: &Authority, issued: &Issued) -> Files {
    vec![
        ("tls.crt", issued.certificate_pem.clone()),
        ("tls.key", issued.key_pem.clone()),
        ("ca.crt", authority.certificate_pem().to_owned()),
    ]
}

fn trusting(subject: &Subject, authorities: &[&Authority]) -> Target {
    let all: Vec<_> = authorities.iter().map(|authority| authority.certificate().clone()).collect();
    Target::trusting(subject.https, subject.admin.port(), &all)
}

/// Exchanges the certificate, every fourth time by a new authority, and every fifth time for one without its key, which must
/// not be used. Clients trust both authorities meanwhile, as caBundles do, and then only the new one.
async fn rotate(subject: Arc<Subject>, volume: std::path::PathBuf, mut authority: Authority) {
    let mut reloads = 0.0;
    for generation in 1_u32.. {
        sleep(CERTIFICATE_EVERY).await;
        if generation.is_multiple_of(5) {
            let mut files = identity(&authority, &issue(&authority));
            files[1].1 = issue(&authority).key_pem;
            write(&volume, generation, &files);
            let stale = |metrics: &str| metric(metrics, "pillion_certificate_stale") == 1.0;
            if becomes(&subject, "a certificate without its key told of", stale).await {
                subject.did("certificates without their key");
            }
            continue;
        }
        if generation.is_multiple_of(4) {
            let next = Authority::make(LIFE).unwrap();
            subject.target.store(Arc::new(trusting(&subject, &[&authority, &next])));
            // Whoever is connecting now does it with what was trusted before.
            sleep(Duration::from_secs(1)).await;
            authority = next;
            subject.did("authorities");
        }
        let issued = issue(&authority);
        write(&volume, generation, &identity(&authority, &issued));
        reloads += 1.0;
        let used = |metrics: &str| {
            metric(metrics, "pillion_certificate_reloads_total") == reloads
                && metric(metrics, "pillion_certificate_stale") == 0.0
        };
        if becomes(&subject, &format!("certificate {reloads} in use"), used).await {
            subject.target.store(Arc::new(trusting(&subject, &[&authority])));
            presented(&subject, &issued).await;
            subject.did("certificates");
        }
    }
}

/// Looks whether this certificate is presented.
async fn presented(subject: &Subject, issued: &Issued) {
    let target = subject.target.load_full();
    let wanted = CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes()).unwrap();
    match target.h1().await {
        Err(error) => subject.failed(format!("no connection by the new certificate: {error}")),
        Ok(stream) => {
            let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
            if chain.first() != Some(&wanted) {
                subject.failed("another certificate is presented than the newest".to_owned());
            }
        }
    }
}

/// Takes half of the recordings away, so that there is room for others, and looks that there are not too many.
async fn take_recordings(subject: Arc<Subject>, directory: std::path::PathBuf) {
    loop {
        sleep(RECORDINGS_ARE_TAKEN_EVERY).await;
        let files: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        let whole = files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "json"));
        let whole: Vec<_> = whole.collect();
        if whole.len() > RECORDINGS {
            subject.failed(format!("{} recordings, {RECORDINGS} at most", whole.len()));
        }
        for path in whole.iter().take(whole.len() / 2) {
            let read = fs::read(path).unwrap();
            if serde_json::from_slice::<serde_json::Value>(&read).is_err() {
                subject.failed(format!("{} is no whole recording", path.display()));
            }
            fs::remove_file(path).unwrap();
            subject.did("recordings");
        }
    }
}

/// Breaks watches for a while, and then has another configuration, every third time one that is broken.
async fn break_watches(subject: Arc<Subject>, plane: Arc<Plane>) {
    for generation in 1_usize.. {
        sleep(CONFIGURATION_EVERY).await;
        let before = plane.broken.load(SeqCst);
        plane.breaks.store(true, SeqCst);
        sleep(WATCHES_BREAK_FOR).await;
        plane.breaks.store(false, SeqCst);
        (before..plane.broken.load(SeqCst)).for_each(|_| subject.did("watches and lists that broke"));
        let loads = loads(&subject).await;
        let faulty_one = Plane::is_faulty(generation);
        if !faulty_one {
            subject.marks.writes(generation as u64);
        }
        plane.generation.store(generation, SeqCst);
        if faulty_one {
            faulty(&subject).await;
        } else {
            good(&subject, generation as u64, loads).await;
        }
    }
}
