//! What strangers write is text in the page, whatever it is; and no other page reaches the port.

use crate::{HOST, Shown};

const IMAGE: &str = "<img src=x onerror=\"window.hurt=1\">";
const SCRIPT: &str = "</script><script>window.hurt=1</script>";

#[test]
fn what_would_be_markup_is_shown_as_text() {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {image}\n  namespace: {script}\n  annotations:\n    \
         sidecar.istio.io/inejct: {image}\n    sidecar.istio.io/nothing: {script}\nspec:\n  containers:\n  - name: {image}\n    image: {script}\n    \
         readinessProbe: {{httpGet: {{path: {image}, port: 80}}}}\n",
        image = quoted(IMAGE),
        script = quoted(SCRIPT),
    );
    let directory = tempfile::tempdir().unwrap();
    let named = directory.path().join("<img src=x onerror=window.hurt=1>");
    std::fs::create_dir(&named).unwrap();
    let config = "policy: enabled\ntemplates:\n  sidecar: |\n    metadata: {labels: {mesh: '<b>bold</b>'}}\n    spec: {containers: [{name: istio-proxy, image: 'proxy:1'}]}\n";
    std::fs::write(named.join("config"), config).unwrap();
    std::fs::write(named.join("values"), "{}").unwrap();
    let mut shown = Shown::with(&["--config-dir", named.to_str().unwrap(), "--revision", "<i>r</i>"]);
    shown.explain(&pod);
    let browser = &mut shown.browser;
    let said = browser.run("document.body.textContent");
    let said = said.as_str().unwrap();
    for part in [IMAGE, SCRIPT, "<b>bold</b>", "<i>r</i>", "<img src=x onerror=window.hurt=1>"] {
        assert!(said.contains(part), "{part} is not shown");
    }
    browser.click("[aria-label=Trace] .buttons button:nth-child(1)");
    browser.wait("[...document.querySelectorAll('.tree details')].every((it) => it.open)");
    let markup = browser.run("document.querySelectorAll('img, b, i, script:not(body > script)').length");
    assert_eq!(markup, 0, "text became markup");
    assert_eq!(browser.run("window.hurt === undefined"), true);
    shown.is_clean();
}

#[test]
fn an_error_quotes_what_was_pasted_as_text() {
    let mut shown = Shown::start();
    shown.explain(&format!("kind: Pod\nmetadata: {IMAGE}: [\n"));
    assert_eq!(shown.browser.run("document.querySelectorAll('#problem img').length"), 0);
    assert_eq!(shown.browser.run("window.hurt === undefined"), true);
}

#[test]
fn the_policy_keeps_even_a_script_in_the_page_from_making_markup_or_asking_others() {
    let mut shown = Shown::start();
    let refused = |shown: &mut Shown, script: &str| {
        let script = format!(
            "(async () => {{ try {{ {script}; return 'done'; }} catch (error) {{ return error.name; }} }})()"
        );
        shown.browser.run(&script).as_str().unwrap().to_owned()
    };
    assert_eq!(refused(&mut shown, "document.body.innerHTML = '<b>x</b>'"), "TypeError");
    assert_eq!(refused(&mut shown, "await fetch('http://127.0.0.1:9/')"), "TypeError");
    let complaints = shown.browser.complaints();
    assert!(complaints.iter().any(|it| it.contains("TrustedHTML")), "the breach is seen: {complaints:?}");
    assert!(complaints.iter().any(|it| it.contains("connect-src")), "the breach is seen: {complaints:?}");
}

#[test]
fn a_name_that_was_bound_to_loopback_is_not_answered() {
    let mut shown = Shown::start();
    let rebound = shown.origin.replace("localhost", "rebound.example");
    shown.browser.open(&format!("{rebound}/"));
    let text = shown.browser.text("body");
    assert!(text.contains("this port answers to localhost only"), "{text}");
    assert_eq!(shown.browser.statuses(&format!("{rebound}/")), [403]);
}

#[test]
fn no_other_page_can_ask_read_or_embed() {
    let mut shown = Shown::start();
    let origin = shown.origin.clone();
    shown.browser.open("about:blank");
    let explain = format!("{origin}/explain");
    let body = serde_json::Value::from(HOST);
    shown.browser.run(&format!("fetch({explain:?}, {{method: 'POST', mode: 'no-cors', body: {body}}}).catch(() => null).then(() => 1)"));
    let statuses = shown.browser.statuses(&explain);
    assert!(statuses.iter().all(|status| *status == 403), "{statuses:?}");
    let read = shown.browser.run(&format!("fetch('{origin}/state').then(() => 'read', () => 'kept')"));
    assert_eq!(read, "kept");
    let put = shown.browser.run(&format!(
        "fetch('{origin}/log-level', {{method: 'PUT', body: 'trace'}}).then(() => 'put', () => 'kept')"
    ));
    assert_eq!(put, "kept");
    let level = format!("{origin}/log-level");
    shown.browser.open(&level);
    let level = shown.browser.text("body");
    assert!(level.contains("info") && !level.contains("trace"), "as it was: {level}");
}
