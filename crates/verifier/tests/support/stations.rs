//! An event with three polling stations: `north`, `south`, and `harbour`, whose book is lost.
//!
//! What happens at the stations is a script, so that a test can change it: positions, closing protocols, openings and returns follow from the
//! script as it then is, and exactly one rule is broken.
//!
//! | voter | district | credential | list | votes |
//! |---|---|---|---|---|
//! | 0 | east | yes | north | digitally, then on paper |
//! | 1 | east | yes | north | on paper, after spoiling one |
//! | 2 | east | yes | south | on paper |
//! | 3 | east | yes | – | digitally |
//! | 4 | east | yes | – | digitally, then as a guest at south: admitted |
//! | 5 | east | no | north | on paper |
//! | 6 | east | no | south | on paper; disputed, and counts |
//! | 7 | west | yes | south | digitally |
//! | 8 | west | no | south | on paper, issued by an officer who was revoked; counts |
//! | 9 | west | no | harbour | not |
//! | 10 | west | yes | harbour | digitally |

use std::cell::RefCell;
use std::collections::BTreeMap;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT as G;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use ed25519_dalek::Signer as _;
use sijill_verifier::{MemorySource, Trust};

use super::*;

/// Stations by name; their ledgers have these names.
pub(crate) const STATIONS: [&str; 3] = ["north", "south", "harbour"];
/// District, credential and list of each voter.
const VOTERS: [(&str, bool, Option<&str>); 11] = [
    ("east", true, Some("north")),
    ("east", true, Some("north")),
    ("east", true, Some("south")),
    ("east", true, None),
    ("east", true, None),
    ("east", false, Some("north")),
    ("east", false, Some("south")),
    ("west", true, Some("south")),
    ("west", false, Some("south")),
    ("west", false, Some("harbour")),
    ("west", true, Some("harbour")),
];
pub(crate) const DISTRICTS: [&str; 2] = ["east", "west"];

pub(crate) const MANIFEST: &str = "{\"format\":\"sijill-manifest/1\",\"id\":\"stations-1\",\"name\":{\"en\":\"Stations\",\"ar\":\"مراكز\"},\
\"rehearsal\":true,\"suite\":\"belenios-v1-ed25519\",\"rules\":\"plain-1\",\"time_zone\":\"Asia/Qatar\",\
\"opens_ms\":1800003600000,\"closes_ms\":1800010800000,\"grace_ms\":60000,\"revote\":true,\"paper\":true,\"min_ballots\":0,\"certification_quorum\":1,\
\"administrator\":\"Commission\",\"credential_authority\":\"Registrar\",\
\"trustees\":{\"threshold\":1,\"names\":[\"T One\"]},\"districts\":[\
{\"id\":\"east\",\"name\":{\"en\":\"East\",\"ar\":\"الشرق\"},\"questions\":[\
{\"question\":{\"en\":\"Q?\",\"ar\":\"\"},\"answers\":[{\"en\":\"Yes\",\"ar\":\"\"}],\"blank\":false,\"min\":0,\"max\":1}]},\
{\"id\":\"west\",\"name\":{\"en\":\"West\",\"ar\":\"\"},\"questions\":[\
{\"question\":{\"en\":\"Q?\",\"ar\":\"\"},\"answers\":[{\"en\":\"Yes\",\"ar\":\"\"}],\"blank\":false,\"min\":0,\"max\":1}]}]}";
const QUESTIONS: &str = "[{\"answers\":[\"Yes\"],\"min\":0,\"max\":1,\"question\":\"Q?\"}]";

/// Who is checked in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Person {
    Voter(u8),
    Guest(u8),
}

/// Something that is done. Papers and check-ins are named by labels.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Begin(&'static str, &'static str),
    End(&'static str, &'static str),
    /// Station and officer.
    Open(&'static str, &'static str),
    CheckIn {
        at: &'static str,
        by: &'static str,
        label: &'static str,
        person: Person,
        listed: bool,
        document: u8,
    },
    Issue {
        at: &'static str,
        by: &'static str,
        label: &'static str,
        check_in: &'static str,
        envelope: Option<u64>,
        replaces: Option<&'static str>,
        second: Option<&'static str>,
    },
    Spoil(&'static str, &'static str, &'static str),
    Dispute(&'static str, &'static str, &'static str),
    /// Station, officer, and how many papers are left over.
    Close(&'static str, &'static str, u64),
    /// A grant of role 3 on the station's ledger, or its revocation.
    Grant(&'static str, &'static str),
    Withdraw(&'static str, &'static str),
    /// A grant of role 1 on the station's ledger.
    Commission(&'static str, &'static str),
    Anchor(&'static str),
    Name(&'static str, &'static str, bool),
    Revoke(&'static str, &'static str),
    /// Station and who signs.
    Final(&'static str, Vec<&'static str>),
    Lost(&'static str, u8),
    PaperDisputed(&'static str, &'static str),
    Decide(&'static str, &'static str, u8, Option<u8>),
    /// Opens the exclusions of every box.
    OpenExclusions,
    /// Time goes by, milliseconds.
    Wait(u64),
    /// A digital ballot is cast.
    Cast(u8),
    /// The poll closes: later acts come after it.
    EndOfPoll,
}

/// What is played.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) rules: String,
    pub(crate) online: bool,
    pub(crate) look_ups: bool,
    pub(crate) script: Vec<Act>,
    /// Who is excluded.
    pub(crate) excluded: Vec<u8>,
    /// Who is opened, if not those who are excluded.
    pub(crate) opened: Option<Vec<u8>>,
    /// Station and district: issued, valid, invalid, spoilt. Without the envelopes that are admitted.
    pub(crate) returns: Vec<(&'static str, &'static str, [u64; 4])>,
    /// Envelopes of voters who are on no list, by district; each is a valid paper of the first urn.
    pub(crate) envelopes: Vec<&'static str>,
    /// Mismatches that are resolved.
    pub(crate) resolved: Vec<(&'static str, Option<&'static str>)>,
    pub(crate) certify: bool,
    /// Papers that a station is given.
    pub(crate) papers: u64,
    /// Voters of lists besides those of the table, and those who are left out.
    pub(crate) more: Vec<(&'static str, u8)>,
    pub(crate) fewer: Vec<u8>,
    /// Changes what StationDefined says of a station.
    pub(crate) define: Vec<(&'static str, Redefine)>,
    /// What cites an earlier state than it should: `definition`, `opening`, `decided`, `exclusions opened`, `fixed election`, `fixed roll`.
    pub(crate) early: Vec<&'static str>,
    /// When the poll is opened on the election ledger.
    pub(crate) start: u64,
    /// Check-ins and papers that have no effect, so that no protocol counts them: station and kind of event.
    pub(crate) uncounted: Vec<(&'static str, u16)>,
    /// Papers whose voter was looked up in an earlier state of the box: so many first entries.
    pub(crate) look_up_at: Vec<(&'static str, u64)>,
    /// A station whose ledger has no parent.
    pub(crate) orphan: Option<&'static str>,
}

/// How a definition is changed.
pub(crate) type Redefine = fn(&mut Definition);

/// What StationDefined says.
pub(crate) struct Definition {
    pub(crate) station: String,
    pub(crate) name_en: String,
    pub(crate) ledger: [u8; 32],
    pub(crate) districts: Vec<String>,
    pub(crate) queue_ms: u64,
    pub(crate) pack: [u8; 32],
    pub(crate) voters: [u8; 32],
    pub(crate) count: u64,
    pub(crate) chair: [u8; 32],
    pub(crate) members: Vec<[u8; 32]>,
}

pub(crate) const NORTH: [&str; 3] = ["n-chair", "n-a", "n-b"];
pub(crate) const SOUTH: [&str; 4] = ["s-chair", "s-a", "s-b", "s-c"];
pub(crate) const HARBOUR: [&str; 3] = ["h-chair", "h-a", "h-b"];

pub(crate) fn officers(station: &str) -> &'static [&'static str] {
    match station {
        "north" => &NORTH,
        "south" => &SOUTH,
        _ => &HARBOUR,
    }
}

fn check_in(at: &'static str, by: &'static str, label: &'static str, person: Person) -> Act {
    Act::CheckIn {
        at,
        by,
        label,
        person,
        listed: matches!(person, Person::Voter(_)),
        document: 1,
    }
}

fn issue(
    at: &'static str,
    by: &'static str,
    label: &'static str,
    check_in: &'static str,
    second: Option<&'static str>,
) -> Act {
    Act::Issue {
        at,
        by,
        label,
        check_in,
        envelope: None,
        replaces: None,
        second,
    }
}

fn envelope(label: &'static str, check_in: &'static str, number: u64) -> Act {
    Act::Issue {
        at: "south",
        by: "s-a",
        label,
        check_in,
        envelope: Some(number),
        replaces: None,
        second: Some("s-b"),
    }
}

fn pack(in_person: &str, lost_book: &str) -> String {
    RULES.replace(
        "\"in_person\":\"in-person-supersedes\"",
        &format!("\"in_person\":\"{in_person}\"{lost_book}"),
    )
}

impl Plan {
    /// In-person votes supersede; the papers of a lost station are void.
    pub(crate) fn honest() -> Plan {
        let mut script = Vec::new();
        for station in ["north", "south"] {
            script.extend(
                officers(station)
                    .iter()
                    .map(|officer| Act::Begin(station, officer)),
            );
            let chair = officers(station).first().unwrap();
            script.push(Act::Open(station, chair));
        }
        script.extend([
            Act::Cast(0),
            Act::Cast(3),
            Act::Cast(4),
            Act::Cast(7),
            Act::Cast(10),
            check_in("north", "n-a", "c0", Person::Voter(0)),
            issue("north", "n-a", "p0", "c0", Some("n-b")),
            check_in("north", "n-a", "c5", Person::Voter(5)),
            issue("north", "n-a", "p5", "c5", None),
            check_in("north", "n-b", "c1", Person::Voter(1)),
            issue("north", "n-b", "p1", "c1", Some("n-chair")),
            Act::Spoil("north", "n-b", "p1"),
            Act::Issue {
                at: "north",
                by: "n-b",
                label: "p1b",
                check_in: "c1",
                envelope: None,
                replaces: Some("p1"),
                second: Some("n-chair"),
            },
            check_in("south", "s-a", "c2", Person::Voter(2)),
            issue("south", "s-a", "p2", "c2", Some("s-c")),
            check_in("south", "s-a", "g4", Person::Guest(4)),
            envelope("e4", "g4", 1),
            check_in("south", "s-b", "c6", Person::Voter(6)),
            issue("south", "s-b", "p6", "c6", None),
            Act::Dispute("south", "s-b", "p6"),
            check_in("south", "s-a", "g99", Person::Guest(99)),
            envelope("e99", "g99", 2),
            Act::Anchor("south"),
            Act::Revoke("south", "s-c"),
            check_in("south", "s-c", "c8", Person::Voter(8)),
            issue("south", "s-c", "p8", "c8", None),
            Act::EndOfPoll,
            Act::Close("north", "n-chair", 46),
            Act::Close("south", "s-chair", 44),
            Act::Final("north", vec!["n-chair", "n-a", "n-b"]),
            Act::Final("south", vec!["s-chair", "s-a", "s-b"]),
            Act::Lost("harbour", 1),
            Act::Decide("south", "e4", 1, Some(4)),
            Act::Decide("south", "p6", 1, None),
            Act::Decide("south", "e99", 2, None),
            Act::Decide("south", "p8", 1, None),
            Act::OpenExclusions,
        ]);
        Plan {
            rules: pack("in-person-supersedes", ",\"lost_book\":\"void-paper\""),
            online: false,
            look_ups: false,
            script,
            excluded: vec![0, 1, 2, 4],
            opened: None,
            returns: vec![
                ("north", "east", [4, 3, 0, 1]),
                ("south", "east", [2, 1, 1, 0]),
                ("south", "west", [1, 1, 0, 0]),
            ],
            envelopes: vec!["east"],
            resolved: vec![("south", None)],
            certify: true,
            papers: 50,
            more: Vec::new(),
            fewer: Vec::new(),
            define: Vec::new(),
            early: Vec::new(),
            start: OPENS - 7_200_000,
            uncounted: Vec::new(),
            look_up_at: Vec::new(),
            orphan: None,
        }
    }

    /// The same, but the digital ballots of the voters of a lost station are void, and its urn is counted.
    pub(crate) fn void_digital() -> Plan {
        let mut plan = Plan::honest();
        plan.rules = pack("in-person-supersedes", ",\"lost_book\":\"void-digital\"");
        for act in &mut plan.script {
            if let Act::Lost(_, rule) = act {
                *rule = 2;
            }
        }
        plan.excluded.push(10);
        plan.returns.push(("harbour", "west", [1, 1, 0, 0]));
        plan
    }

    /// Whoever votes first is done: papers rest on a look-up, and there are no guests.
    pub(crate) fn first_vote_final() -> Plan {
        let mut plan = Plan::honest();
        plan.rules = pack("first-vote-final", ",\"lost_book\":\"void-paper\"");
        plan.online = true;
        plan.look_ups = true;
        plan.script.retain(|act| {
            let of_guest = |label: &str| matches!(label, "g4" | "e4" | "g99" | "e99");
            match act {
                Act::Cast(voter) => *voter != 0,
                Act::CheckIn { label, .. } | Act::Issue { label, .. } => !of_guest(label),
                Act::Decide(_, label, ..) => !of_guest(label),
                _ => true,
            }
        });
        plan.excluded = vec![0, 1, 2];
        plan.envelopes = Vec::new();
        plan
    }

    /// Position in the script of the first act of which this is true.
    pub(crate) fn find(&self, is: impl Fn(&Act) -> bool) -> usize {
        self.script.iter().position(is).unwrap()
    }

    pub(crate) fn remove(&mut self, is: impl Fn(&Act) -> bool) -> Act {
        let at = self.find(is);
        self.script.remove(at)
    }

    pub(crate) fn insert_before(&mut self, is: impl Fn(&Act) -> bool, act: Act) {
        let at = self.find(is);
        self.script.insert(at, act);
    }

    pub(crate) fn insert_after(&mut self, is: impl Fn(&Act) -> bool, act: Act) {
        let at = self.find(is);
        self.script.insert(at + 1, act);
    }
}

/// Whether an act issues this paper.
pub(crate) fn issues(name: &'static str) -> impl Fn(&Act) -> bool {
    move |act| matches!(act, Act::Issue { label, .. } if *label == name)
}

pub(crate) fn checks_in(name: &'static str) -> impl Fn(&Act) -> bool {
    move |act| matches!(act, Act::CheckIn { label, .. } if *label == name)
}

pub(crate) struct Played {
    pub(crate) ledgers: BTreeMap<&'static str, LedgerBuilder>,
    pub(crate) contents: BTreeMap<String, Vec<u8>>,
    /// Contents that only restricted ledgers cite.
    pub(crate) restricted: Vec<String>,
}

impl Played {
    /// All ledgers that came to the centre; the book of harbour never did.
    pub(crate) fn files(&self, accredited: bool) -> MemorySource {
        let mut files = BTreeMap::new();
        for (name, ledger) in &self.ledgers {
            let restricted = *name == "roll" || STATIONS.contains(name);
            if (accredited || !restricted) && *name != "harbour" {
                ledger.publish(&mut files);
            }
        }
        for (name, bytes) in &self.contents {
            if accredited || !self.restricted.contains(name) {
                files.insert(format!("content/{name}"), bytes.clone());
            }
        }
        MemorySource { files }
    }

    pub(crate) fn trust_json(&self) -> String {
        let kinds = ["", "calendar", "roll", "election", "ballot-box", "station"];
        let ledgers: Vec<String> = self
            .ledgers
            .values()
            .map(|ledger| {
                format!(
                    "{{\"id\":\"{}\",\"kind\":\"{}\",\"origin\":\"{}\",\"key\":\"{}\"}}",
                    hex::encode(ledger.id),
                    kinds[ledger.kind as usize],
                    ledger.origin,
                    hex::encode(public(&format!("{} ledger", ledger.name)))
                )
            })
            .collect();
        format!(
            "{{\"format\":\"sijill-trust/1\",\"event\":\"{}\",\"ledgers\":[{}]}}",
            hex::encode(self.ledgers["election"].id),
            ledgers.join(",")
        )
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::parse(self.trust_json().as_bytes()).unwrap()
    }
}

pub(crate) fn voter(n: u8) -> [u8; 32] {
    sha(&[b"voter", &[n]])
}

fn salt(n: u8) -> [u8; 32] {
    sha(&[b"salt", &[n]])
}

pub(crate) fn opening(n: u8) -> Vec<u8> {
    [
        voter(n).as_slice(),
        &salt(n),
        &(G * secret(u64::from(n))).compress().0,
    ]
    .concat()
}

pub(crate) fn credentials_json(voters: &[u8]) -> String {
    let mut credentials: Vec<[u8; 32]> = voters
        .iter()
        .map(|n| (G * secret(u64::from(*n))).compress().0)
        .collect();
    credentials.sort();
    let texts: Vec<String> = credentials
        .iter()
        .map(|credential| {
            let mut bytes = *credential;
            bytes.reverse();
            format!("\"{}\"", hex::encode(bytes))
        })
        .collect();
    format!("[{}]", texts.join(","))
}

pub(crate) fn paper_bytes(check_in: u64, envelope: Option<u64>, replaces: Option<u64>) -> Enc {
    let optional = |enc: Enc, value: Option<u64>| match value {
        None => enc.byte(0),
        Some(value) => enc.byte(1).int(value),
    };
    optional(optional(Enc::default().int(check_in), envelope), replaces)
}

/// The payload of a PaperIssued with the signature of a second officer.
pub(crate) fn paper_payload(station: &[u8; 32], author: &str, paper: Enc, second: Option<&str>) -> Vec<u8> {
    let unsigned = paper.clone().byte(0).0;
    match second {
        None => unsigned,
        Some(second) => {
            let message = [
                b"sijill/second-officer/v1\n".as_slice(),
                station,
                &public(author),
                &unsigned,
            ]
            .concat();
            let signature = key(second).sign(&message).to_bytes();
            paper.byte(1).raw(&public(second)).raw(&signature).0
        }
    }
}

/// What a station's book counts, by the script.
#[derive(Clone, Copy, Default)]
struct Counts {
    checked_in: u64,
    issued: u64,
    spoilt: u64,
    envelopes: u64,
}

impl Counts {
    fn bytes(self, received: u64, unused: u64) -> Vec<u8> {
        Enc::default()
            .int(received)
            .int(self.checked_in)
            .int(self.issued)
            .int(self.spoilt)
            .int(self.envelopes)
            .int(unused)
            .0
    }
}

/// Encoded lists of voters: the voters of a station by district.
pub(crate) fn list_bytes(voters: &[u8]) -> Vec<u8> {
    let mut districts = Vec::new();
    for district in DISTRICTS {
        let mut of_district: Vec<(Vec<u8>, u8)> = voters
            .iter()
            .filter(|n| VOTERS[usize::from(**n)].0 == district)
            .map(|n| (voter(*n).to_vec(), u8::from(VOTERS[usize::from(*n)].1)))
            .collect();
        of_district.sort();
        if !of_district.is_empty() {
            let mut enc = Enc::default().text(district).int(of_district.len() as u64);
            for (pseudonym, holder) in of_district {
                enc = enc.raw(&pseudonym).byte(holder);
            }
            districts.push(enc.0);
        }
    }
    Enc::default()
        .int(districts.len() as u64)
        .raw(&districts.concat())
        .0
}

/// Plays a plan. Contents are named as in [`super::build`], and besides `rules`, `list north`, `openings east`, and so on.
#[allow(clippy::too_many_lines)]
pub(crate) fn play(plan: &Plan, hook: Hook<'_>, on_content: ContentHook<'_>) -> Played {
    let mut dice = Dice::new(7);
    let contents = RefCell::new(BTreeMap::new());
    let content = |name: &str, bytes: Vec<u8>| -> (Vec<u8>, [u8; 32]) {
        let bytes = on_content(name, bytes);
        let hash = sha(&[&bytes]);
        contents.borrow_mut().insert(hex::encode(hash), bytes.clone());
        (bytes, hash)
    };
    let grants = [
        grant(&public("commission"), 1, None),
        grant(&public("registrar"), 2, None),
        grant(&public("trustee 1"), 4, Some("1")),
    ];
    let mut ledgers: BTreeMap<&'static str, LedgerBuilder> = BTreeMap::new();
    let election = LedgerBuilder::new("election", 3, None, &grants);
    let parent = Some(election.id);
    ledgers.insert("election", election);
    ledgers.insert("roll", LedgerBuilder::new("roll", 2, parent, &grants));
    for district in DISTRICTS {
        ledgers.insert(district, LedgerBuilder::new(district, 4, parent, &grants));
    }
    for station in STATIONS {
        let mut grants = vec![grant(&public("commission"), 1, None)];
        grants.extend(
            officers(station)
                .iter()
                .map(|officer| grant(&public(officer), 3, None)),
        );
        let parent = parent.filter(|_| plan.orphan != Some(station));
        ledgers.insert(station, LedgerBuilder::new(station, 5, parent, &grants));
    }
    let mut now = plan.start - 2_800_000;
    for ledger in ledgers.values_mut() {
        let (service, genesis) = (ledger.service(), ledger.genesis.clone());
        ledger.push(hook, 0x0001, &service, now, &[], genesis);
    }
    macro_rules! push {
        ($ledger:expr, $kind:expr, $author:expr, $refs:expr, $payload:expr) => {{
            let refs: Vec<([u8; 32], u64, [u8; 32])> = $refs;
            let mut refs = refs;
            refs.sort();
            ledgers
                .get_mut($ledger)
                .unwrap()
                .push(hook, $kind, $author, now, &refs, $payload)
        }};
    }
    macro_rules! cite {
        ($ledger:expr) => {
            ledgers[$ledger].cite()
        };
    }

    // Definition.
    now += 1_000;
    let manifest = content("manifest", MANIFEST.as_bytes().to_vec());
    let mut listed: Vec<Vec<u8>> = vec![Enc::default().raw(&ledgers["roll"].id).int(2).byte(2).byte(0).0];
    for district in DISTRICTS {
        let enc = Enc::default().raw(&ledgers[district].id).int(4).byte(1);
        listed.push(enc.byte(1).text(district).0);
    }
    for station in STATIONS {
        listed.push(Enc::default().raw(&ledgers[station].id).int(5).byte(2).byte(0).0);
    }
    listed.sort();
    let payload = Enc::default()
        .content(&manifest)
        .int(listed.len() as u64)
        .raw(&listed.concat());
    push!("election", 0x0301, "commission", vec![], payload.0);

    // Roll.
    let rules = content("rules", plan.rules.as_bytes().to_vec());
    let defined = Enc::default()
        .content(&rules)
        .byte(0)
        .int((OPENS + 10_800_000) / 86_400_000);
    push!(
        "roll",
        0x0204,
        "commission",
        vec![cite!("election")],
        defined.byte(0).0
    );
    for (n, (district, holder, _)) in (0u8..).zip(VOTERS) {
        let checked = Enc::default()
            .raw(&voter(n))
            .byte(1)
            .byte(1)
            .raw(&sha(&[b"check", &[n]]));
        push!("roll", 0x0205, "registrar", vec![], checked.0);
        let registered = Enc::default().raw(&voter(n)).text(district).0;
        push!("roll", 0x0201, "registrar", vec![], registered);
        if holder {
            let credential = (G * secret(u64::from(n))).compress().0;
            let commitment = sha(&[b"sijill/credential/v1\n", &salt(n), &credential]);
            push!(
                "roll",
                0x0202,
                "registrar",
                vec![],
                [voter(n), commitment].concat()
            );
        }
    }
    let of_district = |district: &str| -> (u64, Vec<u8>) {
        let of = (0u8..).zip(VOTERS).filter(|(_, (d, ..))| *d == district);
        let holders = of.clone().filter(|(_, (_, holder, _))| *holder).map(|(n, _)| n);
        (of.clone().count() as u64, holders.collect())
    };
    let mut lists = BTreeMap::new();
    let mut frozen = Enc::default().int(2);
    for district in DISTRICTS {
        let (eligible, holders) = of_district(district);
        let list = content(
            &format!("credentials {district}"),
            credentials_json(&holders).into_bytes(),
        );
        frozen = frozen
            .text(district)
            .int(eligible)
            .int(holders.len() as u64)
            .content(&list);
        lists.insert(district, (list, eligible, holders.len() as u64));
    }
    now += 100;
    push!("roll", 0x0203, "registrar", vec![], frozen.0);
    let early_roll = cite!("roll");
    let mut restricted = vec![hex::encode(rules.1)];
    let mut voters_of = BTreeMap::new();
    for station in STATIONS {
        let listed = (0u8..)
            .zip(VOTERS)
            .filter(|(_, (_, _, list))| *list == Some(station));
        let mut voters: Vec<u8> = listed
            .map(|(n, _)| n)
            .filter(|n| !plan.fewer.contains(n))
            .collect();
        voters.extend(plan.more.iter().filter(|(at, _)| *at == station).map(|(_, n)| *n));
        let list = content(&format!("list {station}"), list_bytes(&voters));
        restricted.push(hex::encode(list.1));
        let assigned = Enc::default().raw(&ledgers[station].id).content(&list).0;
        push!("roll", 0x020d, "registrar", vec![], assigned);
        voters_of.insert(station, (list, voters.len() as u64));
    }

    // Trustee and boxes.
    let x = Scalar::from(77_777u64);
    let y = G * x;
    let proof = schnorr(&format!("pok|Ed25519|{}|", text_of(&y)), &x, &mut dice);
    let record = format!(
        "{{\"pok\":{{\"challenge\":\"{}\",\"response\":\"{}\"}},\"public_key\":\"{}\",\"name\":\"T One\"}}",
        decimal(&proof.0),
        decimal(&proof.1),
        text_of(&y)
    );
    push!(
        "election",
        0x0302,
        "trustee 1",
        vec![],
        Enc::default().int(1).text(&record).0
    );
    let trustees = content("trustees", format!("[[\"Single\",{record}]]").into_bytes());
    let fixed = Enc::default().content(&trustees).raw(&y.compress().0).0;
    push!("election", 0x0303, "commission", vec![], fixed);
    let mut suites = BTreeMap::new();
    for district in DISTRICTS {
        let uuid = uuid(&ledgers[district].id);
        let record = format!(
            "{{\"version\":1,\"description\":\"stations-1/{district}\",\"name\":\"Stations / مراكز\",\"group\":\"Ed25519\",\"public_key\":\"{}\",\
             \"questions\":{QUESTIONS},\"uuid\":\"{uuid}\",\"administrator\":\"Commission\",\"credential_authority\":\"Registrar\"}}",
            text_of(&y)
        );
        let record = content(&format!("election {district}"), record.into_bytes());
        let (list, eligible, holders) = &lists[district];
        let payload = Enc::default()
            .text(district)
            .raw(&ledgers[district].id)
            .content(&record)
            .content(list);
        push!(
            "election",
            0x0304,
            "commission",
            vec![cite!("roll")],
            payload.int(*eligible).int(*holders).0
        );
        let payload = Enc::default()
            .text(district)
            .content(&record)
            .content(&trustees)
            .content(list);
        let payload = payload.int(OPENS).int(CLOSES).int(GRACE).byte(1).int(0).0;
        push!(district, 0x0401, "commission", vec![cite!("election")], payload);
        let suite = Suite {
            uuid,
            phi: b64(&record.1),
            y,
            questions: vec![Question {
                blank: false,
                min: 0,
                max: 1,
            }],
        };
        suites.insert(district, suite);
    }

    // Stations.
    for station in STATIONS {
        let districts: &[&str] = match station {
            "north" => &["east"],
            "south" => &["east", "west"],
            _ => &["west"],
        };
        let (list, count) = &voters_of[station];
        let (chair, members) = officers(station).split_first().unwrap();
        let mut members: Vec<[u8; 32]> = members.iter().map(|member| public(member)).collect();
        members.sort();
        let mut definition = Definition {
            station: station.to_owned(),
            name_en: station.to_owned(),
            ledger: ledgers[station].id,
            districts: districts.iter().map(|district| (*district).to_owned()).collect(),
            queue_ms: 600_000,
            pack: rules.1,
            voters: list.1,
            count: *count,
            chair: public(chair),
            members,
        };
        for (_, change) in plan.define.iter().filter(|(at, _)| *at == station) {
            change(&mut definition);
        }
        let mut enc = Enc::default()
            .text(&definition.station)
            .text(&definition.name_en)
            .text("مركز")
            .raw(&definition.ledger)
            .int(definition.districts.len() as u64);
        for district in &definition.districts {
            enc = enc.text(district);
        }
        let enc = enc
            .byte(u8::from(plan.online))
            .int(definition.queue_ms)
            .raw(&definition.pack)
            .raw(&definition.voters)
            .int(definition.count)
            .raw(&definition.chair)
            .int(definition.members.len() as u64)
            .raw(&definition.members.concat());
        let cited = if plan.early.contains(&"definition") {
            early_roll
        } else {
            cite!("roll")
        };
        push!("election", 0x0312, "commission", vec![cited], enc.0);
    }
    let early_election = cite!("election");
    now = plan.start;
    push!("election", 0x0305, "commission", vec![], Vec::new());

    // The script.
    let ids: BTreeMap<&'static str, [u8; 32]> =
        ledgers.iter().map(|(name, ledger)| (*name, ledger.id)).collect();
    let elections_service = ledgers["election"].service();
    let mut labels: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut counts: BTreeMap<&'static str, Counts> = BTreeMap::new();
    let mut finals: BTreeMap<&'static str, Vec<u8>> = BTreeMap::new();
    let mut ballots: BTreeMap<u8, String> = BTreeMap::new();
    let mut served: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
    let mut early_books = cite!("election");
    let mut early_openings = cite!("roll");
    let mut open = false;
    let mut begun = false;
    for (index, act) in plan.script.iter().enumerate() {
        now += 1_000;
        let voting = !matches!(
            act,
            Act::Begin(..) | Act::Open(..) | Act::Wait(_) | Act::Grant(..)
        );
        if voting && !begun {
            begun = true;
            now = now.max(OPENS);
        }
        if begun && !open {
            open = true;
            for district in DISTRICTS {
                push!(
                    district,
                    0x0402,
                    "commission",
                    vec![cite!("election")],
                    Vec::new()
                );
            }
        }
        let id = |name: &str| ids[name];
        match act {
            Act::Wait(ms) => now += ms,
            Act::Begin(at, by) => push!(at, 0x0501, by, vec![], Vec::new()),
            Act::End(at, by) => push!(at, 0x0502, by, vec![], Vec::new()),
            Act::Open(at, by) => {
                let payload = Enc::default()
                    .content(&voters_of[at].0)
                    .content(&rules)
                    .int(plan.papers)
                    .text("seal-1");
                let cited = if plan.early.contains(&"opening") {
                    early_election
                } else {
                    cite!("election")
                };
                push!(at, 0x0503, by, vec![cited], payload.0);
            }
            Act::CheckIn {
                at,
                by,
                label,
                person,
                listed,
                document,
            } => {
                let person = match person {
                    Person::Voter(n) => voter(*n),
                    Person::Guest(n) => sha(&[b"guest", &[*n]]),
                };
                labels.insert(label, ledgers[at].size());
                counts.entry(at).or_default().checked_in += 1;
                let enc = Enc::default().byte(u8::from(*listed)).raw(&person);
                push!(at, 0x0504, by, vec![], enc.byte(*document).byte(0).0);
            }
            Act::Issue {
                at,
                by,
                label,
                check_in,
                envelope,
                replaces,
                second,
            } => {
                let position = labels[check_in];
                let replaces = replaces.map(|paper| labels[paper]);
                let paper = paper_bytes(position, *envelope, replaces);
                let payload = paper_payload(&id(at), by, paper, *second);
                labels.insert(label, ledgers[at].size());
                let count = counts.entry(at).or_default();
                count.issued += 1;
                count.envelopes += u64::from(envelope.is_some());
                served.entry(at).or_default().push(check_in);
                let refs = if plan.look_ups {
                    let district = if *label == "p8" { "west" } else { "east" };
                    let ledger = &ledgers[district];
                    let at = plan.look_up_at.iter().find(|(paper, _)| paper == label);
                    let size = at.map_or(ledger.size(), |(_, size)| *size);
                    vec![(ledger.id, size, root(&ledger.leaves[..size as usize]))]
                } else {
                    Vec::new()
                };
                push!(at, 0x0505, by, refs, payload);
            }
            Act::Spoil(at, by, paper) => {
                counts.entry(at).or_default().spoilt += 1;
                let payload = Enc::default().int(labels[paper]).0;
                push!(at, 0x0506, by, vec![], payload);
            }
            Act::Dispute(at, by, paper) => {
                let payload = Enc::default().int(labels[paper]).raw(&[9; 32]).0;
                push!(at, 0x0507, by, vec![], payload);
            }
            Act::Close(at, by, unused) => {
                let mut count = counts.get(at).copied().unwrap_or_default();
                for (_, kind) in plan.uncounted.iter().filter(|(there, _)| there == at) {
                    match kind {
                        0x0504 => count.checked_in -= 1,
                        0x0505 => count.issued -= 1,
                        _ => count.spoilt -= 1,
                    }
                }
                let waiting = plan.script[..index]
                    .iter()
                    .filter(|act| {
                        matches!(act, Act::CheckIn { at: there, label, .. }
                            if there == at && !served.get(at).is_some_and(|served| served.contains(label)))
                    })
                    .count();
                let uncounted = plan
                    .uncounted
                    .iter()
                    .filter(|uncounted| **uncounted == (*at, 0x0504));
                let waiting = waiting - uncounted.count();
                let bytes = count.bytes(plan.papers, *unused);
                finals.insert(at, bytes.clone());
                let payload = Enc::default().raw(&bytes).int(waiting as u64).0;
                push!(at, 0x0508, by, vec![], payload);
            }
            Act::Grant(at, who) => push!(at, 0x0002, "commission", vec![], grant(&public(who), 3, None)),
            Act::Withdraw(at, who) => push!(at, 0x0003, "commission", vec![], grant(&public(who), 3, None)),
            Act::Commission(at, who) => push!(at, 0x0002, "commission", vec![], grant(&public(who), 1, None)),
            Act::Anchor(at) => {
                let payload = Enc::default().raw(&id(at)).int(ledgers[at].size()).0;
                push!("election", 0x0315, &elections_service, vec![cite!(at)], payload);
            }
            Act::Name(at, who, chair) => {
                let payload = Enc::default()
                    .raw(&id(at))
                    .raw(&public(who))
                    .byte(u8::from(*chair))
                    .0;
                push!("election", 0x0313, "commission", vec![], payload);
            }
            Act::Revoke(at, who) => {
                let payload = Enc::default().raw(&id(at)).raw(&public(who)).0;
                push!("election", 0x0314, "commission", vec![], payload);
            }
            Act::Final(at, signers) => {
                let (ledger, size, root) = cite!(at);
                let counts = finals
                    .get(at)
                    .cloned()
                    .unwrap_or_else(|| Counts::default().bytes(0, 0));
                let payload = final_payload(&ledger, size, &root, &counts, signers);
                push!("election", 0x0316, &elections_service, vec![cite!(at)], payload);
            }
            Act::Lost(at, rule) => {
                let payload = Enc::default().raw(&id(at)).byte(*rule).text("burnt").0;
                push!("election", 0x0317, "commission", vec![], payload);
            }
            Act::PaperDisputed(at, paper) => {
                let payload = Enc::default().raw(&id(at)).int(labels[paper]).raw(&[8; 32]).0;
                push!("roll", 0x020e, "registrar", vec![cite!("election")], payload);
            }
            Act::Decide(at, paper, decision, person) => {
                let enc = Enc::default().raw(&id(at)).int(labels[paper]).byte(*decision);
                let enc = match person {
                    None => enc.byte(0),
                    Some(n) => enc.byte(1).raw(&voter(*n)),
                };
                let cited = if plan.early.contains(&"decided") {
                    early_books
                } else {
                    cite!("election")
                };
                push!("roll", 0x020f, "commission", vec![cited], enc.raw(&[7; 32]).0);
            }
            Act::OpenExclusions => {
                early_openings = cite!("roll");
                for district in DISTRICTS {
                    let opened = plan.opened.as_ref().unwrap_or(&plan.excluded);
                    let mut openings: Vec<Vec<u8>> = opened
                        .iter()
                        .filter(|n| VOTERS[usize::from(**n)].0 == district)
                        .map(|n| opening(*n))
                        .collect();
                    openings.sort();
                    let bytes = Enc::default()
                        .int(openings.len() as u64)
                        .raw(&openings.concat())
                        .0;
                    let openings = content(&format!("openings {district}"), bytes);
                    restricted.push(hex::encode(openings.1));
                    let payload = Enc::default().raw(&id(district)).content(&openings).0;
                    let cited = if plan.early.contains(&"exclusions opened") {
                        early_books
                    } else {
                        cite!("election")
                    };
                    push!("roll", 0x0210, "registrar", vec![cited], payload);
                }
            }
            Act::Cast(n) => {
                let district = VOTERS[usize::from(*n)].0;
                let text = ballot(&suites[district], &secret(u64::from(*n)), &[vec![1]], &mut dice);
                let service = ledgers[district].service();
                let payload = Enc::default().text(&text).byte(0).0;
                push!(district, 0x0403, &service, vec![], payload);
                ballots.insert(*n, text);
            }
            Act::EndOfPoll => {
                now = CLOSES + GRACE + 1;
                early_books = cite!("election");
                for district in DISTRICTS {
                    push!(district, 0x0405, "commission", vec![], Vec::new());
                }
            }
        }
    }

    // Exclusions, seals, tallies.
    now += 1_000;
    for district in DISTRICTS {
        let of = |n: &u8| VOTERS[usize::from(*n)].0 == district;
        let excluded: Vec<u8> = plan.excluded.iter().copied().filter(of).collect();
        let list = content(
            &format!("exclusions {district}"),
            credentials_json(&excluded).into_bytes(),
        );
        let payload = Enc::default().content(&list).int(excluded.len() as u64).0;
        let books = if plan.early.contains(&"fixed election") {
            early_books
        } else {
            cite!("election")
        };
        let openings = if plan.early.contains(&"fixed roll") {
            early_openings
        } else {
            cite!("roll")
        };
        push!(district, 0x0406, "registrar", vec![books, openings], payload);
        push!(district, 0x0407, "commission", vec![], Vec::new());
        let cast: Vec<(u8, &String)> = ballots
            .iter()
            .filter(|(n, _)| of(n))
            .map(|(n, ballot)| (*n, ballot))
            .collect();
        let counted: Vec<&String> = cast
            .iter()
            .filter(|(n, _)| !excluded.contains(n))
            .map(|(_, ballot)| *ballot)
            .collect();
        let mut sum = (EdwardsPoint::identity(), EdwardsPoint::identity());
        for ballot in &counted {
            let ct = ciphertexts(ballot)[0][0];
            sum = (sum.0 + ct.0, sum.1 + ct.1);
        }
        let mut hashes: Vec<[u8; 32]> = counted.iter().map(|b| sha(&[b.as_bytes()])).collect();
        hashes.sort();
        let digest = sha(&[b"sijill/counted/v1\n", &hashes.concat()]);
        let n = counted.len() as u64;
        let encrypted = content(
            &format!("tally {district}"),
            format!("[[{}]]", ct_json(&sum)).into_bytes(),
        );
        let sized = format!(
            "{{\"num_tallied\":{n},\"total_weight\":{n},\"encrypted_tally\":\"{}\"}}",
            hex::encode(encrypted.1)
        );
        let sized = content(&format!("sized {district}"), sized.into_bytes());
        let seal = Enc::default()
            .raw(&ledgers[district].last_body_hash)
            .int(n)
            .raw(&digest)
            .content(&encrypted)
            .content(&sized);
        let service = ledgers[district].service();
        push!(district, 0x0408, &service, vec![], seal.0);
        let size = ledgers[district].size();
        let box_id = ledgers[district].id;
        let anchor = Enc::default()
            .raw(&box_id)
            .int(size)
            .int(n)
            .content(&encrypted)
            .content(&sized);
        push!(
            "election",
            0x0306,
            &elections_service,
            vec![cite!(district)],
            anchor.0
        );
        let w = dice.roll();
        let prefix = format!("decrypt|{}|{}|", suites[district].phi, text_of(&y));
        let c = challenge(&prefix, &[G * w, sum.0 * w]);
        let share = format!(
            "{{\"decryption_factors\":[[\"{}\"]],\"decryption_proofs\":[[{{\"challenge\":\"{}\",\"response\":\"{}\"}}]]}}",
            text_of(&(sum.0 * x)),
            decimal(&c),
            decimal(&(w - x * c))
        );
        let share = content(&format!("share {district} 1"), share.into_bytes());
        let payload = Enc::default().raw(&box_id).int(1).content(&share).0;
        push!("election", 0x0307, "trustee 1", vec![], payload);
        let result = content(
            &format!("result {district}"),
            format!("{{\"result\":[[{n}]]}}").into_bytes(),
        );
        let payload = Enc::default().raw(&box_id).content(&result).0;
        push!("election", 0x0308, "commission", vec![], payload);

        // Returns.
        let mut urns: Vec<&str> = vec!["north", "south"];
        urns.sort_by_key(|station| ledgers[*station].id);
        urns.retain(|station| district == "east" || *station == "south");
        let first_urn = urns[0];
        let admitted = plan.envelopes.iter().filter(|d| **d == district).count() as u64;
        let mut sums = [0u64; 4];
        for (station, _, numbers) in plan.returns.iter().filter(|(_, d, _)| *d == district) {
            let mut numbers = *numbers;
            if *station == first_urn {
                numbers[0] += admitted;
                numbers[1] += admitted;
            }
            for (sum, number) in sums.iter_mut().zip(numbers) {
                *sum += number;
            }
            let payload = Enc::default().raw(&ledgers[station].id).text(district);
            push!(
                "election",
                0x0318,
                "commission",
                vec![],
                numbers_bytes(payload, numbers).0
            );
        }
        let payload = numbers_bytes(Enc::default().raw(&box_id), sums).0;
        push!("election", 0x0309, "commission", vec![], payload);

        // Views.
        let id = hex::encode(box_id);
        let head = |view: &str, size: u64| {
            format!("{{\"format\":\"sijill-{view}/1\",\"ledger\":\"{id}\",\"size\":{size}")
        };
        let (_, eligible, holders) = &lists[district];
        let voters = cast.len() as u64;
        let excluded_cast = voters - n;
        let hours = if cast.is_empty() {
            "[]".to_owned()
        } else {
            format!("[{{\"start_ms\":1800003600000,\"voters\":{}}}]", cast.len())
        };
        let turnout = format!(
            "{},\"district\":\"{district}\",\"eligible\":{eligible},\"holders\":{holders},\"digital\":{{\"ballots\":{voters},\"voters\":{voters},\
             \"superseded\":0,\"excluded\":{excluded_cast},\"audits\":0}},\"by_hour\":{hours}}}",
            head("turnout", size)
        );
        let mut rows: Vec<([u8; 32], &str)> = cast
            .iter()
            .map(|(n, ballot)| {
                let state = if excluded.contains(n) {
                    "excluded"
                } else {
                    "counted"
                };
                (sha(&[ballot.as_bytes()]), state)
            })
            .collect();
        rows.sort();
        let rows: Vec<String> = rows
            .iter()
            .map(|(hash, state)| format!("[\"{}\",\"{state}\"]", b64(hash)))
            .collect();
        let trackers = format!("{},\"trackers\":[{}]}}", head("trackers", size), rows.join(","));
        let tally = format!(
            "{},\"counted\":{n},\"counted_digest\":\"{}\",\"encrypted_tally\":\"{}\",\"sized_tally\":\"{}\"}}",
            head("tally", size),
            hex::encode(digest),
            hex::encode(encrypted.1),
            hex::encode(sized.1)
        );
        for (view, document) in [("turnout", turnout), ("trackers", trackers), ("tally", tally)] {
            let document = content(&format!("{view} {district}"), document.into_bytes());
            let payload = Enc::default()
                .text(view)
                .raw(&box_id)
                .int(size)
                .content(&document)
                .0;
            push!("election", 0x030a, &elections_service, vec![], payload);
        }
        let size = ledgers["election"].size();
        let bp = |a: u64, b: u64| (10_000 * a + b / 2).checked_div(b).unwrap_or(0);
        let [_, valid, invalid, _] = sums;
        let cast_total = n + valid + invalid;
        let valid_total = n + valid;
        let result = format!(
            "{},\"district\":\"{district}\",\"rehearsal\":true,\"eligible\":{eligible},\"cast\":{{\"digital\":{n},\"paper\":{},\"total\":{cast_total}}},\
             \"valid\":{{\"digital\":{n},\"paper\":{valid},\"total\":{valid_total}}},\"invalid\":{{\"digital\":0,\"paper\":{invalid},\"total\":{invalid}}},\
             \"turnout_bp\":{},\"questions\":[{{\"answers\":[{{\"digital\":{n},\"paper\":{valid},\"total\":{valid_total},\"of_cast_bp\":{},\"of_valid_bp\":{}}}]}}]}}",
            head("result", size),
            valid + invalid,
            bp(cast_total, *eligible),
            bp(valid_total, cast_total),
            bp(valid_total, valid_total),
        );
        let document = content(&format!("result-view {district}"), result.into_bytes());
        let payload = Enc::default()
            .text("result")
            .raw(&box_id)
            .int(size)
            .content(&document)
            .0;
        push!("election", 0x030a, &elections_service, vec![], payload);
    }
    for (station, district) in &plan.resolved {
        let enc = Enc::default().raw(&ledgers[station].id);
        let enc = match district {
            None => enc.byte(0),
            Some(district) => enc.byte(1).text(district),
        };
        push!(
            "election",
            0x0319,
            "commission",
            vec![],
            enc.text("counted again, one is missing").0
        );
    }
    if plan.certify {
        push!("election", 0x0311, "commission", vec![], Vec::new());
    }
    Played {
        ledgers,
        contents: contents.into_inner(),
        restricted,
    }
}

fn numbers_bytes(enc: Enc, numbers: [u64; 4]) -> Enc {
    let [issued, valid, invalid, spoilt] = numbers;
    enc.int(issued)
        .int(valid)
        .int(invalid)
        .int(spoilt)
        .int(1)
        .int(1)
        .int(valid)
}

/// The payload of a StationFinal.
pub(crate) fn final_payload(
    ledger: &[u8; 32],
    size: u64,
    root: &[u8; 32],
    counts: &[u8],
    signers: &[&str],
) -> Vec<u8> {
    let message = [
        b"sijill/station-final/v1\n".as_slice(),
        ledger,
        &size.to_be_bytes(),
        root,
    ]
    .concat();
    let mut signatures: Vec<Vec<u8>> = signers
        .iter()
        .map(|signer| {
            let signature = key(signer).sign(&message).to_bytes();
            [public(signer).as_slice(), &signature].concat()
        })
        .collect();
    signatures.sort();
    Enc::default()
        .raw(ledger)
        .int(size)
        .raw(counts)
        .int(signatures.len() as u64)
        .raw(&signatures.concat())
        .0
}
