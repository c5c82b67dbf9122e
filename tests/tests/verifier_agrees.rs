//! What the engine accepts, the independent verifier verifies: a whole event, both profiles, every stage on the way.

#![allow(
    clippy::unwrap_used,
    reason = "helpers outside of tests fail by panicking too"
)]

use std::path::Path;
use std::sync::Arc;

use sijill_engine::clock::RehearsalClock;
use sijill_engine::publish::Scope;
use sijill_ledger::UnixMillis;
use sijill_store::MemoryStore;
use sijill_tests::{Rehearsal, open_engine, referendum_file, trust_path};
use sijill_verifier::{Options, Profile, Stage, verify_event};

fn verify(folder: &Path, profile: Profile, stage: Stage) {
    for threads in [1, 2, 3] {
        let options = Options {
            trust: Some(trust_path(folder)),
            profile,
            require_stage: stage,
            threads: Some(threads),
            plain: false,
        };
        let report = verify_event(folder, &options).unwrap();
        assert_eq!(report.verdict.exit_code(), 0, "{}", report.to_text());
    }
}

async fn check(r: &Rehearsal, dir: &Path, stage: Stage) {
    for (scope, profile) in [
        (Scope::Public, Profile::Public),
        (Scope::Accredited, Profile::Accredited),
    ] {
        let folder = dir.join(if scope == Scope::Public {
            "published"
        } else {
            "accredited"
        });
        r.publish(scope, &folder).await;
        verify(&folder, profile, stage);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_event_verifies_at_every_stage() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let engine = open_engine(dir.path(), Arc::new(MemoryStore::new()), Arc::clone(&clock))
        .await
        .unwrap();
    let r = Rehearsal::define(engine, clock, &referendum_file(true), 12).await;
    r.open().await;
    check(&r, dir.path(), Stage::Open).await;
    for voter in 0..10 {
        r.clock.advance(20 * 60_000);
        r.vote(voter, [Some(0), Some(1), None][voter % 3]).await.unwrap();
    }
    r.audit(3).await;
    for voter in [1, 2, 1] {
        r.vote(voter, Some(0)).await.unwrap();
    }
    check(&r, dir.path(), Stage::Open).await;
    r.seal(&[4, 11]).await;
    check(&r, dir.path(), Stage::Anchored).await;
    let result = r.result(r.invalid_papers(3)).await;
    check(&r, dir.path(), Stage::Published).await;
    // 0 and 1 and 2 and 3, 6, 9 say yes; 4 is excluded; 7 says no; 5 and 8 are blank.
    let q = &result.questions[0];
    assert_eq!(
        (q.answers[0].total, q.answers[1].total, q.blank.unwrap().total),
        (6, 1, 2)
    );
    assert_eq!(
        (result.cast.digital, result.cast.paper, result.eligible),
        (9, 3, 13)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_ballots_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(RehearsalClock::new(UnixMillis::ZERO));
    let engine = open_engine(dir.path(), Arc::new(MemoryStore::new()), Arc::clone(&clock))
        .await
        .unwrap();
    let file = referendum_file(false);
    let r = Rehearsal::define(engine, clock, &file, 3).await;
    r.open().await;
    r.seal(&[]).await;
    // Fewer ballots than the rules ask for: never decrypted, and complete with the papers all the same.
    let result = r.return_paper(r.invalid_papers(2)).await;
    assert_eq!((result.cast.digital, result.cast.paper), (0, 2));
    check(&r, dir.path(), Stage::Published).await;
}
