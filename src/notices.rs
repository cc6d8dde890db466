//! [`Notices`]: the way from an answer, or from whoever looks at pods, to the task that writes Events. It costs an injection one look at its report, waits
//! for nobody, and holds few: what finds no room is counted and forgotten.
//! Never: what is worth an Event (the report says so), or how often one is written (`cluster::owners`).

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::report::{Missing, Owner, Report, Subject};
use crate::telemetry::{EventOutcome, Metrics};

/// Notices that wait: more than one burst of controllers makes, and little memory.
const ROOM: usize = 256;

/// Something that an Event may tell of.
#[derive(Debug)]
pub struct Notice {
    /// What made the pod.
    pub owner: Arc<Owner>,
    /// What is to be told.
    pub matter: Matter,
}

/// What an Event may tell.
#[derive(Clone, Debug)]
pub enum Matter {
    /// What an answer means.
    Answer(Arc<Report>),
    /// Pods that lack their sidecar.
    Missing(Missing),
}

impl Matter {
    /// The reason's code: for one object and code there is one Event at a time.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Answer(report) => report.reason.code(),
            Self::Missing(missing) => missing.gap.code(),
        }
    }
}

/// Where answers are noted.
#[derive(Clone, Default)]
pub struct Notices(Option<Open>);

#[derive(Clone)]
struct Open {
    sender: mpsc::Sender<Notice>,
    metrics: Arc<Metrics>,
}

impl Notices {
    /// Nothing is noted.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// A way, and its other end.
    #[must_use]
    pub fn open(metrics: Arc<Metrics>) -> (Self, mpsc::Receiver<Notice>) {
        let (sender, receiver) = mpsc::channel(ROOM);
        (Self(Some(Open { sender, metrics })), receiver)
    }

    /// Notes an answer, if it is worth an Event and there is an object to tell it of.
    pub fn note(&self, subject: &Subject, report: &Arc<Report>) {
        // Only answers that are worth an Event have an owner here.
        if let Some(owner) = &subject.owner {
            self.tell(owner, || Matter::Answer(Arc::clone(report)));
        }
    }

    /// Notes that pods of `owner` lack their sidecar.
    pub fn missing(&self, owner: &Arc<Owner>, missing: Missing) {
        self.tell(owner, || Matter::Missing(missing));
    }

    fn tell(&self, owner: &Arc<Owner>, matter: impl FnOnce() -> Matter) {
        let Some(open) = &self.0 else { return };
        let notice = Notice { owner: Arc::clone(owner), matter: matter() };
        if open.sender.try_send(notice).is_err() {
            open.metrics.event(EventOutcome::Dropped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pillion_core::inject::Reason;

    fn subject(owned: bool) -> Subject {
        let text = || "x".to_owned();
        let owner = Owner { api_version: text(), kind: text(), namespace: text(), name: text(), uid: text() };
        Subject { owner: owned.then(|| Arc::new(owner)), ..Subject::default() }
    }

    #[test]
    fn what_finds_no_room_is_counted_and_nobody_waits() {
        let metrics = Arc::new(Metrics::new("default"));
        let (notices, mut receiver) = Notices::open(Arc::clone(&metrics));
        let report = Arc::new(Report::refused(Reason::BadPod, "m"));
        for _ in 0..ROOM + 3 {
            notices.note(&subject(true), &report);
        }
        notices.note(&subject(false), &report);
        assert!(metrics.render().contains("pillion_events_total{outcome=\"dropped\"} 3"));
        let mut came = 0;
        while receiver.try_recv().is_ok() {
            came += 1;
        }
        assert_eq!(came, ROOM);
        // With nobody at the other end it is as if there were no room.
        drop(receiver);
        notices.note(&subject(true), &report);
        Notices::off().note(&subject(true), &report);
        assert!(metrics.render().contains("pillion_events_total{outcome=\"dropped\"} 4"));
    }
}
