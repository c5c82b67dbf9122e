//! Testing that many points of the curve all have prime order (or are neutral).
//!
//! A point of edwards25519 is the sum of a member of the prime-order subgroup and of one of 8 points of small order, its *torsion*. The
//! sums of some subsets are tested for torsion in the place of all points: if a point has torsion, of two subsets that differ in this point
//! alone at least one has a sum with torsion. So 128 subsets, drawn independently, overlook a faulty batch with probability at
//! most 2^−128. The subsets follow from a
//! hash of all points; whoever tries batches until one is overlooked has to try 2^128 of them.
//!
//! Spec: specs/verification.md §10.4.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::traits::Identity as _;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::suite::group::{PointBytes, has_prime_order};

/// Bytes drawn for each point. The points whose byte of one number is the same are added up first, then these sums: a point is in as many
/// additions as its draw has bytes.
const DRAW: usize = 16;
/// Below so many points, each is tested by itself: the sums and their tests would cost more.
const LEAST: usize = 512;
/// Points of a batch at the most.
const MOST: usize = 16_384;

/// For each point, whether q times it is neutral: exact but for a batch of at least [`LEAST`] points with a faulty one, which is
/// overlooked with a probability of at most 2^−128. How many threads there are makes no difference.
pub(crate) fn have_prime_order(points: &[(PointBytes, EdwardsPoint)]) -> Vec<bool> {
    let mut holds = Vec::with_capacity(points.len());
    for batch in points.chunks(MOST) {
        if batch.len() >= LEAST && all_have_prime_order(batch) {
            holds.resize(holds.len() + batch.len(), true);
        } else {
            let each: Vec<bool> = batch
                .par_iter()
                .map(|(_, point)| has_prime_order(point))
                .collect();
            holds.extend(each);
        }
    }
    holds
}

/// Whether all subset sums have prime order or are neutral.
fn all_have_prime_order(points: &[(PointBytes, EdwardsPoint)]) -> bool {
    let draws = draws(points);
    (0..DRAW).into_par_iter().all(|byte| {
        let drawn = draws
            .iter()
            .map(|draw| draw.get(byte).copied().unwrap_or(u8::MAX));
        subset_sums(points.iter().map(|(_, point)| point).zip(drawn))
            .iter()
            .all(has_prime_order)
    })
}

/// The draw of every point, from a hash of all of them.
fn draws(points: &[(PointBytes, EdwardsPoint)]) -> Vec<[u8; DRAW]> {
    let mut seed = Sha256::new_with_prefix(b"sijill/order/v1\n");
    for (encoding, _) in points {
        seed.update(encoding.as_bytes());
    }
    let seed: [u8; 32] = seed.finalize().into();
    let mut draws = Vec::with_capacity(points.len() + 1);
    for number in (0u64..).take(points.len().div_ceil(2)) {
        let digest: [u8; 2 * DRAW] = Sha256::new_with_prefix(seed)
            .chain_update(number.to_be_bytes())
            .finalize()
            .into();
        draws.extend(digest.as_chunks::<DRAW>().0);
    }
    draws
}

/// For each bit, the sum of the points whose byte has it.
fn subset_sums<'p>(drawn: impl Iterator<Item = (&'p EdwardsPoint, u8)>) -> [EdwardsPoint; 8] {
    let mut buckets = vec![EdwardsPoint::identity(); 256];
    for (point, byte) in drawn {
        if let (Some(bucket), true) = (buckets.get_mut(usize::from(byte)), byte != 0) {
            *bucket += point;
        }
    }
    let mut sums = [EdwardsPoint::identity(); 8];
    for (bit, sum) in sums.iter_mut().enumerate().rev() {
        // The buckets that are left are those of the bits up to this one; those with the bit are summed and join those without.
        let with = buckets.split_off(1 << bit);
        *sum = with.iter().sum();
        for (bucket, with) in buckets.iter_mut().zip(with) {
            *bucket += with;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;
    use curve25519_dalek::scalar::Scalar;
    use proptest::prelude::*;

    use super::*;

    fn batch(torsion: &[usize]) -> Vec<(PointBytes, EdwardsPoint)> {
        let points = torsion.iter().enumerate().map(|(index, torsion)| {
            EdwardsPoint::mul_base(&Scalar::from(index as u64 * 3 + 1)) + EIGHT_TORSION[*torsion]
        });
        points.map(|point| (PointBytes::of(&point), point)).collect()
    }

    fn each(points: &[(PointBytes, EdwardsPoint)]) -> Vec<bool> {
        points.iter().map(|(_, point)| point.is_torsion_free()).collect()
    }

    #[test]
    fn subset_sums_are_by_the_bits_of_the_bytes() {
        let points = batch(&[0; 300]);
        let bytes: Vec<u8> = (0..300u32).map(|index| (index * 7 % 256) as u8).collect();
        let sums = subset_sums(points.iter().map(|(_, point)| point).zip(bytes.iter().copied()));
        for (bit, sum) in sums.iter().enumerate() {
            let members = points
                .iter()
                .zip(&bytes)
                .filter(|(_, byte)| **byte >> bit & 1 == 1);
            let expected: EdwardsPoint = members.map(|((_, point), _)| point).sum();
            assert_eq!(*sum, expected);
        }
    }

    #[test]
    fn one_point_of_the_smallest_torsion_among_thousands_is_found() {
        for (count, at) in [(LEAST, 0), (LEAST + 3, LEAST + 2), (MOST + 7, MOST - 1)] {
            let mut torsion = vec![0; count];
            assert!(have_prime_order(&batch(&torsion)).iter().all(|holds| *holds));
            torsion[at] = 4;
            let points = batch(&torsion);
            assert_eq!(have_prime_order(&points), each(&points));
        }
    }

    #[test]
    fn torsions_that_cancel_each_other_are_found() {
        // All of order 2: the sum of all has none, and half of the subsets' sums.
        let points = batch(&vec![4; 2 * LEAST]);
        assert_eq!(have_prime_order(&points), vec![false; 2 * LEAST]);
        let mut torsion = vec![0; 2 * LEAST];
        torsion[10] = 3;
        torsion[11] = 5;
        let points = batch(&torsion);
        assert_eq!(have_prime_order(&points), each(&points));
    }

    #[test]
    fn draws_differ_and_depend_on_every_point() {
        let mut points = batch(&[0; 9]);
        let first = draws(&points);
        let distinct: std::collections::HashSet<_> = first.iter().collect();
        assert_eq!(distinct.len(), 10);
        points[8] = points[0];
        assert!(draws(&points).iter().all(|draw| !first.contains(draw)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn batches_are_judged_as_each_point(
            faulty in proptest::collection::vec((0usize..600, 1usize..8), 0..4),
            count in 400usize..700,
        ) {
            let mut torsion = vec![0; count];
            for (at, kind) in faulty {
                torsion[at % count] = kind;
            }
            let points = batch(&torsion);
            prop_assert_eq!(have_prime_order(&points), each(&points));
        }
    }
}
