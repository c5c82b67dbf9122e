//! A published folder that the independent verifier has passed, and what its election ledger says.
//!
//! Trustees, members of the commission and voters act upon it on machines of their own. Nothing here talks to the engine:
//! everything is read from the folder after it was verified against a trust file that came by another way.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sijill_ledger::tiles::{PublishedError, ledger_folder, read_published};
use sijill_ledger::{
    ContentRef, KeyId, LedgerId, Role, Scope, Seen, SigningKey, UnixMillis, UnverifiedCheckpoint,
    UnverifiedEntry,
};
use sijill_registers::catalogue::{Event, types};
use sijill_registers::election::ElectionFacts;
use sijill_registers::election::events::ElectionEvent;
use sijill_registers::manifest::Manifest;
use sijill_registers::names::Name;
use sijill_registers::register::{ContentProblem, Contents, Facts, State};
use sijill_verifier::{CheckVerdict, Options, Profile, Report, Stage, Verdict, verify_event};

use crate::error::{Failure, Outcome};
use crate::site::read_bounded;
use crate::submission::Submission;

/// Counter-examples that a refusal quotes.
const QUOTED: usize = 5;

/// A published folder that passed every check up to the stage that was asked for.
pub(crate) struct VerifiedFolder {
    contents: FolderContents,
    state: State,
    facts: Arc<ElectionFacts>,
    event: LedgerId,
    seen: Seen,
    /// What the verifier found.
    pub(crate) report: Report,
}

impl VerifiedFolder {
    /// Verifies a folder, and reads its election ledger.
    pub(crate) fn open(folder: &Path, trust: &Path, stage: Stage) -> Outcome<Self> {
        let options = Options {
            trust: Some(trust.to_owned()),
            profile: Profile::Public,
            require_stage: stage,
            threads: None,
            plain: false,
        };
        let report = verify_event(folder, &options).map_err(|e| {
            Failure::refused(
                e.to_string(),
                "give the published folder and the trust file of the event",
            )
            .code("folder.unusable")
        })?;
        if report.verdict != Verdict::Verified {
            return Err(refusal(&report, stage));
        }
        let event: LedgerId = report
            .event
            .as_ref()
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| Failure::internal("a verified report without an event"))?;
        let contents = FolderContents(folder.to_owned());
        let (state, seen) = read_election(folder, event, &contents, &report)?;
        let Facts::Election(facts) = state.facts() else {
            return Err(Failure::internal("an event that is no election ledger"));
        };
        Ok(Self {
            contents,
            state,
            facts,
            event,
            seen,
            report,
        })
    }

    /// What the election ledger has established.
    pub(crate) fn facts(&self) -> &ElectionFacts {
        &self.facts
    }

    /// Documents of the folder.
    pub(crate) fn contents(&self) -> &dyn Contents {
        &self.contents
    }

    /// The election ledger.
    pub(crate) const fn event(&self) -> LedgerId {
        self.event
    }

    /// The box of a district; of the only one if none is named.
    pub(crate) fn box_of(&self, district: Option<&Name>) -> Outcome<LedgerId> {
        let defined = self.facts.defined.as_ref();
        let boxes: Vec<(&Name, LedgerId)> = defined
            .iter()
            .flat_map(|defined| &defined.ledgers)
            .filter_map(|listed| Some((listed.district.as_ref()?, listed.ledger)))
            .collect();
        let known = || {
            boxes
                .iter()
                .map(|(name, _)| name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        match (district, boxes.as_slice()) {
            (None, [(_, only)]) => Ok(*only),
            (None, _) => Err(Failure::usage(
                "this event has several districts",
                format!("name one with --district: {}", known()),
            )
            .code("district.needed")),
            (Some(name), _) => boxes
                .iter()
                .find(|(district, _)| *district == name)
                .map(|(_, id)| *id)
                .ok_or_else(|| {
                    Failure::refused(
                        format!("this event has no ballot box for a district `{name}`"),
                        format!("its boxes: {}", known()),
                    )
                    .code("district.unknown")
                }),
        }
    }

    /// The index of the trustee who signs with this key.
    pub(crate) fn index_of(&self, key: KeyId) -> Outcome<u16> {
        let trustees = u16::try_from(self.manifest()?.trustees.names.len()).unwrap_or(u16::MAX);
        (1..=trustees)
            .find(|index| {
                self.state
                    .authority()
                    .holds(key, Role::Trustee, Some(&Scope::trustee(*index)))
            })
            .ok_or_else(|| {
                Failure::refused(
                    "this signing key is not that of a trustee of the event",
                    "give the folder whose public signing key the commission was told",
                )
                .code("trustee.stranger")
            })
    }

    /// Refuses a key that does not act for the commission.
    pub(crate) fn check_commission(&self, key: KeyId) -> Outcome {
        if self.state.authority().holds(key, Role::Commission, None) {
            return Ok(());
        }
        Err(Failure::refused(
            "this key is not that of a member of the commission",
            "sign with the key file of a member; nothing was signed",
        )
        .code("commission.stranger"))
    }

    /// Signs an event for the election ledger, upon what this folder shows of it.
    pub(crate) fn sign(
        &self,
        key: &SigningKey,
        now: UnixMillis,
        event: ElectionEvent,
        contents: Vec<Vec<u8>>,
    ) -> Outcome<Submission> {
        Submission::sign(key, self.event, self.seen, now, &Event::Election(event), contents)
    }

    /// The manifest.
    pub(crate) fn manifest(&self) -> Outcome<&Manifest> {
        self.facts
            .manifest
            .as_deref()
            .ok_or_else(|| Failure::internal("a verified event without manifest"))
    }
}

fn refusal(report: &Report, stage: Stage) -> Failure {
    let failed = report
        .checks
        .iter()
        .filter(|c| matches!(c.verdict, CheckVerdict::Fail | CheckVerdict::NotEstablished));
    let found: Vec<String> = failed
        .flat_map(|c| {
            c.counter_examples
                .iter()
                .map(move |e| format!("  {} {}: {}", c.number, e.code, e.detail))
        })
        .take(QUOTED)
        .collect();
    Failure::refused(
        format!(
            "nothing was signed, decrypted or written, because the published folder does not verify: {}\n{}",
            report.summary,
            found.join("\n")
        ),
        format!(
            "`sijill verify event FOLDER --trust FILE --require-stage {}` says more; fetch the folder again, and tell \
             the other trustees if it stays so",
            stage.name()
        ),
    ).code("folder.not-verified")
}

/// Folds the published election ledger. It must be the very one that the verifier read.
fn read_election(
    folder: &Path,
    event: LedgerId,
    contents: &FolderContents,
    report: &Report,
) -> Outcome<(State, Seen)> {
    let changed = || {
        Failure::refused(
            "the published folder changed while it was verified",
            "nothing was signed, decrypted or written; try again",
        )
        .code("folder.changed")
    };
    let base = folder.join(ledger_folder(event));
    let note = read_bounded(&base.join("checkpoint"))?;
    let note = std::str::from_utf8(&note).map_err(|_| changed())?;
    let size = UnverifiedCheckpoint::parse(note)
        .map_err(|_| changed())?
        .checkpoint()
        .size;
    let verified = report
        .ledgers
        .iter()
        .find(|l| l.id == event.to_string())
        .ok_or_else(changed)?;
    let mut state: Option<State> = None;
    let tree = read_published(
        size,
        |path| read_bounded(&base.join(path.to_string())),
        |_, bytes| {
            let entry = UnverifiedEntry::parse(bytes).map_err(|_| changed())?;
            let body = entry.body().body();
            if body.event_type.as_u16() == types::GENESIS {
                let genesis = sijill_ledger::Genesis::parse(&body.payload).map_err(|_| changed())?;
                state = Some(State::start(&genesis).map_err(|_| changed())?);
                return Ok(());
            }
            let state = state.as_mut().ok_or_else(changed)?;
            let event = Event::parse(state.kind(), body.event_type, &body.payload).map_err(|_| changed())?;
            state
                .evolve(&(&entry).into(), &event, contents)
                .map_err(|_| changed())
        },
    )
    .map_err(|e| match e {
        PublishedError::Source(failure) => failure,
        _ => changed(),
    })?;
    if verified.size != tree.size() || verified.root.as_deref() != Some(tree.root().to_string().as_str()) {
        return Err(changed());
    }
    let seen = Seen {
        size: tree.size(),
        root: tree.root(),
    };
    Ok((state.ok_or_else(changed)?, seen))
}

/// Documents of a published folder, checked against their hashes.
struct FolderContents(PathBuf);

impl Contents for FolderContents {
    fn load(&self, content: &ContentRef) -> Result<Arc<[u8]>, ContentProblem> {
        let hash = content.sha256;
        let bytes = fs::read(self.0.join(content.path())).map_err(|_| ContentProblem::Missing(hash))?;
        content
            .check(&bytes)
            .map_err(|_| ContentProblem::Mismatch(hash))?;
        Ok(bytes.into())
    }
}
