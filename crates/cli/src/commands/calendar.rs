//! `sijill calendar`

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use rand::Rng as _;
use serde_json::json;
use sijill_engine::Engine;
use sijill_engine::publish::Scope;
use sijill_ledger::{
    Genesis, GenesisFields, Grant, KeyId, Kind, LedgerId, Origin, Predecessor, Role, SigningKey,
};
use sijill_registers::calendar::CalendarFacts;
use sijill_registers::calendar::events::{
    CalendarEvent, FactDeclared, JurisdictionDefined, PackAdopted, RegisterListed,
};
use sijill_registers::catalogue::Event;
use sijill_registers::names::Name;
use sijill_registers::register::Facts;
use sijill_rules::{FactStatus, FoiPack, arabic_both, day_number, english_both, numbered_day, parse_date};

use super::{Common, public_key};
use crate::error::{Failure, Outcome};
use crate::render::{escape, say, show};
use crate::site::{Site, read_bounded, write_file};

/// Longest time between receipt and sequencing on ledgers of a jurisdiction, in milliseconds.
const MAX_LAG_MS: u32 = 30_000;
/// How old what an official has seen may be, in milliseconds: a day.
const OFFICIAL_WINDOW_MS: u64 = 86_400_000;

/// A name in both languages.
#[derive(Debug, Args)]
pub(crate) struct Names {
    /// Its name in English
    #[arg(long, value_name = "TEXT")]
    pub(crate) name_en: String,
    /// Its name in Arabic
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) name_ar: String,
}

/// How sure a holiday is.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Status {
    /// Reckoned, not announced yet
    Estimate,
    /// Announced by whoever may
    Announced,
    /// A holiday that does not take place: names it with --corrects and repeats its days
    Withdrawn,
}

/// Keep the calendar of a jurisdiction.
#[derive(Debug, Subcommand)]
pub(crate) enum CalendarCommand {
    /// Begin: make the calendar ledger and define the jurisdiction
    New {
        #[command(flatten)]
        names: Names,
        /// Its time zone, as the IANA database spells it
        #[arg(long, value_name = "ZONE", default_value = "Asia/Qatar")]
        time_zone: String,
        /// Days on which nobody works
        #[arg(
            long,
            value_name = "DAYS",
            value_delimiter = ',',
            default_value = "friday,saturday"
        )]
        weekly_rest: Vec<String>,
        /// Further members of the commission: public keys, or key files
        #[arg(long, value_name = "KEY")]
        member: Vec<String>,
        /// A rehearsal, which may run under a simulated clock
        #[arg(long)]
        rehearsal: bool,
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Declare a holiday, or correct or withdraw one
    Declare {
        #[command(flatten)]
        names: Names,
        /// First day, such as 2026-03-20
        #[arg(long, value_name = "DAY")]
        first: String,
        /// Last day, included [default: the first]
        #[arg(long, value_name = "DAY")]
        last: Option<String>,
        /// How sure it is
        #[arg(long, value_enum, default_value_t = Status::Announced)]
        status: Status,
        /// Number of the fact that it replaces: `sijill calendar show` has it
        #[arg(long, value_name = "N")]
        corrects: Option<u64>,
        /// Who declared it, and where it can be read
        #[arg(long, value_name = "TEXT")]
        source: String,
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Adopt a rule pack for freedom of information, a TOML file
    Adopt {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The commission's signing key file
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Show the jurisdiction: holidays, packs, registers
    Show,
    /// Do what is due on every register: close days, take note of holidays, receive transfers. Run it every few minutes
    Tick,
    /// Publish calendar and registers: DIR/jurisdiction with DIR/trust-jurisdiction.json
    Publish {
        /// For accredited auditors: registers that are not public too
        #[arg(long)]
        accredited: bool,
    },
}

/// Runs `sijill calendar`.
pub(crate) async fn run(command: &CalendarCommand, common: &Common) -> Outcome {
    let site = common.site()?;
    let open = common.start(&site).await?;
    let engine = &open.engine;
    match command {
        CalendarCommand::New {
            names,
            time_zone,
            weekly_rest,
            member,
            rehearsal,
            key,
        } => {
            let key = common.signing_key(key)?;
            let mut rest: Vec<u8> = weekly_rest.iter().map(|d| rest_day(d)).collect::<Outcome<_>>()?;
            rest.sort_unstable();
            let definition = JurisdictionDefined {
                name_en: names.name_en.clone(),
                name_ar: names.name_ar.clone(),
                time_zone: time_zone.clone(),
                weekly_rest: rest,
                rehearsal: *rehearsal,
            };
            new(engine, &site, common, definition, member, &key).await
        }
        CalendarCommand::Declare {
            names,
            first,
            last,
            status,
            corrects,
            source,
            key,
        } => {
            let first = day(first)?;
            let last = last.as_deref().map_or(Ok(first), day)?;
            let event = CalendarEvent::FactDeclared(FactDeclared {
                first: number(first),
                last: number(last),
                status: match status {
                    Status::Estimate => 1,
                    Status::Announced => 2,
                    Status::Withdrawn => 3,
                },
                corrects: *corrects,
                name_en: names.name_en.clone(),
                name_ar: names.name_ar.clone(),
                source: source.clone(),
            });
            let (calendar, _) = calendar(engine)?;
            let key = common.signing_key(key)?;
            let at = engine.act(&key, calendar, &Event::Calendar(event), &[]).await?;
            say!(
                "{} to {} stands as fact {}. Open due dates follow when the registers have seen it: `sijill calendar tick`.",
                english_both(first),
                english_both(last),
                at.seq
            );
            show!(json!({ "fact": at.seq, "first": first.to_string(), "last": last.to_string() }));
            Ok(())
        }
        CalendarCommand::Adopt { file, key } => {
            let text = String::from_utf8(read_bounded(file)?).map_err(|_| {
                Failure::refused(
                    format!("{} is not UTF-8 text", file.display()),
                    "save it as UTF-8 and try again",
                )
                .code("file.encoding")
            })?;
            let pack = FoiPack::parse(&text).map_err(|e| {
                Failure::refused(
                    format!("{}: {e}", file.display()),
                    "mend the field that is named; specs/rules.md §3 lists them all",
                )
                .code("rules.file")
            })?;
            let (calendar, _) = calendar(engine)?;
            let key = common.signing_key(key)?;
            let content = engine.put_content(&pack.to_json())?;
            let event = CalendarEvent::PackAdopted(PackAdopted {
                kind: Kind::Foi.code(),
                pack: content,
            });
            let at = engine.act(&key, calendar, &Event::Calendar(event), &[]).await?;
            say!(
                "{}/{} stands at entry {}: {}",
                pack.id,
                pack.version,
                at.seq,
                escape(&pack.title.en)
            );
            show!(json!({ "pack": format!("{}/{}", pack.id, pack.version), "seq": at.seq }));
            Ok(())
        }
        CalendarCommand::Show => show_calendar(engine),
        CalendarCommand::Tick => {
            let done = engine.tick().await?;
            let mut rows = Vec::new();
            for one in &done {
                let closed = one.closed.and_then(numbered_day).map(|d| d.to_string());
                let until = closed
                    .as_deref()
                    .map(|d| format!(" through {d}"))
                    .unwrap_or_default();
                say!("{}{until} on {} (entry {}).", one.event, one.register, one.seq);
                rows.push(json!({
                    "register": one.register, "event": one.event, "seq": one.seq, "closed": closed,
                }));
            }
            if done.is_empty() {
                say!("Nothing was due.");
            }
            show!(json!({ "done": rows }));
            Ok(())
        }
        CalendarCommand::Publish { accredited } => {
            let (calendar, _) = calendar(engine)?;
            let scope = if *accredited {
                Scope::Accredited
            } else {
                Scope::Public
            };
            let folder = site.jurisdiction();
            let done = engine.publish_jurisdiction(calendar, scope, &folder).await?;
            write_file(&site.trust_jurisdiction(), done.trust.to_json().as_bytes())?;
            say!(
                "{}: {} ledgers, {} entries, {} documents, {} openings; trust file {}",
                folder.display(),
                done.ledgers,
                done.entries,
                done.contents,
                done.openings,
                site.trust_jurisdiction().display()
            );
            show!(json!({
                "folder": folder, "trust": site.trust_jurisdiction(), "ledgers": done.ledgers,
                "entries": done.entries, "documents": done.contents, "openings": done.openings,
            }));
            Ok(())
        }
    }
}

async fn new(
    engine: &Arc<Engine>,
    site: &Site,
    common: &Common,
    definition: JurisdictionDefined,
    members: &[String],
    key: &SigningKey,
) -> Outcome {
    if calendar(engine).is_ok() {
        return Err(Failure::refused(
            "this folder has a jurisdiction already",
            "one installation keeps the registers of one jurisdiction; `sijill calendar show` shows it",
        )
        .code("calendar.exists"));
    }
    if common.clock()?.is_simulated() && !definition.rehearsal {
        return Err(Failure::refused(
            "a simulated clock is for rehearsals",
            "give --rehearsal, or leave --rehearsal-clock out",
        )
        .code("clock.simulated"));
    }
    let mut grants = vec![office(key.key_id(), Role::Commission)];
    for member in members {
        grants.push(office(public_key(member)?, Role::Commission));
    }
    let calendar = make(
        engine,
        site.origin(),
        "calendar",
        Kind::Calendar,
        None,
        grants,
        None,
    )
    .await?;
    let event = Event::Calendar(CalendarEvent::JurisdictionDefined(definition));
    engine.act(key, calendar, &event, &[]).await?;
    say!("The calendar ledger is {calendar}. Next: `sijill calendar declare`, `sijill calendar adopt`.");
    show!(json!({ "calendar": calendar }));
    Ok(())
}

fn show_calendar(engine: &Engine) -> Outcome {
    let (calendar, facts) = calendar(engine)?;
    let jurisdiction = facts.jurisdiction.as_ref().ok_or_else(missing)?;
    say!("{} ({calendar})", escape(&jurisdiction.name.en));
    if jurisdiction.rehearsal {
        say!("A REHEARSAL.");
    }
    say!("Time zone {}.", jurisdiction.time_zone);
    say!("Holidays, each by its number:");
    let mut holidays = Vec::new();
    for declared in &facts.facts {
        let fact = &declared.fact;
        let status = match fact.status {
            FactStatus::Estimate => "estimate",
            FactStatus::Announced => "announced",
            FactStatus::Withdrawn => "withdrawn",
        };
        let corrects = fact
            .corrects
            .map(|n| format!(", in the place of {n}"))
            .unwrap_or_default();
        say!(
            "  {}: {} to {}, {status}{corrects}: {} [{}]",
            fact.seq,
            english_both(fact.first),
            english_both(fact.last),
            escape(&fact.name.en),
            arabic_both(fact.first)
        );
        holidays.push(json!({
            "fact": fact.seq, "first": fact.first.to_string(), "last": fact.last.to_string(),
            "status": status, "corrects": fact.corrects, "name": fact.name.en, "name_ar": fact.name.ar,
        }));
    }
    say!("Rule packs:");
    let mut packs = Vec::new();
    for adopted in &facts.packs {
        let pack = &adopted.pack;
        say!("  {}/{}: {}", pack.id, pack.version, escape(&pack.title.en));
        packs.push(json!({
            "pack": format!("{}/{}", pack.id, pack.version), "sha256": adopted.content.sha256.to_string(),
        }));
    }
    say!("Registers:");
    let mut registers = Vec::new();
    for listed in &facts.registers {
        let listing = &listed.listing;
        say!(
            "  {} of {}: ledger {}",
            listing.id,
            listing.authority,
            listing.ledger
        );
        registers.push(json!({
            "id": listing.id.as_str(), "authority": listing.authority.as_str(), "ledger": listing.ledger,
            "kind": listing.kind,
        }));
    }
    show!(json!({ "calendar": calendar, "holidays": holidays, "packs": packs, "registers": registers }));
    Ok(())
}

fn missing() -> Failure {
    Failure::refused(
        "there is no jurisdiction in this folder yet",
        "`sijill calendar new` makes one",
    )
    .code("calendar.missing")
}

/// The calendar ledger of this installation.
pub(crate) fn calendar(engine: &Engine) -> Outcome<(LedgerId, Arc<CalendarFacts>)> {
    let all = engine.ledgers().all().into_iter();
    let mut calendars = all.filter_map(|handle| match handle.facts() {
        Facts::Calendar(facts) if facts.jurisdiction.is_some() => Some((handle.ledger(), facts)),
        _ => None,
    });
    calendars.next().ok_or_else(missing)
}

/// A grant without scope.
pub(crate) const fn office(key: KeyId, role: Role) -> Grant {
    Grant {
        key,
        role,
        scope: None,
    }
}

/// A register that is to be: who asks for it, and what it is listed as.
pub(crate) struct NewRegister {
    calendar: LedgerId,
    pub(crate) id: Name,
    authority: Name,
}

impl NewRegister {
    /// Under names that nobody has taken; `like` is an example of an id.
    pub(crate) fn named(engine: &Engine, id: &str, authority: &str, like: &str) -> Outcome<Self> {
        let named = |text: &str| -> Outcome<Name> {
            text.parse().map_err(|e| {
                Failure::usage(
                    format!("{}: {e}", escape(text)),
                    format!("choose a name like {like}"),
                )
                .code("register.name")
            })
        };
        let (id, authority) = (named(id)?, named(authority)?);
        let (calendar, facts) = calendar(engine)?;
        if facts.registers.iter().any(|r| r.listing.id == id) {
            return Err(Failure::refused(
                format!("the id {id} is taken"),
                "choose another one; `sijill calendar show` lists them",
            )
            .code("register.name"));
        }
        Ok(Self {
            calendar,
            id,
            authority,
        })
    }

    /// Makes its ledger, lists it and begins it. `commission` signs, and holds office there with those of `offices`.
    pub(crate) async fn begin(
        &self,
        engine: &Engine,
        origin: &Origin,
        (kind, folder, visibility): (Kind, &str, u8),
        names: &Names,
        (commission, offices): (&SigningKey, &[(&[String], Role)]),
        predecessor: Option<Predecessor>,
    ) -> Outcome<LedgerId> {
        let mut grants = vec![office(commission.key_id(), Role::Commission)];
        for (keys, role) in offices {
            for key in *keys {
                grants.push(office(public_key(key)?, *role));
            }
        }
        let name = format!("{folder}/{}", self.id);
        let parent = Some(self.calendar);
        let ledger = make(engine, origin, &name, kind, parent, grants, predecessor).await?;
        let listed = CalendarEvent::RegisterListed(RegisterListed {
            ledger,
            kind: kind.code(),
            visibility,
            id: self.id.clone(),
            authority: self.authority.clone(),
            name_en: names.name_en.clone(),
            name_ar: names.name_ar.clone(),
        });
        let listed = Event::Calendar(listed);
        engine.act(commission, self.calendar, &listed, &[]).await?;
        engine.begin_register(ledger, self.calendar).await?;
        Ok(ledger)
    }
}

/// Makes a ledger of a jurisdiction.
pub(crate) async fn make(
    engine: &Engine,
    origin: &Origin,
    name: &str,
    kind: Kind,
    parent: Option<LedgerId>,
    grants: Vec<Grant>,
    predecessor: Option<Predecessor>,
) -> Outcome<LedgerId> {
    let refused = |e: &dyn std::fmt::Display| {
        Failure::refused(
            format!("the first entry of ledger {name}: {e}"),
            "mend the key or the origin that it names",
        )
        .code("register.keys")
    };
    let (service_key, ledger_key) = engine.key_ids();
    let mut random = [0; 32];
    rand::rng().fill_bytes(&mut random);
    let genesis = Genesis::new(GenesisFields {
        kind,
        origin: Origin::new(format!("{origin}/{name}")).map_err(|e| refused(&e))?,
        parent,
        ledger_key,
        service_key,
        grants,
        max_lag_ms: MAX_LAG_MS,
        official_window_ms: OFFICIAL_WINDOW_MS,
        random,
        predecessor,
    })
    .map_err(|e| refused(&e))?;
    Ok(engine.create_ledger(genesis).await?.ledger())
}

/// A day that somebody has typed.
pub(crate) fn day(text: &str) -> Outcome<Date> {
    parse_date(text).ok_or_else(|| {
        Failure::usage(
            format!("{} is no day", escape(text)),
            "write it as 2026-03-20, 2026/03/20 or 20/03/2026",
        )
        .code("calendar.day-format")
    })
}

/// The number of a day.
pub(crate) fn number(day: Date) -> u32 {
    u32::try_from(day_number(day)).unwrap_or(u32::MAX)
}

fn rest_day(name: &str) -> Outcome<u8> {
    let days = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let found = days.iter().zip(1u8..).find(|(day, _)| **day == name);
    found.map(|(_, number)| number).ok_or_else(|| {
        Failure::usage(
            format!("{} is no day of the week", escape(name)),
            "name days in English and lower case, separated by commas",
        )
        .code("calendar.day-format")
    })
}
