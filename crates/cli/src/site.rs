//! The folders of an installation.
//!
//! ```text
//! DIR/site.toml                what this folder is
//! DIR/engine/                  data folder: events, contents, snapshots, keys of service and ledgers
//! DIR/checkpoints/             the checkpoint record; a deployment puts it on another disk
//! DIR/people/…                 key files of commission, registrar, trustees: in real life on their own machines
//! DIR/published, DIR/trust.json                        what everybody may read
//! DIR/accredited, DIR/trust-accredited.json            what accredited auditors may read
//! DIR/jurisdiction, DIR/trust-jurisdiction.json          what everybody may read of the registers
//! DIR/receipts/                receipts of ballots that were cast, and of comments that were made, from here
//! DIR/kept/                    texts of people whose comment or appeal was refused
//! ```

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sijill_engine::checkpoint_record::FileRecord;
use sijill_engine::clock::{Clock, RehearsalClock, SystemClock};
use sijill_engine::content::ContentStore;
use sijill_engine::folder::{DataFolder, check_private};
use sijill_engine::keyfile::{KeyFile, Passphrase, SigningKind};
use sijill_engine::openings::OpeningStore;
use sijill_engine::{Engine, EngineKeys};
use sijill_ledger::{LedgerId, Origin, SigningKey, UnixMillis};
use sijill_registers::register::Facts;
use sijill_store::{SqliteOptions, SqliteStore};

use crate::acts::Event;
use crate::error::{Failure, Outcome};
use crate::render::tell;
use crate::render::{say, show, wants_json};
use crate::stores::{Held, Node, Place};

const FORMAT: &str = "sijill-site/1";
const SERVICE_KEY: &str = "service.key";
const LEDGER_KEY: &str = "ledger.key";
const KEYS: [(&str, SigningKind, &str); 2] = [
    (SERVICE_KEY, SigningKind::Service, "service"),
    (LEDGER_KEY, SigningKind::Ledger, "ledger"),
];
/// Largest file that is read whole, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// `site.toml`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SiteFile {
    format: String,
    /// What the origins of this site's ledgers begin with.
    origin: Origin,
    /// Folder of the checkpoint record; relative to this file.
    checkpoints: PathBuf,
    /// Where events are kept, if not in the data folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    store: Option<String>,
    /// Folder of documents that every node sees, if not in the data folder; relative to this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<PathBuf>,
    /// The event that commands mean if they name none: the last one that was defined here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    /// Who this installation is among those that write to the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node: Option<Node>,
}

/// What a new installation is to be.
#[derive(Debug)]
pub(crate) struct NewSite {
    /// What the origins of its ledgers begin with.
    pub(crate) origin: Origin,
    /// Folder of the checkpoint record, if not `checkpoints`.
    pub(crate) checkpoints: Option<PathBuf>,
    /// Where events are kept, if not in the data folder.
    pub(crate) store: Option<Place>,
    /// Folder of documents that every node sees, if not in the data folder.
    pub(crate) content: Option<PathBuf>,
    /// Who it is among those that write to the store.
    pub(crate) node: Option<Node>,
}

/// Where the keys of service and ledgers come from.
#[derive(Debug)]
pub(crate) enum Keys<'a> {
    /// New ones, sealed under this passphrase.
    New(&'a Passphrase),
    /// Those of the service that the installation joins: the sealed files in this folder.
    Copied(&'a Path),
}

/// An installation.
#[derive(Debug)]
pub(crate) struct Site {
    root: PathBuf,
    file: SiteFile,
}

/// An engine that works on the site's data folder, which is locked meanwhile.
pub(crate) struct OpenSite {
    pub(crate) engine: Arc<Engine>,
    _data: DataFolder,
}

impl Site {
    /// Makes the folders, and the keys of service and ledgers.
    ///
    /// `site.toml` is written last: a folder without it is not an installation, and nothing of value is in it.
    pub(crate) fn create(root: &Path, new: NewSite, keys: &Keys<'_>) -> Outcome<Self> {
        let toml = root.join("site.toml");
        if toml.exists() {
            return Err(Failure::refused(
                format!("{} is an installation already", root.display()),
                "name another folder with --dir, or go on working in this one",
            )
            .code("folder.exists"));
        }
        if root.join("engine").exists() {
            return Err(Failure::refused(
                format!(
                    "{} has a data folder, but is no complete installation",
                    root.display()
                ),
                "if an earlier `sijill init` was interrupted here, remove the folder yourself: nothing of value is in it; \
                 else name another folder with --dir",
            ).code("folder.unfinished"));
        }
        let keys = KEYS
            .iter()
            .map(|(name, kind, label)| Ok((*name, key_file(keys, name, *kind, label)?)))
            .collect::<Outcome<Vec<_>>>()?;
        let absolute = |path: PathBuf| std::path::absolute(&path).map_err(|e| Failure::file(&path, &e));
        let content = new.content.map(absolute).transpose()?;
        if let Some(content) = &content {
            if !content.exists() {
                make_folder(content)?;
            }
            check_private(content)?;
        }
        make_folder(root)?;
        let data = DataFolder::create(&root.join("engine"))?;
        for (name, file) in keys {
            file.create(&data.keys().join(name))?;
        }
        if new.store.is_none() {
            drop(SqliteStore::create(&data.events(), SqliteOptions::default())?);
        }
        let checkpoints = match new.checkpoints {
            Some(path) => absolute(path)?,
            None => PathBuf::from("checkpoints"),
        };
        drop(FileRecord::create(&root.join(&checkpoints), data.path())?);
        drop(data);
        let file = SiteFile {
            format: FORMAT.to_owned(),
            origin: new.origin,
            checkpoints,
            store: new.store.as_ref().map(Place::to_string),
            content,
            event: None,
            node: new.node,
        };
        let site = Self {
            root: root.to_owned(),
            file,
        };
        make_folder(&site.people())?;
        make_folder(&site.receipts())?;
        site.save()?;
        Ok(site)
    }

    /// What another node of this installation is to be.
    pub(crate) fn join(&self, checkpoints: Option<PathBuf>, node: Node) -> Outcome<NewSite> {
        let not_shared = |what: &str, help: &str| {
            Failure::refused(
                format!("{what} of {} cannot be shared", self.root.display()),
                help,
            )
            .code("store.not-shared")
        };
        let Some(store) = &self.file.store else {
            return Err(not_shared(
                "the events",
                "they are in a file of its data folder; nodes share events in KurrentDB (`sijill store copy` moves them)",
            ));
        };
        let Some(content) = &self.file.content else {
            return Err(not_shared(
                "the documents",
                "they are in its data folder: move DIR/engine/content to a folder that all nodes see, and put \
                 content = \"FOLDER\" into site.toml (`sijill init --content` does so from the beginning)",
            ));
        };
        Ok(NewSite {
            origin: self.file.origin.clone(),
            checkpoints,
            store: Some(parse_store(store)?),
            content: Some(self.root.join(content)),
            node: Some(node),
        })
    }

    /// Reads what a folder says about itself.
    pub(crate) fn open(root: &Path) -> Outcome<Self> {
        let path = root.join("site.toml");
        let text = fs::read_to_string(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Failure::refused(
                format!("{} is not an installation: it has no site.toml", root.display()),
                "`sijill init` makes one; give --dir if it lies elsewhere",
            )
            .code("folder.missing"),
            _ => Failure::file(&path, &e),
        })?;
        let bad =
            |problem: String| Failure::refused(format!("{}: {problem}", path.display()), "restore the file");
        let file: SiteFile = toml::from_str(&text).map_err(|e| bad(e.to_string()))?;
        if file.format != FORMAT {
            return Err(bad(format!(
                "format `{}`; this version knows `{FORMAT}`",
                file.format
            )));
        }
        Ok(Self {
            root: root.to_owned(),
            file,
        })
    }

    /// Unlocks the keys of service and ledgers and opens every ledger. Leases that this takes stand in `held` until they are
    /// given back.
    ///
    /// A simulated clock is refused if any event here is no rehearsal: its times would be lies.
    pub(crate) async fn start(
        &self,
        clock: Clocks,
        passphrase: &Passphrase,
        held: &Held,
    ) -> Outcome<OpenSite> {
        let data = DataFolder::open(&self.engine_folder())?;
        let unlock = |name: &str, kind| -> Outcome<SigningKey> {
            Ok(KeyFile::load(&data.keys().join(name))?.unlock_signing_key(kind, passphrase)?)
        };
        let keys = EngineKeys {
            service: unlock(SERVICE_KEY, SigningKind::Service)?,
            ledger: unlock(LEDGER_KEY, SigningKind::Ledger)?,
        };
        let own = FileRecord::open(&self.checkpoints(), data.path())?;
        let content = self.content(&data)?;
        let snapshots = data.path().join("snapshots");
        let simulated = matches!(clock, Clocks::Rehearsal(_));
        let (store, record) = self.store(&data)?.open_node(own, &self.node(), held).await?;
        let engine = Engine::open(store, record, content, &snapshots, clock.into_clock(), keys).await?;
        let engine = Arc::new(engine);
        for why in engine.refused().values() {
            tell!("warning: {why}. Nothing is written to it; `sijill store check` says more");
        }
        if simulated {
            refuse_real_events(&engine)?;
        }
        Ok(OpenSite { engine, _data: data })
    }

    /// Where events are kept.
    pub(crate) fn store(&self, data: &DataFolder) -> Outcome<Place> {
        match &self.file.store {
            None => Ok(Place::Sqlite(data.events())),
            Some(text) => parse_store(text),
        }
    }

    /// The documents.
    pub(crate) fn content(&self, data: &DataFolder) -> Outcome<ContentStore> {
        let opened = match &self.file.content {
            None => ContentStore::open(&data.content()),
            Some(folder) => {
                let folder = self.root.join(folder);
                check_private(&folder)?;
                ContentStore::open_shared(&folder)
            }
        };
        let openings = OpeningStore::open(&data.openings()).map_err(sijill_engine::EngineError::from)?;
        Ok(opened
            .map_err(sijill_engine::EngineError::from)?
            .with_openings(openings))
    }

    fn node(&self) -> Node {
        match &self.file.node {
            Some(node) => node.clone(),
            None => Node::new(None, None, Node::LEASE_SECONDS),
        }
    }

    /// Refuses what only works on a file in the data folder.
    pub(crate) fn needs_file(&self, what: &str) -> Outcome {
        match &self.file.store {
            None => Ok(()),
            Some(_) => Err(Failure::refused(
                format!(
                    "{what} works on events that are kept in the data folder; here they are kept in KurrentDB"
                ),
                "back up the servers as deploy/kurrentdb/README.md says, or copy the events with `sijill store copy`",
            )),
        }
    }

    /// What the origins of this site's ledgers begin with.
    pub(crate) const fn origin(&self) -> &Origin {
        &self.file.origin
    }

    /// The event that commands mean.
    pub(crate) fn event(&self, named: Option<LedgerId>) -> Outcome<LedgerId> {
        if let Some(event) = named {
            return Ok(event);
        }
        let Some(text) = &self.file.event else {
            return Err(Failure::refused(
                "no event is defined here yet",
                "`sijill election new` defines one",
            )
            .code("event.missing"));
        };
        text.parse().map_err(|_| {
            Failure::refused(
                "site.toml names an event that is not a ledger id",
                "give --event, or mend site.toml",
            )
        })
    }

    /// Remembers the event that commands mean from now on.
    pub(crate) fn set_event(&mut self, event: LedgerId) -> Outcome {
        self.file.event = Some(event.to_string());
        self.save()
    }

    /// The folder of the key files of service and ledgers.
    pub(crate) fn keys(&self) -> PathBuf {
        self.engine_folder().join("keys")
    }

    pub(crate) fn engine_folder(&self) -> PathBuf {
        self.root.join("engine")
    }

    /// The file of the read models. Spec: specs/operations.md §17.
    pub(crate) fn boards(&self) -> PathBuf {
        self.engine_folder().join("boards.sqlite")
    }

    /// The reminders that were handed out. Spec: specs/operations.md §17.7.
    pub(crate) fn reminders(&self) -> PathBuf {
        self.engine_folder().join("reminders")
    }

    pub(crate) fn checkpoints(&self) -> PathBuf {
        self.root.join(&self.file.checkpoints)
    }

    pub(crate) fn people(&self) -> PathBuf {
        self.root.join("people")
    }

    /// The registrar's vault of an event's roll.
    pub(crate) fn vault(&self, event: &LedgerId) -> PathBuf {
        let id = event.to_string();
        self.people()
            .join("registrar")
            .join(format!("vault-{}.sqlite", &id[..16]))
    }

    /// What the service keeps of persons: their secret, and the vault of a jurisdiction.
    pub(crate) fn persons(&self) -> PathBuf {
        self.people().join("service")
    }

    /// What is kept of the polling stations of an event.
    pub(crate) fn stations(&self, event: &LedgerId) -> PathBuf {
        of_event(&self.all_stations(), event)
    }

    /// What is kept of polling stations, by event.
    pub(crate) fn all_stations(&self) -> PathBuf {
        self.root.join("stations")
    }

    /// What stations of an event have noted for the registrar, sealed.
    pub(crate) fn notes(&self, event: &LedgerId) -> PathBuf {
        of_event(&self.root.join("notes"), event)
    }

    /// What a polling station keeps on its own machine: its roll, its notes for the registrar, the signatures at the end.
    pub(crate) fn station(&self) -> PathBuf {
        self.root.join("station")
    }

    pub(crate) fn receipts(&self) -> PathBuf {
        self.root.join("receipts")
    }

    /// Texts of people whose comment or appeal was refused.
    pub(crate) fn kept(&self) -> PathBuf {
        self.root.join("kept")
    }

    pub(crate) fn published(&self) -> PathBuf {
        self.root.join("published")
    }

    pub(crate) fn accredited(&self) -> PathBuf {
        self.root.join("accredited")
    }

    pub(crate) fn jurisdiction(&self) -> PathBuf {
        self.root.join("jurisdiction")
    }

    pub(crate) fn trust_jurisdiction(&self) -> PathBuf {
        self.root.join("trust-jurisdiction.json")
    }

    pub(crate) fn trust(&self) -> PathBuf {
        self.root.join("trust.json")
    }

    pub(crate) fn trust_accredited(&self) -> PathBuf {
        self.root.join("trust-accredited.json")
    }

    fn save(&self) -> Outcome {
        let text = toml::to_string(&self.file).map_err(Failure::internal)?;
        write_file(&self.root.join("site.toml"), text.as_bytes())
    }
}

impl OpenSite {
    /// The acts of an event.
    pub(crate) fn event(&self, election: LedgerId) -> Outcome<Event> {
        Event::open(Arc::clone(&self.engine), election)
    }
}

/// Which clock an engine goes by.
#[derive(Debug, Clone)]
pub(crate) enum Clocks {
    /// The system's.
    System,
    /// A simulated one.
    Rehearsal(Arc<RehearsalClock>),
}

impl Clocks {
    /// The system's clock, or one that stands still at `at`.
    pub(crate) fn at(at: Option<jiff::Timestamp>) -> Outcome<Self> {
        let Some(at) = at else { return Ok(Self::System) };
        let ms = u64::try_from(at.as_millisecond()).ok().and_then(UnixMillis::new);
        let ms = ms.ok_or_else(|| {
            Failure::usage(
                "the rehearsal clock shows an impossible time",
                "use a year like 2026",
            )
            .code("clock.impossible")
        })?;
        Ok(Self::Rehearsal(Arc::new(RehearsalClock::new(ms))))
    }

    /// Whether it is simulated.
    pub(crate) const fn is_simulated(&self) -> bool {
        matches!(self, Self::Rehearsal(_))
    }

    /// What time it is.
    pub(crate) fn now(&self) -> UnixMillis {
        match self {
            Self::System => SystemClock.now(),
            Self::Rehearsal(clock) => clock.now(),
        }
    }

    fn into_clock(self) -> Arc<dyn Clock> {
        match self {
            Self::System => Arc::new(SystemClock),
            Self::Rehearsal(clock) => clock,
        }
    }
}

fn parse_store(text: &str) -> Outcome<Place> {
    text.parse().map_err(|problem: String| {
        Failure::refused(format!("the store in site.toml: {problem}"), "mend site.toml")
            .code("store.settings")
    })
}

fn key_file(keys: &Keys<'_>, name: &str, kind: SigningKind, label: &str) -> Outcome<KeyFile> {
    match keys {
        Keys::New(passphrase) => {
            let mut rng = rand::rng();
            let key = SigningKey::generate(&mut rng);
            let cost = crate::passphrase::cost();
            Ok(KeyFile::seal_signing_key(
                kind, label, &key, passphrase, cost, &mut rng,
            )?)
        }
        Keys::Copied(folder) => {
            let path = folder.join(name);
            let file = KeyFile::load(&path)?;
            if file.kind() != kind.into() {
                return Err(Failure::refused(
                    format!("{} is a key of kind {}", path.display(), file.kind()),
                    format!("give the {name} of the service"),
                )
                .code("key.kind"));
            }
            Ok(file)
        }
    }
}

fn refuse_real_events(engine: &Engine) -> Outcome {
    // A refused election ledger cannot say whether its event is a rehearsal.
    if let Some(why) = engine.refused().values().next() {
        return Err(why.into());
    }
    for handle in engine.ledgers().all() {
        let real = match handle.facts() {
            Facts::Election(facts) => facts.manifest.as_ref().is_some_and(|m| !m.rehearsal),
            Facts::Calendar(facts) => facts.jurisdiction.as_ref().is_some_and(|j| !j.rehearsal),
            _ => false,
        };
        if real {
            return Err(Failure::refused(
                "a simulated clock is refused: this folder holds an event or a jurisdiction that is no rehearsal",
                "leave --rehearsal-clock out, or rehearse in another folder",
            )
            .code("clock.simulated"));
        }
    }
    Ok(())
}

/// The folder of an event in a folder of all.
pub(crate) fn of_event(folder: &Path, event: &LedgerId) -> PathBuf {
    folder.join(&event.to_string()[..16])
}

/// Makes a folder that only this user may enter, and the folders above it.
pub(crate) fn make_folder(path: &Path) -> Outcome {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| Failure::file(path, &e))
}

/// What the name of a draft ends in.
const DRAFT: &str = ".new";

/// The files of a folder that [`write_file`] fills, by name: what a crash has left half written is none of them. None if
/// there is no folder.
pub(crate) fn written_files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let failure = |e| Failure::file(folder, &e);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(failure(e)),
    };
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failure)?;
        if !entry.file_name().as_encoded_bytes().ends_with(DRAFT.as_bytes()) {
            all.push(entry.path());
        }
    }
    all.sort();
    Ok(all)
}

/// Writes a file that this user alone may read, aside and renamed over the old one, so that a crash leaves the old or
/// the new one.
///
/// # Durability
/// The file is on stable storage when this returns.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Outcome {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(DRAFT);
    let aside = path.with_file_name(name);
    let write = || -> std::io::Result<()> {
        // A crash may have left a draft, or somebody else something with its name. It is not written into: it may be a
        // link, or may be read by others.
        match fs::remove_file(&aside) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        if let Some(folder) = path.parent() {
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            fs::File::open(folder)?.sync_all()?;
        }
        Ok(())
    };
    write().map_err(|e| Failure::file(path, &e))
}

/// The name of a file that somebody asked for, taken before the work begins, so that nothing is signed or cast whose file
/// then cannot be written, and nothing that exists is overwritten.
#[derive(Debug)]
pub(crate) struct NewFile {
    path: PathBuf,
    written: bool,
}

impl NewFile {
    /// Takes a free name.
    pub(crate) fn take(path: &Path) -> Outcome<Self> {
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|e| Failure::file(path, &e))?;
        Ok(Self {
            path: path.to_owned(),
            written: false,
        })
    }

    /// Writes it.
    ///
    /// # Durability
    /// The file is on stable storage when this returns.
    pub(crate) fn write(mut self, bytes: &[u8]) -> Outcome {
        write_file(&self.path, bytes)?;
        self.written = true;
        Ok(())
    }
}

/// A file that was written before the act that it belongs to.
#[derive(Debug)]
pub(crate) struct Ahead(PathBuf);

/// Hands over a copy of what is kept of a person: into the file, or on the screen.
pub(crate) fn hand_over(document: &serde_json::Value, file: Option<NewFile>) -> Outcome {
    match file {
        None if wants_json() => show!(document),
        None => say!("{document:#}"),
        Some(file) => {
            let name = file.path.clone();
            let bytes =
                zeroize::Zeroizing::new(serde_json::to_vec_pretty(document).map_err(Failure::internal)?);
            file.write(&bytes)?;
            say!("Wrote the copy. It is the person's: hand it over, and delete it here.");
            show!(serde_json::json!({ "file": name }));
        }
    }
    Ok(())
}

impl NewFile {
    /// Writes it before the act that it belongs to.
    ///
    /// # Durability
    /// As [`NewFile::write`].
    pub(crate) fn write_ahead(self, bytes: &[u8]) -> Outcome<Ahead> {
        let path = self.path.clone();
        self.write(bytes)?;
        // From here on it stays, unless it is settled otherwise: a crash of the act says nothing about the ledger.
        Ok(Ahead(path))
    }
}

impl Ahead {
    /// The act is over: the file stays if what it belongs to stands, or may stand, on the ledger. Where nothing was
    /// recorded for certain, its name is free again.
    pub(crate) fn settle<T>(self, done: Outcome<T>) -> Outcome<T> {
        if matches!(&done, Err(failure) if failure.is_without_effect()) {
            let _ = fs::remove_file(&self.0);
        }
        done
    }
}

impl Drop for NewFile {
    /// A name that was not used is free again.
    fn drop(&mut self) {
        if !self.written {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Reads a whole file, unless it is larger than any file of ours.
pub(crate) fn read_bounded(path: &Path) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|e| Failure::file(path, &e))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(
            Failure::refused(format!("{} is too large", path.display()), "give the right file")
                .code("file.size"),
        );
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_draft_is_made_anew_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let [path, aside, other] = ["file", "file.new", "other"].map(|name| folder.path().join(name));
        let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
        fs::write(&other, b"of somebody else").unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o644)).unwrap();
        // A link in the place of the draft, then in the place of the file.
        symlink(&other, &aside).unwrap();
        write_file(&path, b"first").unwrap();
        fs::remove_file(&path).unwrap();
        symlink(&other, &path).unwrap();
        write_file(&path, b"second").unwrap();
        assert_eq!(fs::read(&other).unwrap(), b"of somebody else");
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        // A draft that others may read.
        fs::write(&aside, b"draft").unwrap();
        fs::set_permissions(&aside, fs::Permissions::from_mode(0o666)).unwrap();
        write_file(&path, b"third").unwrap();
        assert_eq!(
            (fs::read(&path).unwrap().as_slice(), mode(&path)),
            (&b"third"[..], 0o600)
        );
        assert_eq!(written_files(folder.path()).unwrap(), [path, other]);
    }
}
