//! Servers that cannot be used are refused with what to do about it, and passwords are never shown.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a failed test panics"
)]

mod common;

use std::time::Duration;

use common::{LEDGER, batch};
use sijill_kurrentdb_testserver::{Cluster, Options, Tls};
use sijill_store::EventStore as _;
use sijill_store_kurrentdb::{KurrentDbError, KurrentDbOptions, KurrentDbStore};

async fn connect(url: &str, password: Option<&str>) -> Result<KurrentDbStore, KurrentDbError> {
    let mut options = KurrentDbOptions::parse(url, password).unwrap();
    options.request = Duration::from_millis(500);
    options.patience = Duration::from_millis(500);
    let connected = KurrentDbStore::connect(options).await;
    if let Err(error) = &connected {
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
    }
    connected
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable() {
    for url in [
        "kurrentdb://localhost:1?tls=false&discoveryInterval=10",
        "kurrentdb://localhost:1,localhost:2?tls=false&discoveryInterval=10",
        "kurrentdb://no-such-host.invalid?discoveryInterval=10",
    ] {
        let error = connect(url, None).await.err().unwrap();
        assert!(matches!(error, KurrentDbError::Unreachable { .. }), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials() {
    let options = Options {
        user: Some(("ballots".into(), "secret: 'ü'".into())),
        ..Options::default()
    };
    let cluster = Cluster::start(options).await.unwrap();
    let url = |user: &str| cluster.url().replace("://", &format!("://{user}@"));
    for (url, password) in [
        (cluster.url(), None),
        (url("ballots"), Some("secrets")),
        (url("other"), Some("secret: 'ü'")),
        (url("ballots:secrets"), None),
    ] {
        let error = connect(&url, password).await.err().unwrap();
        assert!(matches!(error, KurrentDbError::Denied { .. }), "{error:?}");
    }
    for (url, password) in [
        (url("ballots"), Some("secret: 'ü'")),
        (url("ballots:secret%3A%20%27%C3%BC%27"), None),
    ] {
        let store = connect(&url, password).await.unwrap();
        let _ = store.create(LEDGER, batch(&["0"])).await;
        assert_eq!(store.tail(LEDGER).await.unwrap().next.as_u64(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_servers() {
    for version in ["0.0.0", "5.0.11", "21.10.2", "22.6.0"] {
        let options = Options {
            version: version.into(),
            ..Options::default()
        };
        let cluster = Cluster::start(options).await.unwrap();
        let error = connect(&cluster.url(), None).await.err().unwrap();
        assert!(
            matches!(&error, KurrentDbError::Version { found, .. } if found == version),
            "{error:?}"
        );
    }
}

fn tls(name: &str, expired: bool) -> Tls {
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    if expired {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Tls {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates() {
    let folder = tempfile::tempdir().unwrap();
    for (name, expired, known, accepted) in [
        ("localhost", false, true, true),
        ("localhost", false, false, false),
        ("localhost", true, true, false),
        ("elsewhere.example", false, true, false),
    ] {
        let tls = tls(name, expired);
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, &tls.certificate).unwrap();
        let options = Options {
            tls: Some(tls),
            ..Options::default()
        };
        let cluster = Cluster::start(options).await.unwrap();
        let ca = if known {
            format!("&tlsCaFile={}", file.display())
        } else {
            String::new()
        };
        let connected = connect(&format!("{}{ca}", cluster.url()), None).await;
        if accepted {
            connected.unwrap().create(LEDGER, batch(&["0"])).await.unwrap();
        } else {
            let error = connected.err().unwrap();
            let KurrentDbError::Certificate { reason, .. } = &error else {
                panic!("{error:?}");
            };
            assert!(
                reason.starts_with("localhost: invalid peer certificate"),
                "{reason}"
            );
        }
    }
}

/// A file of authorities that is missing or no certificate.
#[tokio::test(flavor = "multi_thread")]
async fn missing_authority() {
    for path in ["/no/such/file", "/dev/null"] {
        let url = format!("kurrentdb://localhost:1?tlsCaFile={path}&discoveryInterval=10");
        let error = connect(&url, None).await.err().unwrap();
        let told = error.to_string();
        assert!(matches!(error, KurrentDbError::Certificate { .. }), "{error:?}");
        assert!(told.contains("tlsCaFile"), "{told}");
    }
}
