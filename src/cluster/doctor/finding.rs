//! What one check came to: a status, what was seen, what mends it. Pure. Never: how it is shown.

/// Most lines of evidence, and most commands, of one finding: the others are counted.
const MOST: usize = 20;
/// Longest line of evidence, in characters: what API servers and people wrote may be longer.
const LONGEST: usize = 600;

/// How a check came out. The order is the order of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Pods are refused or not injected, or soon will be.
    Fail,
    /// It works, and something is wrong.
    Warn,
    /// It was not judged: it cannot be looked at, or it follows from what failed.
    Skip,
    /// All is well.
    Pass,
}

impl Status {
    /// The name, for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Skip => "skip",
            Self::Pass => "pass",
        }
    }
}

/// What one check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it came out.
    pub status: Status,
    /// In one sentence.
    pub summary: String,
    /// What was seen.
    pub evidence: Vec<String>,
    /// Commands that mend it, the best first; what is no command is a sentence.
    pub mend: Vec<String>,
    /// Checks whose failure explains this one.
    pub after: &'static [&'static str],
}

impl Finding {
    fn new(status: Status, summary: impl Into<String>) -> Self {
        Self { status, summary: summary.into(), evidence: Vec::new(), mend: Vec::new(), after: &[] }
    }

    /// All is well.
    pub(super) fn pass(summary: impl Into<String>) -> Self {
        Self::new(Status::Pass, summary)
    }

    /// It works, and something is wrong.
    pub(super) fn warn(summary: impl Into<String>) -> Self {
        Self::new(Status::Warn, summary)
    }

    /// It does not work.
    pub(super) fn fail(summary: impl Into<String>) -> Self {
        Self::new(Status::Fail, summary)
    }

    /// It cannot be judged.
    pub(super) fn skip(summary: impl Into<String>) -> Self {
        Self::new(Status::Skip, summary)
    }

    /// Something could not be looked at.
    pub(super) fn unknown(what: &str, reason: &str) -> Self {
        Self::skip(format!("{what} could not be looked at: {}", shortened(reason)))
    }

    /// With one more thing that was seen.
    #[must_use]
    pub(super) fn seen(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(shortened(&evidence.into()));
        self
    }

    /// With all of these.
    #[must_use]
    pub(super) fn all_seen<S: Into<String>>(self, evidence: impl IntoIterator<Item = S>) -> Self {
        evidence.into_iter().fold(self, Self::seen)
    }

    /// With a command that mends it.
    #[must_use]
    pub(super) fn mend(mut self, command: impl Into<String>) -> Self {
        let command = command.into();
        if !self.mend.contains(&command) {
            self.mend.push(command);
        }
        self
    }

    /// Explained, if one of these failed.
    #[must_use]
    pub(super) const fn after(mut self, checks: &'static [&'static str]) -> Self {
        self.after = checks;
        self
    }

    /// Not longer than anybody reads.
    pub(super) fn bounded(mut self) -> Self {
        for (lines, what) in [(&mut self.evidence, "more"), (&mut self.mend, "more of the same kind")] {
            if lines.len() > MOST {
                let rest = lines.len() - MOST;
                lines.truncate(MOST);
                lines.push(format!("… and {rest} {what}"));
            }
        }
        self
    }
}

/// The findings of several things that are judged one by one: the worst status, and all that was seen.
pub(super) struct Gathered {
    worst: Finding,
}

impl Gathered {
    /// Nothing found yet: then `pass` holds.
    pub(super) fn or(pass: impl Into<String>) -> Self {
        Self { worst: Finding::pass(pass) }
    }

    /// Takes one in. The first of the worst says what is wrong in one sentence.
    pub(super) fn add(&mut self, finding: Finding) {
        if finding.status == Status::Pass {
            if self.worst.status == Status::Pass {
                self.worst.evidence.extend(finding.evidence);
            }
            return;
        }
        if self.worst.status == Status::Pass {
            self.worst = finding;
            return;
        }
        let mut other = finding;
        if other.status < self.worst.status {
            std::mem::swap(&mut self.worst, &mut other);
        }
        self.worst.evidence.push(other.summary);
        self.worst.evidence.extend(other.evidence);
        for command in other.mend {
            if !self.worst.mend.contains(&command) {
                self.worst.mend.push(command);
            }
        }
    }

    /// What came out.
    pub(super) fn finding(self) -> Finding {
        self.worst
    }
}

/// A text that somebody else wrote, on one line and not too long.
pub(super) fn shortened(text: &str) -> String {
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut shortened: String = one_line.chars().take(LONGEST).collect();
    if one_line.chars().count() > LONGEST {
        shortened.push('…');
    }
    shortened
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_says_what_is_wrong() {
        let mut gathered = Gathered::or("all well");
        gathered.add(Finding::pass("").seen("looked"));
        gathered.add(Finding::warn("b is odd").seen("b").mend("mend b"));
        gathered.add(Finding::fail("c is broken").seen("c").mend("mend c"));
        gathered.add(Finding::warn("d is odd").mend("mend b"));
        let finding = gathered.finding();
        assert_eq!((finding.status, finding.summary.as_str()), (Status::Fail, "c is broken"));
        assert_eq!(finding.evidence, ["c", "b is odd", "b", "d is odd"]);
        assert_eq!(finding.mend, ["mend c", "mend b"]);
    }

    #[test]
    fn nothing_of_a_report_is_endless() {
        let many = Finding::warn("many").all_seen((0..100).map(|n| n.to_string())).bounded();
        assert_eq!(many.evidence.len(), MOST + 1);
        assert_eq!(many.evidence.last().map(String::as_str), Some("… and 80 more"));
        let long = Finding::warn("long").seen("é\n".repeat(1000));
        assert!(long.evidence[0].chars().count() == LONGEST + 1 && !long.evidence[0].contains('\n'));
    }
}
