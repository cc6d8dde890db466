//! Certificate files that come late and change: cert-manager, istio-csr, a mounted Secret, a person. The new pair is
//! used when it is complete and matches; until then the old one stays. Never: a chain without its key.

use std::path::{Path, PathBuf};

use super::identity::{IdentityError, read};
use super::keeper::Keeper;
use super::{Identity, Trust};
use crate::watch::{Changes, Watch};

/// The files of an identity.
#[derive(Clone, Debug)]
pub struct Files {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities that clients trust. Without it `ca.crt` beside the certificate is read if it is there, else the
    /// chain's own end, if it is a root.
    pub authority: Option<PathBuf>,
}

impl Files {
    /// Starts to watch the directories that the files lie in.
    #[must_use]
    pub fn watch(&self) -> Watch {
        let files = [Some(&self.certificate), Some(&self.key), self.authority.as_ref()];
        let mut directories: Vec<PathBuf> = files.into_iter().flatten().map(|file| directory(file)).collect();
        directories.sort();
        directories.dedup();
        Watch::start(directories)
    }

    /// Reads them.
    pub(super) fn load(&self) -> Result<(Identity, Trust), IdentityError> {
        let identity = Identity::load(&self.certificate, &self.key)?;
        let beside = self.certificate.with_file_name("ca.crt");
        let trust = match &self.authority {
            Some(named) => Trust::from_pem(&read(named)?),
            None if beside.exists() => Trust::from_pem(&read(&beside)?),
            None => identity.root().map(|root| Trust::of(root.clone())).unwrap_or_default(),
        };
        Ok((identity, trust))
    }
}

/// Follows the files of an identity.
pub struct Follower {
    files: Files,
    watch: Watch,
    keeper: Keeper,
}

impl Follower {
    /// Watches from now on.
    #[must_use]
    pub fn new(files: Files, keeper: Keeper) -> Self {
        Self { watch: files.watch(), files, keeper }
    }

    /// Follows them for ever, from before they are there.
    pub async fn follow(mut self) {
        loop {
            self.look().await;
            self.watch.changed().await;
        }
    }

    /// Takes what is there into use, if it is new and good.
    pub async fn look(&mut self) {
        self.keeper.offer(&self.files.certificate.display().to_string(), self.files.load()).await;
    }
}

fn directory(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
