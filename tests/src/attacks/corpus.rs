//! The corpus on disk: an index and one gzipped tar file for each case, and what the verifier says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sijill_verifier::{
    ArchiveOptions, MemorySource, Profile, Report, Stage, Trust, verify_archive_bytes, verify_event_source,
    verify_jurisdiction_source, verify_receipts,
};

use super::cases::{Case, Command, Package, all};

/// `fixtures/attacks/`.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/attacks")
}

/// A case as the index has it. The fields are explained in `fixtures/attacks/README.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub id: String,
    pub attack: String,
    pub what: String,
    pub reference: String,
    pub file: String,
    pub command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_stage: Option<String>,
    pub trust: bool,
    pub folder: bool,
    pub exit: u8,
    /// Codes of all counter-examples.
    pub codes: BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub door: String,
}

/// Where the flaw stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub ledger: String,
    pub seq: u64,
}

/// The index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    pub format: String,
    pub cases: Vec<Row>,
}

impl Row {
    fn new(case: &Case, package: &Package) -> Row {
        let (command, profile, stage, trusted, folder) = match case.command {
            Command::Event {
                accredited, stage, ..
            } => {
                let profile = if accredited { "accredited" } else { "public" };
                (
                    "event",
                    Some(profile.to_owned()),
                    Some(stage.to_owned()),
                    package.trust.is_some(),
                    true,
                )
            }
            Command::Jurisdiction { accredited } => {
                let profile = if accredited { "accredited" } else { "public" };
                (
                    "jurisdiction",
                    Some(profile.to_owned()),
                    None,
                    package.trust.is_some(),
                    true,
                )
            }
            Command::Receipt { folder } => ("receipt", None, None, true, folder),
            Command::Bel => ("bel", None, None, false, false),
        };
        Row {
            id: case.id.to_owned(),
            attack: case.line.to_owned(),
            what: case.what.to_owned(),
            reference: case.reference.to_owned(),
            file: format!("{}.tar.gz", case.id),
            command: command.to_owned(),
            profile,
            require_stage: stage,
            trust: trusted,
            folder,
            exit: case.exit,
            codes: case.codes.iter().map(|code| (*code).to_owned()).collect(),
            position: package
                .flaw
                .filter(|_| case.command != Command::Bel)
                .map(|(ledger, seq)| Position {
                    ledger: hex::encode(ledger),
                    seq,
                }),
            door: case.door.to_owned(),
        }
    }
}

/// Files of a package by their names in the tar file.
#[must_use]
pub fn members(package: &Package) -> BTreeMap<String, Vec<u8>> {
    let mut members: BTreeMap<String, Vec<u8>> = package
        .files
        .iter()
        .map(|(path, bytes)| (format!("published/{path}"), bytes.clone()))
        .collect();
    members.extend(package.withheld.clone());
    if let Some(trust) = &package.trust {
        members.insert("trust.json".to_owned(), trust.clone().into_bytes());
    }
    if let Some(receipt) = &package.receipt {
        members.insert("receipt.tlog-proof".to_owned(), receipt.clone().into_bytes());
    }
    members
}

fn pack(members: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for (path, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        tar.append_data(&mut header, path, bytes.as_slice()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// The members of a packed case.
#[must_use]
pub fn unpack(packed: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut members = BTreeMap::new();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed));
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        members.insert(path, bytes);
    }
    members
}

/// Makes every case anew.
#[must_use]
pub fn generate() -> Vec<(Row, BTreeMap<String, Vec<u8>>)> {
    generate_of("")
}

/// As [`generate`], of the cases whose id begins so.
#[must_use]
pub fn generate_of(prefix: &str) -> Vec<(Row, BTreeMap<String, Vec<u8>>)> {
    all()
        .par_iter()
        .filter(|case| case.id.starts_with(prefix))
        .map(|case| {
            let package = case.make();
            let members = match case.command {
                Command::Bel => {
                    BTreeMap::from([("archive.bel".to_owned(), package.archive.clone().unwrap())])
                }
                _ => members(&package),
            };
            (Row::new(case, &package), members)
        })
        .collect()
}

fn index_text(rows: Vec<Row>) -> String {
    let index = Index {
        format: "sijill-attacks/1".to_owned(),
        cases: rows,
    };
    serde_json::to_string_pretty(&index).unwrap() + "\n"
}

/// Writes the corpus; files of earlier cases go.
pub fn write(dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "gz") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let mut rows = Vec::new();
    for (row, members) in generate() {
        std::fs::write(dir.join(&row.file), pack(&members)).unwrap();
        rows.push(row);
    }
    std::fs::File::create(dir.join("index.json"))
        .unwrap()
        .write_all(index_text(rows).as_bytes())
        .unwrap();
}

/// What differs between the committed corpus and what the generator makes now. Compression is no part of it.
#[must_use]
pub fn differences(dir: &Path) -> Vec<String> {
    let mut differences = Vec::new();
    let mut rows = Vec::new();
    let mut files: BTreeSet<String> = BTreeSet::new();
    for (row, members) in generate() {
        match std::fs::read(dir.join(&row.file)) {
            Ok(packed) if unpack(&packed) == members => {}
            _ => differences.push(row.file.clone()),
        }
        files.insert(row.file.clone());
        rows.push(row);
    }
    if std::fs::read_to_string(dir.join("index.json")).ok() != Some(index_text(rows)) {
        differences.push("index.json".to_owned());
    }
    for entry in std::fs::read_dir(dir).unwrap() {
        let name = entry.unwrap().file_name().to_str().unwrap().to_owned();
        if name.ends_with(".tar.gz") && !files.contains(&name) {
            differences.push(format!("{name} is of no case"));
        }
    }
    differences
}

/// The committed cases.
#[must_use]
pub fn read(dir: &Path) -> Vec<(Row, BTreeMap<String, Vec<u8>>)> {
    let index: Index = serde_json::from_slice(&std::fs::read(dir.join("index.json")).unwrap()).unwrap();
    assert_eq!(index.format, "sijill-attacks/1");
    let cases = index.cases.into_iter();
    cases
        .map(|row| {
            let members = unpack(&std::fs::read(dir.join(&row.file)).unwrap());
            (row, members)
        })
        .collect()
}

/// The published folder of a case.
#[must_use]
pub fn source(members: &BTreeMap<String, Vec<u8>>) -> MemorySource {
    let published = members
        .iter()
        .filter_map(|(path, bytes)| Some((path.strip_prefix("published/")?.to_owned(), bytes.clone())));
    MemorySource {
        files: published.collect(),
    }
}

/// The cases that are whole events, jurisdictions or receipts.
#[must_use]
pub fn events(dir: &Path) -> Vec<(Row, BTreeMap<String, Vec<u8>>)> {
    read(dir)
        .into_iter()
        .filter(|(row, _)| row.command != "bel")
        .collect()
}

/// What the verifier says of a case, without the times that it took.
#[must_use]
pub fn verify(row: &Row, members: &BTreeMap<String, Vec<u8>>) -> Report {
    let trust = || row.trust.then(|| Trust::parse(&members["trust.json"]).unwrap());
    let profile = match row.profile.as_deref() {
        Some("accredited") => Profile::Accredited,
        _ => Profile::Public,
    };
    let mut report = match row.command.as_str() {
        "jurisdiction" => verify_jurisdiction_source(&source(members), trust().as_ref(), profile).unwrap(),
        "event" => {
            let stage = Stage::ALL
                .into_iter()
                .find(|stage| Some(stage.name()) == row.require_stage.as_deref())
                .unwrap();
            verify_event_source(&source(members), trust().as_ref(), profile, stage).unwrap()
        }
        "receipt" => {
            let dir = tempfile::tempdir().unwrap();
            for (path, bytes) in members {
                let path = dir.path().join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
            let folder = dir.path().join("published");
            let mut report = verify_receipts(
                &[dir.path().join("receipt.tlog-proof")],
                &dir.path().join("trust.json"),
                row.folder.then_some(folder.as_path()),
                None,
            )
            .unwrap();
            // Names and details have the path of a temporary folder.
            report.inputs.clear();
            report
                .checks
                .iter_mut()
                .flat_map(|check| &mut check.counter_examples)
                .for_each(|example| {
                    example.detail = example.detail.replace(dir.path().to_str().unwrap(), "");
                });
            report
        }
        "bel" => verify_archive_bytes(&row.id, &members["archive.bel"], &ArchiveOptions::default()),
        other => panic!("no command {other}"),
    };
    report.elapsed_ms = 0;
    report.checks.iter_mut().for_each(|check| check.millis = 0);
    report
}

/// Why a report is not the one that the index expects; nothing if it is.
#[must_use]
pub fn judge(row: &Row, report: &Report) -> Option<String> {
    let examples: Vec<_> = report
        .checks
        .iter()
        .flat_map(|check| &check.counter_examples)
        .collect();
    let codes: BTreeSet<String> = examples.iter().map(|example| example.code.to_owned()).collect();
    let at = |position: &Position| {
        examples
            .iter()
            .any(|e| e.ledger.as_ref() == Some(&position.ledger) && e.seq == Some(position.seq))
    };
    if report.verdict.exit_code() != row.exit {
        Some(format!(
            "{}: exit {} instead of {}: {codes:?}",
            row.id,
            report.verdict.exit_code(),
            row.exit
        ))
    } else if codes != row.codes {
        Some(format!("{}: {codes:?} instead of {:?}", row.id, row.codes))
    } else if row.position.as_ref().is_some_and(|position| !at(position)) {
        Some(format!("{}: nothing at {:?}", row.id, row.position))
    } else {
        None
    }
}
