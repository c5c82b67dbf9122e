//! An opened ballot shows what it contains, and cannot show anything else.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{credential, election, question};
use sijill_ballot::{AuditError, JsonError, ScalarError, Selection, Vote, check_opening, encrypt_ballot};

#[test]
fn honest_and_altered_openings() {
    let made = election(vec![question(2, true, 1, 1), question(3, false, 0, 2)], 1);
    let selections = [Selection::Answers(&[1]), Selection::Answers(&[0, 2])];
    let vote = Vote::from_selections(made.context.questions(), &selections).unwrap();
    let ballot = encrypt_ballot(&made.context, &credential(), &vote, &mut rand::rng()).unwrap();
    assert!(format!("{ballot:?}").starts_with("NewBallot { tracking_code"));
    let code = ballot.tracking_code();
    let opened = ballot.into_opened();

    let audited = check_opening(&made.context, opened.as_bytes()).unwrap();
    assert_eq!(audited.choices, [vec![0, 0, 1], vec![1, 0, 1]]);
    assert_eq!(audited.tracking_code(), code);

    let refuse = |changed: String| {
        assert_ne!(changed, opened);
        check_opening(&made.context, changed.as_bytes()).unwrap_err()
    };
    let first = opened.replacen("{\"choice\":0", "{\"choice\":1", 1);
    assert_eq!(
        refuse(first),
        AuditError::Mismatch {
            question: 0,
            choice: 0
        }
    );
    let third = opened.replacen("{\"choice\":1", "{\"choice\":0", 1);
    assert_eq!(
        refuse(third),
        AuditError::Mismatch {
            question: 0,
            choice: 2
        }
    );
    assert_eq!(
        refuse(opened.replacen("{\"choice\":1", "{\"choice\":2", 1)),
        AuditError::Shape
    );
    assert_eq!(refuse(format!("{opened} ")), JsonError::NotCanonical.into());
    assert_eq!(
        refuse(opened.replacen("\"r\":\"", "\"r\":\"0", 1)),
        ScalarError::Text.into()
    );
    let another = opened.replacen("\"choice\":0,\"r\":\"", "\"choice\":0,\"r\":\"1", 1);
    assert!(check_opening(&made.context, another.as_bytes()).is_err());
    let ballot = opened.replacen("\\\"alpha\\\":\\\"", "\\\"alpha\\\":\\\"0", 1);
    assert!(matches!(refuse(ballot), AuditError::Ballot(_)));
    let shorter = format!("{}]}}", &opened[..opened.rfind(",[{").unwrap()]);
    assert_eq!(refuse(shorter), AuditError::Shape);
    let other = election(vec![question(2, true, 1, 1), question(3, false, 0, 2)], 1);
    assert!(matches!(
        check_opening(&other.context, opened.as_bytes()),
        Err(AuditError::Ballot(_))
    ));
}
