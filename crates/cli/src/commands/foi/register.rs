//! What the commission does with a register: begins it, puts it under rules, erases contents.

use serde_json::json;
use sijill_ledger::{BodyHash, Kind, Predecessor, Role};
use sijill_registers::calendar::events::{
    CalendarEvent, ErasureConfirmed, ErasureOrdered, PUBLIC, RegisterEvent, RegisterListed,
};
use sijill_registers::catalogue::Event;
use sijill_registers::foi::events::{FoiEvent, RegisterDefined, RegisterSucceeded};
use sijill_registers::names::Name;

use super::arguments::{FoiCommand, KeyArg};
use super::desk::Desk;
use crate::commands::calendar::{calendar, make, office};
use crate::commands::public_key;
use crate::error::{Failure, Outcome};
use crate::persons;
use crate::render::{escape, say, show};

impl Desk<'_> {
    /// An adopted pack by its name.
    pub(super) fn pack(&self, name: &str) -> Outcome<sijill_ledger::ContentRef> {
        let (_, facts) = calendar(self.engine())?;
        let mut all = facts.packs.iter();
        let found = all.find(|p| format!("{}/{}", p.pack.id, p.pack.version) == name);
        found.map(|p| p.content).ok_or_else(|| {
            Failure::refused(
                format!("there is no rule pack {}", escape(name)),
                "`sijill calendar show` lists the packs, `sijill calendar adopt` adopts one",
            )
            .code("rules.missing")
        })
    }

    pub(super) async fn new_register(&self, command: &FoiCommand) -> Outcome {
        let FoiCommand::New {
            id,
            authority,
            names,
            pack,
            officer,
            grievance_officer,
            member,
            succeeds,
            key,
        } = command
        else {
            return Err(Failure::internal("another command"));
        };
        let named = |text: &str| -> Outcome<Name> {
            text.parse().map_err(|e| {
                Failure::usage(format!("{}: {e}", escape(text)), "choose a name like moph-2026")
                    .code("register.name")
            })
        };
        let (id, authority) = (named(id)?, named(authority)?);
        let engine = self.engine();
        let (root, facts) = calendar(engine)?;
        if facts.registers.iter().any(|r| r.listing.id == id) {
            return Err(Failure::refused(
                format!("the id {id} is taken"),
                "choose another one; `sijill calendar show` lists them",
            )
            .code("register.name"));
        }
        let pack = self.pack(pack)?;
        let signing = self.common.signing_key(&key.key)?;
        let mut grants = vec![office(signing.key_id(), Role::Commission)];
        for (keys, role) in [
            (member, Role::Commission),
            (officer, Role::FoiOfficer),
            (grievance_officer, Role::GrievanceOfficer),
        ] {
            for key in keys {
                grants.push(office(public_key(key)?, role));
            }
        }
        let old = succeeds.as_deref().map(|id| self.register(id)).transpose()?;
        let predecessor = match &old {
            None => None,
            Some((old, _)) => {
                let missing = || Failure::internal("a listed register that is not here");
                let cited = engine.ledgers().find(old).ok_or_else(missing)?.cite();
                Some(Predecessor {
                    ledger: cited.ledger,
                    size: cited.size,
                    root: cited.root,
                })
            }
        };
        let name = format!("foi/{id}");
        let origin = self.site.origin();
        let ledger = make(engine, origin, &name, Kind::Foi, Some(root), grants, predecessor).await?;
        let listed = CalendarEvent::RegisterListed(RegisterListed {
            ledger,
            kind: Kind::Foi.code(),
            visibility: PUBLIC,
            id: id.clone(),
            authority,
            name_en: names.name_en.clone(),
            name_ar: names.name_ar.clone(),
        });
        engine.act(&signing, root, &Event::Calendar(listed), &[]).await?;
        engine.begin_register(ledger, root).await?;
        let defined = FoiEvent::RegisterDefined(RegisterDefined { pack });
        engine.act(&signing, ledger, &Event::Foi(defined), &[]).await?;
        if let Some((old, _)) = old {
            // The days before today, and then that the new register is listed.
            for _ in 0..2 {
                engine.prepare(old).await?;
            }
            let succeeded = FoiEvent::RegisterSucceeded(RegisterSucceeded { successor: ledger });
            engine.act(&signing, old, &Event::Foi(succeeded), &[]).await?;
        }
        say!("The register {id} is ledger {ledger}. Next: `sijill foi submit {id}`.");
        show!(json!({ "register": id.as_str(), "ledger": ledger }));
        Ok(())
    }

    pub(super) async fn erase(
        &self,
        register: &str,
        commitments: &[String],
        basis: &str,
        key: &KeyArg,
    ) -> Outcome {
        let (ledger, _) = self.register(register)?;
        let mut commitments = commitments
            .iter()
            .map(|text| hash(text))
            .collect::<Outcome<Vec<_>>>()?;
        commitments.sort_unstable();
        let kept_in = (&self.site, self.common.passphrases());
        persons::refuse_held(self.engine(), kept_in, &ledger, &commitments)?;
        let key = self.common.signing_key(&key.key)?;
        self.engine().prepare(ledger).await?;
        let event = Event::Register(RegisterEvent::ErasureOrdered(ErasureOrdered {
            commitments,
            basis: basis.to_owned(),
        }));
        let body = self.engine().sign_as(&key, ledger, &event, &[])?;
        let at = self.engine().submit_signed(&body).await?;
        say!(
            "The order stands at entry {}. A second member of the commission confirms it:",
            at.seq
        );
        say!("  sijill foi confirm-erasure {register} {}", body.hash());
        show!(json!({ "register": register, "seq": at.seq, "order": body.hash().to_string() }));
        Ok(())
    }

    pub(super) async fn confirm_erasure(&self, register: &str, order: &str, key: &KeyArg) -> Outcome {
        let (ledger, _) = self.register(register)?;
        let order = BodyHash::from_bytes(hash(order)?);
        let ordered = self.with_foi(ledger, |foi| {
            Ok(foi.days().ordered(&order).map(<[_]>::to_vec).unwrap_or_default())
        })?;
        let kept_in = (&self.site, self.common.passphrases());
        persons::refuse_held(self.engine(), kept_in, &ledger, &ordered)?;
        let key = self.common.signing_key(&key.key)?;
        self.engine().prepare(ledger).await?;
        let event = Event::Register(RegisterEvent::ErasureConfirmed(ErasureConfirmed { order }));
        let at = self.engine().act(&key, ledger, &event, &[]).await?;
        say!(
            "Confirmed at entry {}: the contents are erased. Publish again, and destroy older backups.",
            at.seq
        );
        show!(json!({ "register": register, "seq": at.seq }));
        Ok(())
    }
}

/// 64 hexadecimal digits.
fn hash(text: &str) -> Outcome<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| {
        Failure::usage(
            format!("{} is not a commitment or order", escape(text)),
            "give its 64 hexadecimal digits: `sijill foi log`, `sijill foi case --json` and published `openings/` have them",
        )
        .code("request.commitment")
    })?;
    Ok(bytes)
}
