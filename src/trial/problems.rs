//! [`Problem`]: something found while a configuration was tried, whoever found it; [`Problems`]: all of them, the same of
//! many pods told once. Never: finding them, printing them.

use std::collections::BTreeMap;

use pillion_core::config::{ConfigError, ConfigWarning};
use pillion_core::inject::{InjectError, Verdict, Warning};
use pillion_core::lint::{Finding, Severity};
use serde::Serialize;

/// Most different problems that are kept: a template that is wrong in a hundred ways is wrong.
const MOST: usize = 1000;
/// Most pods that are named with one problem.
const MOST_PODS: usize = 1000;

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What, in a word: a code of the lint, of a refusal, or `configuration`.
    pub code: &'static str,
    /// What, in a sentence.
    pub message: String,
    /// What to do; empty where the message says it.
    pub hint: &'static str,
    /// The templates that had a part in it, comma-separated.
    pub templates: String,
    /// The container.
    pub container: String,
    /// The pods that have it.
    pub pods: Vec<String>,
    /// How many have it.
    pub count: usize,
    /// The field, of the first pod that has it.
    pub field: String,
}

/// A problem as JSON: the stable form.
#[derive(Serialize)]
pub struct Told<'p> {
    severity: &'static str,
    code: &'static str,
    message: &'p str,
    hint: &'static str,
    templates: Vec<&'p str>,
    container: &'p str,
    field: &'p str,
    pods: &'p [String],
    count: usize,
}

impl Problem {
    fn new(severity: Severity, code: &'static str, message: String, hint: &'static str) -> Self {
        let (templates, container, field) = (String::new(), String::new(), String::new());
        Self { severity, code, message, hint, templates, container, pods: Vec::new(), count: 0, field }
    }

    fn on(mut self, pod: &str) -> Self {
        self.pods.push(pod.to_owned());
        self.count = 1;
        self
    }

    /// A configuration that cannot be used.
    #[must_use]
    pub fn of_fault(message: String) -> Self {
        Self::new(Severity::Error, "configuration", message, "")
    }

    /// A trial that was given up.
    #[must_use]
    pub fn unfinished() -> Self {
        let message = "not all sample pods were tried, for it took too long".to_owned();
        Self::new(Severity::Warning, "configuration", message, "")
    }

    /// Something odd about a configuration.
    #[must_use]
    pub fn of_configuration(warning: &ConfigWarning) -> Self {
        let template = match warning {
            ConfigWarning::Template(ConfigError { template: Some(template), .. }) => template.clone(),
            _ => String::new(),
        };
        let problem = Self::new(Severity::Warning, "configuration", warning.to_string(), "");
        Self { templates: template, ..problem }
    }

    /// A pod that is refused.
    #[must_use]
    pub fn of_refusal(error: &InjectError, pod: &str) -> Self {
        let reason = error.reason();
        let message = error.to_string().trim_end().to_owned();
        let problem = Self::new(Severity::Error, reason.code(), message, reason.hint()).on(pod);
        let templates = match error {
            InjectError::TemplateMissing { name, .. }
            | InjectError::TemplateBroken { name, .. }
            | InjectError::TemplateFailed { name, .. } => name.clone(),
            _ => String::new(),
        };
        Self { templates, ..problem }
    }

    /// Something odd about a pod; that a selector is passed over is told of the configuration.
    #[must_use]
    pub fn of_warning(warning: &Warning, pod: &str) -> Option<Self> {
        let code = match warning {
            Warning::Selector { .. } | Warning::PathKey(_) => return None,
            Warning::InjectValue(_) => "inject_value",
            Warning::DnsPolicy(_) => "dns_policy",
            Warning::Deprecated { .. } => "deprecated",
            Warning::Contradiction(_) => "contradiction",
            Warning::Other(_) | Warning::Undeclared { .. } | Warning::NotOfNamespaces(_) => "annotation",
        };
        Some(Self::new(Severity::Warning, code, warning.to_string(), "").on(pod))
    }

    /// Something wrong with an injected pod.
    #[must_use]
    pub fn of_finding(finding: &Finding, pod: &str) -> Self {
        let code = finding.code;
        let problem = Self::new(code.severity(), code.name(), finding.message.clone(), code.hint());
        Self {
            templates: finding.templates.clone(),
            container: finding.container.clone().unwrap_or_default(),
            field: finding.field.clone(),
            ..problem.on(pod)
        }
    }

    /// As JSON.
    #[must_use]
    pub fn told(&self) -> Told<'_> {
        Told {
            severity: self.severity.name(),
            code: self.code,
            message: &self.message,
            hint: self.hint,
            templates: self.templates.split(',').filter(|name| !name.is_empty()).collect(),
            container: &self.container,
            field: &self.field,
            pods: &self.pods,
            count: self.count,
        }
    }
}

/// What makes two problems the same.
type Key = (std::cmp::Reverse<Severity>, &'static str, String, String);

/// All that was found.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    found: BTreeMap<Key, Problem>,
    /// Pods that were injected.
    pub injected: usize,
    /// Pods that were let through as they are.
    pub skipped: usize,
    /// Pods that were refused.
    pub refused: usize,
}

impl Problems {
    /// Adds one.
    pub fn add(&mut self, problem: Problem) {
        let key = (
            std::cmp::Reverse(problem.severity),
            problem.code,
            problem.templates.clone(),
            problem.message.clone(),
        );
        if let Some(known) = self.found.get_mut(&key) {
            known.count += problem.count;
            let room = MOST_PODS.saturating_sub(known.pods.len());
            known.pods.extend(problem.pods.into_iter().take(room));
        } else if self.found.len() < MOST {
            self.found.insert(key, problem);
        }
    }

    /// Counts a pod that was not refused.
    pub fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Injected => self.injected += 1,
            Verdict::Skipped => self.skipped += 1,
            Verdict::Refused => self.refused += 1,
        }
    }

    /// The same with no problem worse than this.
    #[must_use]
    pub fn at_most(self, severity: Severity) -> Self {
        let (injected, skipped, refused) = (self.injected, self.skipped, self.refused);
        let mut all = Self { found: BTreeMap::new(), injected, skipped, refused };
        for problem in self.found.into_values() {
            all.add(Problem { severity: problem.severity.min(severity), ..problem });
        }
        all
    }

    /// Adds all of others.
    pub fn append(&mut self, others: Self) {
        self.injected += others.injected;
        self.skipped += others.skipped;
        self.refused += others.refused;
        others.found.into_values().for_each(|problem| self.add(problem));
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them, errors first.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.found.values()
    }

    /// How many there are of a severity.
    #[must_use]
    pub fn of(&self, severity: Severity) -> usize {
        self.iter().filter(|problem| problem.severity == severity).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_problem_of_many_pods_is_told_once_and_errors_come_first() {
        let mut problems = Problems::default();
        let warning = Warning::DnsPolicy("Default".into());
        for pod in ["a", "b", "c"] {
            problems.add(Problem::of_warning(&warning, pod).unwrap());
        }
        problems.add(Problem::of_fault("config: no".into()));
        let all: Vec<_> =
            problems.iter().map(|p| (p.severity.name(), p.code, p.pods.len(), p.count)).collect();
        assert_eq!(all, [("error", "configuration", 0, 0), ("warning", "dns_policy", 3, 3)]);
        assert_eq!((problems.of(Severity::Error), problems.of(Severity::Warning)), (1, 1));
        let milder = problems.at_most(Severity::Warning);
        assert_eq!((milder.of(Severity::Error), milder.of(Severity::Warning)), (0, 2));
    }
}
