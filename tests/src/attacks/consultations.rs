//! Consultations: who may say what when, what moderators and owners may do about it, and what is published of it.
//!
//! Spec: specs/consultation.md, specs/verification.md §16.

use super::cases::{Case, Command, Package, honest};
use super::forge::{Draft, Enc, public};
use super::jurisdiction::{D0, day_text};
use super::requests::on_registers;
use super::talk::{
    CLAUSES, Clause, DUE, FIRST, LAST, On, Said, Settings, TALK, Talk, document, moderated, question,
};

fn odd(id: &'static str, what: &'static str, make: fn(&str) -> Package) -> Case {
    Case {
        command: Command::Jurisdiction { accredited: false },
        reference: "specs/verification.md §16",
        ..honest(id, what, make)
    }
}

pub(super) fn all() -> Vec<Case> {
    let mut cases = controls();
    cases.extend(contents());
    cases.extend(voices());
    cases.extend(ends());
    cases.extend(setup());
    cases.extend(documents());
    cases.extend(comments());
    cases.extend(moderation());
    cases.extend(owners());
    cases.extend(logs());
    cases
}

/// Something of everything, archived, with a log.
fn everything(name: &str) -> Talk {
    let mut t = Talk::listed(name);
    t.define(1);
    t.change(|s| s.due = DUE + 1);
    t.publish(1, &CLAUSES, &[]);
    t.day(FIRST);
    let first = t.enrol("amna", Some("amna"));
    t.enrol("badr", Some("badr"));
    t.enrol("essa", None);
    t.change_person("amna", first, Some("amna two"), 2);
    let fee = t.comment("amna two", On::Clause(1, CLAUSES[1], Some((11, 3))));
    let reply = t.comment("badr", On::Reply(fee.at));
    let attested = t.attest("essa", On::Document);
    let abusive = t.comment("badr", On::Clause(1, CLAUSES[0], None));
    t.respond("badr", "[[0]]");
    let response = t.respond("badr", "[[1]]");
    let blank = t.respond_for("essa", "[[]]");
    t.publish(
        2,
        &[("hours", "Parks never close."), ("costs", "Free.")],
        &[("fee", "costs")],
    );
    let hidden = t.hide("moderator", abusive, 2, false);
    let appealed = t.appeal("badr", abusive.at);
    let rejected = t.decide("other moderator", abusive, 1);
    let other = t.hide("moderator", attested, 7, true);
    let spoken = t.appeal_for("essa", attested.at);
    let granted = t.decide("other moderator", attested, 2);
    let again = t.hide("other moderator", reply, 4, true);
    let restored = t.restore("moderator", reply);
    t.answer(&[fee.at, attested.at]);
    let erased = [fee.text];
    let order = t.w.order_erasure(TALK, &erased);
    let at = t.w.now;
    let confirmed = t.w.confirm_erasure(TALK, order, &erased);
    t.day(LAST + 1);
    // The window has ended, and the last closed day is its last one.
    t.reveal(&response.text);
    t.reveal(&blank.text);
    t.theme("money");
    t.theme("other");
    t.assign("money", &[fee.at, attested.at], &[]);
    t.assign("other", &[fee.at], &[]);
    t.assign("other", &[], &[fee.at]);
    let report = t.report(&[("money", 2), ("other", 3)]);
    t.archive();
    let withdrawn = t.withdraw("badr", reply);
    let steps = [
        moderated(
            fee,
            "visible",
            "erased",
            1,
            &[format!(
                "{{\"position\":{confirmed},\"at_ms\":{at},\"step\":\"erased\",\"by\":\"{}\"}}",
                hex::encode(public("second commission"))
            )],
        ),
        moderated(
            reply,
            "withdrawn",
            "withheld",
            0,
            &[
                t.step(again, "hidden", "other moderator", Some("off-topic")),
                t.step(restored, "restored", "moderator", None),
                t.step(withdrawn, "withdrawn", "author", None),
            ],
        ),
        moderated(
            attested,
            "visible",
            "published",
            0,
            &[
                t.step(other, "hidden", "moderator", Some("other")),
                t.step(spoken, "appealed", "intake", None),
                t.step(granted, "appeal-granted", "other moderator", None),
            ],
        ),
        moderated(
            abusive,
            "hidden",
            "withheld",
            0,
            &[
                t.step(hidden, "hidden", "moderator", Some("abuse")),
                t.step(appealed, "appealed", "author", None),
                t.step(rejected, "appeal-rejected", "other moderator", None),
            ],
        ),
    ];
    let state = format!(
        "\"state\":\"published\",\"published\":\"{}\",\"position\":{report}",
        day_text(LAST + 1)
    );
    t.log(&state, [3, 4, 2, 1, 1, 0, 2, 1, 2], &steps.join(","));
    t
}

/// Nobody has said anything that is moderated: the log of `counts`.
fn plain_log(t: &mut Talk, state: &str, counts: [u64; 9]) {
    t.log(&format!("\"state\":\"{state}\""), counts, "");
}

fn controls() -> Vec<Case> {
    vec![
        odd(
            "honest-consultation",
            "A consultation with something of everything",
            |name| everything(name).package(),
        ),
        Case {
            command: Command::Jurisdiction { accredited: true },
            ..odd(
                "honest-consultation-accredited",
                "The same, in the accredited profile",
                |name| {
                    let mut t = everything(name);
                    let grant = super::forge::grant("new moderator", 6, None);
                    t.w.push(TALK, 0x0002, "commission", grant);
                    t.package()
                },
            )
        },
        odd(
            "honest-consultation-silent",
            "Nobody says anything: the report has no theme, and is archived",
            |name| {
                let mut t = Talk::open(name);
                t.day(LAST + 1);
                t.report(&[]);
                t.archive();
                t.package()
            },
        ),
        odd(
            "honest-consultation-undefined",
            "A consultation is listed and never defined",
            |name| {
                let mut t = Talk::listed(name);
                t.day(D0 + 1);
                t.package()
            },
        ),
        odd(
            "honest-consultation-hidden",
            "Every comment is hidden; the report has nothing to answer",
            |name| {
                let mut t = Talk::open(name);
                for by in ["amna", "badr", "dana"] {
                    let said = t.comment(by, On::Document);
                    t.hide("moderator", said, 5, true);
                }
                t.day(LAST + 1);
                t.report(&[]);
                t.archive();
                t.package()
            },
        ),
        odd(
            "honest-consultation-withdrawn",
            "Every comment is withdrawn, one of them while an appeal is pending, one behind the archive",
            |name| {
                let mut t = Talk::open(name);
                let first = t.comment("amna", On::Document);
                let second = t.attest("essa", On::Document);
                let third = t.comment("dana", On::Document);
                t.withdraw_for("essa", second);
                t.hide("moderator", first, 1, false);
                t.appeal("amna", first.at);
                t.withdraw("amna", first);
                t.day(LAST + 1);
                t.theme("all");
                t.assign("all", &[third.at], &[]);
                t.report(&[("all", 1)]);
                t.archive();
                t.withdraw("dana", third);
                t.package()
            },
        ),
        odd(
            "honest-consultation-late",
            "Late comments are taken and not counted, until the report stands",
            |name| {
                let settings = Settings {
                    late: 2,
                    ..Settings::default()
                };
                let mut t = Talk::open_with(name, settings, 1);
                let in_time = t.comment("amna", On::Document);
                t.day(LAST + 1);
                t.comment("badr", On::Document);
                t.day(LAST + 3);
                t.theme("all");
                t.assign("all", &[in_time.at], &[]);
                let report = t.report(&[("all", 3)]);
                let state = format!(
                    "\"state\":\"published\",\"published\":\"{}\",\"position\":{report}",
                    day_text(LAST + 3)
                );
                t.log(&state, [4, 2, 2, 0, 0, 1, 1, 0, 0], "");
                t.package()
            },
        ),
        odd(
            "honest-consultation-midnight",
            "A comment and a response that were received in the last millisecond of the window and sequenced on the next day are in time",
            |name| {
                let mut t = Talk::open(name);
                // Midnight in Qatar.
                let midnight = (LAST + 1) * 86_400_000 - 3 * 3_600_000;
                t.w.now = midnight;
                t.w.close(TALK, LAST, &[]);
                for second in 1..3 {
                    t.w.now = midnight + second * 1_000;
                    t.w.next(move |draft| draft.received = midnight - 1);
                    if second == 1 {
                        t.comment("amna", On::Document);
                    } else {
                        let response = t.respond("badr", "[[1]]");
                        t.reveal(&response.text);
                    }
                }
                plain_log(&mut t, "pending", [4, 1, 1, 0, 0, 0, 1, 0, 1]);
                t.package()
            },
        ),
        odd(
            "honest-consultation-overdue",
            "The report is overdue, and later published late",
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.day(DUE);
                plain_log(&mut t, "pending", [4, 1, 1, 0, 0, 0, 1, 0, 0]);
                t.day(DUE + 1);
                plain_log(&mut t, "overdue", [4, 1, 1, 0, 0, 0, 1, 0, 0]);
                t.theme("all");
                t.assign("all", &[said.at], &[]);
                let report = t.report(&[("all", 1)]);
                let state = format!(
                    "\"state\":\"late\",\"published\":\"{}\",\"position\":{report}",
                    day_text(DUE + 1)
                );
                t.log(&state, [4, 1, 1, 0, 0, 0, 1, 0, 0], "");
                t.package()
            },
        ),
        odd(
            "honest-consultation-old-log",
            "A log of an earlier size is published",
            |name| {
                let mut t = Talk::open(name);
                let size = t.size();
                t.comment("amna", On::Document);
                t.log_of(size, "\"state\":\"pending\"", [4, 0, 0, 0, 0, 0, 0, 0, 0], "");
                t.package()
            },
        ),
        odd(
            "honest-consultation-thread",
            "Replies sixteen deep, under a comment that is hidden later",
            |name| {
                let mut t = Talk::open(name);
                let root = t.comment("amna", On::Document);
                let mut last = root;
                for _ in 2..=16 {
                    last = t.comment("badr", On::Reply(last.at));
                }
                t.hide("moderator", root, 4, false);
                t.package()
            },
        ),
    ]
}

/// F7, F8: what is withheld, and what is edited.
fn contents() -> Vec<Case> {
    vec![
        on_registers(
            "F7-silent",
            "The text of a visible comment is not published",
            "consultation.md §9",
            &["opening.missing"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.mark().comment("amna", On::Document);
                t.w.withhold(&said.text);
                t.package()
            },
        ),
        on_registers(
            "F7-restored",
            "The text of a comment that was restored is not published again",
            "consultation.md §9",
            &["opening.missing"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.mark().comment("amna", On::Document);
                t.hide("moderator", said, 4, false);
                t.restore("moderator", said);
                t.w.withhold(&said.text);
                t.package()
            },
        ),
        on_registers(
            "F7-answer",
            "The official answer to a comment is not published",
            "consultation.md §9",
            &["opening.missing"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.mark().answer(&[said.at]);
                let answer = *t.w.committed.last().unwrap();
                t.w.withhold(&answer);
                t.package()
            },
        ),
        on_registers(
            "F7-hidden",
            "The text of a hidden comment is still published",
            "consultation.md §9",
            &["opening.forbidden"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.mark().comment("amna", On::Document);
                t.hide("moderator", said, 1, false);
                t.reveal(&said.text);
                t.package()
            },
        ),
        on_registers(
            "F7-withdrawn",
            "The text of a withdrawn comment is still published",
            "consultation.md §9",
            &["opening.forbidden"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.mark().comment("amna", On::Document);
                t.withdraw("amna", said);
                t.reveal(&said.text);
                t.package()
            },
        ),
        on_registers(
            "F7-erased",
            "The text of an erased comment is still published",
            "jurisdiction.md §3.2",
            &["opening.forbidden"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.mark().comment("amna", On::Document);
                let order = t.w.order_erasure(TALK, &[said.text]);
                t.w.confirm_erasure(TALK, order, &[said.text]);
                t.reveal(&said.text);
                t.package()
            },
        ),
        on_registers(
            "F7-note",
            "The note of a moderator, which is for the author alone, is published",
            "consultation.md §9",
            &["opening.forbidden"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.mark().hide("moderator", said, 1, true);
                let note = *t.w.committed.last().unwrap();
                t.reveal(&note);
                t.package()
            },
        ),
        on_registers(
            "F8-edited",
            "The text of a comment was changed",
            "jurisdiction.md §3",
            &["opening.mismatch"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.mark().comment("amna", On::Document);
                if let Some(opening) = t.w.openings.get_mut(&hex::encode(said.text)) {
                    let last = opening.len() - 1;
                    opening[last] ^= 1;
                }
                t.package()
            },
        )
        .door("opening.missing"),
        on_registers(
            "F8-longer",
            "Something was put behind the text of a comment",
            "jurisdiction.md §3",
            &["opening.mismatch"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.mark().comment("amna", On::Document);
                if let Some(opening) = t.w.openings.get_mut(&hex::encode(said.text)) {
                    opening.extend_from_slice(b", not!");
                }
                t.package()
            },
        )
        .door("opening.missing"),
        on_registers(
            "F8-direction",
            "A comment has a character that turns the text around",
            "jurisdiction.md §3",
            &["opening.form"],
            |name| {
                let mut t = Talk::open(name);
                t.mark()
                    .comment_text("amna", On::Document, "safe \u{202e}edisrever\u{202c}");
                t.package()
            },
        )
        .door("opening.form"),
    ]
}

/// F9: one person, one voice.
fn voices() -> Vec<Case> {
    vec![
        on_registers(
            "F9-enrolled",
            "A person is enrolled a second time, with another key",
            "consultation.md §4.1",
            &["consultation.participant"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().enrol("amna", Some("amna two"));
                t.package()
            },
        )
        .same(),
        on_registers(
            "F9-key",
            "Two persons have one key",
            "consultation.md §4",
            &["consultation.participant"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().enrol("faisal", Some("badr"));
                t.package()
            },
        )
        .same(),
        on_registers(
            "F9-old-key",
            "A key that a person had before is given to another one",
            "consultation.md §4",
            &["consultation.participant"],
            |name| {
                let mut t = Talk::listed(name);
                t.define(1);
                t.day(FIRST);
                let amna = t.enrol("amna", Some("amna"));
                t.change_person("amna", amna, Some("amna two"), 1);
                t.mark().enrol("badr", Some("amna"));
                t.package()
            },
        )
        .same(),
        on_registers(
            "F9-two-keys",
            "A person comments by the key that was replaced",
            "consultation.md §4",
            &["event.author"],
            |name| {
                let mut t = Talk::listed(name);
                t.define(1);
                t.day(FIRST);
                let amna = t.enrol("amna", Some("amna"));
                t.change_person("amna", amna, Some("amna two"), 1);
                t.mark().comment("amna", On::Document);
                t.package()
            },
        )
        .same(),
        on_registers(
            "F9-responses",
            "The response that a person gave before the last one is published too",
            "consultation.md §7",
            &["opening.forbidden"],
            |name| {
                let mut t = Talk::open(name);
                let first = t.mark().respond("amna", "[[0]]");
                let second = t.respond("amna", "[[1]]");
                t.day(LAST + 1);
                t.reveal(&first.text);
                t.reveal(&second.text);
                t.package()
            },
        ),
        on_registers(
            "F9-last",
            "Of two responses of a person the first one is published",
            "consultation.md §7",
            &["opening.forbidden", "opening.missing"],
            |name| {
                let mut t = Talk::open(name);
                let first = t.respond("amna", "[[0]]");
                t.respond("amna", "[[1]]");
                t.day(LAST + 1);
                t.reveal(&first.text);
                t.package()
            },
        ),
        on_registers(
            "F9-early",
            "Responses are published before the window has ended",
            "consultation.md §9",
            &["opening.forbidden"],
            |name| {
                let mut t = Talk::open(name);
                let response = t.mark().respond("amna", "[[0]]");
                t.day(LAST);
                t.reveal(&response.text);
                t.package()
            },
        ),
        on_registers(
            "F9-spoken-for",
            "The service comments for a person who can sign",
            "consultation.md §4",
            &["consultation.participant"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().attest("amna", On::Document);
                t.package()
            },
        )
        .same(),
        on_registers(
            "F9-stranger",
            "The service responds for somebody who is not enrolled",
            "consultation.md §4",
            &["consultation.participant"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().respond_for("faisal", "[[0]]");
                t.package()
            },
        )
        .same(),
        on_registers(
            "F9-granted",
            "Somebody comments who was granted the role, and is not enrolled",
            "consultation.md §4",
            &["event.author"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().comment("granted", On::Document);
                t.package()
            },
        )
        .same(),
        on_registers(
            "F9-officer",
            "A person is enrolled with the key of a moderator",
            "consultation.md §4",
            &["consultation.participant"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().enrol("faisal", Some("moderator"));
                t.package()
            },
        )
        .same(),
        on_registers(
            "F9-unadmitted",
            "A visitor is enrolled where only citizens and residents are admitted",
            "consultation.md §4",
            &["consultation.eligibility"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().enrol_as("faisal", Some("faisal"), 3, true);
                t.package()
            },
        )
        .same(),
        on_registers(
            "F9-unverified",
            "Somebody is enrolled whose identity was not verified",
            "consultation.md §4",
            &["consultation.eligibility"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().enrol_as("faisal", Some("faisal"), 1, false);
                t.package()
            },
        )
        .same(),
        on_registers(
            "F9-stale",
            "A change of a person does not name what stood before",
            "consultation.md §4.2",
            &["consultation.participant"],
            |name| {
                let mut t = Talk::listed(name);
                t.define(1);
                t.day(FIRST);
                let amna = t.enrol("amna", Some("amna"));
                t.change_person("amna", amna, None, 1);
                t.mark().change_person("amna", amna, None, 2);
                t.package()
            },
        )
        .same(),
    ]
}

/// A comment of the window, and the day after it.
fn over(name: &str) -> (Talk, Said) {
    let mut t = Talk::open(name);
    let said = t.comment("amna", On::Document);
    t.day(LAST + 1);
    (t, said)
}

/// F10: no end without a report that answers everything.
fn ends() -> Vec<Case> {
    vec![
        on_registers(
            "F10-no-report",
            "A consultation is archived without a report",
            "consultation.md §8.5",
            &["consultation.report"],
            |name| {
                let (mut t, _) = over(name);
                t.mark().archive();
                t.package()
            },
        )
        .same(),
        on_registers(
            "F10-theme",
            "The report leaves out a theme",
            "consultation.md §8.4",
            &["consultation.report"],
            |name| {
                let (mut t, said) = over(name);
                t.theme("money");
                t.theme("noise");
                t.assign("money", &[said.at], &[]);
                t.mark().report(&[("money", 1)]);
                t.package()
            },
        )
        .same(),
        on_registers(
            "F10-comment",
            "The report leaves out a comment that counts",
            "consultation.md §8.4",
            &["consultation.report"],
            |name| {
                let (mut t, _) = over(name);
                t.theme("money");
                t.mark().report(&[("money", 1)]);
                t.package()
            },
        )
        .same(),
        on_registers(
            "F10-outcome",
            "The report gives a theme an outcome that there is not",
            "consultation.md §8.4",
            &["consultation.report"],
            |name| {
                let (mut t, said) = over(name);
                t.theme("money");
                t.assign("money", &[said.at], &[]);
                t.mark().report(&[("money", 4)]);
                t.package()
            },
        )
        .same(),
        on_registers(
            "F10-early",
            "The report is published on the last day of the window",
            "consultation.md §8.4",
            &["consultation.report"],
            |name| {
                let mut t = Talk::open(name);
                t.day(LAST);
                t.mark().report(&[]);
                t.package()
            },
        )
        .same(),
        on_registers(
            "F10-later-theme",
            "A theme that was defined behind the report is archived without an answer",
            "consultation.md §8.5",
            &["consultation.report"],
            |name| {
                let (mut t, said) = over(name);
                t.theme("money");
                t.assign("money", &[said.at], &[]);
                t.report(&[("money", 1)]);
                t.theme("noise");
                t.mark().archive();
                t.package()
            },
        )
        .same(),
        on_registers(
            "F10-removed",
            "A comment is taken out of its theme behind the report, and the consultation archived",
            "consultation.md §8.5",
            &["consultation.report"],
            |name| {
                let (mut t, said) = over(name);
                t.theme("money");
                t.assign("money", &[said.at], &[]);
                t.report(&[("money", 1)]);
                t.assign("money", &[], &[said.at]);
                t.mark().archive();
                t.package()
            },
        )
        .same(),
        on_registers(
            "F10-appeal",
            "A consultation is archived while an appeal is pending",
            "consultation.md §8.5",
            &["consultation.report"],
            |name| {
                let (mut t, said) = over(name);
                t.hide("moderator", said, 4, false);
                t.appeal("amna", said.at);
                t.report(&[]);
                t.mark().archive();
                t.package()
            },
        )
        .same(),
    ]
}

/// K1 to K3: order, definition, settings.
fn setup() -> Vec<Case> {
    vec![
        on_registers(
            "K1-undefined",
            "A person is enrolled before the consultation is defined",
            "consultation.md §2.1",
            &["consultation.order"],
            |name| {
                let mut t = Talk::listed(name);
                t.mark().enrol("amna", Some("amna"));
                t.package()
            },
        )
        .same(),
        on_registers(
            "K1-twice",
            "A consultation is defined again, with a longer window",
            "consultation.md §2.1",
            &["consultation.order"],
            |name| {
                let mut t = Talk::open(name);
                t.settings.last += 5;
                t.mark().define(1);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K1-archived",
            "An official answer behind the archive",
            "consultation.md §2.1",
            &["consultation.order"],
            |name| {
                let (mut t, said) = over(name);
                t.theme("all");
                t.assign("all", &[said.at], &[]);
                t.report(&[("all", 1)]);
                t.archive();
                t.mark().answer(&[said.at]);
                let answer = *t.w.committed.last().unwrap();
                t.w.withhold(&answer);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K2-past",
            "The window begins before the consultation is defined",
            "consultation.md §2.2",
            &["consultation.definition"],
            |name| {
                let mut t = Talk::listed(name);
                t.day(FIRST + 1);
                t.mark().define(1);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K2-question",
            "A question of which more must be chosen than may be",
            "consultation.md §2.2",
            &["consultation.definition"],
            |name| {
                let mut t = Talk::listed(name);
                let before = t.definition(0);
                let payload = question(Enc(before[..before.len() - 1].to_vec()).int(1), 2, 1).0;
                t.w.mark().push(TALK, 0x0601, "owner", payload);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K2-report",
            "The report is due before the window has ended",
            "consultation.md §2.3",
            &["consultation.definition"],
            |name| {
                let mut t = Talk::listed(name);
                t.settings.due = LAST;
                t.mark().define(1);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K3-shorter",
            "The window is shortened while it is open",
            "consultation.md §2.4",
            &["consultation.settings"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().change(|s| s.last -= 1);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K3-before",
            "A change does not state the settings that were in force",
            "consultation.md §2.4",
            &["consultation.settings"],
            |name| {
                let mut t = Talk::open(name);
                t.settings.due += 5;
                t.mark().change(|s| s.due += 1);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K3-overdue",
            "The day for the report is moved when it is overdue already",
            "consultation.md §2.4",
            &["consultation.settings"],
            |name| {
                let mut t = Talk::open(name);
                t.day(DUE + 1);
                t.mark().change(|s| s.due += 20);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K3-categories",
            "Residents are shut out while the window is open",
            "consultation.md §2.4",
            &["consultation.settings"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().change(|s| s.categories = vec![1]);
                t.package()
            },
        )
        .same(),
    ]
}

/// K4: versions of the document.
fn documents() -> Vec<Case> {
    vec![
        on_registers(
            "K4-skipped",
            "A version of the document is skipped",
            "consultation.md §3.1",
            &["consultation.document"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().publish(3, &CLAUSES, &[]);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K4-spaced",
            "A document with a space that has no place in it",
            "consultation.md §3.2",
            &["consultation.document"],
            |name| {
                let mut t = Talk::open(name);
                let text = document(&CLAUSES).replace(",\"text\"", ", \"text\"");
                t.mark().publish_bytes(2, text.as_bytes(), &[]);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K4-language",
            "A clause has no text in one of the languages",
            "consultation.md §3.2",
            &["consultation.document"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().publish(2, &[("hours", "")], &[]);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K4-missing",
            "A version of the document is not in the folder",
            "consultation.md §3",
            &["content.missing"],
            missing,
        )
        .door("content.missing"),
        on_registers(
            "K4-move",
            "Comments are moved away from a clause that is still there",
            "consultation.md §3.3",
            &["consultation.document"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().publish(2, &CLAUSES, &[("fee", "hours")]);
                t.package()
            },
        )
        .same(),
    ]
}

/// A folder that lacks a document: what rests on it is not established, and nobody is blamed for it.
fn missing(name: &str) -> Package {
    let mut t = Talk::open(name);
    t.comment("amna", On::Clause(1, CLAUSES[0], None));
    t.publish(2, &[("hours", "Parks never close.")], &[("fee", "hours")]);
    t.comment("badr", On::Clause(2, ("hours", "Parks never close."), None));
    let mut package = t.package();
    let document = super::forge::sha(&[document(&CLAUSES).as_bytes()]);
    package
        .files
        .remove(&format!("content/{}", hex::encode(document)));
    package
}

/// K7 to K9: comments.
fn comments() -> Vec<Case> {
    const OTHER: Clause = ("fee", "The fee is €50.");
    vec![
        on_registers(
            "K7-after",
            "A comment on the day after the window",
            "consultation.md §5.1",
            &["consultation.window"],
            |name| {
                let (mut t, _) = over(name);
                t.mark().comment("badr", On::Document);
                t.drop_last();
                t.package()
            },
        )
        .same(),
        on_registers(
            "K7-before",
            "A comment on the day before the window",
            "consultation.md §5.1",
            &["consultation.window"],
            |name| {
                let mut t = Talk::listed(name);
                t.define(1);
                t.enrol("amna", Some("amna"));
                t.mark().comment("amna", On::Document);
                t.drop_last();
                t.package()
            },
        )
        .same(),
        on_registers(
            "K7-reported",
            "A late comment behind the report",
            "consultation.md §5.1",
            &["consultation.window"],
            |name| {
                let settings = Settings {
                    late: 2,
                    ..Settings::default()
                };
                let mut t = Talk::open_with(name, settings, 1);
                t.day(LAST + 1);
                t.report(&[]);
                t.mark().comment("amna", On::Document);
                t.drop_last();
                t.package()
            },
        )
        .same(),
        on_registers(
            "K7-response",
            "A response on the day after the window, where late comments are taken",
            "consultation.md §7",
            &["consultation.window"],
            |name| {
                let settings = Settings {
                    late: 2,
                    ..Settings::default()
                };
                let mut t = Talk::open_with(name, settings, 1);
                t.day(LAST + 1);
                t.mark().respond("amna", "[[0]]");
                t.package()
            },
        )
        .same(),
        on_registers(
            "K6-changed",
            "Somebody comments who has become a visitor",
            "consultation.md §5.1",
            &["consultation.eligibility"],
            |name| {
                let mut t = Talk::listed(name);
                t.define(1);
                t.day(FIRST);
                let amna = t.enrol("amna", Some("amna"));
                t.change_person("amna", amna, Some("amna"), 3);
                t.mark().comment("amna", On::Document);
                t.drop_last();
                t.package()
            },
        )
        .same(),
        on_registers(
            "K8-wording",
            "A comment on a wording that the clause does not have",
            "consultation.md §5.1",
            &["consultation.clause"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().comment("amna", On::Clause(1, OTHER, None));
                t.drop_last();
                t.package()
            },
        )
        .same(),
        on_registers(
            "K8-version",
            "A comment on a version that was replaced",
            "consultation.md §5.1",
            &["consultation.clause"],
            |name| {
                let mut t = Talk::open(name);
                t.publish(2, &CLAUSES, &[]);
                t.mark().comment("amna", On::Clause(1, CLAUSES[0], None));
                t.drop_last();
                t.package()
            },
        )
        .same(),
        on_registers(
            "K8-quote",
            "A quotation that begins within a character",
            "consultation.md §5.1",
            &["consultation.clause"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().comment("amna", On::Clause(1, CLAUSES[1], Some((12, 2))));
                t.drop_last();
                t.package()
            },
        )
        .same(),
        on_registers(
            "K9-hidden",
            "A reply to a comment that is hidden",
            "consultation.md §5.1",
            &["consultation.comment"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.hide("moderator", said, 4, false);
                t.mark().comment("badr", On::Reply(said.at));
                t.drop_last();
                t.package()
            },
        )
        .same(),
        on_registers(
            "K9-both",
            "A reply that hangs on a clause too",
            "consultation.md §5.1",
            &["consultation.comment"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.mark().comment("badr", On::Both(said.at, CLAUSES[0]));
                t.drop_last();
                t.package()
            },
        )
        .same(),
        on_registers(
            "K9-deep",
            "A reply to a comment that is sixteen deep",
            "consultation.md §5.1",
            &["consultation.comment"],
            |name| {
                let mut t = Talk::open(name);
                let mut last = t.comment("amna", On::Document);
                for _ in 2..=16 {
                    last = t.comment("badr", On::Reply(last.at));
                }
                t.mark().comment("amna", On::Reply(last.at));
                t.drop_last();
                t.package()
            },
        )
        .same(),
        on_registers(
            "K9-other",
            "A comment is withdrawn by somebody else",
            "consultation.md §5.2",
            &["consultation.comment"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.mark().withdraw("badr", said);
                t.reveal(&said.text);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K9-twice",
            "A comment is withdrawn twice",
            "consultation.md §5.2",
            &["consultation.comment"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.withdraw("amna", said);
                t.mark().withdraw("amna", said);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K11-none",
            "A response where nothing is asked",
            "consultation.md §7",
            &["consultation.response"],
            |name| {
                let mut t = Talk::open_with(name, Settings::default(), 0);
                t.mark().respond("amna", "[]");
                t.package()
            },
        )
        .same(),
        on_registers(
            "K11-options",
            "Published answers choose both of two options where one may be chosen",
            "consultation.md §7",
            &["consultation.response"],
            |name| {
                let mut t = Talk::open(name);
                let response = t.mark().respond("amna", "[[0,1]]");
                t.day(LAST + 1);
                t.reveal(&response.text);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K11-lists",
            "Published answers have a list more than there are questions",
            "consultation.md §7",
            &["consultation.response"],
            |name| {
                let mut t = Talk::open(name);
                let response = t.mark().respond("amna", "[[0],[]]");
                t.day(LAST + 1);
                t.reveal(&response.text);
                t.package()
            },
        )
        .same(),
    ]
}

/// K10: moderation.
fn moderation() -> Vec<Case> {
    const CODES: &[&str] = &["consultation.moderation"];
    vec![
        on_registers(
            "K10-own",
            "An appeal is decided by the moderator who had hidden the comment",
            "consultation.md §6.4",
            CODES,
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.hide("moderator", said, 2, false);
                t.appeal("amna", said.at);
                t.mark().decide("moderator", said, 1);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K10-code",
            "A comment is hidden for a reason that there is not",
            "consultation.md §6.1",
            CODES,
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.mark().hide("moderator", said, 8, true);
                t.reveal(&said.text);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K10-note",
            "A comment is hidden for another reason, without a note",
            "consultation.md §6.1",
            CODES,
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.mark().hide("moderator", said, 7, false);
                t.reveal(&said.text);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K10-withdrawn",
            "A comment is hidden that its author has withdrawn",
            "consultation.md §6.1",
            CODES,
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.withdraw("amna", said);
                t.mark().hide("moderator", said, 2, false);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K10-again",
            "A second appeal against one hiding",
            "consultation.md §6.3",
            CODES,
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.hide("moderator", said, 2, false);
                t.appeal("amna", said.at);
                t.decide("other moderator", said, 1);
                t.mark().appeal("amna", said.at);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K10-restored",
            "A comment is restored whose appeal was rejected",
            "consultation.md §6.2",
            CODES,
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.hide("moderator", said, 2, false);
                t.appeal("amna", said.at);
                t.decide("other moderator", said, 1);
                t.mark().restore("moderator", said);
                t.w.withhold(&said.text);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K10-stranger",
            "An appeal by somebody who did not write the comment",
            "consultation.md §6.3",
            CODES,
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.hide("moderator", said, 2, false);
                t.mark().appeal("badr", said.at);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K10-owner",
            "A comment is hidden by the owner of the consultation",
            "events.md §9",
            &["event.author"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.mark().hide("owner", said, 4, false);
                t.reveal(&said.text);
                t.package()
            },
        )
        .same(),
    ]
}

/// K12, K13: answers and themes.
fn owners() -> Vec<Case> {
    vec![
        on_registers(
            "K12-hidden",
            "An official answer to a comment that is hidden",
            "consultation.md §8.1",
            &["consultation.answer"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.hide("moderator", said, 4, false);
                t.mark().answer(&[said.at]);
                t.drop_last();
                t.package()
            },
        )
        .same(),
        on_registers(
            "K12-nobody",
            "An official answer to nobody",
            "consultation.md §8.1",
            &["consultation.answer"],
            |name| {
                let mut t = Talk::open(name);
                t.mark().answer(&[]);
                t.drop_last();
                t.package()
            },
        )
        .same(),
        on_registers(
            "K13-twice",
            "A theme is defined twice",
            "consultation.md §8.2",
            &["consultation.theme"],
            |name| {
                let mut t = Talk::open(name);
                t.theme("money");
                t.mark().theme("money");
                t.package()
            },
        )
        .same(),
        on_registers(
            "K13-unknown",
            "Comments are assigned to a theme that is not defined",
            "consultation.md §8.3",
            &["consultation.theme"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.mark().assign("money", &[said.at], &[]);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K13-again",
            "A comment is assigned to a theme that it is in",
            "consultation.md §8.3",
            &["consultation.theme"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                t.theme("money");
                t.assign("money", &[said.at], &[]);
                t.mark().assign("money", &[said.at], &[]);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K13-no-comment",
            "Something is assigned to a theme that is no comment",
            "consultation.md §8.3",
            &["consultation.theme"],
            |name| {
                let mut t = Talk::open(name);
                t.theme("money");
                t.mark().assign("money", &[3], &[]);
                t.package()
            },
        )
        .same(),
    ]
}

/// K15: the moderation log, and a day that is not closed.
fn logs() -> Vec<Case> {
    vec![
        on_registers(
            "K15-counts",
            "The moderation log counts a comment less",
            "consultation.md §11",
            &["consultation.view"],
            |name| {
                let mut t = Talk::open(name);
                t.comment("amna", On::Document);
                t.mark()
                    .log("\"state\":\"pending\"", [4, 0, 0, 0, 0, 0, 0, 0, 0], "");
                t.package()
            },
        )
        .same(),
        on_registers(
            "K15-code",
            "The moderation log gives another reason than the moderator gave",
            "consultation.md §11",
            &["consultation.view"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment("amna", On::Document);
                let hidden = t.hide("moderator", said, 6, false);
                let step = t.step(hidden, "hidden", "moderator", Some("spam"));
                let comment = moderated(said, "hidden", "withheld", 0, &[step]);
                t.mark()
                    .log("\"state\":\"pending\"", [4, 1, 0, 1, 0, 0, 0, 0, 0], &comment);
                t.package()
            },
        )
        .same(),
        on_registers(
            "K15-overdue",
            "The moderation log calls an overdue report pending",
            "consultation.md §11",
            &["consultation.view"],
            |name| {
                let mut t = Talk::open(name);
                t.day(DUE + 1);
                t.mark()
                    .log("\"state\":\"pending\"", [4, 0, 0, 0, 0, 0, 0, 0, 0], "");
                t.package()
            },
        )
        .same(),
        on_registers(
            "K15-undefined",
            "A moderation log from before the consultation was defined",
            "consultation.md §11",
            &["consultation.view"],
            |name| {
                let mut t = Talk::listed(name);
                t.mark()
                    .log("\"state\":\"pending\"", [0, 0, 0, 0, 0, 0, 0, 0, 0], "");
                t.package()
            },
        )
        .same(),
        on_registers(
            "J8-comment",
            "A comment of a day before the day before it was closed",
            "jurisdiction.md §2.5",
            &["calendar.day"],
            |name| {
                let mut t = Talk::open(name);
                t.w.at(FIRST + 2, 0);
                t.mark().comment("amna", On::Document);
                t.package()
            },
        )
        .same(),
        on_registers(
            "J9-comment",
            "A comment repeats the commitment of another one",
            "jurisdiction.md §3",
            &["calendar.commitment"],
            |name| {
                let mut t = Talk::open(name);
                let said = t.comment_text("amna", On::Document, "Said once");
                let text = Enc::default().raw(&said.text).int(9).0;
                t.mark().w.next(move |draft: &mut Draft| {
                    let at = draft.payload.len() - text.len();
                    draft.payload.truncate(at);
                    draft.payload.extend_from_slice(&text);
                });
                t.comment("badr", On::Document);
                t.package()
            },
        )
        .same(),
    ]
}
