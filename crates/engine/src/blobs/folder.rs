//! Blobs as files of a folder, each replaced as a whole and forced to the disk.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::Blobs;
use crate::durable;

const DRAFT_SUFFIX: &str = ".new";

/// A folder.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Whether it is made with the first blob.
    made_late: bool,
    /// Tells drafts of processes apart.
    opened: u64,
    drafts: AtomicU64,
}

impl Folder {
    /// Opens a folder, which the caller has locked, and removes drafts that a crash has left.
    ///
    /// # Errors
    /// [`io::Error`], also if there is none.
    pub fn open(path: &Path) -> io::Result<Self> {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().ends_with(DRAFT_SUFFIX) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self::at(path, false))
    }

    /// Opens a folder in which other nodes work too. Drafts that a crash has left stay there.
    ///
    /// # Errors
    /// [`io::Error`], also if there is none.
    pub fn open_shared(path: &Path) -> io::Result<Self> {
        fs::read_dir(path)?;
        Ok(Self::at(path, false))
    }

    /// As [`Folder::open`], of a folder that need not exist yet.
    ///
    /// # Errors
    /// [`io::Error`]
    pub fn made_with_the_first(path: &Path) -> io::Result<Self> {
        match Self::open(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(Self::at(path, true)),
        }
    }

    fn at(path: &Path, made_late: bool) -> Self {
        Self {
            path: path.into(),
            made_late,
            opened: rand::random(),
            drafts: AtomicU64::new(0),
        }
    }
}

impl Blobs for Folder {
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if self.made_late {
            durable::ensure_folder(&self.path)?;
        }
        // Drafts are not shared: two threads, or two nodes, may store the same blob.
        let number = self.drafts.fetch_add(1, Ordering::Relaxed);
        let draft = self
            .path
            .join(format!("{name}.{:016x}.{number}{DRAFT_SUFFIX}", self.opened));
        durable::replace(&self.path.join(name), &draft, bytes).map_err(|error| {
            // What cannot be removed now is removed when the folder is next opened.
            let _leftover = fs::remove_file(&draft);
            error.into_io()
        })
    }

    fn settle(&self, name: &str) -> io::Result<()> {
        durable::settle(&self.path.join(name))
    }

    fn length(&self, name: &str) -> io::Result<Option<u64>> {
        match fs::metadata(self.path.join(name)) {
            Ok(metadata) if metadata.is_file() => Ok(Some(metadata.len())),
            Ok(_) => Err(io::ErrorKind::InvalidData.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn get(&self, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.path.join(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let expected = file.metadata()?.len().min(most.saturating_add(1));
        let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
        file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn remove(&self, name: &str) -> io::Result<bool> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Ok(()) => {
                durable::sync_parent(&path)?;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            if let Ok(name) = entry?.file_name().into_string()
                && !name.ends_with(DRAFT_SUFFIX)
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn place(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}
