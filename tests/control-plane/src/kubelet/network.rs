//! Network namespaces of pods: each has an address of its own that the test's namespace and all other pods reach.
//! Never touches the machine's own network: the test itself runs in a namespace, where [`HOST`] is an address.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result, ensure};

/// The address of the test's namespace: the API server and pods on the host's network.
pub const HOST: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);

/// Where pods send what is for others, over IPv6: the other end of each pod's link has this address.
const GATEWAY: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);

/// Gives out addresses; none twice.
#[derive(Debug, Default)]
pub struct Addresses(AtomicU16);

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

/// Where a pod's processes live.
#[derive(Debug)]
pub enum Network {
    /// In the test's own namespace.
    Host,
    /// In a namespace of its own, which goes when this is dropped.
    Own(Ipv4Addr, String),
}

impl Network {
    /// Makes a namespace that is connected by a pair of interfaces.
    ///
    /// # Errors
    /// `ip` is missing, or may not do it.
    pub fn make(addresses: &Addresses) -> Result<Self> {
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

    /// As [`Self::make`], and the namespace has IPv6 too. Pods reach each other by it, and nothing else.
    ///
    /// # Errors
    /// As [`Self::make`]; or there is no IPv6.
    pub fn make_dual(addresses: &Addresses) -> Result<Self> {
        let made = Self::make(addresses)?;
        let Self::Own(_, name) = &made else { return Ok(made) };
        let link = name.replace('-', "");
        let (gateway, to) = (GATEWAY.to_string(), format!("{}/128", made.address_v6()));
        // Addresses are there at once: nobody looks for a second owner.
        ip(&["address", "add", &format!("{gateway}/64"), "dev", &link, "nodad"])?;
        ip(&["-6", "route", "add", &to, "dev", &link])?;
        ip(&["-n", name, "address", "add", &to, "dev", "eth0", "nodad"])?;
        ip(&["-n", name, "-6", "route", "add", "default", "via", &gateway, "dev", "eth0"])?;
        Ok(made)
    }

    /// Its IPv4 address.
    #[must_use]
    pub const fn address(&self) -> Ipv4Addr {
        match self {
            Self::Host => HOST,
            Self::Own(address, _) => *address,
        }
    }

    /// Its IPv6 address, where it has one.
    #[must_use]
    pub fn address_v6(&self) -> Ipv6Addr {
        let [_, _, high, low] = self.address().octets();
        Ipv6Addr::new(0xfd99, 0, 0, 0, 0, 0, high.into(), low.into())
    }

    /// The name of the namespace, for `ip netns`; none where it is the test's own.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Host => None,
            Self::Own(_, name) => Some(name),
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
