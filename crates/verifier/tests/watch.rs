//! A monitor remembers what was signed, and raises an alarm when it is contradicted.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use sijill_verifier::{Unusable, WatchStatus, Watcher};
use support::{Event, LedgerBuilder, build, honest};

struct Scene {
    event: Event,
    dir: tempfile::TempDir,
}

impl Scene {
    fn new() -> Scene {
        let event = honest();
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("trust.json"), event.trust_json(None)).unwrap();
        Scene { event, dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Replaces what is published.
    fn publish(&self, ledgers: &[(&LedgerBuilder, u64)]) {
        let _ = fs::remove_dir_all(self.path("published"));
        fs::create_dir_all(self.path("published/ledgers")).unwrap();
        for (ledger, size) in ledgers {
            let folder = self.path("published/ledgers").join(hex::encode(ledger.id));
            fs::create_dir_all(folder.join("tile/0/000.p")).unwrap();
            fs::write(folder.join("checkpoint"), ledger.checkpoint(*size)).unwrap();
            let tile = ledger.leaves[..*size as usize].concat();
            fs::write(folder.join(format!("tile/0/000.p/{size}")), tile).unwrap();
        }
    }

    fn whole(&self) {
        let event = &self.event;
        let all = [&event.election, &event.boxes[0], &event.boxes[1]];
        self.publish(&all.map(|ledger| (ledger, ledger.size())));
    }

    fn watcher(&self, state: &str) -> Result<Watcher, Unusable> {
        let place = self.path("published");
        Watcher::open(
            place.to_str().unwrap(),
            &self.path("trust.json"),
            &self.path(state),
        )
    }

    /// Status and code of each ledger: election, roll, east, west.
    fn round(&self, state: &str) -> Vec<(WatchStatus, Option<&'static str>)> {
        let round = self.watcher(state).unwrap().round().unwrap();
        round
            .ledgers
            .iter()
            .map(|seen| (seen.status, seen.code))
            .collect()
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sijill-verify"));
        for variable in [
            "http_proxy",
            "HTTP_PROXY",
            "https_proxy",
            "HTTPS_PROXY",
            "all_proxy",
            "ALL_PROXY",
        ] {
            command.env_remove(variable);
        }
        command
            .arg("watch")
            .args(args)
            .current_dir(self.dir.path())
            .output()
            .unwrap()
    }
}

/// Another history under the same keys: the first ballot of `east` came a moment later.
fn another_history() -> Event {
    build(
        &|draft| {
            if (draft.ledger, draft.event_type, draft.nth) == ("east", 0x0403, 0) {
                draft.received += 1;
            }
        },
        &|_, bytes| bytes,
    )
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

use WatchStatus::{Absent, Alarm, First, Grown, Same, Unreachable};

#[test]
fn a_ledger_that_grows_is_followed() {
    let scene = Scene::new();
    let (election, east) = (&scene.event.election, &scene.event.boxes[0]);
    scene.publish(&[(election, 3)]);
    let absent = (Absent, None);
    assert_eq!(scene.round("state"), [(First, None), absent, absent, absent]);
    assert_eq!(scene.round("state"), [(Same, None), absent, absent, absent]);
    for size in 1..=east.size() {
        scene.publish(&[(election, 3 + size), (east, size)]);
        let status = if size == 1 { First } else { Grown };
        assert_eq!(
            scene.round("state"),
            [(Grown, None), absent, (status, None), absent]
        );
        let kept = fs::read_to_string(
            scene
                .path("state")
                .join(format!("{}.checkpoint", hex::encode(east.id))),
        );
        assert_eq!(kept.unwrap(), east.checkpoint(size));
    }
    assert!(!scene.path("state/evidence").exists());
}

#[test]
fn two_roots_of_one_size_are_kept_as_proof() {
    let scene = Scene::new();
    let forked = another_history();
    let size = scene.event.boxes[0].size();
    scene.whole();
    scene.round("state");
    scene.publish(&[
        (&scene.event.election, scene.event.election.size()),
        (&forked.boxes[0], size),
        (&scene.event.boxes[1], scene.event.boxes[1].size()),
    ]);
    for _ in 0..2 {
        let round = scene.watcher("state").unwrap().round().unwrap();
        assert_eq!(round.exit_code(), 1);
        let seen = &round.ledgers[2];
        assert_eq!((seen.status, seen.code), (Alarm, Some("watch.fork")));
        assert!(seen.detail.as_ref().unwrap().contains("prove"));
        let notes: Vec<String> = seen
            .evidence
            .iter()
            .map(|file| fs::read_to_string(scene.path("state").join(file)).unwrap())
            .collect();
        assert_eq!(
            notes,
            [
                scene.event.boxes[0].checkpoint(size),
                forked.boxes[0].checkpoint(size)
            ]
        );
    }
    // What was remembered stays, so the honest history is still the one that is expected.
    scene.whole();
    assert_eq!(scene.round("state")[2], (Same, None));
}

#[test]
fn rewritten_histories_are_shown_with_the_tiles_that_prove_it() {
    let scene = Scene::new();
    let forked = another_history();
    let east = &scene.event.boxes[0];
    let election = (&scene.event.election, scene.event.election.size());
    scene.publish(&[election, (east, 5)]);
    scene.round("state");
    scene.publish(&[election, (&forked.boxes[0], 9)]);
    let round = scene.watcher("state").unwrap().round().unwrap();
    let seen = &round.ledgers[2];
    assert_eq!((seen.status, seen.code), (Alarm, Some("watch.rewrite")));
    assert_eq!((seen.before, seen.size), (Some(5), Some(9)));
    let kept: Vec<Vec<u8>> = seen
        .evidence
        .iter()
        .map(|file| fs::read(scene.path("state").join(file)).unwrap())
        .collect();
    assert_eq!(
        kept,
        [
            east.checkpoint(5).into_bytes(),
            forked.boxes[0].checkpoint(9).into_bytes(),
            forked.boxes[0].leaves[..9].concat()
        ]
    );
    // Up to the change the two are one.
    scene.publish(&[election, (east, 3)]);
    assert_eq!(scene.round("another")[2], (First, None));
    scene.publish(&[election, (&forked.boxes[0], 9)]);
    assert_eq!(scene.round("another")[2], (Grown, None));
}

#[test]
fn what_goes_back_or_away_is_an_alarm() {
    let scene = Scene::new();
    let east = &scene.event.boxes[0];
    let election = (&scene.event.election, scene.event.election.size());
    scene.publish(&[election, (east, 6)]);
    scene.round("state");
    scene.publish(&[election, (east, 5)]);
    let round = scene.watcher("state").unwrap().round().unwrap();
    assert_eq!(round.ledgers[2].code, Some("watch.back"));
    assert_eq!(round.ledgers[2].evidence.len(), 2);
    scene.publish(&[election]);
    assert_eq!(scene.round("state")[2], (Alarm, Some("watch.gone")));
    scene.publish(&[election, (east, 6)]);
    assert_eq!(scene.round("state")[2], (Same, None));

    // A whole folder that is not there is no statement about a ledger.
    let watcher = scene.watcher("state").unwrap();
    fs::remove_dir_all(scene.path("published")).unwrap();
    let round = watcher.round().unwrap();
    assert!(round.ledgers.iter().all(|seen| seen.status == Unreachable));
    assert_eq!(round.exit_code(), 2);
}

#[test]
fn bad_checkpoints_and_tiles_are_never_taken() {
    let scene = Scene::new();
    let east = &scene.event.boxes[0];
    let election = (&scene.event.election, scene.event.election.size());
    scene.publish(&[election, (east, 4)]);
    scene.round("state");
    let folder = scene.path("published/ledgers").join(hex::encode(east.id));
    let good = east.checkpoint(6);
    let another_origin = good.replace("vote.example", "vote.exampel");
    let by_another_key = scene.event.boxes[1].checkpoint(6);
    for bad in [
        good.replacen("\n6\n", "\n7\n", 1),
        another_origin,
        by_another_key,
        "junk".to_owned(),
        "x".repeat(10_000),
        String::new(),
    ] {
        scene.publish(&[election, (east, 6)]);
        fs::write(folder.join("checkpoint"), bad).unwrap();
        assert_eq!(scene.round("state")[2], (Alarm, Some("watch.checkpoint")));
    }
    let tile = folder.join("tile/0/000.p/6");
    let break_tile: [fn(&Path); 4] = [
        |tile| fs::remove_file(tile).unwrap(),
        |tile| fs::write(tile, [7; 6 * 32]).unwrap(),
        |tile| fs::write(tile, [7; 6 * 32 - 1]).unwrap(),
        |tile| fs::write(tile, vec![7; 1 << 20]).unwrap(),
    ];
    for break_it in break_tile {
        scene.publish(&[election, (east, 6)]);
        break_it(&tile);
        assert_eq!(scene.round("state")[2], (Alarm, Some("watch.tiles")));
        assert_eq!(scene.round("fresh")[2], (Alarm, Some("watch.tiles")));
    }
    scene.publish(&[election, (east, 6)]);
    assert_eq!(scene.round("state")[2], (Grown, None));
}

#[test]
fn checkpoints_of_the_trust_file_bind_from_the_first_round_on() {
    let scene = Scene::new();
    let forked = another_history();
    fs::write(scene.path("trust.json"), scene.event.trust_json(Some(6))).unwrap();
    let election = (&scene.event.election, scene.event.election.size());
    let codes = |ledger, size| {
        scene.publish(&[election, (ledger, size)]);
        let state = format!("state {size} {}", std::ptr::from_ref(ledger) as usize);
        scene.round(&state)[2]
    };
    let (east, other) = (&scene.event.boxes[0], &forked.boxes[0]);
    assert_eq!(codes(east, 5), (Alarm, Some("watch.back")));
    assert_eq!(codes(east, 6), (First, None));
    assert_eq!(codes(east, 7), (First, None));
    assert_eq!(codes(other, 6), (Alarm, Some("watch.fork")));
    assert_eq!(codes(other, 7), (Alarm, Some("watch.rewrite")));
}

#[test]
fn a_hostile_publisher_does_not_fill_the_disk() {
    let scene = Scene::new();
    let mut forked = another_history();
    let election = (&scene.event.election, scene.event.election.size());
    scene.publish(&[election, (&scene.event.boxes[0], 5)]);
    let watcher = scene.watcher("state").unwrap();
    watcher.round().unwrap();
    for n in 0..80u8 {
        forked.boxes[0].leaves[4] = [n; 32];
        scene.publish(&[election, (&forked.boxes[0], 5 + u64::from(n % 2))]);
        let round = watcher.round().unwrap();
        assert_eq!(round.ledgers[2].status, Alarm);
        let full = round.ledgers[2]
            .detail
            .as_ref()
            .unwrap()
            .contains("no more evidence");
        assert_eq!(full, n > 60 || round.ledgers[2].evidence.len() < 2, "{n}");
    }
    let id = hex::encode(scene.event.boxes[0].id);
    assert_eq!(
        fs::read_dir(scene.path("state/evidence").join(id))
            .unwrap()
            .count(),
        64
    );
}

#[test]
fn the_state_is_guarded() {
    let scene = Scene::new();
    scene.whole();
    let first = scene.watcher("state").unwrap();
    first.round().unwrap();
    let error = scene.watcher("state").unwrap_err().to_string();
    assert!(error.contains("another process"), "{error}");
    drop(first);

    // Another event.
    let json = fs::read_to_string(scene.path("trust.json")).unwrap();
    let east = hex::encode(scene.event.boxes[0].id);
    let event = format!("\"event\":\"{}\"", hex::encode(scene.event.election.id));
    let other = json
        .replacen(&event, &format!("\"event\":\"{east}\""), 1)
        .replacen("ballot-box", "election", 1);
    fs::write(scene.path("trust.json"), other).unwrap();
    let error = scene.watcher("state").unwrap_err().to_string();
    assert!(error.contains("another event"), "{error}");
    fs::write(scene.path("trust.json"), json).unwrap();

    // Every damage of a remembered note is noticed.
    let note = scene.path("state").join(format!("{east}.checkpoint"));
    let good = fs::read(&note).unwrap();
    for at in (0..good.len()).step_by(11) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&note, bad).unwrap();
        let error = scene.watcher("state").unwrap().round().unwrap_err().to_string();
        assert!(error.contains("damaged"), "{error}");
    }
    fs::write(&note, &good[..good.len() / 2]).unwrap();
    assert!(scene.watcher("state").unwrap().round().is_err());
    fs::write(&note, &good).unwrap();

    // What a crash before the renaming leaves behind is of no concern.
    fs::write(scene.path("state").join(format!("{east}.new")), "half a no").unwrap();
    assert_eq!(scene.round("state")[2], (Same, None));
}

#[test]
fn the_command_tells_cron_what_happened() {
    let scene = Scene::new();
    let forked = another_history();
    let (election, east) = (&scene.event.election, &scene.event.boxes[0]);
    let watch = ["published", "--trust", "trust.json", "--state", "state", "--once"];
    let json = [&watch[..], &["--json"]].concat();
    scene.publish(&[(election, 4), (east, 4)]);
    let output = scene.run(&json);
    assert_eq!(output.status.code(), Some(0));
    let seen = lines(&output);
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|line| line["format"] == "sijill-watch/1"));
    assert_eq!(seen[2]["status"], "first");
    assert_eq!(seen[2]["ledger"], hex::encode(east.id));
    assert_eq!(seen[2]["root"], hex::encode(support::root(&east.leaves[..4])));
    scene.publish(&[(election, 5), (&forked.boxes[0], 8)]);
    let output = scene.run(&watch);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("ALARM"), "{text}");
    assert!(text.contains("watch.rewrite: "), "{text}");
    assert!(text.contains("4 -> 8 entries"), "{text}");
    assert!(text.contains("evidence: evidence/"), "{text}");
    // A round that ends with an alarm ends the program.
    let every = [
        "published",
        "--trust",
        "trust.json",
        "--state",
        "state",
        "--every",
        "86400",
    ];
    assert_eq!(scene.run(&every).status.code(), Some(1));

    let file = format!("file://{}", scene.path("published").display());
    let args = [&[file.as_str()], &watch[1..]].concat();
    assert_eq!(scene.run(&args).status.code(), Some(1));
    for bad in [
        "nowhere",
        "trust.json",
        "ftp://example.org/",
        "file://elsewhere/x",
        "https://example.org/?x",
    ] {
        let output = scene.run(&[&[bad], &watch[1..]].concat());
        assert_eq!(output.status.code(), Some(2), "{bad}");
        assert!(!output.stderr.is_empty(), "{bad}");
    }
    assert_eq!(scene.run(&watch[..5]).status.code(), Some(1), "once is enough");
    let both = [&watch[..], &["--every", "5"]].concat();
    assert_eq!(scene.run(&both).status.code(), Some(2), "once or every");
    // Nothing is published yet.
    scene.publish(&[]);
    let fresh = ["published", "--trust", "trust.json", "--state", "fresh", "--once"];
    assert_eq!(scene.run(&fresh).status.code(), Some(2));
}

#[cfg(not(feature = "http"))]
#[test]
fn without_the_feature_there_is_no_network() {
    let scene = Scene::new();
    let output = scene.run(&[
        "http://127.0.0.1:9/",
        "--trust",
        "trust.json",
        "--state",
        "state",
        "--once",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--features http"));
}

#[cfg(feature = "http")]
mod http {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::*;

    /// A static file server, with a few ways of being bad: `/moved/…` redirects, `/loop/…` forever, `/endless/…` never stops, `/broken/…` says 500.
    fn serve(root: PathBuf) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that hangs up early is no fault of the server.
                let _ = answer(stream.unwrap(), &root);
            }
        });
        address
    }

    fn answer(mut stream: TcpStream, root: &Path) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut request = String::new();
        reader.read_line(&mut request)?;
        let mut header = String::new();
        while reader.read_line(&mut header)? > 2 {
            header.clear();
        }
        let path = request.split(' ').nth(1).unwrap().to_owned();
        let redirect = |to: &str| {
            format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        };
        let head = |status: &str, length: usize| {
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n")
        };
        if let Some(rest) = path.strip_prefix("/moved/") {
            return stream.write_all(redirect(&format!("/published/{rest}")).as_bytes());
        }
        if path.starts_with("/loop/") {
            return stream.write_all(redirect(&path).as_bytes());
        }
        if path.starts_with("/broken/") {
            return stream.write_all(head("500 Oops", 0).as_bytes());
        }
        if path.starts_with("/endless/") {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[b'x'; 4096])?;
            }
        }
        match fs::read(root.join(path.trim_start_matches('/'))) {
            Ok(bytes) => {
                stream.write_all(head("200 OK", bytes.len()).as_bytes())?;
                stream.write_all(&bytes)
            }
            Err(_) => stream.write_all(head("404 Not Found", 0).as_bytes()),
        }
    }

    #[test]
    fn a_site_is_followed_as_a_folder_is() {
        let scene = Scene::new();
        let forked = another_history();
        let (election, east) = (&scene.event.election, &scene.event.boxes[0]);
        let address = serve(scene.dir.path().to_owned());
        let watch = |below: &str, state: &str| {
            let place = format!("http://{address}/{below}/");
            let output = scene.run(&[
                &place,
                "--trust",
                "trust.json",
                "--state",
                state,
                "--once",
                "--json",
            ]);
            let east: Value = lines(&output).get(2).cloned().unwrap_or_default();
            let status = east["code"].as_str().or(east["status"].as_str());
            (output.status.code(), status.unwrap_or_default().to_owned())
        };
        let is = |code, status: &str| (Some(code), status.to_owned());
        scene.publish(&[(election, 5), (east, 4)]);
        assert_eq!(watch("published", "state"), is(0, "first"));
        assert_eq!(watch("published", "state"), is(0, "same"));
        scene.publish(&[(election, 6), (east, 7)]);
        assert_eq!(watch("moved", "state"), is(0, "grown"));
        scene.publish(&[(election, 6), (&forked.boxes[0], 7)]);
        assert_eq!(watch("published", "state"), is(1, "watch.fork"));
        scene.publish(&[(election, 6), (&forked.boxes[0], 9)]);
        assert_eq!(watch("published", "state"), is(1, "watch.rewrite"));
        scene.publish(&[(election, 6)]);
        assert_eq!(watch("published", "state"), is(1, "watch.gone"));
        scene.publish(&[(election, 6), (east, 8)]);
        assert_eq!(watch("published", "state"), is(0, "grown"));

        assert_eq!(watch("loop", "state"), is(2, "unreachable"));
        assert_eq!(watch("broken", "state"), is(2, "unreachable"));
        assert_eq!(watch("endless", "state"), is(1, "watch.checkpoint"));
        // Nobody listens there.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let place = format!("http://{free}/published");
        let output = scene.run(&[&place, "--trust", "trust.json", "--state", "state", "--once"]);
        assert_eq!(output.status.code(), Some(2));
    }
}
