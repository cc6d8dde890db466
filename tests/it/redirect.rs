//! `pillion redirect` as a process, without a kernel that takes rules: what a dry run prints, what is refused, what is said
//! where `nft` is missing or refuses. `make envoy` has the same rules in a real kernel.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::program::{command, err, out, run};
use crate::support::repository;

/// The cases, and the flags that their first line names.
fn cases() -> Vec<(PathBuf, String, Vec<String>)> {
    let mut cases: Vec<_> = fs::read_dir(repository("tests/redirect"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "nft"))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let first = text.lines().next().unwrap_or_default();
            let flags =
                first.strip_prefix("# pillion redirect --dry-run ").unwrap_or_else(|| panic!("{path:?}"));
            let flags = flags.split(' ').map(str::to_owned).collect();
            (path, text, flags)
        })
        .collect();
    cases.sort();
    cases
}

fn dry_run(flags: &[String]) -> String {
    let output = command(&["redirect", "--dry-run"]).args(flags).output().unwrap();
    assert!(output.status.success(), "{flags:?}: {}", err(&output));
    out(&output)
}

#[test]
fn each_combination_of_flags_gives_its_rules() {
    let cases = cases();
    assert!(cases.len() >= 12);
    for (path, wanted, flags) in cases {
        let got = format!("# pillion redirect --dry-run {}\n{}", flags.join(" "), dry_run(&flags));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &got).unwrap();
        } else {
            assert_eq!(got, wanted, "{path:?}: UPDATE=1 writes it anew");
        }
    }
}

#[test]
fn a_set_is_the_same_however_it_is_spelled() {
    let spelled = |ports: &str, ranges: &str| {
        dry_run(&[format!("--exclude-inbound-ports={ports}"), format!("--exclude-outbound-ranges={ranges}")])
    };
    let one = spelled("1-5,7", "10.0.0.0/8,fd00::/8");
    assert_eq!(one, spelled(" 7 , 3-5,1-4", "fd00::/8, 10.128.0.0/9 ,10.0.0.0/9"));
    assert_eq!(one, spelled("7,1-3,4-5", "10.1.2.3/8,fd00::1/8,10.9.9.9"));
}

#[test]
fn what_cannot_be_taken_is_named_by_flag_and_item() {
    let cases = [
        ("--exclude-inbound-ports=80,http", r#"--exclude-inbound-ports: "http" is no port"#),
        ("--exclude-outbound-ports=0", r#"--exclude-outbound-ports: "0" is no port"#),
        ("--exclude-outbound-ports=65536", r#"--exclude-outbound-ports: "65536" is no port"#),
        ("--include-outbound-ports=80,", r#"--include-outbound-ports: "" is no port"#),
        ("--include-inbound-ports=+80", r#"--include-inbound-ports: "+80" is no port"#),
        ("--include-inbound-ports=9-5", r#"--include-inbound-ports: "9-5" is no range: it ends"#),
        ("--exclude-outbound-ranges=10.0.0.0/33", r#"--exclude-outbound-ranges: "10.0.0.0/33" has a longer"#),
        ("--exclude-outbound-ranges=example.com", r#""example.com" is no range of addresses"#),
        ("--exclude-outbound-ranges=*", r#"--exclude-outbound-ranges: "*" is no range"#),
        ("--include-outbound-ranges=10.0.0.0/", r#"--include-outbound-ranges: "10.0.0.0/" is no range"#),
        ("--include-outbound-ranges=127.0.0.0/16", r#""127.0.0.0/16" is loopback, which is never"#),
        ("--include-outbound-ranges=::1", r#""::1" is loopback, which is never"#),
        ("--outbound-port=15006", "--outbound-port and --inbound-port are both 15006"),
        ("--inbound-port=0", "--inbound-port <PORT>"),
        ("--proxy-uid=envoy", "--proxy-uid <UID>"),
    ];
    for (flag, wanted) in cases {
        let output = run(&["redirect", "--dry-run", flag]);
        assert_eq!(output.status.code(), Some(2), "{flag}");
        assert!(err(&output).contains(wanted), "{flag}: {}", err(&output));
    }
    let output = run(&["redirect", "--dry-run", "--check"]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
}

#[test]
fn json_tells_the_same() {
    let output = run(&["redirect", "--dry-run", "--ip-families=dual", "-o", "json"]);
    let told: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((&told["action"], &told["table"]), (&"dry-run".into(), &"inet pillion".into()));
    let lines: Vec<&str> =
        told["statements"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(lines.join("\n") + "\n", dry_run(&["--ip-families=dual".to_owned()]));
}

/// A program that stands for nft: says this and ends with this.
fn refusing(directory: &Path, words: &str, code: u8) -> PathBuf {
    let path = directory.join("nft");
    fs::write(&path, format!("#!/bin/sh\ncat >/dev/null\necho '{words}' >&2\nexit {code}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn it_is_said_what_is_to_be_done_where_nft_is_missing_or_refuses() {
    let output = run(&["redirect", "--nft", "nowhere/nft"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("there is no program nowhere/nft: install the package nftables"));
    let directory = tempfile::tempdir().unwrap();
    let cases = [
        ("Operation not permitted (you must be root)", "capability NET_ADMIN"),
        ("Error: Could not process rule: Operation not supported", "Linux 5.2 or newer"),
        ("Error: syntax error, unexpected newline", "nothing was changed: Error: syntax error"),
    ];
    for (words, wanted) in cases {
        let nft = refusing(directory.path(), words, 1);
        for (mode, code) in [(None, 1), (Some("--check"), 2)] {
            let output = command(&["redirect", "--nft"]).arg(&nft).args(mode).output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{words}: {}", err(&output));
            assert!(err(&output).contains(wanted) && err(&output).contains(words), "{}", err(&output));
        }
    }
    // A program that cannot start has not looked for the table.
    let words = "error while loading shared libraries: libnftables.so.1: No such file or directory";
    let nft = refusing(directory.path(), words, 127);
    for (mode, code) in [(None, 1), (Some("--check"), 2), (Some("--remove"), 1)] {
        let output = command(&["redirect", "--nft"]).arg(&nft).args(mode).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{mode:?}: {}", err(&output));
        assert!(err(&output).contains("nothing was changed: error while loading"), "{}", err(&output));
    }
}
