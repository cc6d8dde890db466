//! Which rules there are, and in which order: options in, statements out. Never: running anything.
//!
//! NAT decides once a connection, at its first packet: `prerouting` sees what comes from outside of the pod, `output`
//! what the pod itself begins, to itself too. The kernel keeps the original destination, and Envoy asks for it.

use std::fmt;

use super::Families;
use super::spans::{Ports, Ranges, Spans};

/// The name of our table.
const NAME: &str = "pillion";
/// Both chains decide where others decide on destinations.
const PRIORITY: i64 = -100;

/// All, or what is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Included<T> {
    /// All.
    All,
    /// These only.
    Only(T),
}

/// What becomes of a connection that Envoy opens to the pod's own address, on behalf of the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfCalls {
    /// It comes in by Envoy's inbound port, as it would from another pod.
    Inbound,
    /// It goes to the app at once.
    Direct,
}

/// What is to be redirected, and what is not.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which protocols there are.
    pub families: Families,
    /// Where Envoy takes what the pod sends.
    pub outbound_port: u16,
    /// Where Envoy takes what the pod receives.
    pub inbound_port: u16,
    /// Further ports of Envoy, which are reached without it: readiness, statistics, administration.
    pub own_ports: Ports,
    /// The user that Envoy runs as.
    pub proxy_uid: u32,
    /// The group that Envoy runs as.
    pub proxy_gid: u32,
    /// Ports of the app that are redirected.
    pub include_inbound_ports: Included<Ports>,
    /// Ports of the app that are not, whatever else is said.
    pub exclude_inbound_ports: Ports,
    /// Ports of others that are redirected, whatever the range.
    pub include_outbound_ports: Ports,
    /// Ports of others that are not, whatever else is said.
    pub exclude_outbound_ports: Ports,
    /// Addresses that are redirected.
    pub include_outbound_ranges: Included<Ranges>,
    /// Addresses that are not, whatever else is said.
    pub exclude_outbound_ranges: Ranges,
    /// Envoy's connections to the pod itself.
    pub self_calls: SelfCalls,
}

/// Where a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chain {
    Prerouting,
    Output,
}

impl Chain {
    const ALL: [Self; 2] = [Self::Prerouting, Self::Output];

    const fn name(self) -> &'static str {
        match self {
            Self::Prerouting => "prerouting",
            Self::Output => "output",
        }
    }
}

/// What a packet must be like.
#[derive(Clone, Debug)]
enum Match {
    Tcp,
    NotTcp,
    Port(Spans),
    From4(&'static str),
    From6(&'static str),
    To4(Spans),
    To6(Spans),
    Loopback,
    User(u32),
    Group(u32),
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp => f.write_str("meta l4proto tcp"),
            Self::NotTcp => f.write_str("meta l4proto != tcp"),
            Self::Port(ports) => write!(f, "tcp dport {ports}"),
            Self::From4(range) => write!(f, "ip saddr {range}"),
            Self::From6(range) => write!(f, "ip6 saddr {range}"),
            Self::To4(ranges) => write!(f, "ip daddr {ranges}"),
            Self::To6(ranges) => write!(f, "ip6 daddr {ranges}"),
            Self::Loopback => f.write_str("oifname \"lo\""),
            Self::User(id) => write!(f, "meta skuid {id}"),
            Self::Group(id) => write!(f, "meta skgid {id}"),
        }
    }
}

/// What becomes of it.
#[derive(Clone, Copy, Debug)]
enum Verdict {
    /// It stays as it is.
    Return,
    Drop,
    /// It goes to this port of the pod itself.
    Redirect(u16),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Return => f.write_str("return"),
            Self::Drop => f.write_str("drop"),
            Self::Redirect(port) => write!(f, "redirect to :{port}"),
        }
    }
}

#[derive(Debug)]
struct Rule {
    chain: Chain,
    matches: Vec<Match>,
    verdict: Verdict,
    /// Shown to whoever lists the rules.
    comment: &'static str,
}

/// Our table, with all that is in it.
#[derive(Debug)]
pub struct Table {
    families: Families,
    rules: Vec<Rule>,
}

impl Table {
    /// The rules for these options.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        let mut table = Self { families: options.families, rules: vec![] };
        table.inbound(options);
        table.outbound(options);
        table
    }

    /// Which protocols it is for.
    #[must_use]
    pub const fn families(&self) -> Families {
        self.families
    }

    /// Its family and its name.
    #[must_use]
    pub fn name(&self) -> String {
        named(self.families)
    }

    /// How many rules there are.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.rules.len()
    }

    /// The statements that make it, one a line.
    #[must_use]
    pub fn statements(&self) -> Vec<String> {
        let table = self.name();
        let chains =
            Chain::ALL.map(Chain::name).map(|chain| base_chain(&table, chain, chain, PRIORITY, "accept"));
        let rules = self.rules.iter().map(|rule| {
            let parts: Vec<String> = rule.matches.iter().map(ToString::to_string).collect();
            let Rule { chain, verdict, comment, .. } = rule;
            let expression = format!("{} {verdict}", parts.join(" "));
            rule_statement(&table, chain.name(), &expression, Some(comment))
        });
        [format!("add table {table}")].into_iter().chain(chains).chain(rules).collect()
    }

    /// One transaction that leaves this table and nothing of an older one.
    #[must_use]
    pub fn script(&self) -> String {
        removal(self.families) + &self.statements().join("\n") + "\n"
    }

    fn add(&mut self, chain: Chain, matches: Vec<Match>, verdict: Verdict, comment: &'static str) {
        self.rules.push(Rule { chain, matches, verdict, comment });
    }

    /// A rule about ports, if there are any.
    fn add_ports(&mut self, chain: Chain, ports: &Ports, verdict: Verdict, comment: &'static str) {
        if !ports.0.is_empty() {
            self.add(chain, vec![Match::Port(ports.0.clone())], verdict, comment);
        }
    }

    /// Rules about destinations, one for each family that has any.
    fn add_ranges(&mut self, ranges: &Ranges, verdict: Verdict, comment: &'static str) {
        // A rule that redirects must say that it is about TCP.
        let tcp = matches!(verdict, Verdict::Redirect(_)).then_some(Match::Tcp);
        let has_v6 = !ranges.v6.is_empty() && self.families == Families::Dual;
        let v4 = (!ranges.v4.is_empty()).then(|| Match::To4(ranges.v4.clone()));
        let v6 = has_v6.then(|| Match::To6(ranges.v6.clone()));
        for to in [v4, v6].into_iter().flatten() {
            let matches = [to].into_iter().chain(tcp.clone()).collect();
            self.add(Chain::Output, matches, verdict, comment);
        }
    }

    fn inbound(&mut self, options: &Options) {
        use Chain::Prerouting as Here;
        let redirect = Verdict::Redirect(options.inbound_port);
        self.add(Here, vec![Match::NotTcp], Verdict::Return, "only TCP is redirected");
        self.add_ports(Here, &listeners(options), Verdict::Drop, "Envoy would call itself without end");
        self.add_ports(Here, &options.own_ports, Verdict::Return, "Envoy's own ports");
        self.add_ports(Here, &options.exclude_inbound_ports, Verdict::Return, "excluded inbound ports");
        match &options.include_inbound_ports {
            Included::All => self.add(Here, vec![Match::Tcp], redirect, "all else comes in by Envoy"),
            Included::Only(ports) => self.add_ports(Here, ports, redirect, "included inbound ports"),
        }
    }

    fn outbound(&mut self, options: &Options) {
        use Chain::Output as Here;
        use Verdict::Return;
        self.add(Here, vec![Match::NotTcp], Return, "only TCP is redirected");
        let listeners = vec![Match::Loopback, Match::Port(listeners(options).0)];
        self.add(Here, listeners, Verdict::Drop, "Envoy would call itself without end");
        self.add_ports(Here, &options.exclude_outbound_ports, Return, "excluded outbound ports");
        self.loopback(options);
        for (who, comment) in proxy(options) {
            self.add(Here, vec![who], Return, comment);
        }
        self.add_ranges(&options.exclude_outbound_ranges, Return, "excluded outbound ranges");
        let redirect = Verdict::Redirect(options.outbound_port);
        match &options.include_outbound_ranges {
            Included::All => self.add(Here, vec![Match::Tcp], redirect, "all else goes out by Envoy"),
            Included::Only(ranges) => {
                let ports = &options.include_outbound_ports;
                self.add_ports(Here, ports, redirect, "included outbound ports");
                self.add_ranges(ranges, redirect, "included outbound ranges");
            }
        }
    }

    /// What the pod sends to itself. Envoy hands the app what came in from a loopback address that it binds, so that its
    /// own calls of the pod's address can be told apart from those.
    fn loopback(&mut self, options: &Options) {
        use Chain::Output as Here;
        if options.self_calls == SelfCalls::Inbound {
            self.self_calls(options);
        }
        self.add(Here, vec![Match::Loopback], Verdict::Return, "what the pod sends to itself");
    }

    /// They come in as the same call of another pod would: by Envoy, where the port is not excluded.
    fn self_calls(&mut self, options: &Options) {
        use Chain::Output as Here;
        let redirected = match &options.include_inbound_ports {
            Included::All => Match::Tcp,
            Included::Only(ports) if ports.0.is_empty() => return,
            Included::Only(ports) => Match::Port(ports.0.clone()),
        };
        self.add(Here, vec![Match::From4("127.0.0.0/8")], Verdict::Return, "loopback, and Envoy to the app");
        if self.families == Families::Dual {
            self.add(Here, vec![Match::From6("::1")], Verdict::Return, "loopback, and Envoy to the app");
        }
        let stay = options.own_ports.with(&options.exclude_inbound_ports);
        self.add(Here, vec![Match::Loopback, Match::Port(stay.0)], Verdict::Return, "excluded inbound ports");
        for (who, _) in proxy(options) {
            let matches = vec![Match::Loopback, who, redirected.clone()];
            let redirect = Verdict::Redirect(options.inbound_port);
            self.add(Here, matches, redirect, "the app calls itself through its service");
        }
    }
}

/// Ports where Envoy expects redirected connections only: one that came there by itself would have that very port for its
/// destination.
fn listeners(options: &Options) -> Ports {
    Ports::of(&[options.outbound_port, options.inbound_port])
}

fn proxy(options: &Options) -> [(Match, &'static str); 2] {
    [
        (Match::User(options.proxy_uid), "what Envoy's user opens"),
        (Match::Group(options.proxy_gid), "what Envoy's group opens"),
    ]
}

pub(super) fn named(families: Families) -> String {
    format!("{} {NAME}", families.of_table())
}

/// Statements that leave no table of ours, whether or not there was one.
pub(super) fn removal(families: Families) -> String {
    let table = named(families);
    format!("add table {table}\ndelete table {table}\n")
}

/// The statement of a chain that the kernel calls at a hook.
pub(super) fn base_chain(table: &str, name: &str, hook: &str, priority: i64, policy: &str) -> String {
    format!("add chain {table} {name} {{ type nat hook {hook} priority {priority}; policy {policy}; }}")
}

/// The statement of a rule.
pub(super) fn rule_statement(table: &str, chain: &str, expression: &str, comment: Option<&str>) -> String {
    let comment = comment.map(|text| format!(" comment \"{text}\"")).unwrap_or_default();
    format!("add rule {table} {chain} {expression}{comment}")
}
