//! [`Watch`]: tells that something in some directories may have changed. Directories and not files, because the
//! kubelet renews a mounted ConfigMap or Secret by swapping the symlink `..data`: a watch on the file would sit on
//! the old inode and hear of the first change only. Never: what the files hold; whoever listens reads and compares.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// A change is told once nothing has happened for this long: writers touch several files.
const QUIET: Duration = Duration::from_millis(100);
/// A directory that never comes to rest is told of after this long all the same.
const LONGEST: Duration = Duration::from_secs(1);
/// Without any event a look is due after this long: file systems without events, a directory made anew.
const POLL: Duration = Duration::from_secs(30);

/// What changes now and then.
pub trait Changes: Send {
    /// Waits until something may have changed. Whoever listens looks and compares.
    fn changed(&mut self) -> impl Future<Output = ()> + Send;
}

/// Says which directories there are to watch.
type List = Box<dyn Fn() -> Vec<PathBuf> + Send>;

/// A watch over directories.
pub struct Watch {
    directories: List,
    watcher: Option<RecommendedWatcher>,
    events: mpsc::Receiver<()>,
    /// Directories that could not be watched, each told of once.
    refused: BTreeSet<PathBuf>,
}

impl Watch {
    /// Starts to watch. What happens from now on is not missed, also before [`Changes::changed`] is first called.
    #[must_use]
    pub fn start(directories: Vec<PathBuf>) -> Self {
        Self::over(move || directories.clone())
    }

    /// The same over directories that come and go: after each change they are listed anew.
    #[must_use]
    pub fn over(directories: impl Fn() -> Vec<PathBuf> + Send + 'static) -> Self {
        // One slot: a change that nobody has looked at yet need not be told twice.
        let (told, events) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| matters(event.kind)) {
                let _ = told.try_send(());
            }
        });
        let watcher = watcher
            .inspect_err(
                |error| tracing::warn!(%error, "no file events: changes are found by looking every 30 s"),
            )
            .ok();
        let directories = Box::new(directories);
        let mut watch = Self { directories, watcher, events, refused: BTreeSet::new() };
        watch.arm();
        watch
    }

    fn arm(&mut self) {
        let Some(watcher) = &mut self.watcher else { return };
        for directory in (self.directories)() {
            match watcher.watch(&directory, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.refused.remove(&directory);
                }
                Err(error) if !self.refused.contains(&directory) => {
                    tracing::warn!(directory = %directory.display(), %error, "cannot watch: looking every 30 s instead");
                    self.refused.insert(directory);
                }
                Err(_) => {}
            }
        }
    }
}

impl Changes for Watch {
    /// A change, or the time to look without one.
    async fn changed(&mut self) {
        if timeout_at(Instant::now() + POLL, next(&mut self.events)).await.is_ok() {
            let end = Instant::now() + LONGEST;
            while timeout_at(end.min(Instant::now() + QUIET), next(&mut self.events)).await.is_ok() {}
        }
        // A directory may be new, or another one under the same name: watch what is there now. This comes before whoever
        // listens looks, so that what happens between is told as the next change.
        self.arm();
    }
}

/// The next event; never, if there is no watcher to send one.
async fn next(events: &mut mpsc::Receiver<()>) {
    if events.recv().await.is_none() {
        std::future::pending::<()>().await;
    }
}

/// Reading a file is an event too: listening to that would make every look cause the next.
const fn matters(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(kind) => matches!(kind, AccessKind::Close(AccessMode::Write)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(watch: &mut Watch) -> bool {
        tokio::time::timeout(Duration::from_secs(5), watch.changed()).await.is_ok()
    }

    #[tokio::test]
    async fn every_swap_of_the_kubelets_symlink_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let swap = |generation: u32| {
            let data = dir.path().join(format!("..{generation}"));
            std::fs::create_dir(&data).unwrap();
            std::fs::write(data.join("config"), format!("{generation}")).unwrap();
            std::os::unix::fs::symlink(&data, dir.path().join("..data_tmp")).unwrap();
            std::fs::rename(dir.path().join("..data_tmp"), dir.path().join("..data")).unwrap();
        };
        swap(0);
        std::os::unix::fs::symlink("..data/config", dir.path().join("config")).unwrap();
        let mut watch = Watch::start(vec![dir.path().to_owned()]);
        for generation in 1..4 {
            swap(generation);
            assert!(told(&mut watch).await, "swap {generation}");
            assert_eq!(std::fs::read_to_string(dir.path().join("config")).unwrap(), generation.to_string());
        }
    }

    #[tokio::test]
    async fn what_happens_in_a_directory_that_came_later_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let (root, folder) = (dir.path().to_owned(), dir.path().join("nodes"));
        let listed = folder.clone();
        let mut watch = Watch::over(move || {
            [root.clone(), listed.clone()].into_iter().filter(|directory| directory.is_dir()).collect()
        });
        for round in 0..3 {
            std::fs::create_dir(&folder).unwrap();
            assert!(told(&mut watch).await, "a folder came, round {round}");
            for text in ["a", "b"] {
                std::fs::write(folder.join("all.yaml"), text).unwrap();
                assert!(told(&mut watch).await, "a file changed to {text}, round {round}");
            }
            std::fs::rename(&folder, dir.path().join(format!("old-{round}"))).unwrap();
            assert!(told(&mut watch).await, "the folder went, round {round}");
        }
    }

    #[tokio::test]
    async fn reading_is_no_change() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        std::fs::write(&file, "x").unwrap();
        let mut watch = Watch::start(vec![dir.path().to_owned()]);
        std::fs::read(&file).unwrap();
        let quiet = tokio::time::timeout(Duration::from_millis(400), watch.changed()).await;
        assert!(quiet.is_err());
    }
}
