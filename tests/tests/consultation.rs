//! A consultation through the real engine: participants sign with their own keys, days are closed by the timer, the
//! published folder has exactly the openings of what everybody may read at that moment, the moderation log is on the
//! ledger, and the independent verifier verifies every folder.
//!
//! Spec: specs/consultation.md §9, §11, specs/jurisdiction.md §6.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of tests fail by panicking too"
)]

#[path = "consultation/agrees.rs"]
mod agrees;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use sijill_engine::clock::RehearsalClock;
use sijill_engine::publish::Scope;
use sijill_engine::{Engine, SubmitError};
use sijill_ledger::{Committed, Entry, Genesis, GenesisFields, Grant, Kind, LedgerId, Role, UnixMillis};
use sijill_registers::calendar::events::*;
use sijill_registers::catalogue::Event;
use sijill_registers::consultation::document::{Answers, Clause, ClauseText, Document};
use sijill_registers::consultation::events::*;
use sijill_registers::consultation::views::ReportState;
use sijill_rules::day_number;
use sijill_store::MemoryStore;
use sijill_tests::{engine_keys, key, open_engine};
use sijill_verifier::{Options, Verdict, verify_jurisdiction, verify_ledger};

fn at(text: &str) -> UnixMillis {
    let at: jiff::Timestamp = format!("{}:00+03:00", text.replace(' ', "T")).parse().unwrap();
    UnixMillis::new(u64::try_from(at.as_millisecond()).unwrap()).unwrap()
}

fn day(text: &str) -> u32 {
    let date: jiff::civil::Date = text.parse().unwrap();
    u32::try_from(day_number(date)).unwrap()
}

struct Service {
    engine: Engine,
    clock: Arc<RehearsalClock>,
    calendar: LedgerId,
    consultation: LedgerId,
}

async fn create(engine: &Engine, kind: Kind, parent: Option<LedgerId>) -> LedgerId {
    let grant = |name: &str, role| Grant {
        key: key(name).key_id(),
        role,
        scope: None,
    };
    let genesis = Genesis::new(GenesisFields {
        kind,
        origin: "sharek.example/test".parse().unwrap(),
        parent,
        ledger_key: engine_keys().ledger.key_id(),
        service_key: engine_keys().service.key_id(),
        grants: vec![
            grant("commission", Role::Commission),
            grant("second", Role::Commission),
            grant("owner", Role::ConsultationOwner),
            grant("moderator", Role::Moderator),
            grant("other moderator", Role::Moderator),
        ],
        max_lag_ms: 30_000,
        official_window_ms: 3_600_000,
        random: [7; 32],
        predecessor: None,
    })
    .unwrap();
    engine.create_ledger(genesis).await.unwrap().ledger()
}

impl Service {
    /// A consultation from 1 to 10 February 2026, on its first day, with two participants.
    async fn start(dir: &Path, store: &Arc<MemoryStore>) -> Self {
        let clock = Arc::new(RehearsalClock::new(at("2026-01-30 09:00")));
        let engine = open_engine(dir, Arc::clone(store) as _, Arc::clone(&clock))
            .await
            .unwrap();
        let calendar = create(&engine, Kind::Calendar, None).await;
        let consultation = create(&engine, Kind::Consultation, Some(calendar)).await;
        let service = Self {
            engine,
            clock,
            calendar,
            consultation,
        };
        let defined = CalendarEvent::JurisdictionDefined(JurisdictionDefined {
            name_en: "Qatar".into(),
            name_ar: "قطر".into(),
            time_zone: "Asia/Qatar".into(),
            weekly_rest: vec![5, 6],
            rehearsal: true,
        });
        let listed = CalendarEvent::RegisterListed(RegisterListed {
            ledger: consultation,
            kind: 6,
            visibility: PUBLIC,
            id: "park-fees".parse().unwrap(),
            authority: "municipality".parse().unwrap(),
            name_en: "Fees of public parks".into(),
            name_ar: String::new(),
        });
        for event in [defined, listed] {
            let (commission, event) = (key("commission"), Event::Calendar(event));
            let engine = &service.engine;
            engine.act(&commission, calendar, &event, &[]).await.unwrap();
        }
        service
            .engine
            .begin_register(consultation, calendar)
            .await
            .unwrap();
        let choice = |en: &str| Choice {
            en: en.into(),
            ar: String::new(),
        };
        service
            .sign(
                "owner",
                ConsultationEvent::ConsultationDefined(ConsultationDefined {
                    name_en: "Fees of public parks".into(),
                    name_ar: String::new(),
                    languages: vec![1],
                    settings: Settings {
                        first: day("2026-02-01"),
                        last: day("2026-02-10"),
                        report_due: day("2026-02-20"),
                        late: 1,
                        categories: vec![1],
                        verified_only: true,
                        owner_en: "Municipality".into(),
                        owner_ar: String::new(),
                        officer_en: "Director of Planning".into(),
                        officer_ar: String::new(),
                    },
                    questions: vec![Question {
                        text_en: "A fee?".into(),
                        text_ar: String::new(),
                        options: vec![choice("Yes"), choice("No")],
                        min: 1,
                        max: 1,
                    }],
                }),
            )
            .await
            .unwrap();
        let clause = Clause {
            id: "fee".into(),
            number: "4(2)".into(),
            text: ClauseText {
                en: String::new(),
                ar: "الرسم عشرة ريالات.".into(),
            },
        };
        let document = service.engine.put_content(&Document::write(&[clause])).unwrap();
        let published = ConsultationEvent::DocumentPublished(DocumentPublished {
            version: 1,
            document,
            moves: vec![],
        });
        service.sign("owner", published).await.unwrap();
        service.clock.set(at("2026-02-01 10:00"));
        service.engine.tick().await.unwrap();
        for (n, name) in [(1, "one"), (2, "two")] {
            let enrolled = ConsultationEvent::ParticipantEnrolled(ParticipantEnrolled {
                person: Person([n; 32]),
                key: Some(key(name).key_id()),
                category: 1,
                verified: true,
            });
            let enrolled = Event::Consultation(enrolled);
            service
                .engine
                .act_as_service(consultation, enrolled, &[])
                .await
                .unwrap();
        }
        service
    }

    async fn sign(&self, who: &str, event: ConsultationEvent) -> Result<u64, SubmitError> {
        self.act(who, Event::Consultation(event)).await
    }

    async fn act(&self, who: &str, event: Event) -> Result<u64, SubmitError> {
        self.engine.prepare(self.consultation).await?;
        let done = self.engine.act(&key(who), self.consultation, &event, &[]).await?;
        Ok(done.seq.as_u64())
    }

    fn commit(&self, text: &str) -> Committed {
        self.engine
            .commit_content(&self.consultation, text.as_bytes())
            .unwrap()
    }

    async fn comment(&self, who: &str, text: Committed) -> u64 {
        let event = CommentMade {
            reply_to: None,
            clause: None,
            text,
        };
        self.sign(who, ConsultationEvent::CommentMade(event))
            .await
            .unwrap()
    }

    async fn respond(&self, who: &str, option: u16) -> Committed {
        let answers = Answers::new(vec![vec![option]]).to_bytes();
        let answers = self.engine.commit_content(&self.consultation, &answers).unwrap();
        let event = ConsultationEvent::ResponseGiven(ResponseGiven { answers });
        self.sign(who, event).await.unwrap();
        answers
    }

    /// The openings of what is published now.
    async fn published(&self, dir: &Path) -> BTreeSet<String> {
        let folder = dir.join("published");
        let publication = self
            .engine
            .publish_jurisdiction(self.calendar, Scope::Public, &folder)
            .await
            .unwrap();
        let found: BTreeSet<String> = match std::fs::read_dir(folder.join("openings")) {
            Ok(all) => all
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect(),
            Err(_) => BTreeSet::new(),
        };
        assert_eq!(publication.openings, found.len());
        let trust = folder.with_extension("trust.json");
        std::fs::write(&trust, publication.trust.to_json()).unwrap();
        let options = Options {
            trust: Some(trust),
            ..Options::default()
        };
        let report = verify_jurisdiction(&folder, &options).unwrap();
        assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_full_text());
        // Of the ledger alone nobody knows whose keys are participants'.
        let alone = folder.join(format!("ledgers/{}", self.consultation));
        let alone = verify_ledger(&alone, &options).unwrap();
        assert_eq!(alone.verdict, Verdict::Verified, "{}", alone.to_full_text());
        let authors = alone.checks.iter().find(|check| check.number == "3.13").unwrap();
        assert_eq!(authors.failed, 0);
        assert!(!authors.not_established.is_empty());
        found
    }
}

fn names(all: &[Committed]) -> BTreeSet<String> {
    all.iter().map(|c| hex::encode(c.commitment)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn published_is_what_everybody_may_read_at_that_moment() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(MemoryStore::new());
    let s = Service::start(dir.path(), &store).await;
    let (text, other) = (s.commit("My neighbour Ali …"), s.commit("Too high"));
    let comment = s.comment("one", text).await;
    let second = s.comment("two", other).await;
    let (first_answer, answer) = (s.respond("two", 0).await, s.respond("two", 1).await);
    assert_ne!(first_answer, answer);
    assert_eq!(
        s.published(dir.path()).await,
        names(&[text, other]),
        "no answers before the close"
    );

    // Scenarios 33 and 34: hidden, appealed, restored by another moderator.
    let note = Some(s.commit("It names somebody."));
    let hide = ConsultationEvent::CommentHidden(CommentHidden {
        comment,
        code: 1,
        note,
    });
    s.sign("moderator", hide).await.unwrap();
    assert_eq!(s.published(dir.path()).await, names(&[other]));
    let statement = s.commit("It is my own name.");
    let appeal = ConsultationEvent::AppealFiled(AppealFiled { comment, statement });
    s.sign("one", appeal).await.unwrap();
    let decide = |note| {
        ConsultationEvent::AppealDecided(AppealDecided {
            comment,
            decision: 2,
            note,
        })
    };
    let refused = s.sign("moderator", decide(None)).await.unwrap_err();
    assert!(refused.to_string().contains("another moderator"), "{refused}");
    s.sign("other moderator", decide(None)).await.unwrap();
    assert_eq!(s.published(dir.path()).await, names(&[text, other]));

    // Scenario 33: withdrawn by the author.
    let withdraw = ConsultationEvent::CommentWithdrawn(CommentWithdrawn { comment: second });
    assert!(s.sign("one", withdraw.clone()).await.is_err());
    s.sign("two", withdraw).await.unwrap();
    assert_eq!(s.published(dir.path()).await, names(&[text]));

    // Scenario 36: the window has closed; scenario 39: only the last response of a person is published, and only now.
    s.clock.set(at("2026-02-11 00:00"));
    s.engine.tick().await.unwrap();
    assert_eq!(s.published(dir.path()).await, names(&[text, answer]));
    let late = CommentMade {
        reply_to: None,
        clause: None,
        text: s.commit("too late"),
    };
    let refused = s
        .sign("one", ConsultationEvent::CommentMade(late))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("closed"), "{refused}");

    // The moderation log is what follows, and is found in the published folder.
    s.engine.publish_moderation_log(s.consultation).await.unwrap();
    let published = s.published(dir.path()).await;
    let handle = s.engine.ledgers().find(&s.consultation).unwrap();
    let size = handle.durable_size();
    let bytes = s
        .engine
        .read(s.consultation, sijill_ledger::Seq::new(size - 1), 1)
        .await
        .unwrap();
    let body = Entry::parse(&bytes[0]).unwrap().body().clone();
    let Ok(Event::Register(RegisterEvent::ViewPublished(view))) =
        Event::parse(Kind::Consultation, body.event_type, &body.payload)
    else {
        panic!("the last entry is no view")
    };
    assert_eq!((view.view.as_str(), view.size), ("moderation-log", size - 1));
    let log = std::fs::read(dir.path().join("published").join(view.content.path())).unwrap();
    let log = String::from_utf8(log).unwrap();
    for step in ["hidden", "appealed", "appeal-granted", "withdrawn"] {
        assert!(log.contains(&format!(r#""step":"{step}""#)), "{step}: {log}");
    }

    // Scenario 41: erased by two persons, everywhere; the ledger goes on as before.
    let order = RegisterEvent::ErasureOrdered(ErasureOrdered {
        commitments: vec![text.commitment],
        basis: "Law No. 13 of 2016".into(),
    });
    let position = s.act("commission", Event::Register(order)).await.unwrap();
    let bytes = s
        .engine
        .read(s.consultation, sijill_ledger::Seq::new(position), 1)
        .await
        .unwrap();
    let order = Entry::parse(&bytes[0]).unwrap().signed_body().hash();
    let confirm = Event::Register(RegisterEvent::ErasureConfirmed(ErasureConfirmed { order }));
    assert!(
        s.act("commission", confirm.clone()).await.is_err(),
        "a second person confirms"
    );
    s.act("second", confirm).await.unwrap();
    assert!(s.engine.committed_content(&s.consultation, &text).is_err());
    assert_eq!(s.published(dir.path()).await, names(&[answer]));
    assert!(published.contains(&hex::encode(text.commitment)));

    // Everything is there again after a restart, and an overdue report shows.
    let (calendar, consultation) = (s.calendar, s.consultation);
    s.engine.close().await;
    let clock = Arc::new(RehearsalClock::new(at("2026-02-22 10:00")));
    let engine = open_engine(dir.path(), store, Arc::clone(&clock)).await.unwrap();
    assert!(engine.refused().is_empty());
    let s = Service {
        engine,
        clock,
        calendar,
        consultation,
    };
    s.engine.tick().await.unwrap();
    assert_eq!(s.engine.tick().await.unwrap(), [], "nothing twice");
    assert_eq!(s.published(dir.path()).await, names(&[answer]));
    let handle = s.engine.ledgers().find(&s.consultation).unwrap();
    let state = handle.with_head(|head| {
        let register = head.state.as_consultation().unwrap();
        let calendar = register.calendar(s.engine.ledgers()).unwrap();
        register.state().read(&calendar).report_state()
    });
    assert_eq!(state, Some(ReportState::Overdue));
}
