//! Disks, descriptors, memory, clocks and signals. What needs a cluster is in `tests/e2e`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use hyper::StatusCode;
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;

use crate::harness::{Others, Seen, Server, hold_out, many, pod, review, row, send, within};
use crate::program::{command, err};
use crate::wire::{head, pour_into, rest};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_descriptors() {
    let test = concat!(file!(), "::few_descriptors");
    let server = Server::start_under("ulimit -n 64", &[]);
    let what = "64 descriptors, and more connections than that";
    let server = hold_out(test, what, server, async |target| {
        let open = many(200, |_| {
            let target = target.clone();
            async move {
                let Ok(mut stream) = target.tcp().await else { return false };
                rest(&mut stream, Duration::from_secs(12)).await;
                true
            }
        });
        format!("{} idle connections for 12 s", open.await.into_iter().filter(|open| *open).count())
    })
    .await;
    let errors = server.metric(r#"pillion_connection_failures_total{reason="accept_error"}"#).await;
    // A loop that spins has thousands in a second.
    assert!((1.0..200.0).contains(&errors), "{errors}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn little_memory() {
    let test = concat!(file!(), "::little_memory");
    // What counts is data, in KiB: code and what is only reserved do not.
    let server = Server::start_under("ulimit -d 500000", &[]);
    let what = "no more than 488 MiB to be had, and bodies of 900 MiB";
    hold_out(test, what, server, async |target| {
        let sent = many(150, |_| {
            let target = target.clone();
            async move {
                let mut stream = target.h1().await.unwrap();
                let first = head(&format!("Content-Length: {}\r\n", 6 << 20));
                stream.write_all(first.as_bytes()).await.unwrap();
                let time = Duration::from_secs(3);
                pour_into(&mut stream, time, |n| (n < 383).then(|| vec![b' '; 16 << 10])).await.sent / 64
            }
        });
        format!("{} MiB sent", sent.await.iter().sum::<usize>())
    })
    .await;
}

/// A shell's words that run the program where `directory` is a disk of its own with so much room.
fn on_a_small_disk(directory: &Path, room: &str) -> String {
    format!(
        "exec unshare --map-root-user --mount sh -c 'mount -t tmpfs -o size={room} tmpfs {} && exec \"$0\" \"$@\"' \"$0\" \"$@\"; false",
        directory.display()
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recordings_on_a_full_disk() {
    let test = concat!(file!(), "::recordings_on_a_full_disk");
    let disk = tempfile::tempdir().unwrap();
    let recorded = within(disk.path(), "recorded");
    fs::create_dir(&recorded).unwrap();
    let setting = on_a_small_disk(Path::new(&recorded), "64k");
    let server = Server::start_under(&setting, &["--record", &recorded]);
    let server = hold_out(test, "recordings on a disk that is full", server, async |target| {
        for n in 0..200 {
            let name = format!("recorded-{n}");
            let (status, ..) = send(&target, "/inject", &review("u-1", &pod(&name))).await.unwrap();
            assert_eq!(status, 200);
        }
        "200 reviews onto 64 KiB".to_owned()
    })
    .await;
    assert!(server.metric(r#"pillion_recordings_total{outcome="failed"}"#).await > 0.0);
    assert!(server.metric(r#"pillion_recordings_total{outcome="written"}"#).await > 0.0);
}

#[test]
fn the_authority_on_a_full_disk() {
    let disk = tempfile::tempdir().unwrap();
    let state = within(disk.path(), "state");
    fs::create_dir(&state).unwrap();
    let ports = ["--https-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--debug-addr", "127.0.0.1:0"];
    let program = command(&[&["serve"], &ports[..], &["--state-dir", &state]].concat());
    let fill =
        format!("mount -t tmpfs -o size=4k tmpfs {state} && (head -c 8192 /dev/zero >{state}/full; true)");
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &format!("{fill} && exec \"$0\" \"$@\"")])
        .arg(program.get_program())
        .args(program.get_args())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    // Whoever cannot have the authority cannot call: that is better known at once.
    let said = err(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("--state-dir") && said.contains("No space left"), "{said}");
    row(
        concat!(file!(), "::the_authority_on_a_full_disk"),
        "the authority of a certificate made in memory, on a disk that is full",
        "one start, which says so and ends with 1",
        &Seen::default(),
        0,
    );
}

/// Certificate and key for localhost, valid in these years, written into a directory.
fn certificate(directory: &Path, from: i32, to: i32) {
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(to, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let made = params.self_signed(&key).unwrap();
    // The key first, as one file after the other is seen.
    for (name, text) in [("tls.key", key.serialize_pem()), ("tls.crt", made.pem())] {
        let unfinished = within(directory, "new");
        fs::write(&unfinished, text).unwrap();
        fs::rename(unfinished, within(directory, name)).unwrap();
    }
}

/// Waits until the server is ready, or is not.
async fn becomes(server: &Server, ready: bool) {
    for _ in 0..2000 {
        if server.is_ready().await == ready {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("never ready == {ready}: {}", server.page("/readyz?verbose").await.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_whose_time_is_over() {
    let test = concat!(file!(), "::a_certificate_whose_time_is_over");
    let files = tempfile::tempdir().unwrap();
    certificate(files.path(), 2020, 2021);
    let (cert, key) = (within(files.path(), "tls.crt"), within(files.path(), "tls.key"));
    let server = Server::start(&["--tls-cert", &cert, "--tls-key", &key]);
    becomes(&server, false).await;
    assert!(server.page("/readyz").await.1.contains("[-]certificate failed"));
    assert!(server.metric("pillion_cert_expiry_seconds").await < 0.0);
    certificate(files.path(), 2020, 2090);
    becomes(&server, true).await;
    row(
        test,
        "a certificate that has expired, or a clock that was moved behind its end",
        "one expired, not ready; one good, ready again without a restart",
        &Seen::default(),
        server.peak(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load() {
    let test = concat!(file!(), "::sigterm_under_load");
    let mut server = Server::start(&[]);
    let others = Others::start(&server.target);
    // Requests of which half is there when the signal comes.
    let body = review("u-1", &pod("half"));
    let (first, second) = body.split_at(body.len() / 2);
    let mut half = Vec::new();
    for _ in 0..100 {
        let mut stream = server.target.h1().await.unwrap();
        let begun = head(&format!("Content-Length: {}\r\n", body.len())) + first;
        stream.write_all(begun.as_bytes()).await.unwrap();
        half.push(stream);
    }
    while server.metric("pillion_requests_in_flight").await < 100.0 {
        sleep(Duration::from_millis(10)).await;
    }
    let seen = others.end().await;
    let peak = server.peak();
    server.serving.signal("TERM");
    server.serving.logs(&["stopping"]);
    let mut lost = seen.lost;
    for mut stream in half {
        stream.write_all(second.as_bytes()).await.unwrap();
        let (answer, closed) = rest(&mut stream, Duration::from_secs(10)).await;
        lost += usize::from(!(answer.contains(" 200 OK") && answer.contains("\"allowed\":true") && closed));
    }
    assert_eq!(server.serving.code(), Some(0));
    server.serving.logs(&["\"stopped\""]);
    let seen = Seen { asked: seen.asked + 100, lost, ..seen };
    row(test, "SIGTERM in the middle of requests", "100 requests of which half had come", &seen, peak);
    assert_eq!(lost, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_under_load() {
    let test = concat!(file!(), "::sigkill_under_load");
    let disk = tempfile::tempdir().unwrap();
    let recorded = within(disk.path(), "recorded");
    let mut asked = 0;
    let mut peak = 0;
    for round in 0..3 {
        let mut server = Server::start(&["--record", &recorded]);
        let target = server.target.clone();
        let load = tokio::spawn(async move {
            let mut asked = 0;
            while send(&target, "/inject", &review("u-1", &pod(&format!("killed-{round}-{asked}"))))
                .await
                .is_ok()
            {
                asked += 1;
            }
            asked
        });
        while server
            .metric("pillion_injections_total{result=\"injected\",reason=\"injected\",revision=\"default\"}")
            .await
            < 20.0
        {
            sleep(Duration::from_millis(10)).await;
        }
        peak = peak.max(server.peak());
        server.serving.signal("KILL");
        assert_eq!(server.serving.code(), None);
        asked += load.await.unwrap();
    }
    let mut torn = 0;
    for file in fs::read_dir(&recorded).unwrap().map(|file| file.unwrap().path()) {
        let whole = serde_json::from_str::<serde_json::Value>(&fs::read_to_string(&file).unwrap()).is_ok();
        torn += usize::from(file.extension().is_some_and(|ending| ending == "json") && !whole);
    }
    let seen = Seen { asked, lost: torn, ..Seen::default() };
    row(
        test,
        "SIGKILL in the middle of requests",
        "3 times; no recording is torn, and the next start serves",
        &seen,
        peak,
    );
    assert_eq!(torn, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_disappears() {
    let test = concat!(file!(), "::a_configuration_that_disappears");
    let directory = tempfile::tempdir().unwrap();
    let (config, values) = (within(directory.path(), "config"), within(directory.path(), "values"));
    let text = "policy: enabled\ndefaultTemplates: [sidecar]\ntemplates:\n  sidecar: |\n    spec:\n      containers:\n      - name: istio-proxy\n        image: proxy:1\n";
    fs::write(&config, text).unwrap();
    fs::write(&values, "{}").unwrap();
    let server = Server::start(&["--config-dir", directory.path().to_str().unwrap()]);
    let server = hold_out(test, "files of the configuration torn and taken away", server, async |_| {
        for text in ["{{", "policy: [", "\0\0\0", "templates: 5"] {
            fs::write(&config, text).unwrap();
            sleep(Duration::from_millis(500)).await;
        }
        fs::remove_file(&config).unwrap();
        fs::remove_file(&values).unwrap();
        sleep(Duration::from_secs(1)).await;
        "4 faulty ones, then none".to_owned()
    })
    .await;
    assert_eq!(server.metric("pillion_config_stale").await, 1.0);
    assert_eq!(server.page("/readyz").await.0, StatusCode::OK);
}
