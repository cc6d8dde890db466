//! The README's quick starts: three commands for each audience, and each of them is one that the program takes. What needs
//! no cluster is run. Never: Helm's lines (`make charts`), and what becomes of pods in a cluster (`make e2e`).

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::repository;

const AUDIENCES: &[&str] = &["Istio users", "Envoy users", "CI users"];

/// The commands of the first block below a heading.
fn commands(audience: &str) -> Vec<String> {
    let text = fs::read_to_string(repository("README.md")).unwrap();
    let section = text.split("\n## ").find(|part| part.starts_with(&format!("Quick start: {audience}\n")));
    let block =
        section.unwrap_or_else(|| panic!("no quick start for {audience}")).split("```").nth(1).unwrap();
    block.trim().lines().map(|line| line.split(" #").next().unwrap().trim().to_owned()).collect()
}

/// The parts of a command that are ours, as words.
fn ours(line: &str) -> Vec<Vec<String>> {
    let parts = line.split('|').map(str::trim).filter(|part| part.starts_with("pillion "));
    parts.map(|part| part.split_whitespace().skip(1).map(str::to_owned).collect()).collect()
}

#[test]
fn each_audience_has_three_commands_that_the_program_takes() {
    let mut tried = 0;
    for audience in AUDIENCES {
        let lines = commands(audience);
        assert_eq!(lines.len(), 3, "{audience}: {lines:#?}");
        for words in lines.iter().flat_map(|line| ours(line)) {
            // What comes before --help is read first, so that an unknown flag is refused.
            let output =
                Command::new(env!("CARGO_BIN_EXE_pillion")).args(&words).arg("--help").output().unwrap();
            assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
            tried += 1;
        }
        let known = ["helm ", "kubectl ", "pillion "];
        assert!(lines.iter().all(|line| known.iter().any(|word| line.starts_with(word))), "{lines:#?}");
    }
    assert!(tried >= 5, "{tried}");
    let output = Command::new(env!("CARGO_BIN_EXE_pillion")).args(["inject", "--no-such", "--help"]).output();
    assert!(!output.unwrap().status.success(), "so that the test can fail");
}

/// A folder as the README takes it for granted: `conf`, `manifests`, and what stands for Helm and kubectl.
fn workplace(directory: &Path) {
    fs::create_dir(directory.join("conf")).unwrap();
    for file in ["config", "values", "mesh", "annotations"] {
        fs::copy(repository("profiles/envoy").join(file), directory.join("conf").join(file)).unwrap();
    }
    fs::create_dir(directory.join("manifests")).unwrap();
    fs::copy(repository("examples/upstreams.yaml"), directory.join("manifests/a.yaml")).unwrap();
    fs::create_dir(directory.join("bin")).unwrap();
    let programs = [
        ("helm", "cat manifests/a.yaml"),
        ("kubectl", "cat > applied.yaml"),
        ("pillion", "exec \"$PILLION\" \"$@\""),
    ];
    for (name, does) in programs {
        let path = directory.join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{does}\n")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&path, mode).unwrap();
    }
}

#[test]
fn the_commands_of_ci_users_do_what_they_say() {
    let directory = tempfile::tempdir().unwrap();
    workplace(directory.path());
    let path = format!("{}:{}", directory.path().join("bin").display(), std::env::var("PATH").unwrap());
    let mut said = Vec::new();
    for line in commands("CI users") {
        let mut shell = Command::new("bash");
        shell.args(["-eo", "pipefail", "-c", &line]).current_dir(directory.path()).env("PATH", &path);
        let output = shell.env("PILLION", env!("CARGO_BIN_EXE_pillion")).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        said.push(String::from_utf8(output.stdout).unwrap());
    }
    assert!(said[0].ends_with("0 errors, 0 warnings\n"), "{}", said[0]);
    assert!(said[1].lines().any(|line| line.starts_with('+') && line.contains("name: envoy")), "{}", said[1]);
    let applied = fs::read_to_string(directory.path().join("applied.yaml")).unwrap();
    assert!(applied.contains("name: envoy") && applied.contains("kind: Namespace"), "{applied}");
}
