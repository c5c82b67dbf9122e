//! Where consultations and comments are found, and what is said is checked, committed to, signed and handed in.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use sijill_engine::keyfile::KeyFile;
use sijill_engine::persons::PersonsSecret;
use sijill_engine::{Acknowledgement, Engine, SubmitError};
use sijill_ledger::{Committed, Kind, LedgerId};
use sijill_registers::catalogue::Event;
use sijill_registers::consultation::events::{ConsultationEvent, Person};
use sijill_registers::consultation::text::check_text;
use sijill_registers::consultation::views::Reading;
use sijill_registers::consultation::{CommentRecord, ConsultationState};
use sijill_registers::register::Rejection;
use sijill_rules::parse_number;

use super::arguments::{KeyArg, PersonArgs, Voice};
use super::citizen;
use crate::commands::Common;
use crate::commands::calendar::calendar;
use crate::error::{Failure, Outcome};
use crate::persons;
use crate::render::{escape, say, show};
use crate::roll_file;
use crate::site::{NewFile, OpenSite, Site, make_folder, read_bounded, write_file};
use crate::taken;

/// A text and its room for a byte more, so that one that is too long is known to be.
const MAX_STDIN_BYTES: u64 = 1 << 20;

/// An open installation, and who works at it.
pub(super) struct Desk<'a> {
    pub(super) common: &'a Common,
    pub(super) site: Site,
    pub(super) open: OpenSite,
}

/// Whose contribution it is.
pub(super) enum Speaks {
    /// Whoever has this key.
    Key(Box<sijill_ledger::SigningKey>),
    /// This person, for whom the intake service speaks.
    Intake(Person),
}

impl Desk<'_> {
    pub(super) fn engine(&self) -> &Arc<Engine> {
        &self.open.engine
    }

    /// A consultation by its id.
    pub(super) fn consultation(&self, id: &str) -> Outcome<LedgerId> {
        let (_, facts) = calendar(self.engine())?;
        let mut all = facts.registers.iter().map(|r| &r.listing);
        let kind = Kind::Consultation.code();
        let found = all.find(|l| l.kind == kind && l.id.as_str() == id);
        found.map(|l| l.ledger).ok_or_else(|| {
            Failure::refused(
                format!("there is no consultation {}", escape(id)),
                "`sijill consultation list` lists them",
            )
            .code("register.missing")
            .in_arabic("لا توجد مشاورة بهذا الاسم.")
        })
    }

    /// Reads a consultation as it stands.
    pub(super) fn with<T>(&self, ledger: LedgerId, look: impl FnOnce(&Reading<'_>) -> T) -> Outcome<T> {
        let gone = || {
            Failure::refused(
                format!("the consultation {ledger} cannot be read here"),
                "`sijill store check` says whether it is damaged",
            )
            .code("register.missing")
        };
        let handle = self.engine().ledgers().find(&ledger).ok_or_else(gone)?;
        let found = handle.with_head(|head| {
            let register = head.state.as_consultation()?;
            let calendar = register.calendar(self.engine().ledgers());
            Some(calendar.map(|calendar| look(&register.state().read(&calendar))))
        });
        Ok(found.ok_or_else(gone)?.map_err(Rejection::from)?)
    }

    /// The same for what needs no calendar.
    pub(super) fn state<T>(
        &self,
        ledger: LedgerId,
        look: impl FnOnce(&ConsultationState) -> T,
    ) -> Outcome<T> {
        self.with(ledger, |reading| look(reading.state()))
    }

    /// A comment that is there, by the number that somebody typed.
    pub(super) fn comment<T>(
        &self,
        ledger: LedgerId,
        text: &str,
        look: impl FnOnce(&CommentRecord) -> T,
    ) -> Outcome<(u64, T)> {
        let number = number(text)?;
        let found = self.state(ledger, |state| state.comment(number).map(look))?;
        found.map(|found| (number, found)).ok_or_else(|| {
            Failure::refused(
                format!("there is no comment {number}"),
                "`sijill consultation show --view threads` lists the comments with their numbers",
            )
            .code("comment.missing")
            .in_arabic(format!("لا يوجد تعليق رقمه {number}."))
        })
    }

    /// What stands in a file, or comes on standard input, if it is a text.
    pub(super) fn text(&self, path: &Path) -> Outcome<String> {
        let bytes = if path == Path::new("-") {
            let mut bytes = Vec::new();
            std::io::stdin()
                .take(MAX_STDIN_BYTES)
                .read_to_end(&mut bytes)
                .map_err(|e| Failure::file(path, &e))?;
            bytes
        } else {
            read_bounded(path)?
        };
        checked(&bytes, "the text").map(str::to_owned)
    }

    /// Commits to a text.
    pub(super) fn commit(&self, ledger: LedgerId, text: &str) -> Outcome<Committed> {
        checked(text.as_bytes(), "the text")?;
        Ok(self.engine().commit_content(&ledger, text.as_bytes())?)
    }

    /// Commits to the text of a file.
    pub(super) fn commit_file(&self, ledger: LedgerId, path: &Path) -> Outcome<Committed> {
        self.commit(ledger, &self.text(path)?)
    }

    /// Commits to the text of a file, if one is named.
    pub(super) fn commit_note(&self, ledger: LedgerId, path: Option<&Path>) -> Outcome<Option<Committed>> {
        path.map(|path| self.commit_file(ledger, path)).transpose()
    }

    /// Commits to the bytes of a file, if one is named.
    pub(super) fn commit_record(&self, ledger: LedgerId, path: Option<&Path>) -> Outcome<Option<Committed>> {
        let Some(path) = path else { return Ok(None) };
        let (bytes, _) = taken::document(path)?;
        Ok(Some(self.engine().commit_content(&ledger, &bytes)?))
    }

    /// The pseudonym of a person on a consultation. Spec: specs/jurisdiction.md §4.
    pub(super) fn person(&self, ledger: LedgerId, args: &PersonArgs) -> Outcome<Person> {
        self.pseudonym(ledger, &args.person, args.secret.as_deref())
    }

    fn pseudonym(&self, ledger: LedgerId, identifier: &str, secret: Option<&Path>) -> Outcome<Person> {
        let identifier = roll_file::identifier(identifier).map_err(|problem| {
            Failure::refused(problem, "give the identifier as the register of persons has it")
                .code("participant.identifier")
        })?;
        let passphrases = self.common.passphrases();
        let secret = match secret {
            None => persons::secret_or_new(&self.site, &passphrases)?,
            Some(file) => {
                let passphrase = passphrases.acting(file)?;
                PersonsSecret::new(KeyFile::load(file)?.unlock_registrar(&passphrase)?)
            }
        };
        Ok(secret.person(&ledger, &identifier))
    }

    /// Who speaks.
    pub(super) fn speaks(&self, ledger: LedgerId, voice: &Voice) -> Outcome<Speaks> {
        match (&voice.key, &voice.person) {
            (Some(key), _) => Ok(Speaks::Key(Box::new(self.common.signing_key(key)?))),
            (None, Some(person)) => {
                let person = self.pseudonym(ledger, person, voice.secret.as_deref())?;
                Ok(Speaks::Intake(person))
            }
            (None, None) => Err(Failure::internal("nobody speaks")),
        }
    }

    /// Hands in what an official signs.
    pub(super) async fn sign(
        &self,
        ledger: LedgerId,
        event: ConsultationEvent,
        key: &KeyArg,
    ) -> Outcome<Acknowledgement> {
        let key = self.common.signing_key(&key.key)?;
        let event = Event::Consultation(event);
        Ok(self.engine().act(&key, ledger, &event, &[]).await?)
    }

    /// Hands in what the service does.
    pub(super) async fn serve(
        &self,
        ledger: LedgerId,
        event: ConsultationEvent,
    ) -> Result<Acknowledgement, SubmitError> {
        let event = Event::Consultation(event);
        self.engine().act_as_service(ledger, event, &[]).await
    }

    /// Hands in what somebody says. What a rule refuses is refused in both languages.
    pub(super) async fn speak(
        &self,
        ledger: LedgerId,
        speaks: &Speaks,
        by_key: impl FnOnce() -> ConsultationEvent,
        attested: impl FnOnce(Person) -> ConsultationEvent,
    ) -> Outcome<Acknowledgement> {
        let done = match speaks {
            Speaks::Key(key) => {
                let event = Event::Consultation(by_key());
                self.engine().act(key, ledger, &event, &[]).await
            }
            Speaks::Intake(person) => self.serve(ledger, attested(*person)).await,
        };
        done.map_err(citizen::refused)
    }

    /// Keeps the text of somebody who was refused, and says where.
    pub(super) fn keep<T>(&self, consultation: &str, text: &str, done: Outcome<T>) -> Outcome<T> {
        let Err(failure) = done else { return done };
        if !failure.is_without_effect() {
            return Err(failure);
        }
        let folder = self.site.kept();
        make_folder(&folder)?;
        let now = self.engine().now();
        for n in 1..=1_000 {
            let path = folder.join(format!("{consultation}-{now}-{n}.txt"));
            if path.exists() {
                continue;
            }
            NewFile::take(&path)?.write(text.as_bytes())?;
            return Err(citizen::kept(failure, &path));
        }
        Err(failure)
    }

    /// Writes the receipt of an entry into a folder.
    pub(super) async fn receipt(
        &self,
        consultation: &str,
        ledger: LedgerId,
        seq: u64,
        folder: &Path,
    ) -> Outcome<std::path::PathBuf> {
        let receipt = self
            .engine()
            .receipt(ledger, sijill_ledger::Seq::new(seq))
            .await?;
        let path = folder.join(format!("{consultation}-{seq}.tlog-proof"));
        write_file(&path, receipt.to_text().as_bytes())?;
        Ok(path)
    }

    /// The content behind a commitment, as text; `None` if it is gone.
    pub(super) fn read(&self, ledger: LedgerId, committed: &Committed) -> Option<String> {
        let bytes = self.engine().committed_content(&ledger, committed).ok()?;
        String::from_utf8(bytes.to_vec()).ok()
    }
}

/// Says that something stands.
pub(super) fn done(consultation: &str, what: &str, at: &Acknowledgement, more: Value) -> Outcome {
    say!("{consultation}: {what} (entry {}).", at.seq);
    let mut line = json!({
        "consultation": consultation, "ledger": at.ledger, "seq": at.seq, "repeated": at.repeated,
    });
    if let (Some(line), Value::Object(more)) = (line.as_object_mut(), more) {
        line.extend(more);
    }
    show!(line);
    Ok(())
}

/// A number as people type it.
pub(super) fn number(text: &str) -> Outcome<u64> {
    parse_number(text).ok_or_else(|| {
        Failure::usage(
            format!("{} is no number of a comment", escape(text)),
            "give the number of the comment, in digits of either script",
        )
        .code("comment.number")
    })
}

/// Numbers as people type them, ascending and each once.
pub(super) fn numbers(texts: &[String]) -> Outcome<Vec<u64>> {
    let mut all = texts
        .iter()
        .map(|text| number(text))
        .collect::<Outcome<Vec<_>>>()?;
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// A text, if these bytes are one. Spec: specs/consultation.md §12.
pub(super) fn checked<'b>(bytes: &'b [u8], what: &str) -> Outcome<&'b str> {
    check_text(bytes).map_err(|error| citizen::bad_text(what, &error))
}
