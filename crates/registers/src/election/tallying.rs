//! Shares and results against the anchored tally. Spec: specs/election.md §4.7, §4.8, specs/ballot-suite.md §9 to §11.

use std::sync::Arc;

use sijill_ballot::ElectionResult;
use sijill_ballot::EncryptedTally;
use sijill_ballot::Trustees;
use sijill_ballot::{Election, ElectionContext};
use sijill_ballot::{VerifiedShare, combine_shares, verify_share};
use sijill_ledger::LedgerId;

use super::decide::ElectionRejection;
use super::events::{ResultDeclared, ShareSubmitted};
use super::state::{BoxProgress, ElectionFacts, ElectionState};
use crate::register::{Contents, Context, Rejection};

/// An anchored tally with what is needed to decrypt it.
#[derive(Debug)]
pub struct AnchoredTally {
    /// The election of the box.
    pub election: ElectionContext,
    /// The trustees.
    pub trustees: Arc<Trustees>,
    /// The tally.
    pub tally: EncryptedTally,
}

impl ElectionFacts {
    /// Reads the anchored tally of a box.
    ///
    /// # Errors
    /// [`Rejection`] if the box has no anchored tally, or a content is missing or malformed.
    pub fn anchored_tally(
        &self,
        ledger: &LedgerId,
        contents: &dyn Contents,
    ) -> Result<AnchoredTally, Rejection> {
        let missing = || ElectionRejection::Order {
            event: "ShareSubmitted",
            why: "this box has no anchored tally yet: seal and anchor it first".to_owned(),
        };
        let anchored = &self.progress.get(ledger).ok_or_else(missing)?.anchored;
        let (_, defined) = self.boxes.get(ledger).ok_or_else(missing)?;
        let trustees = Arc::clone(self.trustees_record.as_ref().ok_or_else(missing)?);
        let malformed = |e: String| ElectionRejection::Result(e);
        let election =
            Election::parse(&contents.load(&defined.election)?).map_err(|e| malformed(e.to_string()))?;
        let election = ElectionContext::new(&election);
        let tally = EncryptedTally::parse(
            &election,
            &contents.load(&anchored.encrypted_tally)?,
            &contents.load(&anchored.sized_tally)?,
        )
        .map_err(|e| malformed(e.to_string()))?;
        Ok(AnchoredTally {
            election,
            trustees,
            tally,
        })
    }
}

impl AnchoredTally {
    /// Checks a trustee's share.
    ///
    /// # Errors
    /// [`ElectionRejection::Share`].
    pub fn verify_share(&self, index: u16, share: &[u8]) -> Result<VerifiedShare, ElectionRejection> {
        verify_share(
            &self.election,
            &self.trustees,
            usize::from(index),
            &self.tally,
            share,
        )
        .map_err(|e| ElectionRejection::Share {
            index,
            problem: e.to_string(),
        })
    }

    /// The result that follows from shares that are all there.
    ///
    /// # Errors
    /// [`ElectionRejection::Result`].
    pub fn decrypt(&self, shares: &[VerifiedShare]) -> Result<ElectionResult, ElectionRejection> {
        let wrong = |e: String| ElectionRejection::Result(e);
        let factors =
            combine_shares(&self.trustees, &self.tally, shares).map_err(|e| wrong(e.to_string()))?;
        ElectionResult::decrypt(&self.tally, &factors).map_err(|e| wrong(e.to_string()))
    }
}

impl BoxProgress {
    /// The verified shares that stand on the ledger.
    ///
    /// # Errors
    /// [`Rejection`] if a content is missing, or a share does not hold.
    pub fn verified_shares(
        &self,
        tally: &AnchoredTally,
        contents: &dyn Contents,
    ) -> Result<Vec<VerifiedShare>, Rejection> {
        self.shares
            .iter()
            .map(|(index, share)| Ok(tally.verify_share(*index, &contents.load(share)?)?))
            .collect()
    }
}

impl ElectionState {
    pub(super) fn check_share(&self, e: &ShareSubmitted, ctx: &Context<'_>) -> Result<(), Rejection> {
        let tally = self.facts.anchored_tally(&e.ledger, ctx.contents)?;
        tally.verify_share(e.index, &ctx.contents.load(&e.share)?)?;
        Ok(())
    }

    pub(super) fn check_result(
        &self,
        progress: &BoxProgress,
        e: &ResultDeclared,
        ctx: &Context<'_>,
    ) -> Result<(), Rejection> {
        let wrong = |e: String| ElectionRejection::Result(e);
        let tally = self.facts.anchored_tally(&e.ledger, ctx.contents)?;
        let shares = progress.verified_shares(&tally, ctx.contents)?;
        let factors =
            combine_shares(&tally.trustees, &tally.tally, &shares).map_err(|e| wrong(e.to_string()))?;
        let result =
            ElectionResult::parse(&ctx.contents.load(&e.result)?).map_err(|e| wrong(e.to_string()))?;
        result
            .verify(&tally.tally, &factors)
            .map_err(|e| wrong(e.to_string()))?;
        Ok(())
    }
}
