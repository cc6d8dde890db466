//! `pillion tag`, `pillion takeover` and `pillion doctor` as processes, without a cluster: arguments, and how they fail.
//! What they do in one is held by tests/e2e. Never: a cluster.

use crate::support::program::{err, out, run};

#[test]
fn arguments_that_make_no_sense_end_with_2() {
    for (args, said) in [
        (&["tag"][..], "Usage"),
        (&["tag", "set", "prod"], "--revision"),
        (&["tag", "set", "--revision", "r"], "<TAG>"),
        (&["tag", "set", "prod", "more", "--revision", "r"], "more"),
        (&["tag", "generate", "prod", "--revision", "r", "--auto-inject-namespaces"], "default"),
        (&["tag", "list", "-o", "yaml"], "table, json"),
        (&["tag", "remove"], "<TAG>"),
        (&["doctor", "-o", "yaml"], "text, json"),
        (&["takeover"], "--revision"),
        (&["takeover", "--revision", "r", "--undo", "--tls-ca", "f"], "--tls-ca"),
        (&["takeover", "--revision", "r", "--webhook-url", "http://x"], "https://"),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", err(&output));
        assert!(err(&output).contains(said), "{said} in {}", err(&output));
        assert_eq!(out(&output), "", "{args:?}");
    }
}

#[test]
fn without_a_cluster_they_say_which_file_is_missing_and_end_with_1() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let missing = missing.to_str().unwrap();
    for args in [
        &["tag", "list"][..],
        &["tag", "set", "prod", "-r", "r", "-y"],
        &["tag", "generate", "default", "-r", "r", "--auto-inject-namespaces"],
        &["tag", "remove", "prod", "-y"],
        &["takeover", "-r", "default", "--dry-run"],
        &["takeover", "-r", "default", "--undo"],
    ] {
        let output = run(&[args, &["--kubeconfig", missing]].concat());
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", err(&output));
        assert!(err(&output).contains(missing), "{args:?}: {}", err(&output));
    }
    let output = run(&["takeover", "-r", "default", "--tls-ca", missing]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("--tls-ca"), "{}", err(&output));
}

#[test]
fn without_a_cluster_doctor_has_one_failure_and_ends_with_2() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let arguments = ["doctor", "--kubeconfig", missing.to_str().unwrap()];
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    let text = out(&output);
    assert!(text.contains("✗ api-server") && text.contains("mend: kubectl cluster-info"), "{text}");
    assert!(text.contains(missing.to_str().unwrap()) && !text.contains('\x1b'), "{text}");
    let output = run(&[&arguments[..], &["-o", "json"]].concat());
    let report: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((&report["schema"], &report["status"]), (&1.into(), &"fail".into()));
    assert_eq!(report["checks"].as_array().map(Vec::len), Some(1));
}
