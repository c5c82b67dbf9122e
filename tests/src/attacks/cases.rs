//! Every case: an attack with the codes that must name it, or an honest event that must verify.

use std::collections::BTreeMap;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT as G;
use curve25519_dalek::scalar::Scalar;

use super::forge::{Draft, Enc, Ledger, Signing, b64, grant, public, sha};
use super::suite::{Proofs, ballot, ciphertexts, point, replaces, sign_ballot, text_of, with_torsion};
use super::world::{CLOSES, GRACE, OPENS, Spec, World, credential, plus_order, question, secret};

/// What the verifier is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// `sijill-verify event`.
    Event {
        accredited: bool,
        stage: &'static str,
        trusted: bool,
    },
    /// `sijill-verify jurisdiction`.
    Jurisdiction { accredited: bool },
    /// `sijill-verify receipt`, with or without `--folder`.
    Receipt { folder: bool },
    /// `sijill-verify bel`: the archive alone.
    Bel,
}

/// Everything that a case consists of.
#[derive(Debug, Clone, Default)]
pub struct Package {
    pub files: BTreeMap<String, Vec<u8>>,
    pub trust: Option<String>,
    pub receipt: Option<String>,
    /// The archive of the first box, for tools that know no ledger.
    pub archive: Option<Vec<u8>>,
    /// Openings that the service has and must not publish, by their place beside the folder.
    pub withheld: BTreeMap<String, Vec<u8>>,
    /// Ledger and position of the flaw.
    pub flaw: Option<([u8; 32], u64)>,
}

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    pub id: &'static str,
    /// The line of the attack list, or `honest`.
    pub line: &'static str,
    pub what: &'static str,
    pub reference: &'static str,
    pub command: Command,
    pub exit: u8,
    /// Exactly the codes of all counter-examples, sorted.
    pub codes: &'static [&'static str],
    /// The code under which the engine refuses the first event that it must not take; empty if no event of the case is wrong.
    pub door: &'static str,
    /// What the numbers of the case are drawn from.
    pub(super) seed: &'static str,
    pub(super) make: fn(&str) -> Package,
}

impl Case {
    pub fn make(&self) -> Package {
        (self.make)(self.seed)
    }

    pub(super) fn door(self, door: &'static str) -> Case {
        Case { door, ..self }
    }

    /// The engine refuses it under the one code of the verifier.
    pub(super) fn same(self) -> Case {
        let door = self.codes.first().copied().unwrap_or_default();
        Case { door, ..self }
    }

    fn public(self) -> Case {
        let command = Command::Event {
            accredited: false,
            stage: "published",
            trusted: true,
        };
        Case { command, ..self }
    }

    pub(super) fn stage(self, stage: &'static str) -> Case {
        let command = Command::Event {
            accredited: true,
            stage,
            trusted: true,
        };
        Case { command, ..self }
    }

    fn exit(self, exit: u8) -> Case {
        Case { exit, ..self }
    }
}

pub(super) fn attack(
    id: &'static str,
    what: &'static str,
    reference: &'static str,
    codes: &'static [&'static str],
    make: fn(&str) -> Package,
) -> Case {
    Case {
        line: id.split('-').next().unwrap_or(id),
        id,
        what,
        reference,
        command: Command::Event {
            accredited: true,
            stage: "published",
            trusted: true,
        },
        exit: 1,
        codes,
        door: "",
        seed: id,
        make,
    }
}

pub(super) fn honest(id: &'static str, what: &'static str, make: fn(&str) -> Package) -> Case {
    Case {
        line: "honest",
        exit: 0,
        ..attack(id, what, "specs/verification.md §1", &[], make)
    }
}

fn receipt(
    id: &'static str,
    what: &'static str,
    codes: &'static [&'static str],
    folder: bool,
    make: fn(&str) -> Package,
) -> Case {
    Case {
        command: Command::Receipt { folder },
        ..attack(id, what, "specs/verification.md §7", codes, make)
    }
}

pub(super) fn world(name: &str, change: impl FnOnce(&mut Spec)) -> World {
    let mut spec = Spec::default();
    change(&mut spec);
    World::new(name, spec)
}

/// The archive of the box of the default event.
pub(super) fn honest_archive(name: &str) -> Vec<u8> {
    let mut w = world(name, |_| ());
    w.play();
    w.archive(0, |_| true)
}

pub(super) fn pack(world: &World) -> Package {
    pack_as(world, true)
}

fn pack_as(world: &World, accredited: bool) -> Package {
    let mut files = world.files(accredited);
    let ledgers = [&world.election, &world.roll]
        .into_iter()
        .chain(world.boxes.iter().map(|b| &b.ledger))
        .chain(world.stations.iter().map(|s| &s.ledger));
    let entries: Vec<&Vec<u8>> = ledgers.flat_map(|ledger| &ledger.entries).collect();
    // What a left out event would have cited is left out too.
    files.retain(|path, _| {
        let hash = path
            .strip_prefix("content/")
            .and_then(|name| hex::decode(name).ok());
        hash.is_none_or(|hash| {
            entries
                .iter()
                .any(|entry| entry.windows(32).any(|window| window == hash))
        })
    });
    Package {
        files,
        trust: Some(world.trust()),
        archive: world.has_result(0).then(|| world.archive(0, |_| true)),
        flaw: world.flaw,
        ..Package::default()
    }
}

/// The default event with one entry changed.
fn entry(
    name: &str,
    ledger: &'static str,
    event_type: u16,
    nth: usize,
    change: impl Fn(&mut Draft) + 'static,
) -> Package {
    let mut w = world(name, |_| ());
    w.on(ledger, event_type, nth, change);
    w.play();
    pack(&w)
}

/// The default event with one content changed.
fn content(name: &str, which: &'static str, change: impl Fn(String) -> String + 'static) -> Package {
    let mut w = world(name, |_| ());
    w.on_content(which, change);
    w.play();
    pack(&w)
}

/// The default event, in which voter 1 casts what `change` makes of an unsigned ballot, signed again.
fn forged(name: &str, change: impl Fn(String) -> String) -> Package {
    let mut w = world(name, |_| ());
    w.until_open();
    w.poll_before();
    let honest = w.ballot(1, &[vec![1, 0]]);
    let unsigned = honest[..honest.find(",\"signature\"").unwrap()].to_owned();
    let json = sign_ballot(&change(unsigned), &secret(1), &mut w.dice);
    w.mark()
        .cast_as(&credential(1), &json, None, ciphertexts(&honest));
    w.poll_after();
    w.finish();
    pack(&w)
}

/// The default event, in which voter 1 casts what `change` makes of a signed ballot.
fn replaced(name: &str, change: impl Fn(String) -> String) -> Package {
    let mut w = world(name, |_| ());
    w.until_open();
    w.poll_before();
    let honest = w.ballot(1, &[vec![1, 0]]);
    let json = change(honest.clone());
    w.mark()
        .cast_as(&credential(1), &json, None, ciphertexts(&honest));
    w.poll_after();
    w.finish();
    pack(&w)
}

/// The default event, in which voter 1 proves as `how` says.
fn proved(name: &str, votes: &[i64], how: Proofs) -> Package {
    // The re-vote says no, so that no total is negative.
    let mut w = world(name, |s| s.votes[2].1 = vec![vec![0, 1]]);
    w.until_open();
    w.poll_before();
    let suite = w.boxes[0].suite.clone();
    let json = ballot(&suite, &secret(1), &[votes.to_vec()], how, &mut w.dice);
    let cts = ciphertexts(&json);
    w.mark().cast_as(&credential(1), &json, None, cts);
    w.poll_after();
    w.finish();
    pack(&w)
}

fn value(json: &str, field: &str, nth: usize) -> String {
    let rest = json.split(&format!("\"{field}\":\"")).nth(nth + 1).unwrap();
    rest[..rest.find('"').unwrap()].to_owned()
}

/// The default event with one flawed event more on the roll, before the freeze.
fn on_roll(name: &str, event_type: u16, author: &'static str, payload: Vec<u8>) -> Package {
    let mut w = world(name, |spec| spec.on_roll.push((event_type, author, payload)));
    w.on("roll", event_type, 0, |_| ());
    w.play();
    pack(&w)
}

fn leave_out(draft: &mut Draft) {
    draft.copies = 0;
}

fn twice(draft: &mut Draft) {
    draft.copies = 2;
}

/// A ceremony of two of three, with one entry changed.
fn ceremony(name: &str, event_type: u16, nth: usize, change: impl Fn(&mut Draft) + 'static) -> Package {
    let mut w = world(name, of_three);
    w.on("election", event_type, nth, change);
    w.play();
    pack(&w)
}

fn of_three(spec: &mut Spec) {
    (spec.trustees, spec.threshold, spec.decrypting) = (3, 2, vec![1, 3]);
}

fn receipt_of(w: &World, index: u64) -> String {
    w.boxes[0].ledger.receipt(index, w.boxes[0].ledger.size())
}

const NEUTRAL: &str = "0000000000000000000000000000000000000000000000000000000000000001";
const ORDER_2: &str = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec";
/// The first ballot of the default event.
const FIRST_BALLOT: u64 = 3;

/// All cases, in the order of the attack list; honest controls first.
#[must_use]
pub fn all() -> Vec<Case> {
    let mut cases = controls();
    cases.extend(ledgers());
    cases.extend(ballots());
    cases.extend(eligibility());
    cases.extend(trustees());
    cases.extend(receipts());
    cases.extend(super::outcomes::all());
    cases.extend(super::stations::all());
    cases.extend(super::requests::all());
    cases.extend(super::calendars::all());
    cases.extend(super::consultations::all());
    let archives: Vec<Case> = ARCHIVES
        .iter()
        .filter_map(|(bel, id, codes)| archive_of(&cases, bel, id, codes))
        .collect();
    cases.extend(archives);
    cases.extend(super::archives::all());
    cases
}

/// Cases whose archive, by itself, has the same flaw: what a verifier of archives must find, or accept.
const ARCHIVES: [(&str, &str, &[&str]); 30] = [
    ("bel-honest", "honest", &[]),
    ("bel-honest-no-ballots", "honest-no-ballots", &[]),
    ("bel-honest-all-revote", "honest-all-revote", &[]),
    ("bel-honest-absent-trustee", "honest-absent-trustee", &[]),
    ("bel-honest-all-blank", "honest-all-blank", &[]),
    ("bel-honest-thirty-candidates", "honest-thirty-candidates", &[]),
    ("bel-L7-other-tally", "L7-other-tally", &["archive.tally"]),
    ("bel-B1-challenge", "B1-challenge", &["ballot.proof"]),
    ("bel-B1-overall", "B1-overall", &["ballot.proof"]),
    ("bel-B2-cancellation", "B2-cancellation", &["ballot.proof"]),
    ("bel-B3-stuffing", "B3-stuffing", &["ballot.credential"]),
    ("bel-B4-copy", "B4-copy", &["archive.duplicate", "ballot.proof"]),
    ("bel-B6-unsigned", "B6-unsigned", &["ballot.form"]),
    ("bel-B7-other-key", "B7-other-key", &["ballot.signature"]),
    ("bel-B7-hash", "B7-hash", &["ballot.signature"]),
    ("bel-B8-scalar", "B8-scalar", &["ballot.form"]),
    ("bel-B9-uuid", "B9-uuid", &["ballot.election"]),
    ("bel-B9-fingerprint", "B9-fingerprint", &["ballot.election"]),
    ("bel-B10-choices", "B10-choices", &["ballot.form"]),
    ("bel-B11-field", "B11-field", &["ballot.form"]),
    ("bel-B12-zero", "B12-zero", &["ballot.form"]),
    ("bel-B12-escape", "B12-escape", &["ballot.form"]),
    ("bel-B13-torsion", "B13-torsion", &["ballot.group"]),
    ("bel-B14-alpha", "B14-alpha", &["ballot.group"]),
    ("bel-B15-y", "B15-y", &["ballot.form"]),
    ("bel-B16-weak-hash", "B16-weak-hash", &["ballot.proof"]),
    ("bel-T1-rogue", "T1-rogue", &["trustee.key"]),
    ("bel-T2-swapped", "T2-swapped", &["trustee.record"]),
    ("bel-T3-bogus", "T3-bogus", &["archive.share"]),
    ("bel-T11-off", "T11-off", &["archive.result"]),
];

fn archive_of(cases: &[Case], bel: &'static str, id: &str, codes: &'static [&'static str]) -> Option<Case> {
    let of = cases.iter().find(|case| case.id == id)?;
    Some(Case {
        id: bel,
        command: Command::Bel,
        codes,
        door: "",
        seed: of.id,
        ..of.clone()
    })
}

fn controls() -> Vec<Case> {
    vec![
        honest("honest", "A referendum with a re-vote and an exclusion", |name| {
            let mut w = world(name, |_| ());
            w.play();
            pack(&w)
        }),
        honest(
            "honest-public",
            "The same for everybody, without the roll",
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                pack_as(&w, false)
            },
        )
        .public(),
        honest(
            "honest-no-ballots",
            "Nobody voted; the tally is neutral and decrypted all the same",
            |name| {
                let mut w = world(name, |s| {
                    (s.votes, s.excluded, s.min_ballots) = (vec![], vec![], 0)
                });
                w.play();
                pack(&w)
            },
        ),
        honest("honest-all-revote", "Every voter votes twice", |name| {
            let mut w = world(name, |s| {
                s.votes = (0..6).map(|n| (n % 3, vec![vec![1, 0]])).collect();
            });
            w.play();
            pack(&w)
        }),
        honest(
            "honest-absent-trustee",
            "A ceremony of two of three, the second trustee absent at the count",
            |name| {
                let mut w = world(name, of_three);
                w.play();
                pack(&w)
            },
        ),
        honest("honest-restart", "The key ceremony was restarted once", |name| {
            let mut w = world(name, |s| {
                of_three(s);
                s.restarts = 1;
            });
            w.play();
            pack(&w)
        }),
        honest(
            "honest-complaint",
            "A trustee complained with proof, and the key ceremony was held again",
            |name| {
                let mut w = world(name, |s| {
                    of_three(s);
                    (s.restarts, s.complaint) = (1, true);
                });
                w.play();
                pack(&w)
            },
        ),
        honest(
            "honest-archive",
            "With the archive of the box for the tools of Belenios",
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                let archive = w.archive(0, |_| true);
                w.add_archive(archive);
                pack(&w)
            },
        ),
        honest("honest-all-blank", "Every ballot is blank", |name| {
            let mut w = world(name, |s| {
                s.districts = vec![("national", vec![question(2, true, 1, 1)])];
                s.votes = (0..3).map(|n| (n, vec![vec![1, 0, 0]])).collect();
            });
            w.play();
            pack(&w)
        }),
        honest("honest-tie", "Both answers have one vote", |name| {
            let mut w = world(name, |s| {
                s.votes = vec![(0, vec![vec![1, 0]]), (1, vec![vec![0, 1]])];
                s.excluded = vec![];
            });
            w.play();
            pack(&w)
        }),
        honest(
            "honest-one-candidate",
            "One candidate, with a blank choice",
            |name| {
                let mut w = world(name, |s| {
                    s.districts = vec![("national", vec![question(1, true, 1, 1)])];
                    s.votes = vec![(0, vec![vec![0, 1]]), (1, vec![vec![1, 0]])];
                    s.excluded = vec![];
                });
                w.play();
                pack(&w)
            },
        ),
        honest(
            "honest-thirty-candidates",
            "Thirty candidates, up to three of them",
            |name| {
                let mut w = world(name, |s| {
                    s.districts = vec![("national", vec![question(30, false, 0, 3)])];
                    let vote = (0..30).map(|n| i64::from(n % 11 == 2)).collect();
                    (s.votes, s.excluded) = (vec![(0, vec![vote])], vec![]);
                });
                w.play();
                pack(&w)
            },
        ),
        honest(
            "honest-unopposed",
            "A district without a poll, and a polled one without voters",
            |name| {
                let mut w = world(name, |s| {
                    s.districts = vec![
                        ("east", vec![question(2, false, 1, 1)]),
                        ("north", vec![]),
                        ("west", vec![question(1, false, 0, 1)]),
                    ];
                    s.min_ballots = 0;
                });
                w.play();
                pack(&w)
            },
        ),
        honest(
            "honest-below-minimum",
            "A box below the minimum is never decrypted",
            |name| {
                let mut w = world(name, |s| s.min_ballots = 5);
                w.play();
                pack(&w)
            },
        ),
        honest(
            "honest-paper",
            "With papers, an audit and a certification",
            |name| {
                let mut w = world(name, |s| (s.paper, s.audit, s.certified) = (true, true, true));
                w.play();
                pack(&w)
            },
        )
        .stage("certified"),
    ]
}

#[allow(clippy::too_many_lines, reason = "a list")]
fn ledgers() -> Vec<Case> {
    vec![
        attack(
            "L13-restricted",
            "The roll lies in a public folder",
            "verification.md §2.5",
            &["folder.restricted"],
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                pack(&w)
            },
        )
        .public(),
        attack(
            "L13-genesis",
            "The nonce of a genesis is not the one fixed by rule",
            "ledger.md §5",
            &["ledger.genesis"],
            |name| entry(name, "national", 0x0001, 0, |d| d.nonce = Some([1; 16])),
        ),
        attack(
            "L24-parent",
            "The box of a district belongs to another event",
            "verification.md §5.3",
            &["box.setup", "election.ledgers", "entry.refs"],
            |name| {
                let mut w = world(name, |_| ());
                let grants = [grant("commission", 1, None), grant("registrar", 2, None)];
                w.boxes[0].ledger = Ledger::new("national", 4, Some([5; 32]), &grants, "", [6; 32]);
                w.play();
                pack(&w)
            },
        )
        .door("entry.refs"),
        attack(
            "L1-rest",
            "A byte of a recorded ballot is changed where it lies",
            "ledger.md §5",
            &[
                "ballot.chain",
                "ballot.form",
                "entry.chain",
                "entry.refs",
                "entry.seen",
                "entry.signature",
                "event.nonce",
                "ledger.fork",
                "ledger.tiles",
            ],
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                let mut package = pack(&w);
                let b = &w.boxes[0].ledger;
                let path = format!("ledgers/{}/tile/entries/000.p/{}", hex::encode(b.id), b.size());
                let bundle = package.files.get_mut(&path).unwrap();
                let at = bundle.windows(13).position(|w| w == b"election_uuid").unwrap();
                bundle[at] = b'E';
                package.flaw = Some((b.id, FIRST_BALLOT));
                package
            },
        )
        .door("entry.signature"),
        attack(
            "L1-signature",
            "An official's signature is broken and everything behind made again",
            "ledger.md §4",
            &["entry.signature"],
            |name| entry(name, "national", 0x0405, 0, |d| d.signing = Signing::Broken),
        )
        .door("entry.signature"),
        attack(
            "L2-prev",
            "An entry does not name the one before it",
            "ledger.md §5",
            &["entry.chain"],
            |name| entry(name, "national", 0x0403, 1, |d| d.prev[0] ^= 1),
        ),
        attack(
            "L2-gap",
            "A number is skipped",
            "ledger.md §5",
            &["entry.chain"],
            |name| entry(name, "national", 0x0407, 0, |d| d.seq += 1),
        ),
        attack(
            "L3-drop",
            "A ballot is dropped and the whole ledger made again under new checkpoints; the known checkpoint tells",
            "ledger.md §11",
            &["ledger.fork", "trust.checkpoint"],
            |name| {
                let mut all = world(name, |_| ());
                all.play();
                let mut fewer = world(name, |s| drop(s.votes.pop()));
                fewer.play();
                let mut package = pack(&fewer);
                package.trust = Some(all.trust());
                package
            },
        ),
        attack(
            "L4-split",
            "Two signed histories of one length; the trust file knows the other one",
            "ledger.md §7",
            &["ledger.fork"],
            |name| {
                let mut one = world(name, |_| ());
                one.play();
                let mut other = world(name, |s| s.votes[1].1 = vec![vec![0, 1]]);
                other.play();
                let mut package = pack(&other);
                package.trust = Some(one.trust());
                package
            },
        ),
        attack(
            "L5-interleaved",
            "The box is closed, opened again for more ballots, and closed again",
            "election.md §5",
            &["box.order"],
            |name| {
                let mut w = world(name, |s| s.votes.truncate(2));
                w.until_open();
                w.poll();
                w.now = CLOSES + GRACE + 1;
                w.push("national", 0x0405, "commission", Vec::new());
                let json = w.ballot(2, &[vec![0, 1]]);
                let cite = w.election.cite();
                w.mark()
                    .push_citing("national", 0x0402, "commission", &[cite], Vec::new());
                w.cast(2, &json);
                w.finish();
                pack(&w)
            },
        )
        .door("box.order"),
        attack(
            "L6-definition",
            "The event is defined a second time, with the same manifest",
            "election.md §4.1",
            &["election.order"],
            |name| entry(name, "election", 0x0301, 0, twice),
        )
        .same(),
        attack(
            "L6-trustees",
            "The trustees are fixed a second time",
            "election.md §4.3",
            &["election.order"],
            |name| entry(name, "election", 0x0303, 0, twice),
        )
        .same(),
        attack(
            "L6-box",
            "The box is prepared a second time",
            "election.md §5.1",
            &["box.order"],
            |name| entry(name, "national", 0x0401, 0, twice),
        )
        .same(),
        attack(
            "L7-other-tally",
            "The box is sealed with the tally of other ciphertexts, which is then decrypted",
            "election.md §5.7",
            &["box.tally"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll();
                w.close();
                let mut hashes: Vec<[u8; 32]> = [1, 2].map(|n| w.boxes[0].cast[n].hash()).to_vec();
                hashes.sort();
                let digest = sha(&[b"sijill/counted/v1\n", &hashes[0], &hashes[1]]);
                let other = w.ballot(0, &[vec![0, 1]]);
                let tally = [&other, &w.boxes[0].cast[1].json.clone()].map(|b| ciphertexts(b));
                let sum = (0..2).map(|n| {
                    (
                        tally[0][0][n].0 + tally[1][0][n].0,
                        tally[0][0][n].1 + tally[1][0][n].1,
                    )
                });
                let sum = vec![sum.collect()];
                w.now += 1_000;
                w.seal_as(0, 2, digest, sum);
                w.flaw = Some((w.boxes[0].ledger.id, w.boxes[0].ledger.size() - 1));
                w.anchor();
                w.decrypt();
                w.declare();
                w.publish_views();
                pack(&w)
            },
        ),
        attack(
            "L8-stale-view",
            "The result is right, the published tally names another encrypted tally",
            "election.md §6.3",
            &["view.digest"],
            |name| {
                content(name, "view tally", |s| {
                    let hash = value(&s, "encrypted_tally", 0);
                    s.replace(&hash, &"ab".repeat(32))
                })
            },
        ),
        attack(
            "L8-stale-anchor",
            "The election ledger anchors another number of counted ballots than the box",
            "election.md §4.6",
            &["election.anchor", "result.value"],
            |name| entry(name, "election", 0x0306, 0, |d| d.payload[33] += 1),
        )
        .door("election.anchor"),
        attack(
            "L9-counted",
            "The seal says that one more ballot counts",
            "election.md §5.7",
            &["box.counted", "election.anchor", "view.digest"],
            |name| entry(name, "national", 0x0408, 0, |d| d.payload[32] += 1),
        ),
        attack(
            "L9-weight",
            "The sized tally gives the ballots a greater weight",
            "ballot-suite.md §8",
            &["box.tally"],
            |name| {
                content(name, "sized tally", |s| {
                    s.replace("\"total_weight\":2", "\"total_weight\":3")
                })
            },
        ),
        attack(
            "L10-results",
            "Two results of one box",
            "election.md §4.8",
            &["election.order"],
            |name| entry(name, "election", 0x0308, 0, twice),
        )
        .same(),
        attack(
            "L10-shares",
            "Two shares of one trustee",
            "election.md §4.7",
            &["trustee.share"],
            |name| entry(name, "election", 0x0307, 0, twice),
        )
        .same(),
        attack(
            "L11-late",
            "A ballot received after the grace time",
            "election.md §5.3",
            &["box.window"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.now = CLOSES + GRACE - 3 * 600_000 + 1 - 600_000;
                w.poll();
                w.flaw = Some((w.boxes[0].ledger.id, FIRST_BALLOT + 3));
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "L11-after-close",
            "A ballot behind the close",
            "election.md §5",
            &["box.order"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll();
                let json = w.ballot(2, &[vec![0, 1]]);
                w.now = CLOSES + GRACE + 1;
                let service = "service";
                w.push("national", 0x0405, "commission", Vec::new());
                w.on("national", 0x0405, 1, leave_out);
                w.mark()
                    .push("national", 0x0403, service, Enc::default().text(&json).byte(0).0);
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "L12-no-close",
            "The box is sealed without a close",
            "election.md §5",
            &["box.order", "election.anchor", "election.order"],
            |name| entry(name, "national", 0x0405, 0, leave_out),
        )
        .door("box.order"),
        attack(
            "L12-no-seal",
            "SealOrdered without its BoxSealed",
            "election.md §5.7",
            &["box.order", "election.anchor", "election.order"],
            |name| entry(name, "national", 0x0408, 0, leave_out),
        )
        .door("election.anchor"),
        attack(
            "L12-no-anchor",
            "Shares and result without an anchored tally",
            "election.md §4.6",
            &["election.order"],
            |name| entry(name, "election", 0x0306, 0, leave_out),
        )
        .same(),
        attack(
            "L13-payload",
            "A byte behind the payload",
            "ledger.md §2",
            &["election.anchor", "election.order", "entry.encoding"],
            |name| entry(name, "national", 0x0405, 0, |d| d.payload.push(0)),
        )
        .door("entry.encoding"),
        attack(
            "L13-manifest",
            "A field in the manifest that nobody asked for",
            "election.md §1",
            &["election.manifest", "election.order"],
            |name| {
                content(name, "manifest", |s| {
                    s.replace("\"grace_ms\"", "\"note\":1,\"grace_ms\"")
                })
            },
        )
        .door("election.manifest"),
        attack(
            "L14-trackers",
            "The published trackers call a superseded ballot counted",
            "election.md §6.2",
            &["view.digest"],
            |name| content(name, "view trackers", |s| s.replace("superseded", "counted")),
        ),
        attack(
            "L14-turnout",
            "The published turnout has one voter more",
            "election.md §6.1",
            &["view.digest"],
            |name| {
                content(name, "view turnout", |s| {
                    s.replace("\"voters\":3,", "\"voters\":4,")
                })
            },
        ),
        attack(
            "L14-result",
            "The published result has a vote more than was decrypted",
            "election.md §6.4",
            &["view.digest"],
            |name| {
                content(name, "view result", |s| {
                    s.replacen(
                        "\"answers\":[{\"digital\":2,\"paper\":0,\"total\":2",
                        "\"answers\":[{\"digital\":3,\"paper\":0,\"total\":3",
                        1,
                    )
                })
            },
        ),
        attack(
            "L15-open-poll",
            "The poll is opened twice",
            "election.md §4.5",
            &["election.order"],
            |name| entry(name, "election", 0x0305, 0, twice),
        )
        .same(),
        attack(
            "L15-open-box",
            "The box is opened twice",
            "election.md §5.2",
            &["box.order"],
            |name| entry(name, "national", 0x0402, 0, twice),
        )
        .same(),
        attack(
            "L15-close",
            "The box is closed twice",
            "election.md §5.5",
            &["box.order"],
            |name| entry(name, "national", 0x0405, 0, twice),
        )
        .same(),
        attack(
            "L16-checkpoint",
            "The checkpoint of the box is missing",
            "verification.md §1.1",
            &[
                "election.omitted",
                "election.order",
                "folder.missing",
                "ledger.checkpoint",
                "trust.ledger",
            ],
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                let mut package = pack(&w);
                package.files.remove(&format!(
                    "ledgers/{}/checkpoint",
                    hex::encode(w.boxes[0].ledger.id)
                ));
                package
            },
        ),
        attack(
            "L16-content",
            "The exclusion list that an event cites is missing",
            "verification.md §2.6",
            &["content.missing"],
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                let mut package = pack(&w);
                let list = super::world::credential_list(&[(G * secret(2)).compress().0]);
                package
                    .files
                    .remove(&format!("content/{}", hex::encode(sha(&[list.as_bytes()]))))
                    .unwrap();
                package
            },
        )
        .door("content.missing"),
        attack(
            "L16-changed-content",
            "A content has other bytes than its name says",
            "verification.md §2.6",
            &["content.mismatch"],
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                let mut package = pack(&w);
                let list = super::world::credential_list(&[(G * secret(2)).compress().0]);
                let bytes = package
                    .files
                    .get_mut(&format!("content/{}", hex::encode(sha(&[list.as_bytes()]))))
                    .unwrap();
                bytes[5] ^= 1;
                package
            },
        )
        .door("content.missing"),
        attack(
            "L16-extra",
            "A file that no published folder has",
            "ledger.md §10",
            &["folder.unexpected"],
            |name| {
                let mut w = world(name, |_| ());
                w.extra.insert("notes.txt".to_owned(), b"see me".to_vec());
                w.play();
                pack(&w)
            },
        ),
        attack(
            "L16-uncited",
            "A content that no event cites",
            "ledger.md §9",
            &["content.uncited"],
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                let mut package = pack(&w);
                package.files.insert(
                    format!("content/{}", hex::encode(sha(&[b"covert"]))),
                    b"covert".to_vec(),
                );
                package
            },
        ),
        attack(
            "L16-no-trust",
            "An honest folder without a trust file is not verified",
            "verification.md §1.3",
            &[],
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                Package {
                    trust: None,
                    ..pack(&w)
                }
            },
        ),
        attack(
            "L18-event",
            "An event type that nobody knows",
            "events.md §1",
            &["election.anchor", "election.order", "event.unknown"],
            |name| entry(name, "national", 0x0405, 0, |d| d.event_type = 0x7777),
        )
        .door("event.unknown"),
        attack(
            "L18-kind",
            "An event of another kind of ledger",
            "events.md",
            &["election.anchor", "election.order", "event.unknown"],
            |name| entry(name, "national", 0x0405, 0, |d| d.event_type = 0x0305),
        )
        .door("event.unknown"),
        attack(
            "L18-version",
            "A version of an event that nobody knows",
            "events.md",
            &["election.anchor", "election.order", "event.unknown"],
            |name| entry(name, "national", 0x0405, 0, |d| d.version = 2),
        )
        .door("event.unknown"),
        attack(
            "L18-suite",
            "A voting suite that nobody knows",
            "election.md §2",
            &["election.manifest", "election.order"],
            |name| {
                content(name, "manifest", |s| {
                    s.replace("belenios-v1-ed25519", "belenios-v9-other")
                })
            },
        )
        .door("election.manifest")
        .exit(2),
        attack(
            "L18-format",
            "A manifest of a format that nobody knows",
            "election.md §2",
            &["election.manifest", "election.order"],
            |name| {
                content(name, "manifest", |s| {
                    s.replace("sijill-manifest/1", "sijill-manifest/2")
                })
            },
        )
        .door("election.manifest")
        .exit(2),
        attack(
            "L19-role",
            "The registrar closes the box",
            "events.md §5",
            &["event.author"],
            |name| entry(name, "national", 0x0405, 0, |d| d.author = "registrar".to_owned()),
        )
        .same(),
        attack(
            "L19-scope",
            "The first trustee publishes the key of the second",
            "events.md §4",
            &["event.author"],
            |name| entry(name, "election", 0x0302, 1, |d| d.author = "trustee 1".to_owned()),
        )
        .same(),
        attack(
            "L19-revoked",
            "A commission key acts after it was revoked",
            "events.md §2",
            &["event.author"],
            |name| {
                let mut w = world(name, |_| ());
                w.on("election", 0x0305, 0, |d| d.author = "deputy".to_owned());
                w.begin();
                w.push("election", 0x0002, "commission", grant("deputy", 1, None));
                w.push("election", 0x0003, "commission", grant("deputy", 1, None));
                w.fill_roll();
                w.make_key();
                w.define_boxes();
                w.open();
                w.poll();
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "L19-last-commission",
            "The only commission key is revoked",
            "events.md §2",
            &["event.grant"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll();
                w.mark()
                    .push("election", 0x0003, "commission", grant("commission", 1, None));
                w.finish();
                pack(&w)
            },
        )
        .door("event.grant"),
        attack(
            "L20-backwards",
            "An entry is sequenced before the one in front of it",
            "ledger.md §5",
            &["entry.time"],
            |name| {
                entry(name, "national", 0x0403, 1, |d| {
                    (d.received, d.sequenced) = (d.received - 700_000, d.sequenced - 700_000);
                })
            },
        )
        .door("entry.time"),
        attack(
            "L20-lag",
            "An entry is sequenced long after it was received",
            "ledger.md §5",
            &["entry.time"],
            |name| entry(name, "national", 0x0403, 1, |d| d.received -= 5_001),
        ),
        attack(
            "L21-torsion",
            "A signature that holds with the cofactor only",
            "ledger.md §1.2; Chalkias, Garillot, Nikolaenko 2020",
            &["entry.signature"],
            |name| entry(name, "national", 0x0405, 0, |d| d.signing = Signing::TorsionInR),
        )
        .same(),
        attack(
            "L21-small-order",
            "A signature whose R is of small order",
            "ledger.md §1.2",
            &["entry.signature"],
            |name| entry(name, "national", 0x0405, 0, |d| d.signing = Signing::SmallR),
        )
        .same(),
        attack(
            "L22-other-ledger",
            "A body that was signed for another ledger",
            "ledger.md §4",
            &["entry.ledger"],
            |name| entry(name, "national", 0x0405, 0, |d| d.body_ledger = public("nowhere")),
        )
        .door("entry.ledger"),
        attack(
            "L23-replay",
            "A grant that was revoked is replayed: the same signed body once more",
            "ledger.md §4.1",
            &["entry.nonce"],
            |name| {
                let mut w = world(name, |_| ());
                w.begin();
                let deputy = grant("deputy", 3, None);
                w.push("election", 0x0002, "commission", deputy.clone());
                let granted = w.election.bodies.last().cloned();
                w.push("election", 0x0003, "commission", deputy.clone());
                w.on("election", 0x0002, 1, move |d| d.replay = granted.clone());
                w.push("election", 0x0002, "commission", deputy);
                w.fill_roll();
                w.make_key();
                w.define_boxes();
                w.open();
                w.poll();
                w.finish();
                pack(&w)
            },
        )
        .door("repeated"),
        attack(
            "L24-omitted",
            "The box of a district is missing from the folder",
            "verification.md §5.3",
            &["election.omitted", "election.order", "trust.ledger"],
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                let mut package = pack(&w);
                let folder = format!("ledgers/{}/", hex::encode(w.boxes[0].ledger.id));
                package.files.retain(|path, _| !path.starts_with(&folder));
                let list = super::world::credential_list(&[(G * secret(2)).compress().0]);
                package
                    .files
                    .remove(&format!("content/{}", hex::encode(sha(&[list.as_bytes()]))));
                package
            },
        ),
        attack(
            "L24-unlisted",
            "A box in the folder that the event does not list",
            "verification.md §5.3",
            &["election.unlisted"],
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                let mut package = pack(&w);
                let mut extra = Ledger::new(
                    "extra",
                    4,
                    Some(w.election.id),
                    &[grant("commission", 1, None)],
                    "",
                    [9; 32],
                );
                let genesis = extra.genesis.clone();
                extra.push(&mut |_| (), 0x0001, "service", OPENS, &[], genesis);
                extra.publish(&mut package.files);
                package
            },
        ),
        attack(
            "L25-padded",
            "A number is written with one byte more than it needs",
            "ledger.md §2",
            &["election.anchor", "election.order", "entry.encoding"],
            |name| entry(name, "national", 0x0405, 0, |d| d.padded_seq = true),
        ),
        attack(
            "L25-unsorted",
            "The list of ledgers is not sorted",
            "election.md §4.1",
            &["election.order"],
            |name| {
                entry(name, "election", 0x0301, 0, |d| {
                    let from = d.payload.len() - 35 - 44;
                    let mut rows: Vec<Vec<u8>> = Vec::new();
                    let mut rest = &d.payload[from..];
                    while !rest.is_empty() {
                        let length = if rest[32] == 2 { 35 } else { 44 };
                        rows.push(rest[..length].to_vec());
                        rest = &rest[length..];
                    }
                    rows.reverse();
                    d.payload.truncate(from);
                    d.payload.extend(rows.concat());
                })
            },
        )
        .same(),
        attack(
            "L26-self-made",
            "A whole event under the forger's own keys",
            "ledger.md §11",
            &["trust.file", "trust.ledger"],
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                let mut own = world("forger", |s| s.owner = "forger's ");
                own.play();
                Package {
                    trust: Some(w.trust()),
                    ..pack(&own)
                }
            },
        ),
        attack(
            "L27-held-back",
            "An official's body, signed long ago, is inserted",
            "ledger.md §4.2",
            &["entry.seen"],
            |name| {
                entry(name, "national", 0x0405, 0, |d| {
                    d.author_time = d.received - 600_001
                })
            },
        )
        .same(),
        attack(
            "L27-old-view",
            "An official signed upon an old view",
            "ledger.md §4.2",
            &["entry.seen"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                let size = w.boxes[0].ledger.size();
                let seen = super::forge::root(&w.boxes[0].ledger.leaves);
                w.on("national", 0x0405, 0, move |d| d.seen = Some((size, seen)));
                w.poll();
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "L28-restored",
            "The folder is older than a checkpoint that is known",
            "ledger.md §11",
            &["trust.checkpoint"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll();
                let package = pack(&w);
                w.finish();
                Package {
                    trust: Some(w.trust()),
                    ..package
                }
            },
        )
        .stage("open"),
    ]
}

#[allow(clippy::too_many_lines, reason = "a list")]
fn ballots() -> Vec<Case> {
    vec![
        attack(
            "B1-challenge",
            "One challenge of a range proof is altered, the ballot signed again",
            "ballot-suite.md §7.3",
            &["ballot.proof"],
            |name| forged(name, |b| b.replace(&value(&b, "challenge", 0), "1")),
        )
        .same(),
        attack(
            "B1-overall",
            "One response of the overall proof is altered",
            "ballot-suite.md §7.3",
            &["ballot.proof"],
            |name| forged(name, |b| b.replace(&value(&b, "response", 4), "1")),
        )
        .same(),
        attack(
            "B2-cancellation",
            "Two for one answer and minus one for the other; the sum is proved honestly",
            "ballot-suite.md §7.3",
            &["ballot.proof"],
            |name| proved(name, &[2, -1], Proofs::MadeUpIndividual),
        )
        .same(),
        attack(
            "B2-double",
            "Two votes for one answer with made-up proofs",
            "ballot-suite.md §7.3",
            &["ballot.proof", "result.value"],
            |name| proved(name, &[2, 0], Proofs::MadeUp),
        )
        .door("ballot.proof"),
        attack(
            "B3-stuffing",
            "A valid ballot by a credential that is on no list",
            "election.md §5.3",
            &["ballot.credential"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll();
                let json = w.ballot(77, &[vec![1, 0]]);
                w.mark().cast(77, &json);
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "B4-copy",
            "The ciphertexts and proofs of another's ballot, signed by another credential",
            "Cortier, Smyth 2010",
            &["ballot.duplicate", "ballot.proof"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll_before();
                let of = w.boxes[0].cast[0].json.clone();
                let unsigned =
                    of[..of.find(",\"signature\"").unwrap()].replace(&credential(0), &credential(1));
                let json = sign_ballot(&unsigned, &secret(1), &mut w.dice);
                w.mark().cast(1, &json);
                w.poll_after();
                w.finish();
                pack(&w)
            },
        )
        .door("ballot.proof"),
        attack(
            "B5-replay",
            "The voter's older ballot is appended again behind the re-vote",
            "election.md §5.3",
            &["ballot.chain", "ballot.duplicate", "entry.nonce"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll();
                let old = w.boxes[0].cast[0].json.clone();
                let latest = w.boxes[0].cast[2].json.clone();
                let chain = replaces(&latest, &old, &secret(0), &mut w.dice);
                let cts = ciphertexts(&old);
                w.mark().cast_as(&credential(0), &old, Some(&chain), cts);
                w.finish();
                pack(&w)
            },
        )
        .door("ballot.chain"),
        attack(
            "B6-unsigned",
            "The signature is stripped",
            "ballot-suite.md §7.1",
            &["ballot.form"],
            |name| replaced(name, |b| format!("{}}}", &b[..b.find(",\"signature\"").unwrap()])),
        )
        .door("ballot.form"),
        attack(
            "B7-other-key",
            "Signed by another credential than the ballot names",
            "ballot-suite.md §7.4",
            &["ballot.signature"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll_before();
                let honest = w.ballot(1, &[vec![1, 0]]);
                let json = sign_ballot(
                    &honest[..honest.find(",\"signature\"").unwrap()],
                    &secret(0),
                    &mut w.dice,
                );
                w.mark().cast(1, &json);
                w.poll_after();
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "B7-hash",
            "The signature's hash is that of another ballot",
            "ballot-suite.md §7.4",
            &["ballot.signature"],
            |name| replaced(name, |b| b.replace(&value(&b, "hash", 0), &b64(&[7; 32]))),
        )
        .same(),
        attack(
            "B8-scalar",
            "A response plus the group order",
            "ballot-suite.md §1.2",
            &["ballot.form"],
            |name| {
                forged(name, |b| {
                    let r = value(&b, "response", 0);
                    b.replace(&r, &plus_order(&r))
                })
            },
        )
        .same(),
        attack(
            "B9-uuid",
            "A ballot for another uuid",
            "ballot-suite.md §7.1",
            &["ballot.election"],
            |name| {
                forged(name, |b| {
                    b.replace(&value(&b, "election_uuid", 0), "12345678abcdEF")
                })
            },
        )
        .same(),
        attack(
            "B9-fingerprint",
            "A ballot for another fingerprint",
            "ballot-suite.md §7.1",
            &["ballot.election"],
            |name| {
                forged(name, |b| {
                    b.replace(&value(&b, "election_hash", 0), &b64(&[7; 32]))
                })
            },
        )
        .same(),
        attack(
            "B10-choices",
            "A choice more than the question has",
            "ballot-suite.md §7.1",
            &["ballot.form"],
            |name| {
                forged(name, |b| {
                    let from = b.find("{\"alpha\"").unwrap();
                    let first = b[from..=from + b[from..].find('}').unwrap()].to_owned();
                    b.replacen(&first, &format!("{first},{first}"), 1)
                })
            },
        )
        .same(),
        attack(
            "B10-proofs",
            "An individual proof of three claims",
            "ballot-suite.md §7.1",
            &["ballot.form"],
            |name| {
                forged(name, |b| {
                    b.replacen(
                        "[{\"challenge\"",
                        "[{\"challenge\":\"1\",\"response\":\"1\"},{\"challenge\"",
                        1,
                    )
                })
            },
        )
        .same(),
        attack(
            "B11-field",
            "A field that nobody asked for",
            "ballot-suite.md §1.1",
            &["ballot.form"],
            |name| {
                forged(name, |b| {
                    b.replacen("\"answers\"", "\"memo\":\"1\",\"answers\"", 1)
                })
            },
        )
        .same(),
        attack(
            "B12-zero",
            "A leading zero",
            "ballot-suite.md §1.2",
            &["ballot.form"],
            |name| forged(name, |b| b.replacen("\"challenge\":\"", "\"challenge\":\"0", 1)),
        )
        .same(),
        attack(
            "B12-space",
            "White space between tokens",
            "ballot-suite.md §1.1",
            &["ballot.form"],
            |name| forged(name, |b| b.replacen(':', ": ", 1)),
        )
        .same(),
        attack(
            "B12-capitals",
            "A point in capitals",
            "ballot-suite.md §2.2",
            &["ballot.form"],
            |name| {
                forged(name, |b| {
                    let a = value(&b, "beta", 0);
                    b.replacen(&a, &a.to_uppercase(), 1)
                })
            },
        )
        .same(),
        attack(
            "B12-escape",
            "A letter written as an escape",
            "ballot-suite.md §1.1",
            &["ballot.form"],
            |name| forged(name, |b| b.replacen("\"answers\"", "\"\\u0061nswers\"", 1)),
        )
        .same(),
        attack(
            "B13-torsion",
            "A component of order 8 in a ciphertext",
            "ballot-suite.md §2.2",
            &["ballot.group"],
            |name| {
                forged(name, |b| {
                    let a = value(&b, "alpha", 0);
                    b.replace(&a, &with_torsion(&a))
                })
            },
        )
        .same(),
        attack(
            "B13-order-2",
            "The point of order 2 as a ciphertext",
            "ballot-suite.md §2.2",
            &["ballot.group"],
            |name| forged(name, |b| b.replace(&value(&b, "beta", 1), ORDER_2)),
        )
        .same(),
        attack(
            "B14-alpha",
            "The neutral element as alpha",
            "ballot-suite.md §2.3",
            &["ballot.group"],
            |name| forged(name, |b| b.replace(&value(&b, "alpha", 1), NEUTRAL)),
        )
        .same(),
        attack(
            "B14-credential",
            "The neutral element as credential",
            "ballot-suite.md §2.3",
            &["ballot.credential", "ballot.group"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll_before();
                let suite = w.boxes[0].suite.clone();
                let json = suite.ballot(&Scalar::ZERO, &[vec![1, 0]], &mut w.dice);
                let cts = ciphertexts(&json);
                w.mark().cast_as(NEUTRAL, &json, None, cts);
                w.poll_after();
                w.finish();
                pack(&w)
            },
        )
        .door("ballot.group"),
        attack(
            "B15-y",
            "y = 1 written as 2^255 − 18",
            "ballot-suite.md §2.2",
            &["ballot.form"],
            |name| {
                forged(name, |b| {
                    b.replace(
                        &value(&b, "alpha", 0),
                        "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffee",
                    )
                })
            },
        )
        .same(),
        attack(
            "B15-sign",
            "x = 0 with the sign bit",
            "ballot-suite.md §2.2",
            &["ballot.form"],
            |name| {
                forged(name, |b| {
                    b.replace(
                        &value(&b, "alpha", 0),
                        "8000000000000000000000000000000000000000000000000000000000000001",
                    )
                })
            },
        )
        .same(),
        attack(
            "B15-curve",
            "A y that no point of the curve has",
            "ballot-suite.md §2.2",
            &["ballot.group"],
            |name| {
                forged(name, |b| {
                    b.replace(
                        &value(&b, "alpha", 0),
                        "0000000000000000000000000000000000000000000000000000000000000002",
                    )
                })
            },
        )
        .door("ballot.group"),
        attack(
            "B16-weak-hash",
            "A challenge that does not depend on the ciphertext",
            "Bernhard, Pereira, Warinschi 2012",
            &["ballot.proof"],
            |name| proved(name, &[1, 0], Proofs::WeakHash),
        )
        .same(),
        attack(
            "B17-group",
            "An election record of another group",
            "Cortier, Gaudry, Yang 2020; ballot-suite.md §4",
            &["ballot.election", "election.record", "trustee.share"],
            |name| {
                content(name, "election record", |s| {
                    s.replace("\"Ed25519\"", "\"RFC-3526-2048\"")
                })
            },
        )
        .door("election.record"),
        attack(
            "B20-clash",
            "One ballot recorded for two voters",
            "Küsters, Truderung, Vogt 2012",
            &["ballot.chain", "ballot.duplicate", "entry.nonce"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll();
                let json = w.boxes[0].cast[1].json.clone();
                let cts = ciphertexts(&json);
                w.mark().cast_as(&credential(1), &json, None, cts);
                w.finish();
                pack(&w)
            },
        )
        .door("repeated"),
        attack(
            "B20-tracker",
            "The published trackers show one ballot twice",
            "election.md §6.2",
            &["view.digest"],
            |name| {
                content(name, "view trackers", |s| {
                    let from = s.find("[[").unwrap() + 1;
                    let row = s[from..=from + s[from..].find(']').unwrap()].to_owned();
                    s.replace("[[", &format!("[{row},["))
                })
            },
        ),
        attack(
            "B21-audited",
            "The ciphertexts of an audited ballot are cast under another signature",
            "election.md §5.4",
            &["ballot.audited"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll_before();
                let audited = w.ballot(1, &[vec![1, 0]]);
                w.audit(&audited);
                let json = sign_ballot(
                    &audited[..audited.find(",\"signature\"").unwrap()],
                    &secret(1),
                    &mut w.dice,
                );
                w.mark().cast(1, &json);
                w.poll_after();
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "B21-audit-of-cast",
            "A ballot of the box is announced for audit",
            "election.md §5.4",
            &["ballot.audited"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll();
                let json = w.boxes[0].cast[1].json.clone();
                w.mark().audit(&json);
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "B22-held-back",
            "A re-vote that was held back is recorded behind a later one",
            "election.md §5.3; ballot-suite.md §13",
            &["ballot.chain"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll();
                let first = w.boxes[0].cast[0].json.clone();
                let held = w.ballot(0, &[vec![0, 1]]);
                let chain = replaces(&held, &first, &secret(0), &mut w.dice);
                let cts = ciphertexts(&held);
                w.mark().cast_as(&credential(0), &held, Some(&chain), cts);
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "B22-unproved",
            "A re-vote without its proof",
            "ballot-suite.md §13",
            &["ballot.chain"],
            |name| {
                entry(name, "national", 0x0403, 2, |d| {
                    let n = d.payload.len();
                    d.payload.truncate(n - 96);
                    d.payload[n - 97] = 0;
                })
            },
        )
        .same(),
        attack(
            "B22-false-proof",
            "A re-vote with a proof that does not hold",
            "ballot-suite.md §13",
            &["ballot.chain"],
            |name| {
                entry(name, "national", 0x0403, 2, |d| {
                    let n = d.payload.len();
                    d.payload[n - 32] ^= 1;
                })
            },
        )
        .same(),
        attack(
            "B22-no-revotes",
            "A second ballot where re-votes are not allowed",
            "election.md §5.3",
            &["ballot.chain"],
            |name| {
                let mut w = world(name, |s| s.revote = false);
                w.play();
                w.flaw = Some((w.boxes[0].ledger.id, FIRST_BALLOT + 2));
                pack(&w)
            },
        )
        .same(),
        attack(
            "B23-older-counts",
            "Only the last ballot of an excluded voter is taken out; the older one counts again",
            "election.md §5.7",
            &["box.counted", "box.tally"],
            |name| {
                let mut w = world(name, |s| s.excluded = vec![0]);
                w.boxes[0].counts = Some(vec![0, 1, 3]);
                w.play();
                pack(&w)
            },
        ),
        attack(
            "B24-nonce",
            "A mark in the nonce of a ballot's entry",
            "events.md §5",
            &["event.nonce"],
            |name| entry(name, "national", 0x0403, 0, |d| d.nonce = Some([9; 16])),
        )
        .door("event.nonce"),
        attack(
            "B24-time",
            "An author's time beside a ballot",
            "ledger.md §4.2",
            &["event.nonce"],
            |name| entry(name, "national", 0x0403, 0, |d| d.author_time = 5),
        )
        .door("event.nonce"),
    ]
}

fn eligibility() -> Vec<Case> {
    vec![
        attack(
            "C1-duplicate",
            "A credential stands twice on the list",
            "ballot-suite.md §5.1",
            &["election.credentials", "election.order", "roll.credentials"],
            |name| {
                content(name, "credentials", |s| {
                    let first = s[1..67].to_owned();
                    format!("[{first},{}", &s[1..].replace(&s[68..135], ""))
                })
            },
        )
        .door("roll.credentials"),
        attack(
            "C1-commitment",
            "Two voters have one commitment",
            "events.md §3",
            &["roll.duplicate"],
            |name| {
                entry(name, "roll", 0x0202, 1, |d| {
                    let c = sha(&[b"commitment", &[0]]);
                    d.payload[32..].copy_from_slice(&c);
                })
            },
        )
        .same(),
        attack(
            "C1-voter",
            "A voter is registered twice, on one check",
            "roll.md §4.2",
            &["roll.duplicate", "roll.eligibility"],
            |name| entry(name, "roll", 0x0201, 0, twice),
        )
        .same(),
        attack(
            "C14-unchecked",
            "A voter is registered without a check of eligibility",
            "roll.md §4.2",
            &["roll.eligibility"],
            |name| entry(name, "roll", 0x0205, 0, leave_out),
        )
        .door("roll.eligibility"),
        attack(
            "C14-refused",
            "A voter is registered whom the check found not to be eligible",
            "roll.md §4.2",
            &["roll.eligibility"],
            |name| {
                let mut w = world(name, |_| ());
                // The check may stand; the registration may not.
                w.on("roll", 0x0205, 0, |d| {
                    d.payload[33] = 0;
                    d.flawed = false;
                });
                w.on("roll", 0x0201, 0, |_| ());
                w.play();
                pack(&w)
            },
        )
        .door("roll.eligibility"),
        attack(
            "C14-log-in",
            "The roll tells that somebody logged in to vote",
            "roll.md §4.1",
            &["roll.eligibility"],
            |name| {
                let mut w = world(name, |_| ());
                w.begin();
                w.fill_roll();
                let voter = sha(&[b"voter", &[0]]);
                let check = Enc::default().raw(&voter).byte(3).byte(1).raw(&[8; 32]);
                w.mark().push("roll", 0x0205, "registrar", check.0);
                w.make_key();
                w.define_boxes();
                w.open();
                w.poll();
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "C14-rules",
            "The roll is governed by another rule pack than the election",
            "roll.md §1",
            &["roll.definition"],
            |name| content(name, "rules", |s| s.replacen("\"plain-1\"", "\"plain-2\"", 1)),
        )
        .door("roll.definition"),
        attack(
            "C14-undefined",
            "Voters are registered on a roll that no rule pack governs",
            "roll.md §1",
            &["roll.order"],
            |name| entry(name, "roll", 0x0204, 0, leave_out),
        )
        .same(),
        attack(
            "C14-transfer",
            "A voter is transferred from a district that is not theirs",
            "roll.md §4.3",
            &["roll.transfer"],
            |name| {
                let transfer = Enc::default().raw(&sha(&[b"voter", &[3]])).text("elsewhere");
                let transfer = transfer.text("national").raw(&[8; 32]);
                on_roll(name, 0x0206, "registrar", transfer.0)
            },
        )
        .same(),
        attack(
            "C14-objection",
            "An objection is filed where the rules have none",
            "roll.md §5",
            &["roll.objection"],
            |name| {
                let voter = sha(&[b"voter", &[3]]);
                let filed = Enc::default().raw(&[7; 32]).raw(&voter).byte(2).raw(&[8; 32]);
                on_roll(name, 0x0209, "registrar", filed.0)
            },
        )
        .same(),
        attack(
            "C14-stranger",
            "A voter is struck who is not on the roll",
            "roll.md §4.5",
            &["roll.order"],
            |name| {
                let struck = Enc::default().raw(&[7; 32]).raw(&[8; 32]);
                on_roll(name, 0x0208, "registrar", struck.0)
            },
        )
        .same(),
        attack(
            "C14-correction",
            "A correction rests on a check that was used up",
            "roll.md §4.4",
            &["roll.eligibility"],
            |name| {
                let corrected = Enc::default().raw(&sha(&[b"voter", &[0]])).int(2);
                on_roll(name, 0x0207, "registrar", corrected.0)
            },
        )
        .same(),
        attack(
            "C14-kept",
            "A voter stays on the frozen roll whom a later check found not to be eligible",
            "roll.md §4.8",
            &["roll.eligibility"],
            |name| {
                let mut w = world(name, |spec| {
                    let voter = sha(&[b"voter", &[0]]);
                    let checked = Enc::default().raw(&voter).byte(1).byte(0).raw(&[8; 32]);
                    spec.on_roll.push((0x0205, "registrar", checked.0));
                });
                w.on("roll", 0x0203, 0, |_| ());
                w.play();
                pack(&w)
            },
        )
        .same(),
        attack(
            "C2-padded",
            "The freeze has one voter more than were registered",
            "events.md §3",
            &["roll.counts", "election.credentials"],
            |name| entry(name, "roll", 0x0203, 0, |d| d.payload[10] += 1),
        )
        .door("roll.counts"),
        attack(
            "C2-holders",
            "More credentials than voters",
            "verification.md §5.7",
            &["election.credentials", "view.digest"],
            |name| {
                entry(name, "election", 0x0304, 0, |d| {
                    let n = d.payload.len();
                    d.payload[n - 2] = 1;
                })
            },
        )
        .door("election.credentials"),
        attack(
            "C3-weight",
            "A credential with a weight",
            "election.md §3; ballot-suite.md §5.1",
            &["election.credentials", "election.order", "roll.credentials"],
            |name| content(name, "credentials", |s| s.replacen("\",\"", ",5\",\"", 1)),
        )
        .door("roll.credentials"),
        attack(
            "C4-both-counted",
            "A digital ballot counts although its voter is excluded for paper",
            "election.md §5.7",
            &["box.counted", "box.tally"],
            |name| {
                let mut w = world(name, |_| ());
                w.boxes[0].counts = Some(vec![1, 2, 3]);
                w.play();
                pack(&w)
            },
        ),
        attack(
            "C4-stranger",
            "An exclusion of somebody who is not on the list",
            "election.md §5.6",
            &["box.exclusions"],
            |name| {
                let mut w = world(name, |s| s.excluded = vec![99]);
                w.play();
                pack(&w)
            },
        )
        .same(),
        attack(
            "C5-after-freeze",
            "A voter is registered behind the freeze",
            "events.md §3",
            &["roll.order"],
            |name| {
                let mut w = world(name, |_| ());
                w.begin();
                w.fill_roll();
                w.mark().push(
                    "roll",
                    0x0201,
                    "registrar",
                    Enc::default().raw(&[8; 32]).text("national").0,
                );
                w.make_key();
                w.define_boxes();
                w.open();
                w.poll();
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "C5-unfrozen-ref",
            "The box rests on the roll as it was before its freeze",
            "election.md §4.4",
            &["election.credentials"],
            |name| {
                let mut w = world(name, |_| ());
                w.begin();
                let before = w.roll.cite();
                w.fill_roll();
                w.on("election", 0x0304, 0, move |d| d.refs = vec![before]);
                w.make_key();
                w.define_boxes();
                w.open();
                w.poll();
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "C6-order",
            "The list is in the order of enrolment",
            "ballot-suite.md §5.1",
            &["election.credentials", "election.order", "roll.credentials"],
            |name| {
                content(name, "credentials", |s| {
                    let mut rows: Vec<&str> = s.trim_matches(['[', ']']).split(',').collect();
                    rows.reverse();
                    format!("[{}]", rows.join(","))
                })
            },
        )
        .door("roll.credentials"),
        attack(
            "C7-question",
            "The box asks another question than the manifest",
            "election.md §3.3",
            &["ballot.election", "election.record", "trustee.share"],
            |name| content(name, "election record", |s| s.replace("Q0?", "Not Q0?")),
        )
        .door("election.record"),
        attack(
            "C7-setup",
            "The box is prepared with another end",
            "election.md §5.1",
            &["box.setup"],
            |name| {
                entry(name, "national", 0x0401, 0, |d| {
                    let n = d.payload.len();
                    d.payload[n - 1] += 1;
                })
            },
        )
        .same(),
        attack(
            "C8-paper",
            "The paper return does not add up",
            "election.md §4.9",
            &["paper.return"],
            |name| {
                let mut w = world(name, |s| s.paper = true);
                w.on("election", 0x0309, 0, |d| d.payload[32] += 1);
                w.play();
                pack(&w)
            },
        )
        .door("paper.return"),
        attack(
            "C8-votes",
            "More votes on paper than papers",
            "election.md §4.9",
            &["paper.return"],
            |name| {
                let mut w = world(name, |s| s.paper = true);
                w.on("election", 0x0309, 0, |d| {
                    let n = d.payload.len();
                    d.payload[n - 1] = 9;
                });
                w.play();
                pack(&w)
            },
        )
        .same(),
        attack(
            "C8-unissued",
            "Fewer papers than voters excluded for paper",
            "election.md §4.9",
            &["paper.return"],
            |name| {
                let mut w = world(name, |s| s.paper = true);
                w.on("election", 0x0309, 0, |d| {
                    d.payload[32] = 0;
                    d.payload[33] = 0;
                    d.payload[34] = 0;
                    let n = d.payload.len();
                    d.payload[n - 2] = 0;
                });
                w.play();
                pack(&w)
            },
        )
        .same(),
        attack(
            "C9-early-anchor",
            "The tally is anchored before the box is sealed",
            "election.md §4.6",
            &["election.anchor"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll();
                let cite = w.boxes[0].ledger.cite();
                w.close();
                w.seal();
                w.on("election", 0x0306, 0, move |d| {
                    d.refs = vec![cite];
                    d.payload[32] = cite.1 as u8;
                });
                w.anchor();
                w.decrypt();
                w.declare();
                w.publish_views();
                pack(&w)
            },
        )
        .same(),
        attack(
            "C9-early-share",
            "A share before the tally is anchored",
            "election.md §4.7",
            &["election.order"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll();
                w.close();
                w.seal();
                let share = w.share(0, 1);
                w.mark().submit_share(0, 1, share);
                w.now += 1_000;
                w.anchor();
                w.decrypt();
                w.declare();
                w.publish_views();
                pack(&w)
            },
        )
        .same(),
        attack(
            "C9-early-close",
            "The box is closed before the poll is over",
            "election.md §5.5",
            &["box.window"],
            |name| {
                entry(name, "national", 0x0405, 0, |d| {
                    (d.received, d.sequenced, d.author_time) =
                        (CLOSES + GRACE, CLOSES + GRACE, CLOSES + GRACE);
                })
            },
        )
        .same(),
        attack(
            "C13-small-box",
            "A box below the minimum is decrypted",
            "election.md §4.7",
            &["election.order", "trustee.share"],
            |name| {
                let mut w = world(name, |_| ());
                w.on_content("manifest", |s| {
                    s.replace("\"min_ballots\":1", "\"min_ballots\":3")
                });
                w.on("national", 0x0401, 0, |d| {
                    let n = d.payload.len();
                    d.payload[n - 1] = 3;
                });
                w.play();
                w.flaw = None;
                pack(&w)
            },
        )
        .door("trustee.share"),
    ]
}

fn trustees() -> Vec<Case> {
    vec![
        attack(
            "T1-rogue",
            "A rogue key that cancels the other, with a proof that does not hold",
            "ballot-suite.md §6.2",
            &["trustee.key"],
            |name| {
                let mut w = world(name, |_| ());
                w.begin();
                w.fill_roll();
                w.trustees = vec![w.dice.roll(), w.dice.roll()];
                let (one, goal) = (w.trustees[0], w.trustees[1]);
                let honest = w.trustee_record(1, &one, &(G * one));
                w.publish_key(1, &honest);
                let rogue = G * goal - G * one;
                let record = w.trustee_record(2, &goal, &rogue);
                w.mark().publish_key(2, &record);
                w.key = G * goal;
                w.trustees[1] = goal - one;
                w.fix_key(format!("[[\"Single\",{honest}],[\"Single\",{record}]]"));
                w.define_boxes();
                w.open();
                w.poll();
                w.finish();
                pack(&w)
            },
        )
        .same(),
        attack(
            "T2-swapped",
            "The election key is not that of the trustees",
            "ballot-suite.md §6.5",
            &["result.value", "trustee.record"],
            |name| {
                let mut w = world(name, |_| ());
                w.begin();
                w.fill_roll();
                let record = w.publish_keys();
                w.key = G * Scalar::from(7u64);
                w.mark().fix_key(record);
                w.define_boxes();
                w.open();
                w.poll();
                w.finish();
                pack(&w)
            },
        )
        .door("trustee.record"),
        attack(
            "T3-bogus",
            "A share with a bogus factor",
            "ballot-suite.md §9",
            &["trustee.share"],
            |name| {
                content(name, "share 1", |s| {
                    let at = s.find("[[\"").unwrap() + 3;
                    let factor = &s[at..at + 64];
                    let other = text_of(&(point(factor) + G));
                    s.replacen(factor, &other, 1)
                })
            },
        )
        .same(),
        attack(
            "T3-missing",
            "A share is missing",
            "ballot-suite.md §10",
            &["election.order"],
            |name| {
                let mut w = world(name, |_| ());
                w.on("election", 0x0307, 1, leave_out);
                w.play();
                pack(&w)
            },
        )
        .same(),
        attack(
            "T4-equivocation",
            "A trustee vouches for other certificates than those of the ledger",
            "election.md §7.5",
            &["ceremony.key"],
            |name| {
                ceremony(name, 0x030e, 1, |d| {
                    let n = d.payload.len();
                    let at = n - 20;
                    d.payload[at] = if d.payload[at] == b'1' { b'2' } else { b'1' };
                })
            },
        )
        .same(),
        attack(
            "T4-certificate",
            "A certificate for another place",
            "election.md §7.2",
            &["ceremony.certificate"],
            |name| {
                ceremony(name, 0x030b, 1, |d| {
                    let at = d
                        .payload
                        .windows(11)
                        .position(|w| w == b"\\\"index\\\":2")
                        .unwrap();
                    d.payload[at + 10] = b'3';
                })
            },
        )
        .same(),
        attack(
            "T5-rushing",
            "Coefficients that do not open the commitment",
            "election.md §7.3",
            &["ceremony.coefficients"],
            |name| ceremony(name, 0x030c, 2, |d| d.payload[2] ^= 1),
        )
        .same(),
        attack(
            "T5-early",
            "Coefficients are opened before everybody has committed",
            "election.md §7.1",
            &["box.setup", "election.order"],
            |name| ceremony(name, 0x030b, 2, leave_out),
        )
        .door("election.order"),
        attack(
            "T5-shares",
            "A dealer leaves out one trustee",
            "election.md §7.4",
            &["ceremony.shares"],
            |name| {
                ceremony(name, 0x030d, 0, |d| {
                    d.payload[2] = 2;
                    let n = d.payload.len();
                    d.payload.truncate(n - 81);
                })
            },
        )
        .same(),
        attack(
            "T5-complaint",
            "A complaint with a secret that is not that of the channel key",
            "election.md §7.7",
            &["box.setup", "ceremony.complaint", "election.order"],
            |name| {
                let mut w = world(name, of_three);
                w.on("election", 0x030e, 0, |d| {
                    d.event_type = 0x030f;
                    d.payload = Enc::default().int(1).int(1).int(2).raw(&[7; 32]).0;
                });
                w.play();
                pack(&w)
            },
        )
        .door("ceremony.complaint"),
        attack(
            "T6-nobody",
            "A manifest without trustees",
            "election.md §2",
            &["election.manifest", "election.order"],
            |name| {
                content(name, "manifest", |s| {
                    s.replace("\"names\":[\"T 1\",\"T 2\"]", "\"names\":[]")
                })
            },
        )
        .door("election.manifest"),
        attack(
            "T6-neutral",
            "A neutral key of a trustee",
            "ballot-suite.md §2.3",
            &["trustee.key"],
            |name| {
                let mut w = world(name, |_| ());
                w.trustees = vec![Scalar::from(5u64), Scalar::ZERO];
                w.play();
                pack(&w)
            },
        )
        .same(),
        attack(
            "T6-cancelled",
            "The trustees' keys cancel out: the election key is neutral",
            "ballot-suite.md §6.5",
            &["election.order", "trustee.record"],
            |name| {
                let mut w = world(name, |_| ());
                w.trustees = vec![Scalar::from(5u64), -Scalar::from(5u64)];
                w.play();
                pack(&w)
            },
        )
        .door("trustee.record"),
        attack(
            "T8-single-ballot",
            "A share over one ballot instead of the tally",
            "ballot-suite.md §9",
            &["trustee.share"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll();
                w.close();
                w.seal();
                w.anchor();
                let one = ciphertexts(&w.boxes[0].cast[1].json.clone());
                let share = w.share_of(0, 1, &one);
                w.mark().submit_share(0, 1, share);
                let _ = w.share(0, 1);
                let share = w.share(0, 2);
                w.submit_share(0, 2, share);
                w.declare();
                w.publish_views();
                pack(&w)
            },
        )
        .same(),
        attack(
            "T9-result-only",
            "A result without shares",
            "election.md §4.8",
            &["election.order"],
            |name| {
                let mut w = world(name, |_| ());
                w.on("election", 0x0307, 0, leave_out);
                w.on("election", 0x0307, 1, leave_out);
                w.play();
                pack(&w)
            },
        )
        .same(),
        attack(
            "T10-one-for-two",
            "One trustee decrypts in two slots",
            "events.md §4",
            &["event.author"],
            |name| entry(name, "election", 0x0307, 1, |d| d.author = "trustee 1".to_owned()),
        )
        .same(),
        attack(
            "T10-same-key",
            "Two trustees with one key",
            "ballot-suite.md §6.5",
            &["trustee.record"],
            |name| {
                let mut w = world(name, |_| ());
                let x = w.dice.roll();
                w.trustees = vec![x, x];
                w.play();
                pack(&w)
            },
        )
        .door("trustee.key"),
        attack(
            "T11-group-order",
            "A result plus the group order",
            "ballot-suite.md §11",
            &["result.value"],
            |name| {
                content(name, "result", |s| {
                    s.replacen("[2", &format!("[\"{}\"", plus_order("2")), 1)
                })
            },
        )
        .same(),
        attack(
            "T11-off",
            "A result that does not follow from tally and shares",
            "ballot-suite.md §11",
            &["result.value"],
            |name| content(name, "result", |s| s.replace("[2,0]", "[1,1]")),
        )
        .same(),
        attack(
            "T12-second-seal",
            "The box is sealed a second time",
            "election.md §5.8",
            &["box.order"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll();
                w.close();
                w.seal();
                w.anchor();
                w.mark().push("national", 0x0407, "commission", Vec::new());
                w.decrypt();
                w.declare();
                w.publish_views();
                pack(&w)
            },
        )
        .same(),
        attack(
            "T12-second-anchor",
            "A second tally of a box is anchored",
            "election.md §4.6",
            &["election.order"],
            |name| {
                let mut w = world(name, |_| ());
                w.on("election", 0x0306, 1, |d| d.payload[33] += 1);
                w.until_open();
                w.poll();
                w.close();
                w.seal();
                w.anchor();
                w.anchor();
                w.decrypt();
                w.declare();
                w.publish_views();
                pack(&w)
            },
        )
        .same(),
        attack(
            "T13-certified-early",
            "The results are certified before they are published",
            "election.md §4.11",
            &["election.certification", "election.order"],
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll();
                w.mark().push("election", 0x0311, "commission", Vec::new());
                w.finish();
                pack(&w)
            },
        )
        .door("election.certification"),
        attack(
            "T13-archive",
            "An archive without the superseded ballot",
            "election.md §8",
            &["archive.bytes"],
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                let archive = w.archive(0, |at| at != 0);
                w.add_archive(archive);
                pack(&w)
            },
        ),
    ]
}

fn receipts() -> Vec<Case> {
    vec![
        Case {
            line: "honest",
            exit: 0,
            ..receipt(
                "honest-receipt",
                "A receipt, compared with the folder",
                &[],
                true,
                |name| {
                    let mut w = world(name, |_| ());
                    w.play();
                    Package {
                        receipt: Some(receipt_of(&w, FIRST_BALLOT)),
                        ..pack_as(&w, false)
                    }
                },
            )
        },
        receipt(
            "R1-other-entry",
            "The receipt shows another voter's entry under this number",
            &["receipt.entry", "receipt.inclusion"],
            false,
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                let (mine, other) = (receipt_of(&w, FIRST_BALLOT), receipt_of(&w, FIRST_BALLOT + 1));
                let entry = |r: &str| r.lines().nth(1).unwrap().to_owned();
                let forged = mine.replace(&entry(&mine), &entry(&other));
                Package {
                    receipt: Some(forged),
                    flaw: None,
                    ..pack_as(&w, false)
                }
            },
        ),
        receipt(
            "R2-other-key",
            "A receipt that is signed by another key",
            &["receipt.ledger"],
            false,
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                let trust = w.trust();
                w.boxes[0].ledger.ledger_key = "stranger".to_owned();
                Package {
                    receipt: Some(receipt_of(&w, FIRST_BALLOT)),
                    trust: Some(trust),
                    ..pack_as(&w, false)
                }
            },
        ),
        receipt(
            "R2-form",
            "A receipt with a line more",
            &["receipt.form"],
            false,
            |name| {
                let mut w = world(name, |_| ());
                w.play();
                let forged = receipt_of(&w, FIRST_BALLOT).replacen("\nindex", "\nextra AA==\nindex", 1);
                Package {
                    receipt: Some(forged),
                    ..pack_as(&w, false)
                }
            },
        ),
        receipt(
            "R2-fork",
            "A valid receipt of a ballot that the published ledger does not have: the two prove a fork",
            &["receipt.fork"],
            true,
            |name| {
                let mut one = world(name, |_| ());
                one.play();
                let mut other = world(name, |s| s.votes[1].1 = vec![vec![0, 1]]);
                other.play();
                Package {
                    receipt: Some(receipt_of(&one, FIRST_BALLOT + 1)),
                    trust: Some(other.trust()),
                    flaw: None,
                    ..pack_as(&other, false)
                }
            },
        ),
        receipt(
            "R2-shorter",
            "The published ledger is shorter than the receipt's checkpoint",
            &["receipt.known"],
            true,
            |name| {
                let mut w = world(name, |_| ());
                w.until_open();
                w.poll();
                let package = pack_as(&w, false);
                w.finish();
                Package {
                    receipt: Some(receipt_of(&w, FIRST_BALLOT)),
                    ..package
                }
            },
        ),
    ]
}
