//! Threads that work off a list of jobs. Never: what a job is.

use std::sync::Mutex;

use anyhow::{Result, anyhow};

/// Does every job on one of `threads` threads and hands each result to `take`, in the order in which they come.
///
/// # Errors
/// The first job that failed; the others were done all the same.
pub fn each<J: Sync, T>(
    jobs: &[J],
    threads: usize,
    work: impl Fn(&J) -> Result<T> + Sync,
    take: impl FnMut(T) + Send,
) -> Result<()> {
    let next = Mutex::new(jobs.iter());
    let found = Mutex::new((take, None));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(job) = next.lock().ok().and_then(|mut next| next.next()) {
                    let done = work(job);
                    if let Ok(mut found) = found.lock() {
                        match done {
                            Ok(result) => (found.0)(result),
                            Err(error) => drop(found.1.get_or_insert(error)),
                        }
                    }
                }
            });
        }
    });
    let (_, failed) = found.into_inner().map_err(|_| anyhow!("a comparing thread died"))?;
    failed.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_once_whatever_the_others_come_to() {
        let jobs: Vec<usize> = (0..100).collect();
        let mut sum = 0;
        let work = |job: &usize| if *job == 7 { Err(anyhow!("seven")) } else { Ok(*job) };
        let failed = each(&jobs, 3, work, |job| sum += job).unwrap_err();
        assert_eq!((sum, failed.to_string().as_str()), (4950 - 7, "seven"));
    }
}
