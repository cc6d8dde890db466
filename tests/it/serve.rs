//! `pillion serve` as a process: what it prints, its ports, its exit codes, how it ends.

use std::process::Command;

use crate::support::program::{Serving, err, run};
use crate::support::{config, swap};

fn curl(url: &str) -> (String, String) {
    let output = Command::new("curl").args(["-sS", "-g", "-w", "\n%{http_code}", url]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, code) = text.rsplit_once('\n').unwrap();
    (body.to_owned(), code.to_owned())
}

#[test]
fn the_printed_line_pasted_returns_an_injected_pod() {
    let state = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(state.path(), &[]);
    assert!(serving.line.starts_with("curl "), "{}", serving.line);
    let output = Command::new("sh").args(["-c", &serving.line]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let pod = pillion_goyaml::parse(&text).unwrap();
    let containers = pod.at(&["spec", "containers"]).unwrap().as_list().unwrap();
    assert!(containers.iter().any(|c| c.get("name").unwrap().as_str() == Some("envoy")), "{text}");
    // The log names the CA's file and tells of the request in one line.
    serving.logs(&["ca.crt"]);
    serving.logs(&["\"uid\":\"sample\"", "\"result\":\"injected\"", "\"reason\":\"injected\""]);
}

#[test]
fn the_three_ports_serve_what_they_should() {
    let state = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(state.path(), &["--revision", "canary"]);
    let (admin, debug) = (serving.port("admin"), serving.port("debug"));
    serving.logs(&["listening"]);
    let mut ready = curl(&format!("http://127.0.0.1:{admin}/readyz"));
    while ready.1 != "200" {
        ready = curl(&format!("http://127.0.0.1:{admin}/readyz"));
    }
    let (metrics, _) = curl(&format!("http://127.0.0.1:{admin}/metrics"));
    assert!(metrics.contains("sidecar_injection_requests_total 0"), "{metrics}");
    let (dump, _) = curl(&format!("http://127.0.0.1:{debug}/debug/config"));
    assert!(dump.contains("\"revision\":\"canary\""), "{dump}");
    assert_eq!(curl(&format!("http://127.0.0.1:{admin}/debug/config")).1, "404");
}

#[test]
fn a_directory_is_followed_while_it_serves() {
    let (state, volume) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    swap(volume.path(), 0, &[("config", &config("proxy:1")), ("values", "{}")]);
    let mut serving = Serving::start(state.path(), &["--config-dir", volume.path().to_str().unwrap()]);
    let pod = |serving: &Serving| {
        let output = Command::new("sh").args(["-c", &serving.line]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(pod(&serving).contains("proxy:1"));
    swap(volume.path(), 1, &[("config", &config("{{ if }}")), ("values", "{}")]);
    serving.logs(&["new configuration not used", "sidecar"]);
    let admin = serving.port("admin");
    let (verbose, code) = curl(&format!("http://127.0.0.1:{admin}/readyz?verbose"));
    assert!(code == "200" && verbose.contains("config is stale"), "{verbose}");
    assert!(pod(&serving).contains("proxy:1"));
    swap(volume.path(), 2, &[("config", &config("proxy:2")), ("values", "{}")]);
    serving.logs(&["configuration reloaded"]);
    assert!(pod(&serving).contains("proxy:2"));
}

#[test]
fn a_process_out_of_descriptors_serves_again_once_clients_leave() {
    let state = tempfile::tempdir().unwrap();
    let mut serving = Serving::start_under("ulimit -n 48", state.path(), &[]);
    let port = serving.port("https");
    let clients: Vec<_> =
        (0..100).filter_map(|_| std::net::TcpStream::connect(("127.0.0.1", port)).ok()).collect();
    serving.logs(&["cannot accept connections"]);
    drop(clients);
    let output =
        Command::new("sh").args(["-c", &format!("{} --max-time 20", serving.line.trim_end())]).output();
    assert!(String::from_utf8(output.unwrap().stdout).unwrap().contains("name: envoy"));
}

#[test]
fn signals_end_it_in_order() {
    let state = tempfile::tempdir().unwrap();
    for signal in ["TERM", "INT"] {
        let mut serving = Serving::start(state.path(), &[]);
        serving.signal(signal);
        assert_eq!(serving.code(), Some(0), "{signal}");
        serving.logs(&["\"stopped\""]);
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let state = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(state.path(), &["--drain-delay", "60s", "--shutdown-duration", "60s"]);
    serving.signal("TERM");
    serving.logs(&["stopping"]);
    serving.signal("TERM");
    assert_eq!(serving.code(), Some(1));
}

#[test]
fn arguments_that_make_no_sense_end_with_2_and_a_faulty_configuration_with_1() {
    let empty = tempfile::tempdir().unwrap();
    let directory = empty.path().to_str().unwrap();
    let cases: &[(&[&str], i32, &str)] = &[
        (&["serve", "--config-source", "configmap", "--config-dir", directory], 2, "takes no --config-dir"),
        (&["serve", "--config-source", "configmap", "--kubeconfig", "/nowhere/k"], 1, "/nowhere/k"),
        (&["serve", "--cert-source", "files"], 2, "--tls-cert"),
        (&["serve", "--webhook-url", "http://x"], 2, "https://"),
        (&["serve", "--cert-lifetime", "0s"], 2, "must live"),
        (&["serve", "--config-source", "dir"], 2, "--config-dir"),
        (&["serve", "--config-source", "embedded", "--config-dir", directory], 2, "takes no --config-dir"),
        (&["serve", "--tls-cert", "x"], 2, "--tls-key"),
        (&["serve", "--https-addr", "nowhere"], 2, "HOST:PORT"),
        (&["serve", "--debug-addr", "0.0.0.0:0"], 2, "loopback"),
        (&["serve", "--shutdown-duration", "soon"], 2, "no time"),
        (&["serve", "--log-level", "pillion=loud"], 2, "log level"),
        (&["serve", "--unknown"], 2, "--unknown"),
        (&["serve", "--config-dir", directory], 1, "cannot read"),
    ];
    for (args, code, said) in cases {
        let output = run(args);
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {}", err(&output));
        assert!(err(&output).contains(said), "{said} in {}", err(&output));
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}
