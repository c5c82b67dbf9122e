//! KurrentDB: connecting, the leases of this process, the record in the store.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sijill_engine::checkpoint_record::{CheckpointRecord, FileRecord, SharedRecord};
use sijill_store::EventStore;
use sijill_store_kurrentdb::{
    KurrentDbError, KurrentDbOptions, KurrentDbRecord, KurrentDbStore, LeaseError, LeasedStore,
};
use zeroize::Zeroizing;

use super::{Node, PASSWORD, PASSWORD_FILE};
use crate::error::{Failure, Outcome};

/// No password file is longer, in bytes.
const MAX_PASSWORD_BYTES: u64 = 4096;
/// Longer than any lease: who waits for one to run out waits as long as it lasts.
const PATIENCE: Duration = Duration::from_secs(2 * 3600);

/// The leases that this process holds.
#[derive(Debug, Default)]
pub(crate) struct Held(Mutex<Vec<Arc<LeasedStore>>>);

impl Held {
    fn add(&self, store: Arc<LeasedStore>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(store);
    }

    /// Gives them back. Nothing may be written any more.
    pub(crate) async fn release(&self) {
        let held = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for store in held {
            store.release().await;
        }
    }
}

pub(super) async fn connect(url: &str) -> Outcome<Arc<dyn EventStore>> {
    Ok(Arc::new(KurrentDbStore::connect(options(url)?).await?))
}

/// Opens the store for writing: with the leases of all its ledgers, and with the record that all nodes share.
pub(super) async fn open_node(
    url: &str,
    own: FileRecord,
    node: &Node,
    held: &Held,
) -> Outcome<(Arc<dyn EventStore>, Arc<dyn CheckpointRecord>)> {
    let options = options(url)?;
    let store = Arc::new(KurrentDbStore::connect(options.clone()).await?);
    let node = sijill_store_kurrentdb::Node {
        name: node.name.clone(),
        address: node.address.clone(),
        lease: Duration::from_secs(node.lease_seconds.into()),
    };
    let store = Arc::new(LeasedStore::acquire(store, node, PATIENCE).await?);
    held.add(Arc::clone(&store));
    let shared = KurrentDbRecord::connect(options, Some(store.leases()))?;
    Ok((store, Arc::new(SharedRecord::new(shared, own))))
}

/// The record that all nodes share beside what this one remembers, for looking.
pub(super) fn shared_record(url: &str, own: FileRecord) -> Outcome<Arc<dyn CheckpointRecord>> {
    let shared = KurrentDbRecord::connect(options(url)?, None)?;
    Ok(Arc::new(SharedRecord::new(shared, own)))
}

/// The record in the store, as one node alone may use it.
pub(super) fn record(url: &str) -> Outcome<Arc<dyn CheckpointRecord>> {
    Ok(Arc::new(KurrentDbRecord::connect(options(url)?, None)?))
}

fn options(url: &str) -> Outcome<KurrentDbOptions> {
    let password = password()?;
    let password = password.as_ref().map(|text| text.as_str());
    Ok(KurrentDbOptions::parse(url, password)?)
}

fn password() -> Outcome<Option<Zeroizing<String>>> {
    if let Some(path) = std::env::var_os(PASSWORD_FILE).filter(|path| !path.is_empty()) {
        return password_file(Path::new(&path)).map(Some);
    }
    match std::env::var(PASSWORD) {
        Ok(text) if text.is_empty() => Err(bad(format!("{PASSWORD} is empty"), "set it, or unset it")),
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(bad(format!("{PASSWORD} is not UTF-8"), "set it again"))
        }
    }
}

fn bad(problem: String, help: &str) -> Failure {
    Failure::refused(problem, help).code("store.password")
}

/// The first line of a file that its owner alone may read.
fn password_file(path: &Path) -> Outcome<Zeroizing<String>> {
    let failed = |e: std::io::Error| Failure::file(path, &e);
    let file = File::open(path).map_err(failed)?;
    // Of the open file, so that nobody can change it between looking and reading.
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.permissions().mode() & 0o777;
    let name = path.display();
    if mode & 0o077 != 0 {
        let problem = format!("the password file {name} can be read by others (mode {mode:03o})");
        return Err(
            Failure::refused(problem, format!("run: chmod 600 {name}")).code("store.password-exposed")
        );
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_PASSWORD_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    let line = text.lines().next().unwrap_or_default();
    if text.len() as u64 > MAX_PASSWORD_BYTES || line.is_empty() || line.starts_with('\u{FEFF}') {
        return Err(bad(
            format!("the password file {name} is empty, too long, or begins with a byte order mark"),
            "put the password of the user of KurrentDB into its first line, as UTF-8 without a mark",
        ));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

impl From<KurrentDbError> for Failure {
    fn from(error: KurrentDbError) -> Self {
        let (code, help) = match &error {
            KurrentDbError::Settings(_) => (
                "store.settings",
                "mend the connection string (--store, or `store` in site.toml); nothing was changed",
            ),
            KurrentDbError::Unreachable { .. } => (
                "store.unreachable",
                "nothing was changed; run the command again when it answers",
            ),
            KurrentDbError::Certificate { .. } => (
                "store.certificate",
                "name the file of the authority that signed it with tlsCaFile in the connection string, or renew the \
                 certificate; it is never accepted unchecked. Nothing was changed",
            ),
            KurrentDbError::Denied { .. } => (
                "store.denied",
                "the user stands in the connection string, the password in SIJILL_STORE_PASSWORD_FILE or \
                 SIJILL_STORE_PASSWORD; nothing was changed",
            ),
            KurrentDbError::Version { .. } => ("store.version", "use a newer server; nothing was changed"),
            KurrentDbError::Damaged { .. } => (
                "store.damaged",
                "somebody else has written under these names, or deleted them. Find out who; another namespace \
                 (namespace=… in the connection string) keeps installations apart. Nothing was changed",
            ),
            _ => ("store.failed", "nothing was changed"),
        };
        Self::failed(error.to_string(), help).code(code)
    }
}

impl From<LeaseError> for Failure {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::Held(elsewhere) => elsewhere.into(),
            LeaseError::Node => {
                Self::refused(error.to_string(), "mend [node] in site.toml").code("store.node")
            }
            LeaseError::Damaged { .. } => Self::failed(
                error.to_string(),
                "find out who. Give the stream back as it was: what was not scavenged comes back with its metadata \
                 (without $tb); otherwise restore a backup of the servers. Access lists keep others from writing \
                 there. Nothing was changed",
            )
            .code("store.lease"),
            error => Self::failed(
                error.to_string(),
                "nothing was changed; run the command again when KurrentDB answers",
            )
            .code("store.unavailable"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "secret\nmore\n").unwrap();
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        for exposed in [0o640, 0o604, 0o610, 0o644, 0o622] {
            mode(exposed);
            let error = password_file(&path).unwrap_err().to_string();
            assert!(
                error.contains("chmod 600") && !error.contains("secret"),
                "{error}"
            );
        }
        for private in [0o600, 0o400] {
            mode(private);
            assert_eq!(*password_file(&path).unwrap(), "secret");
        }
        mode(0o600);
        for (bytes, accepted) in [
            (&b""[..], false),
            (b"\nsecret\n", false),
            ("\u{FEFF}secret\n".as_bytes(), false),
            (b"\xffsecret\n", false),
            (b"no newline", true),
            (&[b'x'; 5000], false),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let read = password_file(&path);
            assert_eq!(read.is_ok(), accepted, "{bytes:?}");
            assert!(read.err().is_none_or(|e| !e.to_string().contains("secret")));
        }
    }
}
