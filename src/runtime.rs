//! The threads that requests are worked on. One place says how many and how large, so that whatever is measured beside
//! the webhook runs on the same. Never: what runs on them.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// Stack of the threads that serve: templates may nest.
const STACK: usize = 8 * 1024 * 1024;
/// Threads for large bodies and reloads.
const BLOCKING_THREADS: usize = 8;

/// Starts the threads of `pillion serve`.
///
/// # Errors
/// The system gives no threads.
pub fn start() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
}
