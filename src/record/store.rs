//! [`Store`]: recordings as files of one directory, bounded in number and bytes. A file is there whole or not at all, and
//! nobody but its owner reads it. What cannot be written is counted, and told of once. Never: what is in a file.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::since_epoch;
use crate::telemetry::Metrics;

/// How often a full directory is counted anew: somebody may have taken files away.
const RECOUNT: Duration = Duration::from_secs(10);
/// Counts the files of this process, so that no two have one name.
static NEXT: AtomicU64 = AtomicU64::new(0);
const ENDING: &str = ".json";
/// How a file is called that is being written: a hidden one.
const UNFINISHED: &str = ".new";

/// Where recordings go, and how many at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The directory.
    pub directory: PathBuf,
    /// Most files in it.
    pub files: usize,
    /// Most bytes of all files.
    pub bytes: u64,
}

/// A directory of recordings.
pub struct Store {
    place: Place,
    state: Mutex<State>,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
struct State {
    files: usize,
    bytes: u64,
    counted: Instant,
    told_full: bool,
    told_failed: bool,
}

impl Store {
    /// Makes the directory if it is not there, and counts what is in it.
    ///
    /// # Errors
    /// The directory cannot be made or written to.
    pub fn open(place: Place, metrics: Arc<Metrics>) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&place.directory)?;
        let (files, bytes) = count(&place.directory)?;
        let state = State { files, bytes, counted: Instant::now(), told_full: false, told_failed: false };
        let store = Self { place, state: Mutex::new(state), metrics };
        // What will not go is better known now than with the first review.
        let probe = store.unfinished("probe");
        create(&probe, b"")?;
        fs::remove_file(&probe)?;
        Ok(store)
    }

    /// Whether one more file may be written; if not, that is counted.
    pub fn has_room(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |state: &State| state.files >= self.place.files || state.bytes >= self.place.bytes;
        if full(&state) && state.counted.elapsed() >= RECOUNT {
            state.counted = Instant::now();
            if let Ok((files, bytes)) = count(&self.place.directory) {
                (state.files, state.bytes) = (files, bytes);
            }
        }
        let full = full(&state);
        if full {
            self.is_full(&mut state);
        }
        !full
    }

    /// Writes one recording.
    pub fn write(&self, text: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = state.bytes.saturating_add(text.len() as u64);
        if state.files >= self.place.files || bytes > self.place.bytes {
            return self.is_full(&mut state);
        }
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{}-{next:06}", since_epoch().as_millis(), std::process::id());
        let unfinished = self.unfinished(&name);
        let done = create(&unfinished, text.as_bytes())
            .and_then(|()| fs::rename(&unfinished, self.place.directory.join(format!("{name}{ENDING}"))));
        match done {
            Ok(()) => {
                state.files += 1;
                state.bytes = bytes;
                state.told_failed = false;
                state.told_full = false;
                self.metrics.recording("written");
            }
            Err(error) => {
                // It may not even be there.
                let _ = fs::remove_file(&unfinished);
                self.metrics.recording("failed");
                if !std::mem::replace(&mut state.told_failed, true) {
                    let directory = self.place.directory.display();
                    tracing::warn!(%directory, %error, "reviews cannot be recorded: free the disk, or end with --record");
                }
            }
        }
    }

    fn is_full(&self, state: &mut State) {
        self.metrics.recording("full");
        if !std::mem::replace(&mut state.told_full, true) {
            let (directory, files, bytes) = (self.place.directory.display(), state.files, state.bytes);
            tracing::info!(
                %directory, files, bytes,
                "no more reviews are recorded: take files away, or raise --record-max or --record-max-bytes"
            );
        }
    }

    fn unfinished(&self, name: &str) -> PathBuf {
        self.place.directory.join(format!(".{name}{UNFINISHED}"))
    }
}

fn create(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text)
}

/// The recordings of a directory: how many, and their bytes. What a process left that was killed is taken away.
fn count(directory: &Path) -> io::Result<(usize, u64)> {
    /// Whoever writes a file takes no longer.
    const OLD: Duration = Duration::from_secs(60);
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // Somebody may take files away while they are counted.
        let Ok(found) = entry.metadata() else { continue };
        if name.starts_with('.') && name.ends_with(UNFINISHED) {
            let age = found.modified().ok().and_then(|at| at.elapsed().ok());
            if age.is_some_and(|age| age > OLD) {
                let _ = fs::remove_file(entry.path());
            }
        } else if name.ends_with(ENDING) && found.is_file() {
            files += 1;
            bytes += found.len();
        }
    }
    Ok((files, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn store(directory: &Path, files: usize, bytes: u64) -> Store {
        let place = Place { directory: directory.to_owned(), files, bytes };
        Store::open(place, Arc::new(Metrics::new("default"))).unwrap()
    }

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_bounded_in_number_and_bytes_over_restarts() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("a/b");
        let one = store(&inner, 3, 1000);
        one.write("first\n");
        one.write("second\n");
        let two = store(&inner, 3, 1000);
        assert!(two.has_room());
        two.write("third\n");
        two.write("fourth\n");
        assert!(!two.has_room());
        assert_eq!(names(&inner).len(), 3);
        let text = two.metrics.render();
        assert!(text.contains("pillion_recordings_total{outcome=\"full\"} 2"), "{text}");
        for name in names(&inner) {
            assert!(name.ends_with(".json"), "{name}");
            let mode = fs::metadata(inner.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let small = store(&inner, 100, 25);
        small.write("this is too long\n");
        assert_eq!(names(&inner).len(), 3);
        small.write("x\n");
        assert_eq!(names(&inner).len(), 4);
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("recorded");
        let store = store(&inner, 10, 1000);
        fs::remove_dir(&inner).unwrap();
        store.write("x");
        store.write("x");
        fs::create_dir(&inner).unwrap();
        store.write("x");
        let text = store.metrics.render();
        assert!(text.contains("pillion_recordings_total{outcome=\"failed\"} 2"), "{text}");
        assert!(text.contains("pillion_recordings_total{outcome=\"written\"} 1"), "{text}");
        assert_eq!(names(&inner).len(), 1);
    }

    #[test]
    fn a_directory_that_cannot_be_written_to_is_told_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let place = Place { directory: file, files: 1, bytes: 1 };
        assert!(Store::open(place, Arc::new(Metrics::new("default"))).is_err());
    }
}
