//! Notes of a station for the registrar: who its guests are, and what was said in disputes.
//!
//! Each note is sealed on its own for the registrar's key (HPKE), and appended before the event that commits to it: a
//! crash leaves a note without an event, never an event whose commitment nobody can open. The station itself cannot read
//! them any more; guests are found again by their commitment, which follows from a secret of the station.
//!
//! Spec: specs/station.md §11.4.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use hmac::{Hmac, Mac as _};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{
    Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _, single_shot_open,
    single_shot_seal_with_rng,
};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sijill_ledger::codec::bytes;
use sijill_ledger::{LedgerId, decode_canonical, encode};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::durable;
use crate::keyfile::RegistrarSecret;

const KEY_TAG: &[u8] = b"sijill/notes-key/v1\n";
const INFO_TAG: &[u8] = b"sijill/station-note/v1\n";
const GUEST_TAG: &[u8] = b"sijill/guest/v1\n";
const SALT_TAG: &[u8] = b"sijill/guest-salt/v1\n";
const ENCAPSULATED_BYTES: usize = 32;
/// The longest sealed note, in bytes.
const MAX_NOTE_BYTES: usize = 1 << 16;
/// What a crash can leave of a note at the end of a file: its length and part of it.
const LONGEST_HALF_NOTE: usize = MAX_NOTE_BYTES + 4;

type KemKey = <X25519HkdfSha256 as Kem>::PublicKey;

/// Why notes cannot be sealed, kept or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// The registrar's public key, as the kit has it, is none. The kit's fault.
    #[error("the registrar's key for notes is not valid")]
    Key,
    /// Longer than a note can be. The caller's fault.
    #[error("a note has at most {MAX_NOTE_BYTES} bytes")]
    TooLong,
    /// Not notes, or cut off. Whoever carried the file.
    #[error("these are no notes of a station")]
    Form,
    /// The file cannot be read or written now.
    #[error("the notes cannot be kept in {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum About {
    /// A guest: the content is their identifier, in UTF-8. Spec: specs/events.md §10.
    Guest,
    /// What was said in a dispute: the content is a document of specs/roll.md §2.
    Statement,
}

/// The opening of a commitment on the station's ledger.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Note {
    /// What it is about.
    #[zeroize(skip)]
    pub about: About,
    /// The random bytes.
    pub salt: [u8; 32],
    /// What is committed to.
    #[serde(with = "bytes")]
    pub content: Vec<u8>,
}

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Note")
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}

/// The commitment to a guest. Spec: specs/events.md §10.
#[must_use]
pub fn guest_commitment(salt: &[u8; 32], identifier: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(GUEST_TAG);
    hasher.update(salt);
    hasher.update(identifier.as_bytes());
    hasher.finalize().into()
}

/// From what the salts of a station's guests follow, so that it finds a guest again without keeping who they are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct GuestSecret([u8; 32]);

impl GuestSecret {
    /// A fresh secret.
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut secret = [0; 32];
        rng.fill_bytes(&mut secret);
        Self(secret)
    }

    /// The salt of a guest's commitment. Spec: specs/station.md §11.3.
    #[must_use]
    pub fn salt(&self, identifier: &str) -> [u8; 32] {
        let mut mac = keyed(&self.0);
        mac.update(SALT_TAG);
        mac.update(identifier.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length")
}

impl std::fmt::Debug for GuestSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GuestSecret(redacted)")
    }
}

/// The registrar's public key for notes of the stations of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NotesKey([u8; 32]);

impl NotesKey {
    /// Seals a note of a station. What it returns may be kept and carried by anybody.
    ///
    /// # Errors
    /// [`NoteError::Key`], [`NoteError::TooLong`].
    pub fn seal<R: CryptoRng>(
        &self,
        station: LedgerId,
        note: &Note,
        rng: &mut R,
    ) -> Result<Vec<u8>, NoteError> {
        let plain = Zeroizing::new(encode(note));
        let key = KemKey::from_bytes(&self.0).map_err(|_| NoteError::Key)?;
        let (encapsulated, sealed) = single_shot_seal_with_rng::<
            ChaCha20Poly1305,
            HkdfSha256,
            X25519HkdfSha256,
        >(&OpModeS::Base, &key, &info(station), &plain, &[], rng)
        .map_err(|_| NoteError::Key)?;
        let sealed = [encapsulated.to_bytes().as_slice(), &sealed].concat();
        if sealed.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong);
        }
        Ok(sealed)
    }
}

fn info(station: LedgerId) -> Vec<u8> {
    [INFO_TAG, station.as_bytes()].concat()
}

/// What opens notes: it follows from the registrar's secret.
pub struct NotesSecret {
    secret: <X25519HkdfSha256 as Kem>::PrivateKey,
    public: NotesKey,
}

impl NotesSecret {
    /// That of the registrar of a roll.
    #[must_use]
    pub fn new(registrar: &RegistrarSecret, roll: LedgerId) -> Self {
        let mut mac = keyed(registrar.expose());
        mac.update(KEY_TAG);
        mac.update(roll.as_bytes());
        let material = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
        let (secret, public) = X25519HkdfSha256::derive_keypair(material.as_ref());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&public.to_bytes());
        Self {
            secret,
            public: NotesKey(bytes),
        }
    }

    /// The key that notes are sealed for.
    #[must_use]
    pub const fn public(&self) -> NotesKey {
        self.public
    }

    /// Opens the notes of a station, as its files brought them: those that open, and the numbers of those that do not (sealed for
    /// another key or station, or altered on the way). Nobody's note keeps those of others from being read.
    ///
    /// # Errors
    /// [`NoteError::Form`].
    pub fn open(&self, station: LedgerId, notes: &[u8]) -> Result<(Vec<Note>, Vec<usize>), NoteError> {
        let mut opened = Vec::new();
        let mut refused = Vec::new();
        for (at, Sealed(sealed)) in sealed_notes(notes)?.iter().enumerate() {
            match self.open_one(station, sealed) {
                Some(note) => opened.push(note),
                None => refused.push(at),
            }
        }
        Ok((opened, refused))
    }

    fn open_one(&self, station: LedgerId, sealed: &[u8]) -> Option<Note> {
        let (encapsulated, sealed) = sealed.split_at_checked(ENCAPSULATED_BYTES)?;
        let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated).ok()?;
        let plain = single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.secret,
            &encapsulated,
            &info(station),
            sealed,
            &[],
        );
        let plain = Zeroizing::new(plain.ok()?);
        decode_canonical(&plain).ok()
    }
}

impl std::fmt::Debug for NotesSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NotesSecret")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Sealed(#[serde(with = "bytes")] Vec<u8>);

fn sealed_notes(notes: &[u8]) -> Result<Vec<Sealed>, NoteError> {
    if notes.is_empty() {
        return Ok(Vec::new());
    }
    decode_canonical(notes).map_err(|_| NoteError::Form)
}

/// Notes of two files of one station: those of the first, then those of the second that it does not have.
///
/// Whoever carries a file may have altered it, so neither takes the place of the other.
///
/// # Errors
/// [`NoteError::Form`].
pub fn union(here: &[u8], brought: &[u8]) -> Result<Vec<u8>, NoteError> {
    let mut notes = sealed_notes(here)?;
    let mut known: HashSet<Vec<u8>> = notes.iter().map(|note| note.0.clone()).collect();
    for note in sealed_notes(brought)? {
        if known.insert(note.0.clone()) {
            notes.push(note);
        }
    }
    Ok(encode(&notes))
}

/// The notes of a station on its own machine: one file that only grows.
///
/// Each note is its length (u32, most significant byte first) and its sealed bytes. What a crash has left half written at
/// the end belongs to nothing that was acknowledged, and is cut off.
#[derive(Debug)]
pub struct NoteBook {
    path: PathBuf,
    file: File,
}

impl NoteBook {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`NoteError::Io`].
    ///
    /// # Durability
    /// The file's name is on stable storage when this returns.
    pub fn open(path: &Path) -> Result<Self, NoteError> {
        let io = |source| NoteError::Io {
            path: path.to_owned(),
            source,
        };
        let new = !path.exists();
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .map_err(io)?;
        if new {
            durable::sync_parent(path).map_err(io)?;
        }
        let mut all = Vec::new();
        file.read_to_end(&mut all).map_err(io)?;
        let whole = whole_notes(&all).1;
        if all.len() - whole > LONGEST_HALF_NOTE {
            // A crash leaves less behind: a length was altered, and notes that were acknowledged may stand behind it.
            return Err(NoteError::Form);
        }
        if whole < all.len() {
            file.set_len(whole as u64).map_err(io)?;
            file.sync_all().map_err(io)?;
        }
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Adds a sealed note.
    ///
    /// # Errors
    /// [`NoteError`].
    ///
    /// # Durability
    /// It is on stable storage when this returns.
    pub fn append(&mut self, sealed: &[u8]) -> Result<(), NoteError> {
        let length = u32::try_from(sealed.len()).map_err(|_| NoteError::TooLong)?;
        let framed = [&length.to_be_bytes(), sealed].concat();
        let write = |file: &mut File| {
            let end = file.metadata()?.len();
            let done = file.write_all(&framed).and_then(|()| file.sync_data());
            if done.is_err() {
                // What was written of it would hide the next note.
                let _ = file.set_len(end);
            }
            done
        };
        write(&mut self.file).map_err(|source| NoteError::Io {
            path: self.path.clone(),
            source,
        })
    }

    /// All notes as they go into the station's file; no bytes if there are none.
    ///
    /// # Errors
    /// [`NoteError::Io`].
    pub fn export(path: &Path) -> Result<Vec<u8>, NoteError> {
        let all = match std::fs::read(path) {
            Ok(all) => all,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => {
                return Err(NoteError::Io {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        let (notes, whole) = whole_notes(&all);
        if all.len() - whole > LONGEST_HALF_NOTE {
            return Err(NoteError::Form);
        }
        if notes.is_empty() {
            return Ok(Vec::new());
        }
        let notes: Vec<Sealed> = notes.into_iter().map(|note| Sealed(note.to_vec())).collect();
        Ok(encode(&notes))
    }
}

/// The whole notes of a file, and where they end.
fn whole_notes(all: &[u8]) -> (Vec<&[u8]>, usize) {
    let mut notes = Vec::new();
    let mut rest = all;
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((note, behind)) = behind.split_at_checked(length) else {
            break;
        };
        notes.push(note);
        rest = behind;
    }
    (notes, all.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    fn note(identifier: &str, secret: &GuestSecret) -> Note {
        Note {
            about: About::Guest,
            salt: secret.salt(identifier),
            content: identifier.as_bytes().to_vec(),
        }
    }

    #[test]
    fn only_the_registrar_of_the_roll_opens_a_note_and_only_as_that_of_its_station() {
        let mut rng = StdRng::seed_from_u64(1);
        let [station, other, roll] = [7, 8, 9].map(|n| LedgerId::from_bytes([n; 32]));
        let registrar = RegistrarSecret::generate(&mut rng);
        let secret = NotesSecret::new(&registrar, roll);
        let guests = GuestSecret::generate(&mut rng);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes");
        assert!(NoteBook::export(&path).unwrap().is_empty());
        let mut book = NoteBook::open(&path).unwrap();
        for identifier in ["28400000001", "28400000002"] {
            let sealed = secret
                .public()
                .seal(station, &note(identifier, &guests), &mut rng)
                .unwrap();
            book.append(&sealed).unwrap();
        }
        let notes = NoteBook::export(&path).unwrap();
        assert!(!notes.windows(11).any(|w| w == b"28400000001"));
        let (opened, refused) = secret.open(station, &notes).unwrap();
        assert_eq!((opened.len(), refused.len()), (2, 0));
        assert_eq!(opened[1], note("28400000002", &guests));
        assert_eq!(secret.open(other, &notes).unwrap(), (vec![], vec![0, 1]));
        let strangers = [
            NotesSecret::new(&registrar, other),
            NotesSecret::new(&RegistrarSecret::generate(&mut rng), roll),
        ];
        for stranger in strangers {
            assert_eq!(stranger.open(station, &notes).unwrap(), (vec![], vec![0, 1]));
        }
        let mut altered = notes.clone();
        *altered.last_mut().unwrap() ^= 1;
        // An altered one hides nobody else's, and takes nobody else's place.
        let (opened, refused) = secret.open(station, &altered).unwrap();
        assert_eq!((opened.len(), refused), (1, vec![1]));
        let all = union(&altered, &notes).unwrap();
        assert_eq!(union(&all, &notes).unwrap(), all);
        let (opened, refused) = secret.open(station, &all).unwrap();
        assert_eq!((opened.len(), refused), (2, vec![1]));
        assert!(matches!(secret.open(station, &notes[..9]), Err(NoteError::Form)));
        assert_eq!(secret.open(station, &[]).unwrap(), (vec![], vec![]));
    }

    #[test]
    fn what_a_crash_left_half_written_is_cut_off_and_the_next_note_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes");
        NoteBook::open(&path).unwrap().append(b"first").unwrap();
        let whole = std::fs::read(&path).unwrap();
        for half in [&[0_u8][..], &[0, 0, 0, 9], &[0, 0, 0, 9, 1, 2]] {
            std::fs::write(&path, [&whole, half].concat()).unwrap();
            assert_eq!(sealed_notes(&NoteBook::export(&path).unwrap()).unwrap().len(), 1);
            NoteBook::open(&path).unwrap().append(b"second").unwrap();
            assert_eq!(sealed_notes(&NoteBook::export(&path).unwrap()).unwrap().len(), 2);
        }
        // More than a crash can leave: a length was altered, and nothing is cut off.
        let altered = [&whole, &[0xff; 4][..], &[7; LONGEST_HALF_NOTE]].concat();
        std::fs::write(&path, &altered).unwrap();
        assert!(matches!(NoteBook::open(&path), Err(NoteError::Form)));
        assert!(matches!(NoteBook::export(&path), Err(NoteError::Form)));
        assert_eq!(std::fs::read(&path).unwrap(), altered);
    }

    #[test]
    fn a_guest_is_found_again_by_the_commitment_and_by_nobody_else() {
        let mut rng = StdRng::seed_from_u64(2);
        let (one, two) = (GuestSecret::generate(&mut rng), GuestSecret::generate(&mut rng));
        let of = |secret: &GuestSecret, person| guest_commitment(&secret.salt(person), person);
        assert_eq!(of(&one, "V1"), of(&one, "V1"));
        assert_ne!(of(&one, "V1"), of(&two, "V1"));
        assert_ne!(of(&one, "V1"), of(&one, "V2"));
    }
}
