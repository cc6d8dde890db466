//! The rules that users rely on, each with the default revision and with the revision `1-20-2` that has the tag
//! `default`. A row is a function; the two modules below make two tests of each.
//!
//! | module | holds |
//! |---|---|
//! | `labels` | labels of namespaces and pods |
//! | `workloads` | pods that controllers make; Kustomize; Istio's gateway chart |
//! | `calls` | dry run, reinvocation |
//! | `releases` | the life of a Helm release |
//! | `versions` | two versions of the chart |
//! | `overlays` | installed with Kustomize |

mod calls;
mod labels;
mod overlays;
mod releases;
pub mod second;
mod versions;
mod workloads;

use crate::harness::install::{Install, installed};

/// Makes a test of each row for each installation.
macro_rules! rows {
    ($($module:ident :: $row:ident),* $(,)?) => {
        mod default_revision {
            $(#[test]
            fn $row() {
                super::with(super::Install::Default, super::$module::$row);
            })*
        }

        mod revision_1_20_2 {
            $(#[test]
            fn $row() {
                super::with(super::Install::Revision, super::$module::$row);
            })*
        }
    };
}

rows! {
    labels::namespace_enabled_or_disabled,
    labels::a_pod_that_says_no_is_never_injected,
    labels::a_pod_that_says_yes,
    labels::the_revision_is_asked_for_by_namespace_or_pod,
    labels::disabled_wins_over_the_revision,
    labels::system_namespaces_are_never_injected,
    labels::pods_on_the_hosts_network_are_not_injected,
    labels::an_operators_own_namespace_is_not_injected,
    labels::kubectl_label_decides_about_the_next_pod,
    labels::pods_without_labels_and_annotations,
    workloads::controllers_make_injected_pods,
    workloads::kustomize_patches_every_deployment,
    workloads::istios_gateway_in_our_own_namespace,
    calls::dry_run_has_no_side_effect,
    calls::reinvoked_around_a_second_webhook,
}

fn with(install: Install, row: impl FnOnce(Install)) {
    installed(install).run(|| row(install));
}
