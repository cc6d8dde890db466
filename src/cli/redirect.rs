//! `pillion redirect`: the program of the init container that sends a pod's traffic through Envoy. Never: which rules
//! there are.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;
use serde_json::{Value, json};

use super::{Ended, Usage, complain, print};
use crate::redirect::{
    self, BadItem, Differences, Failed, Families, Included, Nft, Options, Ports, Ranges, SelfCalls, Table,
};

/// What was typed. Lists are text until they are understood, so that an error names the flag and the item.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The port where Envoy takes what the pod sends.
    #[arg(long, default_value = "15001", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    outbound_port: u16,
    /// The port where Envoy takes what the pod receives.
    #[arg(long, default_value = "15006", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    inbound_port: u16,
    /// The port of Envoy's readiness, reached without Envoy's listeners.
    #[arg(long, default_value = "15021", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    ready_port: u16,
    /// The port of Envoy's statistics, reached in the same way.
    #[arg(long, default_value = "15090", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    stats_port: u16,
    /// The port of Envoy's administration, in the same way.
    #[arg(long, default_value = "15000", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    admin_port: u16,
    /// The user that Envoy runs as: what it opens is not redirected.
    #[arg(long, default_value = "1337", value_name = "UID")]
    proxy_uid: u32,
    /// The group that Envoy runs as: what it opens is not redirected.
    #[arg(long, default_value = "1337", value_name = "GID")]
    proxy_gid: u32,
    /// Ports of the app that are redirected: a list such as 80,8000-8010; * for all; empty for none.
    #[arg(long, default_value = "*", value_name = "PORTS")]
    include_inbound_ports: String,
    /// Ports of the app that are not redirected, whatever else is said.
    #[arg(long, default_value = "", value_name = "PORTS")]
    exclude_inbound_ports: String,
    /// Ports of others that are redirected even outside of --include-outbound-ranges.
    #[arg(long, default_value = "", value_name = "PORTS")]
    include_outbound_ports: String,
    /// Ports of others that are not redirected, whatever else is said.
    #[arg(long, default_value = "", value_name = "PORTS")]
    exclude_outbound_ports: String,
    /// Addresses that are redirected: a list such as 10.0.0.0/8,fd00::/8; * for all; empty for none.
    #[arg(long, default_value = "*", value_name = "RANGES")]
    include_outbound_ranges: String,
    /// Addresses that are not redirected, whatever else is said.
    #[arg(long, default_value = "", value_name = "RANGES")]
    exclude_outbound_ranges: String,
    /// What becomes of a connection that Envoy opens to the pod's own address. With `inbound`, Envoy must hand the app
    /// what came in from a loopback address (127.0.0.0/8, ::1), or it would call itself without end.
    #[arg(long, value_enum, default_value = "inbound", value_name = "HOW")]
    self_calls: SelfCallsArg,
    /// For which protocols: `auto` is what the kernel has.
    #[arg(long, value_enum, default_value = "auto", value_name = "WHICH")]
    ip_families: FamiliesArg,
    /// Print the statements that would be run, and run nothing.
    #[arg(long, group = "mode")]
    dry_run: bool,
    /// Tell whether the kernel's rules are those that would be set, and how they differ: 0 the same, 1 not, 2 unknown.
    #[arg(long, group = "mode")]
    check: bool,
    /// Take the rules away.
    #[arg(long, group = "mode")]
    remove: bool,
    /// The program nft.
    #[arg(long, env = "PILLION_NFT", default_value = "nft", value_name = "FILE")]
    nft: PathBuf,
    /// How it is told.
    #[arg(long, short = 'o', value_enum, default_value = "text", value_name = "FORMAT")]
    output: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SelfCallsArg {
    /// It comes in by Envoy's inbound port, as it would from another pod.
    Inbound,
    /// It goes to the app at once.
    Direct,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FamiliesArg {
    Auto,
    /// IPv4 and IPv6.
    Dual,
    Ipv4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Args {
    fn understood(&self) -> Result<Options, Usage> {
        if self.outbound_port == self.inbound_port {
            let message =
                format!("--outbound-port and --inbound-port are both {}: Envoy needs two", self.inbound_port);
            return Err(Usage(message));
        }
        Ok(Options {
            families: match self.ip_families {
                FamiliesArg::Auto => Families::of_kernel(),
                FamiliesArg::Dual => Families::Dual,
                FamiliesArg::Ipv4 => Families::Ipv4,
            },
            outbound_port: self.outbound_port,
            inbound_port: self.inbound_port,
            own_ports: Ports::of(&[self.ready_port, self.stats_port, self.admin_port]),
            proxy_uid: self.proxy_uid,
            proxy_gid: self.proxy_gid,
            include_inbound_ports: included(
                "--include-inbound-ports",
                &self.include_inbound_ports,
                Ports::parse,
            )?,
            exclude_inbound_ports: listed(
                "--exclude-inbound-ports",
                &self.exclude_inbound_ports,
                Ports::parse,
            )?,
            include_outbound_ports: listed(
                "--include-outbound-ports",
                &self.include_outbound_ports,
                Ports::parse,
            )?,
            exclude_outbound_ports: listed(
                "--exclude-outbound-ports",
                &self.exclude_outbound_ports,
                Ports::parse,
            )?,
            include_outbound_ranges: included(
                "--include-outbound-ranges",
                &self.include_outbound_ranges,
                Ranges::parse_included,
            )?,
            exclude_outbound_ranges: listed(
                "--exclude-outbound-ranges",
                &self.exclude_outbound_ranges,
                Ranges::parse,
            )?,
            self_calls: match self.self_calls {
                SelfCallsArg::Inbound => SelfCalls::Inbound,
                SelfCallsArg::Direct => SelfCalls::Direct,
            },
        })
    }
}

type Parse<T> = fn(&str) -> Result<T, BadItem>;

fn listed<T>(flag: &str, list: &str, parse: Parse<T>) -> Result<T, Usage> {
    parse(list).map_err(|error| Usage(format!("{flag}: {error}")))
}

fn included<T>(flag: &str, list: &str, parse: Parse<T>) -> Result<Included<T>, Usage> {
    if list.trim() == "*" {
        return Ok(Included::All);
    }
    listed(flag, list, parse).map(Included::Only)
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<()> {
    let options = args.understood()?;
    let table = Table::new(&options);
    let nft = Nft::new(args.nft.clone());
    if args.ip_families == FamiliesArg::Auto && options.families == Families::Ipv4 && !args.remove {
        complain("this kernel has no IPv6: only IPv4 is redirected");
    }
    let show = |action: &str, text: &str, more: Value| match args.output {
        Format::Text => print(text),
        Format::Json => print(&(as_json(&table, action, more)? + "\n")),
    };
    if args.dry_run {
        return show(
            "dry-run",
            &table.script(),
            json!({ "statements": table.script().lines().collect::<Vec<_>>() }),
        );
    }
    if args.check {
        return checked(redirect::check(&nft, &table), &table, &show);
    }
    if args.remove {
        let removed = redirect::remove(&nft, options.families)?;
        let text = if removed { "is removed" } else { "is not there" };
        return show(
            "remove",
            &format!("The table {} {text}.\n", table.name()),
            json!({ "removed": removed }),
        );
    }
    redirect::set(&nft, &table)?;
    let text = format!(
        "The table {} redirects {}: outbound to port {}, inbound to port {}, by {} rules.\n",
        table.name(),
        options.families.names().join(" and "),
        options.outbound_port,
        options.inbound_port,
        table.size(),
    );
    show("set", &text, json!({ "statements": table.statements() }))
}

type Show<'a> = dyn Fn(&str, &str, Value) -> Result<()> + 'a;

fn checked(found: Result<Option<Differences>, Failed>, table: &Table, show: &Show<'_>) -> Result<()> {
    match found {
        Ok(None) => {
            let text = format!("The table {} is as it should be: {} rules.\n", table.name(), table.size());
            show("check", &text, json!({ "same": true, "missing": [], "unexpected": [] }))
        }
        Ok(Some(Differences { missing, unexpected, diff })) => {
            show("check", &diff, json!({ "same": false, "missing": missing, "unexpected": unexpected }))?;
            complain(&format!(
                "error: the table {} is not as it should be: {} statements are missing or elsewhere, {} are \
                 unexpected; `pillion redirect` with the same flags sets them",
                table.name(),
                missing.len(),
                unexpected.len()
            ));
            Err(Ended(ExitCode::from(1)).into())
        }
        Err(error) => {
            complain(&format!("error: {error}"));
            Err(Ended(ExitCode::from(2)).into())
        }
    }
}

/// What every action tells, and more.
fn as_json(table: &Table, action: &str, more: Value) -> Result<String> {
    let mut told = json!({
        "action": action, "table": table.name(), "families": table.families().names(), "rules": table.size(),
    });
    if let (Some(told), Value::Object(more)) = (told.as_object_mut(), more) {
        told.extend(more);
    }
    Ok(serde_json::to_string_pretty(&told)?)
}
