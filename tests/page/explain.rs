//! A pod is pasted into the page: what becomes of it, the trace, the diff; and texts that are none.

use crate::{HOST, Shown, WEB};

#[test]
fn a_workload_is_pasted_and_its_verdict_trace_and_diff_are_shown() {
    let mut shown = Shown::start();
    let told = shown.explain(WEB);
    assert_eq!(told, "Deployment \"shop/web\" gets a sidecar, if the API server asks.");
    let browser = &mut shown.browser;
    let trace = browser.text("[aria-label=Trace]");
    for part in
        ["this Pillion speaks to no cluster", "hostNetwork", "settled by", "Templates", "sidecar rendered"]
    {
        assert!(trace.contains(part), "{part:?} in\n{trace}");
    }
    assert!(trace.contains("sidecar.istio.io/inejct: \"true\" not known"), "{trace}");
    let diff = browser.text("[aria-label=Diff]");
    assert!(diff.contains("spec.initContainers") || diff.contains("spec.containers[envoy]"), "{diff}");
    assert!(diff.contains("name: envoy"), "{diff}");
    // The sign tells what the colour tells.
    let signs = browser
        .run("[...document.querySelectorAll('.line.add > .sign')].every((it) => it.textContent === '+')");
    assert_eq!(signs, true);
    shown.is_clean();
}

#[test]
fn the_trace_folds_and_unfolds() {
    let mut shown = Shown::start();
    shown.explain(WEB);
    let browser = &mut shown.browser;
    let open = "document.querySelectorAll('.tree details[open]').length";
    let before = browser.run(open).as_u64().unwrap();
    browser.click("[aria-label=Trace] .buttons button:nth-child(1)");
    let all = "[...document.querySelectorAll('.tree details')].every((it) => it.open)";
    browser.wait(all);
    assert!(browser.run(open).as_u64().unwrap() > before, "there was something folded");
    let stages = browser.text(".tree");
    assert!(
        stages.contains("template sidecar") && stages.contains("What changed the pod, in order"),
        "{stages}"
    );
    browser.click("[aria-label=Trace] .buttons button:nth-child(2)");
    browser.wait("document.querySelectorAll('.tree details[open]').length === 0");
    shown.is_clean();
}

#[test]
fn a_pod_on_the_host_s_network_is_told_its_reason_and_what_to_do() {
    let mut shown = Shown::start();
    assert_eq!(shown.explain(HOST), "Pod \"shop/agent\" stays without a sidecar.");
    let why = shown.browser.text(".why");
    assert!(why.contains("host_network"), "{why}");
    assert!(why.contains("Remove hostNetwork if the pod shall be in the mesh."), "{why}");
    let diff = shown.browser.text("[aria-label=Diff]");
    assert!(diff.contains("the pod stays as it is"), "{diff}");
    shown.is_clean();
}

#[test]
fn several_objects_are_summed_up_and_each_can_be_opened() {
    let mut shown = Shown::start();
    let told = shown.explain(&format!("{WEB}---\n{HOST}"));
    assert_eq!(told, "2 pods: 1 gets a sidecar, if the API server asks; 1 stays without a sidecar.");
    shown.browser.click(".result:nth-child(2) > summary");
    shown
        .browser
        .wait("document.querySelector('.result:nth-child(2) .why')?.innerText.includes('host_network')");
    shown.is_clean();
}

#[test]
fn a_refused_pod_shows_what_is_wrong_with_it() {
    let mut shown = Shown::start();
    let faulty = HOST.replace("hostNetwork: true", "hostNetwork: perhaps");
    assert_eq!(shown.explain(&faulty), "Pod \"shop/agent\" is refused, if the API server asks.");
    let why = shown.browser.text(".why");
    assert!(why.contains("bad_pod") && why.contains("hostNetwork"), "{why}");
    shown.is_clean();
}

#[test]
fn what_cannot_be_explained_is_answered_with_what_to_do() {
    let mut shown = Shown::start();
    for (text, says) in [
        ("kind: [", "line"),
        ("kind: Service\nmetadata: {name: web}\n", "there is no pod in the body"),
        ("just words", "Correct the text"),
    ] {
        assert_eq!(shown.explain(text), "", "{text}");
        let problem = shown.browser.text("#problem");
        assert!(problem.contains("This cannot be explained.") && problem.contains(says), "{text}: {problem}");
        assert!(problem.contains("Kinds with pods are Pod, Deployment"), "{problem}");
    }
    shown.explain("");
    assert!(shown.browser.text("#problem").contains("Paste a pod or a workload first"));
    // The next answer takes the problem away.
    shown.explain(HOST);
    assert_eq!(shown.browser.run("document.getElementById('problem').hidden"), true);
    // The browser itself logs that an answer was no success.
    let complaints: Vec<_> =
        shown.browser.complaints().into_iter().filter(|it| !it.contains("status of 422")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[test]
fn objects_without_a_namespace_are_in_the_one_that_is_asked_for() {
    let mut shown = Shown::start();
    let bare = HOST.replace(", namespace: shop", "");
    shown.browser.write("#namespace", "kube-system");
    shown.explain(&bare.replace("  hostNetwork: true\n", ""));
    let why = shown.browser.text(".why");
    assert!(why.contains("namespace_ignored"), "{why}");
    shown.is_clean();
}
