//! [`Question`] and [`Answer`]: what is asked of both sides, and what either says. Never asks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One installation and one of its pods. What is `None` is not there.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// The text of the mesh configuration.
    pub mesh: Option<String>,
    /// The text of the shared one, which lies under it.
    pub shared: Option<String>,
    /// ProxyConfig resources, one a text.
    pub proxy_configs: Vec<String>,
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's labels.
    pub labels: BTreeMap<String, String>,
    /// The pod's annotations.
    pub annotations: BTreeMap<String, String>,
    /// What is compared where the sources are taken, for the table of coverage.
    #[serde(skip)]
    pub in_sources: Vec<String>,
    /// What is compared where the annotation is taken as well.
    #[serde(skip)]
    pub in_annotation: Vec<String>,
}

/// What one side makes of a question.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// The effective mesh configuration.
    pub mesh: Value,
    /// The sources that are refused, and why.
    pub refused: BTreeMap<String, String>,
    /// Why each resource cannot be read; empty where it can.
    pub resources: Vec<String>,
    /// The pod's effective ProxyConfig.
    pub proxy: Value,
    /// The text that templates write of it.
    pub pod: String,
    /// Why the annotation is refused; empty where it is not.
    pub annotation: String,
    /// The annotation over the mesh's default, without resources; null where it cannot be.
    pub applied: Value,
    /// Set where the side died of the question.
    pub err: String,
}
