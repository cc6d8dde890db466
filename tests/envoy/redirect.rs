//! `pillion redirect` in a real kernel: where connections of a pod go, and with which original destination; what is left
//! alone; that it is one transaction, can be repeated, verified and taken away. Servers of the test stand for Envoy.

use std::net::SocketAddr;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::network::{Addresses, Pair, V4, V6, datagram_returns, echo_datagrams, serve};
use crate::nft;

/// A user of the app, and Envoy's.
const APP: (u32, u32) = (1000, 1000);
const ENVOY: (u32, u32) = (1337, 1337);

fn inside(namespace: &str, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command.args([&format!("--net=/run/netns/{namespace}"), program]).env("PILLION_NFT", nft());
    command
}

fn redirect(pair: &Pair, flags: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_pillion");
    inside(&pair.app, program).arg("redirect").args(flags).output().unwrap()
}

fn succeed(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn set(pair: &Pair, flags: &[&str]) -> String {
    succeed(redirect(pair, flags))
}

/// Gives the kernel a statement of somebody else's.
fn tamper(pair: &Pair, statement: &str) {
    let output = inside(&pair.app, &nft()).arg(statement).output().unwrap();
    succeed(output);
}

/// All rules of the pod, without the numbers that the kernel gives out.
fn rules(pair: &Pair) -> String {
    succeed(inside(&pair.app, &nft()).args(["--numeric", "list", "ruleset"]).output().unwrap())
}

/// Envoy's stand-ins, the app, and the peer's servers.
fn populate(pair: &Pair) {
    serve(&pair.app, 15001, "outbound", true);
    serve(&pair.app, 15006, "inbound", true);
    for port in [8080, 9090, 15000, 15021, 15090] {
        serve(&pair.app, port, "app", false);
    }
    for port in [80, 443, 3306, 15001] {
        serve(&pair.peer, port, "peer", false);
    }
}

/// Who asks, as whom, whom, at which port, from which address, and what is answered: `KIND` alone, or with the original
/// destination behind it.
type Connection<'a> = (&'a str, (u32, u32), &'a str, u16, &'a str, &'a str);

fn connect(pair: &Pair, connections: &[Connection<'_>]) -> usize {
    for &(from, ids, to, port, source, wanted) in connections {
        let from_name = if from == "app" { &pair.app } else { &pair.peer };
        let host = if to.contains(':') { format!("[{to}]") } else { to.to_owned() };
        let wanted = match wanted {
            "outbound" | "inbound" => format!("{wanted} {host}:{port}"),
            plain => plain.to_owned(),
        };
        // Where nobody will answer there is nothing to be patient for.
        let seconds = if wanted == "nothing" { 1 } else { 10 };
        let told = pair.ask(from_name, ids, (to, port), source, seconds);
        assert_eq!(told, wanted, "from {from} as {ids:?} (source {source:?}) to {host}:{port}");
    }
    connections.len()
}

/// What every redirect does, whatever is excluded.
fn always(at: &Addresses) -> Vec<Connection<'static>> {
    let &Addresses { app, peer, loopback, envoy, .. } = at;
    vec![
        ("app", APP, peer, 80, "", "outbound"),
        ("app", (0, 0), peer, 443, "", "outbound"),
        // A port of the peer's that is called like one of ours.
        ("app", APP, peer, 15001, "", "outbound"),
        ("app", ENVOY, peer, 80, "", "peer"),
        ("app", (1337, 1000), peer, 80, "", "peer"),
        ("app", (1000, 1337), peer, 80, "", "peer"),
        ("peer", APP, app, 8080, "", "inbound"),
        // A user of the peer's with Envoy's number is nobody here.
        ("peer", ENVOY, app, 8080, "", "inbound"),
        // Nobody listens, and still it is Envoy that answers.
        ("peer", APP, app, 7777, "", "inbound"),
        ("peer", APP, app, 15021, "", "app"),
        ("peer", APP, app, 15090, "", "app"),
        ("peer", APP, app, 15000, "", "app"),
        ("app", APP, loopback, 8080, "", "app"),
        ("app", ENVOY, loopback, 8080, "", "app"),
        ("app", APP, app, 8080, "", "app"),
        // Envoy calls the pod that it is in, by an address of a service's; and hands on what came in.
        ("app", ENVOY, app, 8080, "", "inbound"),
        ("app", ENVOY, app, 8080, envoy, "app"),
        // Envoy would call itself without end.
        ("peer", APP, app, 15006, "", "nothing"),
        ("peer", APP, app, 15001, "", "nothing"),
        ("app", APP, loopback, 15001, "", "nothing"),
        ("app", ENVOY, app, 15006, "", "nothing"),
    ]
}

#[test]
fn traffic_out_and_in_goes_through_envoy_and_keeps_its_destination() {
    let pair = Pair::make();
    populate(&pair);
    print!("{}", set(&pair, &[]));
    for (family, at) in [("IPv4", &V4), ("IPv6", &V6)] {
        let count = connect(&pair, &always(at));
        let datagrams = SocketAddr::new(at.peer.parse().unwrap(), 5353);
        echo_datagrams(&pair.peer, datagrams);
        assert!(datagram_returns(&pair.app, datagrams), "a datagram to {datagrams} is not left alone");
        println!("redirect, {family}: {count} kinds of connections go where they should, datagrams stay");
    }
}

#[test]
fn what_is_excluded_passes_envoy_by() {
    let pair = Pair::make();
    populate(&pair);
    let flags = [
        "--exclude-inbound-ports=9090-9099,22",
        "--exclude-outbound-ports=3306",
        "--exclude-outbound-ranges=10.98.9.0/24,fd98:9::/64",
    ];
    set(&pair, &flags);
    let mut count = 0;
    for at in [&V4, &V6] {
        let answered = always(at).into_iter().filter(|connection| connection.5 != "nothing");
        count += connect(&pair, &answered.collect::<Vec<_>>());
        count += connect(
            &pair,
            &[
                ("app", APP, at.peer, 3306, "", "peer"),
                ("app", APP, at.other_peer, 80, "", "peer"),
                ("peer", APP, at.app, 9090, "", "app"),
                ("app", ENVOY, at.app, 9090, "", "app"),
            ],
        );
    }
    println!("redirect, ports and ranges excluded: {count} connections go where they should");
}

#[test]
fn only_what_is_included_goes_through_envoy() {
    let pair = Pair::make();
    populate(&pair);
    let flags = [
        "--include-inbound-ports=8080",
        "--include-outbound-ranges=10.98.9.0/24,fd98:9::/64",
        "--include-outbound-ports=443",
        "--self-calls=direct",
    ];
    set(&pair, &flags);
    let mut count = 0;
    for at in [&V4, &V6] {
        count += connect(
            &pair,
            &[
                ("app", APP, at.peer, 80, "", "peer"),
                ("app", APP, at.peer, 443, "", "outbound"),
                ("app", APP, at.other_peer, 80, "", "outbound"),
                ("app", ENVOY, at.other_peer, 80, "", "peer"),
                ("peer", APP, at.app, 8080, "", "inbound"),
                ("peer", APP, at.app, 9090, "", "app"),
                ("app", ENVOY, at.app, 8080, "", "app"),
            ],
        );
    }
    println!("redirect, ports and ranges included: {count} connections go where they should");
}

/// The flags of every file of rules that there is.
fn combinations() -> Vec<Vec<String>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/redirect");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = files.filter(|path| path.extension().is_some_and(|it| it == "nft"));
    let first = |text: String| text.lines().next().unwrap().replace("# pillion redirect --dry-run ", "");
    texts
        .map(|path| first(std::fs::read_to_string(path).unwrap()).split(' ').map(str::to_owned).collect())
        .collect()
}

#[test]
fn each_combination_can_be_set_again_verified_and_taken_away() {
    let pair = Pair::make();
    let combinations = combinations();
    for flags in &combinations {
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        set(&pair, &flags);
        let once = rules(&pair);
        set(&pair, &flags);
        assert_eq!(rules(&pair), once, "{flags:?}");
        let told = redirect(&pair, &[&flags, ["--check"].as_slice()].concat());
        assert!(told.status.success(), "{flags:?}: {}", String::from_utf8_lossy(&told.stdout));
        set(&pair, &[&flags, ["--remove"].as_slice()].concat());
        assert_eq!(rules(&pair), "", "{flags:?}");
    }
    assert!(combinations.len() >= 12);
    println!("redirect: {} combinations of flags set twice, verified and taken away", combinations.len());
}

#[test]
fn a_check_finds_what_was_changed_and_setting_again_mends_it() {
    let pair = Pair::make();
    let absent = redirect(&pair, &["--check"]);
    assert_eq!(absent.status.code(), Some(1), "no table is a difference");
    set(&pair, &[]);
    let changes = [
        ("flush chain inet pillion output", "rules gone"),
        ("add rule inet pillion output tcp dport 81 accept", "a rule more"),
        ("insert rule inet pillion prerouting counter return", "a rule that switches the others off"),
        ("add chain inet pillion mine", "a chain more"),
        ("add chain inet pillion output { policy drop; }", "another policy"),
        ("add table inet pillion { flags dormant; }", "all rules off"),
        ("add set inet pillion s { type inet_service; }", "a set"),
    ];
    for (statement, what) in changes {
        tamper(&pair, statement);
        let told = redirect(&pair, &["--check", "-o", "json"]);
        let text = String::from_utf8(told.stdout).unwrap();
        assert_eq!(told.status.code(), Some(1), "{what}: {text}");
        assert!(text.contains(r#""same": false"#), "{text}");
        set(&pair, &[]);
        assert!(redirect(&pair, &["--check"]).status.success(), "{what}: not mended");
    }
    let told = redirect(&pair, &["--check", "--exclude-outbound-ports=3306"]);
    assert_eq!(told.status.code(), Some(1));
    let diff = String::from_utf8(told.stdout).unwrap();
    let changed: Vec<&str> = diff.lines().filter(|line| !line.starts_with(' ')).collect();
    let wanted = "+add rule inet pillion output tcp dport 3306 return comment \"excluded outbound ports\"";
    assert_eq!(changed, [wanted]);
    println!("redirect --check: {} kinds of changes found and mended", changes.len() + 1);
}

#[test]
fn it_is_taken_away_whole_and_touches_nothing_of_others() {
    let pair = Pair::make();
    populate(&pair);
    tamper(&pair, "add table inet others");
    tamper(&pair, "add chain inet others input { type filter hook input priority 0; }");
    let before = rules(&pair);
    set(&pair, &[]);
    assert_ne!(rules(&pair), before);
    connect(&pair, &[("peer", APP, V4.app, 8080, "", "inbound")]);
    assert!(set(&pair, &["--remove"]).contains("is removed"));
    assert_eq!(rules(&pair), before);
    assert!(set(&pair, &["--remove"]).contains("is not there"));
    for at in [&V4, &V6] {
        connect(&pair, &[("peer", APP, at.app, 8080, "", "app"), ("app", APP, at.peer, 80, "", "peer")]);
    }
}

#[test]
fn no_connection_passes_by_while_rules_are_replaced() {
    let pair = Pair::make();
    let envoy = serve(&pair.app, 15006, "inbound", true);
    let app = serve(&pair.app, 8080, "app", false);
    set(&pair, &[]);
    let stop = Arc::new(AtomicBool::new(false));
    let replaced = Arc::new(AtomicUsize::new(0));
    let asked = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                set(&pair, &["--exclude-inbound-ports=22"]);
                set(&pair, &[]);
                replaced.fetch_add(2, Ordering::Relaxed);
            }
        });
        let target = SocketAddr::new(V4.app.parse().unwrap(), 8080);
        let asked = crate::network::within(&pair.peer, move || {
            let connect =
                |_| std::net::TcpStream::connect_timeout(&target, std::time::Duration::from_secs(5));
            (0..2000).map(connect).filter(Result::is_ok).count()
        });
        stop.store(true, Ordering::Relaxed);
        asked
    });
    let (through, by) = (envoy.load(Ordering::Relaxed), app.load(Ordering::Relaxed));
    let replaced = replaced.load(Ordering::Relaxed);
    println!(
        "redirect: {asked} connections while rules were replaced {replaced} times, {by} passed Envoy by"
    );
    assert!(replaced > 0);
    assert_eq!((asked, by), (2000, 0), "{through} came to Envoy");
}

/// With these capabilities and no other.
fn limited(pair: &Pair, capabilities: &str) -> Output {
    inside(&pair.app, "setpriv")
        .args([&format!("--bounding-set=-all{capabilities}"), "--no-new-privs"])
        .args([env!("CARGO_BIN_EXE_pillion"), "redirect"])
        .output()
        .unwrap()
}

#[test]
fn it_needs_net_admin_and_says_so() {
    let pair = Pair::make();
    for enough in [",+net_admin,+net_raw", ",+net_admin"] {
        succeed(limited(&pair, enough));
    }
    let refused = limited(&pair, ",+net_raw");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.contains("capability NET_ADMIN") && said.contains("Operation not permitted"), "{said}");
    println!("redirect without the right says: {said}");
}
