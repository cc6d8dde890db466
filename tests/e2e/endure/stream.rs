//! [`Stream`]: pods created without a pause, as dry runs: each passes the API server's whole admission, and none is left
//! behind. Never: what happens to the webhook meanwhile.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::harness::{namespace, pods};

/// Pods are created by so many at once.
const THREADS: usize = 2;
/// So that the stream does not take the machine from what it watches.
const PAUSE: Duration = Duration::from_millis(20);

/// What became of the pods.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub created: usize,
    /// Refused, with when and why.
    pub refused: Vec<String>,
    pub uninjected: usize,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { created, refused, uninjected } = self;
        write!(f, "{created} pods created meanwhile, {} refused, {uninjected} uninjected", refused.len())
    }
}

/// Pods are created until it is ended.
pub struct Stream {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Figures>>,
}

impl Stream {
    /// Begins in a new namespace that asks for sidecars.
    pub fn start() -> Self {
        let namespace = namespace(&[("istio-injection", "enabled")]);
        let stop = Arc::new(AtomicBool::new(false));
        let begin = Instant::now();
        let threads = (0..THREADS).map(|thread| {
            let (namespace, stop) = (namespace.clone(), Arc::clone(&stop));
            std::thread::spawn(move || {
                let mut figures = Figures::default();
                while !stop.load(Ordering::Relaxed) {
                    figures.created += 1;
                    let pod = pods::plain(&format!("pod-{thread}-{}", figures.created));
                    match pods::dry_run(&namespace, &pod) {
                        Ok(pod) => figures.uninjected += usize::from(!pods::is_injected(&pod)),
                        Err(why) => {
                            let at = begin.elapsed().as_secs_f32();
                            figures.refused.push(format!("after {at:.1} s: {why}"));
                        }
                    }
                    std::thread::sleep(PAUSE);
                }
                figures
            })
        });
        let threads = threads.collect();
        Self { stop, threads }
    }

    /// Ends it and says what became of the pods.
    pub fn end(self) -> Figures {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Figures::default();
        for thread in self.threads {
            let figures = thread.join().expect("a thread of the stream panicked");
            all.created += figures.created;
            all.refused.extend(figures.refused);
            all.uninjected += figures.uninjected;
        }
        all
    }
}
