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

/// What the machine's CPUs have done since it started, in ticks. A host that has several machines gives them CPUs in
/// turn: what is taken from this one while it wants to work is waiting that no process here causes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Machine {
    worked: u64,
    stolen: u64,
}

impl Machine {
    /// Until now.
    pub(crate) fn now() -> Result<Self> {
        let file = "/proc/stat";
        let text = std::fs::read_to_string(file).context(file)?;
        Self::read(&text)
            .with_context(|| format!("{file} has no line `cpu` with the eight times that Linux counts"))
    }

    fn read(text: &str) -> Option<Self> {
        let times: Vec<u64> = text
            .lines()
            .next()?
            .strip_prefix("cpu ")?
            .split_whitespace()
            .map_while(|n| n.parse().ok())
            .collect();
        let [user, nice, system, _idle, _io, interrupts, softly, stolen, ..] = times[..] else { return None };
        Some(Self { worked: user + nice + system + interrupts + softly, stolen })
    }

    /// How much of the time in which this machine wanted to work since then was taken from it, in percent.
    pub(crate) fn stolen_percent(self, since: Self) -> f64 {
        let stolen = self.stolen.saturating_sub(since.stolen) as f64;
        100.0 * stolen / (stolen + self.worked.saturating_sub(since.worked) as f64).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stolen_time_is_a_share_of_what_was_wanted() {
        let read = |text| Machine::read(text).unwrap();
        let (before, after) = (read("cpu  10 0 5 100 0 0 0 5 0 0\n"), read("cpu  70 0 5 900 0 0 0 25 0 0\n"));
        assert!((after.stolen_percent(before) - 25.0).abs() < 1e-9);
        assert!(Machine::read("cpu 1 2\n").is_none());
    }

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
