//! Long work shows how far it is; on standard error, so that standard output stays clean.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::render::{number, tell};

/// One piece of long work.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    what: String,
    of: u64,
    started: Instant,
}

impl Progress {
    /// Begins; `of` is the number of pieces.
    pub(crate) fn new(what: &str, of: u64) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new(of)
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) =
            ProgressStyle::with_template("{msg:32} {bar:28} {human_pos:>9}/{human_len} {per_sec} {eta}")
        {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            bar,
            what: what.to_owned(),
            of,
            started: Instant::now(),
        }
    }

    /// More pieces are done.
    pub(crate) fn add(&self, pieces: u64) {
        self.bar.inc(pieces);
    }

    /// All done.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
        let took = self.started.elapsed();
        if self.of > 1 && took > Duration::from_secs(1) {
            tell!(
                "{}: {} in {:.1} s",
                self.what,
                number(self.of),
                took.as_secs_f64()
            );
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
