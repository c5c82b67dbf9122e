//! Sections 2.1: which files a published folder has, and which it must not have.
//!
//! Spec: specs/ledger.md §8 to §10, specs/verification.md §2.1.

use std::collections::BTreeSet;

use crate::check::{Check, Checks, Place};
use crate::hash::hex32;
use crate::note::{Checkpoint, MAX_CHECKPOINT_BYTES};
use crate::source::{Listing, Source};
use crate::tiles::{TileName, expected_names};

/// Missing files that are named for each ledger.
const MAX_MISSING: usize = 8;

const UNEXPECTED: &str = "folder.unexpected";
const MISSING: &str = "folder.missing";

/// The ids of the ledgers of an event folder, by the names of their folders.
pub(crate) fn ledger_ids(listing: &Listing) -> BTreeSet<[u8; 32]> {
    let paths = listing
        .files
        .keys()
        .chain(&listing.empty_folders)
        .chain(&listing.refused);
    let names = paths.filter_map(|path| path.strip_prefix("ledgers/")?.split('/').next());
    names.filter_map(hex32).collect()
}

/// An event folder: `ledgers/<id>/…`, `content/<hash>` and `archives/<uuid>.bel`, nothing else.
pub(crate) fn check_event_layout(source: &dyn Source, listing: &Listing, checks: &mut Checks) {
    check_folder_layout(source, listing, "archives", is_archive, checks);
}

/// A jurisdiction's folder: `ledgers/<id>/…`, `content/<hash>` and `openings/<commitment>`, nothing else.
///
/// Spec: specs/jurisdiction.md §6.
pub(crate) fn check_jurisdiction_layout(source: &dyn Source, listing: &Listing, checks: &mut Checks) {
    check_folder_layout(
        source,
        listing,
        "openings",
        |path| opening_of(path).is_some(),
        checks,
    );
}

/// The commitment of `openings/<commitment>`.
pub(crate) fn opening_of(path: &str) -> Option<[u8; 32]> {
    path.strip_prefix("openings/").and_then(hex32)
}

fn check_folder_layout(
    source: &dyn Source,
    listing: &Listing,
    third: &str,
    is_of_third: impl Fn(&str) -> bool,
    checks: &mut Checks,
) {
    let ids = ledger_ids(listing);
    if ids.is_empty() {
        checks.fail_as(
            Check::FolderLayout,
            MISSING,
            Place::nowhere(),
            "there is no ledger",
        );
    }
    for id in &ids {
        check_ledger_files(
            source,
            listing,
            &format!("ledgers/{}/", hex::encode(id)),
            *id,
            checks,
        );
    }
    let in_ledger = |path: &str| {
        path.strip_prefix("ledgers/")
            .and_then(|rest| hex32(rest.split('/').next()?))
            .is_some()
    };
    for path in listing.files.keys().filter(|path| !in_ledger(path)) {
        if is_content(path) || is_of_third(path) {
            checks.pass(Check::FolderLayout);
        } else {
            checks.fail_as(Check::FolderLayout, UNEXPECTED, Place::nowhere(), path);
        }
    }
    refuse_oddities(listing, &[third, "content", "ledgers"], checks);
}

/// `content/<hash>`.
fn is_content(path: &str) -> bool {
    path.strip_prefix("content/")
        .is_some_and(|name| hex32(name).is_some())
}

/// `archives/<uuid>.bel`. Spec: specs/election.md §8.3.
pub(crate) fn is_archive(path: &str) -> bool {
    path.strip_prefix("archives/")
        .and_then(|name| name.strip_suffix(".bel"))
        .is_some_and(|uuid| {
            let base58 = |b: u8| b.is_ascii_alphanumeric() && !matches!(b, b'0' | b'I' | b'O' | b'l');
            uuid.len() == 22 && uuid.bytes().all(base58)
        })
}

/// The folder of one ledger.
pub(crate) fn check_ledger_layout(source: &dyn Source, listing: &Listing, id: [u8; 32], checks: &mut Checks) {
    check_ledger_files(source, listing, "", id, checks);
    refuse_oddities(listing, &[], checks);
}

fn refuse_oddities(listing: &Listing, may_be_empty: &[&str], checks: &mut Checks) {
    for path in &listing.refused {
        let detail = format!("{path}: a symbolic link, a special file, or a name that no published file has");
        checks.fail_as(Check::FolderLayout, UNEXPECTED, Place::nowhere(), detail);
    }
    for path in listing
        .empty_folders
        .iter()
        .filter(|path| !may_be_empty.contains(&path.as_str()))
    {
        checks.fail_as(
            Check::FolderLayout,
            UNEXPECTED,
            Place::nowhere(),
            format!("{path}: an empty folder"),
        );
    }
}

fn check_ledger_files(
    source: &dyn Source,
    listing: &Listing,
    folder: &str,
    id: [u8; 32],
    checks: &mut Checks,
) {
    let here = Place::ledger(id);
    let checkpoint_path = format!("{folder}checkpoint");
    if !listing.files.contains_key(&checkpoint_path) {
        checks.fail_as(Check::FolderLayout, MISSING, here, &checkpoint_path);
    }
    let checkpoint = source.read(&checkpoint_path, MAX_CHECKPOINT_BYTES).ok();
    let size = checkpoint
        .and_then(|text| Checkpoint::parse(&text).ok())
        .map(|checkpoint| checkpoint.size);
    let files = listing.files.range(folder.to_owned()..).map(|(path, _)| path);
    for path in files.take_while(|path| path.starts_with(folder)) {
        let rest = path.strip_prefix(folder).unwrap_or(path);
        let name = TileName::parse(rest);
        match (rest, name, size) {
            ("checkpoint", ..) => checks.pass(Check::FolderLayout),
            (_, Some(name), Some(size)) if name.belongs_to(size) => checks.pass(Check::FolderLayout),
            (_, Some(_), None) => checks.skip(Check::FolderLayout, "the size of a ledger is unknown"),
            _ => checks.fail_as(Check::FolderLayout, UNEXPECTED, here, path),
        }
    }
    // Lazy and cut short: a checkpoint may claim an absurd size.
    let paths = expected_names(size.unwrap_or(0)).map(|name| format!("{folder}{}", name.path()));
    for path in paths
        .filter(|path| !listing.files.contains_key(path))
        .take(MAX_MISSING)
    {
        checks.fail_as(Check::FolderLayout, MISSING, here, path);
    }
}
