//! A jurisdiction in the demonstration: a year of requests for information, and a consultation from its definition to
//! its archive, day by day under a simulated clock, through the engine's own door; then published and verified.
//!
//! What happens follows from the number of a request ([`requests`]) or comment ([`forum`]), so that what the ledgers
//! say at the end is compared with what was played. All texts are synthetic ([`texts`]).

mod forum;
mod office;
mod requests;
mod texts;

use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sijill_engine::clock::RehearsalClock;
use sijill_engine::keyfile::Passphrase;
use sijill_engine::publish::Scope;
use sijill_ledger::{Kind, LedgerId, Role};
use sijill_registers::calendar::events::{CalendarEvent, FactDeclared, JurisdictionDefined, PackAdopted};
use sijill_rules::FoiPack;
use sijill_verifier::{Options, Profile, Verdict, verify_jurisdiction};

use self::forum::Forum;
use self::office::{Office, Officials, moment, number};
use self::requests::Requests;
use crate::commands::calendar::{make, office};
use crate::error::{Failure, Outcome};
use crate::passphrase::Passphrases;
use crate::persons;
use crate::render::{number as digits, say};
use crate::site::{Clocks, Keys, NewSite, Site, write_file};
use crate::stores::{Held, Place};

const LAW: &str = include_str!("../../../../../fixtures/jurisdiction/law.toml");
/// Days of the year.
const DAYS: u32 = 365;
/// Eid al-Fitr as it was reckoned, and as it was announced on its eve: 17 to 23, then 19 to 25 March.
const EID: (u32, u32) = (75, 81);
const EID_ANNOUNCED: (u32, u32) = (77, 83);
const EVE: u32 = 74;

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Requests in the year.
    pub(crate) requests: usize,
    /// Comments in the window.
    pub(crate) comments: usize,
}

/// Plays the year in a folder of its own, publishes, verifies.
pub(super) async fn run(
    dir: &Path,
    store: Option<Place>,
    (passphrase, passphrases): (&Passphrase, Passphrases),
    held: &Held,
    size: Size,
) -> Outcome<Value> {
    say!(
        "A jurisdiction: requests for information, and a consultation / حق الحصول على المعلومات ومشاورة عامة"
    );
    say!(
        "A demonstration of a year with synthetic texts, in {}\n",
        dir.display()
    );
    let clock = Arc::new(RehearsalClock::new(moment(0, 8 * 60)));
    let new = NewSite {
        origin: super::origin()?,
        checkpoints: None,
        store,
        content: None,
        node: None,
    };
    let site = Site::create(dir, new, &Keys::New(passphrase))?;
    super::step(1, "A calendar with holidays, a law, two authorities");
    let officials = Officials::make(&site.people(), passphrase)?;
    let open = site
        .start(Clocks::Rehearsal(Arc::clone(&clock)), passphrase, held)
        .await?;
    let grants = vec![
        office(officials.commission.key_id(), Role::Commission),
        office(officials.second.key_id(), Role::Commission),
    ];
    let calendar = make(
        &open.engine,
        site.origin(),
        "calendar",
        Kind::Calendar,
        None,
        grants,
        None,
    )
    .await?;
    let office = Office {
        engine: Arc::clone(&open.engine),
        clock,
        officials,
        calendar,
        origin: site.origin().clone(),
        persons: Mutex::new(persons::open_or_new(&site, passphrases, calendar)?),
    };
    let (law, eid) = begin(&office).await?;
    let mut requests = Requests::begin(&office, law, size.requests).await?;
    let mut forum = Forum::new(&office, size.comments);

    super::step(
        2,
        "The year, day by day: the service closes each day, and what is due comes about",
    );
    for day in 1..DAYS {
        office.dawn(day).await?;
        if day == EVE {
            announce_eid(&office, &requests, eid).await?;
        }
        requests.day(day).await?;
        forum.day(day).await?;
    }
    office.dawn(DAYS).await?;

    super::step(3, "What became of it, compared with what was played");
    requests.end().await?;
    forum.end().await?;

    super::step(4, "Published, and verified by the independent verifier");
    publish(&office, &site, calendar).await
}

/// The jurisdiction, its holidays and its law. Returns the law, and the number of the holiday that will move.
async fn begin(office: &Office) -> Outcome<(sijill_ledger::ContentRef, u64)> {
    office
        .declare(CalendarEvent::JurisdictionDefined(JurisdictionDefined {
            name_en: "State of the rehearsal".to_owned(),
            name_ar: "دولة التدريب".to_owned(),
            time_zone: "Asia/Qatar".to_owned(),
            weekly_rest: vec![5, 6],
            rehearsal: true,
        }))
        .await?;
    let mut eid = 0;
    for ((first, last), status, name_en, name_ar) in [
        ((40, 40), 2, "Sports Day", "اليوم الرياضي"),
        (EID, 1, "Eid al-Fitr", "عيد الفطر"),
        ((145, 149), 1, "Eid al-Adha", "عيد الأضحى"),
        ((351, 351), 2, "National Day", "اليوم الوطني"),
    ] {
        let seq = office
            .declare(holiday(
                (first, last),
                status,
                None,
                (name_en, name_ar),
                "Calendar of the rehearsal",
            ))
            .await?;
        if (first, last) == EID {
            eid = seq;
        }
    }
    let law = FoiPack::parse(LAW).map_err(Failure::internal)?;
    let content = office.engine.put_content(&law.to_json())?;
    let adopted = CalendarEvent::PackAdopted(PackAdopted {
        kind: Kind::Foi.code(),
        pack: content,
    });
    office.declare(adopted).await?;
    Ok((content, eid))
}

fn holiday(
    (first, last): (u32, u32),
    status: u8,
    corrects: Option<u64>,
    (name_en, name_ar): (&str, &str),
    source: &str,
) -> CalendarEvent {
    CalendarEvent::FactDeclared(FactDeclared {
        first: number(first),
        last: number(last),
        status,
        corrects,
        name_en: name_en.to_owned(),
        name_ar: name_ar.to_owned(),
        source: source.to_owned(),
    })
}

/// The moon is seen late: open due dates move, decided requests stay.
async fn announce_eid(office: &Office, requests: &Requests<'_>, eid: u64) -> Outcome {
    let before = requests.due()?;
    let name = ("Eid al-Fitr", "عيد الفطر");
    let announced = holiday(EID_ANNOUNCED, 2, Some(eid), name, "Announcement of the rehearsal");
    office.declare(announced).await?;
    office.clock.advance(1);
    office.engine.tick().await?;
    let after = requests.due()?;
    let moved = before
        .iter()
        .filter(|(reference, due)| after.get(*reference).is_some_and(|new| new != *due));
    say!(
        "   Eid comes two days later than reckoned, announced on its eve: {} of {} open due dates move.",
        moved.count(),
        before.len()
    );
    Ok(())
}

async fn publish(office: &Office, site: &Site, calendar: LedgerId) -> Outcome<Value> {
    let folder = site.jurisdiction();
    let done = office
        .engine
        .publish_jurisdiction(calendar, Scope::Public, &folder)
        .await?;
    write_file(&site.trust_jurisdiction(), done.trust.to_json().as_bytes())?;
    say!(
        "   {} ledgers, {} entries, {} documents, {} texts that everybody may read.",
        done.ledgers,
        digits(done.entries),
        done.contents,
        digits(done.openings as u64)
    );
    let options = Options {
        trust: Some(site.trust_jurisdiction()),
        profile: Profile::Public,
        ..Options::default()
    };
    let report = verify_jurisdiction(&folder, &options).map_err(Failure::internal)?;
    if report.verdict != Verdict::Verified {
        return Err(Failure::failed(
            format!("the published folder does not verify:\n{}", report.to_text()),
            "this is a defect of this program; keep the folder and report it",
        ));
    }
    say!("   published:  {}\n", report.summary);
    Ok(json!({ "jurisdiction": calendar, "folder": folder, "verdict": report.summary }))
}
