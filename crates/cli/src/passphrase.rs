//! Passphrases: typed, or read from a file that is named; never an argument, never printed.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rand::Rng as _;
use sijill_engine::keyfile::{KdfCost, MIN_PASSPHRASE_CHARS, Passphrase};
use zeroize::Zeroizing;

use crate::error::{Failure, Outcome};
use crate::render::escape;

/// Longest passphrase file, in bytes.
const MAX_FILE_BYTES: u64 = 4096;

static DANGER_FAST: AtomicBool = AtomicBool::new(false);

/// From now on, new key files have passphrases that can be guessed quickly: for tests.
pub(crate) fn danger_choose_fast() {
    DANGER_FAST.store(true, Ordering::Relaxed);
}

/// What guessing the passphrase of a new key file costs.
pub(crate) fn cost() -> KdfCost {
    if DANGER_FAST.load(Ordering::Relaxed) {
        KdfCost::danger_fast_kdf()
    } else {
        KdfCost::standard()
    }
}

/// Where passphrases come from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Passphrases {
    /// For the key files of the person who acts.
    pub(crate) acting: Option<PathBuf>,
    /// For the keys of service and ledgers; the acting one's if absent.
    pub(crate) engine: Option<PathBuf>,
}

impl Passphrases {
    /// The passphrase of a person's key file.
    pub(crate) fn acting(&self, key: &Path) -> Outcome<Passphrase> {
        existing(self.acting.as_deref(), &key.display().to_string())
    }

    /// The passphrase of the keys of service and ledgers.
    pub(crate) fn engine(&self) -> Outcome<Passphrase> {
        existing(self.engine_file(), "the keys of service and ledgers")
    }

    /// A passphrase for new key files of a person.
    pub(crate) fn new_acting(&self, what: &str) -> Outcome<Passphrase> {
        fresh(self.acting.as_deref(), what)
    }

    /// A passphrase of its own for something new that leaves this person's hands: typed, never the one of a file that is
    /// for all their key files.
    pub(crate) fn new_typed(what: &str) -> Outcome<Passphrase> {
        fresh(None, what)
    }

    /// A passphrase for new keys of service and ledgers.
    pub(crate) fn new_engine(&self) -> Outcome<Passphrase> {
        fresh(self.engine_file(), "the keys of service and ledgers")
    }

    fn engine_file(&self) -> Option<&Path> {
        self.engine.as_deref().or(self.acting.as_deref())
    }
}

/// Draws a passphrase of 128 bits: 32 hexadecimal digits.
pub(crate) fn draw() -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; 16]);
    rand::rng().fill_bytes(&mut *bytes);
    Zeroizing::new(hex::encode(*bytes))
}

fn existing(file: Option<&Path>, what: &str) -> Outcome<Passphrase> {
    match file {
        Some(path) => read(path),
        None => ask(&format!("Passphrase of {}: ", escape(what))),
    }
}

fn fresh(file: Option<&Path>, what: &str) -> Outcome<Passphrase> {
    if let Some(path) = file {
        return read(path);
    }
    let what = escape(what);
    let first = typed(&format!(
        "New passphrase for {what} (at least {MIN_PASSPHRASE_CHARS} characters): "
    ))?;
    let second = typed("The same again: ")?;
    if *first != *second {
        return Err(
            Failure::refused("the two passphrases differ", "nothing was written; start again")
                .code("passphrase.differ"),
        );
    }
    Ok(Passphrase::new(first.to_string()))
}

fn ask(prompt: &str) -> Outcome<Passphrase> {
    Ok(Passphrase::new(typed(prompt)?.to_string()))
}

fn typed(prompt: &str) -> Outcome<Zeroizing<String>> {
    const HELP: &str = "give --passphrase-file FILE, or set SIJILL_PASSPHRASE_FILE";
    if !std::io::stdin().is_terminal() {
        return Err(
            Failure::usage("a passphrase is needed, and nobody is there to type it", HELP)
                .code("passphrase.needed"),
        );
    }
    rpassword::prompt_password(prompt)
        .map(Zeroizing::new)
        .map_err(|e| Failure::failed(format!("the passphrase cannot be read: {e}"), HELP))
}

/// The first line of a file.
fn read(path: &Path) -> Outcome<Passphrase> {
    let mut text = Zeroizing::new(String::new());
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text))
        .map_err(|e| Failure::file(path, &e))?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(Failure::refused(
            format!(
                "{}: more than {MAX_FILE_BYTES} bytes are no passphrase",
                path.display()
            ),
            "name the file whose first line is the passphrase",
        )
        .code("passphrase.size"));
    }
    if text.starts_with('\u{FEFF}') {
        return Err(Failure::refused(
            format!(
                "{}: the passphrase file begins with a byte order mark",
                path.display()
            ),
            "save it as UTF-8 without one: it would become part of the passphrase",
        )
        .code("passphrase.mark"));
    }
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Failure::refused(
            format!("{}: the passphrase file is empty", path.display()),
            "put the passphrase into its first line",
        )
        .code("passphrase.empty"));
    }
    Ok(Passphrase::new(line.to_owned()))
}
