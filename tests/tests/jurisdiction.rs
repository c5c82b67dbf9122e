//! A jurisdiction through the real engine: the timer after a week of downtime, a transfer on its way, the published
//! folder with exactly the openings that it must have, and an erasure that leaves every proof as it was.
//!
//! Spec: specs/jurisdiction.md, specs/foi.md.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of tests fail by panicking too"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use sijill_engine::Engine;
use sijill_engine::clock::RehearsalClock;
use sijill_engine::jurisdiction::JurisdictionPublication;
use sijill_engine::publish::Scope;
use sijill_ledger::{
    Committed, Entry, Genesis, GenesisFields, Grant, Kind, LedgerId, Role, Seq, SigningKey, UnixMillis,
};
use sijill_registers::calendar::events::*;
use sijill_registers::catalogue::Event;
use sijill_registers::foi::events::*;
use sijill_rules::FoiPack;
use sijill_store::{Disk, MemoryStore};
use sijill_tests::{engine_keys, key, open_engine};
use sijill_verifier::{Options, Verdict, verify_jurisdiction};

const PACK: &str = include_str!("../../fixtures/rules/foi-qa-2022-009.toml");

fn at(text: &str) -> UnixMillis {
    let at: jiff::Timestamp = format!("{}:00+03:00", text.replace(' ', "T")).parse().unwrap();
    UnixMillis::new(u64::try_from(at.as_millisecond()).unwrap()).unwrap()
}

struct Service {
    engine: Engine,
    clock: Arc<RehearsalClock>,
    calendar: LedgerId,
    registers: [LedgerId; 2],
}

async fn create(engine: &Engine, kind: Kind, parent: Option<LedgerId>, number: u8) -> LedgerId {
    let grant = |name: &str, role| Grant {
        key: key(name).key_id(),
        role,
        scope: None,
    };
    let genesis = Genesis::new(GenesisFields {
        kind,
        origin: "foi.example/test".parse().unwrap(),
        parent,
        ledger_key: engine_keys().ledger.key_id(),
        service_key: engine_keys().service.key_id(),
        grants: vec![
            grant("commission", Role::Commission),
            grant("second", Role::Commission),
            grant("officer", Role::FoiOfficer),
            grant("grievance", Role::GrievanceOfficer),
        ],
        max_lag_ms: 30_000,
        official_window_ms: 3_600_000,
        random: [number; 32],
        predecessor: None,
    })
    .unwrap();
    engine.create_ledger(genesis).await.unwrap().ledger()
}

impl Service {
    async fn start(dir: &Path, store: &Arc<MemoryStore>) -> Self {
        Self::start_under(PACK, dir, store).await
    }

    async fn start_under(pack: &str, dir: &Path, store: &Arc<MemoryStore>) -> Self {
        let clock = Arc::new(RehearsalClock::new(at("2025-12-01 09:00")));
        let engine = open_engine(dir, Arc::clone(store) as _, Arc::clone(&clock))
            .await
            .unwrap();
        let calendar = create(&engine, Kind::Calendar, None, 1).await;
        let mut service = Self {
            engine,
            clock,
            calendar,
            registers: [calendar; 2],
        };
        let defined = CalendarEvent::JurisdictionDefined(JurisdictionDefined {
            name_en: "Qatar".into(),
            name_ar: "قطر".into(),
            time_zone: "Asia/Qatar".into(),
            weekly_rest: vec![5, 6],
            rehearsal: true,
        });
        service
            .sign("commission", calendar, Event::Calendar(defined))
            .await;
        let pack = service
            .engine
            .put_content(&FoiPack::parse(pack).unwrap().to_json())
            .unwrap();
        let adopted = CalendarEvent::PackAdopted(PackAdopted { kind: 7, pack });
        service
            .sign("commission", calendar, Event::Calendar(adopted))
            .await;
        for (number, id) in [(0u8, "moph-2026"), (1, "moi-2026")] {
            let register = create(&service.engine, Kind::Foi, Some(calendar), number + 2).await;
            service.registers[usize::from(number)] = register;
            let listed = CalendarEvent::RegisterListed(RegisterListed {
                ledger: register,
                kind: 7,
                visibility: 1,
                id: id.parse().unwrap(),
                authority: id.split_once('-').unwrap().0.parse().unwrap(),
                name_en: id.into(),
                name_ar: String::new(),
            });
            service
                .sign("commission", calendar, Event::Calendar(listed))
                .await;
            service.clock.advance(1);
            service.engine.begin_register(register, calendar).await.unwrap();
            let defined = FoiEvent::RegisterDefined(RegisterDefined { pack });
            service.sign("commission", register, Event::Foi(defined)).await;
        }
        service
    }

    async fn sign(&self, who: &str, ledger: LedgerId, event: Event) -> Entry {
        let key: SigningKey = key(who);
        let done = self.engine.act(&key, ledger, &event, &[]).await.unwrap();
        let bytes = self.engine.read(ledger, done.seq, 1).await.unwrap();
        Entry::parse(&bytes[0]).unwrap()
    }

    fn commit(&self, text: &str) -> Committed {
        self.commit_on(self.registers[0], text)
    }

    fn commit_on(&self, ledger: LedgerId, text: &str) -> Committed {
        self.engine.commit_content(&ledger, text.as_bytes()).unwrap()
    }

    async fn request(&self) -> u64 {
        self.engine.prepare(self.registers[0]).await.unwrap();
        let event = FoiEvent::RequestSubmitted(RequestSubmitted {
            requester: self.commit("Fatima"),
            text: self.commit("What did the tower cost?"),
            letter: None,
        });
        let done = self
            .engine
            .act_as_service(self.registers[0], Event::Foi(event), &[])
            .await
            .unwrap();
        done.seq.as_u64()
    }

    /// Publishes, and the verifier agrees.
    async fn publish(&self, folder: &Path) -> JurisdictionPublication {
        let publication = self
            .engine
            .publish_jurisdiction(self.calendar, Scope::Public, folder)
            .await
            .unwrap();
        let trust = folder.with_extension("trust.json");
        std::fs::write(&trust, publication.trust.to_json()).unwrap();
        let options = Options {
            trust: Some(trust),
            ..Options::default()
        };
        let report = verify_jurisdiction(folder, &options).unwrap();
        assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_text());
        publication
    }

    async fn events(&self, ledger: LedgerId) -> Vec<Event> {
        let all = self.engine.read(ledger, Seq::new(1), 10_000).await.unwrap();
        all.iter()
            .map(|bytes| {
                let entry = Entry::parse(bytes).unwrap();
                Event::parse(Kind::Foi, entry.body().event_type, &entry.body().payload).unwrap()
            })
            .collect()
    }

    async fn missed(&self, ledger: LedgerId) -> Vec<(u64, u32)> {
        let all = self.events(ledger).await.into_iter();
        all.filter_map(|event| match event {
            Event::Foi(FoiEvent::DeadlineMissed(e)) => Some((e.item, e.day)),
            _ => None,
        })
        .collect()
    }
}

fn files(folder: &Path) -> BTreeSet<String> {
    match std::fs::read_dir(folder) {
        Ok(all) => all
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect(),
        Err(_) => BTreeSet::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_week_of_downtime_everything_is_brought_about_exactly_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(MemoryStore::new());
    let service = Service::start(dir.path(), &store).await;
    service.clock.set(at("2025-12-03 10:00"));
    let request = service.request().await;
    let [register, other] = service.registers;
    service.clock.set(at("2025-12-10 10:00"));
    service.engine.tick().await.unwrap();
    assert_eq!(service.engine.tick().await.unwrap(), [], "nothing twice");
    // The service goes down on the 15th, over the due date (18 December), and comes back on the 22nd.
    let (calendar, registers) = (service.calendar, service.registers);
    service.engine.close().await;
    let clock = Arc::new(RehearsalClock::new(at("2025-12-22 10:00")));
    let engine = open_engine(dir.path(), store, Arc::clone(&clock)).await.unwrap();
    assert!(engine.refused().is_empty());
    let service = Service {
        engine,
        clock,
        calendar,
        registers,
    };
    let done = service.engine.tick().await.unwrap();
    assert_eq!(done.len(), 2);
    assert!(done.iter().all(|t| t.event == "DayClosed"));
    let day = |text: &str| {
        let date: jiff::civil::Date = text.parse().unwrap();
        u32::try_from(sijill_rules::day_number(date)).unwrap()
    };
    assert_eq!(done[0].closed, Some(day("2025-12-21")));
    let expected = vec![(request, day("2025-12-19"))];
    assert_eq!(service.missed(register).await, expected);
    assert_eq!(service.missed(other).await, []);
    assert_eq!(service.engine.tick().await.unwrap(), []);
    service.clock.set(at("2025-12-25 10:00"));
    service.engine.tick().await.unwrap();
    assert_eq!(service.missed(register).await, expected);
    service.publish(&dir.path().join("published")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_arrives_by_the_timer_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(dir.path(), &Arc::new(MemoryStore::new())).await;
    let request = service.request().await;
    let [register, other] = service.registers;
    let event = RequestTransferred {
        request,
        to: other,
        reason: service.commit("The interior holds it"),
    };
    service
        .sign(
            "officer",
            register,
            Event::Foi(FoiEvent::RequestTransferred(event)),
        )
        .await;
    let done = service.engine.tick().await.unwrap();
    assert_eq!(done.len(), 1);
    assert_eq!((done[0].event, done[0].register), ("TransferReceived", other));
    assert_eq!(service.engine.tick().await.unwrap(), []);
    let handle = service.engine.ledgers().find(&other).unwrap();
    let due = handle.with_head(|head| {
        let foi = head.state.as_foi().unwrap();
        let case = foi
            .case(1, at("2025-12-02 10:00").as_u64(), service.engine.ledgers())
            .unwrap();
        case.line.due.unwrap().to_string()
    });
    assert_eq!(due, "2025-12-16");
    service.publish(&dir.path().join("published")).await;
}

/// A register may close days while a transfer is on its way to it: whoever hands in something there has the day before closed.
/// What was published then was taken for a folder that had lost the transfer.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_published_while_a_transfer_is_belated() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(dir.path(), &Arc::new(MemoryStore::new())).await;
    let request = service.request().await;
    let [register, other] = service.registers;
    let event = RequestTransferred {
        request,
        to: other,
        reason: service.commit("The interior holds it"),
    };
    let event = Event::Foi(FoiEvent::RequestTransferred(event));
    service.sign("officer", register, event).await;
    for day in ["2025-12-02 10:00", "2025-12-03 10:00"] {
        service.clock.set(at(day));
        service.engine.prepare(other).await.unwrap();
    }
    service.publish(&dir.path().join("published")).await;
    let received = service.events(other).await.into_iter();
    let received = received.filter(|e| matches!(e, Event::Foi(FoiEvent::TransferReceived(_))));
    assert_eq!(received.count(), 1);
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    std::fs::set_permissions(to, from.metadata().unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A register that is damaged once held up every other one that a request of it had come to: without the old register the due
/// date was not known, and no day could be closed.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_goes_on_when_the_register_that_it_came_from_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(MemoryStore::new());
    let pack = PACK.replace("silence = \"none\"", "silence = \"deemed_refusal\"");
    let service = Service::start_under(&pack, dir.path(), &store).await;
    let [register, other] = service.registers;
    let calendar = service.calendar;
    let transfer = async |service: &Service, from, to, request| {
        let event = RequestTransferred {
            request,
            to,
            reason: service.commit_on(from, "They hold it"),
        };
        let event = Event::Foi(FoiEvent::RequestTransferred(event));
        service.sign("officer", from, event).await;
        service.engine.tick().await.unwrap();
    };
    let first = service.request().await;
    let second = service.request().await;
    service.clock.set(at("2025-12-04 10:00"));
    service.engine.tick().await.unwrap();
    let extended = DeadlineExtended {
        request: second,
        reason: service.commit("Many papers"),
    };
    let extended = Event::Foi(FoiEvent::DeadlineExtended(extended));
    service.sign("officer", register, extended).await;
    transfer(&service, register, other, first).await;
    transfer(&service, register, other, second).await;
    let size = service.engine.ledgers().find(&register).unwrap().durable_size();
    service.engine.close().await;
    let start = async |dir: &Path, disk: &Disk, time: &str| {
        let clock = Arc::new(RehearsalClock::new(at(time)));
        let store = Arc::new(MemoryStore::open(disk));
        let engine = open_engine(dir, store, Arc::clone(&clock)).await.unwrap();
        Service {
            engine,
            clock,
            calendar,
            registers: [register, other],
        }
    };
    // Before the transfers, at one of them, at the end.
    for damaged in [0, 3, size - 2, size - 1] {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(dir.path(), copy.path());
        let disk = store.disk().copy();
        assert!(disk.flip(register, Seq::new(damaged), 40));
        let service = start(copy.path(), &disk, "2026-01-20 10:00").await;
        assert!(service.engine.refused().contains_key(&register));
        let done = service.engine.tick().await.unwrap();
        assert_eq!(done.len(), 1, "{done:?}");
        let lapsed: Vec<_> = service
            .missed(other)
            .await
            .iter()
            .map(|(item, _)| *item)
            .collect();
        assert_eq!(lapsed, [4, 5]);
        let refused = service.events(other).await.into_iter();
        let refused = refused.filter(|e| matches!(e, Event::Foi(FoiEvent::SilenceDeemed(_))));
        assert_eq!(refused.count(), 2);
        service.engine.publish_due_dates(other).await.unwrap();
        service.engine.close().await;
        // What it wrote is what follows from the whole: the verifier, who has the other register, agrees.
        assert!(disk.flip(register, Seq::new(damaged), 40));
        let service = start(copy.path(), &disk, "2026-01-20 11:00").await;
        assert!(service.engine.refused().is_empty());
        service.engine.tick().await.unwrap();
        service.publish(&copy.path().join("published")).await;
        service.engine.close().await;
    }
    // A clock that was not kept, or that somebody else has written, is not made up.
    let clocks = "data/snapshots/clocks";
    let kept = dir.path().join(clocks).join(other.to_string());
    let names = files(&kept);
    assert_eq!(names.len(), 2);
    for name in &names {
        let path = kept.join(name);
        let bytes = std::fs::read(&path).unwrap();
        for flipped in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[flipped] ^= 1;
            if flipped % 29 == 0 {
                std::fs::write(&path, &bytes).unwrap();
                let disk = store.disk().copy();
                assert!(disk.flip(register, Seq::new(3), 40));
                let service = start(dir.path(), &disk, "2026-01-20 10:00").await;
                let refusal = service.engine.tick().await.unwrap_err();
                assert_eq!(refusal.code(), Some("foi.transfer"));
                service.engine.close().await;
            }
        }
        std::fs::write(&path, &bytes).unwrap();
    }
    // What is gone is written again while everything can be read.
    std::fs::remove_dir_all(dir.path().join(clocks)).unwrap();
    let service = start(dir.path(), &store.disk().copy(), "2026-01-20 10:00").await;
    assert_eq!(files(&kept), names);
    service.engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn published_are_the_openings_that_everybody_may_read_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(dir.path(), &Arc::new(MemoryStore::new())).await;
    let request = service.request().await;
    let register = service.registers[0];
    let foi = |event| Event::Foi(event);
    let summary = service.commit("Costs of the tower");
    let admitted = FoiEvent::RequestAdmitted(RequestAdmitted { request, summary });
    service.sign("officer", register, foi(admitted)).await;
    let (statement, title) = (service.commit("Decided."), service.commit("The invoice"));
    let documents = vec![DocumentDecision {
        title,
        outcome: outcomes::RELEASED,
        exemptions: Vec::new(),
        original: None,
        place: None,
    }];
    let decided = FoiEvent::DecisionMade(DecisionMade {
        request,
        statement,
        documents,
    });
    service.sign("officer", register, foi(decided)).await;
    let wrong = service.commit("the wrong file");
    let release = |rendition| {
        let releases = vec![Release {
            document: 0,
            rendition,
        }];
        FoiEvent::ReleaseMade(ReleaseMade { request, releases })
    };
    service.sign("officer", register, foi(release(wrong))).await;
    service.engine.publish_due_dates(register).await.unwrap();
    let folder = dir.path().join("published");
    let publish = || service.publish(&folder);
    let names =
        |all: &[Committed]| -> BTreeSet<String> { all.iter().map(|c| hex::encode(c.commitment)).collect() };
    let publication = publish().await;
    assert_eq!((publication.ledgers, publication.openings), (3, 4));
    assert_eq!(publication.contents, 2, "a pack and a view");
    assert_eq!(
        files(&folder.join("openings")),
        names(&[summary, statement, title, wrong])
    );
    let opening = std::fs::read(folder.join("openings").join(hex::encode(summary.commitment))).unwrap();
    assert_eq!(summary.open(&opening), Some("Costs of the tower".as_bytes()));
    assert_eq!(publication.trust.ledgers()[0].kind, Kind::Calendar);
    // Scenario 32: the wrong file is withdrawn, the right one released.
    let reason = service.commit("It was the wrong file");
    let withdrawn = FoiEvent::ReleaseWithdrawn(ReleaseWithdrawn {
        request,
        documents: vec![0],
        reason,
    });
    service.sign("officer", register, foi(withdrawn)).await;
    let right = service.commit("the right file");
    service.sign("officer", register, foi(release(right))).await;
    publish().await;
    assert_eq!(
        files(&folder.join("openings")),
        names(&[summary, statement, title, reason, right])
    );
    // Scenario 41: what is erased is gone from the service and from what is published, and the ledger is what it was.
    let root = |s: &Service| s.engine.ledgers().find(&register).unwrap().checkpoint();
    let order = RegisterEvent::ErasureOrdered(ErasureOrdered {
        commitments: vec![summary.commitment],
        basis: "Law No. 13 of 2016".into(),
    });
    let order = service.sign("commission", register, Event::Register(order)).await;
    assert!(
        service
            .engine
            .committed_content(&service.registers[0], &summary)
            .is_ok()
    );
    let confirmed = RegisterEvent::ErasureConfirmed(ErasureConfirmed {
        order: order.signed_body().hash(),
    });
    service.sign("second", register, Event::Register(confirmed)).await;
    assert!(
        service
            .engine
            .committed_content(&service.registers[0], &summary)
            .is_err()
    );
    let before = root(&service);
    publish().await;
    assert_eq!(
        files(&folder.join("openings")),
        names(&[statement, title, reason, right])
    );
    assert_eq!(root(&service), before);
}

/// Commitments are public. An officer of another authority once could cite one in an open field, and the service published what
/// it hid.
#[tokio::test(flavor = "multi_thread")]
async fn no_register_reaches_what_another_one_keeps_closed() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(MemoryStore::new());
    let service = Service::start(dir.path(), &store).await;
    let [register, other] = service.registers;
    service.request().await;
    let closed = service
        .events(register)
        .await
        .into_iter()
        .find_map(|event| match event {
            Event::Foi(FoiEvent::RequestSubmitted(e)) => Some(e.requester),
            _ => None,
        })
        .unwrap();
    assert!(service.engine.committed_content(&register, &closed).is_ok());
    service.engine.prepare(other).await.unwrap();
    let submitted = RequestSubmitted {
        requester: service.commit_on(other, "Ali"),
        text: service.commit_on(other, "The same"),
        letter: None,
    };
    let event = Event::Foi(FoiEvent::RequestSubmitted(submitted));
    let request = service.engine.act_as_service(other, event, &[]).await.unwrap();
    let admitted = Event::Foi(FoiEvent::RequestAdmitted(RequestAdmitted {
        request: request.seq.as_u64(),
        summary: closed,
    }));
    let refused = service.engine.act(&key("officer"), other, &admitted, &[]).await;
    assert_eq!(refused.unwrap_err().code(), Some("opening.missing"));
    // What was kept for an event that never came onto the ledger is gone when the service starts again.
    let unclaimed = service.commit_on(register, "for an event that was refused");
    assert!(service.engine.committed_content(&register, &unclaimed).is_ok());
    service.engine.close().await;
    let engine = open_engine(dir.path(), store, Arc::clone(&service.clock))
        .await
        .unwrap();
    assert!(engine.committed_content(&register, &unclaimed).is_err());
    assert!(engine.committed_content(&register, &closed).is_ok());
    assert!(engine.committed_content(&other, &closed).is_err());
}
