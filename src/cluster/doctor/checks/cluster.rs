//! The API server, what it lets us and the program do, and clocks. Pure. Never: asking it.

use crate::cluster::doctor::facts::{Facts, Right};
use crate::cluster::doctor::finding::Finding;
use crate::cluster::doctor::setup::Setup;

/// How far clocks may be apart, in seconds: certificates and tokens take as much.
const APART: i64 = 30;

/// There is nobody to ask.
pub(in crate::cluster::doctor) fn unreachable(reason: &str) -> Finding {
    Finding::fail("the API server does not answer")
        .seen(reason)
        .mend("kubectl cluster-info")
        .mend("name the cluster by --context or --kubeconfig, as for kubectl")
}

pub(in crate::cluster::doctor) fn api_server(facts: &Facts) -> Finding {
    let unknown: Vec<(&str, &String)> = [
        ("deployments", facts.deployment.as_ref().err()),
        ("pods", facts.pods.as_ref().err()),
        ("services", facts.service.as_ref().err()),
        ("endpointslices", facts.slices.as_ref().err()),
        ("poddisruptionbudgets", facts.budgets.as_ref().err()),
        ("mutatingwebhookconfigurations", facts.configurations.as_ref().err()),
        ("services of webhooks", facts.gone.as_ref().err()),
        ("namespaces", facts.namespaces.as_ref().err()),
        ("secrets", facts.stored.as_ref().err()),
        ("subjectaccessreviews", facts.rights.as_ref().err()),
        ("pods of all namespaces", facts.waiting.as_ref().err()),
    ]
    .into_iter()
    .filter_map(|(what, error)| Some((what, error?)))
    .collect();
    if unknown.is_empty() {
        return Finding::pass(format!("the API server answers ({})", facts.server.version));
    }
    Finding::warn("not everything could be looked at: checks that need it are left out")
        .all_seen(unknown.iter().map(|(what, reason)| format!("{what}: {reason}")))
        .mend(format!("kubectl auth can-i --list -n {}", facts.setup.namespace))
        .mend("run it as a user who may read these")
}

pub(in crate::cluster::doctor) fn rights(facts: &Facts) -> Finding {
    let rights = match &facts.rights {
        Ok(rights) => rights,
        Err(reason) => return Finding::unknown("rights of the service account", reason),
    };
    let denied: Vec<&Right> = rights.iter().filter(|right| !right.allowed).collect();
    let user = facts.setup.user();
    if denied.is_empty() {
        return Finding::pass(format!("{user} may do all {} things that the program needs", rights.len()));
    }
    let asked = |right: &&Right| format!("{} --as={user}", can_i(right));
    Finding::fail(format!("{user} lacks {} of {} rights that the program needs", denied.len(), rights.len()))
        .all_seen(denied.iter().map(|right| format!("denied: {}", told(right))))
        .mend(regrant(&facts.setup))
        .mend(denied.first().map(asked).unwrap_or_default())
        .after(&["installed"])
}

/// How the rights come back.
fn regrant(setup: &Setup) -> String {
    setup.reinstall("rbac.create=true,serviceAccount.create=true")
}

fn resource(right: &Right) -> String {
    if right.group.is_empty() {
        right.resource.to_owned()
    } else {
        format!("{}.{}", right.resource, right.group)
    }
}

fn named(right: &Right) -> String {
    if right.name.is_empty() { resource(right) } else { format!("{}/{}", resource(right), right.name) }
}

fn told(right: &Right) -> String {
    match right.namespace.as_str() {
        "" => format!("{} {}", right.verb, named(right)),
        namespace => format!("{} {} in {namespace}", right.verb, named(right)),
    }
}

fn can_i(right: &Right) -> String {
    let place = match right.namespace.as_str() {
        "" => " --all-namespaces".to_owned(),
        namespace => format!(" -n {namespace}"),
    };
    format!("kubectl auth can-i {} {}{place}", right.verb, named(right))
}

pub(in crate::cluster::doctor) fn clocks(facts: &Facts) -> Finding {
    let mut wrong = Vec::new();
    for replica in &facts.replicas {
        if let Some(ahead) = replica.ahead.filter(|ahead| ahead.abs() > APART) {
            wrong.push(format!("pod {}: {} of the API server's", replica.pod, apart(ahead)));
        }
    }
    let here = facts.server.here_ahead.filter(|ahead| ahead.abs() > APART);
    let here = here.map(|ahead| format!("this machine: {} of the API server's", apart(ahead)));
    let synchronise = "set the clocks of these machines by NTP, e.g. `timedatectl set-ntp true` on each";
    if !wrong.is_empty() {
        let summary = "clocks differ: certificates and tokens may count as expired, or as not valid yet";
        return Finding::fail(summary).all_seen(wrong).all_seen(here).mend(synchronise);
    }
    match here {
        Some(here) => {
            Finding::warn("the clock of this machine is not the API server's").seen(here).mend(synchronise)
        }
        None if facts.server.here_ahead.is_none() => {
            Finding::unknown("the time of the API server", "it does not tell it")
        }
        None => Finding::pass("the clocks that can be seen agree"),
    }
}

fn apart(ahead: i64) -> String {
    let (seconds, way) = (ahead.unsigned_abs(), if ahead > 0 { "ahead" } else { "behind" });
    format!("its clock is {seconds} s {way}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::doctor::{Status, sample};

    #[test]
    fn an_api_server_that_does_not_answer_or_refuses_is_told() {
        let mut facts = sample::facts();
        facts.waiting = Err("pods is forbidden".into());
        let finding = api_server(&facts);
        assert_eq!((finding.status, finding.evidence.len()), (Status::Warn, 1));
        assert!(finding.mend[0].starts_with("kubectl auth can-i --list"), "{finding:?}");
        assert_eq!(unreachable("connection refused").status, Status::Fail);
    }

    #[test]
    fn a_denied_right_is_named() {
        let mut facts = sample::facts();
        facts.rights = Ok(vec![
            Right { verb: "list", resource: "nodes", allowed: true, ..Right::default() },
            Right {
                verb: "get",
                resource: "configmaps",
                name: "istio".into(),
                namespace: "mesh".into(),
                ..Right::default()
            },
        ]);
        let finding = rights(&facts);
        assert_eq!(finding.evidence, ["denied: get configmaps/istio in mesh"]);
        assert!(finding.mend[0].contains("rbac.create=true"), "{finding:?}");
        assert!(
            finding.mend[1].contains("kubectl auth can-i get configmaps/istio -n mesh --as=system:"),
            "{finding:?}"
        );
    }

    #[test]
    fn clocks_that_differ_are_told_with_whose_they_are() {
        let mut facts = sample::facts();
        facts.replicas[0].ahead = Some(-4000);
        let finding = clocks(&facts);
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.evidence[0].contains("4000 s behind"), "{finding:?}");
        facts.replicas[0].ahead = Some(1);
        facts.server.here_ahead = Some(3600);
        assert_eq!(clocks(&facts).status, Status::Warn);
    }
}
