//! Where events are kept: a file of SQLite, or KurrentDB.

#[cfg(feature = "kurrentdb")]
mod kurrentdb;
#[cfg(not(feature = "kurrentdb"))]
#[path = "stores/without.rs"]
mod kurrentdb;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sijill_engine::checkpoint_record::{CheckpointRecord, FileRecord};
use sijill_store::{EventStore, SqliteOptions, SqliteStore};

use crate::error::Outcome;
pub(crate) use kurrentdb::Held;

/// The place of an event store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file.
    Sqlite(PathBuf),
    /// A connection string without a password.
    KurrentDb(String),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("://") {
            None if text.is_empty() => Err("an empty name".to_owned()),
            None => Ok(Self::Sqlite(PathBuf::from(text))),
            Some(("kurrentdb" | "kurrentdb+discover", rest)) => {
                let authority = rest.split(['?', '/']).next().unwrap_or_default();
                let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
                if user.contains(':') {
                    return Err(format!(
                        "a password does not belong into the connection string: leave `:password` out, and give it in the \
                         environment ({PASSWORD}) or in a file ({PASSWORD_FILE})"
                    ));
                }
                Ok(Self::KurrentDb(text.to_owned()))
            }
            Some(_) => Err("a store is a file, or begins with kurrentdb://".to_owned()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::KurrentDb(url) => f.write_str(url),
        }
    }
}

/// The environment's password of KurrentDB.
const PASSWORD: &str = "SIJILL_STORE_PASSWORD";
/// The environment's name of a file whose first line is that password.
const PASSWORD_FILE: &str = "SIJILL_STORE_PASSWORD_FILE";

/// Who this installation is among those that write to the same store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Node {
    /// Its name.
    pub(crate) name: String,
    /// Where people reach it: what others are told.
    pub(crate) address: String,
    /// After how many seconds of silence others may take over.
    pub(crate) lease_seconds: u16,
}

impl Node {
    /// For how many seconds others wait, if nothing else is said.
    pub(crate) const LEASE_SECONDS: u16 = 15;

    /// The node, with the machine's name where nothing else is said.
    pub(crate) fn new(name: Option<String>, address: Option<String>, lease_seconds: u16) -> Self {
        let name = name.unwrap_or_else(machine);
        Self {
            address: address.unwrap_or_else(|| name.clone()),
            name,
            lease_seconds,
        }
    }
}

fn machine() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    let name = name.replace(char::is_control, "");
    if name.is_empty() { "node".to_owned() } else { name }
}

impl Place {
    /// Opens the store that is there, for reading and copying.
    pub(crate) async fn open(&self) -> Outcome<Arc<dyn EventStore>> {
        match self {
            Self::Sqlite(path) => Ok(Arc::new(SqliteStore::open(path, SqliteOptions::default())?)),
            Self::KurrentDb(url) => kurrentdb::connect(url).await,
        }
    }

    /// Opens the store that is there, or makes the file.
    pub(crate) async fn open_or_create(&self) -> Outcome<Arc<dyn EventStore>> {
        match self {
            Self::Sqlite(path) if !path.exists() => {
                Ok(Arc::new(SqliteStore::create(path, SqliteOptions::default())?))
            }
            place => place.open().await,
        }
    }

    /// Opens the store for a node that writes, with its record: the folder, or the one in the store with the folder as
    /// what the node remembers of it. Leases that this takes stand in `held` until they are given back.
    pub(crate) async fn open_node(
        &self,
        own: FileRecord,
        node: &Node,
        held: &Held,
    ) -> Outcome<(Arc<dyn EventStore>, Arc<dyn CheckpointRecord>)> {
        match self {
            Self::Sqlite(_) => Ok((self.open().await?, Arc::new(own))),
            Self::KurrentDb(url) => kurrentdb::open_node(url, own, node, held).await,
        }
    }

    /// The record of the store, for looking.
    pub(crate) fn record(&self, own: FileRecord) -> Outcome<Arc<dyn CheckpointRecord>> {
        match self {
            Self::Sqlite(_) => Ok(Arc::new(own)),
            Self::KurrentDb(url) => kurrentdb::shared_record(url, own),
        }
    }

    /// The record that is kept in the store itself, if it is kept there.
    pub(crate) fn record_within(&self) -> Outcome<Option<Arc<dyn CheckpointRecord>>> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::KurrentDb(url) => kurrentdb::record(url).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let parse = |text: &str| text.parse::<Place>();
        assert_eq!(parse("a/b.sqlite"), Ok(Place::Sqlite("a/b.sqlite".into())));
        let url = "kurrentdb://user@db1.example:2113,db2.example?namespace=a";
        assert_eq!(parse(url), Ok(Place::KurrentDb(url.to_owned())));
        for bad in ["", "postgres://db", "kurrentdb://user:secret@db.example"] {
            assert!(!parse(bad).unwrap_err().contains("secret"), "{bad}");
        }
    }
}
