//! The image, as far as it can be judged without building it: hadolint has nothing to say of the Dockerfile, its compiler
//! is the repository's, and the program needs no library that the final image lacks.

use std::process::Command;

use crate::support::{repository, run, succeed};

/// What distroless `cc-debian12` has, besides the loader: glibc and libgcc. (It has libstdc++ too, which is not needed.)
const LIBRARIES: &[&str] =
    &["libc.so.6", "libm.so.6", "libgcc_s.so.1", "libdl.so.2", "libpthread.so.0", "librt.so.1"];
const LOADERS: &[&str] = &["ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"];

fn dockerfile() -> String {
    std::fs::read_to_string(repository("Dockerfile")).unwrap()
}

#[test]
fn hadolint_has_nothing_to_say() {
    let hadolint = succeed(&mut Command::new(repository("scripts/hadolint")), "");
    let mut command = Command::new(hadolint.trim());
    let output = run(command.arg("--no-color").arg(repository("Dockerfile")), "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_final_image_has_no_root_and_no_shell() {
    let text = dockerfile();
    let last = text.rsplit("\nFROM ").next().unwrap();
    assert!(last.contains("distroless/cc-debian12:nonroot"), "{last}");
    assert!(last.contains("\nUSER 65532:65532\n"), "{last}");
    assert!(!last.contains("\nRUN "), "there is no shell to run it");
    for platform in ["amd64)", "arm64)"] {
        assert!(text.contains(platform), "{platform}");
    }
}

#[test]
fn the_redirects_image_has_nft_and_no_shell() {
    let text = dockerfile();
    let (_, stage) = text.split_once("\nFROM gcr.io/distroless/cc-debian12:nonroot AS redirect\n").unwrap();
    let stage = stage.split("\nFROM ").next().unwrap();
    assert!(stage.contains("COPY --from=nft /out/ /"), "{stage}");
    // Capabilities of a container are its root's.
    assert!(stage.contains("\nUSER 0:0\n") && stage.contains("CMD [\"redirect\"]"), "{stage}");
    assert!(!stage.contains("\nRUN "), "there is no shell to run it");
}

#[test]
fn its_compiler_is_the_repositorys() {
    let toolchain = std::fs::read_to_string(repository("rust-toolchain.toml")).unwrap();
    let channel =
        toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    assert!(
        dockerfile().contains(&format!(" rust:{channel}-slim-bookworm ")),
        "the Dockerfile is not of Rust {channel}"
    );
}

#[test]
fn what_the_build_reads_is_sent_to_it() {
    let ignored = std::fs::read_to_string(repository(".dockerignore")).unwrap();
    for needed in ["Cargo.toml", "Cargo.lock", "src", "crates", "profiles", "tests"] {
        assert!(ignored.lines().any(|line| line == format!("!{needed}")), "{needed} is not sent");
    }
}

#[test]
fn the_program_needs_no_library_that_the_image_lacks() {
    let told =
        succeed(Command::new("readelf").args(["--dynamic", "--wide"]).arg(env!("CARGO_BIN_EXE_pillion")), "");
    let needed: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| line.split_once('[')?.1.split(']').next())
        .collect();
    println!("the program needs {needed:?}");
    assert!(needed.contains(&"libc.so.6"), "readelf says {told}");
    for library in needed {
        assert!(LIBRARIES.contains(&library) || LOADERS.contains(&library), "the image has no {library}");
    }
}
