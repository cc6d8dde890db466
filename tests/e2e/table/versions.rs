//! Two versions of the chart: upgraded, and rolled back, under a stream of pods, none of which is refused or left without its
//! sidecar. The newer one is this chart packed under another version, as a release packs it.

use std::path::Path;

use serde_json::Value;

use crate::harness::install::{
    self, Install, RELEASE, ROOT, chart, configurations, nothing_installed, serves, uninstall,
};
use crate::harness::{get, helm_ok, row};
use crate::{endure::Stream, harness::istio};

const NEWER: &str = "99.1.0";

/// The chart, packed under another version.
fn packed(directory: &Path) -> String {
    let into = directory.to_str().unwrap();
    helm_ok(&["package", chart().to_str().unwrap(), "--version", NEWER, "--app-version", NEWER, "-d", into]);
    directory.join(format!("pillion-{NEWER}.tgz")).to_str().unwrap().to_owned()
}

/// The version that objects of the release carry, if they agree.
fn version() -> String {
    let label = |object: &Value| {
        let labels = &object["metadata"]["labels"];
        let chart = labels["helm.sh/chart"].as_str().unwrap().trim_start_matches("pillion-").to_owned();
        assert_eq!(labels["app.kubernetes.io/version"], chart.as_str(), "{labels}");
        chart
    };
    let deployment = get(&format!("/apis/apps/v1/namespaces/{ROOT}/deployments/pillion")).unwrap();
    let version = label(&deployment);
    assert!(configurations().iter().all(|config| label(config) == version));
    version
}

#[test]
fn a_newer_chart_and_back_again() {
    nothing_installed().run(|| {
        install::root_namespace();
        istio::config_maps(ROOT, "");
        let directory = tempfile::tempdir().unwrap();
        let newer = packed(directory.path());
        let values = directory.path().join("values.yaml");
        std::fs::write(&values, Install::Default.values().to_string()).unwrap();
        let upgrade = |chart: &str| {
            helm_ok(&[
                "upgrade",
                "--install",
                RELEASE,
                chart,
                "-n",
                ROOT,
                "-f",
                values.to_str().unwrap(),
                "--wait",
                "--timeout=90s",
            ]);
            serves(Install::Default);
        };
        upgrade(chart().to_str().unwrap());
        assert_eq!(version(), env!("CARGO_PKG_VERSION"));
        let stream = Stream::start();

        upgrade(&newer);
        assert_eq!(version(), NEWER);
        // Without a number: to the one before.
        helm_ok(&["rollback", RELEASE, "-n", ROOT, "--wait", "--timeout=90s"]);
        serves(Install::Default);
        assert_eq!(version(), env!("CARGO_PKG_VERSION"));

        let figures = stream.end();
        assert!(figures.refused.is_empty(), "{:#?}", figures.refused);
        assert_eq!(figures.uninjected, 0);
        assert!(figures.created > 50, "{figures}");
        row(&format!("an upgrade and a rollback between two versions of the chart: {figures}"));
        uninstall();
    });
}
