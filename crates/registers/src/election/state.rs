//! State of an election ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sijill_ballot::ceremony::Attempt;
use sijill_ballot::{TrusteeKey, Trustees};
use sijill_ledger::{ContentRef, Grant, KeyId, LedgerId, Role};
use sijill_rules::RulePack;

use super::ceremony::Ceremony;
use super::decide::ElectionRejection;
use super::events::{
    BoxDefined, CandidateRemoved, ElectionDefined, ElectionEvent, PaperRecounted, PaperReturned,
    ResultDeclared, TallyAnchored, TieDecided, TrusteesFixed,
};
use super::outcome::{Adopted, ResultObjection};
use super::stations::{self, StationProgress};
use crate::catalogue::Event;
use crate::manifest::Manifest;
use crate::names::Name;
use crate::register::Contents;

/// What an election ledger has established: for other ledgers, for the door, for trustees.
#[derive(Debug, Clone)]
pub struct ElectionFacts {
    /// The ledger itself.
    pub ledger: LedgerId,
    /// The definition.
    pub defined: Option<ElectionDefined>,
    /// Entries up to and including the definition.
    pub defined_size: Option<u64>,
    /// The manifest.
    pub manifest: Option<Arc<Manifest>>,
    /// Keys of the trustees that have published theirs, by index from 1.
    pub trustee_keys: BTreeMap<u16, TrusteeKey>,
    /// The key ceremony, if the trustees hold one.
    pub ceremony: Ceremony,
    /// The fixed trustees.
    pub trustees: Option<TrusteesFixed>,
    /// The trustees' verified record.
    pub trustees_record: Option<Arc<Trustees>>,
    /// Defined boxes, with the entries up to and including their definition.
    pub boxes: BTreeMap<LedgerId, (u64, BoxDefined)>,
    /// Entries up to and including PollOpened.
    pub poll_opened_size: Option<u64>,
    /// Polling stations that are defined.
    pub stations: BTreeMap<LedgerId, StationProgress>,
    /// Who became commission without scope, or ceased to be: entries up to and including the change, key, whether it holds.
    pub(super) commission: Vec<(u64, KeyId, bool)>,
    /// How far each box has come after its seal.
    pub progress: BTreeMap<LedgerId, BoxProgress>,
    /// Position of the last event that certification is about: who certifies must have seen it.
    pub last_to_certify: u64,
    /// Keys that have certified the results.
    pub certified_by: BTreeSet<KeyId>,
    /// The rules that the event has adopted.
    pub adopted: Option<Adopted>,
    /// Candidates who were removed, by district, question and answer.
    pub removed: BTreeMap<(Name, u16, u16), CandidateRemoved>,
    /// Objections to results, by position.
    pub objections: BTreeMap<u64, ResultObjection>,
}

impl ElectionFacts {
    /// Whether a box has everything that its result needs: views included, and below the minimum without a decryption; where
    /// rules were adopted also its outcome.
    #[must_use]
    pub fn is_published(&self, manifest: &Manifest, ledger: &LedgerId) -> bool {
        self.progress.get(ledger).is_some_and(|progress| {
            let has = |view: &str| progress.has_view(view);
            let decrypted = progress.anchored.counted >= manifest.min_ballots;
            has("turnout")
                && has("trackers")
                && has("tally")
                && (has("result") || !(decrypted || manifest.paper))
                && (has("outcome") || !has("result") || self.adopted.is_none())
        })
    }
}

/// What stands on the election ledger about a sealed box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoxProgress {
    /// Its anchored tally.
    pub anchored: TallyAnchored,
    /// Shares by trustee index.
    pub shares: BTreeMap<u16, ContentRef>,
    /// The result.
    pub result: Option<ResultDeclared>,
    /// The paper votes: the last return.
    pub paper: Option<PaperReturned>,
    /// Recounts of the paper votes, in their order.
    pub recounts: Vec<PaperRecounted>,
    /// Decided ties of the current result, by question from 0.
    pub ties: BTreeMap<u16, TieDecided>,
    /// Views published; `result` and `outcome` only if they are the current ones.
    pub views: Vec<String>,
}

fn is_commission(grant: &Grant) -> bool {
    grant.role == Role::Commission && grant.scope.is_none()
}

type Changed = Result<(), ElectionRejection>;

/// State of an election ledger.
#[derive(Debug, Clone)]
pub struct ElectionState {
    pub(super) facts: Arc<ElectionFacts>,
}

impl ElectionState {
    /// An empty election ledger, with the grants of its genesis.
    #[must_use]
    pub fn new<'a>(ledger: LedgerId, first_grants: impl Iterator<Item = &'a Grant>) -> Self {
        Self {
            facts: Arc::new(ElectionFacts {
                ledger,
                defined: None,
                defined_size: None,
                manifest: None,
                trustee_keys: BTreeMap::new(),
                ceremony: Ceremony::default(),
                trustees: None,
                trustees_record: None,
                boxes: BTreeMap::new(),
                poll_opened_size: None,
                stations: BTreeMap::new(),
                commission: first_grants
                    .filter(|g| is_commission(g))
                    .map(|g| (1, g.key, true))
                    .collect(),
                progress: BTreeMap::new(),
                last_to_certify: 0,
                certified_by: BTreeSet::new(),
                adopted: None,
                removed: BTreeMap::new(),
                objections: BTreeMap::new(),
            }),
        }
    }

    /// What the ledger has established.
    #[must_use]
    pub fn facts(&self) -> Arc<ElectionFacts> {
        Arc::clone(&self.facts)
    }

    /// Remembers who is commission: stations on other machines rest on it. Spec: specs/station.md §4.4.
    pub(crate) fn roles_changed(&mut self, seq: u64, event: &Event) {
        let (grant, holds) = match event {
            Event::RoleGranted(grant) => (grant, true),
            Event::RoleRevoked(grant) => (grant, false),
            _ => return,
        };
        if is_commission(grant) {
            Arc::make_mut(&mut self.facts)
                .commission
                .push((seq + 1, grant.key, holds));
        }
    }

    pub(crate) fn evolve(
        &mut self,
        seq: u64,
        author: KeyId,
        event: &ElectionEvent,
        contents: &dyn Contents,
    ) -> Result<(), String> {
        let load = |content: &ContentRef| contents.load(content).map_err(|e| e.to_string());
        let facts = Arc::make_mut(&mut self.facts);
        if !matches!(event, ElectionEvent::ResultsCertified) {
            facts.last_to_certify = seq;
        }
        let ceremony =
            |facts: &mut ElectionFacts, change: &dyn Fn(&mut Ceremony, &Attempt, &Manifest) -> Changed| {
                let manifest = facts.manifest.clone().ok_or("a ceremony before the definition")?;
                let attempt = facts.ceremony.attempt(&facts.ledger, &manifest);
                change(&mut facts.ceremony, &attempt, &manifest).map_err(|e| e.to_string())
            };
        let progress =
            |facts: &mut ElectionFacts, ledger: &LedgerId, change: &mut dyn FnMut(&mut BoxProgress)| {
                let progress = facts
                    .progress
                    .get_mut(ledger)
                    .ok_or("a box without an anchored tally")?;
                change(progress);
                Ok::<(), String>(())
            };
        match event {
            ElectionEvent::ElectionDefined(e) => {
                let manifest = Manifest::parse(&load(&e.manifest)?).map_err(|e| e.to_string())?;
                facts.manifest = Some(Arc::new(manifest));
                facts.defined = Some(e.clone());
                facts.defined_size = Some(seq + 1);
            }
            ElectionEvent::TrusteeKeyPublished(e) => {
                let key = TrusteeKey::parse(&e.record).map_err(|e| e.to_string())?;
                facts.trustee_keys.insert(e.index, key);
            }
            ElectionEvent::TrusteeEnrolled(e) => ceremony(facts, &|c, attempt, _| c.enrol(attempt, e))?,
            ElectionEvent::CoefficientsOpened(e) => ceremony(facts, &|c, attempt, _| c.open(attempt, e))?,
            ElectionEvent::SharesDealt(e) => ceremony(facts, &|c, attempt, _| c.deal(attempt, e))?,
            ElectionEvent::KeyConfirmed(e) => {
                ceremony(facts, &|c, attempt, manifest| c.confirm(attempt, manifest, e))?;
            }
            ElectionEvent::CeremonyComplained(e) => ceremony(facts, &|c, attempt, _| c.complain(attempt, e))?,
            ElectionEvent::CeremonyRestarted(_) => facts.ceremony.restart(),
            ElectionEvent::ResultsCertified => {
                facts.certified_by.insert(author);
            }
            ElectionEvent::TrusteesFixed(e) => {
                let record = Trustees::parse(&load(&e.trustees)?).map_err(|e| e.to_string())?;
                facts.trustees_record = Some(Arc::new(record));
                facts.trustees = Some(e.clone());
            }
            ElectionEvent::BoxDefined(e) => {
                facts.boxes.insert(e.ledger, (seq + 1, e.clone()));
            }
            ElectionEvent::PollOpened => facts.poll_opened_size = Some(seq + 1),
            ElectionEvent::TallyAnchored(e) => {
                let fresh = BoxProgress {
                    anchored: e.clone(),
                    shares: BTreeMap::new(),
                    result: None,
                    paper: None,
                    recounts: Vec::new(),
                    ties: BTreeMap::new(),
                    views: Vec::new(),
                };
                facts.progress.insert(e.ledger, fresh);
            }
            ElectionEvent::ShareSubmitted(e) => progress(facts, &e.ledger, &mut |p| {
                p.shares.insert(e.index, e.share);
            })?,
            ElectionEvent::ResultDeclared(e) => {
                progress(facts, &e.ledger, &mut |p| p.result = Some(e.clone()))?
            }
            ElectionEvent::PaperReturned(e) => {
                progress(facts, &e.ledger, &mut |p| p.paper = Some(e.clone()))?
            }
            ElectionEvent::ViewPublished(e) => {
                progress(facts, &e.ledger, &mut |p| p.views.push(e.view.clone()))?;
            }
            ElectionEvent::RulesAdopted(e) => {
                let pack = RulePack::from_json(&load(&e.pack)?).map_err(|e| e.to_string())?;
                facts.adopted = Some(Adopted {
                    content: e.pack,
                    pack: Arc::new(pack),
                    polling_day: e.polling_day,
                });
            }
            ElectionEvent::TieDecided(e) => progress(facts, &e.ledger, &mut |p| {
                p.ties.insert(e.question, e.clone());
            })?,
            ElectionEvent::PaperRecounted(e) => progress(facts, &e.ledger, &mut |p| {
                p.paper = Some(e.as_return());
                p.recounts.push(e.clone());
                p.ties.clear();
                p.views.retain(|view| view != "result" && view != "outcome");
            })?,
            ElectionEvent::CandidateRemoved(e) => {
                let key = (e.district.clone(), e.question, e.answer);
                facts.removed.insert(key, e.clone());
            }
            ElectionEvent::ResultObjectionFiled(e) => {
                let objection = ResultObjection {
                    filed: *e,
                    decided: None,
                };
                facts.objections.insert(seq, objection);
            }
            ElectionEvent::ResultObjectionDecided(e) => {
                let objection = facts.objections.get_mut(&e.objection);
                objection.ok_or("a decision on no objection")?.decided = Some(e.clone());
            }
            ElectionEvent::StationDefined(_)
            | ElectionEvent::OfficerNamed(_)
            | ElectionEvent::OfficerRevoked(_)
            | ElectionEvent::StationAnchored(_)
            | ElectionEvent::StationFinal(_)
            | ElectionEvent::StationLost(_)
            | ElectionEvent::StationReturned(_)
            | ElectionEvent::MismatchResolved(_) => stations::evolve(facts, seq, event)?,
        }
        Ok(())
    }
}
