//! Reading a body: at most [`MAX_BODY`] bytes of a request, within a time, and all bodies together within a [`Budget`], so
//! that no number of clients can fill the memory, and none can take what another one needs. Never: what the bytes mean.

mod budget;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::time::timeout;

pub use budget::{Budget, Holding};

use crate::review::MAX_BODY;

/// A body must be complete after this long.
const TIME: Duration = Duration::from_secs(30);
/// What is taken at once for a body of announced length; more only as its bytes come.
const FIRST: usize = 64 * 1024;

/// Why a body was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is larger than a review may be.
    #[error("Request entity too large: limit is {}", MAX_BODY)]
    TooLarge,
    /// It broke off.
    #[error("cannot read the body: {0}")]
    Broken(String),
    /// It took too long.
    #[error("the body was not complete after {} s", TIME.as_secs())]
    Slow,
    /// Too many bodies are being read.
    #[error("too many requests at once")]
    NoRoom,
}

/// A body, and its share of the budget.
#[derive(Debug)]
pub struct Received {
    bytes: Vec<u8>,
    _held: Holding,
}

impl Received {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes as a body that is sent, which shares them.
    #[must_use]
    pub fn share(self: &Arc<Self>) -> Bytes {
        Bytes::from_owner(Shared(Arc::clone(self)))
    }
}

/// Bytes that several hold.
struct Shared(Arc<Received>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}

/// Room for bodies that wait for work beside the requests.
#[derive(Clone, Debug)]
pub struct Waiting {
    room: Arc<Budget>,
}

impl Waiting {
    /// Room for so many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self { room: Budget::new(bytes) }
    }

    /// Holds a body, if there is room.
    #[must_use]
    pub fn hold(&self, body: &Arc<Received>) -> Option<Held> {
        let room = Arc::clone(&self.room);
        room.take(body.bytes().len()).then(|| Held { body: Arc::clone(body), room })
    }
}

/// A body that waits, and its share of the room.
#[derive(Debug)]
pub struct Held {
    body: Arc<Received>,
    room: Arc<Budget>,
}

impl Held {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.body.bytes()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.give_back(self.body.bytes().len());
    }
}

/// How many bytes of a body are surely to come, as far as they are taken at once.
#[must_use]
pub fn first(body: &Body) -> usize {
    announced(body).min(FIRST)
}

/// Reads a request's body to its end.
///
/// # Errors
/// A body that is too large, too slow, broken off, or one too many.
pub async fn read(body: Body, budget: &Arc<Budget>) -> Result<Received, Unread> {
    read_into(Holding::nothing(budget), body).await
}

/// The same; its first bytes have their room.
///
/// # Errors
/// A body that is too large, too slow, broken off, or one too many.
pub async fn read_into(room: Holding, body: Body) -> Result<Received, Unread> {
    timeout(TIME, fill(MAX_BODY, room, body)).await.unwrap_or(Err(Unread::Slow))
}

/// Reads a body of `most` bytes at most to its end, however long that takes.
///
/// # Errors
/// A body that is too large, broken off, or one too many.
pub async fn read_up_to(most: usize, body: Body, budget: &Arc<Budget>) -> Result<Received, Unread> {
    fill(most, Holding::nothing(budget), body).await
}

async fn fill(most: usize, mut room: Holding, mut body: Body) -> Result<Received, Unread> {
    let announced = announced(&body);
    if announced > most {
        return Err(Unread::TooLarge);
    }
    let mut bytes = Vec::with_capacity(announced.min(FIRST));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Unread::Broken(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        let length = bytes.len() + data.len();
        if length > most {
            return Err(Unread::TooLarge);
        }
        if !room.reaches(length) {
            return Err(Unread::NoRoom);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Received { bytes, _held: room })
}

fn announced(body: &Body) -> usize {
    usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_of_the_limit_is_read_and_one_byte_more_is_not() {
        let budget = Budget::new(64 * 1024 * 1024);
        let received = read(Body::from(vec![b' '; MAX_BODY]), &budget).await.unwrap();
        assert_eq!(received.bytes().len(), MAX_BODY);
        assert_eq!(read(Body::from(vec![b' '; MAX_BODY + 1]), &budget).await.unwrap_err(), Unread::TooLarge);
    }

    /// A body of which no byte ever comes.
    struct Silent;

    impl hyper::body::Body for Silent {
        type Data = axum::body::Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_comes_is_given_up() {
        let budget = Budget::new(10);
        assert_eq!(read(Body::new(Silent), &budget).await.unwrap_err(), Unread::Slow);
    }

    #[tokio::test]
    async fn the_budget_is_given_back() {
        let budget = Budget::new(10);
        let first = read(Body::from("123456"), &budget).await.unwrap();
        assert_eq!(read(Body::from("12345"), &budget).await.unwrap_err(), Unread::NoRoom);
        drop(first);
        assert!(read(Body::from("1234567890"), &budget).await.is_ok());
    }

    #[tokio::test]
    async fn bodies_that_wait_are_bounded_and_outlive_their_request() {
        let (budget, waiting) = (Budget::new(100), Waiting::new(10));
        let body = Arc::new(read(Body::from("123456"), &budget).await.unwrap());
        let held = waiting.hold(&body).unwrap();
        assert!(waiting.hold(&body).is_none());
        assert_eq!((&body.share()[..], held.bytes()), (&b"123456"[..], &b"123456"[..]));
        drop(body);
        assert_eq!(budget.left(), 94);
        drop(held);
        assert_eq!(budget.left(), 100);
        assert_eq!(waiting.room.left(), 10);
    }
}
