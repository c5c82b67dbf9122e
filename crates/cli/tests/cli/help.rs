//! Help teaches, and wrong arguments have their own exit code.

use crate::common::sijill;

#[test]
fn every_command_explains_itself() {
    let help = sijill(&["--help"]).ok().out;
    for word in [
        "calendar",
        "consultation",
        "demo",
        "export",
        "foi",
        "init",
        "key",
        "roll",
        "credential",
        "election",
        "trustee",
        "box",
        "vote",
        "receipt",
        "ledger",
        "store",
        "views",
        "backup",
        "restore",
        "verify",
    ] {
        assert!(
            help.contains(&format!("\n  {word} ")),
            "{word} is not in the help"
        );
    }
    assert!(help.contains("sijill demo"), "the help says where to begin");
    for command in [
        &["demo"][..],
        &["init"],
        &["key", "new"],
        &["key", "show"],
        &["roll", "import"],
        &["roll", "freeze"],
        &["roll", "check"],
        &["roll", "holidays"],
        &["vault", "show"],
        &["vault", "erase"],
        &["vault", "log"],
        &["credential", "issue"],
        &["credential", "slips"],
        &["election", "new"],
        &["election", "prepare"],
        &["election", "open"],
        &["election", "close"],
        &["election", "exclude"],
        &["election", "seal"],
        &["election", "paper"],
        &["election", "result"],
        &["trustee", "keygen"],
        &["trustee", "publish"],
        &["trustee", "decrypt"],
        &["trustee", "ceremony", "next"],
        &["trustee", "ceremony", "status"],
        &["trustee", "ceremony", "complain"],
        &["election", "certify"],
        &["election", "restart-ceremony"],
        &["credential", "new"],
        &["credential", "enrol"],
        &["box", "export-bel"],
        &["ledger", "submit"],
        &["store", "check"],
        &["views", "rebuild"],
        &["backup"],
        &["restore"],
        &["vote"],
        &["receipt", "show"],
        &["receipt", "check"],
        &["ledger", "list"],
        &["ledger", "show"],
        &["ledger", "publish"],
        &["verify"],
        &["verify", "event"],
    ] {
        let said = sijill(&[command, &["--help"]].concat()).ok();
        assert!(said.out.contains("Usage:"), "{command:?}");
    }
}

#[test]
fn wrong_arguments_are_exit_code_2() {
    assert_eq!(sijill(&["elect"]).code, 2);
    assert_eq!(sijill(&["demo", "--voters", "3"]).code, 2);
    assert_eq!(sijill(&["--rehearsal-clock", "noon", "ledger", "list"]).code, 2);
    assert_eq!(sijill(&["verify", "event"]).code, 2);
}

#[test]
fn a_passphrase_is_never_an_argument_and_its_absence_is_explained() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("data");
    let said = sijill(&["--dir", dir.to_str().unwrap(), "init"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("--passphrase-file"), "{}", said.err);
    assert!(!dir.exists(), "nothing was made");
}

#[test]
fn a_folder_that_is_no_installation_is_named() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("nothing");
    sijill(&["--dir", dir.to_str().unwrap(), "ledger", "list"]).refused("is not an installation");
    assert!(!dir.exists());
}
