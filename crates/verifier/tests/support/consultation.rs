//! The smallest jurisdiction with a consultation.

use std::collections::BTreeMap;

use sijill_verifier::{MemorySource, Profile, Report, Trust, verify_jurisdiction_source};

use super::{Enc, LedgerBuilder, grant, public};

/// 2026-01-01.
pub(crate) const D0: u64 = 20_454;

type Files = BTreeMap<String, Vec<u8>>;

/// Ten in the morning in Qatar.
fn at(day: u64, minute: u64) -> u64 {
    day * 86_400_000 + 7 * 3_600_000 + minute * 60_000
}

/// A consultation of two days from tomorrow on, whose report is due on the fourth day. The last day that is closed is `closed`; without
/// `defined` it was listed and never defined.
pub(crate) fn consultation(defined: bool, closed: u64) -> (Files, Trust) {
    let hook = &|_: &mut super::Draft| {};
    let grants = [
        grant(&public("commission"), 1, None),
        grant(&public("owner"), 5, None),
        grant(&public("moderator"), 6, None),
    ];
    let mut calendar = LedgerBuilder::new("calendar", 1, None, &grants);
    let mut talk = LedgerBuilder::new("talk", 6, Some(calendar.id), &grants);
    for ledger in [&mut calendar, &mut talk] {
        let (service, genesis) = (ledger.service(), ledger.genesis.clone());
        ledger.push(hook, 0x0001, &service, at(D0, 0), &[], genesis);
    }
    let jurisdiction = Enc::default().text("Qatar").text("قطر").text("Asia/Qatar");
    let jurisdiction = jurisdiction.int(1).byte(5).byte(0).0;
    calendar.push(hook, 0x0101, "commission", at(D0, 1), &[], jurisdiction);
    let listed = Enc::default().raw(&talk.id).int(6).byte(1);
    let listed = listed
        .text("park")
        .text("municipality")
        .text("Park <b>")
        .text("حديقة")
        .0;
    calendar.push(hook, 0x0104, "commission", at(D0, 2), &[], listed);
    let seen = calendar.cite();
    let service = talk.service();
    talk.push(hook, 0x0004, &service, at(D0, 3), &[seen], Vec::new());
    if defined {
        let settings = Enc::default().int(D0 + 1).int(D0 + 2).int(D0 + 3).byte(1);
        let settings = settings.int(1).byte(1).byte(1);
        let settings = settings.text("Body").text("").text("Office").text("").0;
        let defined = Enc::default().text("Park").text("").int(1).byte(2);
        let defined = defined.raw(&settings).int(0).0;
        talk.push(hook, 0x0601, "owner", at(D0, 4), &[], defined);
    }
    let day = Enc::default().int(closed).0;
    talk.push(hook, 0x0005, &service, at(closed + 1, 0), &[seen], day);
    let mut files = Files::new();
    let mut listed = Vec::new();
    for (ledger, kind) in [(&calendar, "calendar"), (&talk, "consultation")] {
        ledger.publish(&mut files);
        listed.push(format!(
            r#"{{"id":"{}","kind":"{kind}","origin":"{}","key":"{}"}}"#,
            hex::encode(ledger.id),
            ledger.origin,
            hex::encode(public(&format!("{} ledger", ledger.name)))
        ));
    }
    let trust = format!(
        r#"{{"format":"sijill-trust/1","jurisdiction":"{}","ledgers":[{}]}}"#,
        hex::encode(calendar.id),
        listed.join(",")
    );
    (files, Trust::parse(trust.as_bytes()).unwrap())
}

/// The report on [`consultation`].
pub(crate) fn report(defined: bool, closed: u64) -> Report {
    let (files, trust) = consultation(defined, closed);
    verify_jurisdiction_source(&MemorySource { files }, Some(&trust), Profile::Public).unwrap()
}
