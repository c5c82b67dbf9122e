//! The demonstration's folder: recognised by its marker, so that nothing else is ever deleted.

use std::path::{Path, PathBuf};

use rand::Rng as _;
use sijill_engine::folder::{DataFolder, FolderError};
use sijill_engine::keyfile::Passphrase;

use crate::error::{Failure, Outcome};
use crate::site::{make_folder, write_file};

/// The passphrase of every key file of a demonstration.
pub(super) const PASSPHRASE_FILE: &str = "PASSPHRASE-OF-A-DEMO-NOT-SECRET.txt";
const MARKER: &str = "sijill-demo.toml";
const RUNNING: &str = "# Made by `sijill demo`, which may delete this folder when it is asked to start over.\nstate = \"running\"\n";
const FINISHED: &str = "# Made by `sijill demo`, which may delete this folder when it is asked to start over.\nstate = \"finished\"\n";

/// A folder that belongs to a demonstration.
pub(super) struct DemoFolder {
    path: PathBuf,
}

impl DemoFolder {
    /// Takes a free folder, or clears one that an earlier demonstration has left if `again` says so.
    pub(super) fn start(path: &Path, again: bool) -> Outcome<Self> {
        let free = match std::fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_none(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => true,
            Err(e) => return Err(Failure::file(path, &e)),
        };
        if !free {
            let state = match std::fs::read_to_string(path.join(MARKER)) {
                Ok(text) if text == RUNNING => "was interrupted",
                Ok(text) if text == FINISHED => "is finished",
                _ => {
                    return Err(Failure::refused(
                        format!(
                            "{} is not empty, and is no demonstration's folder",
                            path.display()
                        ),
                        "name another folder with --dir",
                    )
                    .code("demo.folder"));
                }
            };
            if is_running(path).map_err(|e| Failure::file(path, &e))? {
                return Err(Failure::refused(
                    format!("a demonstration is running in {}", path.display()),
                    "wait until it has finished, or name another folder with --dir",
                )
                .code("demo.running"));
            }
            if !again {
                return Err(Failure::refused(
                    format!("{} has a demonstration that {state}", path.display()),
                    "start over with --again (it deletes this folder), or name another folder with --dir",
                )
                .code("demo.exists"));
            }
            // The marker goes last: interrupted here, the folder is still recognised as a demonstration's.
            clear(path).map_err(|e| Failure::file(path, &e))?;
        }
        make_folder(path)?;
        write_file(&path.join(MARKER), RUNNING.as_bytes())?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Draws the passphrase of the demonstration and leaves it in a file that says what it is.
    pub(super) fn passphrase(&self) -> Outcome<Passphrase> {
        let mut bytes = [0; 16];
        rand::rng().fill_bytes(&mut bytes);
        let text = hex::encode(bytes);
        write_file(&self.path.join(PASSPHRASE_FILE), format!("{text}\n").as_bytes())?;
        Ok(Passphrase::new(text))
    }

    /// The demonstration went through.
    pub(super) fn finished(&self) -> Outcome {
        write_file(&self.path.join(MARKER), FINISHED.as_bytes())
    }
}

/// Whether a process works on the data folder of an event.
fn is_running(path: &Path) -> std::io::Result<bool> {
    for entry in std::fs::read_dir(path)? {
        let data = DataFolder::open(&entry?.path().join("engine"));
        if matches!(data, Err(FolderError::InUse { .. })) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn clear(path: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name() == MARKER {
            continue;
        }
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_demonstrations_folder_is_cleared() {
        let temp = tempfile::tempdir().unwrap();
        let foreign = temp.path().join("foreign");
        std::fs::create_dir(&foreign).unwrap();
        std::fs::write(foreign.join("thesis.txt"), "years of work").unwrap();
        assert!(DemoFolder::start(&foreign, true).is_err());
        assert!(foreign.join("thesis.txt").exists());

        let ours = temp.path().join("ours");
        DemoFolder::start(&ours, false).unwrap();
        std::fs::write(ours.join("leftover"), "x").unwrap();
        assert!(
            DemoFolder::start(&ours, false)
                .err()
                .unwrap()
                .to_string()
                .contains("--again")
        );
        DemoFolder::start(&ours, true).unwrap().finished().unwrap();
        assert!(!ours.join("leftover").exists());
        let error = DemoFolder::start(&ours, false).err().unwrap();
        assert!(error.to_string().contains("is finished"));
    }
}
