//! What a process has cost, as the kernel counts it: time on the CPU in nanoseconds, all its threads together and those
//! that have ended too, and memory. Never: wall time.

use std::time::Duration;

use anyhow::{Context, Result};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;
use serde::Serialize;

/// The clock that runs while a process is on a CPU.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuClock(ClockId);

impl CpuClock {
    /// The clock of a process.
    pub(crate) fn of(id: u32) -> Result<Self> {
        let pid = Pid::from_raw(i32::try_from(id)?);
        clock_getcpuclockid(pid).map(Self).with_context(|| format!("process {id} has no clock"))
    }

    /// What it shows.
    pub(crate) fn now(self) -> Result<Duration> {
        Ok(self.0.now().context("the process is gone")?.into())
    }
}

/// What a process holds, in kilobytes.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Memory {
    /// Resident, files that are mapped too.
    pub(crate) resident_kb: u64,
    /// Resident and its own.
    pub(crate) anonymous_kb: u64,
    /// The most that was ever resident.
    pub(crate) peak_kb: u64,
}

impl Memory {
    /// What a process holds now.
    pub(crate) fn of(id: u32) -> Result<Self> {
        let file = format!("/proc/{id}/status");
        let status = std::fs::read_to_string(&file).with_context(|| file.clone())?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let number = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok());
            number.with_context(|| format!("{file} has no {name}"))
        };
        Ok(Self { resident_kb: field("VmRSS")?, anonymous_kb: field("RssAnon")?, peak_kb: field("VmHWM")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_seen_and_so_is_memory() {
        let clock = CpuClock::of(std::process::id()).unwrap();
        let before = clock.now().unwrap();
        // A thread that has ended counts too.
        std::thread::spawn(|| std::hint::black_box((0..5_000_000_u64).fold(0, |a, b| a ^ b.rotate_left(7))))
            .join()
            .unwrap();
        assert!(clock.now().unwrap() > before);
        let memory = Memory::of(std::process::id()).unwrap();
        assert!(memory.resident_kb >= memory.anonymous_kb && memory.peak_kb > 0);
    }
}
