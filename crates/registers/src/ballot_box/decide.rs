//! Which events may stand on a ballot box. Spec: specs/election.md §5.

use sijill_ballot::{CredentialError, CredentialList};
use sijill_ledger::{Kind, LedgerId};
use sijill_rules::Moment;

use super::check::{BallotProblem, CheckedBallot};
use super::events::{AuditStarted, BallotCast, BoxEvent, BoxPrepared, BoxSealed, ExclusionsFixed};
use super::state::{BoxSetup, BoxState, Phase, counted_digest};
use crate::catalogue::Event;
use crate::election::ElectionFacts;
use crate::register::{Consequence, Context, Evidence, Facts, Rejection, no_refs, one_ref};
use crate::station::StationRejection;

/// Why an event may not stand on a ballot box. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BoxRejection {
    /// The event does not come next.
    #[error("{event} is not possible now: the ballot box is {phase}")]
    Order {
        /// Name of the event type.
        event: &'static str,
        /// Where the box stands.
        phase: Phase,
    },
    /// The service alone writes this event, as a consequence.
    #[error("{0} is written by the service alone, behind the event that causes it")]
    ConsequenceOnly(&'static str),
    /// The election ledger is not here, or has not come so far.
    #[error("{0}")]
    Election(&'static str),
    /// The setup is not what the election ledger says.
    #[error("the setup of the box differs from the election ledger: {0}")]
    Setup(&'static str),
    /// Too early for the event.
    #[error(
        "too early: received at {received_ms}, but possible only from {from_ms} (milliseconds since 1970 UTC)"
    )]
    Early {
        /// Time of receipt.
        received_ms: u64,
        /// First possible time.
        from_ms: u64,
    },
    /// Too late for the event.
    #[error(
        "too late: received at {received_ms}, but the last moment was {until_ms} (milliseconds since 1970 UTC)"
    )]
    Late {
        /// Time of receipt.
        received_ms: u64,
        /// Last possible time.
        until_ms: u64,
    },
    /// The ballot is invalid by itself.
    #[error("the ballot is not valid: {0}")]
    Ballot(#[from] BallotProblem),
    /// The door did not check the ballot. A fault of this program.
    #[error("the ballot was not checked at the door")]
    Unchecked,
    /// The credential is not on the list.
    #[error("this credential is not on the list of this ballot box; check the code and the district")]
    UnknownCredential,
    /// This ballot is in the box.
    #[error("this very ballot is in the box already")]
    DuplicateBallot,
    /// An encryption of this ballot occurs elsewhere.
    #[error("the ballot repeats an encryption that the box already has; make a new ballot")]
    AlphaReused,
    /// This ballot, or an encryption of it, was opened for an audit.
    #[error("the ballot was announced for an audit and must not be cast; make a new ballot")]
    Audited,
    /// An audit of a ballot that is in the box.
    #[error("this ballot, or an encryption of it, is in the box: it can no longer be opened for an audit")]
    AuditOfCast,
    /// An audit that was announced before.
    #[error("the audit of this ballot, or of an encryption of it, was announced before")]
    AuditedAlready,
    /// The credential has voted, and re-votes are not allowed.
    #[error("a ballot was cast with this credential already, and this event does not allow voting again")]
    NoRevote,
    /// The credential has voted, and the ballot does not say which ballot it replaces.
    #[error(
        "a ballot was cast with this credential already: a new one must replace it (tracking code {latest})"
    )]
    MustReplace {
        /// Tracking code of the latest ballot.
        latest: String,
    },
    /// The ballot replaces another than the latest.
    #[error(
        "the ballot replaces {named}, but the latest ballot of this credential is {latest}; look it up and vote again"
    )]
    ReplacesOther {
        /// Named by the ballot.
        named: String,
        /// The latest.
        latest: String,
    },
    /// The ballot replaces one, but the credential has none in the box.
    #[error("the ballot replaces another one, but this credential has no ballot in the box")]
    NothingToReplace,
    /// The announcement of an audit is malformed.
    #[error(
        "the announcement of an audit lists {found} encryptions; ballots of this box have {expected}, all different"
    )]
    AuditShape {
        /// Listed.
        found: usize,
        /// Choices of the questions.
        expected: usize,
    },
    /// The exclusion list is malformed.
    #[error("the exclusion list: {0}")]
    Exclusions(#[from] CredentialError),
    /// The exclusion list has weights.
    #[error("the exclusion list carries weights")]
    ExclusionWeights,
    /// The exclusion list has another length.
    #[error("the exclusion list has {found} credentials, but the event says {said}")]
    ExclusionCount {
        /// On the list.
        found: usize,
        /// In the event.
        said: u64,
    },
    /// The exclusion list names a credential that is not on the credential list.
    #[error("the exclusion list names a credential that is not on the list of this box: {0}")]
    ExclusionUnknown(String),
    /// The tally that the seal needs was computed at another size; compute it again.
    #[error("the box has changed since its tally was computed; try again")]
    StaleTally,
}

impl BoxRejection {
    /// The verdict code of specs/verification.md.
    #[must_use]
    pub fn code(&self) -> &'static str {
        use sijill_ballot::{BallotError as B, PointError as P};
        match self {
            Self::Order { .. } | Self::ConsequenceOnly(_) | Self::Election(_) => "box.order",
            Self::Setup(_) => "box.setup",
            Self::Early { .. } | Self::Late { .. } => "box.window",
            Self::Ballot(BallotProblem::ReplacesEncoding | BallotProblem::Replaces(_)) => "ballot.chain",
            Self::Ballot(BallotProblem::Suite(e)) => match e {
                B::Signature | B::SignatureHash => "ballot.signature",
                B::IndividualProof { .. } | B::OverallProof { .. } | B::BlankProof { .. } => "ballot.proof",
                B::Uuid | B::Fingerprint => "ballot.election",
                B::Credential(P::NotOnCurve | P::Torsion | P::Neutral)
                | B::Ciphertext {
                    error: P::NotOnCurve | P::Torsion | P::Neutral,
                    ..
                } => "ballot.group",
                _ => "ballot.form",
            },
            Self::Unchecked => "ballot.form",
            Self::UnknownCredential => "ballot.credential",
            Self::DuplicateBallot | Self::AlphaReused => "ballot.duplicate",
            Self::Audited | Self::AuditOfCast | Self::AuditedAlready | Self::AuditShape { .. } => {
                "ballot.audited"
            }
            Self::NoRevote
            | Self::MustReplace { .. }
            | Self::ReplacesOther { .. }
            | Self::NothingToReplace => "ballot.chain",
            Self::Exclusions(_)
            | Self::ExclusionWeights
            | Self::ExclusionCount { .. }
            | Self::ExclusionUnknown(_) => "box.exclusions",
            Self::StaleTally => "box.tally",
        }
    }
}

impl BoxState {
    pub(crate) fn decide(&self, event: &BoxEvent, ctx: &Context<'_>) -> Result<Vec<Consequence>, Rejection> {
        match event {
            BoxEvent::BoxPrepared(e) => self.decide_setup(e, ctx)?,
            BoxEvent::BoxOpened => self.decide_opening(ctx)?,
            BoxEvent::BallotCast(e) => {
                no_refs("BallotCast", ctx)?;
                self.decide_ballot(e, ctx)?;
            }
            BoxEvent::AuditStarted(e) => {
                no_refs("AuditStarted", ctx)?;
                self.decide_audit(e, ctx)?;
            }
            BoxEvent::BoxClosed => {
                no_refs("BoxClosed", ctx)?;
                let setup = self.in_phase("BoxClosed", Phase::Open)?;
                let received_ms = ctx.received_ms.as_u64();
                if !setup.window.allows_close(received_ms) {
                    let from_ms = setup.window.closes_ms() + setup.window.grace_ms() + 1;
                    return Err(BoxRejection::Early { received_ms, from_ms }.into());
                }
            }
            BoxEvent::ExclusionsFixed(e) => {
                let election = self.election(ctx)?;
                if !election.has_stations() {
                    no_refs("ExclusionsFixed", ctx)?;
                }
                self.decide_exclusions(e, ctx)?;
                if election.has_stations() {
                    self.check_stations(e, &election, ctx)?;
                }
            }
            BoxEvent::SealOrdered => {
                no_refs("SealOrdered", ctx)?;
                return self.decide_seal(ctx);
            }
            BoxEvent::BoxSealed(_) => return Err(BoxRejection::ConsequenceOnly("BoxSealed").into()),
        }
        Ok(Vec::new())
    }

    fn in_phase(&self, event: &'static str, phase: Phase) -> Result<BoxSetup, BoxRejection> {
        let facts = self.facts();
        match &facts.prepared {
            Some(setup) if facts.phase == phase => Ok(setup.clone()),
            _ => Err(BoxRejection::Order {
                event,
                phase: facts.phase,
            }),
        }
    }

    fn election(&self, ctx: &Context<'_>) -> Result<std::sync::Arc<ElectionFacts>, BoxRejection> {
        match ctx.linked.facts(&self.facts().parent) {
            Some(Facts::Election(facts)) => Ok(facts),
            _ => Err(BoxRejection::Election(
                "the election ledger of this box is not kept by this service",
            )),
        }
    }

    fn decide_setup(&self, e: &BoxPrepared, ctx: &Context<'_>) -> Result<(), Rejection> {
        if self.phase() != Phase::New {
            return Err(BoxRejection::Order {
                event: "BoxPrepared",
                phase: self.phase(),
            }
            .into());
        }
        let cited = one_ref("BoxPrepared", ctx, &self.facts().parent)?;
        let election = self.election(ctx)?;
        let (Some(manifest), Some(trustees)) = (&election.manifest, &election.trustees) else {
            return Err(BoxRejection::Election("the election has no trustees yet; fix them first").into());
        };
        let Some((defined_size, defined)) = election.boxes.get(&self.ledger()) else {
            return Err(
                BoxRejection::Election("the election ledger has no BoxDefined for this box yet").into(),
            );
        };
        if cited.size < *defined_size {
            return Err(Rejection::Refs {
                event: "BoxPrepared",
                problem: "cites the election ledger at a size before the BoxDefined of this box",
            });
        }
        let same = |ok: bool, what: &'static str| {
            if ok {
                Ok(())
            } else {
                Err(BoxRejection::Setup(what))
            }
        };
        same(e.district == defined.district, "district")?;
        same(e.election == defined.election, "election record")?;
        same(e.credentials == defined.credentials, "credential list")?;
        same(e.trustees == trustees.trustees, "trustees record")?;
        same(e.opens_ms == manifest.opens_ms, "opening time")?;
        same(e.closes_ms == manifest.closes_ms, "closing time")?;
        same(e.grace_ms == manifest.grace_ms, "grace")?;
        same(e.revote == manifest.revote, "rule about voting again")?;
        same(e.min_ballots == manifest.min_ballots, "minimum of ballots")?;
        Ok(())
    }

    fn decide_opening(&self, ctx: &Context<'_>) -> Result<(), Rejection> {
        let setup = self.in_phase("BoxOpened", Phase::Prepared)?;
        let cited = one_ref("BoxOpened", ctx, &self.facts().parent)?;
        let Some(open_size) = self.election(ctx)?.poll_opened_size else {
            return Err(BoxRejection::Election("the poll is not open on the election ledger").into());
        };
        if cited.size < open_size {
            return Err(Rejection::Refs {
                event: "BoxOpened",
                problem: "cites the election ledger at a size before PollOpened",
            });
        }
        let received_ms = ctx.received_ms.as_u64();
        if setup.window.allows_opening(received_ms) {
            Ok(())
        } else if received_ms < setup.window.opens_ms() {
            Err(BoxRejection::Early {
                received_ms,
                from_ms: setup.window.opens_ms(),
            }
            .into())
        } else {
            Err(BoxRejection::Late {
                received_ms,
                until_ms: setup.window.closes_ms() - 1,
            }
            .into())
        }
    }

    fn in_window(&self, event: &'static str, ctx: &Context<'_>) -> Result<BoxSetup, BoxRejection> {
        let setup = self.in_phase(event, Phase::Open)?;
        let received_ms = ctx.received_ms.as_u64();
        let until_ms = setup.window.closes_ms() + setup.window.grace_ms();
        match setup.window.moment(received_ms) {
            Moment::Early => Err(BoxRejection::Early {
                received_ms,
                from_ms: setup.window.opens_ms(),
            }),
            Moment::Late => Err(BoxRejection::Late {
                received_ms,
                until_ms,
            }),
            Moment::Open | Moment::Grace => Ok(setup),
        }
    }

    fn decide_ballot(&self, e: &BallotCast, ctx: &Context<'_>) -> Result<(), BoxRejection> {
        let setup = self.in_window("BallotCast", ctx)?;
        let Evidence::Ballot(checked) = ctx.evidence else {
            return Err(BoxRejection::Unchecked);
        };
        let ballot = CheckedBallot::recorded(checked);
        if setup.credentials.find(&ballot.credential).is_none() {
            return Err(BoxRejection::UnknownCredential);
        }
        if self.has_ballot(&ballot.hash) {
            return Err(BoxRejection::DuplicateBallot);
        }
        if self.is_audited(&ballot.hash) || ballot.alphas.iter().any(|a| self.is_alpha_audited(a)) {
            return Err(BoxRejection::Audited);
        }
        if !all_different(&ballot.alphas) || ballot.alphas.iter().any(|a| self.has_alpha(a)) {
            return Err(BoxRejection::AlphaReused);
        }
        match (self.latest(&ballot.credential), &e.replaces) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(BoxRejection::NothingToReplace),
            (Some(_), _) if !setup.event.revote => Err(BoxRejection::NoRevote),
            (Some(latest), None) => Err(BoxRejection::MustReplace {
                latest: latest.tracking_code().to_string(),
            }),
            (Some(latest), Some(named)) if named.ballot_hash == latest => Ok(()),
            (Some(latest), Some(named)) => Err(BoxRejection::ReplacesOther {
                named: named.ballot_hash.tracking_code().to_string(),
                latest: latest.tracking_code().to_string(),
            }),
        }
    }

    fn decide_audit(&self, e: &AuditStarted, ctx: &Context<'_>) -> Result<(), BoxRejection> {
        let setup = self.in_window("AuditStarted", ctx)?;
        let expected = setup
            .election
            .questions()
            .iter()
            .map(sijill_ballot::Question::choices)
            .sum();
        if e.alphas.len() != expected || !all_different(&e.alphas) {
            return Err(BoxRejection::AuditShape {
                found: e.alphas.len(),
                expected,
            });
        }
        if self.has_ballot(&e.ballot_hash) || e.alphas.iter().any(|a| self.has_alpha(a)) {
            return Err(BoxRejection::AuditOfCast);
        }
        if self.is_audited(&e.ballot_hash) || e.alphas.iter().any(|a| self.is_alpha_audited(a)) {
            return Err(BoxRejection::AuditedAlready);
        }
        Ok(())
    }

    fn decide_exclusions(&self, e: &ExclusionsFixed, ctx: &Context<'_>) -> Result<(), Rejection> {
        let setup = self.in_phase("ExclusionsFixed", Phase::Closed)?;
        let list = CredentialList::parse(&ctx.contents.load(&e.list)?).map_err(BoxRejection::Exclusions)?;
        if list.has_weights() {
            return Err(BoxRejection::ExclusionWeights.into());
        }
        if list.entries().len() as u64 != e.count {
            return Err(BoxRejection::ExclusionCount {
                found: list.entries().len(),
                said: e.count,
            }
            .into());
        }
        for entry in list.entries() {
            if setup.credentials.find(entry.public.as_bytes()).is_none() {
                return Err(BoxRejection::ExclusionUnknown(entry.public.text()).into());
            }
        }
        Ok(())
    }

    /// Spec: specs/station.md §8.3.
    fn check_stations(
        &self,
        e: &ExclusionsFixed,
        election: &ElectionFacts,
        ctx: &Context<'_>,
    ) -> Result<(), Rejection> {
        let wrong = |problem: &str| Rejection::from(StationRejection::Exclusions(problem.to_owned()));
        let listed = election.defined.iter().flat_map(|d| &d.ledgers);
        let roll = listed
            .clone()
            .find(|l| l.kind == Kind::Roll.code())
            .map(|l| l.ledger);
        let find = |ledger: LedgerId| ctx.refs.iter().find(|r| r.ledger == ledger);
        let (Some(election_ref), Some((roll, roll_ref)), 2) = (
            find(election.ledger),
            roll.and_then(|roll| Some((roll, find(roll)?))),
            ctx.refs.len(),
        ) else {
            return Err(Rejection::Refs {
                event: "ExclusionsFixed",
                problem: "must carry exactly two refs, to the election ledger and to the roll",
            });
        };
        if !election.all_books_ended_within(election_ref.size) {
            return Err(wrong(
                "the book of a station is neither final nor lost, as cited; receive it, or declare it lost under the rule pack",
            ));
        }
        let Some(Facts::Roll(roll)) = ctx.linked.facts(&roll) else {
            return Err(wrong("the roll is not kept by this service"));
        };
        match roll.stations.opened.get(&self.ledger()) {
            Some((size, list)) if *size <= roll_ref.size && *list == e.list => Ok(()),
            Some((size, _)) if *size <= roll_ref.size => Err(wrong(
                "the list is not that of the voters whose papers count (ExclusionsOpened on the roll)",
            )),
            _ => Err(wrong(
                "the exclusions of this box are not open on the roll, as cited (ExclusionsOpened)",
            )),
        }
    }

    fn decide_seal(&self, ctx: &Context<'_>) -> Result<Vec<Consequence>, Rejection> {
        self.in_phase("SealOrdered", Phase::Excluded)?;
        let Evidence::Tally(tally) = ctx.evidence else {
            return Err(BoxRejection::StaleTally.into());
        };
        if tally.size != ctx.size {
            return Err(BoxRejection::StaleTally.into());
        }
        let counted = self.counted();
        let sealed = BoxSealed {
            cause: ctx.body_hash,
            counted: counted.len() as u64,
            counted_digest: counted_digest(&counted),
            encrypted_tally: tally.encrypted_tally,
            sized_tally: tally.sized_tally,
        };
        Ok(vec![Consequence {
            event: Event::BallotBox(BoxEvent::BoxSealed(sealed)),
        }])
    }
}

fn all_different(alphas: &[[u8; 32]]) -> bool {
    let mut sorted: Vec<_> = alphas.iter().collect();
    sorted.sort_unstable();
    sorted.windows(2).all(|w| w[0] != w[1])
}
