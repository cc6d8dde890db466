//! [`Rejection`]: requests that an HTTP status answers, and what is said to whoever is told to come again. And the answer
//! of last resort, to a request on whose way something broke down. Never: which request is rejected.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::StatusCode;
use pillion_core::inject::Reason;
use serde::Deserialize;

use super::turns::Shed;
use crate::body::{Received, Unread};
use crate::engine::Reply;
use crate::report::{Report, Subject};
use crate::review::{self, Answer, Version};
use crate::telemetry::Metrics;

/// When whoever found no room may come again, in seconds.
const SOON: u64 = 1;

/// A request that an HTTP status answers.
#[derive(Debug)]
pub(super) enum Rejection {
    Empty,
    Unread(Unread),
    ContentType(String),
    Shed(Shed),
}

/// The status that answers a body which was not read.
pub(super) const fn status_of(unread: &Unread) -> StatusCode {
    match unread {
        Unread::TooLarge | Unread::Broken(_) | Unread::Slow => StatusCode::BAD_REQUEST,
        Unread::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// In how many seconds whoever sent this body may come again, if that helps.
pub(super) fn again(unread: &Unread) -> Option<u64> {
    (*unread == Unread::NoRoom).then_some(SOON)
}

impl Rejection {
    /// Counts a request that there was no room or time for, and says in how many seconds it may be tried again.
    pub(super) fn shed(&self, metrics: &Metrics) -> Option<u64> {
        let (why, seconds) = match self {
            Self::Unread(Unread::NoRoom) => ("memory", SOON),
            Self::Shed(Shed::Queue { again }) => ("queue", *again),
            Self::Shed(Shed::Late) => ("deadline", SOON),
            Self::Unread(_) | Self::Empty | Self::ContentType(_) => return None,
        };
        metrics.shed(why);
        Some(seconds)
    }

    /// Whether its connection wanted more than its part.
    pub(super) const fn is_for_want_of_room(&self) -> bool {
        matches!(self, Self::Unread(Unread::NoRoom))
    }

    pub(super) fn into_reply(self) -> Reply {
        let bad = StatusCode::BAD_REQUEST;
        let (status, reason, message, logged) = match self {
            Self::Empty => (bad, Reason::EmptyBody, "no body found".to_owned(), None),
            Self::Unread(unread) => {
                let reason = match unread {
                    Unread::TooLarge => Reason::BodyTooLarge,
                    Unread::Broken(_) | Unread::Slow | Unread::NoRoom => Reason::BodyUnreadable,
                };
                (status_of(&unread), reason, unread.to_string(), None)
            }
            Self::ContentType(found) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Reason::WrongContentType,
                "invalid Content-Type, want `application/json`".to_owned(),
                Some(format!("contentType={found}, expect application/json")),
            ),
            Self::Shed(shed) => {
                let message = match shed {
                    Shed::Queue { again } => {
                        format!("too many requests are before this one: try again in {again} s")
                    }
                    Shed::Late => "the answer would come later than it is waited for".to_owned(),
                };
                (StatusCode::SERVICE_UNAVAILABLE, Reason::Deadline, message, None)
            }
        };
        let report = Report::rejected(reason, logged.unwrap_or_else(|| message.clone()));
        Reply {
            status,
            content_type: "text/plain; charset=utf-8",
            body: (message + "\n").into_bytes(),
            report: Arc::new(report),
        }
    }
}

/// The parts of a review that its answer must repeat.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    api_version: Cow<'a, str>,
    #[serde(borrow)]
    request: Named<'a>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    uid: Cow<'a, str>,
}

/// A refusal for something that broke down, with the uid of its request: without it an API server takes it for the answer
/// to another one. Whatever broke down, this reads the review by other means. All other answers stay as they are.
pub(super) fn with_uid(reply: Reply, subject: &Subject, review: Option<&Received>) -> Reply {
    if reply.report.reason != Reason::Internal || !subject.uid.is_empty() {
        return reply;
    }
    let Some(found) = review.and_then(|it| serde_json::from_slice::<Envelope<'_>>(it.bytes()).ok()) else {
        return reply;
    };
    let version =
        [Version::V1, Version::V1Beta1].into_iter().find(|it| it.api_version() == found.api_version);
    let audit = reply.report.audit();
    let answer = Answer {
        allowed: false,
        message: reply.report.message.as_deref(),
        audit: &audit,
        ..Answer::default()
    };
    Reply { body: review::encode(version, &found.request.uid, &answer), ..reply }
}
