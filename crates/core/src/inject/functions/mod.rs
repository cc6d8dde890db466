//! The functions that Istio adds for its templates, some of them in place of sprig's of the same name.
//!
//! Owns: what `CreateInjectionFuncmap` of Istio's pkg/kube/inject gives, and the one choice of set that depends on
//! the release. Never: sprig itself (pillion-gotmpl has it), or the process's environment: `env` reads settings.

mod json;
mod maps;
mod multus;
mod otel;
mod text;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use pillion_gotmpl::funcs::sprig;
use pillion_gotmpl::{Function, FunctionSet};

use crate::config::Gates;

/// What differs between releases in what functions do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// `appendMultusNetwork` takes `namespace/name` apart: from 1.26, 1.25.1, 1.24.4 and 1.23.6 on.
    pub multus_namespace: bool,
    /// A Zipkin address in a ProxyConfig is the default and not printed: up to 1.21.
    pub default_tracing: bool,
}

impl Default for Dialect {
    /// The newest release.
    fn default() -> Self {
        Self { multus_namespace: true, default_tracing: false }
    }
}

impl From<&Gates> for Dialect {
    fn from(gates: &Gates) -> Self {
        Self { multus_namespace: gates.multus_namespace, default_tracing: !gates.no_default_tracing }
    }
}

/// Functions that every release has alike. Releases differ in which they know at all; a template that asks for one
/// which its release had not yet is none that ever ran there.
const TABLES: &[&[Function]] = &[json::TABLE, maps::TABLE, otel::TABLE, text::TABLE];

/// By `multus_namespace` and `default_tracing`; made when asked for, for a configuration is of one release.
static SETS: [LazyLock<FunctionSet>; 4] = [
    LazyLock::new(|| set(false, false)),
    LazyLock::new(|| set(false, true)),
    LazyLock::new(|| set(true, false)),
    LazyLock::new(|| set(true, true)),
];

fn set(multus_namespace: bool, default_tracing: bool) -> FunctionSet {
    TABLES
        .iter()
        .fold(sprig::function_set(), |set, table| set.with(table))
        .with(&[multus::function(multus_namespace), json::proto_to_json(default_tracing)])
}

/// All functions that Istio's templates may call.
#[must_use]
pub fn function_set(dialect: Dialect) -> &'static FunctionSet {
    let [plain, tracing, multus, both] = &SETS;
    match (dialect.multus_namespace, dialect.default_tracing) {
        (false, false) => plain,
        (false, true) => tracing,
        (true, false) => multus,
        (true, true) => both,
    }
}
