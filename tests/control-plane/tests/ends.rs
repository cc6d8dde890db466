//! That no process outlives the test that started it, however the test ends.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use pillion_control_plane::children::Children;

/// Where the process of `starter` writes which processes it started; unset in an ordinary run.
const TELL: &str = "CHILDREN_TELL";

fn sleeper() -> Command {
    let mut command = Command::new("sleep");
    command.arg("600");
    command
}

/// Whether a process runs: one that nobody has waited for yet does not.
fn runs(id: u32) -> bool {
    fs::read_to_string(format!("/proc/{id}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < until, "not within 20 s: {what}");
        sleep(Duration::from_millis(10));
    }
}

fn started() -> (Children, Vec<u32>, PathBuf) {
    let mut children = Children::new().unwrap();
    children.start("one", &mut sleeper()).unwrap();
    children.start("two", &mut sleeper()).unwrap();
    let ids: Vec<u32> = children.ids().map(|(_, id)| id).collect();
    let directory = children.directory().to_path_buf();
    (children, ids, directory)
}

#[test]
fn processes_and_their_directory_go_at_the_end() {
    let (children, ids, directory) = started();
    assert!(ids.iter().all(|id| runs(*id)) && directory.is_dir());
    drop(children);
    assert!(!ids.iter().any(|id| runs(*id)) && !directory.exists());
}

#[test]
fn processes_go_when_the_test_panics() {
    let (children, ids, directory) = started();
    let panicked = std::panic::catch_unwind(move || {
        let _children = children;
        std::panic::resume_unwind(Box::new("as a failing test does"));
    });
    assert!(panicked.is_err());
    assert!(!ids.iter().any(|id| runs(*id)) && !directory.exists());
}

#[test]
fn processes_go_when_the_process_that_started_them_is_killed() {
    // What is started in the background may ignore SIGINT, and what it starts does so too: it is not among these.
    for signal in ["KILL", "TERM"] {
        let work = tempfile::tempdir().unwrap();
        let told = work.path().join("told");
        let mut starter = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "starter", "--nocapture"])
            .env(TELL, &told)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        soon("the other process starts its own", || told.exists());
        let text = fs::read_to_string(&told).unwrap();
        let (directory, ids) = text.split_once('\n').unwrap();
        let ids: Vec<u32> = ids.lines().map(|id| id.parse().unwrap()).collect();
        assert!(ids.len() == 2 && ids.iter().all(|id| runs(*id)));
        let killed = Command::new("kill").args(["-s", signal, &starter.id().to_string()]).status().unwrap();
        assert!(killed.success());
        soon(&format!("the starter ends after SIG{signal}"), || starter.try_wait().unwrap().is_some());
        soon(&format!("processes end after SIG{signal}"), || !ids.iter().any(|id| runs(*id)));
        soon(&format!("the directory goes after SIG{signal}"), || !Path::new(directory).exists());
    }
}

/// Not a test but the process that the test above kills; does nothing in an ordinary run.
#[test]
fn starter() {
    let Some(told) = std::env::var_os(TELL).map(PathBuf::from) else { return };
    let (_children, ids, directory) = started();
    let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
    let text = format!("{}\n{}\n", directory.display(), ids.join("\n"));
    // Moved into place, so that nobody reads half of it.
    fs::write(told.with_extension("half"), text).unwrap();
    fs::rename(told.with_extension("half"), &told).unwrap();
    sleep(Duration::from_secs(600));
}

#[test]
fn a_process_that_ends_by_itself_is_told_of_with_its_log() {
    let mut children = Children::new().unwrap();
    children.start("short", Command::new("sh").args(["-c", "echo no luck; exit 3"])).unwrap();
    let mut ended = None;
    soon("the process ends", || {
        ended = children.ended();
        ended.is_some()
    });
    let (name, status) = ended.unwrap();
    assert_eq!((name.as_str(), status.code(), children.log("short").as_str()), ("short", Some(3), "no luck"));
}
