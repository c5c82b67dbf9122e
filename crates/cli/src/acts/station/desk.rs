//! A station at work: people are found by their identifier, served, and written into its book. Spec: specs/station.md §4,
//! §5, §11.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sijill_engine::keyfile::{KeyFile, Passphrase};
use sijill_engine::look_up::{Answer, Question};
use sijill_engine::station_notes::{About, Note, NoteBook};
use sijill_engine::station_roll::StationRoll;
use sijill_ledger::{Committed, KeyId, Role, SigningKey};
use sijill_registers::election::ElectionFacts;
use sijill_registers::names::Name;
use sijill_registers::register::Facts;
use sijill_registers::roll::commitments::ReasonContent;
use sijill_registers::roll::events::Pseudonym;
use sijill_registers::station::Phase;
use sijill_registers::station::events::{
    CheckedIn, IssueDisputed, Number, PaperIssued, PaperSpoilt, Signed, StationCounts, StationEvent,
};
use sijill_rules::InPerson;

use super::machine::Machine;
use crate::error::{Failure, Outcome};
use crate::registrar::salt;
use crate::roll_file;

/// Digits of a QID.
const QID_DIGITS: usize = 11;

/// The machine of a station, its roll unlocked.
pub(crate) struct Desk {
    pub(crate) machine: Machine,
    pub(crate) roll: StationRoll,
    /// Whether everybody on its list is named by a QID.
    qids: bool,
    notes_path: PathBuf,
    notes: Option<NoteBook>,
}

/// Where somebody stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// In the book: the pseudonym, or the commitment to a guest.
    person: [u8; 32],
    /// District and whether they hold a credential, if they are on the list of this station.
    pub(crate) listed: Option<(Name, bool)>,
    /// Position of the check-in.
    pub(crate) check_in: Option<u64>,
    /// Position of their paper, and whether it stands.
    pub(crate) paper: Option<(u64, bool)>,
    /// Whether that paper is disputed here.
    pub(crate) disputed: bool,
}

/// How a station stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Situation {
    pub(crate) phase: Phase,
    pub(crate) on_duty: usize,
    pub(crate) voters: u64,
    pub(crate) counts: StationCounts,
    pub(crate) unserved: u64,
    pub(crate) entries: u64,
}

/// Somebody who comes to be checked in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) identifier: &'a str,
    /// 1 ID card, 2 digital ID.
    pub(crate) document: u8,
    pub(crate) assistance: bool,
    /// Not on the list, and served with an envelope all the same.
    pub(crate) guest: bool,
}

/// A paper that is to be handed out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Issue<'a> {
    pub(crate) identifier: &'a str,
    pub(crate) second: Option<&'a SigningKey>,
    pub(crate) envelope: Option<u64>,
    /// Of the centre, where the first vote is final.
    pub(crate) answer: Option<&'a Answer>,
}

fn wire(n: u64) -> Outcome<Number> {
    Number::try_from(n)
        .map_err(|e| Failure::usage(e.to_string(), "give a smaller number").code("number.range"))
}

/// An identifier in its one spelling.
pub(crate) fn typed(person: &str) -> Outcome<String> {
    roll_file::identifier(person)
        .map_err(|problem| Failure::usage(problem, "type the identifier again").code("person.identifier"))
}

fn is_qid(identifier: &str) -> bool {
    identifier.len() == QID_DIGITS && identifier.bytes().all(|b| b.is_ascii_digit())
}

fn not_checked_in() -> Failure {
    Failure::refused(
        "this person is not checked in here",
        "check their document, then `sijill station check-in`",
    )
    .code("station.check-in")
}

impl Desk {
    /// Unlocks the roll of the station whose machine this is, in `folder`.
    pub(crate) fn open(machine: Machine, folder: &Path, passphrase: &Passphrase) -> Outcome<Self> {
        let roll = StationRoll::unlock(
            &KeyFile::load(&folder.join(super::ROLL))?,
            passphrase,
            machine.ledger,
        )?;
        Ok(Self::new(machine, roll, folder))
    }

    /// The same with a roll that is unlocked.
    pub(crate) fn new(machine: Machine, roll: StationRoll, folder: &Path) -> Self {
        Self {
            machine,
            qids: roll.identifiers().next().is_some() && roll.identifiers().all(is_qid),
            roll,
            notes_path: folder.join(super::NOTES),
            notes: None,
        }
    }

    /// Looks somebody up: on the list, in the book.
    pub(crate) fn look_up(&self, identifier: &str) -> Outcome<Standing> {
        let identifier = typed(identifier)?;
        let listed = self.roll.find(&identifier);
        if self.qids && !is_qid(&identifier) {
            return Err(Failure::refused(
                "a QID has 11 digits; Arabic-Indic digits are fine",
                "read it again from the document",
            )
            .code("person.qid"));
        }
        let person = self.roll.person(&identifier);
        let found = self.machine.handle()?.with_head(|head| {
            let book = head.state.as_station()?.book();
            let check_in = book.find(&person)?;
            let paper = book.paper_of(check_in).map(|p| (p, book.stands(p)));
            let disputed = paper.and_then(|(p, _)| book.paper(p)).is_some_and(|p| p.disputed);
            Some((check_in, paper, disputed))
        });
        Ok(Standing {
            person,
            listed: listed.map(|l| (l.district.clone(), l.holder)),
            check_in: found.map(|f| f.0),
            paper: found.and_then(|f| f.1),
            disputed: found.is_some_and(|f| f.2),
        })
    }

    /// Checks somebody in. Returns the position, and whether they are on the list.
    ///
    /// # Durability
    /// Check-in, and the note for the registrar who a guest is, are on stable storage when this returns.
    pub(crate) async fn check_in(&mut self, key: &SigningKey, who: &Arrival<'_>) -> Outcome<(u64, bool)> {
        self.refuse_strangers(key.key_id())?;
        let standing = self.look_up(who.identifier)?;
        let listed = standing.listed.is_some();
        if listed == who.guest {
            return Err(if who.guest {
                Failure::refused(
                    "this person is on the list of this station, and no guest",
                    "leave --guest out",
                )
                .code("person.listed")
            } else {
                Failure::refused(
                    "this person is not on the list of this station",
                    "send them to their own station, or check them in with --guest: they get an envelope",
                )
                .code("person.unlisted")
            });
        }
        if !listed && standing.check_in.is_none() {
            let identifier = typed(who.identifier)?;
            let note = self.roll.guest(&identifier);
            self.note(&note)?;
        }
        let event = StationEvent::CheckedIn(CheckedIn {
            listed,
            person: standing.person,
            document: who.document,
            assistance: who.assistance,
        });
        Ok((self.machine.act(key, event).await?, listed))
    }

    /// Hands out a paper. Returns its position.
    ///
    /// # Durability
    /// It is on stable storage when this returns: only then is it handed out.
    pub(crate) async fn issue(&self, key: &SigningKey, issue: &Issue<'_>) -> Outcome<u64> {
        self.refuse_strangers(key.key_id())?;
        let standing = self.look_up(issue.identifier)?;
        let check_in = standing.check_in.ok_or_else(not_checked_in)?;
        let mut event = PaperIssued {
            check_in: wire(check_in)?,
            envelope: issue.envelope.map(wire).transpose()?,
            replaces: standing.paper.map(|(position, _)| wire(position)).transpose()?,
            second: None,
        };
        if let Some(second) = issue.second {
            self.refuse_strangers(second.key_id())?;
            let message = event.second_message(self.machine.ledger, key.key_id());
            event.second = Some(Signed {
                key: second.key_id(),
                signature: second.sign(&message),
            });
        }
        if self.first_vote_final()? {
            let answer = issue.answer.ok_or_else(|| {
                Failure::refused(
                    "the first vote is final: the centre must say first that this person has not voted digitally",
                    "`sijill station ask`, then give the centre's answer with --answer",
                )
                .code("station.look-up")
            })?;
            return self.machine.issue_after_look_up(key, event, answer).await;
        }
        self.machine.act(key, StationEvent::PaperIssued(event)).await
    }

    /// Records that somebody's paper is spoilt. Returns which.
    pub(crate) async fn spoil(&self, key: &SigningKey, identifier: &str) -> Outcome<u64> {
        self.refuse_strangers(key.key_id())?;
        let paper = self.paper_of(identifier)?;
        let event = StationEvent::PaperSpoilt(PaperSpoilt { paper: wire(paper)? });
        self.machine.act(key, event).await?;
        Ok(paper)
    }

    /// Somebody says that they did not get the paper that was issued in their name. Returns which.
    ///
    /// # Durability
    /// What they say is sealed for the registrar and on stable storage before the event that commits to it.
    pub(crate) async fn dispute(&mut self, key: &SigningKey, identifier: &str, text: &str) -> Outcome<u64> {
        self.refuse_strangers(key.key_id())?;
        if text.trim().is_empty() || text.len() > 10_000 {
            return Err(
                Failure::usage("a statement has 1 to 10000 bytes", "say what happened")
                    .code("station.reason"),
            );
        }
        let paper = self.paper_of(identifier)?;
        let standing = self.look_up(identifier)?;
        let election = self.election()?;
        let defined = election.defined.as_ref();
        let ledgers = defined.map(|d| d.ledgers.iter()).into_iter().flatten();
        let roll = ledgers
            .filter(|l| l.kind == sijill_ledger::Kind::Roll.code())
            .map(|l| l.ledger)
            .next()
            .ok_or_else(|| Failure::internal("an event without a roll"))?;
        let salt = salt();
        let content = ReasonContent {
            roll,
            pseudonym: Pseudonym(standing.person),
            event: "IssueDisputed",
            text,
        }
        .to_json();
        let statement = Committed::new(&salt, &content).commitment;
        self.note(&Note {
            about: About::Statement,
            salt,
            content,
        })?;
        let event = StationEvent::IssueDisputed(IssueDisputed {
            paper: wire(paper)?,
            statement,
        });
        self.machine.act(key, event).await?;
        Ok(paper)
    }

    /// What the centre is asked about somebody who is checked in.
    pub(crate) fn question(&self, identifier: &str) -> Outcome<Question> {
        let standing = self.look_up(identifier)?;
        if standing.listed.is_none() {
            return Err(Failure::refused(
                "this person is not on the list of this station",
                "where the first vote is final only voters of the list are served",
            )
            .code("person.unlisted"));
        }
        if standing.check_in.is_none() {
            return Err(not_checked_in());
        }
        Ok(Question {
            station: self.machine.ledger,
            person: Pseudonym(standing.person),
            asked_ms: self.machine.engine.now().as_u64(),
        })
    }

    /// How the station stands.
    pub(crate) fn situation(&self) -> Outcome<Situation> {
        let handle = self.machine.handle()?;
        let entries = handle.durable_size();
        let found = handle.with_head(|head| {
            let state = head.state.as_station()?;
            let book = state.book();
            Some(Situation {
                phase: state.phase(),
                on_duty: state.on_duty().count(),
                voters: self.roll.identifiers().count() as u64,
                counts: book.counts(state.papers_received(), 0)?,
                unserved: book.unserved(),
                entries,
            })
        });
        found.ok_or_else(|| Failure::internal("a station that cannot be counted"))
    }

    fn paper_of(&self, identifier: &str) -> Outcome<u64> {
        let standing = self.look_up(identifier)?;
        standing.check_in.ok_or_else(not_checked_in)?;
        standing.paper.map(|(paper, _)| paper).ok_or_else(|| {
            Failure::refused("this person has no paper", "`sijill station issue` hands one out")
                .code("station.paper")
        })
    }

    fn election(&self) -> Outcome<Arc<ElectionFacts>> {
        let handle = self.machine.engine.ledgers().find(&self.machine.election);
        match handle.map(|handle| handle.facts()) {
            Some(Facts::Election(facts)) => Ok(facts),
            _ => Err(Failure::refused(
                "the election ledger is not on this machine",
                "`sijill station set-up` with the newest published folder",
            )
            .code("station.defined")),
        }
    }

    fn first_vote_final(&self) -> Outcome<bool> {
        Ok(self.machine.handle()?.with_head(|head| {
            let pack = head.state.as_station().and_then(|s| s.pack());
            pack.is_some_and(|pack| pack.voting.in_person == InPerson::FirstVoteFinal)
        }))
    }

    /// A key that is no officer of this station is told apart from one that was revoked, before anything is written.
    fn refuse_strangers(&self, key: KeyId) -> Outcome {
        self.machine.refuse_strangers(key)
    }

    fn note(&mut self, note: &Note) -> Outcome {
        let sealed = self
            .roll
            .registrar()
            .seal(self.machine.ledger, note, &mut rand::rng())?;
        let notes = match self.notes.take() {
            Some(notes) => notes,
            None => NoteBook::open(&self.notes_path)?,
        };
        self.notes.insert(notes).append(&sealed)?;
        Ok(())
    }
}

impl Machine {
    /// Refuses a key that is no officer here, and says whether it was one.
    pub(crate) fn refuse_strangers(&self, key: KeyId) -> Outcome {
        let (holds, was) = self.handle()?.with_head(|head| {
            let first = &head.chain.genesis().fields().grants;
            (
                head.state.authority().holds(key, Role::StationOfficer, None),
                first
                    .iter()
                    .any(|g| g.key == key && g.role == Role::StationOfficer),
            )
        });
        if holds {
            return Ok(());
        }
        let revoked = self.engine.ledgers().find(&self.election).is_some_and(|handle| {
            matches!(handle.facts(), Facts::Election(facts)
                if facts.stations.get(&self.ledger).is_some_and(|s| s.was_revoked(&key)))
        });
        Err(if revoked || was {
            Failure::refused(
                "this officer was revoked, and may not act at this station any more",
                "another officer goes on; the commission can name a new key",
            )
            .code("officer.revoked")
        } else {
            Failure::refused(
                "this key is no officer of this station",
                "sign with the key that the commission has named, or ask the commission to name it",
            )
            .code("officer.unknown")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qid_is_eleven_digits_also_arabic_indic_ones() {
        for good in ["28400000001", " ٢٨٤٠٠٠٠٠٠٠١ ", "۲۸۴۰۰۰۰۰۰۰۱"] {
            assert!(is_qid(&typed(good).unwrap()), "{good}");
        }
        for bad in ["2840000000", "284000000011", "2840000000I", "٢٨٤-٠٠٠٠٠٠١", "V1"] {
            assert!(!is_qid(&typed(bad).unwrap()), "{bad}");
        }
        for none in ["", "  ", "2840\u{202e}0000001"] {
            assert_eq!(typed(none).unwrap_err().to_json()["code"], "person.identifier");
        }
        let said = typed("").unwrap_err().to_json();
        assert!(said["message"]["ar"].as_str().unwrap().contains("الوثيقة"));
    }
}
