//! Whether an installation works, and what mends it. Facts are gathered first, then judged by small pure functions that
//! stand in one table, causes before consequences: what follows from a failure above says so instead of asking for a
//! mend of its own. Never: changing anything.
//!
//! | file | owns |
//! |---|---|
//! | `facts` | what is known |
//! | `setup` | how the installation is set up, out of its Deployment |
//! | `gather` | asking the cluster |
//! | `checks` | the judgements |
//! | `finding` | what one judgement came to |

mod checks;
mod facts;
mod finding;
mod gather;
#[cfg(test)]
mod sample;
mod setup;

pub use facts::{Facts, Place};
pub use finding::{Finding, Status};
pub use gather::gather;

/// The label of the Pod Security level that is enforced in a namespace.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
/// Levels that refuse something.
const LEVELS: [&str; 2] = ["baseline", "restricted"];

/// One check.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The name.
    pub name: &'static str,
    /// What is looked at.
    pub about: &'static str,
    /// What of the cluster is needed for it, as rights of whoever asks.
    pub needs: &'static str,
    /// The judgement.
    judge: fn(&Facts) -> Finding,
}

/// All checks, causes before consequences.
pub const CHECKS: &[Check] = &[
    Check {
        name: "api-server",
        about: "The API server answers, and lets you look at what is judged",
        needs: "get /version",
        judge: checks::cluster::api_server,
    },
    Check {
        name: "installed",
        about: "There is a Deployment of the revision in the namespace",
        needs: "list deployments",
        judge: checks::installed::installed,
    },
    Check {
        name: "rights",
        about: "The service account may do what the program needs",
        needs: "create subjectaccessreviews",
        judge: checks::cluster::rights,
    },
    Check {
        name: "configuration",
        about: "The ConfigMaps of the revision are there, compile, and inject a sample pod",
        needs: "get, list configmaps",
        judge: checks::installed::configuration,
    },
    Check {
        name: "clocks",
        about: "The clocks of the replicas, of the API server and of this machine agree",
        needs: "get pods/proxy",
        judge: checks::cluster::clocks,
    },
    Check {
        name: "certificate",
        about: "The certificate is there, fits its key, is valid now and for the Service, and leads to its authority",
        needs: "get secrets; get and create pods/portforward where endpoints cannot be reached",
        judge: checks::certificate::certificate,
    },
    Check {
        name: "replicas",
        about: "The replicas that are wanted are there and ready, and none is stuck",
        needs: "list pods",
        judge: checks::installed::replicas,
    },
    Check {
        name: "versions",
        about: "All replicas are of one version",
        needs: "get pods/proxy",
        judge: checks::installed::versions,
    },
    Check {
        name: "service",
        about: "The Service is there, finds the pods, and leads to the port they listen on",
        needs: "get services",
        judge: checks::service::service,
    },
    Check {
        name: "endpoints",
        about: "The Service has a ready endpoint",
        needs: "list endpointslices",
        judge: checks::service::endpoints,
    },
    Check {
        name: "registration",
        about: "A webhook configuration calls the Service, at a port and path that are served, with rules for new pods",
        needs: "list mutatingwebhookconfigurations",
        judge: checks::registration::registration,
    },
    Check {
        name: "ca-bundle",
        about: "The caBundle of every such webhook trusts the certificate that is presented",
        needs: "list mutatingwebhookconfigurations",
        judge: checks::certificate::ca_bundle,
    },
    Check {
        name: "network",
        about: "API servers get an answer in time: no firewall or NetworkPolicy is between",
        needs: "create pods, with dry run",
        judge: checks::service::network,
    },
    Check {
        name: "takeover",
        about: "Webhooks of istiod that were taken over still call Pillion",
        needs: "list mutatingwebhookconfigurations",
        judge: checks::registration::takeover,
    },
    Check {
        name: "left-behind",
        about: "No webhook for pods calls a Service that is gone",
        needs: "list mutatingwebhookconfigurations, get services",
        judge: checks::registration::left_behind,
    },
    Check {
        name: "overlap",
        about: "No two webhooks inject one pod",
        needs: "list mutatingwebhookconfigurations",
        judge: checks::registration::overlap,
    },
    Check {
        name: "order",
        about: "No other webhook changes pods after the sidecar is in, unnoticed",
        needs: "list mutatingwebhookconfigurations",
        judge: checks::registration::order,
    },
    Check {
        name: "availability",
        about: "Webhooks that refuse pods without us have two replicas and a PodDisruptionBudget",
        needs: "list poddisruptionbudgets",
        judge: checks::installed::availability,
    },
    Check {
        name: "revisions",
        about: "Every revision or tag that a namespace asks for is served; so is istio-injection=enabled",
        needs: "list namespaces",
        judge: checks::namespaces::revisions,
    },
    Check {
        name: "labels",
        about: "Labels of namespaces are spelt right, mean something, and do not contradict each other",
        needs: "list namespaces",
        judge: checks::namespaces::labels,
    },
    Check {
        name: "ambient",
        about: "No namespace asks for sidecars and for ambient",
        needs: "list namespaces",
        judge: checks::namespaces::ambient,
    },
    Check {
        name: "pod-security",
        about: "Pod Security levels of namespaces let injected pods in",
        needs: "list namespaces; create pods, with dry run",
        judge: checks::pods::pod_security,
    },
    Check {
        name: "auto-image",
        about: "No pod waits for an image that an injector should have given it",
        needs: "list pods",
        judge: checks::pods::auto_image,
    },
    Check {
        name: "dry-run",
        about: "A pod that is created with dry run comes back with a sidecar",
        needs: "create pods, with dry run",
        judge: checks::pods::dry_run,
    },
];

/// What one check came to.
#[derive(Debug)]
pub struct Judged {
    /// The check.
    pub check: Check,
    /// What it came to.
    pub finding: Finding,
    /// Checks above whose failure explains it.
    pub because: Vec<&'static str>,
}

/// Judges everything: what failed first, and in each the most fundamental first.
#[must_use]
pub fn diagnose(facts: &Facts) -> Vec<Judged> {
    let mut failed: Vec<&'static str> = Vec::new();
    let mut all: Vec<Judged> = Vec::new();
    for check in CHECKS {
        let mut finding = (check.judge)(facts).bounded();
        let explains = |name: &&&'static str| failed.contains(name);
        let because: Vec<&'static str> = finding.after.iter().filter(explains).copied().collect();
        if matches!(finding.status, Status::Fail | Status::Warn) {
            if finding.status == Status::Fail || !because.is_empty() {
                failed.push(check.name);
            }
            if !because.is_empty() {
                finding.status = Status::Skip;
                finding.mend.clear();
            }
        }
        let because = if finding.status == Status::Skip { because } else { Vec::new() };
        all.push(Judged { check: *check, finding, because });
    }
    // A stable sort: the table's order stays within.
    all.sort_by_key(|judged| judged.finding.status);
    all
}

/// What is told where nothing can be asked.
#[must_use]
pub fn unreachable(reason: &str) -> Vec<Judged> {
    let check = CHECKS.iter().take(1).copied();
    check
        .map(|check| Judged { check, finding: checks::cluster::unreachable(reason), because: Vec::new() })
        .collect()
}

/// The worst of all.
#[must_use]
pub fn worst(all: &[Judged]) -> Status {
    let found = all.iter().map(|judged| judged.finding.status).filter(|status| *status != Status::Skip);
    found.min().unwrap_or(Status::Pass)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The checks that fail or warn, and those that follow from them.
    fn told(facts: &Facts) -> (Vec<&'static str>, Vec<&'static str>) {
        let all = diagnose(facts);
        let named = |wanted: fn(&Judged) -> bool| {
            all.iter().filter(|judged| wanted(judged)).map(|judged| judged.check.name).collect()
        };
        (
            named(|judged| matches!(judged.finding.status, Status::Fail | Status::Warn)),
            named(|judged| !judged.because.is_empty()),
        )
    }

    #[test]
    fn names_are_there_once_and_what_explains_stands_above() {
        let facts = sample::facts();
        let mut above = BTreeSet::new();
        for check in CHECKS {
            for after in (check.judge)(&facts).after {
                assert!(above.contains(after), "{} is explained by {after}, which stands below", check.name);
            }
            assert!(above.insert(check.name), "{} is there twice", check.name);
        }
    }

    #[test]
    fn a_sound_installation_passes() {
        let facts = sample::facts();
        let all = diagnose(&facts);
        for judged in &all {
            assert_eq!(judged.finding.status, Status::Pass, "{}: {:?}", judged.check.name, judged.finding);
        }
        assert_eq!(worst(&all), Status::Pass);
    }

    #[test]
    fn who_may_read_nothing_is_told_so_and_nothing_else() {
        let mut facts = sample::facts();
        let no = || "forbidden".to_owned();
        facts.deployment = Err(no());
        facts.pods = Err(no());
        facts.service = Err(no());
        facts.slices = Err(no());
        facts.budgets = Err(no());
        facts.configurations = Err(no());
        facts.gone = Err(no());
        facts.namespaces = Err(no());
        facts.configuration = Err(no());
        facts.stored = Err(no());
        facts.rights = Err(no());
        facts.probe = Err(no());
        facts.waiting = Err(no());
        facts.replicas.clear();
        facts.presented.clear();
        assert_eq!(told(&facts), (vec!["api-server"], vec![]));
        assert_eq!(worst(&diagnose(&facts)), Status::Warn);
    }

    #[test]
    fn what_follows_from_a_failure_asks_for_no_mend() {
        let mut facts = sample::facts();
        sample::scale(&mut facts, 0);
        facts.slices = Ok(Vec::new());
        facts.presented.clear();
        facts.probe = Ok(sample::refused("failed calling webhook: no endpoints available"));
        let (named, explained) = told(&facts);
        assert_eq!(named, ["replicas"]);
        assert_eq!(explained, ["endpoints", "availability", "dry-run"]);
        let all = diagnose(&facts);
        assert!(all.iter().all(|judged| judged.because.is_empty() || judged.finding.mend.is_empty()));
    }
}
