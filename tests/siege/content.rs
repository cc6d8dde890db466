//! Reviews, pods and templates that are deep, large or without end. Each is refused, or answered; how is told by the tests
//! of the parts (`tests/it/hostile.rs`, `crates/*/tests`): here many come at once.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::harness::{hold, many, pod, review, send, within};
use crate::wire::Target;

const A_WHILE: Duration = Duration::from_secs(2);

/// What came of sending the same review over and over.
#[derive(Default)]
struct Sent {
    admitted: usize,
    refused: usize,
    again: usize,
}

/// Sends a review from so many clients for a while. Gives what came of it, which is an answer each time.
async fn storm(target: &Target, clients: usize, review: String) -> Sent {
    let review = Arc::new(review);
    let sent = many(clients, |_| {
        let (target, review) = (target.clone(), Arc::clone(&review));
        async move {
            let (end, mut sent) = (Instant::now() + A_WHILE, Sent::default());
            while Instant::now() < end {
                match send(&target, "/inject?timeout=10s", &review).await.expect("no answer") {
                    (503, _, again) => {
                        assert!(again.is_some(), "503 without Retry-After");
                        sent.again += 1;
                    }
                    (_, body, _) if body.contains(r#""allowed":true"#) => sent.admitted += 1,
                    _ => sent.refused += 1,
                }
            }
            sent
        }
    });
    sent.await.into_iter().fold(Sent::default(), |all, one| Sent {
        admitted: all.admitted + one.admitted,
        refused: all.refused + one.refused,
        again: all.again + one.again,
    })
}

fn told(sent: &Sent, what: &str) -> String {
    let Sent { admitted, refused, again } = sent;
    let all = admitted + refused + again;
    format!("{all} {what}: {admitted} admitted, {refused} refused, {again} told to come again")
}

/// A test that sends `review` from some clients; all that are answered are admitted, or all are refused.
async fn sent(test: &str, what: &str, kind: &str, admitted: bool, clients: usize, review: String) {
    hold(test, what, &[], async |target| {
        let sent = storm(&target, clients, review).await;
        let (right, wrong) =
            if admitted { (sent.admitted, sent.refused) } else { (sent.refused, sent.admitted) };
        assert!(right > 0 && wrong == 0, "{}", told(&sent, kind));
        told(&sent, kind)
    })
    .await;
}

/// A pod with this in its spec's only container, and these annotations.
fn with(container: &str, annotations: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"w","annotations":{{{annotations}}}}},"spec":{{"containers":[{{"name":"app","image":"a"{container}}}]}}}}"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deep_json() {
    let test = concat!(file!(), "::deep_json");
    let deep = review("u-1", &("[".repeat(1_000_000) + &"]".repeat(1_000_000)));
    sent(test, "JSON that is a million deep", "reviews of 2 MB", false, 4, deep).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_of_the_limit() {
    let test = concat!(file!(), "::bodies_of_the_limit");
    let pad = "x".repeat((6 << 20) - 400);
    let large = review("u-1", &with("", &format!(r#""pad":"{pad}""#)));
    assert!(large.len() <= 6 << 20);
    sent(test, "bodies of 6 MiB", "reviews", true, 8, large).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_containers() {
    let test = concat!(file!(), "::many_containers");
    let containers: Vec<String> = (0..20_000).map(|n| format!(r#"{{"name":"c{n}","image":"x"}}"#)).collect();
    let pod = format!(r#"{{"metadata":{{"name":"w"}},"spec":{{"containers":[{}]}}}}"#, containers.join(","));
    sent(test, "pods of 20,000 containers", "pods", true, 4, review("u-1", &pod)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_variables() {
    let test = concat!(file!(), "::many_variables");
    let env: Vec<String> = (0..50_000).map(|n| format!(r#"{{"name":"E{n}","value":"v"}}"#)).collect();
    let pod = with(&format!(r#","env":[{}]"#, env.join(",")), "");
    sent(test, "pods of 50,000 variables", "pods", true, 4, review("u-1", &pod)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_annotations() {
    let test = concat!(file!(), "::many_annotations");
    let all: Vec<String> = (0..50_000).map(|n| format!(r#""a{n}":"v""#)).collect();
    sent(test, "pods of 50,000 annotations", "pods", true, 4, review("u-1", &with("", &all.join(",")))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pods_that_are_no_pods() {
    let test = concat!(file!(), "::pods_that_are_no_pods");
    let bad = review("u-1", r#"{"metadata":{"name":"w"},"spec":{"containers":"none"}}"#);
    sent(test, "pods that are none", "reviews", false, 8, bad).await;
}

/// Templates that have no end, each under its name, and what is said of what they do.
const ENDLESS: [(&str, &str); 6] = [
    (
        "steps",
        "{{ range until 3000 }}{{ range until 3000 }}{{ range until 3000 }}{{ end }}{{ end }}{{ end }}",
    ),
    (
        "output",
        "spec: {{ range until 3000 }}{{ range until 3000 }}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{{ end }}{{ end }}",
    ),
    ("regex", r#"spec: {{ regexMatch "((a{100}){100}){100}" .ObjectMeta.Name }}"#),
    ("deep", "spec: {{ range until 3000 }}[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[{{ end }}"),
    ("itself", r#"{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}"#),
    (
        "aliases",
        "a: &a [x,x,x,x,x,x,x,x,x]\n    b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n    c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n    d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n    e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n    f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n    g: [*f,*f,*f,*f,*f,*f,*f,*f,*f]",
    ),
];

/// Has pods ask for one of these templates, while those of others have one that ends.
async fn endless(test: &str, what: &str, name: &str) {
    let directory = tempfile::tempdir().unwrap();
    let mut config = "policy: enabled\ndefaultTemplates: [sidecar]\ntemplates:\n  sidecar: |\n    spec:\n      containers:\n      - name: istio-proxy\n        image: proxy:1\n".to_owned();
    for (name, text) in ENDLESS {
        config += &format!("  {name}: |\n    {text}\n");
    }
    fs::write(within(directory.path(), "config"), config).unwrap();
    fs::write(within(directory.path(), "values"), "{}").unwrap();
    let asks = with("", &format!(r#""inject.istio.io/templates":"{name}""#));
    hold(test, what, &["--config-dir", directory.path().to_str().unwrap()], async |target| {
        let sent = storm(&target, 4, review("u-1", &asks)).await;
        assert!(sent.refused > 0 && sent.admitted == 0, "{}", told(&sent, "pods"));
        told(&sent, "pods")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn template_steps() {
    endless(concat!(file!(), "::template_steps"), "a template of 27 billion steps", "steps").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn template_output() {
    endless(concat!(file!(), "::template_output"), "a template that writes 288 MB", "output").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn template_regex() {
    let what = "a template with a regular expression of a million parts";
    endless(concat!(file!(), "::template_regex"), what, "regex").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn template_depth() {
    let what = "a template that renders YAML 96,000 deep";
    endless(concat!(file!(), "::template_depth"), what, "deep").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn template_recursion() {
    let what = "a template that calls itself without end";
    endless(concat!(file!(), "::template_recursion"), what, "itself").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn template_aliases() {
    let what = "a template that renders YAML aliases of aliases, 4.8 million nodes in 400 bytes";
    endless(concat!(file!(), "::template_aliases"), what, "aliases").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_templates() {
    let test = concat!(file!(), "::many_templates");
    let many = with("", &format!(r#""inject.istio.io/templates":"{}""#, "sidecar,".repeat(1000)));
    sent(test, "pods that ask for 1,000 templates", "pods", false, 4, review("u-1", &many)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_pods() {
    let test = concat!(file!(), "::new_pods");
    hold(test, "pods that nobody has seen before", &[], async |target| {
        let admitted = many(8, |client| {
            let target = target.clone();
            async move {
                let (end, mut admitted) = (Instant::now() + A_WHILE, 0);
                while Instant::now() < end {
                    let name = format!("new-{client}-{admitted}");
                    let (status, ..) =
                        send(&target, "/inject?timeout=10s", &review("u-1", &pod(&name))).await.unwrap();
                    assert_eq!(status, 200);
                    admitted += 1;
                }
                admitted
            }
        });
        format!("8 clients, {} pods", admitted.await.iter().sum::<usize>())
    })
    .await;
}
