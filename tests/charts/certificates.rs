//! `certs/make`: it makes what the program takes, keeps its keys to itself, overwrites nothing.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::{repository, run, succeed};

#[test]
fn a_development_certificate_verifies_and_is_good_for_the_names() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("tls");
    let mut make = Command::new(repository("certs/make"));
    succeed(make.arg(&out).args(["10.1.2.3", "fd00::1", "hook.example"]), "");
    let mut verify = Command::new("openssl");
    verify.args(["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile"]).arg(out.join("ca.crt"));
    succeed(verify.arg(out.join("tls.crt")), "");
    let names = ["localhost", "pillion.istio-system.svc", "hook.example"].map(|name| ["-checkhost", name]);
    let addresses = ["127.0.0.1", "10.1.2.3", "fd00::1"].map(|address| ["-checkip", address]);
    for check in names.into_iter().chain(addresses) {
        let mut command = Command::new("openssl");
        let said = succeed(command.args(["x509", "-noout", "-in"]).arg(out.join("tls.crt")).args(check), "");
        assert!(said.contains("does match"), "{said}");
    }
    for key in ["ca.key", "tls.key"] {
        let mode = std::fs::metadata(out.join(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{key} is everybody's");
    }

    let again = run(Command::new(repository("certs/make")).arg(&out), "");
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already"));
}

#[test]
fn no_key_is_in_the_repository() {
    let mut command = Command::new("git");
    let listed = succeed(command.arg("-C").arg(repository("")).args(["ls-files", "-z"]), "");
    // Put together here, so that this file has none either.
    let marks = ["", "RSA ", "EC "].map(|kind| format!("-----BEGIN {kind}{}-----", "PRIVATE KEY"));
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        let Ok(text) = std::fs::read_to_string(repository(name)) else { continue };
        assert!(!marks.iter().any(|mark| text.contains(mark.as_str())), "{name} holds a key");
    }
    let ignored = succeed(
        Command::new("git").arg("-C").arg(repository("")).args(["check-ignore", "certs/development"]),
        "",
    );
    assert_eq!(ignored.trim(), "certs/development");
}
