//! The calendar of a jurisdiction, what its registers saw of it, their commitments, erasures, views, openings; and what the folder leaves out.
//!
//! J and a number: the check of specs/verification.md §14 that finds it. L: the line of the attack list, on the ledgers of a jurisdiction.
//!
//! Spec: specs/jurisdiction.md.

use super::cases::{Case, Package};
use super::forge::{Enc, Ledger, Signing, grant, sha};
use super::jurisdiction::{
    Book, D0, Document, MOI, MOJ, Row, SILENT, STRICT, World, definition, fact, listing,
};
use super::requests::on_registers;

pub(super) fn all() -> Vec<Case> {
    let mut cases = calendar();
    cases.extend(registers());
    cases.extend(contents());
    cases.extend(ledgers());
    cases
}

/// Two registers with one request each, on a calendar of which one entry was changed.
fn calendar_with(
    name: &str,
    event_type: u16,
    nth: usize,
    change: impl Fn(&mut super::forge::Draft) + 'static,
) -> Package {
    let mut w = World::new(name);
    w.on("calendar", event_type, nth, change);
    w.found();
    for book in [MOI, MOJ] {
        w.begin(book);
        w.submit(book);
    }
    w.package()
}

/// One more entry on the calendar, by the commission.
fn and_then(name: &str, event_type: u16, payload: Vec<u8>) -> Package {
    let mut w = World::begun(name);
    w.mark().push(Book::Calendar, event_type, "commission", payload);
    w.package()
}

/// A request of the first day that was admitted, with the commitment of its summary.
fn admitted(name: &str) -> (World, u64, [u8; 32]) {
    let mut w = World::begun(name);
    let request = w.submit(MOI);
    w.admit(MOI, request);
    let summary = *w.committed.last().unwrap();
    (w, request, summary)
}

fn opening(commitment: &[u8; 32]) -> String {
    format!("openings/{}", hex::encode(commitment))
}

/// 14.1 to 14.5: the calendar ledger.
fn calendar() -> Vec<Case> {
    vec![
        on_registers(
            "J1-undefined",
            "A holiday before there is a jurisdiction",
            "jurisdiction.md §1.1",
            &["calendar.order"],
            |name| {
                let mut w = World::new(name);
                w.genesis(Book::Calendar);
                w.mark().declare(D0 + 60, D0 + 61);
                w.found_rest();
                w.package()
            },
        )
        .same(),
        on_registers(
            "J1-twice",
            "The jurisdiction is defined again, with another weekly rest",
            "jurisdiction.md §1.1",
            &["calendar.order"],
            |name| and_then(name, 0x0101, definition("Asia/Qatar", &[6, 7])),
        )
        .same(),
        on_registers(
            "J1-parent",
            "A register hangs on another ledger than the calendar",
            "foi.md §1.1",
            &["calendar.order"],
            |name| {
                let mut w = World::new(name);
                let grants = [grant("commission", 1, None), grant("officer", 7, None)];
                let parent = Some(w.id(MOJ));
                let ledger = Ledger::new("stray", 7, parent, &grants, "", w.dice.bytes());
                w.add_ledger(ledger, "stray-2026", "stray");
                w.found();
                w.begin(MOI);
                w.begin(MOJ);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J1-second",
            "A second calendar, with another weekly rest",
            "verification.md §14.1",
            &["calendar.order"],
            |name| {
                let mut w = World::begun(name);
                let trust = Some(w.trust());
                let grants = [grant("commission", 1, None)];
                let other = Ledger::new("other-calendar", 1, None, &grants, "", [1; 32]);
                let other = w.add_ledger(other, "other", "other");
                w.genesis(other);
                w.push(other, 0x0101, "commission", definition("Asia/Qatar", &[6, 7]));
                Package { trust, ..w.package() }
            },
        ),
        on_registers(
            "J2-rest",
            "The days of rest stand in another order",
            "jurisdiction.md §1.1",
            &["calendar.definition"],
            |name| {
                calendar_with(name, 0x0101, 0, |draft| {
                    draft.payload = definition("Asia/Qatar", &[6, 5]);
                })
            },
        )
        .same(),
        on_registers(
            "J2-name",
            "The jurisdiction has a name of white space",
            "jurisdiction.md §1.1",
            &["calendar.definition"],
            |name| {
                calendar_with(name, 0x0101, 0, |draft| {
                    let enc = Enc::default().text("Name").text(" ").text("Asia/Qatar");
                    draft.payload = enc.int(2).byte(5).byte(6).byte(1).0;
                })
            },
        )
        .same(),
        on_registers(
            "J3-overlap",
            "A holiday falls into another one",
            "rules.md §2.2",
            &["calendar.fact"],
            |name| and_then(name, 0x0102, fact(D0 + 31, D0 + 32, 2, None)),
        )
        .same(),
        on_registers(
            "J3-estimate",
            "An estimate corrects what was announced",
            "rules.md §2.2",
            &["calendar.fact"],
            |name| and_then(name, 0x0102, fact(D0 + 29, D0 + 31, 1, Some(4))),
        )
        .same(),
        on_registers(
            "J3-corrected",
            "A holiday is corrected that was corrected before",
            "rules.md §2.2",
            &["calendar.fact"],
            |name| {
                let mut w = World::begun(name);
                w.push(
                    Book::Calendar,
                    0x0102,
                    "commission",
                    fact(D0 + 32, D0 + 33, 2, Some(4)),
                );
                let again = fact(D0 + 34, D0 + 35, 2, Some(4));
                w.mark().push(Book::Calendar, 0x0102, "commission", again);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J3-withdrawn",
            "A holiday is withdrawn with a day less than it had",
            "rules.md §2.2",
            &["calendar.fact"],
            |name| and_then(name, 0x0102, fact(D0 + 30, D0 + 30, 3, Some(4))),
        )
        .same(),
        on_registers(
            "J3-backwards",
            "A holiday ends before it begins",
            "rules.md §2.2",
            &["calendar.fact"],
            |name| and_then(name, 0x0102, fact(D0 + 41, D0 + 40, 2, None)),
        )
        .same(),
        on_registers(
            "J3-long",
            "A holiday of 61 days",
            "rules.md §2.2",
            &["calendar.fact"],
            |name| and_then(name, 0x0102, fact(D0 + 40, D0 + 100, 2, None)),
        )
        .same(),
        on_registers(
            "J4-rest",
            "A pack for another weekly rest than that of the jurisdiction",
            "jurisdiction.md §1.3",
            &["calendar.pack"],
            |name| {
                let mut w = World::begun(name);
                let other = SILENT.replace("\"version\":1", "\"version\":3").replace(
                    "\"weekly_rest\":[\"friday\",\"saturday\"]",
                    "\"weekly_rest\":[\"saturday\",\"sunday\"]",
                );
                w.mark().adopt(&other);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J4-again",
            "A pack is adopted under the id and version of another one",
            "jurisdiction.md §1.3",
            &["calendar.pack"],
            |name| {
                let mut w = World::begun(name);
                w.mark()
                    .adopt(&SILENT.replace("\"answer_days\":5", "\"answer_days\":50"));
                w.package()
            },
        )
        .same(),
        on_registers(
            "J4-form",
            "A pack with a space that its canonical form does not have",
            "rules.md §3.5",
            &["calendar.pack"],
            |name| {
                let mut w = World::begun(name);
                let spaced = SILENT.replace("\"version\":1", "\"version\": 3");
                w.mark().adopt(&spaced);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J4-silence",
            "A pack that deems grievances rejected without a time to decide them",
            "rules.md §3.2",
            &["calendar.pack"],
            |name| {
                let mut w = World::begun(name);
                let endless = SILENT
                    .replace("\"version\":1", "\"version\":3")
                    .replace("\"grievance_decision_days\":5,", "");
                w.mark().adopt(&endless);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J4-kind",
            "A pack is adopted for a kind of register that has none",
            "jurisdiction.md §1.3",
            &["calendar.pack"],
            |name| {
                let mut w = World::begun(name);
                w.mark().next(|draft| draft.payload[0] = 6);
                w.adopt(&SILENT.replace("\"version\":1", "\"version\":3"));
                w.package()
            },
        )
        .same(),
        on_registers(
            "J5-id",
            "Two registers have one name",
            "jurisdiction.md §1.4",
            &["calendar.register"],
            |name| and_then(name, 0x0104, listing([7; 32], 7, 1, "moi-2026", "moi")),
        )
        .same(),
        on_registers(
            "J5-ledger",
            "A register is listed twice, under two names",
            "jurisdiction.md §1.4",
            &["calendar.register"],
            |name| {
                let mut w = World::begun(name);
                let again = listing(w.id(MOI), 7, 1, "moi-2026-b", "moi");
                w.mark().push(Book::Calendar, 0x0104, "commission", again);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J5-itself",
            "The calendar lists itself as a register",
            "jurisdiction.md §1.4",
            &["calendar.register"],
            |name| {
                let mut w = World::begun(name);
                let itself = listing(w.id(Book::Calendar), 7, 1, "itself", "itself");
                w.mark().push(Book::Calendar, 0x0104, "commission", itself);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J5-form",
            "A register has capitals in its name",
            "jurisdiction.md §1.4",
            &["calendar.register"],
            |name| and_then(name, 0x0104, listing([7; 32], 7, 1, "MOI-2027", "moi")),
        )
        .door("entry.encoding"),
        on_registers(
            "J5-secret",
            "A register of freedom of information that is not public",
            "jurisdiction.md §1.4",
            &["calendar.register"],
            |name| and_then(name, 0x0104, listing([7; 32], 7, 2, "moi-2027", "moi")),
        )
        .same(),
        on_registers(
            "J5-kind",
            "A register of a kind that there is not",
            "jurisdiction.md §1.4",
            &["calendar.register"],
            |name| and_then(name, 0x0104, listing([7; 32], 8, 1, "moi-2027", "moi")),
        )
        .same(),
    ]
}

/// 14.6 to 14.8: what registers saw, and their days.
fn registers() -> Vec<Case> {
    vec![
        on_registers(
            "J6-kind",
            "A register is listed under another kind than it has",
            "verification.md §14.6",
            &["calendar.registers"],
            |name| {
                let mut w = World::new(name);
                let third = w.add_register(7, "moph-2026", "moph", "");
                let Book::Register(at) = third else {
                    return w.package();
                };
                w.genesis(Book::Calendar);
                w.genesis(third);
                w.push(
                    Book::Calendar,
                    0x0101,
                    "commission",
                    definition("Asia/Qatar", &[5, 6]),
                );
                let listed = listing(w.registers[at].ledger.id, 6, 1, "moph-2026", "moph");
                w.push(Book::Calendar, 0x0104, "commission", listed);
                w.registers.remove(1);
                w.registers.remove(0);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J7-unlisted",
            "A register begins before the calendar lists it",
            "jurisdiction.md §2.2",
            &["calendar.seen"],
            |name| {
                let mut w = World::new(name);
                let third = w.add_register(7, "moph-2026", "moph", "");
                let late = w.registers.pop();
                w.found();
                w.registers.extend(late);
                w.genesis(third);
                w.mark().see(third);
                w.list(third);
                w.begin(MOI);
                w.begin(MOJ);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J7-first",
            "A register begins with a request",
            "jurisdiction.md §2.2",
            &["calendar.seen"],
            |name| {
                let mut w = World::new(name);
                w.found();
                w.begin(MOJ);
                w.mark().submit(MOI);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J7-same",
            "A register takes note of the calendar, which has not grown",
            "jurisdiction.md §2.2",
            &["calendar.seen", "entry.nonce"],
            |name| {
                let mut w = World::begun(name);
                w.submit(MOI);
                // The nonce follows from the size.
                w.mark().see(MOI);
                w.package()
            },
        )
        .door("repeated"),
        on_registers(
            "J7-older",
            "A register takes note of an older state of the calendar",
            "jurisdiction.md §2.2",
            &["calendar.seen"],
            |name| {
                let mut w = World::new(name);
                w.found();
                let before = w.calendar.cite();
                w.declare(D0 + 40, D0 + 41);
                w.begin(MOI);
                w.begin(MOJ);
                w.mark().next(move |draft| draft.refs = vec![before]);
                w.see(MOI);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J7-less",
            "A day is closed with less of the calendar than was seen before",
            "jurisdiction.md §2.2",
            &["calendar.seen"],
            |name| {
                let mut w = World::new(name);
                w.found();
                let before = w.calendar.cite();
                w.declare(D0 + 40, D0 + 41);
                w.begin(MOI);
                w.begin(MOJ);
                w.at(D0 + 1, 0);
                w.mark().close_citing(MOI, D0, before, &[]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J8-blind",
            "A day is closed without a pack that the calendar adopted on it",
            "jurisdiction.md §2.4",
            &["calendar.day"],
            |name| {
                let mut w = World::begun(name);
                let before = w.calendar.cite();
                w.adopt(&STRICT.replace("\"version\":2", "\"version\":3"));
                w.at(D0 + 1, 0);
                w.mark().close_citing(MOI, D0, before, &[]);
                w.package()
            },
        )
        .same(),
    ]
}

/// 14.9 to 14.12: commitments, erasures, views, openings.
fn contents() -> Vec<Case> {
    vec![
        on_registers(
            "J9-twice",
            "A commitment stands on the ledger twice",
            "jurisdiction.md §3",
            &["calendar.commitment"],
            |name| {
                let (mut w, request, _) = admitted(name);
                let requester = w.committed[0];
                w.mark().next(move |draft| {
                    let end = draft.payload.len();
                    draft.payload[end - 33..end - 1].copy_from_slice(&requester);
                });
                w.ask(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J9-nothing",
            "A commitment to nothing",
            "jurisdiction.md §3",
            &["calendar.commitment"],
            |name| {
                let (mut w, request, _) = admitted(name);
                w.mark().next(|draft| {
                    let end = draft.payload.len();
                    draft.payload[end - 1] = 0;
                });
                w.ask(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J9-long",
            "A question of more than 65536 bytes",
            "jurisdiction.md §3",
            &["calendar.commitment"],
            |name| {
                let (mut w, request, _) = admitted(name);
                let question = w.commit(&vec![b'?'; 65_537], false);
                let payload = Enc::default().int(request).raw(&question).0;
                w.mark().push(MOI, 0x070a, "officer", payload);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J10-alone",
            "Who ordered an erasure confirms it",
            "jurisdiction.md §3.2",
            &["calendar.erasure"],
            |name| {
                let (mut w, _, summary) = admitted(name);
                let order = w.order_erasure(MOI, &[summary]);
                w.mark().by("commission").confirm_erasure(MOI, order, &[]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J10-stranger",
            "An erasure of what does not stand on the ledger",
            "jurisdiction.md §3.2",
            &["calendar.erasure"],
            |name| {
                let (mut w, ..) = admitted(name);
                w.mark().order_erasure(MOI, &[[7; 32]]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J10-again",
            "An erasure is confirmed twice",
            "jurisdiction.md §3.2",
            &["calendar.erasure"],
            |name| {
                let (mut w, _, summary) = admitted(name);
                let order = w.order_erasure(MOI, &[summary]);
                w.confirm_erasure(MOI, order, &[summary]);
                w.mark().confirm_erasure(MOI, order, &[]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J10-no-order",
            "An erasure is confirmed that nobody ordered",
            "jurisdiction.md §3.2",
            &["calendar.erasure"],
            |name| {
                let (mut w, ..) = admitted(name);
                w.mark().confirm_erasure(MOI, [7; 32], &[]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J10-erased",
            "What was erased is erased again by another order",
            "jurisdiction.md §3.2",
            &["calendar.erasure"],
            |name| {
                let (mut w, _, summary) = admitted(name);
                let first = w.order_erasure(MOI, &[summary]);
                let second = w.order_erasure(MOI, &[summary]);
                w.confirm_erasure(MOI, first, &[summary]);
                w.mark().confirm_erasure(MOI, second, &[]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J11-name",
            "A view that a register of this kind does not have",
            "jurisdiction.md §5",
            &["calendar.view"],
            |name| {
                let (mut w, ..) = admitted(name);
                let size = w.ledger(MOI).size();
                w.mark().publish_view(MOI, "moderation-log", size, b"{}");
                w.package()
            },
        )
        .same(),
        on_registers(
            "J11-future",
            "Due dates of more entries than there are",
            "jurisdiction.md §5",
            &["calendar.view"],
            |name| {
                let (mut w, request, _) = admitted(name);
                let size = w.ledger(MOI).size() + 1;
                let row = Row::new(1, request, D0, "running").due(D0 + 7);
                w.mark().board_of(MOI, size, &[row]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J11-again",
            "Due dates of one size are published again, with a later date",
            "jurisdiction.md §5",
            &["calendar.view", "foi.due-dates"],
            |name| {
                let (mut w, request, _) = admitted(name);
                let size = w.ledger(MOI).size();
                let row = Row::new(1, request, D0, "running").due(D0 + 7);
                w.board_of(MOI, size, std::slice::from_ref(&row));
                w.mark().board_of(MOI, size, &[row.due(D0 + 8)]);
                w.package()
            },
        )
        .door("calendar.view"),
        on_registers(
            "J11-undefined",
            "Due dates from before the register was defined",
            "foi.md §9",
            &["calendar.view"],
            |name| {
                let mut w = World::begun(name);
                w.mark().board_of(MOI, 2, &[]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J12-missing",
            "The summary of a request is not published",
            "jurisdiction.md §6",
            &["opening.missing"],
            |name| {
                let (w, _, summary) = admitted(name);
                let mut package = w.package();
                package.files.remove(&opening(&summary)).unwrap();
                package
            },
        )
        .same(),
        on_registers(
            "J12-mismatch",
            "The published summary of a request is not the one that was committed to",
            "jurisdiction.md §3",
            &["opening.mismatch"],
            |name| {
                let (w, _, summary) = admitted(name);
                let mut package = w.package();
                *package
                    .files
                    .get_mut(&opening(&summary))
                    .unwrap()
                    .last_mut()
                    .unwrap() ^= 1;
                package
            },
        )
        .door("opening.missing"),
        on_registers(
            "J12-length",
            "The published file is longer than its commitment says",
            "jurisdiction.md §3",
            &["opening.mismatch"],
            |name| {
                let (mut w, request, _) = admitted(name);
                w.decide(MOI, request, &[Document::Released]);
                w.mark().next(|draft| {
                    let end = draft.payload.len();
                    draft.payload[end - 1] -= 1;
                });
                w.release(MOI, request, &[0]);
                w.package()
            },
        )
        .door("opening.missing"),
        on_registers(
            "J12-closed",
            "What the requester asked is published",
            "jurisdiction.md §3, foi.md §10",
            &["opening.forbidden"],
            |name| {
                let mut w = World::begun(name);
                let (requester, text) = (w.closed("Fatima"), w.open("What did the tower cost?"));
                w.by_service(MOI, 0x0704, [requester, text, vec![0]].concat());
                w.package()
            },
        ),
        on_registers(
            "J12-withdrawn",
            "A file is published whose release was withdrawn",
            "foi.md §5.3",
            &["opening.forbidden"],
            |name| {
                let (mut w, request, _) = admitted(name);
                w.decide(MOI, request, &[Document::Released]);
                let files = w.release(MOI, request, &[0]);
                let openings = w.openings.clone();
                w.take_back(MOI, request, &[(0, files[0])]);
                w.openings.extend(openings);
                w.package()
            },
        ),
        on_registers(
            "J12-erased",
            "A summary is published that was erased",
            "jurisdiction.md §3.2",
            &["opening.forbidden"],
            |name| {
                let (mut w, _, summary) = admitted(name);
                let openings = w.openings.clone();
                let order = w.order_erasure(MOI, &[summary]);
                w.confirm_erasure(MOI, order, &[summary]);
                w.openings.extend(openings);
                w.package()
            },
        ),
        on_registers(
            "J12-ordered",
            "A summary is withheld whose erasure was ordered and not confirmed",
            "jurisdiction.md §3.2",
            &["opening.missing"],
            |name| {
                let (mut w, _, summary) = admitted(name);
                w.order_erasure(MOI, &[summary]);
                w.withhold(&summary);
                w.package()
            },
        ),
        on_registers(
            "J12-form",
            "A published text with a control character",
            "jurisdiction.md §3",
            &["opening.form"],
            |name| {
                let mut w = World::begun(name);
                let request = w.submit(MOI);
                let summary = w.open("A bell \u{7}");
                let payload = Enc::default().int(request).raw(&summary).0;
                w.mark().push(MOI, 0x0706, "officer", payload);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J12-direction",
            "A published text that is written backwards on the screen",
            "jurisdiction.md §3",
            &["opening.form"],
            |name| {
                let mut w = World::begun(name);
                let request = w.submit(MOI);
                let summary = w.open("\u{202e}sesnepxe");
                let payload = Enc::default().int(request).raw(&summary).0;
                w.mark().push(MOI, 0x0706, "officer", payload);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J12-two-places",
            "What is a file on one register is published as a text on another one, and has a control character",
            "jurisdiction.md §6",
            &["opening.form"],
            |name| {
                let (mut w, request, _) = admitted(name);
                w.decide(MOI, request, &[Document::Released]);
                let file = w.open("A bell \u{7}");
                let release = Enc::default().int(request).int(1).int(0).raw(&file).0;
                w.push(MOI, 0x0714, "officer", release);
                let other = w.submit(MOJ);
                let payload = Enc::default().int(other).raw(&file).0;
                w.mark().push(MOJ, 0x0706, "officer", payload);
                w.package()
            },
        )
        .same(),
        on_registers(
            "J12-stranger",
            "An opening of a commitment that stands on no ledger",
            "jurisdiction.md §6",
            &["folder.unexpected"],
            |name| {
                let (w, ..) = admitted(name);
                let mut package = w.package();
                package.files.insert(opening(&[7; 32]), vec![0; 40]);
                package
            },
        ),
    ]
}

/// The lines of ledgers, on those of a jurisdiction.
fn ledgers() -> Vec<Case> {
    vec![
        on_registers(
            "L24-register",
            "The register of an authority is left out of the folder",
            "jurisdiction.md §6",
            &["calendar.omitted", "trust.ledger"],
            |name| {
                let (mut w, ..) = admitted(name);
                let trust = Some(w.trust());
                w.registers[1].published = false;
                Package { trust, ..w.package() }
            },
        ),
        on_registers(
            "L24-untrusted-register",
            "The register of an authority is left out of folder and trust file",
            "jurisdiction.md §6",
            &["calendar.omitted"],
            |name| {
                let (mut w, ..) = admitted(name);
                w.registers[1].published = false;
                w.package()
            },
        ),
        on_registers(
            "L24-stray-register",
            "A register is in the folder that the calendar does not list",
            "jurisdiction.md §6",
            &["calendar.unlisted"],
            |name| {
                let (mut w, ..) = admitted(name);
                let trust = Some(w.trust());
                let stray = w.add_register(7, "stray-2026", "stray", "");
                w.genesis(stray);
                Package { trust, ..w.package() }
            },
        ),
        on_registers(
            "L28-register",
            "An older state of a register is published than one that is known",
            "verification.md §2.4",
            &["trust.checkpoint"],
            |name| {
                let (mut w, request, _) = admitted(name);
                let grievance = w.ask(MOI, request);
                let mut package = w.package();
                let folder = format!("ledgers/{}/", hex::encode(w.id(MOI)));
                package.files.retain(|path, _| !path.starts_with(&folder));
                w.ledger(MOI).publish_first(grievance, &mut package.files);
                package
            },
        ),
        on_registers(
            "L3-register",
            "A request is taken out, and everything behind it written again",
            "verification.md §2.4",
            &["ledger.fork"],
            |name| {
                // The same randomness, so the same ledgers.
                let mut honest = World::begun(name);
                honest.submit(MOI);
                honest.admit(MOI, 3);
                let mut w = World::begun(name);
                w.now += 60_000;
                let request = w.submit(MOI);
                w.admit(MOI, request);
                let trust = Some(honest.trust());
                Package { trust, ..w.package() }
            },
        ),
        on_registers(
            "L26-registers",
            "Everything is consistent, under keys of the forger's own",
            "verification.md §2.3",
            &["calendar.order", "trust.file", "trust.ledger"],
            |name| {
                let honest = World::begun(name);
                let mut w = World::of_owner(name, "forged ");
                w.found();
                w.begin(MOI);
                w.begin(MOJ);
                let trust = Some(honest.trust());
                Package { trust, ..w.package() }
            },
        ),
        on_registers(
            "L2-register",
            "An entry of a register does not name the one before it",
            "ledger.md §5",
            &["entry.chain"],
            |name| {
                let (mut w, request, _) = admitted(name);
                w.mark().next(|draft| draft.prev[0] ^= 1);
                w.ask(MOI, request);
                w.package()
            },
        ),
        on_registers(
            "L1-register",
            "The signature of an officer does not hold",
            "ledger.md §1.2",
            &["entry.signature"],
            |name| {
                let (mut w, request, _) = admitted(name);
                w.mark().next(|draft| draft.signing = Signing::Broken);
                w.ask(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "L22-register",
            "A request to another authority is replayed",
            "ledger.md §4",
            &["entry.ledger"],
            |name| {
                let mut w = World::begun(name);
                w.submit(MOJ);
                let replay = w.ledger(MOJ).bodies.last().cloned();
                w.mark().next(move |draft| draft.replay = replay);
                w.submit(MOI);
                w.package()
            },
        )
        .door("repeated"),
        on_registers(
            "L18-register",
            "An event that no register has",
            "events.md §8",
            &["event.unknown"],
            |name| {
                let (mut w, ..) = admitted(name);
                w.mark().push(MOI, 0x071b, "officer", vec![3]);
                w.package()
            },
        )
        .same(),
        on_registers(
            "L18-of-calendar",
            "A holiday is declared on a register",
            "events.md §6",
            &["event.unknown"],
            |name| {
                let (mut w, ..) = admitted(name);
                w.mark()
                    .push(MOI, 0x0102, "commission", fact(D0 + 40, D0 + 41, 2, None));
                w.package()
            },
        )
        .same(),
        on_registers(
            "L19-register",
            "An officer for grievances admits a request",
            "events.md §8",
            &["event.author"],
            |name| {
                let mut w = World::begun(name);
                let request = w.submit(MOI);
                w.mark().by("judge").admit(MOI, request);
                w.package()
            },
        )
        .same(),
        on_registers(
            "L19-holiday",
            "An officer declares a holiday",
            "events.md §6",
            &["event.author"],
            |name| {
                let mut w = World::begun(name);
                w.mark().by("officer").declare(D0 + 40, D0 + 41);
                w.package()
            },
        )
        .same(),
        on_registers(
            "L16-register-pack",
            "The pack that the jurisdiction adopted is not in the folder",
            "verification.md §2.6",
            &["content.missing", "foi.definition"],
            |name| {
                let (w, ..) = admitted(name);
                let mut package = w.package();
                let pack = sha(&[SILENT.as_bytes()]);
                package
                    .files
                    .remove(&format!("content/{}", hex::encode(pack)))
                    .unwrap();
                package
            },
        )
        .door("content.missing"),
        on_registers(
            "L13-register",
            "The service hides a message in the nonce of a request",
            "jurisdiction.md §2.6",
            &["event.nonce"],
            |name| {
                let mut w = World::begun(name);
                w.mark().next(|draft| draft.nonce = Some(*b"for your eyes on"));
                w.submit(MOI);
                w.package()
            },
        )
        .same(),
        on_registers(
            "L27-register",
            "A decision that was signed long ago is put in now",
            "ledger.md §4.2",
            &["entry.seen"],
            |name| {
                let (mut w, request, _) = admitted(name);
                let seen = w.ledger(MOI).size();
                let root = super::forge::root(&w.ledger(MOI).leaves);
                w.submit(MOI);
                w.at(D0, 300);
                w.mark().next(move |draft| {
                    draft.seen = Some((seen, root));
                });
                w.decide(MOI, request, &[Document::NotHeld]);
                w.package()
            },
        )
        .same(),
    ]
}
