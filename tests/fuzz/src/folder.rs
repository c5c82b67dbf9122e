//! The whole verifier on a small published folder in memory, of an event or of a jurisdiction, that an input changes.
//!
//! An input is a byte of options and any number of changes. A change names a file by its number and then what becomes of it; an input that ends inside a
//! change ends before it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use sijill_verifier::{
    MemorySource, Profile, Stage, Trust, Verdict, verify_event_source, verify_jurisdiction_source,
    verify_ledger_source,
};

/// The published folder of `fixtures/event/` and its trust file.
static EVENT: LazyLock<(BTreeMap<String, Vec<u8>>, Trust)> = LazyLock::new(|| {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/event/published");
    let mut files = BTreeMap::new();
    read_folder(&root, "", &mut files);
    assert!(files.len() > 10, "the folder is there");
    let trust = Trust::parse(&crate::seeds::fixture("event/trust.json")).expect("a trust file");
    (files, trust)
});

/// Published folders of jurisdictions from `fixtures/attacks/`, with their trust files: requests for information, and a consultation.
static JURISDICTIONS: LazyLock<Vec<(BTreeMap<String, Vec<u8>>, Trust)>> =
    LazyLock::new(|| ["honest-foi", "honest-consultation"].map(packed).into());

fn packed(name: &str) -> (BTreeMap<String, Vec<u8>>, Trust) {
    let bytes = crate::seeds::fixture(&format!("attacks/{name}.tar.gz"));
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
    let mut files = BTreeMap::new();
    let mut trust = None;
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").display().to_string();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).expect("a file");
        if let Some(path) = path.strip_prefix("published/") {
            files.insert(path.to_owned(), bytes);
        } else if path == "trust.json" {
            trust = Some(Trust::parse(&bytes).expect("a trust file"));
        }
    }
    assert!(files.len() > 10, "the folder is there");
    (files, trust.expect("a trust file"))
}

fn read_folder(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{prefix}{}", entry.file_name().to_str().expect("UTF-8"));
        if entry.path().is_dir() {
            read_folder(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, std::fs::read(entry.path()).expect("a file"));
        }
    }
}

/// A changed published folder: no panic, and never verified unless nothing was changed and there is trust.
///
/// # Panics
/// If that does not hold, or the fixture is missing.
pub fn verify_event(data: &[u8]) {
    let mut input = Input(data);
    let Some(options) = input.byte() else { return };
    let (original, trust) = &*EVENT;
    let mut files = original.clone();
    while change(&mut input, &mut files).is_some() {}
    let changed = files != *original;
    let source = MemorySource { files };
    let trust = (options & 1 == 0).then_some(trust);
    let profile = if options & 2 == 0 {
        Profile::Public
    } else {
        Profile::Accredited
    };
    let stage = Stage::ALL[usize::from(options >> 4) % Stage::ALL.len()];
    let report = verify_event_source(&source, trust, profile, stage).expect("memory can be listed");
    let honest = !changed && trust.is_some() && profile == Profile::Public && stage <= Stage::Published;
    assert_eq!(
        report.verdict == Verdict::Verified,
        honest,
        "{}",
        report.to_text()
    );
    if changed || trust.is_none() {
        assert_ne!(report.verdict.exit_code(), 0);
    }
    // Renderings do not fail either, and no markup comes out of a folder.
    assert!(report.to_json().starts_with("{\"format\":"));
    let html = report.to_html(None);
    assert!(!html.contains("<script"));
    let _ = report.to_full_text();
    if options & 4 != 0 {
        // Each ledger by itself, in its own folder.
        for ledger in &report.ledgers {
            let prefix = format!("ledgers/{}/", ledger.id);
            let own = source
                .files
                .iter()
                .filter_map(|(path, bytes)| Some((path.strip_prefix(&prefix)?.to_owned(), bytes.clone())));
            let own = MemorySource { files: own.collect() };
            let id = hex::decode(&ledger.id).expect("hex");
            let id = id.try_into().expect("32 bytes");
            let _ = verify_ledger_source(&own, id, trust);
        }
    }
}

/// A changed published folder of a jurisdiction: no panic, and never verified unless nothing was changed and there is trust.
///
/// # Panics
/// If that does not hold, or a fixture is missing.
pub fn verify_jurisdiction(data: &[u8]) {
    let mut input = Input(data);
    let Some(options) = input.byte() else { return };
    let (original, trust) = &JURISDICTIONS[usize::from(options >> 4) % JURISDICTIONS.len()];
    let mut files = original.clone();
    while change(&mut input, &mut files).is_some() {}
    let changed = files != *original;
    let source = MemorySource { files };
    let trust = (options & 1 == 0).then_some(trust);
    let report = verify_jurisdiction_source(&source, trust, Profile::Public).expect("memory can be listed");
    assert_eq!(
        report.verdict == Verdict::Verified,
        !changed && trust.is_some(),
        "{}",
        report.to_text()
    );
    if changed || trust.is_none() {
        assert_ne!(report.verdict.exit_code(), 0);
    }
    assert!(report.to_json().starts_with("{\"format\":"));
    assert!(!report.to_html(None).contains("<script"));
    let _ = report.to_full_text();
}

/// Changes one file; `None` at the end of the input.
fn change(input: &mut Input<'_>, files: &mut BTreeMap<String, Vec<u8>>) -> Option<()> {
    let (number, kind) = (usize::from(input.byte()?), input.byte()?);
    let path = files.keys().nth(number % files.len().max(1))?.clone();
    match kind % 7 {
        0 => {
            let (at, mask) = (input.number()?, input.byte()?);
            let bytes = files.get_mut(&path)?;
            let at = at % bytes.len().max(1);
            *bytes.get_mut(at)? ^= mask;
        }
        1 => {
            let length = input.number()?;
            files.get_mut(&path)?.truncate(length);
        }
        2 => {
            files.remove(&path);
        }
        3 => {
            let at = input.number()?;
            let inserted = input.bytes()?;
            let bytes = files.get_mut(&path)?;
            let at = at.min(bytes.len());
            bytes.splice(at..at, inserted.iter().copied());
        }
        4 => {
            let name = String::from_utf8_lossy(input.bytes()?).into_owned();
            let bytes = files.remove(&path)?;
            files.insert(name, bytes);
        }
        5 => {
            let bytes = input.bytes()?.to_vec();
            files.insert(path, bytes);
        }
        _ => {
            // A file has the bytes of another one.
            let other = files.values().nth(input.number()? % files.len())?.clone();
            files.insert(path, other);
        }
    }
    Some(())
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<usize> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(usize::from(u16::from_be_bytes(*first)))
    }

    /// A length byte and that many bytes.
    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.byte()?);
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

/// As [`seeds`], of both jurisdictions.
pub(crate) fn seeds_of_jurisdictions() -> Vec<Vec<u8>> {
    let with = |base: u8| {
        seeds().into_iter().map(move |mut seed| {
            seed[0] = seed[0] & 0x0f | base << 4;
            seed
        })
    };
    with(0).chain(with(1)).collect()
}

/// One of every change, and none.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let published = 0x80;
    [
        &[published][..],
        &[published | 5],
        &[published, 3, 0, 0, 9, 1],
        &[published, 15, 1, 0, 90],
        &[published | 4, 17, 3, 0, 0, 2, b'x', b'y'],
        &[published, 1, 2],
        &[published, 2, 4, 4, b'.', b'.', b'/', b'a'],
        &[published, 14, 5, 1, b'{'],
        &[published | 4, 19, 6, 0, 16],
    ]
    .map(<[u8]>::to_vec)
    .to_vec()
}
