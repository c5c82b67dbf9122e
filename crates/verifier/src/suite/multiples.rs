//! Many multiples of one point, and multiples of a fixed point, from public additions alone.
//!
//! - [`walk`] doubles a point once from bit to bit and lets any number of multiples take what they need on the way: they share the
//!   doublings, which are most of a multiplication.
//! - [`FixedBase`] holds the multiples of a point for every window of a scalar: no doublings at all.
//!
//! Nothing here is secret, and all of it is exact on the whole curve, points of small order included.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;

/// Positions of a scalar's digits: a carry may go beyond the 253 bits of the group order.
const POSITIONS: usize = 255;
/// Width of the non-adjacent form: digits are odd and below 2^(WIDTH − 1) in size.
const WIDTH: usize = 5;
/// Odd digits 1, 3, …, 15.
const BUCKETS: usize = 1 << (WIDTH - 2);

/// A number below 2^254 as signed odd digits, least significant first, with at least four zeros after each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digits([i8; POSITIONS]);

impl Digits {
    pub(super) fn of(scalar: &Scalar) -> Digits {
        Digits::of_bytes(scalar.as_bytes())
    }

    fn of_bytes(bytes: &[u8; 32]) -> Digits {
        let mut digits = [0i8; POSITIONS];
        let mut carry = 0u16;
        let mut at = 0;
        while at < POSITIONS {
            let window = carry + bits(bytes, at, WIDTH);
            if window & 1 == 0 {
                at += 1;
                continue;
            }
            // `window` is odd and below 2^WIDTH = 32.
            let digit = i8::try_from(window).unwrap_or_default();
            let negative = window >= 1 << (WIDTH - 1);
            carry = u16::from(negative);
            if let Some(place) = digits.get_mut(at) {
                *place = if negative { digit - (1 << WIDTH) } else { digit };
            }
            at += WIDTH;
        }
        Digits(digits)
    }
}

/// `count` ≤ 16 bits from bit `at`; zero beyond the end.
fn bits(bytes: &[u8; 32], at: usize, count: usize) -> u16 {
    let byte = |index: usize| u32::from(bytes.get(index).copied().unwrap_or(0));
    let first = at / 8;
    let three = byte(first) | byte(first + 1) << 8 | byte(first + 2) << 16;
    let window = (three >> (at % 8)) & ((1 << count) - 1);
    u16::try_from(window).unwrap_or_default()
}

/// A sum of multiples that is not added up yet: what has to be taken once, three times, … fifteen times.
#[derive(Debug, Clone, Default)]
pub(super) struct Sum([Option<EdwardsPoint>; BUCKETS]);

impl Sum {
    fn add(&mut self, digit: i8, point: &EdwardsPoint) {
        let index = usize::from(digit.unsigned_abs() / 2);
        if let Some(bucket) = self.0.get_mut(index) {
            match (bucket.as_mut(), digit > 0) {
                (Some(sum), true) => *sum += point,
                (Some(sum), false) => *sum -= point,
                (None, true) => *bucket = Some(*point),
                (None, false) => *bucket = Some(-point),
            }
        }
    }

    /// Σ (2i + 1)·bucket_i.
    pub(super) fn total(&self) -> EdwardsPoint {
        // `once` ends as Σ bucket_i, `more` as Σ i·bucket_i.
        let (mut once, mut more) = (None, None);
        for bucket in self.0.iter().skip(1).rev() {
            once = plus(once, *bucket);
            more = plus(more, once);
        }
        let once = plus(once, self.0.first().copied().flatten());
        plus(plus(more, more), once).unwrap_or_else(EdwardsPoint::identity)
    }
}

fn plus(a: Option<EdwardsPoint>, b: Option<EdwardsPoint>) -> Option<EdwardsPoint> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (one, None) | (None, one) => one,
    }
}

/// Adds, for every job (index, digits), digits·point to the sum of that index.
pub(super) fn walk(point: &EdwardsPoint, jobs: &[(usize, &Digits)], sums: &mut [Sum]) {
    let mut power = *point;
    let mut doublings = 0;
    for position in 0..POSITIONS {
        for (index, digits) in jobs {
            let digit = digits.0.get(position).copied().unwrap_or(0);
            if digit != 0 {
                power = double(&power, doublings);
                doublings = 0;
                if let Some(sum) = sums.get_mut(*index) {
                    sum.add(digit, &power);
                }
            }
        }
        doublings += 1;
    }
}

fn double(point: &EdwardsPoint, mut times: usize) -> EdwardsPoint {
    let mut point = *point;
    while times >= 3 {
        point = point.mul_by_cofactor();
        times -= 3;
    }
    for _ in 0..times {
        point += point;
    }
    point
}

/// Bits of a window of [`FixedBase`].
const WINDOW: usize = 10;
const WINDOWS: usize = 254_usize.div_ceil(WINDOW);
/// Multiples 1 to 2^(WINDOW − 1) for each window; the negative ones are subtracted.
const PER_WINDOW: usize = 1 << (WINDOW - 1);

/// Multiples of a point for every window of a scalar: about 2 MB, made in about 2 ms.
pub(super) struct FixedBase(Vec<EdwardsPoint>);

impl FixedBase {
    pub(super) fn new(point: &EdwardsPoint) -> FixedBase {
        let mut multiples = Vec::with_capacity(WINDOWS * PER_WINDOW);
        let mut base = *point;
        for _ in 0..WINDOWS {
            let mut multiple = base;
            for step in 0..PER_WINDOW {
                if step > 0 {
                    multiple += base;
                }
                multiples.push(multiple);
            }
            // The last one is 2^(WINDOW − 1) times the base.
            base = multiple + multiple;
        }
        FixedBase(multiples)
    }

    /// `sum` + `scalar`·point.
    pub(super) fn add_multiple(&self, sum: EdwardsPoint, scalar: &Scalar) -> EdwardsPoint {
        let mut sum = sum;
        let mut carry = 0u16;
        for (index, multiples) in self.0.chunks_exact(PER_WINDOW).enumerate() {
            // At most 2^WINDOW. From half of that on, the digit is `value` − 2^WINDOW and the next window takes 1 more.
            let value = carry + bits(scalar.as_bytes(), index * WINDOW, WINDOW);
            let value = usize::from(value);
            let negative = value > PER_WINDOW;
            carry = u16::from(negative);
            let size = if negative { 2 * PER_WINDOW - value } else { value };
            // Digit 0 has no multiple.
            if let Some(multiple) = size.checked_sub(1).and_then(|index| multiples.get(index)) {
                sum = if negative { sum - multiple } else { sum + multiple };
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
    use proptest::prelude::*;

    use super::*;

    fn scalars() -> impl Strategy<Value = Scalar> {
        let edges = prop_oneof![
            Just(Scalar::ZERO),
            Just(Scalar::ONE),
            Just(-Scalar::ONE),
            any::<u64>().prop_map(Scalar::from),
            any::<u64>().prop_map(|x| -Scalar::from(x)),
            (0usize..252).prop_map(|bit| {
                let mut bytes = [0; 32];
                bytes[bit / 8] = 1 << (bit % 8);
                Scalar::from_bytes_mod_order(bytes)
            }),
        ];
        prop_oneof![1 => edges, 2 => any::<[u8; 32]>().prop_map(Scalar::from_bytes_mod_order)]
    }

    /// Any point of the curve, with its component of small order.
    fn points() -> impl Strategy<Value = EdwardsPoint> {
        (scalars(), 0usize..8)
            .prop_map(|(scalar, torsion)| EdwardsPoint::mul_base(&scalar) + EIGHT_TORSION[torsion])
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn walked_multiples_are_multiples(a in points(), b in points(), s in scalars(), t in scalars()) {
            let (ds, dt) = (Digits::of(&s), Digits::of(&t));
            let mut sums = vec![Sum::default(); 3];
            walk(&a, &[(0, &ds), (1, &dt), (2, &ds)], &mut sums);
            walk(&b, &[(2, &dt)], &mut sums);
            prop_assert_eq!(sums[0].total(), a * s);
            prop_assert_eq!(sums[1].total(), a * t);
            prop_assert_eq!(sums[2].total(), a * s + b * t);
        }

        #[test]
        fn fixed_multiples_are_multiples(scalars in proptest::collection::vec(scalars(), 20), start in points()) {
            let base = FixedBase::new(&start);
            for scalar in scalars {
                prop_assert_eq!(base.add_multiple(ED25519_BASEPOINT_POINT, &scalar), start * scalar + ED25519_BASEPOINT_POINT);
            }
        }
    }
}
