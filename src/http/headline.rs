//! [`Headline`]: whether pods are being injected, in one line, and what to do if they are not. The worst that is known
//! comes first. Never: looking anything up.

use pillion_core::config::Policy;
use pillion_core::inject::Reason;

/// In this part of a certificate's life it should have been renewed long ago.
const LAST_PART: i64 = 10;

/// What the line is made of.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// The process is about to end.
    pub(super) stopping: bool,
    /// The webhook accepts connections.
    pub(super) listening: bool,
    /// The policy of the configuration in use, if one is.
    pub(super) policy: Option<Policy>,
    /// Why the configuration found last is not in use.
    pub(super) fault: Option<String>,
    /// The certificate in use.
    pub(super) certificate: Presented,
    /// Why the certificate found last is not in use.
    pub(super) certificate_fault: Option<String>,
    /// Pods that were injected.
    pub(super) injected: u64,
    /// Pods that were skipped.
    pub(super) skipped: u64,
    /// Requests that were refused.
    pub(super) refused: u64,
}

/// How the certificate in use stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presented {
    /// There is none.
    Nothing,
    /// Its time is over.
    Expired,
    /// Most of its time is over.
    Ending,
    /// Nobody need look.
    Good,
}

impl Presented {
    /// That of a certificate that is valid in this time, in seconds since the epoch.
    pub(super) const fn of(begins: i64, expires: i64, now: i64) -> Self {
        let (left, life) = (expires.saturating_sub(now), expires.saturating_sub(begins));
        match left {
            ..=0 => Self::Expired,
            _ if left < life / LAST_PART => Self::Ending,
            _ => Self::Good,
        }
    }
}

/// How it stands, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Pods are injected.
    Good,
    /// None has been, and nothing is known to be wrong.
    Idle,
    /// Pods are injected, and somebody should look.
    Warn,
    /// No pod is injected.
    Bad,
}

impl Tone {
    /// The name in `/state`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Idle => "idle",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// The line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Headline {
    /// How bad it is.
    pub(super) tone: Tone,
    /// Whether pods are being injected.
    pub(super) says: &'static str,
    /// What is wrong, or what to do; may be empty.
    pub(super) hint: String,
}

const RENEWAL: &str = "Whoever renews it has not: `pillion doctor` tells more.";
const BELOW: &str = "The reasons are below.";

impl Headline {
    /// The line for this.
    pub(super) fn of(facts: &Facts) -> Self {
        let no_pod = Self::nothing_works(facts);
        no_pod.or_else(|| Self::something_is_wrong(facts)).unwrap_or_else(|| Self::counted(facts))
    }

    fn new(tone: Tone, says: &'static str, hint: &str) -> Self {
        Self { tone, says, hint: hint.to_owned() }
    }

    /// What keeps every pod from its sidecar.
    fn nothing_works(facts: &Facts) -> Option<Self> {
        let bad = |says, hint: &str| Some(Self::new(Tone::Bad, says, hint));
        let certificate = |otherwise: &'static str| facts.certificate_fault.as_deref().unwrap_or(otherwise);
        if facts.stopping {
            let says = "This process is about to end.";
            return Some(Self::new(Tone::Warn, says, "Another replica injects pods, if there is one."));
        }
        let Some(policy) = &facts.policy else {
            let hint = facts.fault.as_deref().unwrap_or("It is being looked for; the log tells more.");
            return bad("No pod is injected: no configuration is in use.", hint);
        };
        match facts.certificate {
            Presented::Nothing => {
                let hint = certificate("It is being waited for; the log tells more.");
                bad("No pod is injected: there is no certificate to answer API servers with.", hint)
            }
            Presented::Expired => {
                bad("No pod is injected: the certificate has expired.", certificate(RENEWAL))
            }
            _ if !facts.listening => bad("No pod is injected yet: the webhook does not listen.", ""),
            _ if matches!(policy, Policy::Other(_)) => {
                let hint = Reason::PolicyInvalid.hint();
                bad("No pod is injected: the policy is neither enabled nor disabled.", hint)
            }
            _ => None,
        }
    }

    /// What goes well only for now.
    fn something_is_wrong(facts: &Facts) -> Option<Self> {
        let warn = |says, hint: &str| Some(Self::new(Tone::Warn, says, hint));
        match (&facts.fault, &facts.certificate_fault) {
            (Some(fault), _) => {
                warn("An older configuration injects pods: the new one cannot be used.", fault)
            }
            (_, Some(fault)) => warn("An older certificate is in use: the new one cannot be used.", fault),
            _ if facts.certificate == Presented::Ending => warn("The certificate expires soon.", RENEWAL),
            _ => None,
        }
    }

    /// What the answers so far say.
    fn counted(facts: &Facts) -> Self {
        match (facts.injected, facts.skipped, facts.refused) {
            (0, 0, 0) => Self::new(
                Tone::Idle,
                "Ready to inject. No API server has asked yet.",
                "If pods were created meanwhile, `pillion doctor` says why nobody asked.",
            ),
            (0, _, 0) => Self::new(Tone::Idle, "Ready to inject. Every pod so far was skipped.", BELOW),
            (0, _, _) => Self::new(Tone::Bad, "No pod was injected so far: requests are refused.", BELOW),
            _ if facts.policy == Some(Policy::Disabled) => {
                Self::new(Tone::Good, "Pods that ask for it are being injected.", "")
            }
            _ => Self::new(Tone::Good, "Pods are being injected.", ""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Facts {
        Facts {
            stopping: false,
            listening: true,
            policy: Some(Policy::Enabled),
            fault: None,
            certificate: Presented::Good,
            certificate_fault: None,
            injected: 1,
            skipped: 1,
            refused: 1,
        }
    }

    #[test]
    fn the_worst_that_is_known_comes_first() {
        let no = |text: &str| Some(text.to_owned());
        let rows: [(Facts, Tone, &str, &str); 14] = [
            (good(), Tone::Good, "Pods are being injected", ""),
            (Facts { policy: Some(Policy::Disabled), ..good() }, Tone::Good, "Pods that ask for it", ""),
            (Facts { injected: 0, skipped: 0, refused: 0, ..good() }, Tone::Idle, "No API server", "doctor"),
            (Facts { injected: 0, refused: 0, ..good() }, Tone::Idle, "skipped", "below"),
            (Facts { injected: 0, ..good() }, Tone::Bad, "refused", "below"),
            (Facts { certificate: Presented::Ending, ..good() }, Tone::Warn, "expires soon", "renews"),
            (Facts { certificate_fault: no("torn"), ..good() }, Tone::Warn, "older certificate", "torn"),
            (Facts { fault: no("line 3"), ..good() }, Tone::Warn, "older configuration", "line 3"),
            (
                Facts { policy: Some(Policy::Other(String::new())), ..good() },
                Tone::Bad,
                "policy",
                "Set policy",
            ),
            (Facts { listening: false, ..good() }, Tone::Bad, "not listen", ""),
            (Facts { certificate: Presented::Expired, ..good() }, Tone::Bad, "has expired", "renews"),
            (
                Facts { certificate: Presented::Nothing, certificate_fault: no("torn"), ..good() },
                Tone::Bad,
                "no certificate",
                "torn",
            ),
            (
                Facts { policy: None, fault: no("waiting"), ..good() },
                Tone::Bad,
                "no configuration",
                "waiting",
            ),
            (Facts { stopping: true, policy: None, ..good() }, Tone::Warn, "about to end", "replica"),
        ];
        for (facts, tone, says, hint) in rows {
            let line = Headline::of(&facts);
            assert!(line.tone == tone && line.says.contains(says) && line.hint.contains(hint), "{line:?}");
        }
    }

    #[test]
    fn a_certificate_is_ending_in_the_last_part_of_its_life() {
        for (now, stands) in [
            (0, Presented::Good),
            (900, Presented::Good),
            (901, Presented::Ending),
            (999, Presented::Ending),
            (1000, Presented::Expired),
        ] {
            assert_eq!(Presented::of(0, 1000, now), stands, "{now}");
        }
        assert_eq!(Presented::of(i64::MIN, i64::MAX, 0), Presented::Good, "one that cannot be read");
    }
}
