//! `pillion doctor` against an installation that is broken in one thing at a time: that thing is named first, with what
//! mends it; where the mend is a command, it is run as it is told, and all is well again. Never: how checks judge (unit
//! tests hold that). `PILLION_FAULTS` chooses rows, by what they say or by their checks.
//!
//! | module | holds |
//! |---|---|
//! | `faults` | what is broken, row by row |
//! | `seeds` | how it is broken, and put back |
//! | `certificates` | good certificates and bad ones |

mod certificates;
mod faults;
mod seeds;

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::install::{self, Install, ROOT, nothing_installed, settle};
use crate::harness::{PATIENCE, apply, cluster, get, kubectl_with, named_by, row, soon};
use crate::support::{pillion, run};
use certificates::{Authority, Files, HOST};
use faults::{FAULTS, Fault, Mended};

/// The installation's Secret, Deployment and Service, webhook configuration, and a namespace that is injected.
const SECRET: &str = "doctor-certs";
const NAME: &str = "pillion-1-20-2";
const CONFIGURATION: &str = "pillion-sidecar-injector-1-20-2";
const HOME: &str = "doctor-home";
/// The label of the namespaces that doctor looks at: other tests have others at the same time.
const LOOKED_AT: &str = "doctor=e2e";
/// A year.
const LONG: i64 = 365 * 24 * 3600;

/// What the rows work with.
struct World {
    authority: Authority,
    files: Files,
    /// Where told commands are run: the files of a good certificate and our chart are there.
    directory: tempfile::TempDir,
}

impl World {
    /// Installs, with a certificate and a caBundle that nobody puts right by themselves.
    fn installed() -> Self {
        let authority = Authority::made("authority of the webhook");
        let files = authority.issued(HOST, LONG);
        let directory = tempfile::tempdir().unwrap();
        certificates::write(&files, directory.path());
        std::os::unix::fs::symlink(install::chart().parent().unwrap(), directory.path().join("charts"))
            .unwrap();
        // As the chart has it by default, all is well too.
        install::upgrade(Install::Untagged, &json!({}));
        home();
        if let Err(why) = well_again() {
            panic!("the chart's defaults: {why}");
        }
        let world = Self { authority, files, directory };
        put_secret(&world.files);
        install::upgrade(
            Install::Untagged,
            &json!({
                "certificates": {"source": "secret", "secretName": SECRET},
                "webhook": {"managed": false, "caBundle": world.authority.bundle()},
            }),
        );
        world
    }

    /// Runs a command as it was told, with kubectl, helm and pillion at hand.
    fn run_as_told(&self, command: &str) -> Output {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_pillion"));
        let home = self.directory.path().join("helm");
        let mut paths = vec![named_by("PILLION_KUBE"), named_by("PILLION_HELM")];
        paths.push(program.parent().unwrap().to_owned());
        paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut shell = Command::new("sh");
        shell
            .args(["-euc", command])
            .current_dir(self.directory.path())
            .env("PATH", std::env::join_paths(paths).unwrap())
            .env("KUBECONFIG", cluster().plane.kubeconfig())
            .env("KUBECACHEDIR", home.join("kubectl"))
            .env("HELM_CACHE_HOME", home.join("cache"))
            .env("HELM_CONFIG_HOME", home.join("config"))
            .env("HELM_DATA_HOME", home.join("data"));
        run(&mut shell, "")
    }
}

/// The namespace whose pods are injected.
fn home() {
    let labels = json!({"doctor": "e2e", "istio.io/rev": "1-20-2"});
    let object =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME, "labels": labels}});
    apply(&object.to_string());
    soon("the service account of the namespace", || {
        get(&format!("/api/v1/namespaces/{HOME}/serviceaccounts/default")).is_some()
    });
}

/// Writes the Secret.
fn put_secret(files: &Files) {
    let data: Value =
        certificates::KEYS.iter().zip(files).map(|(key, text)| ((*key).to_owned(), json!(text))).collect();
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET, "namespace": ROOT},
        "stringData": data,
    });
    kubectl_with(&["apply", "--server-side", "--force-conflicts", "-f", "-"], &secret.to_string());
}

/// What doctor said.
struct Said {
    code: i32,
    report: Value,
}

impl Said {
    /// The first check that fails or warns.
    fn first(&self) -> Option<&Value> {
        let checks = self.report["checks"].as_array()?;
        checks.iter().find(|check| check["status"] == "fail" || check["status"] == "warn")
    }

    /// The commands of a check that mend it.
    fn mends(check: &Value) -> Vec<String> {
        let mends = check["mend"].as_array().into_iter().flatten();
        mends.filter_map(|it| it.as_str().map(str::to_owned)).collect()
    }

    fn is_well(&self) -> bool {
        self.code == 0 && self.report["status"] == "pass"
    }
}

/// Runs doctor; `arguments` come last.
fn doctor(arguments: &[&str]) -> Said {
    let mut command = pillion();
    command.arg("doctor").arg("--kubeconfig").arg(cluster().plane.kubeconfig());
    command.args(["-n", ROOT, "--revision", "1-20-2", "-l", LOOKED_AT, "-o", "json"]).args(arguments);
    let output = run(&mut command, "");
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("doctor {arguments:?}: {error}: {output:?}"));
    Said { code: output.status.code().unwrap_or(-1), report }
}

/// Waits until all is well, and says what is not.
fn well_again() -> Result<(), String> {
    let until = Instant::now() + PATIENCE;
    loop {
        let said = doctor(&[]);
        if said.is_well() {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!("not well again: {}", said.first().unwrap_or(&Value::Null)));
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// One line of the table.
struct Line {
    fault: &'static str,
    named: String,
    mend: String,
}

/// Breaks one thing, asks, mends it.
fn tried(world: &World, fault: &Fault) -> Result<Line, String> {
    let undo = (fault.seed)(world);
    settle();
    let said = doctor(fault.arguments);
    let judged = judged(fault, &said);
    let mended = match (&judged, fault.mended) {
        (Ok(_), Mended::AsTold(count)) => as_told(world, &said, count),
        _ => Ok(()),
    };
    undo();
    settle();
    well_again()?;
    let line = judged?;
    mended.map(|()| line)
}

fn judged(fault: &Fault, said: &Said) -> Result<Line, String> {
    let Some(first) = said.first() else { return Err(format!("nothing is named: {}", said.report)) };
    let named = first["name"].as_str().unwrap_or_default();
    let mends = Said::mends(first);
    let code = if first["status"] == "fail" { 2 } else { 1 };
    if named != fault.check {
        return Err(format!("{named} is named first and not {}: {:#}", fault.check, said.report));
    }
    let Some(mend) = mends.iter().find(|mend| mend.contains(fault.mend)) else {
        return Err(format!("no mend has {:?}: {first:#}", fault.mend));
    };
    if said.code != code {
        return Err(format!("exit code {} and not {code}", said.code));
    }
    Ok(Line { fault: fault.what, named: named.to_owned(), mend: mend.clone() })
}

/// Runs what doctor told to run, and sees that it helps.
fn as_told(world: &World, said: &Said, count: usize) -> Result<(), String> {
    let mends = said.first().map(Said::mends).unwrap_or_default();
    for command in mends.iter().take(count) {
        let output = world.run_as_told(command);
        if !output.status.success() {
            return Err(format!("{command}: {output:?}"));
        }
    }
    settle();
    well_again().map_err(|why| format!("mended as told ({mends:?}), and {why}"))
}

#[test]
fn each_fault_is_named_first_with_its_mend() {
    let held = nothing_installed();
    held.run(|| {
        let world = World::installed();
        if let Err(why) = well_again() {
            panic!("a sound installation: {why}");
        }
        let human = {
            let mut command = pillion();
            command.arg("doctor").arg("--kubeconfig").arg(cluster().plane.kubeconfig());
            run(command.args(["-n", ROOT, "--revision", "1-20-2", "-l", LOOKED_AT]), "")
        };
        println!("{}", String::from_utf8_lossy(&human.stdout));
        let (mut lines, mut wrong) = (Vec::new(), Vec::new());
        let chosen = std::env::var("PILLION_FAULTS").unwrap_or_default();
        for fault in
            FAULTS.iter().filter(|fault| fault.what.contains(&chosen) || chosen.contains(fault.check))
        {
            match tried(&world, fault) {
                Ok(line) => {
                    println!("fault: {}: {}", line.fault, line.named);
                    lines.push(line);
                }
                Err(why) => {
                    println!("fault: {}: WRONG: {why}", fault.what);
                    wrong.push(format!("{}: {why}", fault.what));
                }
            }
        }
        println!("| fault | named first | mend |\n|---|---|---|");
        lines.iter().for_each(|Line { fault, named, mend }| println!("| {fault} | `{named}` | `{mend}` |"));
        assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
        assert!(lines.len() >= 25 || !chosen.is_empty(), "{} faults", lines.len());
        kubectl_with(&["delete", "namespace", HOME, "--wait=false"], "");
        kubectl_with(&["delete", "secret", SECRET, "-n", ROOT], "");
        install::uninstall();
    });
    row("pillion doctor: each seeded fault is named first, with what mends it");
}
