//! What people are told is bounded, says why, and is told where it should be.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Mutex;

use pillion_core::inject::{Contradiction, Outcome};
use pillion_govalue::Value;

use super::*;

fn outcome(reason: Reason, warnings: Vec<Warning>) -> Outcome<'static> {
    Outcome { verdict: reason.verdict(), reason, warnings, patch: Vec::new(), pod: Value::Null }
}

fn skipped(reason: Reason, warnings: Vec<Warning>) -> Report {
    Report::admitted(&outcome(reason, warnings), Way::default())
}

#[test]
fn warnings_are_cut_between_characters() {
    let short = shorten(&"é".repeat(500));
    assert_eq!(short.chars().count(), MAX_WARNING);
    assert!(short.ends_with('…'));
    assert_eq!(shorten("one\ntwo"), "one");
}

#[test]
fn warnings_are_few() {
    let many = (0..50).map(|n| Warning::Other(format!("{n}"))).collect();
    assert_eq!(skipped(Reason::Injected, many).warnings.len(), MAX_WARNINGS);
}

#[test]
fn a_message_is_cut_between_characters() {
    let message = Report::refused(Reason::BadPod, "é".repeat(100_000)).message.unwrap();
    assert!(message.len() <= MAX_MESSAGE && message.ends_with('…'));
    assert_eq!(Report::refused(Reason::BadPod, "short").message.as_deref(), Some("short"));
}

#[test]
fn a_refusal_is_never_allowed_and_has_a_message() {
    for &reason in Reason::ALL {
        let report = Report::refused(reason, "m");
        assert_eq!(report.allowed(), reason.verdict() != Verdict::Refused);
    }
}

#[test]
fn audit_annotations_are_names_with_bounded_values() {
    let mut way = Way::of(&"r".repeat(1000));
    way.settled_by("label");
    (0..200).for_each(|n| way.with_template(&format!("é{n}")));
    let report = Report::admitted(&outcome(Reason::Injected, Vec::new()), way);
    let names: Vec<&str> = report.audit().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, names.iter().copied().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>());
    for (name, value) in report.audit() {
        // The name part of a qualified name: API servers drop any other.
        assert!(name.len() <= 63 && name.bytes().all(|b| b.is_ascii_lowercase()), "{name}");
        assert!(!value.is_empty() && value.len() <= MAX_VALUE, "{name}: {value}");
    }
    let templates = report.audit()[3].1;
    assert!(templates.starts_with("é0,é1,") && templates.ends_with('…'), "{templates}");
}

#[test]
fn a_few_templates_are_told_whole() {
    let mut way = Way::default();
    ["sidecar", "own"].into_iter().for_each(|name| way.with_template(name));
    assert_eq!(Report::failed(&InjectError::NoObject, way).audit()[3], ("templates", "sidecar,own"));
}

#[test]
fn events_tell_of_refusals_and_of_skips_that_surprise() {
    for &reason in Reason::ALL {
        let told = skipped(reason, Vec::new()).tone();
        let quiet = [
            "injected",
            "label_opt_out",
            "annotation_opt_out",
            "never_selector",
            "policy_disabled",
            "windows",
        ];
        let expected = match reason.verdict() {
            Verdict::Refused => Some(Tone::Warning).filter(|_| !WITHOUT_A_POD.contains(&reason)),
            _ if quiet.contains(&reason.code()) => None,
            _ => Some(Tone::Normal),
        };
        assert_eq!(told, expected, "{reason}");
    }
    let typo = || vec![Warning::InjectValue("ture".into())];
    assert_eq!(skipped(Reason::PolicyDisabled, typo()).tone(), Some(Tone::Normal));
    assert_eq!(skipped(Reason::Injected, typo()).tone(), None);
    let deprecated = vec![Warning::Deprecated { name: "a", instead: "b" }];
    assert_eq!(skipped(Reason::AnnotationOptOut, deprecated).tone(), None);
}

#[test]
fn a_note_says_why_and_what_to_do_on_one_short_line() {
    let long = format!("1 error occurred:\n\t* {}\u{7}\n\n", "é".repeat(5000));
    for &reason in Reason::ALL {
        let note = Report::refused(reason, long.clone()).note();
        assert!(note.starts_with(&format!("{reason}: 1 error occurred: * é")), "{note}");
        assert!(note.ends_with(reason.hint()) && note.len() < 1000, "{note}");
        assert!(!note.contains(char::is_control));
    }
    let contradiction = Contradiction::WishOnHostNetwork;
    let note = skipped(Reason::HostNetwork, vec![Warning::Contradiction(contradiction)]).note();
    let (sentence, hint) = (Reason::HostNetwork.sentence(), Reason::HostNetwork.hint());
    assert_eq!(note, format!("host_network: {sentence} {}. {hint}", contradiction.text()));
    assert_eq!(skipped(Reason::HostNetwork, Vec::new()).note(), format!("host_network: {sentence} {hint}"));
}

/// What is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_line_of_the_log_says_why_and_what_to_do() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    let logged = [Reason::BadAnnotation, Reason::Internal, Reason::HostNetwork, Reason::Injected];
    tracing::subscriber::with_default(subscriber, || {
        for reason in logged {
            let report = match reason.verdict() {
                Verdict::Refused => Report::refused(reason, "m"),
                _ => skipped(reason, Vec::new()),
            };
            report.log(&Subject::default(), Duration::ZERO);
        }
    });
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for (line, reason) in text.lines().zip(logged) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let fields = &line["fields"];
        assert_eq!(
            (&fields["reason"], &fields["result"]),
            (&reason.code().into(), &reason.verdict().code().into())
        );
        let hint = Some(reason.hint()).filter(|hint| !hint.is_empty());
        assert_eq!(fields["hint"].as_str(), hint, "{line}");
    }
    assert_eq!(text.lines().count(), logged.len());
}
