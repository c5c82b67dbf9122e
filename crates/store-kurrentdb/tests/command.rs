//! The `sijill` command, built with the feature `kurrentdb`, on the test server: the whole demonstration, copies between
//! both kinds of store, an event whose ledgers go from one node to the other, and what cannot be worked with.
//! `SIJILL_BIN` names the command.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a failed test panics"
)]

mod common;
mod office;

use std::path::{Path, PathBuf};
use std::process::{Child, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::cluster;
use office::{EVENING, NIGHT, NOON, Office, Said};
use sijill_kurrentdb_testserver::{Cluster, Options, ReadFault, Tls, WriteFault};
use sijill_store_kurrentdb::{KurrentDbOptions, KurrentDbStore, LeasedStore, Node};

fn command() -> Option<PathBuf> {
    let path = std::env::var_os("SIJILL_BIN").map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped, set SIJILL_BIN=<the sijill command, built with --features kurrentdb>");
    }
    path
}

async fn run(bin: &Path, arguments: &[&str]) -> Output {
    let mut command = office::command(bin);
    command.args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

async fn succeeds(bin: &Path, arguments: &[&str]) -> String {
    let output = run(bin, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    text(&output)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn demonstration_and_copies() {
    let Some(bin) = command() else { return };
    let cluster = cluster(3).await;
    let url = cluster.url();
    let outer = tempfile::tempdir().unwrap();
    let path = |name: &str| outer.path().join(name).to_str().unwrap().to_owned();
    let demo = path("demo");
    let told = succeeds(
        &bin,
        &[
            "demo",
            "--dir",
            &demo,
            "--voters",
            "25",
            "--requests",
            "20",
            "--comments",
            "40",
            "--store",
            &url,
        ],
    )
    .await;
    assert!(
        told.contains("The decrypted numbers are those of the plain votes"),
        "{told}"
    );
    let event = std::fs::read_dir(&demo)
        .unwrap()
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .find(|path| path.join("site.toml").exists())
        .unwrap();
    assert!(!event.join("engine/events.sqlite").exists());
    let site = std::fs::read_to_string(event.join("site.toml")).unwrap();
    let place = site
        .lines()
        .find_map(|line| line.strip_prefix("store = "))
        .unwrap();
    let place = place.trim_matches('"').to_owned();

    // Out of KurrentDB, back into it, and again: nothing is left to do.
    let file = path("copy.sqlite");
    let first = succeeds(&bin, &["store", "copy", "--from", &place, "--to", &file]).await;
    assert!(first.contains("Equal: "), "{first}");
    let back = format!("{url}&namespace=back");
    let second = succeeds(&bin, &["store", "copy", "--from", &file, "--to", &back]).await;
    let third = succeeds(&bin, &["store", "copy", "--from", &file, "--to", &back]).await;
    assert!(third.contains("; 0 entries were copied now."), "{third}");
    let roots = |text: &str| {
        text.lines()
            .filter(|line| line.contains("root"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(roots(&first), roots(&second));
    assert_eq!(roots(&first), roots(&third));

    // A copy that was interrupted anywhere is completed; one that differs is left alone.
    let ledger = roots(&first)[0][..64].to_owned();
    let stream = format!("back-{ledger}");
    let len = cluster.database().len(&stream);
    cluster.database().cut(&stream, len / 2);
    let resumed = succeeds(&bin, &["store", "copy", "--from", &file, "--to", &back]).await;
    assert!(
        resumed.contains(&format!("; {} entries were copied now.", len - len / 2)),
        "{resumed}"
    );
    cluster.database().redact(&stream, len / 3);
    let differs = run(&bin, &["store", "copy", "--from", &file, "--to", &back]).await;
    assert_eq!(differs.status.code(), Some(1));
    let told = text(&differs);
    assert!(
        told.contains(&format!("damaged at position {}", len / 3)),
        "{told}"
    );
}

/// Waits for the ballot to stand in the box, while the command that cast it waits for an answer that does not come.
fn wait_for(cluster: &Cluster, stream: &str, len: usize, child: &mut Child) {
    let end = Instant::now() + Duration::from_secs(60);
    while cluster.database().len(stream) < len {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before the ballot stood"
        );
        assert!(Instant::now() < end, "no ballot");
        std::thread::sleep(Duration::from_millis(5));
    }
    // Nor can it read back what became of it.
    for _ in 0..4 {
        cluster
            .database()
            .inject_read(ReadFault::Slow(Duration::from_secs(600)));
    }
    assert!(child.try_wait().unwrap().is_none(), "it was to be waiting");
}

fn signal(child: &Child, signal: &str) {
    let sent = std::process::Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Two nodes, each with a folder of its own, share one store. Commands run on the one and on the other; in the middle of
/// the poll one is killed with a ballot on its way, and one sleeps past its lease.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_event_on_two_nodes() {
    let Some(bin) = command() else { return };
    let cluster = cluster(3).await;
    let url = cluster.url();
    // Somebody else holds every lease, and lives.
    let holder = |url: String| async move {
        let options = KurrentDbOptions::parse(&url, None).unwrap();
        let store = KurrentDbStore::connect(options).await.unwrap();
        let node = Node {
            name: "three".into(),
            address: "https://three.example".into(),
            lease: Duration::from_secs(2),
        };
        LeasedStore::acquire(Arc::new(store), node, Duration::from_secs(30))
            .await
            .unwrap()
    };
    let runtime = tokio::runtime::Handle::current();
    let done = tokio::task::spawn_blocking(move || {
        let mut office = Office::new(&bin);
        let node = |name: &str| {
            vec![
                "--node".to_owned(),
                name.to_owned(),
                "--node-address".to_owned(),
                format!("https://{name}.example"),
                "--lease".to_owned(),
                "2".to_owned(),
            ]
        };
        let init = |office: &Office, dir: &str, more: &[&str]| {
            let named = node(dir);
            let mut args: Vec<&str> = vec!["init"];
            args.extend(more);
            args.extend(named.iter().map(String::as_str));
            office.run(dir, &args)
        };
        let documents = office.path("documents");
        init(
            &office,
            "one",
            &[
                "--store",
                &url,
                "--content",
                &documents,
                "--origin",
                "test.example",
            ],
        )
        .ok();
        let first = office.path("one");
        init(&office, "two", &["--join", &first]).ok();

        office.define("one");
        let voters: Vec<_> = (1..=8).map(|n| format!("V{n},north")).collect();
        office.write(
            "roll.csv",
            &format!("identifier,district\n{}\n", voters.join("\n")),
        );
        let roll = office.path("roll.csv");
        office.as_registrar("one", &["roll", "import", &roll]).ok();
        office.as_registrar("one", &["credential", "issue"]).ok();
        let slips = office.path("slips.csv");
        office.as_registrar("one", &["credential", "slips", &slips]).ok();
        office.as_registrar("one", &["roll", "freeze"]).ok();
        office.run("two", &["ledger", "publish"]).ok();
        for trustee in ["t1", "t2"] {
            office
                .as_trustee("two", trustee, &["publish"], &["--submit"])
                .ok();
        }
        office.as_commission("one", &["election", "prepare"]).ok();
        office.at(NOON);
        office.as_commission("two", &["election", "open"]).ok();

        // The box is the ledger that grows with a ballot.
        let vote = |office: &Office, node: &str, voter: &str, choices: &str| -> Said {
            let args = office.vote(voter, choices);
            office.run(node, &args.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let vote_json = |office: &Office, node: &str, voter: &str, choices: &str| -> Said {
            let mut args = office.vote(voter, choices);
            args.push("--json".into());
            office.run(node, &args.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let start = |office: &Office, node: &str, voter: &str, choices: &str| -> Child {
            let mut args = office.vote(voter, choices);
            args.push("--json".into());
            office.start(node, &args.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let list = office.run("one", &["ledger", "list"]).ok();
        let ballot_box = list.lines().find(|line| line.contains("ballot box")).unwrap();
        let stream = format!("sijill-{}", &ballot_box[..64]);
        vote(&office, "one", "V1", "1").ok();
        vote(&office, "two", "V2", "2,3").ok();
        let len = cluster.database().len(&stream);

        // While somebody else holds the leases, both are told where to go.
        let other = runtime.block_on(holder(url.clone()));
        for node in ["one", "two"] {
            let told = vote_json(&office, node, "V3", "1")
                .refused("store.elsewhere", "node three at https://three.example");
            assert!(told.contains("its lease ends in "), "{told}");
        }
        runtime.block_on(other.release());
        drop(other);
        assert_eq!(cluster.database().len(&stream), len, "nothing was written");

        // Node one is killed when its ballot stands and nobody has been told so.
        let slow = WriteFault::Slow(Duration::from_secs(600));
        cluster.database().inject_write(slow);
        let mut killed = start(&office, "one", "V3", "1");
        wait_for(&cluster, &stream, len + 1, &mut killed);
        killed.kill().unwrap();
        killed.wait().unwrap();
        cluster.database().clear_faults();
        // Node two waits for the lease to run out, finds the ballot, and V3 votes again.
        let again = vote(&office, "two", "V3", "2").ok();
        assert!(again.contains("replaces:"), "{again}");
        assert_eq!(cluster.database().len(&stream), len + 2);

        // Node two falls asleep in the same place. Node one takes over; awake again, node two acknowledges nothing.
        cluster.database().inject_write(slow);
        let mut sleeping = start(&office, "two", "V4", "3");
        wait_for(&cluster, &stream, len + 3, &mut sleeping);
        signal(&sleeping, "-STOP");
        cluster.database().clear_faults();
        vote(&office, "one", "V5", "3").ok();
        signal(&sleeping, "-CONT");
        let slept: Said = sleeping.wait_with_output().unwrap().into();
        slept.refused("submit.unknown", "it is not known whether this was recorded");
        let again = vote(&office, "two", "V4", "1").ok();
        assert!(again.contains("replaces:"), "{again}");
        assert_eq!(cluster.database().len(&stream), len + 5);

        // The leading server dies, and the poll goes on.
        cluster.kill(0);
        cluster.elect(1);
        vote(&office, "one", "V6", "2").ok();

        office.at(EVENING);
        office.as_commission("two", &["election", "close"]).ok();
        office.write("on-paper", "identifier\nV7\n");
        let on_paper = office.path("on-paper");
        office
            .as_registrar("one", &["election", "exclude", "--list", &on_paper])
            .ok();
        office.as_commission("one", &["election", "seal"]).ok();
        office.run("two", &["ledger", "publish"]).ok();
        office.at(NIGHT);
        for trustee in ["t1", "t2"] {
            office
                .as_trustee("two", trustee, &["decrypt"], &["--submit"])
                .ok();
        }
        let result = office.as_commission("one", &["election", "result"]).ok();
        assert!(
            result.contains("Turnout: 6 of 8 eligible voters, 75.00 %"),
            "{result}"
        );
        office.run("one", &["ledger", "publish"]).ok();
        let (published, trust) = (office.path("one/published"), office.path("one/trust.json"));
        let view = ["--published", &published, "--trust", &trust, "--submit"];
        office
            .as_commission("one", &[&["election", "certify"][..], &view].concat())
            .ok();
        office.run("two", &["ledger", "publish"]).ok();
        for node in ["one", "two"] {
            office.run(node, &["store", "check"]).ok();
        }

        let (published, trust) = (office.path("two/published"), office.path("two/trust.json"));
        let mut verify = office::command(&bin);
        verify.args([
            "verify",
            "event",
            &published,
            "--trust",
            &trust,
            "--require-stage",
            "certified",
        ]);
        Said::from(verify.output().unwrap()).ok();
        cluster
    });
    drop(done.await.unwrap());
}

/// Runs the command with this environment and `--json`.
async fn told(bin: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
    let mut command = office::command(bin);
    command.args(arguments).arg("--json");
    command.envs(environment.iter().copied());
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    run.await.unwrap().into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(bin) = command() else { return };
    let refused = run(&bin, &["demo", "--store", "kurrentdb://user:secret@db.example"]).await;
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused).contains("SIJILL_STORE_PASSWORD_FILE"),
        "{}",
        text(&refused)
    );

    let options = Options {
        user: Some(("ballots".into(), "secret: 'ü'".into())),
        ..Options::default()
    };
    let cluster = Cluster::start(options).await.unwrap();
    let url = cluster.url().replace("://", "://ballots@");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, copy) = (path("password"), path("copy.sqlite"));
    let arguments = ["store", "copy", "--from", &url, "--to", &copy];
    let write = |text: &str, mode| {
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let by_file = [("SIJILL_STORE_PASSWORD_FILE", &*file)];
    write("secret: 'ü'\n", 0o640);
    told(&bin, &arguments, &by_file)
        .await
        .refused("store.password-exposed", &format!("chmod 600 {file}"));
    write("\n", 0o600);
    told(&bin, &arguments, &by_file)
        .await
        .refused("store.password", "first line");
    write("secrets\n", 0o600);
    let denied = told(&bin, &arguments, &by_file).await;
    denied.refused("store.denied", "check user and password");
    told(&bin, &arguments, &[])
        .await
        .refused("store.settings", "password");
    let wrong = told(&bin, &arguments, &[("SIJILL_STORE_PASSWORD", "secrets")]).await;
    wrong.refused("store.denied", "SIJILL_STORE_PASSWORD_FILE");
    let missing = [("SIJILL_STORE_PASSWORD_FILE", &*path("none"))];
    told(&bin, &arguments, &missing)
        .await
        .refused("file.missing", "none");
    write("secret: 'ü'\nmore\n", 0o600);
    told(&bin, &arguments, &by_file).await.ok();
    told(&bin, &arguments, &[("SIJILL_STORE_PASSWORD", "secret: 'ü'")])
        .await
        .ok();
}

/// Each with a code that programs can rely on, and with what to do about it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_cannot_be_used() {
    let Some(bin) = command() else { return };
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.sqlite").to_str().unwrap().to_owned();
    let look = |url: String| {
        let (bin, copy) = (bin.clone(), copy.clone());
        async move { told(&bin, &["store", "copy", "--from", &url, "--to", &copy], &[]).await }
    };
    let nobody = "kurrentdb://localhost:1?tls=false&discoveryInterval=10".to_owned();
    look(nobody)
        .await
        .refused("store.unreachable", "Check that it runs");
    let unchecked = "kurrentdb://localhost?tlsVerifyCert=false".to_owned();
    look(unchecked).await.refused("store.settings", "tlsCaFile");

    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".into()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let tls = Some(Tls {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    });
    let options = Options {
        tls,
        ..Options::default()
    };
    let cluster = Cluster::start(options).await.unwrap();
    look(cluster.url())
        .await
        .refused("store.certificate", "tlsCaFile");

    let options = Options {
        version: "21.10.2".into(),
        ..Options::default()
    };
    let cluster = Cluster::start(options).await.unwrap();
    look(cluster.url()).await.refused("store.version", "needs 22.10");

    let cluster = common::cluster(1).await;
    let foreign = || kurrentdb::EventData::binary("other", "x".into());
    write_into(&cluster, "sijill-ledgers", foreign()).await;
    look(cluster.url())
        .await
        .refused("store.damaged", "sijill-ledgers is damaged at position 0");
}

async fn write_into(cluster: &Cluster, stream: &str, event: kurrentdb::EventData) {
    let options = kurrentdb::AppendToStreamOptions::default();
    common::stranger(cluster)
        .append_to_stream(stream.to_owned(), &options, event)
        .await
        .unwrap();
}

/// What somebody else does to the streams of an installation.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn streams_that_are_not_as_they_were() {
    let Some(bin) = command() else { return };
    let cluster = cluster(1).await;
    let url = cluster.url();
    let office = tokio::task::spawn_blocking(move || {
        let mut office = Office::new(&bin);
        office.run("one", &["init", "--store", &url]).ok();
        office.define("one");
        office
    });
    let office = Arc::new(office.await.unwrap());
    let run = |arguments: &'static [&'static str]| {
        let office = Arc::clone(&office);
        async move {
            let run = move || office.run("one", &[arguments, &["--json"]].concat());
            tokio::task::spawn_blocking(run).await.unwrap()
        }
    };
    let election = office.event.clone().unwrap();
    run(&["store", "check"]).await.ok();

    // An event of somebody else behind the last entry.
    let stream = format!("sijill-{election}");
    let len = cluster.database().len(&stream);
    write_into(
        &cluster,
        &stream,
        kurrentdb::EventData::binary("other", "x".into()),
    )
    .await;
    let position = format!("damaged at position {len}");
    run(&["ledger", "list"]).await.refused("engine.store", &position);
    run(&["store", "check"])
        .await
        .refused("store.damaged", &format!("\"seq\":{len}"));
    cluster.database().cut(&stream, len);
    run(&["store", "check"]).await.ok();

    // In the stream of a lease.
    let lease = format!("sijill-lease-{election}");
    let leases = cluster.database().len(&lease);
    write_into(
        &cluster,
        &lease,
        kurrentdb::EventData::binary("other", "x".into()),
    )
    .await;
    run(&["ledger", "list"]).await.refused("store.lease", &lease);
    cluster.database().cut(&lease, leases);
    run(&["ledger", "list"]).await.ok();

    // In the record.
    let record = format!("sijill-checkpoint-{election}");
    let records = cluster.database().len(&record);
    write_into(
        &cluster,
        &record,
        kurrentdb::EventData::binary("other", "x".into()),
    )
    .await;
    run(&["ledger", "list"])
        .await
        .refused("engine.record", "somebody else has written there");
    cluster.database().cut(&record, records);
    run(&["ledger", "list"]).await.ok();

    // Ledger and record are put back together, as a backup of the servers would; what the node remembers is not.
    cluster.database().cut(&stream, 1);
    cluster.database().cut(&record, 1);
    run(&["ledger", "list"])
        .await
        .refused("engine.record", "the remembered checkpoint has");

    // The stream is deleted.
    let options = kurrentdb::DeleteStreamOptions::default();
    common::stranger(&cluster)
        .delete_stream(stream.clone(), &options)
        .await
        .unwrap();
    run(&["ledger", "list"])
        .await
        .refused("engine.store", "damaged at position 0");
}

/// A server that takes less at once than an event needs.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_takes_too_little() {
    let Some(bin) = command() else { return };
    let options = Options {
        max_append_bytes: 256,
        ..Options::default()
    };
    let cluster = Cluster::start(options).await.unwrap();
    let url = cluster.url();
    let ran = tokio::task::spawn_blocking(move || {
        let office = Office::new(&bin);
        office.run("one", &["init", "--store", &url]).ok();
        office
            .try_to_define("one")
            .refused("store.too-large", "MaxAppendSize");
    });
    ran.await.unwrap();
}

/// An installation moves from its file into KurrentDB and back, with its checkpoint record.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_installation_moves() {
    let Some(bin) = command() else { return };
    let cluster = cluster(1).await;
    let url = cluster.url();
    let moved = tokio::task::spawn_blocking(move || {
        let mut office = Office::new(&bin);
        office.run("one", &["init"]).ok();
        office.define("one");
        let site = office.path("one/site.toml");
        let in_file = std::fs::read_to_string(&site).unwrap();
        let keep_in = |url: &str| std::fs::write(&site, format!("{in_file}store = \"{url}\"\n")).unwrap();
        let (file, record) = (
            office.path("one/engine/events.sqlite"),
            office.path("one/checkpoints"),
        );
        let copy = |from: &str, to: &str, more: &[&str]| {
            let args = [&["store", "copy", "--from", from, "--to", to], more].concat();
            office.run("one", &args)
        };

        // Without the record nothing goes on.
        let bare = format!("{url}&namespace=bare");
        let told = copy(&file, &bare, &[]).ok();
        assert!(
            told.contains("The checkpoint record was not taken along"),
            "{told}"
        );
        keep_in(&bare);
        office
            .run("one", &["ledger", "list", "--json"])
            .refused("engine.record", "there is no checkpoint record");

        let told = copy(&file, &url, &["--record", &record]).ok();
        assert!(told.contains("The checkpoint record was taken along"), "{told}");
        copy(&file, &url, &["--record", &record]).ok();
        keep_in(&url);
        office.run("one", &["store", "check"]).ok();
        office.write("roll.csv", "identifier,district\nV1,north\n");
        let roll = office.path("roll.csv");
        office.as_registrar("one", &["roll", "import", &roll]).ok();
        // The file is a beginning now, and its record an old one: it is not copied over the newer one.
        copy(&file, &url, &["--record", &record, "--json"]).refused("store.differs", "not a beginning");

        let back = office.path("back.sqlite");
        copy(&url, &back, &["--record", &record]).ok();
        std::fs::write(&site, &in_file).unwrap();
        for end in ["", "-wal", "-shm"] {
            let _absent = std::fs::remove_file(format!("{file}{end}"));
        }
        std::fs::rename(&back, &file).unwrap();
        office.run("one", &["store", "check"]).ok();
        office.as_registrar("one", &["credential", "issue"]).ok();

        // From one server to another the record goes along by itself.
        let other = format!("{url}&namespace=other");
        let told = copy(&url, &other, &[]).ok();
        assert!(told.contains("The checkpoint record was taken along"), "{told}");
        keep_in(&other);
        office
            .run("one", &["ledger", "list", "--json"])
            .refused("engine.record", "the remembered checkpoint has");
    });
    moved.await.unwrap();
}
