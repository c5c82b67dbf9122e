//! What the papers of stations say: returns, what does not add up, totals of the districts. Spec: specs/station.md §9.

use sijill_ledger::SigningKey;
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::election::events::{ElectionEvent, MismatchResolved, PaperReturned, StationReturned};
use sijill_registers::names::Name;
use sijill_registers::station::Reckoning;
use sijill_registers::station::events::Number;

use super::super::{Event, counting};
use super::ledger_of;
use crate::error::{Failure, Outcome};

/// What was counted by hand at a station, of one district.
#[derive(Debug, Clone)]
pub(crate) struct Returned {
    pub(crate) station: Name,
    pub(crate) district: Name,
    /// Papers handed out; the book says it, if it is here.
    pub(crate) issued: Option<u64>,
    pub(crate) valid: u64,
    pub(crate) invalid: u64,
    pub(crate) spoilt: u64,
    pub(crate) counts: Vec<Vec<u64>>,
}

/// Records what was counted at a station. Whether it does not add up, which is refused unless that was said to be known.
pub(crate) async fn return_papers(
    event: &Event,
    commission: &SigningKey,
    returned: &Returned,
    mismatch_is_known: bool,
) -> Outcome<bool> {
    let ledger = ledger_of(event, &returned.station)?;
    let (election, roll) = (event.election_facts()?, event.roll_facts()?);
    let number = |n: u64| {
        Number::try_from(n).map_err(|e| Failure::usage(e.to_string(), "count again").code("number.range"))
    };
    let by_the_book = || -> Outcome<u64> {
        let is_final = election
            .stations
            .get(&ledger)
            .is_some_and(|s| s.is_final_within(u64::MAX));
        if !is_final {
            return Err(Failure::refused(
                format!(
                    "the book of station {} is not final: it does not say how many papers were issued",
                    returned.station
                ),
                "`sijill station receive` its file; of a lost station whose urn is counted give `issued`",
            )
            .code("station.return"));
        }
        let reckoning = Reckoning::new(&election, u64::MAX, &roll.stations, event.engine.ledgers());
        let reckoning = reckoning.ok_or_else(|| Failure::internal("a final book that is not here"))?;
        Ok(reckoning.issued(&ledger, &returned.district))
    };
    let issued = match returned.issued {
        Some(issued) => issued,
        None => by_the_book()?,
    };
    let counts = returned
        .counts
        .iter()
        .map(|question| question.iter().map(|n| number(*n)).collect::<Outcome<Vec<_>>>())
        .collect::<Outcome<Vec<_>>>()?;
    let event_of = StationReturned {
        ledger,
        district: returned.district.clone(),
        issued: number(issued)?,
        valid: number(returned.valid)?,
        invalid: number(returned.invalid)?,
        spoilt: number(returned.spoilt)?,
        counts,
    };
    let mismatch = event_of.has_mismatch();
    if mismatch && !mismatch_is_known {
        let found = returned.valid + returned.invalid + returned.spoilt;
        return Err(Failure::refused(
            format!(
                "station {}, district {}: {found} papers were found (valid, invalid, spoilt), but {issued} were issued",
                returned.station, returned.district
            ),
            "count again. If it stays so, give --mismatch: it is recorded for everybody, and must be resolved before the results are certified",
        )
        .code("station.sum"));
    }
    let event_of = Typed::Election(ElectionEvent::StationReturned(event_of));
    event.act(commission, event.election, event_of, &[]).await?;
    Ok(mismatch)
}

/// Says for the public why papers do not add up, and what follows. Without a district: of the closing protocol.
pub(crate) async fn resolve(
    event: &Event,
    commission: &SigningKey,
    (station, district): (&Name, Option<&Name>),
    reason: &str,
) -> Outcome {
    let resolved = MismatchResolved {
        ledger: ledger_of(event, station)?,
        district: district.cloned(),
        reason: reason.to_owned(),
    };
    let resolved = Typed::Election(ElectionEvent::MismatchResolved(resolved));
    event.act(commission, event.election, resolved, &[]).await?;
    Ok(())
}

/// The paper return of every district whose stations have all returned, and that has none yet: the sums. Returns them, and
/// the districts of which a return is missing.
pub(crate) async fn totals(
    event: &Event,
    commission: &SigningKey,
) -> Outcome<(Vec<PaperReturned>, Vec<Name>)> {
    let (mut made, mut waiting) = (Vec::new(), Vec::new());
    for (district, ballot_box) in &event.boxes {
        let facts = event.election_facts()?;
        if facts.progress.get(ballot_box).is_some_and(|p| p.paper.is_some()) {
            continue;
        }
        let questions = event
            .manifest
            .district(district)
            .ok_or_else(|| Failure::internal("a box without a district"))?
            .questions();
        let mut sum = PaperReturned {
            ledger: *ballot_box,
            issued: 0,
            valid: 0,
            invalid: 0,
            spoilt: 0,
            counts: questions.iter().map(|q| vec![0; q.choices()]).collect(),
        };
        let mut complete = facts.all_books_ended_within(u64::MAX);
        for station in facts.stations.values() {
            if !station.is_counted() || !station.defined.districts.contains(district) {
                continue;
            }
            let Some(one) = station.returns.get(district) else {
                complete = false;
                break;
            };
            sum.issued += one.issued.get();
            sum.valid += one.valid.get();
            sum.invalid += one.invalid.get();
            sum.spoilt += one.spoilt.get();
            for (all, question) in sum.counts.iter_mut().zip(&one.counts) {
                for (all, count) in all.iter_mut().zip(question) {
                    *all += count.get();
                }
            }
        }
        if !complete {
            waiting.push(district.clone());
            continue;
        }
        counting::return_paper(event, sum.clone(), commission).await?;
        counting::publish_result(event, ballot_box).await?;
        made.push(sum);
    }
    Ok((made, waiting))
}
