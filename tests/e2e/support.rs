//! Helpers of the tests against a real API server. Never: assertions about what the program writes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use pillion_control_plane::{ControlPlane, binaries};

/// The control plane of all tests. Nothing drops it: its guard ends it when this process ends.
static PLANE: LazyLock<ControlPlane> = LazyLock::new(|| {
    let mut plane = ControlPlane::start(&binaries().unwrap(), &[]).unwrap();
    // It makes the service account that pods run as.
    plane.start_controller_manager(&[]).unwrap();
    plane
});

/// The control plane, started at the first call.
pub fn plane() -> &'static ControlPlane {
    &PLANE
}

/// Writes Istio's injector configuration into `directory`, as the newest release's chart has it without any values.
pub fn istios_defaults(directory: &Path) {
    let oracle = std::env::var_os("PILLION_ORACLE").filter(|path| !path.is_empty()).map(PathBuf::from);
    let oracle = oracle.expect("PILLION_ORACLE names no oracle: run `make dry-run`");
    let status = Command::new(oracle).args(["render", "--dir"]).arg(directory).status().unwrap();
    assert!(status.success(), "the oracle does not render Istio's chart");
}

/// Runs a command to its end with `input` on its standard input.
pub fn run(command: &mut Command, input: &str) -> Output {
    pillion_control_plane::run(command, input).unwrap()
}

/// The program, with nothing of this environment that it reads.
pub fn pillion() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pillion"));
    for name in
        ["REVISION", "POD_NAMESPACE", "ENABLE_NATIVE_SIDECARS", "PLATFORM", "COMPLIANCE_POLICY", "RUST_LOG"]
    {
        command.env_remove(name);
    }
    command
}
