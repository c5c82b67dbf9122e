//! Where events are kept: a file of SQLite, or KurrentDB.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use sijill_store::{EventStore, SqliteOptions, SqliteStore};

use crate::error::{Failure, Outcome};

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

impl Place {
    /// Opens the store that is there.
    pub(crate) async fn open(&self) -> Outcome<Arc<dyn EventStore>> {
        match self {
            Self::Sqlite(path) => Ok(Arc::new(SqliteStore::open(path, SqliteOptions::default())?)),
            Self::KurrentDb(url) => connect(url).await,
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
}

#[cfg(not(feature = "kurrentdb"))]
async fn connect(_url: &str) -> Outcome<Arc<dyn EventStore>> {
    let _names = (PASSWORD, PASSWORD_FILE, Path::new(""));
    Err(Failure::refused(
        "this program was built without KurrentDB",
        "build it with `cargo build --release --features kurrentdb` (a C compiler is needed)",
    ))
}

#[cfg(feature = "kurrentdb")]
async fn connect(url: &str) -> Outcome<Arc<dyn EventStore>> {
    use sijill_store_kurrentdb::{KurrentDbError, KurrentDbOptions, KurrentDbStore};

    let refused = |error: KurrentDbError| match error {
        KurrentDbError::Unreachable { .. } => Failure::failed(
            error.to_string(),
            "nothing was changed; try again when it answers",
        ),
        error => Failure::refused(error.to_string(), "mend the configuration; nothing was changed"),
    };
    let password = password()?;
    let password = password.as_ref().map(|text| text.as_str());
    let options = KurrentDbOptions::parse(url, password).map_err(refused)?;
    let store = KurrentDbStore::connect(options).await.map_err(refused)?;
    Ok(Arc::new(store))
}

#[cfg(feature = "kurrentdb")]
fn password() -> Outcome<Option<zeroize::Zeroizing<String>>> {
    if let Some(path) = std::env::var_os(PASSWORD_FILE) {
        let bytes = zeroize::Zeroizing::new(crate::site::read_bounded(Path::new(&path))?);
        let text = std::str::from_utf8(&bytes).map_err(|_| {
            Failure::refused(
                format!("the file in {PASSWORD_FILE} is not UTF-8"),
                "give the right file",
            )
        })?;
        let line = text.lines().next().unwrap_or_default().to_owned();
        return Ok(Some(zeroize::Zeroizing::new(line)));
    }
    match std::env::var(PASSWORD) {
        Ok(text) => Ok(Some(zeroize::Zeroizing::new(text))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Failure::refused(
            format!("{PASSWORD} is not UTF-8"),
            "set it again",
        )),
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
