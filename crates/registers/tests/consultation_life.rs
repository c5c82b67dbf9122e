//! The life of a consultation: what may stand where, and what is refused under which code.
//! Spec: specs/consultation.md.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod forum;

use forum::*;
use sijill_ledger::Committed;
use sijill_registers::catalogue::{CATALOGUE, Event};
use sijill_registers::consultation::events::*;
use sijill_registers::consultation::views::{Place, Placed, ReportState};
use sijill_registers::consultation::{Access, Act, Speaker};

const CODE: &str = "consultation";

fn refused<T: std::fmt::Debug>(result: Result<T, &'static str>, rule: &str) {
    assert_eq!(result.unwrap_err(), format!("{CODE}.{rule}"));
}

#[test]
fn nothing_stands_before_the_definition_and_it_stands_once() {
    let mut f = Forum::empty();
    refused(f.enrol(1, Some(1)), "order");
    refused(f.archive(), "order");
    f.define(|_| ()).unwrap();
    refused(f.define(|_| ()), "order");
}

#[test]
fn definitions_are_valid() {
    let bad: &[fn(&mut ConsultationDefined)] = &[
        |e| e.name_en = " ".into(),
        |e| e.name_ar = "\u{202E}".into(),
        |e| e.languages = vec![],
        |e| e.languages = vec![2, 1],
        |e| e.languages = vec![1, 3],
        |e| e.settings.first = number("2026-01-19"),
        |e| e.settings.last = e.settings.first - 1,
        |e| e.settings.last = e.settings.first + 732,
        |e| e.settings.report_due = e.settings.last,
        |e| e.settings.report_due = e.settings.last + 732,
        |e| (e.settings.first, e.settings.last, e.settings.report_due) = (2_929_243, 2_929_244, 2_929_245),
        |e| e.settings.late = 3,
        |e| e.settings.categories = vec![],
        |e| e.settings.categories = vec![1, 1],
        |e| e.settings.categories = vec![4],
        |e| e.settings.owner_en = String::new(),
        |e| e.settings.officer_ar = "\t".into(),
        |e| e.questions[0].options.truncate(1),
        |e| e.questions[0].min = 0,
        |e| e.questions[0].max = 4,
        |e| (e.questions[0].min, e.questions[0].max) = (2, 1),
        |e| e.questions = vec![e.questions[0].clone(); 33],
    ];
    for change in bad {
        refused(Forum::empty().define(change), "definition");
    }
    let good: &[fn(&mut ConsultationDefined)] = &[
        |e| e.settings.first = number("2026-01-20"),
        |e| e.settings.last = e.settings.first,
        |e| e.languages = vec![1],
        |e| e.questions.clear(),
    ];
    for change in good {
        Forum::empty().define(change).unwrap();
    }
}

#[test]
fn scenario_44_a_change_of_settings_says_what_was_and_a_running_consultation_refuses_breaking_edits() {
    let mut f = Forum::empty();
    f.define(|_| ()).unwrap();
    refused(f.settle(|_| ()), "settings");
    refused(f.settle(|s| s.first = number("2026-01-19")), "settings");
    f.settle(|s| s.first = number("2026-01-25")).unwrap();
    f.settle(|s| s.categories = vec![1]).unwrap();

    f.go("2026-02-10", 0);
    let breaking: &[fn(&mut Settings)] = &[
        |s| s.first += 1,
        |s| s.last -= 1,
        |s| s.categories = vec![1, 2],
        |s| s.verified_only = false,
        |s| s.owner_en = String::new(),
        |s| s.report_due = number("2026-02-09"),
    ];
    for change in breaking {
        refused(f.settle(change), "settings");
    }
    f.settle(|s| s.late = 2).unwrap();
    refused(f.settle(|s| s.late = 1), "settings");
    let position = f.settle(|s| s.last = number("2026-03-08")).unwrap();
    // Before, after, actor and reason are on the ledger.
    let (author, event) = f.event(position);
    assert_eq!(author, key(OWNER).key_id());
    let Event::Consultation(ConsultationEvent::SettingsChanged(e)) = event else {
        panic!()
    };
    assert_eq!(
        (e.before.last, e.after.last),
        (number("2026-03-01"), number("2026-03-08"))
    );
    assert!(!e.reason.is_empty());

    // `before` must be what is in force.
    let mut stale = e.clone();
    stale.after.owner_en = "Another body".into();
    refused(f.as_owner(ConsultationEvent::SettingsChanged(stale)), "settings");

    f.go("2026-03-09", 0);
    refused(f.settle(|s| s.last = number("2026-03-20")), "settings");
    refused(f.settle(|s| s.late = 1), "settings");
    f.settle(|s| s.officer_en = "Director of Parks".into()).unwrap();
    f.settle(|s| s.report_due = number("2026-04-10")).unwrap();
    f.go("2026-04-11", 0);
    refused(f.settle(|s| s.report_due = number("2026-05-10")), "settings");
    f.check();
}

#[test]
fn one_person_has_one_voice() {
    let mut f = Forum::open();
    f.enrol(1, Some(1)).unwrap();
    // Two keys for one pseudonym; one key for two.
    refused(f.enrol(1, Some(2)), "participant");
    refused(f.enrol(2, Some(1)), "participant");
    // Keys of others.
    for seed in [SERVICE, LEDGER, OWNER, MODERATORS[0]] {
        refused(f.enrol(2, Some(seed)), "participant");
    }
    let low_order = ParticipantEnrolled {
        person: person(2),
        key: Some(sijill_ledger::KeyId::from_bytes([0; 32])),
        category: 1,
        verified: true,
    };
    refused(
        f.as_service(ConsultationEvent::ParticipantEnrolled(low_order)),
        "participant",
    );
    refused(f.enrol_as(2, Some(2), 4, true), "participant");
    // Whom the settings do not admit.
    refused(f.enrol_as(2, Some(2), 3, true), "eligibility");
    refused(f.enrol_as(2, Some(2), 1, false), "eligibility");
    f.enrol_as(2, Some(2), 2, true).unwrap();

    // A new key ends the old one, which is nobody's from then on.
    f.change(1, Some(11), 1).unwrap();
    assert_eq!(f.comment(1, None, "old key"), Err("event.author"));
    f.comment(11, None, "new key").unwrap();
    refused(f.change(1, Some(1), 1), "participant");
    refused(f.change(2, Some(1), 2), "participant");
    refused(f.change(1, Some(11), 1), "participant");
    refused(f.change(3, Some(3), 1), "participant");
    let stale = ParticipantChanged {
        person: person(1),
        before: 4,
        key: Some(key(12).key_id()),
        category: 1,
        verified: true,
    };
    refused(
        f.as_service(ConsultationEvent::ParticipantChanged(stale)),
        "participant",
    );

    // Eligibility is checked in the command.
    f.change(1, Some(11), 3).unwrap();
    refused(f.comment(11, None, "a visitor now"), "eligibility");
    refused(f.respond(11, vec![vec![0]]), "eligibility");
    f.change(1, Some(11), 1).unwrap();
    f.comment(11, None, "a citizen again").unwrap();
    assert_eq!(f.read().participation(&person(1)).unwrap().comments.len(), 2);
    f.check();
}

#[test]
fn the_intake_service_speaks_only_for_people_without_a_key() {
    let mut f = Forum::with_people();
    let comment = f.attest(5, "Given at the counter").unwrap();
    refused(f.attest(1, "in somebody's name"), "participant");
    refused(f.attest(9, "nobody's"), "participant");
    assert_eq!(f.state().comment(comment).unwrap().by, Speaker::Intake);
    f.change(5, Some(5), 1).unwrap();
    refused(f.attest(5, "too late for that"), "participant");
    let withdrawal = WithdrawalAttested {
        person: person(5),
        comment,
    };
    refused(
        f.as_service(ConsultationEvent::WithdrawalAttested(withdrawal)),
        "participant",
    );
    // What was said for them is theirs.
    f.withdraw(5, comment).unwrap();
    f.check();
}

#[test]
fn comments_hang_on_a_clause_its_wording_and_its_words() {
    let mut f = Forum::with_people();
    let good = f.on("fee");
    let quote = |start, length| Quote {
        language: 2,
        start,
        length,
    };
    let quoted = OnClause {
        quote: Some(quote(15, 3)),
        ..good.clone()
    };
    let position = f.comment(1, Some(quoted.clone()), "Why so much?").unwrap();
    let document = &f.state().versions()[0].document;
    assert_eq!(
        document.quoted(f.state().comment(position).unwrap().clause.as_ref().unwrap()),
        Some("riy")
    );
    let bad = [
        OnClause {
            version: 2,
            ..good.clone()
        },
        OnClause {
            version: 0,
            ..good.clone()
        },
        OnClause {
            clause: "fees".into(),
            ..good.clone()
        },
        OnClause {
            hash: [0; 32],
            ..good.clone()
        },
        OnClause {
            quote: Some(quote(0, 0)),
            ..good.clone()
        },
        OnClause {
            quote: Some(quote(0, 23)),
            ..good.clone()
        },
        OnClause {
            quote: Some(quote(u32::MAX, u32::MAX)),
            ..good.clone()
        },
    ];
    for on in bad {
        refused(f.comment(1, Some(on), "x"), "clause");
    }
    // A comment on a clause that is gone.
    f.publish(&[clause("scope", "1", "This applies to all parks.")], &[])
        .unwrap();
    let gone = OnClause {
        version: 2,
        ..good.clone()
    };
    refused(f.comment(1, Some(gone), "x"), "clause");
    refused(f.comment(1, Some(good), "x"), "clause");
    let fresh = f.on("scope");
    f.comment(1, Some(fresh), "x").unwrap();
    f.check();
}

#[test]
fn replies_hang_below_visible_comments_sixteen_deep() {
    let mut f = Forum::with_people();
    refused(f.reply(1, 3, "to a document"), "comment");
    let root = f.comment(1, None, "root").unwrap();
    refused(f.reply(1, root + 1, "to what is not there"), "comment");
    let both = CommentMade {
        reply_to: Some(root),
        clause: Some(f.on("fee")),
        text: f.commit(b"both"),
    };
    refused(f.offer(&key(1), ConsultationEvent::CommentMade(both)), "comment");
    let mut deepest = root;
    for depth in 2..=16 {
        deepest = f.reply(1 + depth % 4, deepest, "deeper").unwrap();
    }
    refused(f.reply(1, deepest, "too deep"), "comment");
    f.hide(0, root, 4).unwrap();
    refused(f.reply(1, root, "to a hidden one"), "comment");
    assert_eq!(f.state().thread(root).unwrap().size(), 15);
    f.check();
}

#[test]
fn what_was_committed_to_comes_with_the_event_and_is_text() {
    let mut f = Forum::with_people();
    let bare = |text| CommentMade {
        reply_to: None,
        clause: None,
        text,
    };
    let unopened = Committed::new(&[1; 32], b"never handed in");
    let event = ConsultationEvent::CommentMade(bare(unopened));
    assert_eq!(f.offer(&key(1), event), Err("opening.missing"));
    for text in ["", " \n ", "a\u{202E}b", "a\u{0}b"] {
        let expected = if text.is_empty() {
            "calendar.commitment"
        } else {
            "opening.form"
        };
        assert_eq!(f.comment(1, None, text), Err(expected), "{text:?}");
    }
    assert_eq!(
        f.comment(1, None, &"a".repeat(65_537)),
        Err("calendar.commitment")
    );
    f.comment(1, None, &"a".repeat(65_536)).unwrap();
    let text = f.commit(b"once");
    f.offer(&key(1), ConsultationEvent::CommentMade(bare(text)))
        .unwrap();
    let again = ConsultationEvent::CommentMade(bare(text));
    assert_eq!(f.offer(&key(1), again), Err("calendar.commitment"));
    let twice = CommentAttested {
        person: person(5),
        reply_to: None,
        clause: None,
        text: f.commit(b"in two places"),
        record: None,
    };
    let twice = CommentAttested {
        record: Some(twice.text),
        ..twice
    };
    assert_eq!(
        f.as_service(ConsultationEvent::CommentAttested(twice)),
        Err("calendar.commitment")
    );
    f.check();
}

#[test]
fn scenario_33_two_kinds_of_tombstone_replies_stay_and_counts_follow() {
    let mut f = Forum::with_people();
    let withdrawn = f.comment(1, None, "I take this back").unwrap();
    let hidden = f.comment(2, None, "My neighbour Ali …").unwrap();
    let replies = [
        f.reply(3, withdrawn, "I agree").unwrap(),
        f.reply(4, hidden, "I do not").unwrap(),
    ];
    refused(f.withdraw(2, withdrawn), "comment");
    refused(f.hide(0, 3, 1), "moderation");
    refused(f.hide(0, hidden, 0), "moderation");
    refused(f.hide(0, hidden, 8), "moderation");
    let other = CommentHidden {
        comment: hidden,
        code: 7,
        note: None,
    };
    let by = key(MODERATORS[0]);
    refused(
        f.offer(&by, ConsultationEvent::CommentHidden(other)),
        "moderation",
    );

    f.withdraw(1, withdrawn).unwrap();
    f.hide(0, hidden, 1).unwrap();
    refused(f.withdraw(1, withdrawn), "comment");
    refused(f.hide(0, withdrawn, 1), "moderation");
    refused(f.hide(1, hidden, 1), "moderation");

    let standing = |p| f.state().comment(p).unwrap().standing.name();
    assert_eq!((standing(withdrawn), standing(hidden)), ("withdrawn", "hidden"));
    let text = |p| f.state().access(&f.state().comment(p).unwrap().text.commitment);
    assert_eq!(
        (text(withdrawn), text(hidden)),
        (Some(Access::Withheld), Some(Access::Withheld))
    );
    for (root, reply) in [withdrawn, hidden].iter().zip(replies) {
        assert_eq!(f.state().thread(*root).unwrap().replies[0].comment, reply);
        assert_eq!(text(reply), Some(Access::Published));
    }
    let counts = f.read().counts();
    assert_eq!(
        (counts.comments, counts.visible, counts.hidden, counts.withdrawn),
        (4, 2, 1, 1)
    );
    let (w, h) = (
        &f.state().comment(withdrawn).unwrap().steps,
        &f.state().comment(hidden).unwrap().steps,
    );
    assert!(matches!(w[..], [ref s] if matches!(s.act, Act::Withdrawn { .. })));
    assert!(matches!(h[..], [ref s] if matches!(s.act, Act::Hidden { code: 1, .. })));
    f.check();
}

#[test]
fn scenario_34_a_second_moderator_decides_and_a_restored_comment_keeps_place_and_history() {
    let mut f = Forum::with_people();
    let on = f.on("fee");
    let before = f.comment(1, Some(on.clone()), "first").unwrap();
    let comment = f.comment(2, Some(on.clone()), "second").unwrap();
    let after = f.comment(3, Some(on), "third").unwrap();
    let reply = f.reply(4, comment, "a reply").unwrap();
    refused(f.appeal(2, comment), "moderation");
    f.hide(0, comment, 4).unwrap();
    refused(f.decide(1, comment, 2), "moderation");
    refused(f.appeal(1, comment), "moderation");
    f.appeal(2, comment).unwrap();
    refused(f.appeal(2, comment), "moderation");
    refused(f.restore(1, comment), "moderation");
    // The one who hid it does not decide on the appeal.
    refused(f.decide(0, comment, 2), "moderation");
    refused(f.decide(1, comment, 3), "moderation");
    f.decide(1, comment, 2).unwrap();
    refused(f.decide(1, comment, 2), "moderation");

    let record = f.state().comment(comment).unwrap();
    assert_eq!(record.standing.name(), "visible");
    assert_eq!(f.state().access(&record.text.commitment), Some(Access::Published));
    let at_clause: Vec<_> = f.read().clauses().clauses[1]
        .comments
        .iter()
        .map(|(p, _)| *p)
        .collect();
    assert_eq!(at_clause, [before, comment, after]);
    assert_eq!(record.replies, [reply]);
    assert_eq!(record.steps.len(), 3);

    // A new hiding has an appeal of its own; rejected, it stays hidden, and there is no second appeal.
    f.hide(1, comment, 5).unwrap();
    f.appeal(2, comment).unwrap();
    f.decide(0, comment, 1).unwrap();
    refused(f.appeal(2, comment), "moderation");
    refused(f.restore(0, comment), "moderation");
    assert_eq!(f.state().comment(comment).unwrap().standing.name(), "hidden");
    let own = &f.read().participation(&person(2)).unwrap().comments[0];
    assert!(!own.can_appeal && own.can_withdraw);
    assert_eq!(own.steps.len(), 6);

    // A hiding without an appeal may be taken back by whoever sees the error.
    f.hide(0, after, 4).unwrap();
    f.restore(0, after).unwrap();
    refused(f.restore(0, after), "moderation");
    // A pending appeal ends with the comment.
    f.hide(0, before, 4).unwrap();
    f.appeal(1, before).unwrap();
    f.withdraw(1, before).unwrap();
    refused(f.decide(1, before, 2), "moderation");
    f.check();
}

#[test]
fn scenario_35_comments_follow_their_clause_or_are_listed_as_orphaned() {
    let mut f = Forum::with_people();
    let on = |f: &mut Forum, id: &str| {
        let on = f.on(id);
        f.comment(1, Some(on), "about it").unwrap()
    };
    let (scope, fee, hours) = (on(&mut f, "scope"), on(&mut f, "fee"), on(&mut f, "hours"));
    let whole = f.comment(2, None, "on all of it").unwrap();
    let reply = f.reply(3, hours, "yes").unwrap();
    // 4(2) becomes 5(1) with the same text, 1 gets another wording, 5 is gone.
    let second = [
        clause("scope", "1", "This applies to all public parks."),
        Clause5::fee(),
    ];
    f.publish(&second, &[]).unwrap();
    let late = on(&mut f, "fee");

    let placed = |clause: &str, made_on, other_wording| {
        Some(Place::Clause(Placed {
            clause: clause.into(),
            made_on,
            other_wording,
        }))
    };
    assert_eq!(f.state().place(fee), placed("fee", Some(1), false));
    assert_eq!(f.state().place(scope), placed("scope", Some(1), true));
    assert_eq!(f.state().place(late), placed("fee", None, false));
    assert_eq!(f.state().place(whole), Some(Place::Document));
    let orphaned = Some(Place::Orphaned {
        version: 1,
        clause: "hours".into(),
    });
    assert_eq!(f.state().place(hours), orphaned);
    assert_eq!(
        f.state().place(reply),
        orphaned,
        "a reply stands where its root does"
    );
    let reading = f.read().clauses();
    assert_eq!(reading.clauses[1].number, "5(1)");
    assert_eq!(reading.clauses[1].comments.len(), 2);
    assert_eq!(reading.orphaned, [(hours, 1, "hours".to_owned())]);
    assert_eq!(reading.document, [whole]);

    // Clauses are merged: comments on the one that is gone belong to the other.
    let third = [clause(
        "scope",
        "1",
        "This applies to all public parks. The fee is ten riyals.",
    )];
    refused(f.publish(&third, &[("hours", "scope")]), "document");
    refused(f.publish(&third, &[("fee", "hours")]), "document");
    refused(f.publish(&third, &[("scope", "scope")]), "document");
    refused(
        f.publish(&third, &[("fee", "scope"), ("fee", "scope")]),
        "document",
    );
    f.publish(&third, &[("fee", "scope")]).unwrap();
    assert_eq!(f.state().place(fee), placed("scope", Some(1), true));
    assert_eq!(f.state().place(late), placed("scope", Some(2), true));
    assert_eq!(f.state().place(hours), orphaned);
    // A clause that comes back under its id has its comments again.
    f.publish(&first_version(), &[]).unwrap();
    assert_eq!(f.state().place(hours), placed("hours", Some(1), false));
    assert_eq!(f.state().place(fee), placed("scope", Some(1), true));
    f.check();
}

/// The clause `fee` with the text of the first version under another number.
struct Clause5;

impl Clause5 {
    fn fee() -> sijill_registers::consultation::document::Clause {
        let mut fee = first_version().remove(1);
        fee.number = "5(1)".into();
        fee
    }
}

#[test]
fn versions_are_numbered_canonical_and_there() {
    let mut f = Forum::open();
    let content = f.documents.put(b"{}");
    let e = |version, document| {
        ConsultationEvent::DocumentPublished(DocumentPublished {
            version,
            document,
            moves: vec![],
        })
    };
    refused(f.as_owner(e(1, content)), "document");
    refused(f.as_owner(e(2, content)), "document");
    refused(f.as_owner(e(3, content)), "document");
    let absent = sijill_ledger::ContentRef::of(b"nobody handed this in").unwrap();
    assert_eq!(f.as_owner(e(2, absent)), Err("content.missing"));
    refused(f.publish(&first_version(), &[("fee", "fee")]), "document");
    f.publish(&first_version(), &[]).unwrap();
    f.check();
}

#[test]
fn scenario_36_late_comments_are_refused_with_the_date_or_taken_as_late() {
    let last_moment = DAY_MS - 1;
    let mut f = Forum::with_people();
    f.go("2026-03-01", last_moment);
    f.comment(1, None, "in time, 23:59:59.999").unwrap();
    f.go("2026-03-02", 0);
    refused(f.comment(1, None, "too late"), "window");
    refused(f.respond(1, vec![vec![0]]), "window");
    // Received in time, sequenced behind the day: judged by the receipt.
    let text = f.commit(b"received at 23:59:59.999");
    let event = CommentMade {
        reply_to: None,
        clause: None,
        text,
    };
    let position = f
        .offer_received(1, &key(1), ConsultationEvent::CommentMade(event))
        .unwrap();
    assert!(!f.read().is_late(f.state().comment(position).unwrap()));
    f.check();

    let mut f = Forum::with_people();
    f.settle(|s| s.late = 2).unwrap();
    let early = f.comment(1, None, "in time").unwrap();
    f.go("2026-03-02", 0);
    let late = f.comment(2, None, "late, not counted").unwrap();
    let reply = f.reply(3, early, "late too").unwrap();
    refused(f.respond(1, vec![vec![0]]), "window");
    let late_one = |p| f.read().is_late(f.state().comment(p).unwrap());
    assert!(late_one(late) && late_one(reply));
    let counts = f.read().counts();
    assert_eq!((counts.visible, counts.late, counts.counted), (3, 2, 1));
    // The report needs no theme for it, and ends it.
    f.theme("fees").unwrap();
    f.assign("fees", &[early], &[]).unwrap();
    f.report(&[("fees", 1)]).unwrap();
    refused(f.comment(2, None, "after the report"), "window");
    f.check();
}

#[test]
fn nothing_is_taken_before_the_window() {
    let mut f = Forum::empty();
    f.define(|e| e.settings.late = 2).unwrap();
    f.enrol(1, Some(1)).unwrap();
    f.go("2026-01-31", DAY_MS - 1);
    refused(f.comment(1, None, "early"), "window");
    refused(f.respond(1, vec![vec![0]]), "window");
    f.go("2026-02-01", 0);
    f.comment(1, None, "open").unwrap();
    // There is no document yet.
    let on = OnClause {
        version: 1,
        clause: "fee".into(),
        hash: [0; 32],
        quote: None,
    };
    refused(f.comment(1, Some(on), "x"), "clause");
    f.check();
}

#[test]
fn scenario_39_the_last_response_of_a_person_counts() {
    let mut f = Forum::with_people();
    let first = f.respond(1, vec![vec![0]]).unwrap();
    let second = f.respond(1, vec![vec![2]]).unwrap();
    f.respond(2, vec![vec![]]).unwrap();
    for bad in [vec![], vec![vec![3]], vec![vec![0, 1]], vec![vec![0], vec![0]]] {
        refused(f.respond(2, bad), "response");
    }
    let answers = |position| {
        let (_, event) = f.event(position);
        event.fields()[0].committed.commitment
    };
    let (first, second) = (answers(first), answers(second));
    assert_eq!(f.read().counts().responses, 2);
    assert_eq!(f.state().responses().count(), 2);
    // Nobody sees how it stands before the close; then only what counts.
    assert_eq!(f.state().access(&second), Some(Access::Withheld));
    f.go("2026-03-01", 0);
    f.close_day("2026-02-28");
    assert_eq!(f.state().access(&second), Some(Access::Withheld));
    f.go("2026-03-02", 0);
    f.close_day("2026-03-01");
    assert_eq!(f.state().access(&second), Some(Access::Published));
    assert_eq!(f.state().access(&first), Some(Access::Withheld));
    f.check();

    let mut f = Forum::empty();
    f.define(|e| e.questions.clear()).unwrap();
    f.enrol(1, Some(1)).unwrap();
    f.go("2026-02-02", 0);
    refused(f.respond(1, vec![]), "response");
}

#[test]
fn scenario_40_no_archive_without_a_report_that_answers_every_theme() {
    let mut f = Forum::with_people();
    let on = f.on("fee");
    let a = f.comment(1, Some(on), "too high").unwrap();
    let b = f.comment(2, None, "good idea").unwrap();
    let c = f.comment(3, None, "My neighbour …").unwrap();
    let reply = f.reply(4, a, "yes").unwrap();
    f.theme("fees").unwrap();
    refused(f.theme("fees"), "theme");
    refused(f.theme("Fees"), "theme");
    for (added, removed) in [
        (&[a][..], &[a][..]),
        (&[], &[]),
        (&[b, a], &[]),
        (&[a, a], &[]),
        (&[3], &[]),
        (&[], &[b]),
    ] {
        refused(f.assign("fees", added, removed), "theme");
    }
    refused(f.assign("fee", &[a], &[]), "theme");
    f.assign("fees", &[a, reply], &[]).unwrap();
    refused(f.assign("fees", &[a], &[]), "theme");
    refused(f.answer(&[]), "answer");
    refused(f.answer(&[b, a]), "answer");
    refused(f.answer(&[a, 3]), "answer");
    f.answer(&[a, b]).unwrap();
    f.hide(0, c, 1).unwrap();
    refused(f.answer(&[c]), "answer");

    f.go("2026-03-01", DAY_MS - 1);
    refused(f.report(&[("fees", 1)]), "report");
    f.go("2026-03-02", 0);
    refused(f.archive(), "report");
    // A comment that counts is in no theme.
    refused(f.report(&[("fees", 1)]), "report");
    assert_eq!(f.read().coverage().uncovered, [b]);
    f.theme("support").unwrap();
    f.assign("support", &[b], &[]).unwrap();
    // A theme is left out, invented, out of order, without an outcome.
    refused(f.report(&[("fees", 1)]), "report");
    refused(f.report(&[("fees", 1), ("other", 1), ("support", 1)]), "report");
    refused(f.report(&[("support", 1), ("fees", 1)]), "report");
    refused(f.report(&[("fees", 0), ("support", 4)]), "report");
    f.appeal(3, c).unwrap();
    f.report(&[("fees", 2), ("support", 1)]).unwrap();
    // The appeal is pending; then its comment is back, and in no theme; then a theme is not in the report.
    refused(f.archive(), "report");
    f.decide(1, c, 2).unwrap();
    refused(f.archive(), "report");
    f.theme("neighbours").unwrap();
    f.assign("neighbours", &[c], &[]).unwrap();
    refused(f.archive(), "report");
    f.report(&[("fees", 2), ("neighbours", 3), ("support", 1)])
        .unwrap();
    let coverage = f.read().coverage();
    assert_eq!(
        (coverage.counted, coverage.answered, coverage.followed_up),
        (4, 2, 4)
    );
    assert_eq!(coverage.themes[0].outcome, Some(2));
    let own = f.read().participation(&person(1)).unwrap();
    assert_eq!(own.comments[0].outcomes[0].outcome, 2, "contributors are told");
    f.archive().unwrap();

    // The rights of authors and the duties of moderators do not end.
    refused(f.comment(1, None, "x"), "order");
    refused(f.theme("more"), "order");
    refused(f.enrol(9, Some(9)), "order");
    refused(f.archive(), "order");
    f.hide(0, b, 6).unwrap();
    f.change(2, Some(12), 1).unwrap();
    f.appeal(12, b).unwrap();
    f.decide(1, b, 1).unwrap();
    f.withdraw(1, a).unwrap();
    f.check();
}

#[test]
fn an_overdue_report_is_visible_and_stays_late() {
    let mut f = Forum::with_people();
    let state = |f: &Forum| f.read().report_state().unwrap();
    f.go("2026-04-01", 0);
    f.close_day("2026-03-31");
    assert_eq!(state(&f), ReportState::Pending);
    assert!(f.log().contains(
        r#""closed":"2026-03-31","report":{"original_due":"2026-04-01","due":"2026-04-01","state":"pending"}"#
    ));
    f.go("2026-04-02", 0);
    assert_eq!(
        state(&f),
        ReportState::Pending,
        "judged up to the last closed day"
    );
    f.close_day("2026-04-01");
    assert_eq!(state(&f), ReportState::Overdue);
    assert!(f.log().contains(r#""state":"overdue""#));
    refused(f.settle(|s| s.report_due = number("2026-05-01")), "settings");
    f.go("2026-04-05", 0);
    f.report(&[]).unwrap();
    assert_eq!(state(&f), ReportState::Late);
    let position = f.size() - 1;
    assert!(f.log().contains(&format!(
        r#""state":"late","published":"2026-04-05","position":{position}}}"#
    )));
    f.archive().unwrap();
    f.check();
}

#[test]
fn scenario_41_erasure_leaves_the_ledger_whole_and_the_person_one() {
    let mut f = Forum::with_people();
    let comment = f.comment(1, None, "I live at …").unwrap();
    let reply = f.reply(2, comment, "so do I").unwrap();
    let response = f.respond(1, vec![vec![0]]).unwrap();
    let commitments = [comment, response].map(|p| f.event(p).1.fields()[0].committed.commitment);
    f.erase(&commitments).unwrap();
    assert_eq!(f.erase(&commitments[..1]), Err("calendar.erasure"));
    for commitment in &commitments {
        assert_eq!(f.state().access(commitment), Some(Access::Erased));
    }
    // Nothing brings it back: not a restoration, not the end of the window.
    f.hide(0, comment, 1).unwrap();
    f.restore(0, comment).unwrap();
    f.go("2026-03-02", 0);
    f.close_day("2026-03-01");
    for commitment in &commitments {
        assert_eq!(f.state().access(commitment), Some(Access::Erased));
        assert!(f.state().published().iter().all(|p| p.commitment != *commitment));
    }
    assert_eq!(f.state().thread(comment).unwrap().replies[0].comment, reply);
    let counts = f.read().counts();
    assert_eq!(
        (counts.comments, counts.visible, counts.erased, counts.responses),
        (2, 2, 1, 1)
    );
    assert!(f.log().contains(r#""text":"erased""#));
    refused(f.enrol(1, Some(21)), "participant");
    refused(f.enrol(1, None), "participant");
    f.check();
}

#[test]
fn the_moderation_log_is_byte_for_byte_that_of_the_specification() {
    let mut f = Forum::with_people();
    let comment = f.comment(1, None, "off the subject").unwrap();
    f.reply(2, comment, "indeed").unwrap();
    let attested = f.attest(5, "at the counter").unwrap();
    let hidden = f.hide(0, comment, 4).unwrap();
    let appealed = f.appeal(1, comment).unwrap();
    let decided = f.decide(1, comment, 2).unwrap();
    let withdrawal = WithdrawalAttested {
        person: person(5),
        comment: attested,
    };
    let withdrawn = f
        .as_service(ConsultationEvent::WithdrawalAttested(withdrawal))
        .unwrap();
    let (ledger, size, at) = (f.ledger, f.size(), f.now);
    let [first, second] = MODERATORS.map(|seed| key(seed).key_id().to_string());
    let expected = format!(
        concat!(
            r#"{{"format":"sijill-moderation-log/1","ledger":"{ledger}","size":{size},"closed":"2026-01-31","#,
            r#""report":{{"original_due":"2026-04-01","due":"2026-04-01","state":"pending"}},"#,
            r#""counts":{{"participants":5,"comments":3,"visible":2,"hidden":0,"withdrawn":1,"late":0,"counted":2,"erased":0,"responses":0}},"#,
            r#""comments":[{{"comment":{comment},"state":"visible","text":"published","late":false,"replies":1,"steps":["#,
            r#"{{"position":{hidden},"at_ms":{at},"step":"hidden","by":"{first}","code":"off-topic"}},"#,
            r#"{{"position":{appealed},"at_ms":{at},"step":"appealed","by":"author"}},"#,
            r#"{{"position":{decided},"at_ms":{at},"step":"appeal-granted","by":"{second}"}}]}},"#,
            r#"{{"comment":{attested},"state":"withdrawn","text":"withheld","late":false,"replies":0,"steps":["#,
            r#"{{"position":{withdrawn},"at_ms":{at},"step":"withdrawn","by":"intake"}}]}}]}}"#,
        ),
        ledger = ledger,
        size = size,
        comment = comment,
        hidden = hidden,
        appealed = appealed,
        decided = decided,
        attested = attested,
        withdrawn = withdrawn,
        at = at,
        first = first,
        second = second,
    );
    assert_eq!(f.log(), expected);
    // The service publishes this one and no other, and each one once.
    let size = f.size();
    let wrong = expected.replace("off-topic", "spam");
    assert_eq!(f.publish_log(wrong.as_bytes(), size), Err("consultation.view"));
    assert_eq!(f.publish_log(expected.as_bytes(), size - 1), Err("calendar.view"));
    f.publish_log(expected.as_bytes(), size).unwrap();
    assert_eq!(f.publish_log(expected.as_bytes(), size), Err("recorded"));
    f.check();
}

#[test]
fn a_grant_of_the_role_participant_entitles_to_nothing() {
    let mut f = Forum::with_people();
    let text = f.commit(b"I hold a grant");
    let event = CommentMade {
        reply_to: None,
        clause: None,
        text,
    };
    let holder = key(GRANTED_PARTICIPANT);
    assert_eq!(
        f.offer(&holder, ConsultationEvent::CommentMade(event)),
        Err("event.author")
    );
    refused(f.enrol(9, Some(GRANTED_PARTICIPANT)), "participant");
    let comment = f.comment(1, None, "mine").unwrap();
    let hide = CommentHidden {
        comment,
        code: 5,
        note: None,
    };
    for seed in [1, OWNER, COMMISSION] {
        assert_eq!(
            f.offer(&key(seed), ConsultationEvent::CommentHidden(hide)),
            Err("event.author")
        );
    }
}

#[test]
fn the_catalogue_reads_what_it_writes() {
    let mut f = Forum::with_people();
    let comment = f.comment(1, None, "x").unwrap();
    f.hide(0, comment, 7).unwrap();
    f.appeal(1, comment).unwrap();
    f.decide(1, comment, 1).unwrap();
    for position in 1..f.size() {
        let (_, event) = f.event(position);
        assert_eq!(event.line().event_type, event.event_type());
    }
    let ours: Vec<_> = CATALOGUE.iter().filter(|l| l.event_type >> 8 == 6).collect();
    assert_eq!(ours.len(), 21);
    for (line, number) in ours.iter().zip(0x0601..) {
        assert_eq!(line.event_type, number);
        if let Some(event) = ConsultationEvent::parse(number, &[]) {
            assert_eq!(event.name(), "ConsultationArchived");
        }
    }
}

#[test]
fn no_event_of_a_day_stands_before_the_days_before_it_are_closed() {
    let mut f = Forum::with_people();
    f.go("2026-02-03", 0);
    let text = f.commit(b"two days later");
    let event = Event::Consultation(ConsultationEvent::CommentMade(CommentMade {
        reply_to: None,
        clause: None,
        text,
    }));
    let ledger = f.ledger;
    assert_eq!(f.act(&key(1), ledger, event.clone()), Err("calendar.day"));
    f.close_day("2026-02-02");
    f.act(&key(1), ledger, event).unwrap();
    f.check();
}
