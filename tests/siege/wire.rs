//! Connections, requests and frames by hand, as no library would send them. Never: what they are good for.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::TlsConnector;
pub use tokio_rustls::client::TlsStream;

pub type Tls = TlsStream<TcpStream>;

/// What is attacked.
#[derive(Clone)]
pub struct Target {
    pub https: SocketAddr,
    pub admin: SocketAddr,
    h1: Arc<ClientConfig>,
    h2: Arc<ClientConfig>,
}

impl Target {
    /// The authority in the file `ca` is trusted.
    pub fn new(https: u16, admin: u16, ca: Option<&Path>) -> Self {
        let ca = ca.map(|ca| CertificateDer::from_pem_file(ca).unwrap());
        Self::trusting(https, admin, ca.as_slice())
    }

    /// These authorities are trusted.
    pub fn trusting(https: u16, admin: u16, authorities: &[CertificateDer<'static>]) -> Self {
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority.clone()).unwrap();
        }
        let config = |protocol: &str| {
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let mut config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots.clone())
                .with_no_client_auth();
            config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
            // A session that is resumed costs the server less than a new one.
            config.resumption = rustls::client::Resumption::disabled();
            Arc::new(config)
        };
        Self { https: local(https), admin: local(admin), h1: config("http/1.1"), h2: config("h2") }
    }

    /// A connection that says nothing yet.
    pub async fn tcp(&self) -> io::Result<TcpStream> {
        TcpStream::connect(self.https).await
    }

    async fn tls(&self, config: &Arc<ClientConfig>) -> io::Result<Tls> {
        let name = ServerName::try_from("localhost").unwrap();
        let stream = self.tcp().await?;
        stream.set_nodelay(true)?;
        TlsConnector::from(Arc::clone(config)).connect(name, stream).await
    }

    /// A connection that will speak HTTP/1.1.
    pub async fn h1(&self) -> io::Result<Tls> {
        self.tls(&self.h1).await
    }

    /// A connection that will speak HTTP/2; nothing is sent.
    pub async fn h2(&self) -> io::Result<Tls> {
        self.tls(&self.h2).await
    }

    /// A connection of HTTP/2 that has begun with these settings.
    pub async fn h2_with(&self, settings: &[(u16, u32)]) -> io::Result<Tls> {
        let mut stream = self.h2().await?;
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let pairs: Vec<u8> = settings
            .iter()
            .flat_map(|(key, value)| [key.to_be_bytes().to_vec(), value.to_be_bytes().to_vec()].concat())
            .collect();
        bytes.extend(frame(SETTINGS, 0, 0, &pairs));
        stream.write_all(&bytes).await?;
        Ok(stream)
    }
}

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// One frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A field of a head, with nothing that is remembered for later ones.
pub fn field(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        number(text.len(), &mut bytes);
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// A number in seven bits and as many bytes as it takes (RFC 7541, 5.1).
pub fn number(mut number: usize, bytes: &mut Vec<u8>) {
    if number < 127 {
        bytes.push(number as u8);
        return;
    }
    bytes.push(127);
    number -= 127;
    while number >= 128 {
        bytes.push((number % 128) as u8 | 128);
        number /= 128;
    }
    bytes.push(number as u8);
}

/// The head of a review's request.
pub fn review_head(path: &str) -> Vec<u8> {
    [
        (":method", "POST"),
        (":scheme", "https"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/json"),
    ]
    .iter()
    .flat_map(|(name, value)| field(name, value))
    .collect()
}

/// A whole request with a review, on this stream.
pub fn request(stream: u32, review: &str) -> Vec<u8> {
    let mut bytes = frame(HEADERS, END_HEADERS, stream, &review_head("/inject"));
    let mut chunks = review.as_bytes().chunks(16_000).peekable();
    while let Some(chunk) = chunks.next() {
        bytes.extend(frame(DATA, if chunks.peek().is_none() { END_STREAM } else { 0 }, stream, chunk));
    }
    bytes
}

/// A head of HTTP/1.1 with these lines beside the usual ones.
pub fn head(lines: &str) -> String {
    format!("POST /inject HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{lines}\r\n")
}

/// A whole request of HTTP/1.1.
pub fn request1(review: &str) -> String {
    head(&format!("Content-Length: {}\r\n", review.len())) + review
}

/// What came of sending as long as the other side takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poured {
    /// Pieces that were sent.
    pub sent: usize,
    /// The other side closed the connection.
    pub closed: bool,
}

/// Sends pieces until there are no more, and then nothing, until the time is over or the other side has had enough; what it
/// says is read.
pub async fn pour(
    stream: Tls,
    time: Duration,
    mut pieces: impl FnMut(usize) -> Option<Vec<u8>> + Send,
) -> Poured {
    let (mut reads, writes) = tokio::io::split(stream);
    let (told, mut ended) = tokio::sync::oneshot::channel::<()>();
    let reader = tokio::spawn(async move {
        let mut buffer = vec![0; 64 * 1024];
        while reads.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
        drop(told);
    });
    let sent = AtomicUsize::new(0);
    let counted = |n| {
        sent.store(n, Ordering::Relaxed);
        pieces(n)
    };
    let poured = tokio::select! {
        poured = pour_into(writes, time, counted) => poured,
        _ = &mut ended => Poured { sent: sent.load(Ordering::Relaxed), closed: true },
    };
    reader.abort();
    poured
}

/// The same, without ever reading.
pub async fn pour_into(
    mut stream: impl AsyncWriteExt + Unpin,
    time: Duration,
    mut pieces: impl FnMut(usize) -> Option<Vec<u8>>,
) -> Poured {
    let end = Instant::now() + time;
    let mut sent = 0;
    while let Some(piece) = pieces(sent) {
        // Also where nothing has to be waited for.
        if Instant::now() > end {
            return Poured { sent, closed: false };
        }
        match tokio::time::timeout_at(end, stream.write_all(&piece)).await {
            Err(_) => return Poured { sent, closed: false },
            Ok(Err(_)) => return Poured { sent, closed: true },
            Ok(Ok(())) => sent += 1,
        }
    }
    let _ = timeout(Duration::from_millis(500), stream.flush()).await;
    sleep_until(end).await;
    Poured { sent, closed: false }
}

/// Sends pieces one by one, a moment between them, until the time is over or the other side has had enough.
pub async fn drip(stream: &mut Tls, time: Duration, every: Duration, piece: &[u8]) -> usize {
    let end = Instant::now() + time;
    let mut sent = 0;
    while Instant::now() < end && stream.write_all(piece).await.is_ok() && stream.flush().await.is_ok() {
        sent += 1;
        sleep(every).await;
    }
    sent
}

/// All that comes until the other side closes, for so long.
pub async fn rest(stream: &mut (impl AsyncReadExt + Unpin), time: Duration) -> (String, bool) {
    let mut got = Vec::new();
    let closed = timeout(time, stream.read_to_end(&mut got)).await.is_ok();
    (String::from_utf8_lossy(&got).into_owned(), closed)
}
