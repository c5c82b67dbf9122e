//! Checking ballots of one election quickly, with exactly the decision of the plain checks.
//!
//! [`BallotChecker::check_all`] tries a quick method first. A quick method says only that *everything* about a ballot holds; whatever it does
//! not accept is judged by the plain checks of [`Ballot`], which have the last word and name the reason.
//!
//! A quick method computes the same points as the plain checks, in another order of additions, and hashes them in the same way:
//!
//! - [`Method::Shared`]: all multiples of a ciphertext's points that its proofs need share one chain of doublings. Multiples of G and of
//!   the election key come from tables.
//! - [`Method::Separate`]: one multiplication of the curve library for each. Its vector code for the newest processors doubles faster
//!   than shared chains can make good.
//!
//! Both encode all commitments of a few ballots with one inversion. Neither combines proofs or signatures. That the points are of prime order is
//! tested for all ballots at hand together (`order`).
//!
//! Spec: specs/ballot-suite.md §7, specs/verification.md §10.

use std::sync::OnceLock;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use rayon::prelude::*;

use crate::suite::ballot::{Answer, Ballot, Ciphertext, Election, Points};
use crate::suite::group::{PointBytes, PointError, challenge_of_encodings};
use crate::suite::multiples::{Digits, FixedBase, Sum, walk};
use crate::suite::order::have_prime_order;
use crate::suite::proof::Proof;
use crate::suite::question::Question;

/// From so many claims on a sum on, the sum is walked; below, the library multiplies it.
const WALKED_SUM_CLAIMS: usize = 3;
/// Up to so many choices, claims on their sum ride on the chains of the choices.
const FOLDED_CHOICES: usize = 3;

/// Ballots whose commitments are encoded with one inversion.
const ENCODED_AT_ONCE: usize = 8;

/// How ballots are checked. All methods decide alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Each check by itself, as the specification has it.
    Plain,
    /// Vector multiplications, one for each multiple.
    Separate,
    /// Multiples of one point share their doublings.
    Shared,
}

impl Method {
    /// The quickest method for this build on this processor. Where the curve library was built with its AVX-512 code, it uses it if
    /// the processor has these features.
    pub(crate) fn quickest() -> Method {
        #[cfg(all(
            target_arch = "x86_64",
            any(
                curve25519_dalek_backend = "avx512",
                all(
                    target_feature = "avx512ifma",
                    target_feature = "avx512vl",
                    not(curve25519_dalek_backend = "serial"),
                    not(curve25519_dalek_backend = "fiat"),
                    not(curve25519_dalek_backend = "simd")
                )
            )
        ))]
        if std::is_x86_feature_detected!("avx512ifma") && std::is_x86_feature_detected!("avx512vl") {
            return Method::Separate;
        }
        Method::Shared
    }

    /// The quickest one, or the plain one.
    pub(crate) fn of(plain: bool) -> Method {
        if plain { Method::Plain } else { Method::quickest() }
    }
}

/// What holds of a ballot whose points are all in the group.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) points: Points,
    pub(crate) signature_holds: bool,
    /// `None` if the ballot is for another election, whose proofs are not ours to judge.
    pub(crate) proofs_hold: Option<bool>,
}

/// A ballot to check.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'b> {
    pub(crate) ballot: &'b Ballot<'b>,
    /// Its credential was found to be a member of the group and not neutral.
    pub(crate) known_credential: bool,
}

/// Checks ballots of one election.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BallotChecker<'a> {
    election: &'a Election,
    method: Method,
}

impl<'a> BallotChecker<'a> {
    pub(crate) fn new(election: &'a Election, method: Method) -> BallotChecker<'a> {
        BallotChecker { election, method }
    }

    /// Membership, signature and proofs of ballots, each by itself or, where that is quicker, with the orders of the points of all of them
    /// tested together. `known_credential`: the ballot's credential was found to be a member of the group, not neutral, elsewhere (because
    /// it stands on a list that was checked).
    ///
    /// # Errors
    /// The first point in the order of a ballot that is not a member, or is neutral.
    ///
    /// Spec: specs/ballot-suite.md §7.5, specs/verification.md §6.7 to §6.9, §10.
    pub(crate) fn check_all(&self, ballots: &[Candidate<'_>]) -> Vec<Result<Findings, PointError>> {
        let quick = self.quick_all(ballots);
        ballots
            .par_iter()
            .zip(quick)
            .map(|(candidate, points)| {
                points.map_or_else(
                    || self.plain(candidate.ballot),
                    |points| {
                        Ok(Findings {
                            points,
                            signature_holds: true,
                            proofs_hold: Some(true),
                        })
                    },
                )
            })
            .collect()
    }

    /// The plain checks.
    ///
    /// # Errors
    /// As [`BallotChecker::check_all`].
    pub(crate) fn plain(&self, ballot: &Ballot<'_>) -> Result<Findings, PointError> {
        let points = ballot.points()?;
        Ok(Findings {
            signature_holds: ballot.signature_holds(&points),
            proofs_hold: ballot
                .is_for(self.election)
                .then(|| ballot.proofs_hold(&points, self.election)),
            points,
        })
    }

    /// The points of the ballots about which everything holds. `None` says nothing.
    pub(crate) fn quick_all(&self, ballots: &[Candidate<'_>]) -> Vec<Option<Points>> {
        if self.method == Method::Plain {
            return vec![None; ballots.len()];
        }
        let mut held: Vec<Option<Points>> = ballots
            .par_chunks(ENCODED_AT_ONCE)
            .flat_map_iter(|candidates| self.hold_if_of_prime_order(candidates))
            .collect();
        let mut points = Vec::new();
        let mut owners = Vec::new();
        for (index, (candidate, found)) in ballots.iter().zip(&held).enumerate() {
            let Some(found) = found else { continue };
            let credential = (candidate.ballot.credential, found.credential);
            let written = candidate.ballot.ciphertexts();
            let decoded = found.choices.iter().flatten();
            let choices = written.zip(decoded).flat_map(|(written, decoded)| {
                [(written.alpha, decoded.alpha), (written.beta, decoded.beta)]
            });
            let before = points.len();
            points.extend((!candidate.known_credential).then_some(credential));
            points.extend(choices);
            owners.resize(owners.len() + points.len() - before, index);
        }
        for (owner, holds) in owners.into_iter().zip(have_prime_order(&points)) {
            if let (false, Some(found)) = (holds, held.get_mut(owner)) {
                *found = None;
            }
        }
        held
    }

    /// The points of ballots about which everything holds if they are all of prime order. `None` says nothing.
    fn hold_if_of_prime_order(&self, candidates: &[Candidate<'_>]) -> Vec<Option<Points>> {
        let mut commitments = Vec::new();
        let committed: Vec<_> = candidates
            .iter()
            .map(|candidate| {
                let before = commitments.len();
                let points = self.commit_ballot(candidate.ballot, &mut commitments);
                if points.is_none() {
                    commitments.truncate(before);
                }
                (points, commitments.len() - before)
            })
            .collect();
        let encodings = EdwardsPoint::compress_batch_alloc(&commitments);
        let mut rest = encodings.as_slice();
        let holds = candidates
            .iter()
            .zip(committed)
            .map(|(candidate, (points, count))| {
                let (own, after) = rest.split_at_checked(count)?;
                rest = after;
                let points = points?;
                self.challenges_of_ballot_hold(candidate.ballot, own)
                    .then_some(points)
            });
        holds.collect()
    }

    /// Decodes the points of a ballot and appends what its challenges are hashed from: the commitment of its signature, then those of its
    /// answers.
    fn commit_ballot(&self, ballot: &Ballot<'_>, commitments: &mut Vec<EdwardsPoint>) -> Option<Points> {
        let questions = &self.election.questions;
        let in_shape = ballot.is_for(self.election) && ballot.answers.len() == questions.len();
        if !in_shape || !ballot.hash_holds() {
            return None;
        }
        let credential = decompress(&ballot.credential)?;
        commitments.push(ballot.signature.commitment(&credential));
        let mut choices = Vec::with_capacity(questions.len());
        for (answer, question) in ballot.answers.iter().zip(questions) {
            choices.push(self.commit(answer, question, commitments)?);
        }
        Some(Points { credential, choices })
    }

    /// Compares the challenges of a ballot with the encodings that [`BallotChecker::commit_ballot`] made for it.
    fn challenges_of_ballot_hold(&self, ballot: &Ballot<'_>, encodings: &[CompressedEdwardsY]) -> bool {
        let Some((signature, mut rest)) = encodings.split_first() else {
            return false;
        };
        let prefix: [&[u8]; 3] = [b"sig|", ballot.signed_hash.as_bytes(), b"|"];
        if challenge_of_encodings(&prefix, std::slice::from_ref(signature)) != ballot.signature.challenge {
            return false;
        }
        let statement = format!("{}|{}", self.election.fingerprint, ballot.credential.text());
        for answer in &ballot.answers {
            match challenges_hold(answer, &statement, rest) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.is_empty()
    }

    /// Decodes the ciphertexts of an answer and appends what its challenges are hashed from: both commitments of every claim in the order
    /// of [`claims`], and without blank the sums.
    fn commit(
        &self,
        answer: &Answer,
        question: &Question,
        commitments: &mut Vec<EdwardsPoint>,
    ) -> Option<Vec<Ciphertext<EdwardsPoint>>> {
        let claims = claims(answer, question)?;
        let mut points = Vec::with_capacity(answer.choices.len());
        for written in &answer.choices {
            points.push(Ciphertext {
                alpha: decompress(&written.alpha)?,
                beta: decompress(&written.beta)?,
            });
        }
        let named = points.get(usize::from(question.blank)..)?;
        let mut sum = Ciphertext::neutral();
        for ciphertext in named {
            sum.add(ciphertext);
        }
        if self.method == Method::Shared {
            self.commit_shared(&claims, &points, named.len(), &sum, commitments)?;
        } else {
            let mut shift = Shift::default();
            for claim in &claims {
                let point = claim.choice.map_or(Some(&sum), |choice| points.get(choice))?;
                self.commit_separate(claim, point, &mut shift, commitments);
            }
        }
        if !question.blank {
            commitments.extend([sum.alpha, sum.beta]);
        }
        Some(points)
    }

    fn commit_separate(
        &self,
        claim: &ClaimOf<'_>,
        point: &Ciphertext<EdwardsPoint>,
        shift: &mut Shift,
        commitments: &mut Vec<EdwardsPoint>,
    ) {
        let remainder = point.beta - shift.to(claim.value);
        commitments.push(claim.proof.commitment(&point.alpha));
        commitments.push(self.election.key.commitment(claim.proof, remainder));
    }

    fn commit_shared(
        &self,
        claims: &[ClaimOf<'_>],
        points: &[Ciphertext<EdwardsPoint>],
        named: usize,
        sum: &Ciphertext<EdwardsPoint>,
        commitments: &mut Vec<EdwardsPoint>,
    ) -> Option<()> {
        let digits: Vec<Digits> = claims
            .iter()
            .map(|claim| Digits::of(&claim.proof.challenge))
            .collect();
        let on_sum = claims.iter().filter(|claim| claim.choice.is_none()).count();
        let folded = named <= FOLDED_CHOICES;
        let walked = !folded && on_sum >= WALKED_SUM_CLAIMS;
        let first_named = points.len().checked_sub(named)?;
        let mut alphas = vec![Sum::default(); claims.len()];
        let mut betas = alphas.clone();
        let mut jobs: Vec<(usize, &Digits)> = Vec::with_capacity(claims.len());
        for (index, point) in points.iter().enumerate() {
            jobs.clear();
            for (job, (claim, digits)) in claims.iter().zip(&digits).enumerate() {
                let of_sum = claim.choice.is_none() && folded && index >= first_named;
                if claim.choice == Some(index) || of_sum {
                    jobs.push((job, digits));
                }
            }
            walk(&point.alpha, &jobs, &mut alphas);
            walk(&point.beta, &jobs, &mut betas);
        }
        if walked {
            jobs.clear();
            let of_sum = claims.iter().zip(&digits).enumerate();
            jobs.extend(
                of_sum
                    .filter(|(_, (claim, _))| claim.choice.is_none())
                    .map(|(job, (_, digits))| (job, digits)),
            );
            walk(&sum.alpha, &jobs, &mut alphas);
            walk(&sum.beta, &jobs, &mut betas);
        }
        let generator = generator();
        let key = self.election.key.multiples();
        let mut shift = Shift::default();
        for ((claim, alpha), beta) in claims.iter().zip(&alphas).zip(&betas) {
            if claim.choice.is_none() && !folded && !walked {
                self.commit_separate(claim, sum, &mut shift, commitments);
                continue;
            }
            let Proof { challenge, response } = claim.proof;
            commitments.push(generator.add_multiple(alpha.total(), response));
            let second = key.add_multiple(beta.total(), response);
            commitments.push(if claim.value == 0 {
                second
            } else {
                generator.add_multiple(second, &-(challenge * Scalar::from(claim.value)))
            });
        }
        Some(())
    }
}

/// A claim of one of an answer's disjunctive proofs.
struct ClaimOf<'a> {
    /// The ciphertext, or `None` for the sum of the answers' ciphertexts.
    choice: Option<usize>,
    value: u64,
    proof: &'a Proof,
}

/// The claims of an answer: those of the individual proofs, the blank proof, the overall proof. `None` if the shape is wrong.
///
/// Spec: specs/ballot-suite.md §7.3.
fn claims<'a>(answer: &'a Answer, question: &Question) -> Option<Vec<ClaimOf<'a>>> {
    let choices = question.choices();
    let in_shape = answer.choices.len() == choices
        && answer.individual_proofs.len() == choices
        && answer.overall_proof.len() == question.overall_proofs()
        && answer.blank_proof.is_some() == question.blank;
    if !in_shape {
        return None;
    }
    let mut claims = Vec::with_capacity(2 * choices + 2 + answer.overall_proof.len());
    let mut claim = |choice, value, proof| {
        claims.push(ClaimOf { choice, value, proof });
    };
    for (index, proofs) in answer.individual_proofs.iter().enumerate() {
        let [zero, one] = proofs.as_slice() else {
            return None;
        };
        claim(Some(index), 0, zero);
        claim(Some(index), 1, one);
    }
    let mut overall = answer.overall_proof.as_slice();
    if let Some(proofs) = &answer.blank_proof {
        let [blank, sum] = proofs.as_slice() else {
            return None;
        };
        claim(Some(0), 0, blank);
        claim(None, 0, sum);
        let (first, rest) = overall.split_first()?;
        claim(Some(0), 1, first);
        overall = rest;
    }
    for (value, proof) in (question.min..=question.max).zip(overall) {
        claim(None, value, proof);
    }
    Some(claims)
}

/// Compares the challenges of an answer with the encodings that [`BallotChecker::commit`] made for it, and hands back those that follow.
///
/// Spec: specs/ballot-suite.md §7.2, §7.3.
fn challenges_hold<'e>(
    answer: &Answer,
    statement: &str,
    encodings: &'e [CompressedEdwardsY],
) -> Option<&'e [CompressedEdwardsY]> {
    let mut full_statement = Vec::with_capacity(statement.len() + 130 * answer.choices.len());
    full_statement.extend_from_slice(statement.as_bytes());
    let mut rest = encodings;
    for (index, (written, proofs)) in answer.choices.iter().zip(&answer.individual_proofs).enumerate() {
        let (alpha, beta) = (written.alpha.digits(), written.beta.digits());
        full_statement.push(if index == 0 { b'|' } else { b',' });
        full_statement.extend_from_slice(&alpha);
        full_statement.push(b',');
        full_statement.extend_from_slice(&beta);
        let prefix: [&[u8]; 6] = [b"prove|", statement.as_bytes(), b"|", &alpha, b",", &beta];
        rest = challenge_holds(&prefix, proofs, rest)?;
    }
    match &answer.blank_proof {
        Some(blank_proof) => {
            rest = challenge_holds(&[b"bproof0|", &full_statement], blank_proof, rest)?;
            challenge_holds(&[b"bproof1|", &full_statement], &answer.overall_proof, rest)
        }
        None => {
            let (overall, after) = rest.split_at_checked(2 * answer.overall_proof.len())?;
            let (sums, after) = after.split_at_checked(2)?;
            let [alpha, beta] = sums else { return None };
            let (alpha, beta) = (PointBytes::of_encoding(alpha), PointBytes::of_encoding(beta));
            let (alpha, beta) = (alpha.digits(), beta.digits());
            let prefix: [&[u8]; 6] = [b"prove|", &full_statement, b"|", &alpha, b",", &beta];
            challenge_holds(&prefix, &answer.overall_proof, overall)?;
            Some(after)
        }
    }
}

/// A disjunctive proof, from the encodings of its commitments; the bar at the end of the prefix is added here. Hands back what follows.
fn challenge_holds<'e>(
    prefix: &[&[u8]],
    proofs: &[Proof],
    encodings: &'e [CompressedEdwardsY],
) -> Option<&'e [CompressedEdwardsY]> {
    let (commitments, rest) = encodings.split_at_checked(2 * proofs.len())?;
    let sum: Scalar = proofs.iter().map(|proof| proof.challenge).sum();
    let mut parts: [&[u8]; 7] = [b""; 7];
    for (part, given) in parts
        .iter_mut()
        .zip(prefix.iter().chain(std::iter::once(&b"|".as_slice())))
    {
        *part = given;
    }
    (!proofs.is_empty() && challenge_of_encodings(&parts, commitments) == sum).then_some(rest)
}

/// The point of a spelling that is not neutral; its order is not tested.
fn decompress(written: &PointBytes) -> Option<EdwardsPoint> {
    if written.is_neutral() {
        return None;
    }
    written.decompress()
}

/// value·G for values that grow by one.
struct Shift {
    value: u64,
    point: EdwardsPoint,
}

impl Default for Shift {
    fn default() -> Shift {
        Shift {
            value: 0,
            point: EdwardsPoint::identity(),
        }
    }
}

impl Shift {
    fn to(&mut self, value: u64) -> EdwardsPoint {
        if self.value.checked_add(1) == Some(value) {
            self.point += ED25519_BASEPOINT_POINT;
        } else if self.value != value {
            self.point = EdwardsPoint::mul_base(&Scalar::from(value));
        }
        self.value = value;
        self.point
    }
}

fn generator() -> &'static FixedBase {
    static TABLE: OnceLock<FixedBase> = OnceLock::new();
    TABLE.get_or_init(|| FixedBase::new(&ED25519_BASEPOINT_POINT))
}
