//! The line that shows on a terminal how far a long run has come. Nothing is written to anything but a terminal.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::progress::{Phase, Progress};
use crate::words::grouped;

/// Short runs stay silent.
const FIRST: Duration = Duration::from_millis(800);
const BETWEEN: Duration = Duration::from_millis(250);

/// Shows progress on standard error until it is dropped.
pub(crate) struct ProgressLine {
    /// Taken when the line ends.
    end: Option<(Sender<()>, JoinHandle<()>)>,
}

impl ProgressLine {
    /// Starts the line, if standard error is a terminal.
    pub(crate) fn start(progress: &Arc<Progress>) -> ProgressLine {
        let end = stderr().is_terminal().then(|| Self::show(Arc::clone(progress)));
        ProgressLine { end: end.flatten() }
    }

    fn show(progress: Arc<Progress>) -> Option<(Sender<()>, JoinHandle<()>)> {
        let (sender, ended) = channel();
        let show = move || {
            let mut began = (Phase::Reading, Instant::now());
            let mut wait = FIRST;
            let mut shown = false;
            while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                wait = BETWEEN;
                let now = progress.now();
                if now.0 != began.0 {
                    began = (now.0, Instant::now());
                }
                // If the terminal is gone there is nobody to tell.
                let _ = write!(stderr(), "\r\u{1b}[K{}", line(now, began.1.elapsed()));
                let _ = stderr().flush();
                shown = true;
            }
            if shown {
                let _ = write!(stderr(), "\r\u{1b}[K");
            }
        };
        let thread = std::thread::Builder::new().spawn(show).ok()?;
        Some((sender, thread))
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.end.take() {
            drop(sender);
            // The line has no result to lose.
            let _ = thread.join();
        }
    }
}

/// What, how many of how many, rate, time left: less than 80 columns.
fn line((phase, done, total): (Phase, u64, u64), elapsed: Duration) -> String {
    let what = match phase {
        Phase::Reading => "reading ledgers: bundle",
        Phase::Checking => "checking: entry",
    };
    let total = total.max(done);
    let mut line = format!("{what} {} of {}", grouped(done), grouped(total));
    let seconds = elapsed.as_secs_f64();
    if done > 0 && seconds > 0.5 {
        let rate = done as f64 / seconds;
        let left = ((total - done) as f64 / rate).ceil() as u64;
        line.push_str(&format!(", {}/s", grouped(rate as u64)));
        line.push_str(&match left {
            0..60 => format!(", {left} s left"),
            60..5400 => format!(", {} min left", left.div_ceil(60)),
            _ => format!(", {} h left", left.div_ceil(3600)),
        });
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_rate_and_time_left() {
        let at = |done, total, seconds| line((Phase::Checking, done, total), Duration::from_secs(seconds));
        assert_eq!(at(0, 0, 0), "checking: entry 0 of 0");
        assert_eq!(at(0, 10, 60), "checking: entry 0 of 10");
        assert_eq!(
            at(1_000, 3_000, 2),
            "checking: entry 1,000 of 3,000, 500/s, 4 s left"
        );
        assert_eq!(at(10, 6_010, 10), "checking: entry 10 of 6,010, 1/s, 2 h left");
        // More than was expected.
        assert_eq!(at(20, 10, 10), "checking: entry 20 of 20, 2/s, 0 s left");
        assert!(at(u64::MAX - 1, u64::MAX, u64::MAX / 2).len() < 160);
    }
}
