//! Opening, closing, exclusions, seal and anchor. Spec: specs/election.md §5.2, §5.5 to §5.7, §4.6.

use std::collections::BTreeMap;

use sijill_ballot::{CredentialList, Point};
use sijill_ledger::{LedgerId, SigningKey};
use sijill_registers::ballot_box::Phase;
use sijill_registers::ballot_box::events::{BoxEvent, ExclusionsFixed};
use sijill_registers::ballot_box::views::tally::Tally;
use sijill_registers::ballot_box::views::trackers::Trackers;
use sijill_registers::ballot_box::views::turnout::Turnout;
use sijill_registers::catalogue::Event as Typed;
use sijill_registers::election::events::{ElectionEvent, TallyAnchored, ViewPublished};
use sijill_registers::names::Name;
use sijill_rules::time_zone;

use super::Event;
use crate::error::{Failure, Outcome};
use crate::registrar::Book;
use crate::roll_file::ListedPerson;

/// Opens every box that is not open yet. Returns how many were opened.
pub(crate) async fn open(event: &Event, commission: &SigningKey) -> Outcome<usize> {
    let mut opened = 0;
    for (_, ballot_box) in &event.boxes {
        if event.box_facts(ballot_box)?.phase <= Phase::Prepared {
            let open = Typed::BallotBox(BoxEvent::BoxOpened);
            event
                .act(commission, *ballot_box, open, &[event.election])
                .await?;
            opened += 1;
        }
    }
    Ok(opened)
}

/// Closes every open box. Returns how many were closed.
pub(crate) async fn close(event: &Event, commission: &SigningKey) -> Outcome<usize> {
    let mut closed = 0;
    for (_, ballot_box) in &event.boxes {
        if event.box_facts(ballot_box)?.phase <= Phase::Open {
            event
                .act(
                    commission,
                    *ballot_box,
                    Typed::BallotBox(BoxEvent::BoxClosed),
                    &[],
                )
                .await?;
            closed += 1;
        }
    }
    Ok(closed)
}

/// Fixes the exclusions: the credentials of those who voted on paper. Persons without a credential are skipped: they
/// have no digital ballot. The book is needed if anybody is on the list. Returns the number of excluded credentials by district.
pub(crate) async fn exclude(
    event: &Event,
    book: Option<&mut Book>,
    on_paper: &[ListedPerson],
    registrar: &SigningKey,
) -> Outcome<BTreeMap<Name, usize>> {
    let mut lists: BTreeMap<Name, Vec<Point>> = BTreeMap::new();
    let mut seen = std::collections::HashSet::new();
    let people = match book {
        Some(book) => book.find_each(
            on_paper.iter().map(|listed| listed.identifier.as_str()),
            "exclusion of voters on paper",
        )?,
        None => on_paper.iter().map(|_| None).collect(),
    };
    for (ListedPerson { line, identifier }, person) in on_paper.iter().zip(people) {
        let at = |problem: &str| {
            Failure::refused(
                format!("line {line} of the list {problem}"),
                "mend the list; nothing was written",
            )
            .code("exclusion.line")
        };
        let person = person.ok_or_else(|| at("is not on the roll"))?;
        if !seen.insert(identifier) {
            return Err(at("repeats a person"));
        }
        if !event
            .boxes
            .iter()
            .any(|(district, _)| *district == person.district)
        {
            return Err(at("is a person of a district without a poll"));
        }
        if let Some(issued) = &person.issued {
            let point = Point::from_bytes(&issued.public).map_err(Failure::internal)?;
            lists.entry(person.district.clone()).or_default().push(point);
        }
    }
    let mut counts = BTreeMap::new();
    for (district, ballot_box) in &event.boxes {
        if event.box_facts(ballot_box)?.phase >= Phase::Excluded {
            continue;
        }
        let list =
            CredentialList::build(lists.remove(district).unwrap_or_default()).map_err(Failure::internal)?;
        let count = list.entries().len();
        let content = event.engine.put_content(list.json().as_bytes())?;
        let fixed = ExclusionsFixed {
            list: content,
            count: count as u64,
        };
        event
            .act(
                registrar,
                *ballot_box,
                Typed::BallotBox(BoxEvent::ExclusionsFixed(fixed)),
                &[],
            )
            .await?;
        counts.insert(district.clone(), count);
    }
    Ok(counts)
}

/// Seals every box, anchors its tally on the election ledger and publishes its three views there.
pub(crate) async fn seal(event: &Event, commission: &SigningKey) -> Outcome {
    for (_, ballot_box) in &event.boxes {
        if event.box_facts(ballot_box)?.phase < Phase::Sealed {
            event
                .act(
                    commission,
                    *ballot_box,
                    Typed::BallotBox(BoxEvent::SealOrdered),
                    &[],
                )
                .await?;
        }
        anchor(event, ballot_box).await?;
        publish_box_views(event, ballot_box).await?;
    }
    Ok(())
}

async fn anchor(event: &Event, ballot_box: &LedgerId) -> Outcome {
    if event.election_facts()?.progress.contains_key(ballot_box) {
        return Ok(());
    }
    let facts = event.box_facts(ballot_box)?;
    let (sealed_size, sealed) = facts
        .sealed
        .as_ref()
        .ok_or_else(|| Failure::internal("a sealed box without seal"))?;
    let anchored = TallyAnchored {
        ledger: *ballot_box,
        sealed_size: *sealed_size,
        counted: sealed.counted,
        encrypted_tally: sealed.encrypted_tally,
        sized_tally: sealed.sized_tally,
    };
    let anchored = Typed::Election(ElectionEvent::TallyAnchored(anchored));
    event
        .engine
        .act_as_service(event.election, anchored, &[*ballot_box])
        .await?;
    Ok(())
}

async fn publish_box_views(event: &Event, ballot_box: &LedgerId) -> Outcome {
    let facts = event.election_facts()?;
    let progress = facts
        .progress
        .get(ballot_box)
        .ok_or_else(|| Failure::internal("an anchored box without progress"))?;
    let (_, defined) = facts
        .boxes
        .get(ballot_box)
        .ok_or_else(|| Failure::internal("a box without definition"))?;
    let size = progress.anchored.sealed_size;
    let missing = |name: &str| !progress.views.iter().any(|v| v == name);
    if missing("turnout") {
        let zone = time_zone(&event.manifest.time_zone)
            .ok_or_else(|| Failure::internal("a manifest with an unknown time zone"))?;
        let view = event.engine.view::<Turnout>(*ballot_box, Some(size)).await?.view;
        publish_view(
            event,
            ballot_box,
            "turnout",
            size,
            &view.document(*ballot_box, size, defined, &zone).to_bytes(),
        )
        .await?;
    }
    if missing("trackers") {
        let view = event.engine.view::<Trackers>(*ballot_box, Some(size)).await?.view;
        publish_view(
            event,
            ballot_box,
            "trackers",
            size,
            &view.document(*ballot_box, size).to_bytes(),
        )
        .await?;
    }
    if missing("tally") {
        let view = event.engine.view::<Tally>(*ballot_box, Some(size)).await?.view;
        let document = view
            .document(*ballot_box, size)
            .ok_or_else(|| Failure::internal("a sealed box without tally"))?;
        publish_view(event, ballot_box, "tally", size, &document.to_bytes()).await?;
    }
    Ok(())
}

/// Puts a view's document on the election ledger.
pub(super) async fn publish_view(
    event: &Event,
    ballot_box: &LedgerId,
    view: &str,
    size: u64,
    document: &[u8],
) -> Outcome {
    let content = event.engine.put_content(document)?;
    let published = ViewPublished {
        view: view.to_owned(),
        ledger: *ballot_box,
        size,
        content,
    };
    let published = Typed::Election(ElectionEvent::ViewPublished(published));
    event
        .engine
        .act_as_service(event.election, published, &[])
        .await?;
    Ok(())
}
