//! Archives whose structure is wrong: made from the archive of an honest event, record by record.
//!
//! Spec: specs/ballot-suite.md §15, specs/verification.md §9.

use super::cases::{Case, Command, Package, attack, honest_archive};
use super::forge::sha;

const BLOCK: usize = 512;

/// Cases of `sijill-verify bel` alone.
pub(super) fn all() -> Vec<Case> {
    let cases = [
        flawed(
            "A1-cut",
            "The last block is cut off",
            &["archive.entry"],
            |name| {
                let mut bytes = Archive::honest(name).write();
                bytes.truncate(bytes.len() - BLOCK);
                packed(&bytes)
            },
        ),
        flawed(
            "A1-zeros",
            "Two blocks of zeros at the end, as other tools write them",
            &["archive.entry"],
            |name| {
                let mut bytes = Archive::honest(name).write();
                bytes.extend([0; 2 * BLOCK]);
                packed(&bytes)
            },
        ),
        flawed(
            "A1-padding",
            "A message in the padding of a record",
            &["archive.entry"],
            |name| {
                let mut archive = Archive::honest(name);
                archive.entries[2].padding = b'x';
                packed(&archive.write())
            },
        ),
        flawed(
            "A1-time",
            "One entry has a time of its own",
            &["archive.entry"],
            |name| {
                let mut archive = Archive::honest(name);
                archive.entries[5].timestamp += 1;
                packed(&archive.write())
            },
        ),
        flawed(
            "A1-mode",
            "One entry has permissions of its own",
            &["archive.entry"],
            |name| {
                let mut archive = Archive::honest(name);
                archive.entries[5].mode = "0000600";
                packed(&archive.write())
            },
        ),
        flawed(
            "A2-name",
            "A record under the hash of something else",
            &["archive.name"],
            |name| {
                let mut archive = Archive::honest(name);
                let hash = hash_of(b"something else");
                archive.entries[3].name = Name::Other(format!("{hash}.data.json"));
                packed(&archive.write())
            },
        ),
        flawed(
            "A3-height",
            "An event counts wrongly, and all after it follow",
            &["archive.event"],
            |name| {
                let mut archive = Archive::honest(name);
                let last = archive.events().pop().unwrap();
                archive.replace(last, "\"height\":", "\"height\":1");
                packed(&archive.write())
            },
        ),
        flawed(
            "A3-space",
            "White space in an event, and all after it follow",
            &["archive.event"],
            |name| {
                let mut archive = Archive::honest(name);
                let event = archive.events()[1];
                archive.replace(event, "{\"parent\"", "{ \"parent\"");
                packed(&archive.write())
            },
        ),
        flawed(
            "A3-type",
            "An event of a type that the protocol does not have",
            &["event.unknown"],
            |name| {
                let mut archive = Archive::honest(name);
                let event = archive.events()[1];
                archive.replace(event, "\"Ballot\"", "\"Invalid\"");
                packed(&archive.write())
            },
        ),
        flawed(
            "A3-parent",
            "An event follows from an event that is not there",
            &["archive.event"],
            |name| {
                let mut archive = Archive::honest(name);
                let event = archive.events()[2];
                let parent = hash_of(&archive.entries[archive.events()[1]].body);
                archive.replace(event, &parent, &hash_of(b"not there"));
                packed(&archive.write())
            },
        ),
        flawed(
            "A4-no-end",
            "The end of the ballots is left out, and all after it follow",
            &["archive.order"],
            |name| {
                let mut archive = Archive::honest(name);
                let end = archive.of_type("EndBallots");
                archive.entries.remove(end);
                archive.relink();
                packed(&archive.write())
            },
        ),
        flawed(
            "A4-late",
            "A ballot after the end of the ballots",
            &["archive.order"],
            |name| {
                let mut archive = Archive::honest(name);
                let end = archive.of_type("EndBallots");
                let entry = archive.entries.remove(end);
                archive.entries.insert(end - 2, entry);
                archive.relink();
                packed(&archive.write())
            },
        ),
        flawed(
            "A4-record",
            "A record that no event names",
            &["archive.order"],
            |name| {
                let mut archive = Archive::honest(name);
                let end = archive.of_type("EndBallots");
                let mut record = archive.entries[1].clone();
                record.body = b"{\"covert\":true}".to_vec();
                archive.entries.insert(end, record);
                packed(&archive.write())
            },
        ),
        flawed(
            "A5-space",
            "White space in the election record, in an archive that has just been set up",
            &["archive.election"],
            |name| {
                let mut archive = Archive::set_up(name);
                archive.replace(1, "{\"version\"", "{ \"version\"");
                packed(&archive.write())
            },
        ),
        flawed(
            "A5-setup",
            "The setup data names another trustees record",
            &["archive.election"],
            |name| {
                let mut archive = Archive::set_up(name);
                let trustees = hash_of(&archive.entries[2].body);
                archive.replace(4, &trustees, &hash_of(b"another"));
                packed(&archive.write())
            },
        ),
        flawed(
            "A6-space",
            "White space in the trustees record",
            &["archive.trustees"],
            |name| {
                let mut archive = Archive::set_up(name);
                archive.replace(2, "[[\"Single\"", "[ [\"Single\"");
                packed(&archive.write())
            },
        ),
        flawed(
            "A7-order",
            "Two credentials change places",
            &["archive.credentials"],
            |name| {
                let mut archive = Archive::set_up(name);
                let list: Vec<String> = serde_json::from_slice(&archive.entries[3].body).unwrap();
                let (first, second) = (format!("\"{}\"", list[0]), format!("\"{}\"", list[1]));
                archive.replace(3, &format!("{first},{second}"), &format!("{second},{first}"));
                packed(&archive.write())
            },
        ),
        Case {
            line: "honest",
            exit: 0,
            ..flawed(
                "bel-honest-set-up",
                "An archive that has just been set up",
                &[],
                |name| packed(&Archive::set_up(name).write()),
            )
        },
    ];
    cases.into()
}

/// `codes` are those of all counter-examples.
fn flawed(
    id: &'static str,
    what: &'static str,
    codes: &'static [&'static str],
    make: fn(&str) -> Package,
) -> Case {
    Case {
        command: Command::Bel,
        ..attack(id, what, "ballot-suite.md §15", codes, make)
    }
}

fn packed(archive: &[u8]) -> Package {
    Package {
        archive: Some(archive.to_vec()),
        ..Package::default()
    }
}

#[derive(Debug, Clone)]
struct Entry {
    name: Name,
    body: Vec<u8>,
    timestamp: u64,
    mode: &'static str,
    padding: u8,
}

#[derive(Debug, Clone)]
enum Name {
    First,
    Data,
    Event,
    Other(String),
}

impl Entry {
    fn write(&self, out: &mut Vec<u8>) {
        let hash = hash_of(&self.body);
        let name = match &self.name {
            Name::First => "BELENIOS".to_owned(),
            Name::Data => format!("{hash}.data.json"),
            Name::Event => format!("{hash}.event.json"),
            Name::Other(name) => name.clone(),
        };
        let mut block = [0; BLOCK];
        let mut put = |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
        put(0, &name);
        put(100, self.mode);
        put(108, "0000000");
        put(116, "0000000");
        put(124, &format!("{:011o}", self.body.len()));
        put(136, &format!("{:011o}", self.timestamp));
        put(148, "        ");
        put(156, "0");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend(block);
        out.extend(&self.body);
        out.resize(out.len().next_multiple_of(BLOCK), self.padding);
    }
}

#[derive(Debug)]
struct Archive {
    entries: Vec<Entry>,
}

impl Archive {
    /// That of an honest referendum: two voters or more, one re-vote.
    fn honest(name: &str) -> Archive {
        let bytes = honest_archive(name);
        let mut entries = Vec::new();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let number = |at: usize| {
                let digits = std::str::from_utf8(&rest[at..at + 11]).unwrap();
                usize::from_str_radix(digits, 8).unwrap()
            };
            let (size, timestamp) = (number(124), number(136) as u64);
            let name = match &rest[64..68] {
                b".dat" => Name::Data,
                b".eve" => Name::Event,
                _ => Name::First,
            };
            entries.push(Entry {
                name,
                body: rest[BLOCK..BLOCK + size].to_vec(),
                timestamp,
                mode: "0000644",
                padding: 0,
            });
            rest = &rest[BLOCK + size.next_multiple_of(BLOCK)..];
        }
        Archive { entries }
    }

    /// Up to its first event.
    fn set_up(name: &str) -> Archive {
        let mut archive = Archive::honest(name);
        let setup = archive.events()[0];
        archive.entries.truncate(setup + 1);
        archive
    }

    /// The places of the events.
    fn events(&self) -> Vec<usize> {
        let is_event = |at: &usize| matches!(self.entries[*at].name, Name::Event);
        (0..self.entries.len()).filter(is_event).collect()
    }

    /// The place of the first event of a type.
    fn of_type(&self, r#type: &str) -> usize {
        let text = format!("\"type\":\"{}\"", r#type);
        let of_type = |at: &usize| text_of(&self.entries[*at]).contains(&text);
        self.events().into_iter().find(of_type).unwrap()
    }

    /// Changes a record; whatever names it by its hash follows.
    fn replace(&mut self, at: usize, old: &str, new: &str) {
        let text = text_of(&self.entries[at]);
        assert!(text.contains(old), "{old} is not in {text}");
        let before = hash_of(&self.entries[at].body);
        self.entries[at].body = text.replacen(old, new, 1).into_bytes();
        let after = hash_of(&self.entries[at].body);
        for later in at + 1..self.entries.len() {
            if text_of(&self.entries[later]).contains(&before) {
                self.replace(later, &before, &after);
            }
        }
    }

    /// Counts the events anew and names the parent of each, as if their order were the right one.
    fn relink(&mut self) {
        let mut parent: Option<String> = None;
        for (height, at) in self.events().into_iter().enumerate() {
            let text = text_of(&self.entries[at]);
            let rest = &text[text.find(",\"type\"").unwrap()..];
            let parent_field = parent
                .map(|hash| format!("\"parent\":\"{hash}\","))
                .unwrap_or_default();
            self.entries[at].body = format!("{{{parent_field}\"height\":{height}{rest}").into_bytes();
            parent = Some(hash_of(&self.entries[at].body));
        }
    }

    fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for entry in &self.entries {
            entry.write(&mut out);
        }
        out
    }
}

fn text_of(entry: &Entry) -> String {
    String::from_utf8(entry.body.clone()).unwrap()
}

fn hash_of(body: &[u8]) -> String {
    hex::encode(sha(&[body]))
}
