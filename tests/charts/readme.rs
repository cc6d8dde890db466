//! Every line of the documentation that installs the chart by Helm: what it says is rendered, and taken by the API server.

use std::process::Command;

use crate::support::{dry_run, repository, run, tools};

const PAGES: &[&str] = &[
    "README.md",
    "charts/pillion/README.md",
    "docs/operations.md",
    "docs/security.md",
    "docs/troubleshooting.md",
    "certs/README.md",
];

/// The lines of a page that install it, joined where they go on.
fn lines(page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(repository(page)).unwrap().replace("\\\n", " ");
    let lines =
        text.lines().map(str::trim).filter(|line| line.starts_with("helm upgrade --install pillion charts/"));
    lines.map(|line| line.split(" #").next().unwrap().trim().to_owned()).collect()
}

#[test]
fn every_line_that_installs_the_chart_is_rendered_and_taken() {
    let mut tried = 0;
    for page in PAGES {
        for line in lines(page) {
            let rendered = line
                .replace("helm upgrade --install", "\"$HELM\" template --kube-version 1.34.0 --no-hooks")
                .replace("--create-namespace", "");
            let mut shell = Command::new("sh");
            shell.args(["-c", &rendered]).current_dir(repository("")).env("HELM", tools().join("helm"));
            let output = run(&mut shell, "");
            assert!(output.status.success(), "{page}: {line}\n{}", String::from_utf8_lossy(&output.stderr));
            let manifest = String::from_utf8(output.stdout).unwrap();
            // The namespace that the line would make is not there.
            dry_run(&manifest.replace("namespace: pillion\n", "namespace: pillion-system\n"));
            tried += 1;
            println!("{page}: {line}");
        }
    }
    assert!(tried >= 6, "{tried} lines");
}
