//! What people send who err or mean harm: each refused with its own reason, and the ledgers as they were.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sijill_engine::keyfile::{KeyFile, Passphrase, SigningKind};
use sijill_ledger::{ContentRef, Kind, Signature, SignedBody};
use sijill_registers::catalogue::Event;
use sijill_registers::election::events::{CeremonyComplained, ElectionEvent};

use crate::common::{BEFORE, ELECTION, EVENING, NIGHT, NOON, Office, Said, copy_folder, files, sijill};
use crate::council::{TRUSTEES, next, office, signed, status};

/// The same message with another event and other documents, signed with the key of a trustee's folder.
fn forge(
    office: &Office,
    message: &str,
    signer: &str,
    change: impl FnOnce(&mut ElectionEvent, &mut Vec<Vec<u8>>),
) -> String {
    let text = std::fs::read_to_string(message).expect("a submission");
    let mut document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let bytes = STANDARD
        .decode(document["body"].as_str().expect("a body"))
        .expect("base64");
    let mut signature = [0; 64];
    hex::decode_to_slice(
        document["signature"].as_str().expect("a signature"),
        &mut signature,
    )
    .expect("hex");
    let signed = SignedBody::parse(&bytes, Signature::from_bytes(signature)).expect("a body");
    let mut body = signed.body().clone();
    let Ok(Event::Election(mut event)) = Event::parse(Kind::Election, body.event_type, &body.payload) else {
        unreachable!("not of an election ledger");
    };
    let mut contents: Vec<Vec<u8>> = document["contents"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|text| STANDARD.decode(text.as_str().expect("text")).expect("base64"))
        .collect();
    change(&mut event, &mut contents);
    let event = Event::Election(event);
    let key = KeyFile::load(&office.temp.path().join(signer).join("signing.key"))
        .expect("a key")
        .unlock_signing_key(SigningKind::Author, &passphrase())
        .expect("the passphrase");
    body.author = key.key_id();
    body.event_type = event.wire_type();
    body.payload = event.payload();
    let mut nonce = *body.nonce.as_bytes();
    nonce[0] ^= 0x55;
    body.nonce = sijill_ledger::Nonce::from_bytes(nonce);
    let body = body.sign(&key).expect("a signature");
    document["body"] = STANDARD.encode(body.bytes()).into();
    document["signature"] = hex::encode(body.signature().as_bytes()).into();
    if !contents.is_empty() {
        document["contents"] = contents.iter().map(|bytes| STANDARD.encode(bytes)).collect();
    }
    office.write("forged.submission", &document.to_string());
    office.path("forged.submission")
}

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery".to_owned())
}

fn submit(office: &Office, file: &str) -> Said {
    office.run(&["ledger", "submit", file])
}

/// A phase in which everybody sends what is due.
fn round(office: &Office) {
    for folder in TRUSTEES {
        next(office, folder, &["--submit"]).ok();
    }
    office.run(&["ledger", "publish"]).ok();
}

#[test]
fn messages_of_a_ceremony_that_are_wrong_late_or_of_somewhere_else() {
    let office = office();
    let message = signed(&next(&office, "c1", &[]).ok().out);
    let before = office.sizes();
    let forged = |signer: &str, change: fn(&mut ElectionEvent, &mut Vec<Vec<u8>>)| {
        forge(&office, &message, signer, change)
    };
    // In another's name; for an attempt that is not; what is no certificate; a key of small order.
    submit(&office, &forged("c2", |_, _| {})).refused("[event.author]");
    let other_attempt = forged("c1", |event, _| {
        if let ElectionEvent::TrusteeEnrolled(e) = event {
            e.attempt = 2;
        }
    });
    submit(&office, &other_attempt).refused("[election.order]");
    let malformed = forged("c1", |event, _| {
        if let ElectionEvent::TrusteeEnrolled(e) = event {
            e.certificate.truncate(40);
        }
    });
    submit(&office, &malformed).refused("[ceremony.certificate]");
    let small = forged("c1", |event, _| {
        if let ElectionEvent::TrusteeEnrolled(e) = event {
            e.channel_key = [0; 32];
        }
    });
    submit(&office, &small).refused("[ceremony.certificate]");
    // To a service that keeps other events.
    let elsewhere = Office::with_event();
    submit(&elsewhere, &message).refused("which is not here");
    assert_eq!(office.sizes(), before, "refused messages leave no trace");

    submit(&office, &message).ok();
    round_of(&office, &["c2", "c3"]);
    // A message of a phase that is over.
    let late = forge(&office, &message, "c1", |_, _| {});
    submit(&office, &late).refused("[election.order]");
}

fn round_of(office: &Office, folders: &[&str]) {
    for folder in folders {
        next(office, folder, &["--submit"]).ok();
    }
    office.run(&["ledger", "publish"]).ok();
}

#[test]
fn a_bad_share_is_complained_of_and_a_false_complaint_is_seen_through() {
    let office = office();
    round(&office);
    round(&office);
    // Trustee 2 deals trustee 1 a share that is meant for trustee 3.
    let honest = signed(&next(&office, "c2", &[]).ok().out);
    let swapped = forge(&office, &honest, "c2", |event, _| {
        if let ElectionEvent::SharesDealt(e) = event {
            e.shares.swap(0, 2);
        }
    });
    submit(&office, &swapped).ok();
    submit(&office, &honest).refused("[election.order]");
    round_of(&office, &["c1", "c3"]);
    next(&office, "c1", &[]).refused("the share that trustee 2 dealt to you cannot be accepted");
    office
        .as_trustee("c1", &["ceremony", "complain"], &["--submit"])
        .ok();
    office.run(&["ledger", "publish"]).ok();
    let said = status(&office);
    assert!(said.contains("trustee 1 complained about trustee 2; "), "{said}");
    next(&office, "c3", &[]).refused("this attempt of the ceremony has ended");
    submit(&office, &honest).refused("[election.order]");
    office.as_commission(&["election", "restart-ceremony"]).ok();
    office.run(&["ledger", "publish"]).ok();
    submit(&office, &honest).refused("[election.order]");

    for _ in 0..3 {
        round(&office);
    }
    // Every share is in order: the command does not complain; who does it all the same is named.
    office
        .as_trustee("c3", &["ceremony", "complain"], &[])
        .refused("every share for you is in order");
    let confirmation = signed(&next(&office, "c3", &[]).ok().out);
    let secret = files(&office.temp.path().join("c3"))
        .into_iter()
        .find(|path| path.to_string_lossy().ends_with("-2.key"))
        .expect("the secrets of the second attempt");
    let secret = KeyFile::load(&secret)
        .expect("a key file")
        .unlock_ceremony(&passphrase())
        .expect("secrets");
    let channel_secret = *secret.disclose().expose();
    let complaint = |channel_secret: [u8; 32]| {
        forge(&office, &confirmation, "c3", |event, _| {
            *event = ElectionEvent::CeremonyComplained(CeremonyComplained {
                attempt: 2,
                index: 3,
                against: 1,
                channel_secret,
            });
        })
    };
    submit(&office, &complaint([7; 32])).refused("[ceremony.complaint]");
    submit(&office, &complaint(channel_secret)).ok();
    office.run(&["ledger", "publish"]).ok();
    let said = status(&office);
    assert!(said.contains("trustee 3 complained about trustee 1; "), "{said}");
    let faults: Vec<&str> = said
        .lines()
        .filter(|line| line.contains(" complained about "))
        .collect();
    assert_eq!(faults.len(), 2);
    assert_ne!(
        faults[0].rsplit("; ").next(),
        faults[1].rsplit("; ").next(),
        "one was right, the other was not"
    );
    submit(&office, &confirmation).refused("[election.order]");
}

/// A poll that is open, with ballots of two voters in each district.
fn open_poll() -> Office {
    let mut office = Office::with_event();
    office.prepare();
    office.at(NOON);
    office.as_commission(&["election", "open"]).ok();
    for (voter, district) in [
        ("V1", "north"),
        ("V2", "north"),
        ("V11", "south"),
        ("V12", "south"),
    ] {
        office.vote(voter, district, "1", &[]).ok();
    }
    office
}

fn close_and_publish(office: &mut Office) {
    office.at(EVENING);
    office.as_commission(&["election", "close"]).ok();
    office
        .run(&["election", "exclude", "--key", &office.path("registrar.key")])
        .ok();
    office.as_commission(&["election", "seal"]).ok();
    office.run(&["ledger", "publish"]).ok();
    office.at(NIGHT);
}

#[test]
fn a_trustee_never_decrypts_a_second_tally_of_a_box() {
    let mut office = open_poll();
    // Somebody keeps a copy of the whole service, checkpoint record included, to run the poll twice.
    copy_folder(&office.data(), &office.temp.path().join("fork"));
    close_and_publish(&mut office);
    office.as_trustee("t1", &["decrypt"], &["--submit"]).ok();

    std::fs::rename(office.data(), office.temp.path().join("true")).expect("a move");
    std::fs::rename(office.temp.path().join("fork"), office.data()).expect("a move");
    office.at(NOON);
    office.vote("V3", "north", "2", &[]).ok();
    close_and_publish(&mut office);
    let (published, trust) = (office.path("data/published"), office.path("data/trust.json"));
    // By itself the second history is in order ...
    sijill(&[
        "verify",
        "event",
        &published,
        "--trust",
        &trust,
        "--require-stage",
        "anchored",
    ])
    .ok();
    // ... but the trustee's own folder knows better, now and later.
    for _ in 0..2 {
        office
            .as_trustee("t1", &["decrypt"], &["--submit"])
            .refused("this trustee has decrypted another tally of ballot box");
    }
    let shares = office.run(&["ledger", "list"]).ok().out;
    assert!(shares.contains("0 results"), "{shares}");
}

#[test]
fn a_bad_share_is_refused_by_name_and_an_incomplete_folder_is_not_decrypted() {
    let mut office = open_poll();
    close_and_publish(&mut office);
    let before = office.sizes();
    let said = office.as_trustee("t2", &["decrypt"], &[]).ok().out;
    let honest = signed(&said);
    // The share of another trustee's secret, under the signature of this one.
    let other = signed(&office.as_trustee("t1", &["decrypt"], &[]).ok().out);
    let document: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&other).expect("a file")).expect("JSON");
    let share = STANDARD
        .decode(document["contents"][0].as_str().expect("a share"))
        .expect("base64");
    let bad = forge(&office, &honest, "t2", |event, contents| {
        if let ElectionEvent::ShareSubmitted(e) = event {
            e.share = ContentRef::of(&share).expect("a reference");
        }
        *contents = vec![share];
    });
    submit(&office, &bad).refused("[trustee.share]");
    assert_eq!(office.sizes(), before);
    submit(&office, &honest).ok();

    // A box that is left out of the published folder.
    let copy = office.temp.path().join("copy");
    copy_folder(&office.data().join("published"), &copy);
    let ledgers: Vec<_> = std::fs::read_dir(copy.join("ledgers"))
        .expect("ledgers")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    let list = office.run(&["ledger", "list"]).ok().out;
    let id = list
        .lines()
        .find(|line| line.contains("north"))
        .and_then(|line| line.split(' ').next())
        .expect("an id");
    let omitted = ledgers.iter().find(|path| path.ends_with(id)).expect("the box");
    std::fs::remove_dir_all(omitted).expect("a folder to leave out");
    let (copy, trust, home) = (
        copy.display().to_string(),
        office.path("data/trust.json"),
        office.path("t1"),
    );
    let verified = sijill(&[
        "verify",
        "event",
        &copy,
        "--trust",
        &trust,
        "--require-stage",
        "anchored",
    ]);
    assert_eq!(verified.code, 1, "{}", verified.out);
    assert!(
        verified.out.contains("election.ledgers") && verified.out.contains(id),
        "{}",
        verified.out
    );
    office
        .run(&[
            "trustee",
            "decrypt",
            &home,
            "--published",
            &copy,
            "--trust",
            &trust,
        ])
        .refused("nothing was signed, decrypted or written");
}

#[test]
fn names_that_deceive_are_refused() {
    let office = Office::with_people();
    let answers = "answers = [{ en = \"D\", ar = \"\" }, { en = \"E\", ar = \"\" }]";
    let with = |first: &str, second: &str| {
        let changed =
            format!("answers = [{{ en = \"{first}\", ar = \"\" }}, {{ en = \"{second}\", ar = \"\" }}]");
        office.write("election.toml", &ELECTION.replacen(answers, &changed, 1));
        office.define()
    };
    for (name, problem) in [
        ("Da\\u202Ena", "U+202E"),
        ("\\u2067Dana\\u2069", "U+2067"),
        ("Da\\u200Bna", "U+200B"),
        ("Dana\\uFEFF", "U+FEFF"),
        ("Da\\u00ADna", "U+00AD"),
        ("Da\\u0007na", "U+0007"),
        ("Da\\u0085na", "U+0085"),
        ("\\U000E0041Dana", "U+E0041"),
        ("Zoe\\u0301", "normalisation form C"),
    ] {
        with(name, "E").refused(problem);
    }
    for (first, second) in [
        ("Dana", "dana"),
        ("Dana", "Dana "),
        ("Dana", "Da\\u200Dna"),
        ("D", "\\uFF24"),
    ] {
        with(first, second).refused("answers 1 and 2 read the same");
    }
    // Who is named with the joiner that a spelling needs, or with a composed letter, stands.
    with(
        "Zo\\u00E9",
        "\\u0645\\u06CC\\u200C\\u062E\\u0648\\u0627\\u0647\\u0645",
    )
    .ok();
}

#[test]
fn a_question_fits_a_ballot_up_to_the_last_answer() {
    let mut office = Office::with_people();
    let with = |n: usize| {
        let list: Vec<String> = (1..=n)
            .map(|k| format!("{{ en = \"Candidate {k}\", ar = \"\" }}"))
            .collect();
        let answers = "answers = [{ en = \"D\", ar = \"\" }, { en = \"E\", ar = \"\" }]";
        office.write(
            "election.toml",
            &ELECTION.replacen(answers, &format!("answers = [{}]", list.join(",")), 1),
        );
        office.define()
    };
    let size = |said: &Said| -> usize {
        let (_, after) = said.err.split_once("largest ballot would have ").expect("a size");
        after
            .split(' ')
            .next()
            .and_then(|digits| digits.parse().ok())
            .expect("a number")
    };
    let large = with(300).refused("ask fewer questions or offer fewer answers");
    let less = with(299).refused("more than 59800");
    let each = size(&large) - size(&less);
    let most = 300 - (size(&large) - 59_800).div_ceil(each);
    with(most + 1).refused("largest ballot");
    with(most).ok();
    with(301).refused("more than 300 answers");

    office.prepare();
    office.at(NOON);
    office.as_commission(&["election", "open"]).ok();
    office.vote("V11", "south", &most.to_string(), &[]).ok();
    office
        .vote("V12", "south", &(most + 1).to_string(), &[])
        .refused("not a valid vote");
}

#[test]
fn files_and_keys_that_are_not_what_they_should_be() {
    let mut office = Office::with_people();
    let (dir, missing) = (office.path("data"), office.path("nowhere"));
    sijill(&["--dir", &dir, "--passphrase-file", &missing, "ledger", "list"]).refused("No such file");
    office.write("marked", "\u{feff}correct horse battery\n");
    sijill(&[
        "--dir",
        &dir,
        "--passphrase-file",
        &office.path("marked"),
        "ledger",
        "list",
    ])
    .refused("byte order mark");
    office.write("long", &"x".repeat(5000));
    sijill(&[
        "--dir",
        &dir,
        "--passphrase-file",
        &office.path("long"),
        "ledger",
        "list",
    ])
    .refused("no passphrase");
    office.write("dos", "correct horse battery\r\n");
    sijill(&[
        "--dir",
        &dir,
        "--passphrase-file",
        &office.path("dos"),
        "ledger",
        "list",
    ])
    .ok();

    for (from, to) in [
        ("2026-12-05T07:00:00+03:00", "05.12.2026 07:00"),
        ("2026-12-05T07:00:00+03:00", "2026-12-05T07:00:00"),
        ("2026-12-05T07:00:00+03:00", "2026-12-05"),
        ("2026-12-05T07:00:00+03:00", "٢٠٢٦-١٢-٠٥T07:00:00+03:00"),
        ("2026-12-05T07:00:00+03:00", "2026-02-30T07:00:00+03:00"),
    ] {
        office.write("election.toml", &ELECTION.replacen(from, to, 1));
        office
            .define()
            .refused("is not a time such as 2026-12-05T07:00:00+03:00");
    }
    office.write("election.toml", ELECTION);
    office.define().ok();
    let before = office.sizes();

    // A key file of another kind; a text that is none; a folder.
    for key in [
        "registrar.secret",
        "t1/decryption.key",
        "data/engine/keys/service.key",
    ] {
        office
            .run(&["election", "prepare", "--key", &office.path(key)])
            .refused("`sijill key show` says what a file is for");
    }
    office
        .run(&["election", "prepare", "--key", &office.path("data")])
        .refused("data");
    // Names that are taken, or cannot be.
    let blocked = office.path("passphrase/deeper");
    office.run(&["generate", "man", &blocked]).refused("passphrase");
    office.run(&["key", "new", &blocked]).refused("deeper");
    let slips = office.path("passphrase");
    office
        .as_registrar(&["credential", "slips", &slips])
        .refused("there is no vault");

    // Line ends, digits and marks that spreadsheets write; and what no spreadsheet should.
    let import = |bytes: &[u8], more: &[&str]| {
        std::fs::write(office.temp.path().join("roll.csv"), bytes).expect("a file");
        let file = office.path("roll.csv");
        office.as_registrar(&[&["roll", "import", &file], more].concat())
    };
    import(b"identifier,district,name\r\nV1,north,x\r\n", &[]).refused("line 1 of the roll");
    import(
        "identifier,district\r\nV1,north\r\nV\u{0661},north\r\n".as_bytes(),
        &[],
    )
    .refused("line 3: repeats the person of line 2");
    import(
        "identifier,district\nZoe\u{301},north\nZo\u{e9},south\n".as_bytes(),
        &[],
    )
    .refused("line 3: repeats the person of line 2");
    let huge = format!("identifier,district\n{},north\n", "x".repeat(3 << 20));
    let said = import(huge.as_bytes(), &[]).refused("line 2: the identifier has more than 64 characters");
    assert!(said.err.len() < 1000);
    let utf16: Vec<u8> = "identifier,district\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    import(&[&[0xff, 0xfe][..], &utf16].concat(), &[]).refused("is not UTF-8");
    assert_eq!(office.sizes(), before, "nothing was registered");
    import(
        "\u{feff}identifier,district\r\nV\u{0661},north\r\n V2 ,south\r\n".as_bytes(),
        &[],
    )
    .ok();

    office.write(
        "paper.toml",
        "[[district]]\nid = \"west\"\nissued = 0\nvalid = 0\ninvalid = 0\nspoilt = 0\ncounts = [[0, 0]]\n",
    );
    office
        .as_commission(&["election", "paper", "--file", &office.path("paper.toml")])
        .refused("no district `west`");
    office.write("paper.toml", "[[district]]\nid = \"north\"\nissued = -1\n");
    office
        .as_commission(&["election", "paper", "--file", &office.path("paper.toml")])
        .refused("shows the form");
    office
        .run(&["box", "export-bel", &office.path("out"), "--district", "west"])
        .refused("no district `west`");
    office.at(BEFORE);
}
