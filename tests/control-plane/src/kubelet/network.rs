//! Network namespaces of pods: each has an address of its own that the test's namespace and all other pods reach.
//! Never touches the machine's own network: the test itself runs in a namespace, where [`HOST`] is an address.

use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result, ensure};

/// The address of the test's namespace: the API server and pods on the host's network.
pub const HOST: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);

/// Gives out addresses; none twice.
#[derive(Debug, Default)]
pub(super) struct Addresses(AtomicU16);

impl Addresses {
    fn next(&self) -> (u16, Ipv4Addr) {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let [high, low] =
            [number / 250 + 1, number % 250 + 1].map(|part| u8::try_from(part).unwrap_or(u8::MAX));
        (number, Ipv4Addr::new(10, 99, high, low))
    }

    /// An address that leads nowhere.
    pub(super) fn next_free(&self) -> Ipv4Addr {
        self.next().1
    }
}

/// Where a pod's process lives.
#[derive(Debug)]
pub(super) enum Network {
    /// In the test's own namespace.
    Host,
    /// In a namespace of its own, which goes when this is dropped.
    Own(Ipv4Addr, String),
}

impl Network {
    /// Makes a namespace that is connected by a pair of interfaces.
    pub(super) fn make(addresses: &Addresses) -> Result<Self> {
        let (number, address) = addresses.next();
        let (name, link, to) = (format!("pod-{number}"), format!("pod{number}"), format!("{address}/32"));
        ip(&["netns", "add", &name])?;
        let made = Self::Own(address, name.clone());
        ip(&["link", "add", &link, "type", "veth", "peer", "name", "eth0", "netns", &name])?;
        ip(&["link", "set", &link, "up"])?;
        ip(&["route", "add", &to, "dev", &link])?;
        ip(&["-n", &name, "link", "set", "lo", "up"])?;
        ip(&["-n", &name, "link", "set", "eth0", "up"])?;
        ip(&["-n", &name, "address", "add", &to, "dev", "eth0"])?;
        // The test's namespace answers for its own address on every interface, and forwards.
        ip(&["-n", &name, "route", "add", "default", "via", &HOST.to_string(), "dev", "eth0", "onlink"])?;
        Ok(made)
    }

    pub(super) const fn address(&self) -> Ipv4Addr {
        match self {
            Self::Host => HOST,
            Self::Own(address, _) => *address,
        }
    }

    /// What a command line begins with to run there.
    pub(super) fn enter(&self) -> Vec<String> {
        match self {
            Self::Host => vec![],
            Self::Own(_, name) => vec!["nsenter".to_owned(), format!("--net=/run/netns/{name}")],
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Self::Own(_, name) = self {
            // What is left goes with the test's namespace.
            let _ = ip(&["netns", "delete", name]);
        }
    }
}

fn ip(arguments: &[&str]) -> Result<()> {
    let output = Command::new("ip").args(arguments).output().context("cannot run ip: install iproute2")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "ip {}: {} (a test with pods runs as `make e2e` does, in `scripts/netns`)",
        arguments.join(" "),
        said.trim()
    );
    Ok(())
}
