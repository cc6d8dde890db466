//! Two network namespaces joined by a pair of interfaces, IPv4 and IPv6: `app` stands for a pod, `peer` for all others.
//! Servers are threads of the test in one of them; clients are processes, for the kernel asks a connection's user.
//! Never: rules of the redirect.

use std::io::Write;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::process::Command;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use nix::sched::{CloneFlags, setns};
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::{Ip6tOriginalDst, OriginalDst};
use socket2::{Domain, Socket, Type};

/// Who is who: the app's address, the peer's, and a second one of the peer's, in one family.
#[derive(Clone, Copy)]
pub struct Addresses {
    pub app: &'static str,
    pub peer: &'static str,
    pub other_peer: &'static str,
    pub loopback: &'static str,
    /// Where Envoy's connections to the app come from.
    pub envoy: &'static str,
}

pub const V4: Addresses = Addresses {
    app: "10.98.0.2",
    peer: "10.98.0.3",
    other_peer: "10.98.9.3",
    loopback: "127.0.0.1",
    envoy: "127.0.0.6",
};
pub const V6: Addresses =
    Addresses { app: "fd98::2", peer: "fd98::3", other_peer: "fd98:9::3", loopback: "::1", envoy: "::1" };

/// Asks one line of a server, as a user and a group, from an address if there is one. It becomes that user when it is
/// loaded, for the interpreter may lie where only root may read.
const CLIENT: &str = "
import os, socket, sys
user, group, to, port, source, patience = sys.argv[1:]
os.setgroups([])
os.setgid(int(group))
os.setuid(int(user))
client = socket.socket(socket.AF_INET6 if ':' in to else socket.AF_INET, socket.SOCK_STREAM)
client.settimeout(int(patience))
try:
    if source:
        client.bind((source, 0))
    client.connect((to, int(port)))
    print(client.makefile().readline().strip())
except OSError as error:
    print('nothing')
";

/// The namespaces. They go when this is dropped.
pub struct Pair {
    pub app: String,
    pub peer: String,
}

impl Pair {
    pub fn make() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let pair = Self { app: format!("app-{number}"), peer: format!("peer-{number}") };
        for name in [&pair.app, &pair.peer] {
            ip(&format!("netns add {name}"));
            ip(&format!("-n {name} link set lo up"));
        }
        ip(&format!("-n {} link add eth0 type veth peer name eth0 netns {}", pair.app, pair.peer));
        for (name, addresses) in [
            (&pair.app, [V4.app, V6.app].as_slice()),
            (&pair.peer, &[V4.peer, V4.other_peer, V6.peer, V6.other_peer]),
        ] {
            ip(&format!("-n {name} link set eth0 up"));
            for address in addresses {
                // Addresses of IPv6 are there at once, and nobody looks for a second owner.
                let more = if address.contains(':') { "/64 nodad" } else { "/24" };
                ip(&format!("-n {name} address add {address}{more} dev eth0"));
            }
        }
        ip(&format!("-n {} route add default via {}", pair.app, V4.peer));
        ip(&format!("-n {} -6 route add default via {}", pair.app, V6.peer));
        pair
    }

    /// What a client in this namespace is told; `nothing` where nobody answers.
    pub fn ask(&self, from: &str, ids: (u32, u32), to: (&str, u16), source: &str, patience: u8) -> String {
        let output = Command::new("nsenter")
            .args([&*format!("--net=/run/netns/{from}"), python(), "-IS", "-c", CLIENT])
            .args([
                &ids.0.to_string(),
                &ids.1.to_string(),
                to.0,
                &to.1.to_string(),
                source,
                &patience.to_string(),
            ])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said} (only root can run clients as other users)");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for name in [&self.app, &self.peer] {
            // What is left goes with the test's namespace.
            let _ = Command::new("ip").args(["netns", "delete", name]).output();
        }
    }
}

/// The interpreter itself: what is called `python3` may be a script that looks for it anew each time.
pub fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
        let output = asked.expect("the clients of these tests are written in Python: install python3");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    })
}

fn ip(arguments: &str) {
    let output = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {arguments}: {said} (the test runs in scripts/netns)");
}

/// Begins something in a namespace, on a thread of its own: what it opens is there, and what threads of it open.
pub fn begin_within<T: Send + 'static>(
    namespace: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let path = format!("/run/netns/{namespace}");
    std::thread::spawn(move || {
        let file = std::fs::File::open(path).unwrap();
        setns(file.as_fd(), CloneFlags::CLONE_NEWNET).unwrap();
        work()
    })
}

/// Runs something in a namespace, to its end.
pub fn within<T: Send + 'static>(namespace: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    begin_within(namespace, work).join().unwrap()
}

/// A server on all addresses of a namespace, which counts whom it answered. Its thread ends with the test.
pub fn serve(namespace: &str, port: u16, name: &'static str, original: bool) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    for domain in [Domain::IPV4, Domain::IPV6] {
        let listener = within(namespace, move || listen(domain, port));
        let count = Arc::clone(&count);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                let line =
                    if original { format!("{name} {}", destination(&stream)) } else { name.to_owned() };
                // Who has gone does not want to know.
                let _ = writeln!(stream, "{line}");
            }
        });
    }
    count
}

/// A listener on all addresses of one family, in the thread's namespace.
pub fn listen(domain: Domain, port: u16) -> TcpListener {
    let socket = Socket::new(domain, Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    let any: IpAddr = if domain == Domain::IPV6 {
        socket.set_only_v6(true).unwrap();
        Ipv6Addr::UNSPECIFIED.into()
    } else {
        std::net::Ipv4Addr::UNSPECIFIED.into()
    };
    socket.bind(&SocketAddr::new(any, port).into()).unwrap();
    socket.listen(1024).unwrap();
    socket.into()
}

/// Where the connection wanted to go, as Envoy asks it.
fn destination(stream: &TcpStream) -> SocketAddr {
    if stream.local_addr().unwrap().is_ipv4() {
        let told = getsockopt(stream, OriginalDst).unwrap();
        let address = std::net::Ipv4Addr::from(u32::from_be(told.sin_addr.s_addr));
        return SocketAddr::new(address.into(), u16::from_be(told.sin_port));
    }
    let told = getsockopt(stream, Ip6tOriginalDst).unwrap();
    SocketAddrV6::new(told.sin6_addr.s6_addr.into(), u16::from_be(told.sin6_port), 0, 0).into()
}

/// Whether a datagram to the peer comes back, for the namespace's own `echo_datagrams`.
pub fn datagram_returns(from: &str, to: SocketAddr) -> bool {
    within(from, move || {
        let any: IpAddr =
            if to.is_ipv4() { std::net::Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_secs(2))).unwrap();
        socket.send_to(b"ping", to).unwrap();
        let mut buffer = [0; 16];
        socket.recv_from(&mut buffer).is_ok_and(|(size, who)| &buffer[..size] == b"ping" && who == to)
    })
}

/// Sends datagrams back to whoever sent them to this address.
pub fn echo_datagrams(namespace: &str, at: SocketAddr) {
    let socket = within(namespace, move || UdpSocket::bind(at).unwrap());
    std::thread::spawn(move || {
        let mut buffer = [0; 16];
        while let Ok((size, who)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&buffer[..size], who);
        }
    });
}
