//! What the page says of the process: the first line, the counts, configuration and certificate, as they change.

use crate::Shown;

const CONFIG: &str = "policy: enabled\ndefaultTemplates: [sidecar]\ntemplates:\n  sidecar: |\n    spec:\n      containers:\n      - {name: istio-proxy, image: 'proxy:1'}\n";

fn says(shown: &mut Shown, text: &str) {
    shown.browser.wait(&format!("document.getElementById('band-says').textContent.includes({text:?})"));
}

#[test]
fn counts_move_after_an_admission() {
    let mut shown = Shown::start();
    says(&mut shown, "No API server has asked yet");
    assert!(shown.browser.text("#band-hint").contains("pillion doctor"));
    assert!(
        shown.browser.text("#counts-none").contains("No API server has asked this replica since its start")
    );
    shown.skip();
    says(&mut shown, "Every pod so far was skipped");
    shown.admit();
    says(&mut shown, "Pods are being injected.");
    shown.admit();
    shown.browser.wait("document.getElementById('injected').textContent === '2'");
    assert_eq!(shown.browser.text("#skipped"), "1");
    assert_eq!(shown.browser.text("#refused"), "0");
    assert_eq!(shown.browser.text("[data-reason=injected] .count"), "2");
    let skipped = shown.browser.text("[data-reason=host_network]");
    assert!(skipped.contains("host_network") && skipped.contains("Remove hostNetwork"), "{skipped}");
    assert_eq!(shown.browser.run("document.title"), "✓ Pillion default");
    shown.is_clean();
}

#[test]
fn configuration_certificate_and_readiness_are_told() {
    let mut shown = Shown::with(&["--revision", "canary"]);
    says(&mut shown, "Ready to inject");
    let configuration = shown.browser.text("#configuration");
    for part in
        ["the embedded Envoy profile", "canary", "enabled", "sidecar (default)", "ago", "1 since the start"]
    {
        assert!(configuration.contains(part), "{part:?} in\n{configuration}");
    }
    let fingerprint = shown.browser.run(
        "[...document.querySelectorAll('#configuration code')].map((it) => it.title).filter((it) => it.length === 64)",
    );
    assert_eq!(fingerprint.as_array().unwrap().len(), 1);
    let certificate = shown.browser.text("#certificate");
    for part in ["localhost", "made in memory at the start", "UTC in", "days"] {
        assert!(certificate.contains(part), "{part:?} in\n{certificate}");
    }
    assert_eq!(shown.browser.text("#checks").split_whitespace().filter(|word| *word == "✓").count(), 4);
    assert!(shown.browser.text("#who").contains("revision canary"));
    shown.is_clean();
}

#[test]
fn a_configuration_that_cannot_be_used_is_told_in_the_first_line() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    file("config", CONFIG);
    file("values", "{}");
    let mut shown = Shown::with(&["--config-dir", directory.path().to_str().unwrap()]);
    says(&mut shown, "Ready to inject");
    file("config", &CONFIG.replace("spec:", "{{ if }}"));
    says(&mut shown, "An older configuration injects pods");
    let hint = shown.browser.text("#band-hint");
    assert!(hint.contains("template") && hint.contains("sidecar"), "{hint}");
    assert!(shown.browser.text("#configuration").contains("Not in use"));
    file("config", CONFIG);
    says(&mut shown, "Ready to inject");
    shown.is_clean();
}

#[test]
fn a_process_that_has_gone_is_told_and_what_was_seen_stays() {
    let mut shown = Shown::start();
    shown.admit();
    says(&mut shown, "Pods are being injected.");
    shown.serving.signal("INT");
    says(&mut shown, "Pillion does not answer this page.");
    let hint = shown.browser.text("#band-hint");
    assert!(
        hint.contains("kubectl port-forward") && hint.contains("What is below is from before."),
        "{hint}"
    );
    assert_eq!(shown.browser.text("#injected"), "1");
    shown.explain(crate::HOST);
    let problem = shown.browser.text("#problem");
    assert!(problem.contains("Pillion does not answer.") && problem.contains("start it again"), "{problem}");
}
