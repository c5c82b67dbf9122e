//! Figures of the whole are under `benches/`; run them with `cargo bench -p sijill-benches`.
//!
//! Here is what they are measured with. Memory, processor time and threads are read from `/proc`, so elsewhere than on
//! Linux they are 0.

use std::time::Instant;

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

/// Processor time of this process so far, in seconds; its resolution is 10 ms.
fn cpu_seconds() -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold anything, user and system time are the 12th and 13th field.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = fields
        .split_ascii_whitespace()
        .skip(11)
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
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|rest| rest.split_ascii_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}
