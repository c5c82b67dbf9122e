//! Files that survive a loss of power: the few steps that every durable file of the engine is written by.
//!
//! A replacement is: write a draft beside the target, force it to the disk, give it the target's name, force the
//! folder. Until the renaming nothing has changed; from then on the new file may be there. Spec:
//! specs/operations.md §6.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// How far a write got before it failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// Nothing has changed.
    #[error(transparent)]
    Unchanged(io::Error),
    /// The new file may or may not be there, now or after a crash.
    #[error(transparent)]
    Unknown(io::Error),
}

impl WriteError {
    pub(crate) fn into_io(self) -> io::Error {
        match self {
            Self::Unchanged(error) | Self::Unknown(error) => error,
        }
    }
}

/// Makes a file that only this user may read, with a name that must be free. If it fails, the name is free again, as
/// far as that is possible.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private().create_new(true).open(path)?;
    let written = step(Step::Write, || file.write_all(bytes))
        .and_then(|()| step(Step::SyncFile, || file.sync_all()))
        .and_then(|()| sync_parent(path));
    if written.is_err() {
        // An incomplete key is of no use to anybody. If it cannot be removed, reading refuses it.
        let _leftover = fs::remove_file(path);
    }
    written
}

/// Puts `bytes` in the place of `path`, through `draft` in the same folder. Two writers must not share a draft.
pub(crate) fn replace(path: &Path, draft: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let prepare = || {
        // A crash may have left an older draft.
        match fs::remove_file(draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private().create_new(true).open(draft)?;
        step(Step::Write, || file.write_all(bytes))?;
        step(Step::SyncFile, || file.sync_all())
    };
    prepare().map_err(WriteError::Unchanged)?;
    step(Step::Rename, || fs::rename(draft, path)).map_err(WriteError::Unknown)?;
    sync_parent(path).map_err(WriteError::Unknown)
}

/// Forces a file that was found, and its name, to the disk: whoever wrote it may have failed to.
pub(crate) fn settle(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    sync_parent(path)
}

/// Makes a folder that only this user may enter, unless there is something with that name, and forces the name to the
/// disk in either case.
pub(crate) fn ensure_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_parent(path),
    }
}

/// Makes the folder of `path` and those above it, as far as they are missing, for this user alone. Nothing is forced to the
/// disk: for what may be lost and made again.
pub(crate) fn parent_of_expendable(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Forces the names in the folder of `path` to the disk.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    step(Step::SyncFolder, || File::open(folder)?.sync_all())
}

/// Options of a file that only this user may read.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The permission bits that others than the owner have, if any.
pub(crate) fn exposure(metadata: &fs::Metadata) -> Option<u32> {
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        (mode & 0o077 != 0).then_some(mode)
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}

/// What can fail by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Write,
    SyncFile,
    Rename,
    SyncFolder,
}

fn step(step: Step, act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    #[cfg(test)]
    if let Some(fault) = faults::take(step) {
        if fault == faults::Fault::ReportedFailed {
            act()?;
        }
        return Err(io::Error::other("injected"));
    }
    let _ = step;
    act()
}

/// Failures on demand, in the thread that asks for them.
#[cfg(test)]
pub(crate) mod faults {
    use std::cell::Cell;

    use super::Step;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Fault {
        /// The step is not made.
        Lost,
        /// The step is made, and reported as failed.
        ReportedFailed,
    }

    pub(crate) const ALL: [(Step, Fault); 8] = [
        (Step::Write, Fault::Lost),
        (Step::Write, Fault::ReportedFailed),
        (Step::SyncFile, Fault::Lost),
        (Step::SyncFile, Fault::ReportedFailed),
        (Step::Rename, Fault::Lost),
        (Step::Rename, Fault::ReportedFailed),
        (Step::SyncFolder, Fault::Lost),
        (Step::SyncFolder, Fault::ReportedFailed),
    ];

    thread_local! {
        static NEXT: Cell<Option<(Step, Fault)>> = const { Cell::new(None) };
    }

    pub(crate) fn inject(step: Step, fault: Fault) {
        NEXT.set(Some((step, fault)));
    }

    pub(crate) fn take(step: Step) -> Option<Fault> {
        let (at, fault) = NEXT.get()?;
        (at == step).then(|| {
            NEXT.set(None);
            fault
        })
    }

    pub(crate) fn none_left() -> bool {
        NEXT.get().is_none()
    }
}
