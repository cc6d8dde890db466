//! Free ports of the loopback interface. Never holds one: between being found and being used another process may take
//! it, so that whoever starts a server tries again.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

/// As many ports as are asked for, all different.
pub(crate) fn free<const COUNT: usize>() -> Result<[u16; COUNT]> {
    // All are held until all are found, or the same one would be found again.
    let mut held = vec![];
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on loopback")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}
