//! Stations as the commission plans them, before they are defined on the ledger.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sijill_ledger::{Genesis, KeyId};
use sijill_registers::names::Name;

use crate::commands::public_key;
use crate::error::{Failure, Outcome};
use crate::site::{make_folder, read_bounded, write_file, written_files};

/// Public keys of a station's machine, as `sijill station keys` writes them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MachineKeys {
    pub(crate) format: String,
    pub(crate) service: KeyId,
    pub(crate) ledger: KeyId,
}

/// Format of [`MachineKeys`].
pub(crate) const MACHINE_FORMAT: &str = "sijill-station-keys/1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlansFile {
    station: Vec<PlanFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFile {
    id: Name,
    name: Bilingual,
    keys: PathBuf,
    districts: Vec<Name>,
    chair: String,
    members: Vec<String>,
    #[serde(default)]
    online: bool,
    #[serde(default)]
    queue_minutes: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bilingual {
    en: String,
    ar: String,
}

/// A station as the commission plans it.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) station: Name,
    pub(crate) service_key: KeyId,
    pub(crate) ledger_key: KeyId,
    pub(crate) chair: KeyId,
    pub(crate) members: Vec<KeyId>,
    name: (String, String),
    districts: Vec<Name>,
    online: bool,
    queue_ms: u64,
}

/// How a [`Plan`] is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptPlan {
    pub(super) station: Name,
    pub(super) name_en: String,
    pub(super) name_ar: String,
    pub(super) districts: Vec<Name>,
    pub(super) online: bool,
    pub(super) queue_ms: u64,
    pub(super) chair: KeyId,
    pub(super) members: Vec<KeyId>,
    /// Hexadecimal.
    pub(super) genesis: String,
}

/// Reads the stations file.
pub(crate) fn plans(path: &Path) -> Outcome<Vec<Plan>> {
    let bad = |problem: String| {
        Failure::refused(format!("{}: {problem}", path.display()), "mend the stations file")
            .code("station.file")
    };
    let text = String::from_utf8(read_bounded(path)?).map_err(|_| bad("not UTF-8".to_owned()))?;
    let file: PlansFile = toml::from_str(&text).map_err(|e| bad(e.to_string()))?;
    let base = path.parent().unwrap_or(Path::new("."));
    let mut all = Vec::new();
    for plan in file.station {
        let keys: MachineKeys = serde_json::from_slice(&read_bounded(&base.join(&plan.keys))?)
            .map_err(|e| bad(format!("the keys of station {}: {e}", plan.id)))?;
        if keys.format != MACHINE_FORMAT {
            return Err(bad(format!(
                "the keys of station {} are of another format",
                plan.id
            )));
        }
        let mut members = plan
            .members
            .iter()
            .map(|m| public_key(m))
            .collect::<Outcome<Vec<_>>>()?;
        members.sort();
        let mut districts = plan.districts;
        districts.sort();
        all.push(Plan {
            station: plan.id,
            service_key: keys.service,
            ledger_key: keys.ledger,
            chair: public_key(&plan.chair)?,
            members,
            name: (plan.name.en, plan.name.ar),
            districts,
            online: plan.online,
            queue_ms: u64::from(plan.queue_minutes) * 60_000,
        });
    }
    Ok(all)
}

impl Plan {
    /// A plan of a station that is not always on line; the first of its officers is the chair.
    pub(crate) fn new(
        station: Name,
        name: (&str, &str),
        keys: &MachineKeys,
        mut districts: Vec<Name>,
        officers: &[KeyId],
    ) -> Outcome<Self> {
        let (chair, members) = officers
            .split_first()
            .ok_or_else(|| Failure::internal("a station without officers"))?;
        let mut members = members.to_vec();
        members.sort();
        districts.sort();
        Ok(Self {
            station,
            service_key: keys.service,
            ledger_key: keys.ledger,
            chair: *chair,
            members,
            name: (name.0.to_owned(), name.1.to_owned()),
            districts,
            online: false,
            queue_ms: 0,
        })
    }

    /// Keeps it for what follows, with the first entry of its ledger.
    pub(crate) fn keep(&self, folder: &Path, genesis: &Genesis) -> Outcome {
        let kept = KeptPlan {
            station: self.station.clone(),
            name_en: self.name.0.clone(),
            name_ar: self.name.1.clone(),
            districts: self.districts.clone(),
            online: self.online,
            queue_ms: self.queue_ms,
            chair: self.chair,
            members: self.members.clone(),
            genesis: hex::encode(genesis.bytes()),
        };
        make_folder(folder)?;
        let bytes = serde_json::to_vec_pretty(&kept).map_err(Failure::internal)?;
        write_file(&folder.join(format!("{}.json", self.station)), &bytes)
    }
}

/// The plans that are kept of an event, with their genesis, by station id.
pub(super) fn kept(folder: &Path) -> Outcome<Vec<(KeptPlan, Genesis)>> {
    let mut all = Vec::new();
    for path in written_files(folder)? {
        let bad = || {
            Failure::refused(format!("{} is damaged", path.display()), "restore the file")
                .code("station.file")
        };
        let plan: KeptPlan = serde_json::from_slice(&read_bounded(&path)?).map_err(|_| bad())?;
        let genesis = hex::decode(&plan.genesis).map_err(|_| bad())?;
        let genesis = Genesis::parse(&genesis).map_err(|_| bad())?;
        all.push((plan, genesis));
    }
    all.sort_by(|a, b| a.0.station.cmp(&b.0.station));
    Ok(all)
}
