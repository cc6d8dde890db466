//! Sockets: binding (IPv6 and IPv4 on one), accepting, the connection cap, draining.
//! Never: what is said on a connection.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::connection::{self, Limits, Tls};
use super::crowd::Crowd;
use crate::lifecycle::Shutdown;
use crate::telemetry::Metrics;

/// Connections the kernel may hold before they are accepted.
const BACKLOG: i32 = 1024;
/// Pause after an accept that failed for want of descriptors or memory; without it the loop would spin.
const BACKOFF: Duration = Duration::from_millis(100);

/// Reads an address as Go's listeners do: a missing host, `:15017`, means every address.
///
/// # Errors
/// Text that names no address.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let full = if text.starts_with(':') { format!("[::]{text}") } else { text.to_owned() };
    if let Ok(address) = full.parse() {
        return Ok(address);
    }
    full.to_socket_addrs()
        .map_err(|error| format!("{text:?} is no address (HOST:PORT): {error}"))?
        .next()
        .ok_or_else(|| format!("{text:?} has no address"))
}

/// Binds. `[::]` serves IPv4 too; on a host without IPv6 it becomes `0.0.0.0`. Port 0 takes a free one.
///
/// # Errors
/// The address is taken, not ours, or the port is not allowed.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    match socket(address) {
        Err(error) if address.ip().is_unspecified() && address.is_ipv6() && no_ipv6(&error) => {
            socket((Ipv4Addr::UNSPECIFIED, address.port()).into())
        }
        bound => bound,
    }
}

fn socket(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A restart must not wait for the old connections' TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn no_ipv6(error: &io::Error) -> bool {
    // EAFNOSUPPORT has no kind of its own in std; it is 97 on Linux and 47 on macOS and the BSDs.
    error.kind() == io::ErrorKind::AddrNotAvailable || matches!(error.raw_os_error(), Some(97 | 47))
}

/// Serves until asked to stop, then lets open connections finish. Dropping the future ends them at once.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    limits: Limits,
    metrics: Arc<Metrics>,
    mut shutdown: Shutdown,
) {
    let room = Arc::new(Semaphore::new(limits.connections));
    let crowd = Arc::new(Crowd::default());
    let mut open = JoinSet::new();
    let server = Arc::new(connection::Server { tls, router, limits, metrics, shutdown: shutdown.clone() });
    // Beyond the cap one connection waits here, and the others in the kernel's queue.
    let mut at_door = None;
    loop {
        tokio::select! {
            () = shutdown.requested() => break,
            Some(_) = open.join_next() => {}
            accepted = listener.accept(), if at_door.is_none() => match accepted {
                Ok(accepted) => at_door = Some(accepted),
                Err(error) => refused(&server.metrics, &crowd, &error).await,
            },
            permit = crowd.room(&room), if at_door.is_some() => {
                let Some((stream, peer)) = at_door.take() else { continue };
                let (server, place) = (Arc::clone(&server), crowd.enter());
                open.spawn(async move {
                    connection::run(&server, stream, peer, place).await;
                    drop(permit);
                });
            }
        }
    }
    drop(listener);
    while open.join_next().await.is_some() {}
}

/// An accept that failed: a client that went away is nothing, a process out of descriptors must wait until it has some:
/// those that ask nothing give theirs.
async fn refused(metrics: &Metrics, crowd: &Crowd, error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
        return;
    }
    metrics.connection_failed("accept_error");
    tracing::warn!(%error, "cannot accept connections");
    crowd.thin_out();
    tokio::time::sleep(BACKOFF).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_gos_listeners_read_them() {
        assert_eq!(address(":15017").unwrap(), "[::]:15017".parse().unwrap());
        assert_eq!(address("127.0.0.1:0").unwrap(), "127.0.0.1:0".parse().unwrap());
        assert_eq!(address("[::1]:1").unwrap(), "[::1]:1".parse().unwrap());
        assert!(address("15017").unwrap_err().contains("HOST:PORT"));
    }

    #[tokio::test]
    async fn the_unspecified_address_serves_ipv4_too() {
        let listener = bind("[::]:0".parse().unwrap()).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (client, _) =
            tokio::join!(tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)), listener.accept());
        assert!(client.is_ok());
    }

    #[tokio::test]
    async fn a_taken_port_is_an_error_and_not_another_address() {
        let taken = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let error = bind(taken.local_addr().unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
