//! Several archives, or folders of them, each judged by itself.
//!
//! Spec: specs/verification.md §8.

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use crate::bel::{ArchiveOptions, verify};
use crate::report::{ArchiveStage, Report, Verdict};
use crate::{Unusable, with_threads};

/// Folders below a folder that are searched.
const MAX_DEPTH: usize = 16;
const BUFFER_BYTES: usize = 1 << 16;

/// The reports on archives, in the order of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveReports {
    /// One for each file.
    pub reports: Vec<Report>,
    /// Whether a single file was named, and no folder.
    pub single: bool,
}

/// Verifies archives. A folder stands for every `*.bel` in it and in its folders, in the order of their paths.
///
/// Spec: specs/verification.md §8, §9.
///
/// # Errors
/// If a file that was named cannot be opened, or a folder cannot be read or has no archives. A file of a folder that cannot be read is in
/// the reports, as unsupported.
pub fn verify_archives(
    paths: &[PathBuf],
    options: &ArchiveOptions,
    threads: Option<usize>,
) -> Result<ArchiveReports, Unusable> {
    let mut files = Vec::new();
    let mut folders = 0;
    for path in paths {
        if path.is_dir() {
            folders += 1;
            let before = files.len();
            search(path, MAX_DEPTH, &mut files)?;
            if files.len() == before {
                return Err(Unusable::NoArchives(path.clone()));
            }
        } else {
            must_be_a_file(path)?;
            files.push(path.clone());
        }
    }
    let single = files.len() == 1 && folders == 0;
    let reports = with_threads(threads, || {
        let of_file = |path: &PathBuf| {
            let open = || File::open(path).map(|file| BufReader::with_capacity(BUFFER_BYTES, file));
            let start = Instant::now();
            let mut report = verify(&path.display().to_string(), open, options);
            report.elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
            report
        };
        files.iter().map(of_file).collect()
    })?;
    Ok(ArchiveReports { reports, single })
}

/// Archives are read twice, so a pipe cannot be one.
fn must_be_a_file(path: &Path) -> Result<(), Unusable> {
    let opened = File::open(path).and_then(|file| file.metadata());
    let outcome = opened.and_then(|metadata| {
        if metadata.is_file() {
            Ok(())
        } else {
            Err(std::io::Error::other("not a regular file"))
        }
    });
    outcome.map_err(|error| Unusable::File {
        path: path.to_owned(),
        error,
    })
}

fn search(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Unusable> {
    let fault = |error| Unusable::File {
        path: folder.to_owned(),
        error,
    };
    let mut entries = std::fs::read_dir(folder)
        .and_then(|entries| entries.collect::<Result<Vec<_>, _>>())
        .map_err(fault)?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        // Symbolic links are neither.
        let kind = entry.file_type().map_err(fault)?;
        let path = entry.path();
        if kind.is_dir() && depth > 0 {
            search(&path, depth - 1, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "bel") {
            files.push(path);
        }
    }
    Ok(())
}

/// Several reports as JSON.
#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    verifier: &'static str,
    command: &'static str,
    verdict: Verdict,
    summary: String,
    reports: &'a [Report],
}

impl ArchiveReports {
    /// The exit code of the command: the highest of all reports.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        // Without a report nothing was verified.
        let codes = self.reports.iter().map(|report| report.verdict.exit_code());
        codes.max().unwrap_or_else(|| Verdict::Unsupported.exit_code())
    }

    fn verdict(&self) -> Verdict {
        let worst = self.reports.iter().map(|report| report.verdict);
        worst
            .max_by_key(|verdict| verdict.exit_code())
            .unwrap_or(Verdict::Unsupported)
    }

    fn summary(&self) -> String {
        let verified = self
            .reports
            .iter()
            .filter(|report| report.verdict == Verdict::Verified)
            .count();
        format!("{verified} of {} archives verified", self.reports.len())
    }

    /// One line of JSON: the report of a single file, or an object with all reports.
    #[must_use]
    pub fn to_json(&self) -> String {
        if let (true, [report]) = (self.single, self.reports.as_slice()) {
            return report.to_json();
        }
        let document = Document {
            format: "sijill-reports/1",
            verifier: env!("CARGO_PKG_VERSION"),
            command: "bel",
            verdict: self.verdict(),
            summary: self.summary(),
            reports: &self.reports,
        };
        // As for a report: an empty object would not read as verified.
        let mut text = serde_json::to_string(&document).unwrap_or_else(|_| "{}".to_owned());
        text.push('\n');
        text
    }

    /// The reports for people, and a table if there are several.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_text(&mut out);
        out
    }

    fn write_text(&self, out: &mut String) -> std::fmt::Result {
        for (index, report) in self.reports.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            out.push_str(&report.to_text());
        }
        if self.single {
            return Ok(());
        }
        writeln!(
            out,
            "\n{:<13} {:<11} {:>9} {:>9}  file",
            "verdict", "stage", "ballots", "count"
        )?;
        for report in &self.reports {
            let verdict = match report.verdict {
                Verdict::Verified => "verified",
                Verdict::SelfConsistent | Verdict::NotVerified => "NOT VERIFIED",
                Verdict::Unsupported => "unsupported",
            };
            if let Some(archive) = &report.archive {
                let stage = archive.stage.map_or("-", ArchiveStage::name);
                let counted = archive
                    .counted
                    .map_or_else(|| "-".to_owned(), |counted| counted.to_string());
                writeln!(
                    out,
                    "{verdict:<13} {stage:<11} {:>9} {counted:>9}  {}",
                    archive.ballots, archive.file
                )?;
            }
        }
        writeln!(out, "\n{}", self.summary())
    }
}
