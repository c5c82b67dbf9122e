//! Figures of the whole are under `benches/`; run them with `cargo bench -p sijill-benches`.
//!
//! Here is what they are measured with. Memory, processor time and threads are read from `/proc`, so elsewhere than on
//! Linux they are 0.

use std::process::Command;
use std::time::{Duration, Instant};

/// Wall and processor time from a start on.
#[derive(Debug, Clone, Copy)]
pub struct Meter {
    wall: Instant,
    cpu: f64,
}

impl Meter {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu: cpu_seconds(),
        }
    }

    /// Seconds on the wall, and of all processors in user and system mode by this process.
    #[must_use]
    pub fn seconds(&self) -> (f64, f64) {
        (self.wall.elapsed().as_secs_f64(), cpu_seconds() - self.cpu)
    }
}

/// What a process took.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Seconds on the wall.
    pub wall: f64,
    /// Seconds of all processors in user and system mode.
    pub cpu: f64,
    /// The most of its memory that was resident at any time, in bytes.
    pub peak_bytes: u64,
}

/// Runs a command to its end; nothing else of this process may run meanwhile.
///
/// # Errors
/// If it cannot be started, or does not succeed.
pub fn run(command: &mut Command) -> Result<Run, String> {
    let (start, before) = (Instant::now(), ticks(13));
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let path = format!("/proc/{}/status", child.id());
    let mut peak_bytes = 0;
    let exit = loop {
        let status = std::fs::read_to_string(&path).unwrap_or_default();
        peak_bytes = peak_bytes.max(field(&status, "VmHWM:") * 1024);
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(exit) => break exit,
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    if !exit.success() {
        return Err(format!("{command:?}: {exit}"));
    }
    Ok(Run {
        wall: start.elapsed().as_secs_f64(),
        cpu: ticks(13) - before,
        peak_bytes,
    })
}

/// Processor time of this process so far, in seconds; its resolution is 10 ms.
fn cpu_seconds() -> f64 {
    ticks(11)
}

/// The sum of two fields of this process's times, counted behind its name: from 11 its own, from 13 those of its children
/// that have ended.
fn ticks(from: usize) -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name may hold anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = fields
        .split_ascii_whitespace()
        .skip(from)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    ticks as f64 / TICKS_PER_SECOND
}

/// Memory of this process that is resident now.
#[must_use]
pub fn resident_bytes() -> u64 {
    status("VmRSS:") * 1024
}

/// The most that was resident at any time.
#[must_use]
pub fn peak_bytes() -> u64 {
    status("VmHWM:") * 1024
}

/// Threads of this process.
#[must_use]
pub fn threads() -> u64 {
    status("Threads:")
}

fn status(field: &str) -> u64 {
    self::field(
        &std::fs::read_to_string("/proc/self/status").unwrap_or_default(),
        field,
    )
}

fn field(status: &str, field: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|rest| rest.split_ascii_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}
