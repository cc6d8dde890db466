//! Shadow mode: another injector answers over HTTPS, and ours is held against it; what is recorded, and its replay.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, Version};
use pillion::engine::Engine;
use pillion::http::relay;
use pillion::record::{Place, Store};
use pillion::shadow::{Address, Desk, Differences, Failure, Question, Upstream as Way};
use pillion::telemetry::Metrics;
use pillion::tls::Compliance;
use serde_json::Value;

use crate::support::program::{Serving, err, out, run};
use crate::support::upstream::{Behaviour, Upstream, engine_of};
use crate::support::webhook::{get, post, ready};
use crate::support::{POD, config, review, within_ten_seconds};

/// A word that is in every pod of these tests, and may be in no file, log line or difference.
const SECRET: &str = "hunter2-7f3a";

/// A pod that says the secret wherever one may be.
fn telltale() -> String {
    let text = r#"{"metadata":{"name":"web","annotations":{
        "kubectl.kubernetes.io/last-applied-configuration":"{\"env\":\"SECRET\"}","example.com/token":"SECRET",
        "status.sidecar.istio.io/port":"15020","proxy.istio.io/config":"proxyMetadata: {TOKEN: SECRET}"}},
      "spec":{"containers":[{"name":"app","image":"app:1","args":["--password=SECRET"],"command":["sh","SECRET"],
        "env":[{"name":"PASSWORD","value":"SECRET"}],
        "livenessProbe":{"httpGet":{"path":"/?k=SECRET","port":80,"httpHeaders":[{"name":"A","value":"SECRET"}]}}}]}}"#;
    review(&text.replace("SECRET", SECRET).replace('\n', " "))
}

fn directory(image: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("config"), config(image)).unwrap();
    fs::write(directory.path().join("values"), "{}").unwrap();
    directory
}

fn engine(image: &str) -> Arc<Engine> {
    engine_of(directory(image).path())
}

/// Shadow mode in this process.
struct Shadowing {
    router: Router,
    private: Router,
    metrics: Arc<Metrics>,
}

impl Shadowing {
    fn of(engine: Arc<Engine>, address: Address, percent: f64, store: Option<Store>) -> Self {
        let (shadowing, work) = Self::without_work(engine, address, percent, store);
        tokio::spawn(work);
        shadowing
    }

    fn without_work(
        engine: Arc<Engine>,
        address: Address,
        percent: f64,
        store: Option<Store>,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let metrics = Arc::clone(engine.metrics());
        let way = Way::new(address, Compliance::None, Arc::clone(&metrics)).unwrap();
        let kept = Arc::new(Differences::new(5));
        let (desk, work) = Desk::open(percent, engine, Arc::clone(&way), Arc::clone(&kept), store);
        let router = relay::router(way, Arc::new(desk), ready(), Arc::clone(&metrics));
        let private = relay::differences(kept, Arc::clone(&metrics));
        (Self { router, private, metrics }, work)
    }

    fn has(&self, line: &str) -> bool {
        self.metrics.render().lines().any(|found| found == line)
    }

    async fn counts(&self, outcome: &str, count: usize) {
        let line = format!("pillion_shadow_reviews_total{{outcome=\"{outcome}\"}} {count}");
        within_ten_seconds(|| self.has(&line)).await;
    }

    async fn differences(&self) -> (Value, String) {
        let text = get(&self.private, "/differences").await.body;
        (serde_json::from_str(&text).unwrap(), text)
    }
}

fn address(upstream: &Upstream) -> Address {
    let mut address = Address::parse(&upstream.url()).unwrap();
    address.authorities = Some(upstream.ca());
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_is_the_upstreams_byte_for_byte() {
    let body = b"{ \"not\": \"even\ta review\" }\n\0\xff".to_vec();
    let upstream = Upstream::start(Behaviour::Says(StatusCode::OK, body.clone(), Duration::ZERO));
    let shadowing = Shadowing::of(engine("p:1"), address(&upstream), 100.0, None);
    let target = "/inject/cluster/a%2Fb/net/n?timeout=10s&x=y";
    let request = axum::http::Request::post(target)
        .header("content-type", "application/json")
        .header("traceparent", "00-1")
        .header("accept-encoding", "gzip")
        .header("connection", "close");
    let request = request.body(axum::body::Body::from(review(POD))).unwrap();
    let response = tower::ServiceExt::oneshot(shadowing.router.clone(), request).await.unwrap();
    let (head, got) = response.into_parts();
    assert_eq!(axum::body::to_bytes(got, usize::MAX).await.unwrap(), body);
    assert_eq!((head.status, &head.headers["x-injector"]), (StatusCode::OK, &"the other".parse().unwrap()));
    assert!(!head.headers.contains_key("keep-alive"));
    let asked = upstream.all_asked().remove(0);
    assert_eq!((asked.uri.as_str(), asked.version), (target, Version::HTTP_2));
    assert_eq!(asked.body, review(POD));
    assert_eq!(asked.headers["traceparent"], "00-1");
    assert!(!asked.headers.contains_key("accept-encoding") && !asked.headers.contains_key("connection"));
    shadowing.counts("unreadable", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_answers_are_the_same_and_others_are_told() {
    let upstream = Upstream::start(Behaviour::Injects(engine("proxy:1")));
    let shadowing = Shadowing::of(engine("proxy:1"), address(&upstream), 100.0, None);
    for _ in 0..3 {
        let answered = post(&shadowing.router, "/inject?timeout=10s", telltale()).await;
        assert!(answered.body.contains("\"allowed\":true"), "{}", answered.body);
    }
    shadowing.counts("same", 3).await;
    assert_eq!(shadowing.differences().await.0["differences"], serde_json::json!([]));
    // Each was asked about once.
    assert_eq!(upstream.all_asked().len(), 3);

    upstream.now(Behaviour::Injects(engine("proxy:2")));
    post(&shadowing.router, "/inject?timeout=10s", telltale()).await;
    shadowing.counts("differ", 1).await;
    let (told, text) = loop {
        let (told, text) = shadowing.differences().await;
        if !told["differences"][0].is_null() {
            break (told, text);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let first = &told["differences"][0];
    assert_eq!((&first["namespace"], &first["pod"]), (&"shop".into(), &"web".into()));
    let wanted = serde_json::json!([
        {"field": "spec.containers[istio-proxy].image", "upstream": "proxy:2", "pillion": "proxy:1"},
    ]);
    assert_eq!((&first["values"], &first["fields"]), (&true.into(), &wanted));
    assert_eq!(told["reviews"]["same"], 3);
    assert!(!text.contains(SECRET), "{text}");
    // The second time it was asked, the secret was not told to anybody.
    let asked = upstream.all_asked();
    assert_eq!(asked.len(), 5);
    assert!(asked[3].body.contains(SECRET) && !asked[4].body.contains(SECRET), "{}", asked[4].body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_verdict_is_a_difference() {
    let refusal = r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"u1","allowed":false,"status":{"metadata":{},"message":"no"}}}"#;
    let upstream = Upstream::start(Behaviour::Says(StatusCode::OK, refusal.into(), Duration::ZERO));
    let shadowing = Shadowing::of(engine("proxy:1"), address(&upstream), 100.0, None);
    let answered = post(&shadowing.router, "/inject", review(POD)).await;
    assert_eq!(answered.body, refusal);
    shadowing.counts("differ", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_upstream_is_given_as_long_as_the_api_server_waits() {
    let slow = Behaviour::Says(StatusCode::OK, b"{}".to_vec(), Duration::from_secs(3600));
    let upstream = Upstream::start(slow);
    let shadowing = Shadowing::of(engine("proxy:1"), address(&upstream), 100.0, None);
    let answered = post(&shadowing.router, "/inject?timeout=200ms", review(POD)).await;
    assert_eq!(answered.status, StatusCode::GATEWAY_TIMEOUT);
    assert!(answered.body.contains("no answer within"), "{}", answered.body);
    shadowing.counts("upstream_failed", 1).await;
    assert!(shadowing.has("pillion_shadow_upstream_failures_total{reason=\"timeout\"} 1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_is_away_is_told_to_who_asks() {
    let upstream = Upstream::start(Behaviour::Injects(engine("proxy:1")));
    let (gone, ca) = (upstream.address, fs::read(upstream.ca()).unwrap());
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), ca).unwrap();
    let mut away = address(&upstream);
    away.authorities = Some(file.path().to_owned());
    let shadowing = Shadowing::of(engine("proxy:1"), away, 100.0, None);
    assert_eq!(post(&shadowing.router, "/inject", review(POD)).await.status, StatusCode::OK);
    drop(upstream);
    within_ten_seconds(|| std::net::TcpStream::connect(gone).is_err()).await;
    let answered = post(&shadowing.router, "/inject?timeout=5s", review(POD)).await;
    assert_eq!(answered.status, StatusCode::BAD_GATEWAY, "{}", answered.body);
    assert!(
        answered.body.starts_with(&format!("pillion shadow: the upstream https://{gone}/: ")),
        "{}",
        answered.body
    );
    shadowing.counts("upstream_failed", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_status_is_passed_on_and_a_huge_answer_is_none() {
    let refuses = Behaviour::Says(StatusCode::UNSUPPORTED_MEDIA_TYPE, b"no".to_vec(), Duration::ZERO);
    let upstream = Upstream::start(refuses);
    let shadowing = Shadowing::of(engine("proxy:1"), address(&upstream), 100.0, None);
    let answered = post(&shadowing.router, "/inject", review(POD)).await;
    assert_eq!((answered.status, answered.body.as_str()), (StatusCode::UNSUPPORTED_MEDIA_TYPE, "no"));
    assert!(shadowing.has("pillion_shadow_upstream_failures_total{reason=\"status\"} 1"));

    let huge = vec![b' '; pillion::shadow::upstream::MAX_ANSWER + 1];
    upstream.now(Behaviour::Says(StatusCode::OK, huge, Duration::ZERO));
    let answered = post(&shadowing.router, "/inject", review(POD)).await;
    assert_eq!(answered.status, StatusCode::BAD_GATEWAY);
    assert!(answered.body.contains("larger than"), "{}", answered.body);
    assert!(shadowing.has("pillion_shadow_upstream_failures_total{reason=\"too_large\"} 1"));
    shadowing.counts("upstream_failed", 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_server_that_is_meant_is_asked() {
    let upstream = Upstream::start(Behaviour::Injects(engine("proxy:1")));
    let other = Upstream::start(Behaviour::Injects(engine("proxy:1")));
    let asked = async |change: &dyn Fn(&mut Address)| {
        let mut address = address(&upstream);
        change(&mut address);
        let shadowing = Shadowing::of(engine("proxy:1"), address, 100.0, None);
        post(&shadowing.router, "/inject", review(POD)).await.status
    };
    assert_eq!(asked(&|_| ()).await, StatusCode::OK);
    assert_eq!(asked(&|it| it.authorities = Some(other.ca())).await, StatusCode::BAD_GATEWAY);
    let name = |name: &'static str| name.try_into().ok();
    assert_eq!(asked(&|it| it.server_name = name("localhost")).await, StatusCode::OK);
    assert_eq!(asked(&|it| it.server_name = name("elsewhere.example")).await, StatusCode::BAD_GATEWAY);
    assert_eq!(other.all_asked().len(), 0);
    let mut nothing = address(&upstream);
    nothing.authorities = Some("/nowhere/ca.crt".into());
    assert!(Way::new(nothing, Compliance::None, Arc::new(Metrics::new("default"))).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authorities_that_change_are_used() {
    let upstream = Upstream::start(Behaviour::Injects(engine("proxy:1")));
    let other = Upstream::start(Behaviour::Injects(engine("proxy:1")));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("root-cert.pem");
    fs::copy(other.ca(), &file).unwrap();
    let mut address = address(&upstream);
    address.authorities = Some(file.clone());
    let way = Way::new(address, Compliance::None, Arc::new(Metrics::new("default"))).unwrap();
    let ask = async || {
        let question = Question {
            method: axum::http::Method::POST,
            target: "/inject".parse().unwrap(),
            headers: axum::http::HeaderMap::new(),
            body: review(POD).into(),
        };
        way.ask(question, Duration::from_secs(10)).await
    };
    assert!(matches!(ask().await, Err(Failure::Unreachable(_))));
    let answers = async |wanted: bool| {
        for _ in 0..1000 {
            if ask().await.is_ok() == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the new authorities are not used");
    };
    // A change that came before anybody followed, one that cannot be used, and one while somebody follows.
    fs::copy(upstream.ca(), &file).unwrap();
    tokio::spawn(Arc::clone(&way).follow());
    answers(true).await;
    fs::write(&file, "no certificate").unwrap();
    fs::copy(other.ca(), &file).unwrap();
    answers(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_we_make_of_it_never_matters_to_who_asks() {
    let upstream = Upstream::start(Behaviour::Injects(engine("proxy:1")));
    // No configuration.
    let empty = Engine::new(Arc::new(Metrics::new("default")));
    let shadowing = Shadowing::of(empty, address(&upstream), 100.0, None);
    assert_eq!(post(&shadowing.router, "/inject", review(POD)).await.status, StatusCode::OK);
    shadowing.counts("ours_failed", 1).await;
    // Not in the sample.
    let shadowing = Shadowing::of(engine("proxy:1"), address(&upstream), 0.0, None);
    assert_eq!(post(&shadowing.router, "/inject", review(POD)).await.status, StatusCode::OK);
    shadowing.counts("unsampled", 1).await;
    // Nobody compares.
    let (shadowing, work) = Shadowing::without_work(engine("proxy:1"), address(&upstream), 100.0, None);
    for _ in 0..70 {
        assert_eq!(post(&shadowing.router, "/inject", review(POD)).await.status, StatusCode::OK);
    }
    shadowing.counts("dropped", 6).await;
    tokio::spawn(work);
    shadowing.counts("same", 64).await;
}

fn recordings(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let whole = |path: &std::path::PathBuf| path.extension().is_some_and(|ending| ending == "json");
    entries.filter(whole).map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_recorded_is_bounded_holds_no_secret_and_replays_as_the_same() {
    let (configuration, other) = (directory("proxy:1"), directory("proxy:2"));
    let recorded = tempfile::tempdir().unwrap();
    let upstream = Upstream::start(Behaviour::Injects(engine_of(configuration.path())));
    let engine = engine_of(configuration.path());
    let place = Place { directory: recorded.path().to_owned(), files: 3, bytes: 1 << 20 };
    let store = Store::open(place, Arc::clone(engine.metrics())).unwrap();
    let shadowing = Shadowing::of(engine, address(&upstream), 100.0, Some(store));
    let bad = telltale().replace("15020", "much");
    for body in [telltale(), bad, telltale(), telltale(), review(POD)] {
        post(&shadowing.router, "/inject/cluster/c1/net/n1?timeout=10s", body).await;
    }
    shadowing.counts("same", 5).await;
    within_ten_seconds(|| shadowing.has("pillion_recordings_total{outcome=\"full\"} 2")).await;
    let texts = recordings(recorded.path());
    assert_eq!(texts.len(), 3);
    for text in &texts {
        assert!(!text.contains(SECRET), "{text}");
        let recording: Value = serde_json::from_str(text).unwrap();
        assert_eq!(recording["pillion"]["path"], "/inject/cluster/c1/net/n1");
        assert_eq!(recording["pillion"]["answeredBy"], "upstream");
        assert_eq!(recording["request"]["object"]["spec"]["containers"][0]["env"][0]["name"], "PASSWORD");
    }
    for entry in fs::read_dir(recorded.path()).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    drop(shadowing);

    let at = recorded.path().to_str().unwrap();
    let replay = |configuration: &Path, more: &[&str]| {
        let arguments = ["replay", at, "--config-dir", configuration.to_str().unwrap()];
        run(&[&arguments[..], more].concat())
    };
    let same = replay(configuration.path(), &[]);
    assert_eq!(same.status.code(), Some(0), "{}{}", out(&same), err(&same));
    assert_eq!(out(&same), "3 recorded reviews: 3 same, 0 differ.\n");
    let differ = replay(other.path(), &["-o", "json"]);
    assert_eq!(differ.status.code(), Some(1), "{}", err(&differ));
    let told: Value = serde_json::from_str(&out(&differ)).unwrap();
    assert_eq!((&told["same"], &told["differ"]), (&1.into(), &2.into()));
    let change = &told["groups"][0]["changes"][0];
    assert_eq!((&change["old"], &change["new"]), (&"proxy:1".into(), &"proxy:2".into()));
    let text = out(&replay(other.path(), &[]));
    assert!(text.contains("spec.containers[istio-proxy].image\n    - proxy:1\n    + proxy:2"), "{text}");

    fs::write(recorded.path().join("broken.json"), "{").unwrap();
    let faulty = replay(configuration.path(), &[]);
    assert_eq!(faulty.status.code(), Some(2));
    assert!(err(&faulty).contains("broken.json") && out(&faulty).contains("3 same"), "{}", err(&faulty));
    for arguments in [&["replay", at, "--config-dir", "/nowhere"][..], &["replay", "/nowhere"], &["replay"]] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_shadows_records_and_says_so() {
    let (state, configuration, recorded) =
        (tempfile::tempdir().unwrap(), directory("proxy:1"), tempfile::tempdir().unwrap());
    let upstream = Upstream::start(Behaviour::Injects(engine("proxy:2")));
    let (url, ca) = (upstream.url(), upstream.ca());
    let record = recorded.path().join("reviews");
    let arguments = [
        "--upstream",
        &url,
        "--upstream-ca",
        ca.to_str().unwrap(),
        "--config-dir",
        configuration.path().to_str().unwrap(),
        "--record",
        record.to_str().unwrap(),
        "--keep",
        "1",
    ];
    let mut shadow = Serving::shadow(state.path(), &arguments);
    let (https, debug) = (shadow.port("https"), shadow.port("debug"));
    let sent = recorded.path().join("review.json");
    fs::write(&sent, telltale()).unwrap();
    let answered = tokio::task::spawn_blocking(move || {
        let post = format!(
            "curl -sS --insecure -H 'Content-Type: application/json' --data-binary @{} 'https://127.0.0.1:{https}/inject?timeout=10s'",
            sent.display()
        );
        let sh = |line: &str| {
            let output = std::process::Command::new("sh").args(["-c", line]).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let answers = [sh(&post), sh(&post)];
        let log = shadow.logs(&["answers differ", "spec.containers[istio-proxy].image"]);
        assert!(log.contains("\"pod\":\"web\""), "{log}");
        let differences = sh(&format!("curl -sS 'http://127.0.0.1:{debug}/differences'"));
        let foreign = sh(&format!("curl -sS -H 'Host: example.org' 'http://127.0.0.1:{debug}/differences'"));
        assert!(foreign.contains("localhost only"), "{foreign}");
        shadow.signal("TERM");
        assert_eq!(shadow.code(), Some(0));
        shadow.logs(&["\"stopped\""]);
        (answers, differences, shadow.logged.join("\n"))
    });
    let (answers, differences, log) = answered.await.unwrap();
    assert!(answers.iter().all(|answer| answer.contains("\"allowed\":true")), "{answers:?}");
    let texts = recordings(&record).join("\n");
    for (what, text) in [("log", log), ("differences", differences), ("recordings", texts)] {
        assert!(!text.contains(SECRET), "{what}: {text}");
    }
}

#[test]
fn serve_records_what_it_answers() {
    let (state, configuration, recorded) =
        (tempfile::tempdir().unwrap(), directory("proxy:1"), tempfile::tempdir().unwrap());
    let at = recorded.path().to_str().unwrap();
    let config = configuration.path().to_str().unwrap();
    let more = ["--config-dir", config, "--record", at, "--record-max", "2"];
    let serving = Serving::start(state.path(), &more);
    fs::write(state.path().join("review.json"), telltale()).unwrap();
    // What people look at is not recorded, and the line that is printed asks for that.
    let post = serving.line.replace("-H 'Accept: application/yaml'", "");
    for line in [&serving.line, &post, &post, &post] {
        let output = std::process::Command::new("sh").args(["-c", line]).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
    }
    let until = std::time::Instant::now() + Duration::from_secs(10);
    while recordings(recorded.path()).len() < 2 && std::time::Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(serving);
    let texts = recordings(recorded.path());
    assert_eq!(texts.len(), 2);
    assert!(
        texts.iter().all(|text| !text.contains(SECRET) && text.contains(r#""answeredBy":"pillion""#)),
        "{texts:?}"
    );
    let replayed = run(&["replay", at, "--config-dir", config]);
    assert_eq!(
        (replayed.status.code(), out(&replayed).as_str()),
        (Some(0), "2 recorded reviews: 2 same, 0 differ.\n")
    );
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let cases: &[(&[&str], i32, &str)] = &[
        (&["shadow"], 2, "--upstream"),
        (&["shadow", "--upstream", "http://x"], 2, "https://"),
        (&["shadow", "--upstream", "https://x", "--sample", "101"], 2, "percentage"),
        (&["shadow", "--upstream", "https://x", "--keep", "20000"], 2, "--keep"),
        (
            &["shadow", "--upstream", "https://x", "--upstream-server-name", "a b"],
            2,
            "--upstream-server-name",
        ),
        (&["shadow", "--upstream", "https://x", "--upstream-ca", "/nowhere/ca"], 1, "/nowhere/ca"),
        (&["serve", "--record", "/proc/nowhere"], 1, "--record"),
        (&["serve", "--record-max", "0"], 2, "--record-max"),
        (&["serve", "--record-max-bytes", "much"], 2, "64Mi"),
    ];
    let ports = ["--https-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--debug-addr", "127.0.0.1:0"];
    for (arguments, code, said) in cases {
        let output = run(&[arguments, &ports[..]].concat());
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(said), "{said} in {}", err(&output));
    }
}
