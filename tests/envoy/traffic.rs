//! What passes Envoy and what goes past it, in and out, over IPv4 and IPv6: Envoy's own statistics say it, and the server
//! sees it by whom it is called. The application is the same with a sidecar and without. Never: what happens when a
//! service fails.

use std::collections::BTreeSet;
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use pillion_control_plane::kubelet::Network;
use pillion_core::config::NativeSidecars;
use serde_json::json;

use crate::app::{Asked, Caller, Reply, Server, relay};
use crate::network::{python, serve, within};
use crate::pod::injected::Plain;
use crate::pod::stats::{Stats, scraped};
use crate::pod::{Pod, at, network, place};
use crate::row;

const PATIENCE: Duration = Duration::from_secs(20);
/// Calls of each kind.
const CALLS: usize = 20;
/// Ports of A: the usual one, one that is excluded, one of a `tcpSocket` probe, one where the server speaks first.
const WEB: u16 = 8080;
const EXCLUDED: u16 = 9090;
const PROBED: u16 = 9191;
const GREETING: u16 = 7070;

/// A client without a sidecar, A and C with one, and a service D without one that A reaches without its own.
struct World {
    client: Network,
    a: Pod,
    c: Pod,
    d: Network,
    _server: Server,
}

impl World {
    fn make() -> Self {
        let (a, c, d) = (network(), network(), network());
        let ranges = format!("{}/32, {}/128", d.address(), d.address_v6());
        let annotations = [
            ("pillion.dev/upstreams", "[{name: c, hosts: [c], port: 8080}]"),
            ("pillion.dev/exclude-inbound-ports", "9090"),
            ("pillion.dev/exclude-outbound-ports", "9292"),
            ("pillion.dev/exclude-outbound-ranges", &ranges),
            ("pillion.dev/tcp-ports", "7070"),
        ];
        let mut plain = Plain::new("a", &annotations);
        plain.container = json!({
            "readinessProbe": {"httpGet": {"path": "/healthz", "port": "web"}},
            "livenessProbe": {"tcpSocket": {"port": PROBED}},
        });
        let names = [("c", c.address().into())];
        let pod_c = Plain::new("c", &[]).injected(NativeSidecars::True);
        let ports_of_a = [WEB, EXCLUDED, PROBED];
        let server = Server::start(place(&d), &[WEB], 8, |asked| told("d", asked));
        let c =
            Pod::run(pod_c, c, &[], |place| Server::start(place, &[WEB, 9292], 8, |asked| told("c", asked)));
        let a = Pod::run(plain.injected(NativeSidecars::True), a, &names, |place| {
            Server::start(place, &ports_of_a, 8, relay("a", PATIENCE))
        });
        serve(a.place(), GREETING, "welcome", false);
        Self { client: network(), a, c, d, _server: server }
    }

    /// Connections that have come to A's Envoy from outside, and to it from A; requests that have come to C's. A and its
    /// clients connect anew for each call; Envoys keep connections to each other.
    fn counted(&self) -> [i64; 3] {
        let (inbound, outbound) = self.a.stats().connections();
        [inbound, outbound, self.c.stats().get("http.inbound_http.downstream_rq_total")]
    }
}

/// Who answers whom, over which version of HTTP, and the headers that came.
fn told(name: &str, asked: &Asked) -> Reply {
    let headers: Vec<&str> = asked.headers.keys().map(hyper::header::HeaderName::as_str).collect();
    (200, format!("{name} {} {:?} {}", asked.from.ip(), asked.version, headers.join(" ")))
}

/// A way of traffic: who is asked, what for, by whom the one who answers sees itself called, and what each call counts
/// at A's Envoy from outside, at it from A, at C's from outside.
struct Way {
    what: String,
    to: SocketAddr,
    path: String,
    answered: String,
    counts: [i64; 3],
}

/// All ways over one family: 0 is IPv4.
fn ways(world: &World, family: usize) -> Vec<Way> {
    let [a, c] = [&world.a, &world.c].map(|pod| move |port| pod.at(port)[family]);
    let d = at(&world.d, WEB)[family];
    let client = at(&world.client, 0)[family].ip();
    let ip = |address: SocketAddr| address.ip();
    let way = |what: &str, to, path: String, answered: String, counts| {
        let family = ["IPv4", "IPv6"][family];
        Way { what: format!("{what}, {family}"), to, path, answered, counts }
    };
    let call = |to: SocketAddr, host: &str| format!("/call/{to}/{host}");
    vec![
        way("in", a(WEB), "/".to_owned(), format!("a {}", ip(a(0))), [1, 0, 0]),
        way(
            "in and out to an upstream",
            a(WEB),
            call(c(WEB), "c:8080"),
            format!("c {}", ip(at(world.c.network(), 0)[0])),
            [1, 1, 1],
        ),
        way(
            "in and out to a stranger",
            a(WEB),
            call(c(WEB), &c(WEB).to_string()),
            format!("c {}", ip(c(0))),
            [1, 1, 1],
        ),
        way("an excluded inbound port", a(EXCLUDED), "/".to_owned(), format!("a {client}"), [0, 0, 0]),
        way("the port of a tcpSocket probe", a(PROBED), "/".to_owned(), format!("a {client}"), [0, 0, 0]),
        way(
            "an excluded outbound port",
            a(WEB),
            call(c(9292), "c:9292"),
            format!("c {}", ip(c(0))),
            [1, 0, 1],
        ),
        way("an excluded outbound range", a(WEB), call(d, "d:8080"), format!("d {}", ip(a(0))), [1, 0, 0]),
        way("A calls itself", a(WEB), call(a(WEB), "a:8080"), format!("a {}", ip(a(0))), [1, 0, 0]),
    ]
}

/// Whether two texts say the same of who answered whom.
fn begins(text: &str, wanted: &str) -> bool {
    text.split(' ').take(2).eq(wanted.split(' '))
}

#[test]
fn traffic_passes_envoy_in_and_out_but_for_what_is_excluded() {
    let world = World::make();
    for way in [0, 1].into_iter().flat_map(|family| ways(&world, family)) {
        let Way { what, to, path, answered, counts } = way;
        let before = world.counted();
        let wanted = answered.clone();
        let good = within(place(&world.client), move || {
            let ask = |_| Caller::new(PATIENCE).get(to, &to.to_string(), &path);
            let answers: Vec<_> = (0..CALLS).map(ask).collect();
            let bad = answers.iter().find(|answer| !answer.is_ok() || !begins(&answer.text, &wanted));
            assert!(bad.is_none(), "{path} of {to}: wanted {wanted:?}, not {bad:?}");
            answers.len()
        });
        let after = world.counted();
        let counted = [0, 1, 2].map(|at| after[at] - before[at]);
        assert_eq!(counted, counts.map(|each| each * i64::try_from(CALLS).unwrap()), "{what}");
        let [inbound, outbound, of_c] = counted;
        row(&format!("traffic: {what}: {good} calls, A's Envoy {inbound} in, {outbound} out, C's {of_c} in"));
    }
    same_figures_by_prometheus(&world.a);
    speaks_first(&world);
    stays_http2(&world);
    headers_that_envoy_adds(&world);
}

/// An upstream's requests are counted by its name, and whoever scrapes the pod reads the same.
fn same_figures_by_prometheus(a: &Pod) {
    let counted = a.stats().get("cluster.c.upstream_rq_total");
    let of = |name: &str| scraped(a.network().address().into(), name, r#"envoy_cluster_name="c""#);
    assert_eq!(of("envoy_cluster_upstream_rq_total"), Some(counted));
    for (series, wanted) in
        [("upstream_rq_pending_overflow", 0), ("upstream_rq_timeout", 0), ("membership_total", 1)]
    {
        assert_eq!(of(&format!("envoy_cluster_{series}")), Some(wanted), "{series}");
    }
    assert_eq!(usize::try_from(counted).unwrap(), 2 * CALLS, "by its name over both families");
    row(&format!(
        "traffic: port 15090 has the same {counted} requests to the upstream c as the admin interface"
    ));
}

/// Not everything is HTTP: a server that speaks first is reached at once, through Envoy.
fn speaks_first(world: &World) {
    let before = world.a.stats();
    for to in world.a.at(GREETING) {
        let said = within(place(&world.client), move || {
            let mut stream = TcpStream::connect_timeout(&to, PATIENCE).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text
        });
        assert_eq!(said.trim(), "welcome", "{to}");
    }
    let after = world.a.stats();
    let more = |name: &str| after.get(name) - before.get(name);
    assert_eq!(more("tcp.inbound_tcp.downstream_cx_total"), 2);
    assert_eq!(more("http.inbound_http.downstream_rq_total"), 0);
    row("traffic: a server that speaks first: 2 connections, both through Envoy as TCP");
}

/// HTTP/2 without TLS, as gRPC speaks it in clusters: out by A's Envoy and in by C's it stays what it is.
fn stays_http2(world: &World) {
    let to = world.c.at(WEB)[0];
    let told = within(world.a.place(), move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stream = TokioIo::new(tokio::net::TcpStream::connect(to).await.unwrap());
            let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
            tokio::spawn(connection);
            let request = hyper::Request::get("http://c:8080/").body(Empty::<Bytes>::new()).unwrap();
            let body = sender.send_request(request).await.unwrap().into_body();
            String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
        })
    });
    assert!(told.split(' ').nth(2) == Some("HTTP/2.0"), "{told}");
    let [out, into] = [(&world.a, "c"), (&world.c, "inbound_application")]
        .map(|(pod, cluster)| pod.stats().get(&format!("cluster.{cluster}.upstream_cx_http2_total")));
    assert_eq!((out, into), (1, 1));
    row("traffic: HTTP/2 without TLS: one request, HTTP/2 from both Envoys to the application");
}

/// Headers that the application sees only because there is an Envoy: those that every proxy has to add, and no more.
fn headers_that_envoy_adds(world: &World) {
    let (through, direct) = (world.c.at(WEB)[0], at(&world.d, WEB)[0]);
    let [through, direct] = [through, direct].map(|to| {
        let answer = within(place(&world.client), move || Caller::new(PATIENCE).get(to, "c", "/"));
        answer.text.split(' ').skip(3).map(str::to_owned).collect::<BTreeSet<_>>()
    });
    assert!(through.is_superset(&direct), "{direct:?} becomes {through:?}");
    let added: Vec<&str> = through.difference(&direct).map(String::as_str).collect();
    assert_eq!(added, ["x-forwarded-proto", "x-request-id"]);
    row(&format!("traffic: headers that an application sees in addition: {}", added.join(", ")));
}

#[test]
fn without_the_redirect_the_application_names_envoy_as_its_proxy() {
    let (c, d) = (network(), network());
    let names = [("c", c.address().into())];
    let annotations =
        [("pillion.dev/redirect", "none"), ("pillion.dev/upstreams", "[{name: c, hosts: [c], port: 8080}]")];
    let pod = Plain::new("a", &annotations).injected(NativeSidecars::True);
    let first = pod["spec"]["initContainers"].as_array().unwrap();
    assert_eq!(first.iter().map(|it| &it["name"]).collect::<Vec<_>>(), ["envoy"]);
    let _c = Server::start(place(&c), &[WEB], 8, |asked| told("c", asked));
    let a = Pod::run(pod, d, &names, |place| Server::start(place, &[WEB], 8, relay("a", PATIENCE)));

    let known = by_proxy(a.place(), "http://c:8080/");
    assert!(begins(&known, &format!("c {}", a.network().address())), "{known}");
    let stranger = by_proxy(a.place(), "http://elsewhere:8080/");
    assert_eq!(stranger, "404 no upstream of this sidecar has this host");
    let to = a.at(WEB)[0];
    let past = within(place(&c), move || Caller::new(PATIENCE).get(to, "a", "/"));
    assert_eq!(past.text, format!("a {}", c.address()), "nothing is redirected");
    let stats: Stats = a.stats();
    assert_eq!(stats.get("cluster.c.upstream_rq_200"), 1);
    assert_eq!(stats.get("http.outbound_http.downstream_rq_4xx"), 1);
    row(
        "traffic: without the redirect, by HTTP_PROXY: the upstream answers through Envoy, a stranger is 404",
    );
}

/// What a program says that knows no more than the usual variable.
fn by_proxy(namespace: &str, url: &str) -> String {
    const PROGRAM: &str = "
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
";
    let mut command = Command::new("nsenter");
    command.args([&format!("--net=/run/netns/{namespace}"), python(), "-c", PROGRAM, url]);
    let output = command.env("HTTP_PROXY", "http://127.0.0.1:15001").env_remove("NO_PROXY").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
