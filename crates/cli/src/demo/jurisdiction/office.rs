//! The installation of the demonstration, its officials and its clock.

use std::path::Path;
use std::sync::{Arc, Mutex};

use sijill_engine::clock::RehearsalClock;
use sijill_engine::keyfile::{KdfCost, KeyFile, Passphrase, SigningKind};
use sijill_engine::persons::{Persons, Whose};
use sijill_engine::vault::Subject;
use sijill_engine::{Acknowledgement, Engine, SubmitError};
use sijill_ledger::{Committed, Kind, LedgerId, Origin, Role, SigningKey, UnixMillis};
use sijill_registers::calendar::events::{CalendarEvent, PUBLIC, RegisterListed};
use sijill_registers::catalogue::Event;
use sijill_registers::consultation::events::Person;

use crate::commands::calendar::{make, office};
use crate::error::{Failure, Outcome};
use crate::site::make_folder;

/// Midnight of 1 January 2026 in Qatar, in milliseconds. Days of the demonstration are counted from it.
const NEW_YEAR_MS: u64 = 1_767_214_800_000;
/// Day number of 1 January 2026.
const NEW_YEAR: u32 = 20_454;
const DAY_MS: u64 = 86_400_000;
const MINUTE_MS: u64 = 60_000;

/// Who acts for authorities.
pub(super) struct Officials {
    pub(super) commission: SigningKey,
    pub(super) second: SigningKey,
    pub(super) officer: SigningKey,
    pub(super) other_officer: SigningKey,
    pub(super) grievances: SigningKey,
    pub(super) owner: SigningKey,
    pub(super) moderators: [SigningKey; 2],
}

impl Officials {
    /// Makes all keys and their files.
    pub(super) fn make(folder: &Path, passphrase: &Passphrase) -> Outcome<Self> {
        let mut rng = rand::rng();
        let mut author = |label: &str| -> Outcome<SigningKey> {
            let folder = folder.join(label.replace(' ', "-"));
            make_folder(&folder)?;
            let key = SigningKey::generate(&mut rand::rng());
            let cost = KdfCost::standard();
            KeyFile::seal_signing_key(SigningKind::Author, label, &key, passphrase, cost, &mut rng)?
                .create(&folder.join("signing.key"))?;
            Ok(key)
        };
        let (commission, second) = (author("commission")?, author("commission member 2")?);
        let (officer, other_officer) = (author("officer")?, author("officer elsewhere")?);
        let (grievances, owner) = (author("grievance officer")?, author("consultation owner")?);
        let moderators = [author("moderator 1")?, author("moderator 2")?];
        Ok(Self {
            commission,
            second,
            officer,
            other_officer,
            grievances,
            owner,
            moderators,
        })
    }
}

/// The installation.
pub(super) struct Office {
    pub(super) engine: Arc<Engine>,
    pub(super) clock: Arc<RehearsalClock>,
    pub(super) officials: Officials,
    pub(super) calendar: LedgerId,
    pub(super) origin: Origin,
    /// What the service keeps of persons.
    pub(super) persons: Mutex<Persons>,
}

/// The identifier of an invented person: some ask for information, and take part in the consultation too.
pub(super) fn who(n: usize) -> String {
    format!("REHEARSAL-{n:05}")
}

/// The number of a day of the demonstration.
pub(super) const fn number(day: u32) -> u32 {
    NEW_YEAR + day
}

/// A moment of a day of the demonstration: so many minutes after midnight.
pub(super) fn moment(day: u32, minute: u64) -> UnixMillis {
    UnixMillis::clamped(NEW_YEAR_MS + u64::from(day) * DAY_MS + minute * MINUTE_MS)
}

/// This day, or the next one on which officials work. 1 January 2026 is a Thursday.
pub(super) const fn working(day: u32) -> u32 {
    match day % 7 {
        1 => day + 2,
        2 => day + 1,
        _ => day,
    }
}

impl Office {
    /// It is morning; the timer does what is due.
    pub(super) async fn dawn(&self, day: u32) -> Outcome {
        self.clock.set(moment(day, 8 * 60));
        self.engine.tick().await?;
        Ok(())
    }

    /// A register of a kind, listed and begun.
    pub(super) async fn register(
        &self,
        kind: Kind,
        id: &str,
        authority: &str,
        name: (&str, &str),
        grants: &[(&SigningKey, Role)],
    ) -> Outcome<LedgerId> {
        let commission = &self.officials.commission;
        let mut all = vec![
            office(commission.key_id(), Role::Commission),
            office(self.officials.second.key_id(), Role::Commission),
        ];
        all.extend(grants.iter().map(|(key, role)| office(key.key_id(), *role)));
        let path = format!("register/{id}");
        let root = Some(self.calendar);
        let ledger = make(&self.engine, &self.origin, &path, kind, root, all, None).await?;
        let listed = CalendarEvent::RegisterListed(RegisterListed {
            ledger,
            kind: kind.code(),
            visibility: PUBLIC,
            id: id.parse().map_err(Failure::internal)?,
            authority: authority.parse().map_err(Failure::internal)?,
            name_en: name.0.to_owned(),
            name_ar: name.1.to_owned(),
        });
        self.declare(listed).await?;
        self.clock.advance(1);
        self.engine.begin_register(ledger, self.calendar).await?;
        Ok(ledger)
    }

    /// The commission signs something on the calendar ledger.
    pub(super) async fn declare(&self, event: CalendarEvent) -> Outcome<u64> {
        let (key, event) = (&self.officials.commission, Event::Calendar(event));
        let at = self.engine.act(key, self.calendar, &event, &[]).await?;
        Ok(at.seq.as_u64())
    }

    /// Somebody signs something, a minute after what was before.
    pub(super) async fn sign(
        &self,
        ledger: LedgerId,
        key: &SigningKey,
        event: impl Into<Event>,
    ) -> Result<Acknowledgement, SubmitError> {
        self.clock.advance(MINUTE_MS);
        self.engine.prepare(ledger).await?;
        self.engine.act(key, ledger, &event.into(), &[]).await
    }

    /// The service does something, a minute after what was before.
    pub(super) async fn serve(
        &self,
        ledger: LedgerId,
        event: impl Into<Event>,
    ) -> Result<Acknowledgement, SubmitError> {
        self.clock.advance(MINUTE_MS);
        self.engine.prepare(ledger).await?;
        self.engine.act_as_service(ledger, event.into(), &[]).await
    }

    fn vault(&self) -> Outcome<std::sync::MutexGuard<'_, Persons>> {
        self.persons
            .lock()
            .map_err(|_| Failure::internal("the vault of persons"))
    }

    /// The pseudonym of a person on a consultation.
    pub(super) fn person(&self, ledger: &LedgerId, identifier: &str) -> Outcome<Person> {
        Ok(self.vault()?.person(ledger, identifier))
    }

    /// Keeps letters of somebody, sealed under keys of their own.
    pub(super) fn letters<const N: usize>(
        &self,
        ledger: LedgerId,
        whose: Whose<'_>,
        texts: [&str; N],
    ) -> Outcome<(Subject, [Committed; N])> {
        let texts = texts.map(str::as_bytes);
        let mut persons = self.vault()?;
        let (subject, kept) = self
            .engine
            .keep_letters(&mut persons, None, whose, &ledger, &texts)?;
        let kept = kept
            .try_into()
            .map_err(|_| Failure::internal("letters that were not kept"))?;
        Ok((subject, kept))
    }

    /// Commits to a text.
    pub(super) fn commit(&self, ledger: LedgerId, text: &str) -> Outcome<Committed> {
        Ok(self.engine.commit_content(&ledger, text.as_bytes())?)
    }
}

/// Something that must be refused, under this code.
pub(super) fn refused(done: Result<Acknowledgement, SubmitError>, code: &str) -> Outcome {
    match done {
        Err(error) if error.code() == Some(code) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(at) => Err(Failure::internal(format!(
            "entry {} should have been refused: {code}",
            at.seq
        ))),
    }
}

/// What the ledger says against what was played.
pub(super) fn same(what: &str, found: u64, expected: u64) -> Outcome {
    if found == expected {
        Ok(())
    } else {
        Err(Failure::internal(format!(
            "{what}: the ledger has {found}, {expected} were played"
        )))
    }
}
