//! Events with polling stations: honest ones are verified in both profiles, and every rule of specs/station.md that is broken is named.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::collections::BTreeSet;

use sijill_verifier::{
    CheckVerdict, EarlierReport, MemorySource, Profile, Report, Stage, Verdict, verify_event_source,
    verify_event_source_since,
};
use support::stations::{
    Act, Definition, MANIFEST, Person, Plan, Played, checks_in, issues, list_bytes, paper_bytes,
    paper_payload, play,
};
use support::{Draft, Enc, build, public};

fn verify(played: &Played, profile: Profile) -> Report {
    let files = played.files(profile == Profile::Accredited);
    verify_event_source(&files, Some(&played.trust()), profile, Stage::Certified).unwrap()
}

fn codes(report: &Report) -> BTreeSet<&'static str> {
    report
        .checks
        .iter()
        .flat_map(|check| check.counter_examples.iter().map(|example| example.code))
        .collect()
}

#[test]
fn honest_events_are_verified() {
    let mut resolved = Plan::honest();
    // Two officers though one would do, a mismatch that is explained, and a new chair.
    second(&mut resolved, "p5", Some("n-b"));
    set_return(&mut resolved, "north", "east", [4, 2, 0, 1]);
    resolved.resolved.push(("north", Some("east")));
    resolved.insert_before(ends, Act::Name("north", "n-a", true));
    let plans = [
        Plan::honest(),
        Plan::void_digital(),
        Plan::first_vote_final(),
        resolved,
    ];
    for plan in plans {
        let played = play(&plan, &|_| {}, &|_, bytes| bytes);
        for profile in [Profile::Public, Profile::Accredited] {
            let report = verify(&played, profile);
            assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_full_text());
            let of_stations = report
                .checks
                .iter()
                .filter(|check| check.number.starts_with("20."));
            assert_eq!(of_stations.clone().count(), 15);
            for check in of_stations {
                assert_ne!(check.verdict, CheckVerdict::Fail);
                assert_eq!(check.not_established.is_empty(), profile == Profile::Accredited);
            }
        }
    }
}

/// Changes contents by their names.
type OnContent = Box<dyn Fn(&str, Vec<u8>) -> Vec<u8> + Sync>;

/// A forgery: the codes that are reported (all of them, unless the last is `…`), and how the plan, its entries and its contents are changed.
struct Case {
    codes: &'static [&'static str],
    what: &'static str,
    plan: Plan,
    hook: Box<dyn Fn(&mut Draft) + Sync>,
    content: OnContent,
}

fn case(codes: &'static [&'static str], what: &'static str, change: impl Fn(&mut Plan)) -> Case {
    changed(Plan::honest(), codes, what, change)
}

fn changed(
    mut plan: Plan,
    codes: &'static [&'static str],
    what: &'static str,
    change: impl Fn(&mut Plan),
) -> Case {
    change(&mut plan);
    Case {
        codes,
        what,
        plan,
        hook: Box::new(|_| {}),
        content: Box::new(|_, bytes| bytes),
    }
}

impl Case {
    /// Changes the `nth` entry of a type on a ledger.
    fn entry(
        mut self,
        ledger: &'static str,
        event_type: u16,
        nth: usize,
        change: impl Fn(&mut Draft) + Sync + 'static,
    ) -> Case {
        self.hook = Box::new(move |draft| {
            if draft.ledger == ledger && draft.event_type == event_type && draft.nth == nth {
                change(draft);
            }
        });
        self
    }

    fn content(mut self, name: &'static str, change: impl Fn(Vec<u8>) -> Vec<u8> + Sync + 'static) -> Case {
        self.content = Box::new(move |this, bytes| if this == name { change(bytes) } else { bytes });
        self
    }

    fn play(&self) -> Played {
        play(&self.plan, &*self.hook, &*self.content)
    }
}

fn define(codes: &'static [&'static str], what: &'static str, change: fn(&mut Definition)) -> Case {
    case(codes, what, |plan| plan.define.push(("harbour", change)))
}

fn guest(label: &'static str, n: u8) -> Act {
    Act::CheckIn {
        at: "north",
        by: "n-a",
        label,
        person: Person::Guest(n),
        listed: false,
        document: 1,
    }
}

fn check_in(at: &'static str, by: &'static str, label: &'static str, person: Person, listed: bool) -> Act {
    Act::CheckIn {
        at,
        by,
        label,
        person,
        listed,
        document: 1,
    }
}

fn paper(
    label: &'static str,
    check_in: &'static str,
    envelope: Option<u64>,
    replaces: Option<&'static str>,
    second: Option<&'static str>,
) -> Act {
    Act::Issue {
        at: "north",
        by: "n-a",
        label,
        check_in,
        envelope,
        replaces,
        second,
    }
}

const fn closes(station: &'static str) -> impl Fn(&Act) -> bool {
    move |act| matches!(act, Act::Close(at, ..) if *at == station)
}

const fn finishes(station: &'static str) -> impl Fn(&Act) -> bool {
    move |act| matches!(act, Act::Final(at, _) if *at == station)
}

fn opens(act: &Act) -> bool {
    matches!(act, Act::Open("north", _))
}

fn decides(paper: &'static str) -> impl Fn(&Act) -> bool {
    move |act| matches!(act, Act::Decide(_, label, ..) if *label == paper)
}

fn ends(act: &Act) -> bool {
    matches!(act, Act::EndOfPoll)
}

fn opens_exclusions(act: &Act) -> bool {
    matches!(act, Act::OpenExclusions)
}

/// Changes the second officer of a paper.
fn second(plan: &mut Plan, label: &'static str, officer: Option<&'static str>) {
    let at = plan.find(issues(label));
    if let Act::Issue { second, .. } = &mut plan.script[at] {
        *second = officer;
    }
}

/// How many papers are left over at north.
fn left_over(plan: &mut Plan, papers: u64) {
    let at = plan.find(closes("north"));
    plan.script[at] = Act::Close("north", "n-chair", papers);
}

fn set_return(plan: &mut Plan, station: &str, district: &str, numbers: [u64; 4]) {
    let returned = plan
        .returns
        .iter_mut()
        .find(|(at, of, _)| *at == station && *of == district);
    returned.unwrap().2 = numbers;
}

/// Neutral element: a key of small order.
const SMALL: [u8; 32] = {
    let mut key = [0; 32];
    key[0] = 1;
    key
};

#[allow(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<Case> {
    let mut cases = vec![
        // §1: listing and definition.
        case(&["election.order"], "a station that is public", |_| {}).entry("election", 0x0301, 0, |draft| {
            let listed = [5, 2, 0];
            let at = draft
                .payload
                .windows(3)
                .position(|bytes| bytes == listed)
                .unwrap();
            draft.payload[at + 1] = 1;
        }),
        case(&["entry.refs"], "a station without parent", |plan| {
            plan.orphan = Some("north")
        }),
        define(&["station.defined"], "an id twice", |d| {
            d.station = "south".to_owned()
        }),
        define(&["station.defined"], "no name", |d| d.name_en.clear()),
        define(&["station.defined"], "a name with a control character", |d| {
            d.name_en = "a\u{202e}b".to_owned();
        }),
        define(&["station.defined"], "no districts", |d| d.districts.clear()),
        define(&["station.defined"], "districts not sorted", |d| {
            d.districts = vec!["west".to_owned(), "east".to_owned()];
        }),
        define(&["station.defined"], "a district that is none", |d| {
            d.districts.push("zebra".to_owned());
        }),
        define(&["station.defined"], "too long a queue", |d| {
            d.queue_ms = 14_400_001
        }),
        define(&["station.defined"], "one member", |d| d.members.truncate(1)),
        define(&["station.defined"], "members not sorted", |d| {
            d.members.reverse()
        }),
        define(&["station.defined"], "the chair is a member", |d| {
            d.chair = d.members[0]
        }),
        define(&["station.defined"], "a chair of small order", |d| {
            d.chair = SMALL
        }),
        define(&["station.defined"], "another list", |d| d.voters[0] ^= 1),
        define(&["station.defined"], "another pack", |d| d.pack[0] ^= 1),
        define(&["station.defined"], "another number of voters", |d| d.count += 1),
        define(&["station.defined"], "a list of another district", |d| {
            d.districts = vec!["east".to_owned()];
        }),
        define(&["entry.encoding", "…"], "a malformed id", |d| {
            d.station = "North".to_owned()
        }),
        define(&["entry.encoding", "…"], "an integer beyond the limit", |d| {
            d.count = 1 << 53
        }),
        case(&["station.defined"], "defined twice", |_| {}).entry("election", 0x0312, 0, |d| d.copies = 2),
        case(&["station.defined"], "the list is not cited", |plan| {
            plan.early.push("definition")
        }),
        changed(
            Plan::first_vote_final(),
            &["station.defined"],
            "the first vote is final, without a network",
            |plan| plan.online = false,
        ),
        case(
            &[
                "station.defined",
                "station.lost",
                "station.decided",
                "station.exclusions",
                "paper.return",
            ],
            "a station is never defined",
            |_| {},
        )
        .entry("election", 0x0312, 2, |d| d.copies = 0),
        case(&["station.defined"], "an officer is named who is one", |plan| {
            plan.insert_before(ends, Act::Name("north", "n-a", false));
        }),
        case(
            &["station.defined"],
            "an officer is named who was revoked",
            |plan| {
                plan.insert_before(ends, Act::Name("south", "s-c", false));
            },
        ),
        case(
            &["station.defined"],
            "a chair is named who is the chair",
            |plan| {
                plan.insert_before(ends, Act::Name("north", "n-chair", true));
            },
        ),
        case(
            &["station.defined"],
            "an officer is named of a final station",
            |plan| {
                plan.insert_after(finishes("north"), Act::Name("north", "late", false));
            },
        ),
        case(&["station.defined"], "an officer of small order", |plan| {
            plan.insert_before(ends, Act::Name("north", "extra", false));
        })
        .entry("election", 0x0313, 0, |d| {
            d.payload[32..64].copy_from_slice(&SMALL)
        }),
        case(
            &["station.defined"],
            "somebody is revoked who is no officer",
            |plan| {
                plan.insert_before(ends, Act::Revoke("north", "nobody"));
            },
        ),
        case(
            &["station.defined"],
            "an officer is revoked of a lost station",
            |plan| {
                plan.insert_before(opens_exclusions, Act::Revoke("harbour", "h-a"));
            },
        ),
        // §2: the books come to the centre.
        // Then the book came after the revocation, and what that officer did is provisional.
        case(
            &["station.anchor", "station.exclusions"],
            "another size than cited",
            |_| {},
        )
        .entry("election", 0x0315, 0, |d| {
            d.payload[32] -= 1;
        }),
        case(
            &["station.anchor", "entry.nonce"],
            "anchored twice at one size",
            |plan| {
                plan.insert_after(|act| matches!(act, Act::Anchor(_)), Act::Anchor("south"));
            },
        ),
        case(&["station.anchor"], "a final station is anchored", |plan| {
            plan.insert_after(finishes("north"), Act::Anchor("north"));
        }),
        case(&["event.grant", "station.anchor"], "the book goes on", |plan| {
            plan.insert_after(finishes("north"), Act::Grant("north", "late"));
        }),
        case(&["station.final"], "two signatures", |plan| {
            let at = plan.find(finishes("north"));
            plan.script[at] = Act::Final("north", vec!["n-chair", "n-a"]);
        }),
        case(&["station.final"], "the chair did not sign", |plan| {
            let at = plan.find(finishes("south"));
            plan.insert_before(ends, Act::Name("south", "s-d", false));
            plan.script[at + 1] = Act::Final("south", vec!["s-d", "s-a", "s-b"]);
        }),
        case(&["station.final"], "a revoked officer signed", |plan| {
            let at = plan.find(finishes("south"));
            plan.script[at] = Act::Final("south", vec!["s-chair", "s-a", "s-c"]);
        }),
        case(&["station.final"], "a signature does not hold", |_| {}).entry("election", 0x0316, 0, |d| {
            *d.payload.last_mut().unwrap() ^= 1;
        }),
        case(&["station.final"], "signatures not sorted", |_| {}).entry("election", 0x0316, 0, |d| {
            let end = d.payload.len();
            let (first, last) = (end - 3 * 96, end - 96);
            let first_bytes = d.payload[first..first + 96].to_vec();
            d.payload.copy_within(last..end, first);
            d.payload[last..end].copy_from_slice(&first_bytes);
        }),
        case(
            &["station.final", "station.anchor"],
            "another size than is cited",
            |_| {},
        )
        .entry("election", 0x0316, 0, |d| d.payload[32] -= 1),
        case(&["station.final"], "other counts than the protocol's", |_| {}).entry(
            "election",
            0x0316,
            0,
            |d| d.payload[34] += 1,
        ),
        case(&["station.final"], "no closing protocol", |plan| {
            plan.remove(closes("north"));
        }),
        case(
            &["station.final"],
            "somebody acted whom the public ledger does not name",
            |plan| {
                plan.insert_before(checks_in("c5"), Act::Grant("north", "n-x"));
                plan.insert_before(checks_in("c5"), Act::Begin("north", "n-x"));
                second(plan, "p0", Some("n-b"));
                second(plan, "p1", Some("n-x"));
            },
        ),
        case(&["station.final"], "final twice", |plan| {
            plan.insert_after(
                finishes("south"),
                Act::Final("south", vec!["s-chair", "s-a", "s-c"]),
            );
        }),
        case(&["station.lost"], "a final station is lost", |plan| {
            plan.insert_before(opens_exclusions, Act::Lost("north", 1));
        }),
        case(&["station.lost"], "another rule than the pack's", |plan| {
            let at = plan.find(|act| matches!(act, Act::Lost(..)));
            plan.script[at] = Act::Lost("harbour", 2);
            plan.excluded.push(10);
            plan.returns.push(("harbour", "west", [1, 1, 0, 0]));
        }),
        case(&["station.lost"], "no such rule", |plan| {
            let at = plan.find(|act| matches!(act, Act::Lost(..)));
            plan.script[at] = Act::Lost("harbour", 3);
        }),
        case(
            &["station.lost"],
            "a pack without a rule for lost books",
            |plan| {
                plan.rules = plan.rules.replace(",\"lost_book\":\"void-paper\"", "");
            },
        ),
        case(&["station.lost"], "no reason", |_| {}).entry("election", 0x0317, 0, |d| {
            let end = d.payload.len();
            d.payload[end - 5..].copy_from_slice(b"     ");
        }),
        // §3: lists of voters.
        case(&["station.voters"], "a voter on two lists", |plan| {
            plan.more.push(("south", 0))
        }),
        case(&["station.voters"], "a stranger", |_| {}).content("list harbour", |mut bytes| {
            let end = bytes.len();
            bytes[end - 2] ^= 1;
            bytes
        }),
        case(&["station.voters"], "a holder who is not said to be one", |_| {}).content(
            "list harbour",
            |mut bytes| {
                let end = bytes.len();
                bytes[end - 1] ^= 1;
                bytes
            },
        ),
        case(
            &["station.voters", "station.defined"],
            "voters not sorted",
            |_| {},
        )
        .content("list harbour", |mut bytes| {
            let end = bytes.len();
            let first = bytes[end - 66..end - 33].to_vec();
            bytes.copy_within(end - 33..end, end - 66);
            bytes[end - 33..].copy_from_slice(&first);
            bytes
        }),
        case(
            &["station.voters", "station.defined"],
            "a district without voters",
            |_| {},
        )
        .content("list harbour", |bytes| {
            Enc::default().int(2).text("east").int(0).raw(&bytes[1..]).0
        }),
        case(&["station.voters"], "a list twice", |_| {}).entry("roll", 0x020d, 0, |d| d.copies = 2),
        case(
            &["station.voters", "station.defined"],
            "a list of no station",
            |_| {},
        )
        .entry("roll", 0x020d, 2, |d| d.payload[0] ^= 1),
        case(
            &["roll.order", "station.defined", "…"],
            "the roll is never frozen",
            |_| {},
        )
        .entry("roll", 0x0203, 0, |d| d.copies = 0),
        // §4: order, duty, times, check-ins.
        case(&["event.author"], "an officer without the role", |plan| {
            plan.insert_before(checks_in("c5"), Act::Withdraw("north", "n-a"));
            let at = plan.find(checks_in("c5"));
            plan.script[at + 1] = paper("p5", "c5", None, None, None);
        }),
        case(&["entry.refs"], "opened without PollOpened in sight", |plan| {
            plan.early.push("opening")
        }),
        case(&["entry.refs"], "a check-in that cites something", |_| {}).entry("north", 0x0504, 0, |d| {
            d.refs = vec![([3; 32], 1, [4; 32])];
        }),
        case(&["station.order"], "opened twice", |plan| {
            plan.insert_after(opens, Act::Open("north", "n-a"));
        }),
        case(&["station.order"], "a check-in before the opening", |plan| {
            plan.insert_before(opens, check_in("north", "n-a", "early", Person::Guest(1), false));
        }),
        case(
            &["station.order", "station.final"],
            "a check-in after the close",
            |plan| {
                plan.insert_after(closes("north"), guest("late", 1));
            },
        ),
        case(&["station.duty"], "on duty twice", |plan| {
            plan.insert_after(opens, Act::Begin("north", "n-a"));
        }),
        case(&["station.duty"], "off duty twice", |plan| {
            plan.insert_before(closes("north"), Act::End("north", "n-b"));
            plan.insert_before(closes("north"), Act::End("north", "n-b"));
        }),
        case(&["station.duty"], "acting off duty", |plan| {
            plan.insert_before(checks_in("c1"), Act::End("north", "n-b"));
        }),
        case(
            &["station.duty"],
            "acting after the role was taken and given again",
            |plan| {
                plan.insert_before(checks_in("c1"), Act::Withdraw("north", "n-b"));
                plan.insert_before(checks_in("c1"), Act::Grant("north", "n-b"));
            },
        ),
        case(&["station.duty"], "opened by two", |plan| {
            plan.remove(|act| matches!(act, Act::Begin("north", "n-b")));
            plan.insert_after(opens, Act::Begin("north", "n-b"));
        }),
        case(
            &["station.defined"],
            "other officers than those of the centre",
            |plan| {
                plan.insert_before(opens, Act::Name("north", "extra", false));
            },
        ),
        case(
            &["station.defined"],
            "a commission that the centre does not know",
            |plan| {
                plan.insert_before(opens, Act::Commission("north", "stranger"));
            },
        ),
        case(&["station.defined"], "opened under other rules", |_| {}).entry("north", 0x0503, 0, |d| {
            // Another document, which is there.
            let other = Enc::default().raw(&support::sha(&[MANIFEST.as_bytes()]));
            d.payload.splice(33..67, other.int(MANIFEST.len() as u64).0);
        }),
        case(
            &["station.defined", "station.check-in", "station.return"],
            "opened under another list",
            |_| {},
        )
        .entry("north", 0x0503, 0, |d| {
            // That of the other station, which is there.
            let other = list_bytes(&[2, 6, 7, 8]);
            let enc = Enc::default()
                .raw(&support::sha(&[&other]))
                .int(other.len() as u64);
            d.payload.splice(..33, enc.0);
        }),
        changed(Plan::honest(), &["station.window"], "opened too early", |plan| {
            plan.start = support::OPENS - 21_700_000;
        }),
        case(&["station.window"], "a check-in before the poll", |_| {}).entry("north", 0x0504, 0, |d| {
            let at = support::OPENS - 1;
            (d.received, d.sequenced, d.author_time) = (at, at, at);
        }),
        case(&["station.window"], "a check-in after those who waited", |plan| {
            plan.insert_after(ends, guest("late", 1));
            plan.insert_after(ends, Act::Wait(600_000));
        }),
        case(&["station.check-in"], "an unknown document", |plan| {
            let at = plan.find(checks_in("c5"));
            if let Act::CheckIn { document, .. } = &mut plan.script[at] {
                *document = 3;
            }
        }),
        case(
            &["station.check-in"],
            "a document that the rules do not have",
            |plan| {
                plan.rules = plan
                    .rules
                    .replace("[\"digital_id\",\"id_card\"]", "[\"id_card\"]");
                let at = plan.find(checks_in("c5"));
                if let Act::CheckIn { document, .. } = &mut plan.script[at] {
                    *document = 2;
                }
            },
        ),
        case(&["station.check-in"], "a voter of the list as a guest", |plan| {
            plan.insert_before(ends, check_in("south", "s-a", "c7", Person::Voter(7), false));
        }),
        case(
            &["station.check-in"],
            "a voter of another list as one of this",
            |plan| {
                plan.insert_before(ends, check_in("south", "s-a", "cx", Person::Voter(1), true));
            },
        ),
        case(&["station.check-in"], "checked in twice", |plan| {
            plan.insert_before(ends, check_in("north", "n-a", "again", Person::Voter(5), true));
            plan.uncounted.push(("north", 0x0504));
        }),
        changed(
            Plan::first_vote_final(),
            &["station.check-in"],
            "a guest where the first vote is final",
            |plan| plan.insert_before(ends, guest("g", 1)),
        ),
        // §5: papers.
        case(&["station.paper"], "a paper for nobody", |plan| {
            plan.insert_before(ends, paper("px", "p5", None, None, None));
            plan.uncounted.push(("north", 0x0505));
        }),
        case(&["station.paper"], "a second paper", |plan| {
            plan.insert_after(issues("p5"), paper("p5x", "c5", None, None, None));
            left_over(plan, 45);
            set_return(plan, "north", "east", [5, 4, 0, 1]);
        }),
        case(
            &["station.paper"],
            "a paper in the place of one that stands",
            |plan| {
                plan.insert_after(issues("p5"), paper("p5x", "c5", None, Some("p5"), None));
                left_over(plan, 45);
                set_return(plan, "north", "east", [5, 4, 0, 1]);
            },
        ),
        case(&["station.paper"], "a first paper that replaces one", |plan| {
            let at = plan.find(issues("p5"));
            plan.script[at] = paper("p5", "c5", None, Some("p0"), None);
        }),
        case(&["station.paper"], "a guest without an envelope", |plan| {
            plan.insert_before(ends, guest("g", 1));
            plan.insert_before(ends, paper("pg", "g", None, None, Some("n-b")));
            left_over(plan, 45);
        }),
        case(
            &["station.paper"],
            "a voter of the list with an envelope",
            |plan| {
                let at = plan.find(issues("p5"));
                plan.script[at] = paper("p5", "c5", Some(1), None, Some("n-b"));
                plan.insert_before(opens_exclusions, Act::Decide("north", "p5", 2, None));
                set_return(plan, "north", "east", [3, 2, 0, 1]);
            },
        ),
        case(&["station.paper"], "envelope number 0", |plan| {
            plan.insert_before(ends, guest("g", 1));
            plan.insert_before(ends, paper("pg", "g", Some(0), None, Some("n-b")));
            left_over(plan, 45);
            plan.insert_before(opens_exclusions, Act::Decide("north", "pg", 2, None));
        }),
        case(&["station.paper"], "an envelope number twice", |plan| {
            left_over(plan, 44);
            for (label, check_in, n) in [("pg", "g", 1), ("ph", "h", 2)] {
                plan.insert_before(ends, guest(check_in, n));
                plan.insert_before(ends, paper(label, check_in, Some(5), None, Some("n-b")));
                plan.insert_before(opens_exclusions, Act::Decide("north", label, 2, None));
            }
        }),
        case(&["station.paper"], "an envelope by one officer", |plan| {
            plan.insert_before(ends, guest("g", 1));
            plan.insert_before(ends, paper("pg", "g", Some(5), None, None));
            left_over(plan, 45);
            plan.insert_before(opens_exclusions, Act::Decide("north", "pg", 2, None));
        }),
        case(
            &["station.paper"],
            "a digital ballot excluded by one officer",
            |plan| second(plan, "p0", None),
        ),
        case(&["station.paper"], "the second officer is the first", |plan| {
            second(plan, "p0", Some("n-a"))
        }),
        case(&["station.paper"], "the second officer is off duty", |plan| {
            plan.insert_before(issues("p0"), Act::End("north", "n-b"));
            plan.insert_after(issues("p0"), Act::Begin("north", "n-b"));
        }),
        case(&["station.paper"], "the second signature does not hold", |_| {}).entry(
            "north",
            0x0505,
            0,
            |d| {
                *d.payload.last_mut().unwrap() ^= 1;
            },
        ),
        case(
            &["station.paper"],
            "the second signature is of another paper",
            |_| {},
        )
        .entry("north", 0x0505, 0, |d| {
            let other = paper_payload(&d.body_ledger, "n-a", paper_bytes(9, None, None), Some("n-b"));
            let (at, end) = (d.payload.len() - 64, other.len() - 64);
            d.payload[at..].copy_from_slice(&other[end..]);
        }),
        case(&["station.paper"], "spoilt twice", |plan| {
            plan.insert_before(ends, Act::Spoil("north", "n-b", "p1"));
        }),
        case(&["station.decided"], "disputed twice at the station", |plan| {
            plan.insert_before(ends, Act::Dispute("south", "s-b", "p6"));
        }),
        changed(Plan::first_vote_final(), &["entry.refs"], "no look-up", |_| {}).entry(
            "north",
            0x0505,
            0,
            |d| {
                d.refs.clear();
            },
        ),
        case(&["entry.refs"], "a look-up that nobody asked for", |plan| {
            plan.look_ups = true;
        }),
        changed(
            Plan::first_vote_final(),
            &["station.look-up"],
            "an old look-up",
            |plan| {
                plan.look_up_at.push(("p5", 2));
                plan.insert_before(checks_in("c5"), Act::Wait(61_000));
            },
        ),
        changed(
            Plan::first_vote_final(),
            &["station.look-up"],
            "a voter who had voted",
            |plan| {
                plan.insert_before(checks_in("c0"), Act::Cast(0));
            },
        ),
        // §6: the closing protocol.
        case(
            &["station.counts"],
            "another number of those who were not served",
            |_| {},
        )
        .entry("north", 0x0508, 0, |d| *d.payload.last_mut().unwrap() += 1),
        case(
            &["station.counts", "station.final"],
            "another number of papers",
            |_| {},
        )
        .entry("north", 0x0508, 0, |d| d.payload[2] += 1),
        // §7: disputes and decisions.
        case(
            &["station.decided"],
            "a paper is disputed that was spoilt",
            |plan| {
                plan.insert_before(opens_exclusions, Act::PaperDisputed("north", "p1"));
            },
        ),
        case(
            &["station.decided"],
            "a paper is disputed that was disputed",
            |plan| {
                plan.insert_before(decides("p6"), Act::PaperDisputed("south", "p6"));
            },
        ),
        case(
            &["station.decided"],
            "a paper is disputed that was decided",
            |plan| {
                plan.insert_before(opens_exclusions, Act::PaperDisputed("south", "p8"));
            },
        ),
        case(&["station.decided"], "a paper is disputed too early", |plan| {
            plan.insert_before(finishes("north"), Act::PaperDisputed("north", "p5"));
        }),
        case(&["station.decided"], "a paper is disputed too late", |plan| {
            plan.insert_after(opens_exclusions, Act::PaperDisputed("north", "p5"));
        }),
        case(
            &["station.decided"],
            "a paper is decided that needs no decision",
            |plan| {
                plan.insert_before(opens_exclusions, Act::Decide("north", "p0", 2, None));
            },
        ),
        case(&["station.decided"], "a paper is decided twice", |plan| {
            plan.insert_before(opens_exclusions, Act::Decide("south", "p6", 2, None));
        }),
        case(
            &["station.decided"],
            "decided before all books are known",
            |plan| {
                let decision = plan.remove(decides("p8"));
                plan.insert_before(|act| matches!(act, Act::Lost(..)), decision);
            },
        ),
        case(&["station.decided"], "an unknown decision", |plan| {
            let at = plan.find(decides("e99"));
            plan.script[at] = Act::Decide("south", "e99", 3, None);
        }),
        case(&["station.decided"], "a person for a regular paper", |plan| {
            let at = plan.find(decides("p6"));
            plan.script[at] = Act::Decide("south", "p6", 1, Some(6));
        }),
        case(&["station.decided"], "nobody for an envelope", |plan| {
            let at = plan.find(decides("e4"));
            plan.script[at] = Act::Decide("south", "e4", 1, None);
            plan.excluded = vec![0, 1, 2];
            plan.envelopes.clear();
        }),
        case(&["station.decided"], "an envelope of a stranger", |plan| {
            plan.excluded = vec![0, 1, 2];
            plan.envelopes.clear();
        })
        .entry("roll", 0x020f, 0, |d| {
            let at = d.payload.len() - 40;
            d.payload[at] ^= 1;
        }),
        case(
            &["station.decided"],
            "an envelope of somebody who has a regular paper",
            |plan| {
                let at = plan.find(decides("e99"));
                plan.script[at] = Act::Decide("south", "e99", 1, Some(2));
                set_return(plan, "south", "east", [3, 2, 1, 0]);
            },
        ),
        case(&["station.decided"], "two envelopes of one person", |plan| {
            let at = plan.find(decides("e99"));
            plan.script[at] = Act::Decide("south", "e99", 1, Some(4));
            plan.envelopes.push("east");
        }),
        changed(
            Plan::void_digital(),
            &["station.decided"],
            "an envelope of somebody whose station is lost",
            |plan| {
                let at = plan.find(decides("e99"));
                plan.script[at] = Act::Decide("south", "e99", 1, Some(10));
                set_return(plan, "south", "west", [2, 2, 0, 0]);
            },
        ),
        case(
            &["station.exclusions", "station.decided"],
            "decided after exclusions were opened",
            |plan| {
                let decision = plan.remove(decides("e99"));
                plan.insert_after(opens_exclusions, decision);
            },
        ),
        // §8: exclusions.
        case(&["station.exclusions"], "a dispute without a decision", |plan| {
            plan.insert_before(opens_exclusions, Act::PaperDisputed("north", "p5"));
        }),
        case(
            &["station.exclusions"],
            "a provisional paper without a decision",
            |plan| {
                plan.remove(decides("p8"));
            },
        ),
        case(
            &["station.exclusions"],
            "an envelope without a decision",
            |plan| {
                plan.remove(decides("e99"));
            },
        ),
        case(
            &["station.exclusions"],
            "a revoked officer as the second, without a decision",
            |plan| {
                let anchor = plan.remove(|act| matches!(act, Act::Anchor(_)));
                plan.insert_before(checks_in("c2"), anchor);
            },
        ),
        changed(
            Plan::void_digital(),
            &["station.exclusions"],
            "a digital ballot counts beside the urn of a lost station",
            |plan| plan.excluded.retain(|voter| *voter != 10),
        ),
        case(
            &["station.exclusions"],
            "excluded on account of a station whose papers are void",
            |plan| {
                plan.excluded.push(10);
            },
        ),
        case(&["station.exclusions"], "excluded without a paper", |plan| {
            plan.excluded.push(3)
        }),
        case(&["station.exclusions"], "excluded without an opening", |plan| {
            plan.opened = Some(plan.excluded.clone());
            plan.excluded.push(3);
        }),
        case(&["station.exclusions"], "both votes count", |plan| {
            plan.excluded = vec![1, 2, 4]
        }),
        case(&["station.exclusions"], "opened, but not excluded", |plan| {
            plan.opened = Some(plan.excluded.clone());
            plan.excluded = vec![1, 2, 4];
        }),
        case(
            &["station.exclusions"],
            "opened before all books are known",
            |plan| {
                plan.early.push("exclusions opened");
            },
        ),
        case(
            &["station.exclusions"],
            "fixed before all books are known",
            |plan| {
                plan.early.push("fixed election");
            },
        ),
        case(&["station.exclusions"], "the openings are not cited", |plan| {
            plan.early.push("fixed roll")
        }),
        case(&["station.exclusions"], "another salt", |_| {}).content("openings east", |mut bytes| {
            bytes[1 + 32] ^= 1;
            bytes
        }),
        case(&["station.exclusions"], "openings not sorted", |_| {}).content("openings east", |mut bytes| {
            let first = bytes[1..97].to_vec();
            bytes.copy_within(97..193, 1);
            bytes[97..193].copy_from_slice(&first);
            bytes
        }),
        case(&["station.exclusions"], "opened twice", |_| {}).entry("roll", 0x0210, 0, |d| d.copies = 2),
        case(&["station.exclusions"], "opened of no box", |_| {}).entry("roll", 0x0210, 1, |d| {
            d.payload[0] ^= 1;
        }),
        case(&["entry.refs"], "exclusions that cite nothing", |_| {}).entry("east", 0x0406, 0, |d| {
            d.refs.clear();
        }),
        case(&["entry.refs"], "exclusions that cite one ledger", |_| {}).entry("east", 0x0406, 0, |d| {
            d.refs.pop();
        }),
        // §9: returns.
        case(&["station.return"], "more papers than were issued", |plan| {
            set_return(plan, "north", "east", [5, 4, 0, 1]);
        }),
        case(&["paper.return"], "a return is missing", |plan| {
            plan.returns.retain(|(_, district, _)| *district != "west");
        }),
        case(&["station.return"], "returned twice", |_| {}).entry("election", 0x0318, 0, |d| d.copies = 2),
        case(
            &["station.return", "paper.return"],
            "a return of another district",
            |plan| {
                plan.returns.push(("north", "west", [1, 1, 0, 0]));
            },
        ),
        case(
            &["station.return", "paper.return"],
            "a return of a lost station",
            |plan| {
                plan.returns.push(("harbour", "west", [1, 1, 0, 0]));
            },
        ),
        case(&["station.return", "paper.return"], "impossible counts", |_| {}).entry(
            "election",
            0x0318,
            0,
            |d| *d.payload.last_mut().unwrap() += 9,
        ),
        case(&["paper.return", "view.digest"], "another sum", |_| {}).entry("election", 0x0309, 0, |d| {
            d.payload[34] += 1;
        }),
        case(
            &["station.return"],
            "a mismatch is resolved that is none",
            |plan| {
                plan.resolved.push(("north", None));
            },
        ),
        case(&["station.return"], "a mismatch is resolved twice", |plan| {
            plan.resolved.push(("south", None));
        }),
        case(
            &["election.certification"],
            "a mismatch of papers is not resolved",
            |plan| {
                plan.resolved.clear();
            },
        ),
        case(
            &["election.certification"],
            "a mismatch of a return is not resolved",
            |plan| {
                set_return(plan, "north", "east", [4, 2, 0, 1]);
            },
        ),
    ];
    let mut many = case(&["station.defined"], "too many officers", |_| {});
    let names: Vec<&'static str> = (0..62)
        .map(|n| &*Box::leak(format!("extra {n}").into_boxed_str()))
        .collect();
    for name in names {
        many.plan.insert_before(ends, Act::Name("south", name, false));
    }
    cases.push(many);
    cases
}

/// What everybody may read of an event with stations is checked by everybody.
const PUBLIC: &[&str] = &[
    "an id twice",
    "too long a queue",
    "a station is never defined",
    "an officer is named who was revoked",
    "anchored twice at one size",
    "two signatures",
    "a signature does not hold",
    "no such rule",
    "fixed before all books are known",
    "a return is missing",
    "a mismatch is resolved that is none",
    "a mismatch of papers is not resolved",
];

#[test]
fn every_broken_rule_is_named_and_nothing_else() {
    let mut wrong = Vec::new();
    for case in cases() {
        let played = case.play();
        let report = verify(&played, Profile::Accredited);
        let mut expected: BTreeSet<&str> = case.codes.iter().copied().collect();
        let found: BTreeSet<&str> = codes(&report)
            .into_iter()
            // What nothing cites any more, after an entry that cannot be read.
            .filter(|code| *code != "content.uncited")
            .collect();
        if expected.remove("…") {
            expected.extend(&found);
            assert!(
                case.codes.iter().all(|code| *code == "…" || found.contains(code)),
                "{}",
                case.what
            );
        }
        if report.verdict != Verdict::NotVerified || found != expected {
            wrong.push(format!("{}: expected {expected:?}, found {found:?}", case.what));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_public_profile_finds_what_is_public() {
    let public: Vec<Case> = cases()
        .into_iter()
        .filter(|case| PUBLIC.contains(&case.what))
        .collect();
    assert_eq!(public.len(), PUBLIC.len());
    for case in public {
        let report = verify(&case.play(), Profile::Public);
        assert_eq!(report.verdict, Verdict::NotVerified, "{}", case.what);
        let found = codes(&report);
        assert!(
            case.codes.iter().any(|code| found.contains(code)),
            "{}: {found:?}",
            case.what
        );
    }
}

fn without(files: &mut MemorySource, ledger: &[u8; 32]) {
    let folder = format!("ledgers/{}/", hex::encode(ledger));
    files.files.retain(|path, _| !path.starts_with(&folder));
}

#[test]
fn a_book_that_is_withheld_is_missed() {
    let played = play(&Plan::honest(), &|_| {}, &|_, bytes| bytes);
    let trust = played.trust();
    let north = &played.ledgers["north"];
    let accredited = |files: &MemorySource| {
        verify_event_source(files, Some(&trust), Profile::Accredited, Stage::Certified)
    };
    let mut files = played.files(true);
    without(&mut files, &north.id);
    let report = accredited(&files).unwrap();
    assert!(
        codes(&report).contains("election.omitted"),
        "{}",
        report.to_text()
    );
    // The tail: everything after the first check-in.
    let mut files = played.files(true);
    without(&mut files, &north.id);
    north.publish_first(north.size() - 3, &mut files.files);
    let report = accredited(&files).unwrap();
    assert!(codes(&report).contains("station.anchor"), "{}", report.to_text());
    assert!(codes(&report).contains("entry.refs"));
    assert_eq!(report.verdict, Verdict::NotVerified);
    // The book of a lost station may be there, and is verified.
    let mut files = played.files(true);
    played.ledgers["harbour"].publish(&mut files.files);
    assert_eq!(accredited(&files).unwrap().verdict, Verdict::Verified);
    // A station that has brought nothing may be missing, unless somebody knows a checkpoint of its book.
    let known = played.trust_json().replace(
        &format!("\"key\":\"{}\"", hex::encode(public("harbour ledger"))),
        &format!(
            "\"key\":\"{}\",\"checkpoint\":{{\"size\":1,\"root\":\"{}\"}}",
            hex::encode(public("harbour ledger")),
            hex::encode(played.ledgers["harbour"].leaves[0])
        ),
    );
    let known = sijill_verifier::Trust::parse(known.as_bytes()).unwrap();
    let files = played.files(true);
    let report = verify_event_source(&files, Some(&known), Profile::Accredited, Stage::Certified).unwrap();
    assert!(codes(&report).contains("trust.ledger"), "{}", report.to_text());
}

#[test]
fn an_event_without_stations_knows_none_of_their_events() {
    for (code, ledger, event_type, to, payload) in [
        ("election.order", "election", 0x0002, 0x0314, vec![0; 64]),
        (
            "roll.order",
            "roll",
            0x0205,
            0x020d,
            Enc::default().raw(&[0; 64]).int(1).0,
        ),
    ] {
        let event = build(
            &|draft| {
                if draft.ledger == ledger && draft.event_type == event_type && draft.nth == 0 {
                    draft.event_type = to;
                    draft.payload = payload.clone();
                    if to == 0x020d {
                        draft.author = "registrar".to_owned();
                    }
                }
            },
            &|_, bytes| bytes,
        );
        let trust = event.trust(None);
        let report = verify_event_source(
            &event.files(true),
            Some(&trust),
            Profile::Accredited,
            Stage::Published,
        );
        let report = report.unwrap();
        assert!(codes(&report).contains(code), "{}", report.to_text());
        assert!(report.checks.iter().all(|check| !check.number.starts_with("20.")));
    }
}

#[test]
fn books_are_judged_alike_on_any_number_of_threads() {
    for case in cases()
        .into_iter()
        .filter(|case| case.codes[0].starts_with("station."))
        .step_by(7)
    {
        let played = case.play();
        let report = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let mut report = pool.install(|| verify(&played, Profile::Accredited));
            report.elapsed_ms = 0;
            report.checks.iter_mut().for_each(|check| check.millis = 0);
            report
        };
        assert_eq!(report(1), report(8), "{}", case.what);
    }
}

#[test]
fn a_later_run_rests_on_the_books_and_finds_what_changed() {
    let played = play(&Plan::honest(), &|_| {}, &|_, bytes| bytes);
    let (trust, files) = (played.trust(), played.files(true));
    let full = verify(&played, Profile::Accredited);
    let earlier = EarlierReport::parse(full.to_json().as_bytes()).unwrap();
    let since = |files: &MemorySource| {
        let stage = Stage::Certified;
        verify_event_source_since(files, &trust, Profile::Accredited, stage, &earlier)
            .unwrap()
            .unwrap()
    };
    let report = since(&files);
    assert_eq!(report.verdict, Verdict::Verified, "{}", report.to_text());
    let entries: u64 = report.ledgers.iter().map(|ledger| ledger.size).sum();
    assert_eq!(report.since.unwrap().entries, entries);
    // A book that everybody with all keys has rewritten since then.
    let mut other = Plan::honest();
    second(&mut other, "p5", Some("n-b"));
    let other = play(&other, &|_| {}, &|_, bytes| bytes);
    let report = since(&other.files(true));
    assert!(codes(&report).contains("since.prefix"), "{}", report.to_text());
}
