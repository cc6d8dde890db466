//! The threads that requests are worked on. One place says how many and how large, so that whatever is measured beside
//! the webhook runs on the same. Never: what runs on them.

use std::io;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};

/// Stack of the threads that serve: templates may nest.
const STACK: usize = 8 * 1024 * 1024;
/// Threads for reloads and whatever else is beside the requests; those that work on requests come on top, as many as
/// there may be at once (`http::turns`).
const BLOCKING_THREADS: usize = 8;
const WORKING_THREADS_PER_CORE: usize = 2;

/// Starts the threads of `pillion serve`.
///
/// # Errors
/// The system gives no threads.
pub fn start() -> io::Result<Runtime> {
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .max_blocking_threads(BLOCKING_THREADS + WORKING_THREADS_PER_CORE * cores)
        .build()
}
