//! What a person needs to try a running webhook: the CA's certificate and a sample review as files, and a `curl` line
//! that posts the review and shows the injected pod. Never: keys.

use std::fs::{self, DirBuilder};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::source::check;

/// Writes the files and makes the line. Without a CA of ours the certificate is the user's, whose CA we do not know.
pub(super) fn prepare(directory: Option<&Path>, https: SocketAddr, ca_pem: Option<&str>) -> Result<String> {
    let directory = match directory {
        Some(directory) => {
            fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
            directory.to_owned()
        }
        None => own_directory(https.port())?,
    };
    let review = write(&directory, "review.json", &check::sample_review())?;
    let trust = match ca_pem {
        Some(pem) => {
            let ca = write(&directory, "ca.crt", pem)?;
            tracing::info!(ca = %ca.display(), "a certificate was made in memory: this file holds its CA");
            format!("--cacert {}", quoted(&ca))
        }
        None => "--insecure".to_owned(),
    };
    let host =
        if https.ip().is_unspecified() { format!("localhost:{}", https.port()) } else { https.to_string() };
    Ok(format!(
        "curl -sS {trust} -H 'Content-Type: application/json' -H 'Accept: application/yaml' --data-binary @{} \
         https://{host}/inject",
        quoted(&review)
    ))
}

/// A directory for this user and port among the temporary ones, which other users can write to as well: one that is
/// there already must be ours alone, or somebody could lay another CA into it.
fn own_directory(port: u16) -> Result<PathBuf> {
    let base = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_dir());
    let base = base.unwrap_or_else(std::env::temp_dir);
    let ours = fs::metadata("/proc/self").map(|meta| meta.uid()).ok();
    let directory = base.join(match ours {
        Some(uid) => format!("pillion-{uid}-{port}"),
        None => format!("pillion-{port}"),
    });
    if let Err(error) = DirBuilder::new().mode(0o700).create(&directory)
        && error.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(error).with_context(|| directory.display().to_string());
    }
    let found = fs::symlink_metadata(&directory).with_context(|| directory.display().to_string())?;
    if !found.is_dir() || found.mode() & 0o022 != 0 || ours.is_some_and(|uid| uid != found.uid()) {
        bail!("{} is there and not ours alone: name another directory", directory.display());
    }
    Ok(directory)
}

/// Writes a file whole: beside it first, then under its name.
fn write(directory: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let (path, beside) = (directory.join(name), directory.join(format!(".{name}.new")));
    fs::write(&beside, text).with_context(|| beside.display().to_string())?;
    fs::rename(&beside, &path).with_context(|| path.display().to_string())?;
    Ok(path)
}

/// A path as a word of the shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%,:".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_blanks_and_quotes_stay_one_word() {
        assert_eq!(quoted(Path::new("/tmp/a-b/ca.crt")), "/tmp/a-b/ca.crt");
        assert_eq!(quoted(Path::new("/tmp/a b")), "'/tmp/a b'");
        assert_eq!(quoted(Path::new("/tmp/it's")), r"'/tmp/it'\''s'");
    }

    #[test]
    fn the_line_names_the_files_that_were_written() {
        let dir = tempfile::tempdir().unwrap();
        let line = prepare(Some(dir.path()), "[::]:4711".parse().unwrap(), Some("pem")).unwrap();
        assert!(line.contains("https://localhost:4711/inject"), "{line}");
        assert_eq!(fs::read_to_string(dir.path().join("ca.crt")).unwrap(), "pem");
        let review = fs::read(dir.path().join("review.json")).unwrap();
        assert!(crate::review::decode(&review).unwrap().request.is_some());
    }
}
