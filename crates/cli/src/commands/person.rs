//! `sijill person`: what registers of a jurisdiction keep of persons, and their rights. Spec: specs/operations.md §15.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use sijill_engine::Engine;
use sijill_engine::persons::{Copy, Persons, Plan, Taking, Trace, Whose};
use sijill_engine::vault::Subject;
use sijill_engine::vault::access::Logged;
use sijill_engine::vault::holds::{self, Hold};
use sijill_ledger::{BodyHash, Kind, LedgerId, SigningKey};
use sijill_registers::calendar::CalendarFacts;
use sijill_rules::{english_both, numbered_day, parse_number, western_digits};

use super::Common;
use super::calendar::{calendar, day, number as day_number};
use super::erasure::{submit_confirmation, submit_order};
use super::roll::roll_person;
use crate::boards;
use crate::error::{Failure, Outcome};
use crate::persons;
use crate::render::{escape, moment, number, say, show, wants_json};
use crate::site::{NewFile, OpenSite, Site, hand_over};

/// Whom a command is about.
#[derive(Debug, Args)]
pub(crate) struct Who {
    /// The person's identifier
    #[arg(value_name = "IDENTIFIER", required_unless_present_any = ["request", "subject"])]
    person: Option<String>,
    /// The person who made this request, such as moph-2026/17
    #[arg(long, value_name = "REQUEST", conflicts_with_all = ["person", "subject"])]
    request: Option<String>,
    /// The person by their name in the vault, as `erase` and `holds` tell it
    #[arg(long, value_name = "SUBJECT", conflicts_with = "person")]
    subject: Option<String>,
}

/// Who acts, and why.
#[derive(Debug, Args)]
pub(crate) struct Acting {
    /// Your signing key file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Why; stands in the access log, and must not name the person
    #[arg(long, value_name = "TEXT")]
    why: String,
}

/// Look after what registers keep of persons.
#[derive(Debug, Subcommand)]
pub(crate) enum PersonCommand {
    /// Make the vault of persons under the secret that consultations are kept with. Without this it gets a secret of its
    /// own with the first letter, which consultations then take as --secret
    Init {
        /// The intake service's secret
        #[arg(long, value_name = "FILE")]
        secret: PathBuf,
    },
    /// Read the letters about a request (an officer of its register)
    Letters {
        /// The request
        request: String,
        #[command(flatten)]
        acting: Acting,
    },
    /// Give a person a copy of everything that is kept of them, and who looked at it: machine-readable (commission)
    Show {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        acting: Acting,
        /// The file for the copy [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Order that what a person has written be erased (commission). A second person confirms
    #[command(
        long_about = "Order that what a person has written be erased (commission). A second person confirms.\n\n\
        Letters, comments and answers become unreadable everywhere: on this service, in every publication made from now on, \
        in backups of the data folder as far as they are letters. Ledgers stay as they are and verify: what happened, when, \
        and how it was decided; that somebody has taken part, once; counts. Votes are not touched: nobody can tell whose they \
        are. What is under legal hold stays, and is listed with the reason."
    )]
    Erase {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        acting: Acting,
        /// On what grounds, for the public: name nobody
        #[arg(
            long,
            value_name = "TEXT",
            default_value = "Erasure at the request of a person"
        )]
        basis: String,
        /// Say what would be erased, what is held and what stays; no order is made
        #[arg(long)]
        dry_run: bool,
    },
    /// Confirm the orders about a person (another member of the commission): from then on it is gone
    ConfirmErasure {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        acting: Acting,
    },
    /// Put a person's contents under legal hold: they are not erased (commission)
    Hold {
        #[command(flatten)]
        who: Who,
        /// Only what belongs to this request; without it everything, of today and later
        #[arg(long, value_name = "REQUEST")]
        only: Option<String>,
        /// Its last day [default: until it is lifted]
        #[arg(long, value_name = "DAY")]
        until: Option<String>,
        #[command(flatten)]
        acting: Acting,
    },
    /// Lift a legal hold (commission)
    Lift {
        /// Its number
        #[arg(value_name = "N")]
        hold: String,
        #[command(flatten)]
        acting: Acting,
    },
    /// List legal holds: who, why, until when
    Holds {
        /// Those that were lifted or have ended, too
        #[arg(long)]
        all: bool,
    },
    /// Show who looked at what is kept, when and why, and check that the log holds together
    Log,
}

struct Office<'a> {
    common: &'a Common,
    site: Site,
    open: OpenSite,
    root: LedgerId,
    facts: std::sync::Arc<CalendarFacts>,
    persons: Persons,
}

/// Runs `sijill person`.
pub(crate) async fn run(command: &PersonCommand, common: &Common) -> Outcome {
    let site = common.site()?;
    let open = common.start(&site).await?;
    if let PersonCommand::Init { secret } = command {
        let (root, _) = calendar(&open.engine)?;
        persons::make(&site, &common.passphrases(), root, secret)?;
        say!(
            "The vault of persons is made, under the secret of {}.",
            secret.display()
        );
        show!(json!({ "jurisdiction": root }));
        return Ok(());
    }
    let mut office = Office::open(common, site, open)?;
    match command {
        // Done above.
        PersonCommand::Init { .. } => Ok(()),
        PersonCommand::Letters { request, acting } => office.letters(request, acting).await,
        PersonCommand::Show { who, acting, out } => office.show(who, acting, out.as_deref()).await,
        PersonCommand::Erase {
            who,
            acting,
            basis,
            dry_run,
        } => office.erase(who, acting, basis, *dry_run).await,
        PersonCommand::ConfirmErasure { who, acting } => office.confirm(who, acting).await,
        PersonCommand::Hold {
            who,
            only,
            until,
            acting,
        } => office.hold(who, only.as_deref(), until.as_deref(), acting).await,
        PersonCommand::Lift { hold, acting } => office.lift(hold, acting),
        PersonCommand::Holds { all } => office.holds(*all),
        PersonCommand::Log => office.log(),
    }
}

impl<'a> Office<'a> {
    fn open(common: &'a Common, site: Site, open: OpenSite) -> Outcome<Self> {
        let (root, facts) = calendar(&open.engine)?;
        let persons = persons::open(&site, common.passphrases(), root)?;
        Ok(Self {
            common,
            site,
            open,
            root,
            facts,
            persons,
        })
    }

    fn engine(&self) -> &Engine {
        &self.open.engine
    }

    /// The register's id, for people.
    fn name(&self, ledger: &LedgerId) -> String {
        let mut all = self.facts.registers.iter().map(|r| &r.listing);
        let found = all.find(|listing| listing.ledger == *ledger);
        found.map_or_else(|| ledger.to_string(), |listing| listing.id.to_string())
    }

    fn zone(&self) -> &str {
        self.facts.jurisdiction.as_ref().map_or("UTC", |j| &j.time_zone)
    }

    /// Ledger and position of a request.
    fn request(&self, text: &str) -> Outcome<(LedgerId, u64)> {
        let western = western_digits(text.trim());
        let parsed = western
            .rsplit_once('/')
            .and_then(|(id, n)| Some((id, parse_number(n)?)));
        let missing = || {
            Failure::refused(
                format!("there is no request {}", escape(text)),
                "a reference is the register's id, a slash and a number, such as moph-2026/17",
            )
            .code("request.missing")
        };
        let (id, n) = parsed.ok_or_else(missing)?;
        let foi = Kind::Foi.code();
        let mut all = self.facts.registers.iter().map(|r| &r.listing);
        let ledger = all
            .find(|l| l.kind == foi && l.id.as_str() == id)
            .map(|l| l.ledger)
            .ok_or_else(missing)?;
        let handle = self.engine().ledgers().find(&ledger).ok_or_else(missing)?;
        let seq = handle.with_head(|head| Some(head.state.as_foi()?.numbered(n)?.seq));
        Ok((ledger, seq.ok_or_else(missing)?))
    }

    /// Identifier, or subject, of whom it is about.
    async fn whom(&self, who: &Who) -> Outcome<(Option<String>, Option<Subject>)> {
        if let Some(text) = &who.request {
            let (ledger, request) = self.request(text)?;
            return Ok((None, Some(self.engine().requester(ledger, request).await?)));
        }
        if let Some(text) = &who.subject {
            let mut subject = [0; 32];
            hex::decode_to_slice(text.trim(), &mut subject).map_err(|_| {
                Failure::usage(
                    format!("{} is no name in the vault", escape(text)),
                    "give its 64 hexadecimal digits",
                )
                .code("person.subject")
            })?;
            return Ok((None, Some(Subject(subject))));
        }
        let text = who.person.as_deref().unwrap_or_default();
        Ok((Some(roll_person(text)?), None))
    }

    fn key(&self, acting: &Acting) -> Outcome<SigningKey> {
        self.common.signing_key(&acting.key)
    }

    /// The key of a member of the commission.
    fn commission(&self, acting: &Acting) -> Outcome<SigningKey> {
        let key = self.key(acting)?;
        self.engine().require_commission(&self.root, key.key_id())?;
        Ok(key)
    }

    async fn letters(&mut self, request: &str, acting: &Acting) -> Outcome {
        let key = self.key(acting)?;
        let (ledger, seq) = self.request(request)?;
        let engine = std::sync::Arc::clone(&self.open.engine);
        let read = engine
            .read_request(&mut self.persons, &key, &acting.why, ledger, seq)
            .await?;
        let mut lines = Vec::new();
        for letter in &read {
            let content = letter.content.as_deref().map(|bytes| bytes.as_slice());
            say!(
                "{} {} (entry {}, {}):",
                letter.trace.event,
                letter.trace.field,
                letter.trace.seq,
                moment(letter.trace.received_ms, self.zone())
            );
            match content.map(std::str::from_utf8) {
                Some(Ok(text)) => {
                    for line in text.lines() {
                        say!("  {}", escape(line));
                    }
                }
                Some(Err(_)) => say!("  {} bytes", number(letter.trace.committed.length)),
                None if letter.trace.erased => say!("  erased"),
                None => say!("  not kept here any more"),
            }
            lines.push(self.content_json(&letter.trace, content));
        }
        show!(json!({ "request": request, "letters": lines }));
        Ok(())
    }

    async fn show(&mut self, who: &Who, acting: &Acting, out: Option<&Path>) -> Outcome {
        let key = self.commission(acting)?;
        let (identifier, subject) = self.whom(who).await?;
        let file = out.map(NewFile::take).transpose()?;
        let engine = std::sync::Arc::clone(&self.open.engine);
        let copy = engine
            .copy_for(
                &mut self.persons,
                &key,
                &acting.why,
                whose(identifier.as_deref(), subject),
            )
            .await?;
        let document = self.copy_json(&copy);
        hand_over(&document, file)
    }

    async fn erase(&mut self, who: &Who, acting: &Acting, basis: &str, dry_run: bool) -> Outcome {
        let key = self.commission(acting)?;
        sijill_rules::check_line(basis).map_err(|problem| {
            Failure::usage(format!("the grounds {problem}"), "say them in one line").code("person.basis")
        })?;
        let (identifier, subject) = self.whom(who).await?;
        let engine = std::sync::Arc::clone(&self.open.engine);
        let whose = whose(identifier.as_deref(), subject);
        let plan = engine
            .plan_erasure(&mut self.persons, &key, &acting.why, whose)
            .await?;
        self.say_plan(&plan);
        let mut orders = Vec::new();
        if !dry_run {
            let waiting = self.waiting(&plan);
            for (ledger, commitments) in plan.orders() {
                let commitments: Vec<_> = commitments
                    .into_iter()
                    .filter(|c| !waiting.contains(&(ledger, *c)))
                    .collect();
                if commitments.is_empty() {
                    continue;
                }
                let (at, order) = submit_order(&engine, &key, ledger, commitments, basis).await?;
                orders.push(json!({
                    "register": self.name(&ledger), "seq": at.seq, "order": order.to_string(),
                }));
            }
            say!(
                "Ordered on {} registers. A second member of the commission confirms it with `sijill person confirm-erasure`.",
                orders.len()
            );
        }
        show!(json!({ "dry_run": dry_run, "plan": self.plan_json(&plan), "orders": orders }));
        Ok(())
    }

    /// What an order already names that waits for a second person.
    fn waiting(&self, plan: &Plan) -> std::collections::BTreeSet<(LedgerId, [u8; 32])> {
        let ledgers: std::collections::BTreeSet<_> = plan.erase.iter().map(|t| t.ledger).collect();
        let mut found = std::collections::BTreeSet::new();
        for ledger in ledgers {
            if let Some(handle) = self.engine().ledgers().find(&ledger) {
                handle.with_head(|head| {
                    for (_, commitments) in head.state.days().into_iter().flat_map(|d| d.waiting_orders()) {
                        found.extend(commitments.iter().map(|c| (ledger, *c)));
                    }
                });
            }
        }
        found
    }

    async fn confirm(&mut self, who: &Who, acting: &Acting) -> Outcome {
        let key = self.commission(acting)?;
        let (identifier, subject) = self.whom(who).await?;
        let engine = std::sync::Arc::clone(&self.open.engine);
        let whose = whose(identifier.as_deref(), subject);
        let plan = engine
            .plan_erasure(&mut self.persons, &key, &acting.why, whose)
            .await?;
        let pending: Vec<(LedgerId, BodyHash)> = engine.pending_orders(&self.persons, &plan)?;
        if pending.is_empty() && !plan.erase.is_empty() {
            return Err(Failure::refused(
                "nothing was ordered for this person that waits for a second one",
                "`sijill person erase` orders it",
            )
            .code("person.order"));
        }
        for (ledger, order) in &pending {
            let waits = engine.ledgers().find(ledger).is_some_and(|handle| {
                handle.with_head(|head| {
                    let mut waiting = head.state.days().into_iter().flat_map(|d| d.waiting_orders());
                    waiting.any(|(one, _)| one == *order)
                })
            });
            if !waits {
                // An order before it names some of the same.
                continue;
            }
            submit_confirmation(&engine, &key, *ledger, *order).await?;
        }
        boards::forget(&self.site, &engine).await?;
        let forgotten = engine.forget(&mut self.persons, &key, &acting.why, whose).await?;
        let registers: Vec<String> = pending.iter().map(|(ledger, _)| self.name(ledger)).collect();
        say!("Erased on {} registers.", pending.len());
        if forgotten {
            say!("Of the person nothing is kept any more: identity and keys are destroyed.");
        } else {
            say!("What is under hold, and the identity that belongs to it, is still kept.");
        }
        say!("Publish again (`sijill calendar publish`): older publications still show what was open.");
        show!(json!({ "confirmed": registers, "forgotten": forgotten }));
        Ok(())
    }

    async fn hold(&mut self, who: &Who, only: Option<&str>, until: Option<&str>, acting: &Acting) -> Outcome {
        let key = self.commission(acting)?;
        let (identifier, subject) = self.whom(who).await?;
        let only = only.map(|text| self.request(text)).transpose()?;
        let until = until.map(|text| day(text).map(day_number)).transpose()?;
        let engine = std::sync::Arc::clone(&self.open.engine);
        let whose = whose(identifier.as_deref(), subject);
        let hold = engine
            .hold(&mut self.persons, &key, whose, only, &acting.why, until)
            .await?;
        say!("Hold {hold} stands. `sijill person lift {hold}` ends it.");
        show!(json!({ "hold": hold }));
        Ok(())
    }

    fn lift(&mut self, hold: &str, acting: &Acting) -> Outcome {
        let key = self.commission(acting)?;
        let hold = parse_number(&western_digits(hold.trim())).ok_or_else(|| {
            Failure::usage(
                format!("{} is no number of a hold", escape(hold)),
                "`sijill person holds` lists them",
            )
            .code("person.hold")
        })?;
        let engine = std::sync::Arc::clone(&self.open.engine);
        engine.lift_hold(&mut self.persons, &key, hold, &acting.why)?;
        say!("Hold {hold} is lifted.");
        show!(json!({ "hold": hold }));
        Ok(())
    }

    fn holds(&self, all: bool) -> Outcome {
        let list = self.persons.vault().holds()?;
        let today = self.engine().today(&self.root)?;
        let standing: Vec<u64> = holds::standing(&list, today).iter().map(|h| h.seq).collect();
        let mut lines = Vec::new();
        for hold in &list {
            let stands = standing.contains(&hold.seq);
            if !stands && !all {
                continue;
            }
            let state = match (stands, hold.lifts) {
                (true, _) => String::new(),
                (false, Some(lifted)) => format!(" (lifts {lifted})"),
                (false, None) => " (ended)".to_owned(),
            };
            say!(
                "{:>4}  {}  {}  {}{state}: {}",
                hold.seq,
                moment(hold.at_ms, self.zone()),
                &hold.who.to_string()[..16],
                until(hold),
                escape(&hold.reason)
            );
            lines.push(hold_json(hold, stands));
        }
        if lines.is_empty() {
            say!("No hold stands.");
        }
        show!(json!({ "holds": lines }));
        Ok(())
    }

    fn log(&self) -> Outcome {
        let vault = self.persons.vault();
        let mut entries = Vec::new();
        vault.log(|entry| {
            say!(
                "{:>6}  {}  {}  {:<8}  {}  {}",
                entry.seq,
                moment(entry.at_ms, self.zone()),
                &entry.who.to_string()[..16],
                entry.action.name(),
                entry
                    .subject
                    .map_or_else(|| "everybody".to_owned(), |s| format!("{s:?}")[..16].to_owned()),
                escape(&entry.why)
            );
            if wants_json() {
                entries.push(access_json(entry));
            }
        })?;
        let head = vault.log_head();
        let hash = hex::encode(head.hash);
        say!(
            "The log holds together. Note its head elsewhere: {}:{hash}",
            head.size
        );
        show!(json!({ "entries": entries, "size": head.size, "hash": hash }));
        Ok(())
    }

    fn say_plan(&self, plan: &Plan) {
        let line = |trace: &Trace| {
            format!(
                "  {}: {} {} (entry {}, {} bytes)",
                self.name(&trace.ledger),
                trace.event,
                trace.field,
                trace.seq,
                number(trace.committed.length)
            )
        };
        say!("Of {:?}:", plan.subject);
        say!("Becomes unreadable: {}.", plan.erase.len());
        for trace in &plan.erase {
            say!("{}", line(trace));
        }
        if plan.identity {
            say!(
                "  identity and keys in the vault ({} bytes, encrypted)",
                number(plan.record_bytes)
            );
        }
        if !plan.held.is_empty() {
            say!("Under legal hold: {}.", plan.held.len());
            for (trace, hold) in &plan.held {
                say!("{}; {}: {}", line(trace), until(hold), escape(&hold.reason));
            }
        }
        if !plan.gone.is_empty() {
            say!("Erased before: {}.", plan.gone.len());
        }
        say!("Stays:");
        for reason in stays(plan, &|ledger| self.name(ledger)) {
            say!("  {}", reason["text"].as_str().unwrap_or_default());
        }
    }

    fn plan_json(&self, plan: &Plan) -> Value {
        json!({
            "subject": format!("{:?}", plan.subject),
            "erase": plan.erase.iter().map(|t| self.trace_json(t)).collect::<Vec<_>>(),
            "identity": plan.identity,
            "record_bytes": plan.record_bytes,
            "held": plan.held.iter().map(|(trace, hold)| {
                let mut line = self.trace_json(trace);
                line["hold"] = hold_json(hold, true);
                line
            }).collect::<Vec<_>>(),
            "erased_before": plan.gone.iter().map(|t| self.trace_json(t)).collect::<Vec<_>>(),
            "stays": stays(plan, &|ledger| self.name(ledger)),
        })
    }

    fn trace_json(&self, trace: &Trace) -> Value {
        json!({
            "register": self.name(&trace.ledger),
            "ledger": trace.ledger,
            "entry": trace.seq,
            "received_ms": trace.received_ms,
            "event": trace.event,
            "field": trace.field,
            "commitment": hex::encode(trace.committed.commitment),
            "length": trace.committed.length,
            "open": trace.open,
            "erased": trace.erased,
        })
    }

    fn content_json(&self, trace: &Trace, content: Option<&[u8]>) -> Value {
        let mut line = self.trace_json(trace);
        match content.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
            None => {}
            Some((_, Ok(text))) => line["text"] = text.into(),
            Some((bytes, Err(_))) => line["base64"] = STANDARD.encode(bytes).into(),
        }
        line
    }

    fn copy_json(&self, copy: &Copy) -> Value {
        let contents = copy.contents.iter().map(|(trace, content)| {
            self.content_json(trace, content.as_deref().map(|bytes| bytes.as_slice()))
        });
        json!({
            "format": "sijill-person/1",
            "jurisdiction": self.root,
            "subject": format!("{:?}", copy.subject),
            "at_ms": self.engine().now(),
            "identifier": copy.identifier,
            "erased_ms": copy.erased_ms,
            "takes_part": copy.takes_part.iter().map(|t| self.taking_json(t)).collect::<Vec<_>>(),
            "contents": contents.collect::<Vec<_>>(),
            "holds": copy.holds.iter().map(|hold| hold_json(hold, true)).collect::<Vec<_>>(),
            "accesses": copy.accesses.iter().map(access_json).collect::<Vec<_>>(),
        })
    }

    fn taking_json(&self, taking: &Taking) -> Value {
        json!({
            "register": self.name(&taking.ledger),
            "ledger": taking.ledger,
            "pseudonym": hex::encode(taking.person.0),
            "number": taking.number,
            "category": match taking.category {
                1 => "citizen",
                2 => "resident",
                _ => "visitor",
            },
            "verified": taking.verified,
            "key": taking.key,
            "comments": taking.comments,
            "responses": taking.responses,
        })
    }
}

const fn whose(identifier: Option<&str>, subject: Option<Subject>) -> Whose<'_> {
    match (identifier, subject) {
        (Some(identifier), _) => Whose::Identifier(identifier),
        (None, Some(subject)) => Whose::Subject(subject),
        (None, None) => Whose::Unnamed,
    }
}

fn until(hold: &Hold) -> String {
    let last = hold.until.and_then(numbered_day);
    last.map_or_else(
        || "until it is lifted".to_owned(),
        |day| format!("until {}", english_both(day)),
    )
}

/// What an erasure leaves, and why.
fn stays(plan: &Plan, name: &dyn Fn(&LedgerId) -> String) -> Vec<Value> {
    let mut all = Vec::new();
    let mut add = |code: &str, text: String| all.push(json!({ "code": code, "text": text }));
    let touched: std::collections::BTreeSet<LedgerId> = plan
        .erase
        .iter()
        .chain(&plan.gone)
        .chain(plan.held.iter().map(|(trace, _)| trace))
        .map(|trace| trace.ledger)
        .collect();
    for ledger in &touched {
        add(
            "entries",
            format!(
                "{}: what happened when, and commitments that say nothing without what was erased",
                name(ledger)
            ),
        );
    }
    for taking in &plan.takes_part {
        add(
            "pseudonym",
            format!(
                "{}: that participant {} has taken part, so that nobody does so twice; {} comments keep their places, \
                 a response counts as one person's",
                name(&taking.ledger),
                taking.number,
                taking.comments.len()
            ),
        );
    }
    add(
        "votes",
        "ballots: they are secret, and nobody can tell whose they are; what the registrar keeps is erased with \
         `sijill vault erase`"
            .to_owned(),
    );
    add("access-log", "the access log, which names nobody".to_owned());
    all
}

fn hold_json(hold: &Hold, stands: bool) -> Value {
    json!({
        "hold": hold.seq,
        "at_ms": hold.at_ms,
        "who": hold.who,
        "subject": format!("{:?}", hold.subject),
        "reason": hold.reason,
        "until": hold.until.and_then(numbered_day).map(|day| day.to_string()),
        "everything": hold.everything,
        "commitments": hold.items.iter().map(|(_, c)| hex::encode(c)).collect::<Vec<_>>(),
        "lifts": hold.lifts,
        "stands": stands,
    })
}

fn access_json(entry: &Logged) -> Value {
    json!({
        "seq": entry.seq,
        "at_ms": entry.at_ms,
        "who": entry.who,
        "action": entry.action.name(),
        "why": entry.why,
        "subject": entry.subject.map(|subject| hex::encode(subject.0)),
    })
}
