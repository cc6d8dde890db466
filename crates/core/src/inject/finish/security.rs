//! User and group of the sidecar: what OpenShift forces on all containers of a pod, and what a user's own
//! `istio-proxy` asks for. Runs outside the list of passes: the first before rendering, the second right after
//! the user's containers are applied again.

use pillion_govalue::Value;

use super::containers::{self, INIT, List, PROXY, VALIDATION, annotation};

/// OpenShift gives every container of a pod the same user; with the application's user the sidecar would not be
/// excepted from the redirect. A sidecar user equal to the application's is therefore dropped, on the pod as it
/// came (Istio's `isSidecarUserMatchingAppUser`; no user counts as 0 on both sides). `with_init`: init containers
/// are looked at too.
pub(crate) fn openshift_reset_user(pod: &mut Value<'_>, with_init: bool) -> bool {
    let user = |c: &Value<'_>| c.at(&["securityContext", "runAsUser"]).and_then(Value::as_i64);
    let (mut sidecar_user, mut app_user) = (0, 0);
    let init = if with_init { containers::list(pod, List::InitContainers) } else { &[] };
    for container in containers::list(pod, List::Containers).iter().chain(init) {
        let Some(id) = user(container) else { continue };
        match containers::name(container) {
            PROXY => sidecar_user = id,
            INIT | VALIDATION => {}
            _ => app_user = id,
        }
    }
    if sidecar_user != app_user {
        return false;
    }
    let context = containers::sidecar_mut(pod).and_then(|c| c.get_mut("securityContext"));
    let Some(context) = context.and_then(Value::as_map_mut) else { return false };
    let user = context.remove("runAsUser");
    let group = context.remove("runAsGroup");
    user.is_some() || group.is_some()
}

/// Makes istio-init or istio-validation agree with the user that the pod's own `istio-proxy` asks for (Istio's
/// `adjustInitContainerUser`). Under TPROXY the sidecar must run as root, whatever was asked for.
pub(crate) fn adjust_init_user(pod: &mut Value<'_>, original: &Value<'_>, proxy_config: &Value<'_>) -> bool {
    let Some(context) = containers::sidecar(original).and_then(|c| c.get("securityContext")) else {
        return false;
    };
    let asked = |key: &str| context.get(key).and_then(Value::as_i64);
    let (user, group) = (asked("runAsUser"), asked("runAsGroup"));
    if user.is_none() && group.is_none() {
        return false;
    }
    let Some(init) =
        [INIT, VALIDATION].into_iter().find(|n| containers::find(pod, List::InitContainers, n).is_some())
    else {
        return false;
    };
    let mode = proxy_config.get("interceptionMode").and_then(Value::as_str);
    let tproxy =
        mode == Some("TPROXY") || annotation(pod, "sidecar.istio.io/interceptionMode") == Some("TPROXY");
    let mut changed = false;
    if tproxy && user.is_some() {
        changed |= set_ids(containers::sidecar_mut(pod), Some(0), None);
    }
    let container = containers::find_mut(pod, List::InitContainers, init);
    if !tproxy && init == VALIDATION {
        changed |= set_ids(container, user, group);
    }
    if let Some(user) = user.filter(|u| *u != 0) {
        changed |= set_owner_argument(containers::find_mut(pod, List::InitContainers, init), user);
    }
    changed
}

fn set_ids(container: Option<&mut Value<'_>>, user: Option<i64>, group: Option<i64>) -> bool {
    let Some(context) = container.and_then(|c| c.child_map("securityContext")) else { return false };
    for (key, id) in [("runAsUser", user), ("runAsGroup", group)] {
        if let Some(id) = id {
            context.insert(key, id);
        }
    }
    true
}

/// `-u ID` of the redirect names the user whose traffic is not redirected; 0 is no such user.
fn set_owner_argument(container: Option<&mut Value<'_>>, user: i64) -> bool {
    let args = container.and_then(|c| c.get_mut("args")).and_then(Value::as_list_mut);
    let Some(args) = args else { return false };
    let Some(at) = args.iter().position(|a| a.as_str() == Some("-u")) else { return false };
    match args.get_mut(at + 1) {
        Some(slot) => {
            *slot = Value::from(user.to_string());
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pillion_govalue::parse;

    #[test]
    fn a_sidecar_user_equal_to_the_applications_is_dropped() {
        let text = br#"{"spec":{"containers":[{"name":"app","securityContext":{"runAsUser":7}},
            {"name":"istio-proxy","securityContext":{"runAsUser":7,"runAsGroup":8,"privileged":false}}]}}"#;
        let mut pod = parse(text).unwrap();
        assert!(openshift_reset_user(&mut pod, true));
        let context = containers::sidecar(&pod).unwrap().get("securityContext").unwrap();
        assert_eq!(context.as_map().unwrap().len(), 1);
    }

    #[test]
    fn a_sidecar_user_of_its_own_stays() {
        let text = br#"{"spec":{"containers":[{"name":"app","securityContext":{"runAsUser":7}},
            {"name":"istio-proxy","securityContext":{"runAsUser":9}}]}}"#;
        assert!(!openshift_reset_user(&mut parse(text).unwrap(), true));
    }

    #[test]
    fn the_redirect_excepts_the_user_that_the_pods_own_sidecar_asks_for() {
        let original = parse(
            br#"{"spec":{"containers":[{"name":"istio-proxy","securityContext":{"runAsUser":5,"runAsGroup":6}}]}}"#,
        )
        .unwrap();
        let text = br#"{"spec":{"containers":[{"name":"istio-proxy"}],
            "initContainers":[{"name":"istio-validation","args":["x","-u","1337","-x"]}]}}"#;
        let mut pod = parse(text).unwrap();
        assert!(adjust_init_user(&mut pod, &original, &Value::empty_map()));
        let init = containers::find(&pod, List::InitContainers, VALIDATION).unwrap();
        assert_eq!(init.get("args").unwrap().as_list().unwrap()[2].as_str(), Some("5"));
        assert_eq!(init.at(&["securityContext", "runAsGroup"]).unwrap().as_i64(), Some(6));
    }
}
