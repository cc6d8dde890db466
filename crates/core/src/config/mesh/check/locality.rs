//! Load balancing by locality: weights that add up, localities that do not overlap, regions that fail over to
//! others. Never: whether such localities exist.

use pillion_govalue::{Map, Value};

use super::{Findings, list, string};

/// Labels by which the mesh orders localities itself.
const TOPOLOGY: [&str; 3] =
    ["topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone"];

/// `localityLbSetting`.
pub(super) fn locality(setting: &Value<'_>, found: &mut Findings) {
    const NAME: &str = "localityLbSetting";
    let (distribute, failover) = (list(setting, "distribute"), list(setting, "failover"));
    if !distribute.is_empty() && !failover.is_empty() {
        return found.error(format!("{NAME}: 'distribute' and 'failover' exclude each other"));
    }
    if !failover.is_empty()
        && let Some(label) = topology_label(setting)
    {
        return found
            .error(format!("{NAME}: 'failover' and {label} in 'failoverPriority' exclude each other"));
    }
    let empty = Map::new();
    let mut from = Vec::new();
    for rule in distribute {
        from.push(string(rule, "from"));
        let to = rule.get("to").and_then(Value::as_map).unwrap_or(&empty);
        let weights: Vec<i64> = to.iter().map(|(_, w)| w.as_i64().unwrap_or_default()).collect();
        if weights.iter().any(|w| !(1..=100).contains(w)) {
            return found.error(format!("{NAME}: a weight must be in the range [1, 100]"));
        }
        let total: i64 = weights.iter().sum();
        if total != 100 {
            return found.error(format!("{NAME}: the weights of a rule add up to {total}, not to 100"));
        }
        let to: Vec<&str> = to.sorted().into_iter().map(|(k, _)| k.as_str()).collect();
        found.check(NAME, localities(&to));
    }
    found.check(NAME, localities(&from));
    failovers(NAME, failover, found);
}

/// `zoneAwareLbSetting`.
pub(super) fn zone_aware(setting: &Value<'_>, found: &mut Findings) {
    const NAME: &str = "zoneAwareLbSetting";
    if let Some(label) = topology_label(setting) {
        found.error(format!("{NAME}: 'failoverPriority' may not name {label}, which is ordered by itself"));
    }
    failovers(NAME, list(setting, "failover"), found);
}

fn topology_label<'v>(setting: &'v Value<'_>) -> Option<&'v str> {
    let labels = list(setting, "failoverPriority").iter().filter_map(Value::as_str);
    labels.into_iter().find(|label| TOPOLOGY.contains(label))
}

fn failovers(name: &str, failovers: &[Value<'_>], found: &mut Findings) {
    for failover in failovers {
        let (from, to) = (string(failover, "from"), string(failover, "to"));
        if from == to {
            found.error(format!("{name}: a failover from {from:?} must lead to another region"));
        }
        for (mark, what) in [('/', "name regions only"), ('*', "not contain '*'")] {
            if from.contains(mark) || to.contains(mark) {
                found.error(format!("{name}: a failover must {what}"));
            }
        }
    }
}

/// `region[/zone[/subzone]]` each, the last part possibly `*`; none may lie within another.
fn localities(names: &[&str]) -> Result<(), String> {
    let mut seen: Vec<Vec<&str>> = Vec::new();
    for name in names {
        let stars = name.matches('*').count();
        if stars > 1 || stars == 1 && !name.ends_with('*') {
            return Err(format!("locality {name}: only one '*' may be, at the end"));
        }
        let parts: Vec<&str> = name.splitn(3, '/').collect();
        // `*` for a region takes everything that comes after it in the list, but nothing before it.
        let taken = seen.iter().any(|s| s[..] == ["*"]) || seen.iter().any(|s| overlap(s, &parts));
        if taken {
            return Err(format!("locality {name} overlaps with one before it"));
        }
        if parts.iter().any(|p| p.is_empty()) {
            return Err(format!("locality {name} has an empty region, zone or subzone"));
        }
        seen.push(parts);
    }
    Ok(())
}

/// Whether one locality is the other or holds it; `*` as a zone or subzone holds all that come after it.
fn overlap(old: &[&str], new: &[&str]) -> bool {
    for (depth, (a, b)) in old.iter().zip(new).enumerate() {
        if depth > 0 && *a == "*" {
            return true;
        }
        if a != b {
            return false;
        }
    }
    true
}
