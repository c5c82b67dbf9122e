//! From the trustees' keys to boxes that can be opened. Spec: specs/election.md §3, §4.2 to §4.5, §5.1.

use sijill_ballot::CredentialList;
use sijill_ledger::SigningKey;
use sijill_registers::ballot_box::Phase;
use sijill_registers::ballot_box::events::{BoxEvent, BoxPrepared};
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::election::ElectionState;
use sijill_registers::election::ceremony::Phase as CeremonyPhase;
use sijill_registers::election::events::{BoxDefined, CeremonyRestarted, ElectionEvent, TrusteesFixed};
use sijill_registers::records;

use super::Event;
use crate::error::{Failure, Outcome};
use crate::trustee::ceremony::describe;

/// Ends the current attempt of the key ceremony and begins the next. Returns its number.
pub(crate) async fn restart_ceremony(event: &Event, commission: &SigningKey) -> Outcome<u16> {
    let attempt = event.election_facts()?.ceremony.number().saturating_add(1);
    let restarted = Typed::Election(ElectionEvent::CeremonyRestarted(CeremonyRestarted { attempt }));
    event.act(commission, event.election, restarted, &[]).await?;
    Ok(attempt)
}

/// Fixes trustees, boxes and the poll, and prepares every box. Does what is missing.
pub(crate) async fn prepare(event: &Event, commission: &SigningKey) -> Outcome {
    fix_trustees(event, commission).await?;
    define_boxes(event, commission).await?;
    if event.election_facts()?.poll_opened_size.is_none() {
        event
            .act(
                commission,
                event.election,
                Typed::Election(ElectionEvent::PollOpened),
                &[],
            )
            .await?;
    }
    prepare_boxes(event, commission).await
}

async fn fix_trustees(event: &Event, commission: &SigningKey) -> Outcome {
    let facts = event.election_facts()?;
    if facts.trustees.is_some() {
        return Ok(());
    }
    let names = &event.manifest.trustees.names;
    if event.manifest.trustees.hold_a_ceremony() {
        let phase = facts
            .ceremony
            .phase(u16::try_from(names.len()).unwrap_or(u16::MAX));
        if phase != CeremonyPhase::Complete {
            return Err(Failure::refused(
                format!("the key ceremony is not complete: {}", describe(phase)),
                "each trustee runs `sijill trustee ceremony next` after every publication; `sijill trustee ceremony \
                 status` says who is awaited",
            ).code("ceremony.incomplete"));
        }
        return fix(event, commission).await;
    }
    let missing: Vec<String> = (1u16..)
        .zip(names)
        .filter(|(index, _)| !facts.trustee_keys.contains_key(index))
        .map(|(index, name)| format!("{index} ({name})"))
        .collect();
    if !missing.is_empty() {
        return Err(Failure::refused(
            format!(
                "these trustees have not published their keys: {}",
                missing.join(", ")
            ),
            "each of them runs `sijill trustee keygen` and `sijill trustee publish`",
        )
        .code("trustee.missing"));
    }
    fix(event, commission).await
}

async fn fix(event: &Event, commission: &SigningKey) -> Outcome {
    let record = event
        .handle(&event.election)?
        .with_head(|head| head.state.as_election().map(ElectionState::derive_trustees))
        .ok_or_else(|| Failure::internal("an event that is no election ledger"))?
        .map_err(|e| {
            Failure::refused(
                format!("the trustees' keys make no election key: {e}"),
                "after a key ceremony, restart it with `sijill election restart-ceremony`; otherwise define the event anew",
            ).code("trustee.keys")
        })?;
    let trustees = event.engine.put_content(record.json().as_bytes())?;
    let public_key = *record.election_key().as_bytes();
    let fixed = Typed::Election(ElectionEvent::TrusteesFixed(TrusteesFixed {
        trustees,
        public_key,
    }));
    event.act(commission, event.election, fixed, &[]).await?;
    Ok(())
}

async fn define_boxes(event: &Event, commission: &SigningKey) -> Outcome {
    let roll = event.roll_facts()?;
    for (district_id, ballot_box) in &event.boxes {
        let facts = event.election_facts()?;
        if facts.boxes.contains_key(ballot_box) {
            continue;
        }
        if roll.frozen_size.is_none() {
            return Err(Failure::refused(
                "the roll is not frozen yet",
                "the registrar runs `sijill roll freeze` first",
            )
            .code("roll.not-frozen"));
        }
        let trustees = facts
            .trustees_record
            .as_ref()
            .ok_or_else(|| Failure::internal("no trustees"))?;
        let district = event
            .manifest
            .district(district_id)
            .ok_or_else(|| Failure::internal("no such district"))?;
        let election =
            records::election_record(&event.manifest, district, ballot_box, trustees.election_key())
                .map_err(Failure::internal)?;
        let election = event.engine.put_content(election.json().as_bytes())?;
        let defined = match roll.districts.iter().find(|d| d.district == *district_id) {
            Some(row) => BoxDefined {
                district: district_id.clone(),
                ledger: *ballot_box,
                election,
                credentials: row.credentials,
                eligible: row.eligible,
                holders: row.holders,
            },
            None => {
                let empty = CredentialList::build(Vec::new()).map_err(Failure::internal)?;
                let credentials = event.engine.put_content(empty.json().as_bytes())?;
                let district = district_id.clone();
                BoxDefined {
                    district,
                    ledger: *ballot_box,
                    election,
                    credentials,
                    eligible: 0,
                    holders: 0,
                }
            }
        };
        let defined = Typed::Election(ElectionEvent::BoxDefined(defined));
        event
            .act(commission, event.election, defined, &[event.roll])
            .await?;
    }
    Ok(())
}

async fn prepare_boxes(event: &Event, commission: &SigningKey) -> Outcome {
    let facts = event.election_facts()?;
    let trustees = facts
        .trustees
        .as_ref()
        .ok_or_else(|| Failure::internal("no trustees"))?
        .trustees;
    let manifest = &event.manifest;
    for (district, ballot_box) in &event.boxes {
        if event.box_facts(ballot_box)?.phase != Phase::New {
            continue;
        }
        let (_, defined) = facts
            .boxes
            .get(ballot_box)
            .ok_or_else(|| Failure::internal("a box without definition"))?;
        let prepared = BoxPrepared {
            district: district.clone(),
            election: defined.election,
            trustees,
            credentials: defined.credentials,
            opens_ms: manifest.opens_ms,
            closes_ms: manifest.closes_ms,
            grace_ms: manifest.grace_ms,
            revote: manifest.revote,
            min_ballots: manifest.min_ballots,
        };
        let prepared = Typed::BallotBox(BoxEvent::BoxPrepared(prepared));
        event
            .act(commission, *ballot_box, prepared, &[event.election])
            .await?;
    }
    Ok(())
}
