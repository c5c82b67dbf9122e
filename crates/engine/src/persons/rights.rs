//! The rights of a person: a copy of everything, erasure by two persons; and legal holds, which stand against it. Spec:
//! specs/operations.md §15.3 to §15.5.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sijill_ledger::{BodyHash, KeyId, LedgerId, Role, SigningKey};
use sijill_registers::calendar::calendar_as_cited;
use sijill_registers::register::Facts;
use zeroize::Zeroizing;

use super::{Persons, PersonsError, Record, Taking, Trace, Whose};
use crate::engine::{Engine, EngineError};
use crate::ledgers::LedgerHandle;
use crate::vault::access::{Action, Logged};
use crate::vault::holds::{Hold, NewHold};
use crate::vault::{Standing, Subject};

/// Most commitments of an order. Spec: specs/jurisdiction.md §3.2.
const MAX_ORDERED: usize = 1_000;

/// Everything about a person.
#[derive(Debug)]
pub struct Copy {
    /// Their name in the vault.
    pub subject: Subject,
    /// Their identifier, if it is kept.
    pub identifier: Option<String>,
    /// When their record was erased, in milliseconds.
    pub erased_ms: Option<u64>,
    /// What they are on consultations.
    pub takes_part: Vec<Taking>,
    /// Every content, with what it says unless it was erased.
    pub contents: Vec<(Trace, Option<Zeroizing<Vec<u8>>>)>,
    /// Holds on their contents that stand.
    pub holds: Vec<Hold>,
    /// Who looked at their record.
    pub accesses: Vec<Logged>,
}

/// What an erasure would do.
#[derive(Debug)]
pub struct Plan {
    /// Whose.
    pub subject: Subject,
    /// What becomes unreadable.
    pub erase: Vec<Trace>,
    /// What is held, each with the first hold that covers it.
    pub held: Vec<(Trace, Hold)>,
    /// What was erased before.
    pub gone: Vec<Trace>,
    /// What they are on consultations, which stays.
    pub takes_part: Vec<Taking>,
    /// Whether identity and keys go as a whole: nothing is held.
    pub identity: bool,
    /// Bytes of the record in the vault, encrypted.
    pub record_bytes: u64,
}

impl Plan {
    /// The orders that erase it: for each register, commitments ascending, at most as many as an order takes.
    #[must_use]
    pub fn orders(&self) -> Vec<(LedgerId, Vec<[u8; 32]>)> {
        let mut by_ledger: BTreeMap<LedgerId, BTreeSet<[u8; 32]>> = BTreeMap::new();
        for trace in &self.erase {
            by_ledger
                .entry(trace.ledger)
                .or_default()
                .insert(trace.committed.commitment);
        }
        let mut orders = Vec::new();
        for (ledger, commitments) in by_ledger {
            let all: Vec<_> = commitments.into_iter().collect();
            orders.extend(all.chunks(MAX_ORDERED).map(|part| (ledger, part.to_vec())));
        }
        orders
    }
}

impl Engine {
    /// Everything about a person: their record, what they have contributed to every register and what was written to
    /// them, holds, and who looked at it. The access is logged first. Spec: specs/operations.md §15.3.
    ///
    /// # Errors
    /// [`PersonsError::Absent`] if there is and was nothing; others.
    pub async fn copy_for(
        &self,
        persons: &mut Persons,
        by: &SigningKey,
        why: &str,
        whose: Whose<'_>,
    ) -> Result<Copy, PersonsError> {
        let (subject, identifier) = known(persons, whose)?;
        let standing = persons.vault.standing(&subject)?;
        let record = persons.record(self, by, Action::Disclose, why, subject)?;
        let identifier = identifier.or_else(|| record.as_ref()?.identifier.clone());
        let (traces, takes_part) = self
            .traces(persons, identifier.as_deref(), record.as_ref())
            .await?;
        if standing == Standing::Absent && takes_part.is_empty() {
            return Err(PersonsError::Absent);
        }
        let mut contents = Vec::with_capacity(traces.len());
        for trace in traces {
            let content = if trace.erased {
                None
            } else {
                self.content_of(&trace, record.as_ref())?
            };
            contents.push((trace, content));
        }
        let holds = persons.standing_holds(self)?;
        Ok(Copy {
            subject,
            identifier: record.as_ref().and_then(|record| record.identifier.clone()),
            erased_ms: match standing {
                Standing::Erased { at_ms } => Some(at_ms),
                _ => None,
            },
            takes_part,
            contents,
            holds: holds.into_iter().filter(|hold| hold.subject == subject).collect(),
            accesses: persons.accesses(&subject)?,
        })
    }

    /// What an erasure would do now. The access is logged first, as one that reads. Spec: specs/operations.md §15.4.
    ///
    /// # Errors
    /// [`PersonsError::Absent`] if there is nothing; others.
    pub async fn plan_erasure(
        &self,
        persons: &mut Persons,
        by: &SigningKey,
        why: &str,
        whose: Whose<'_>,
    ) -> Result<Plan, PersonsError> {
        let (subject, identifier) = known(persons, whose)?;
        let standing = persons.vault.standing(&subject)?;
        let record = persons.record(self, by, Action::Read, why, subject)?;
        let identifier = identifier.or_else(|| record.as_ref()?.identifier.clone());
        let (traces, takes_part) = self
            .traces(persons, identifier.as_deref(), record.as_ref())
            .await?;
        if record.is_none() && traces.is_empty() {
            return Err(PersonsError::Absent);
        }
        let holds = persons.standing_holds(self)?;
        let on_all = holds.iter().any(|h| h.subject == subject && h.everything);
        let (mut erase, mut held, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for trace in traces {
            let commitment = &trace.committed.commitment;
            let covers = |h: &&Hold| h.subject == subject && h.covers(&trace.ledger, commitment);
            if trace.erased {
                gone.push(trace);
            } else if let Some(hold) = holds.iter().find(covers) {
                held.push((trace, hold.clone()));
            } else {
                erase.push(trace);
            }
        }
        Ok(Plan {
            subject,
            identity: record.is_some() && held.is_empty() && !on_all,
            erase,
            held,
            gone,
            takes_part,
            record_bytes: match standing {
                Standing::Held { bytes } => bytes,
                _ => 0,
            },
        })
    }

    /// Orders about a person's contents that wait for a second person. Spec: specs/jurisdiction.md §3.2.
    ///
    /// # Errors
    /// [`PersonsError::Held`] if what was ordered has come under a hold since; others.
    pub fn pending_orders(
        &self,
        persons: &Persons,
        plan: &Plan,
    ) -> Result<Vec<(LedgerId, BodyHash)>, PersonsError> {
        let own = |ledger: &LedgerId, commitment: &[u8; 32]| {
            let all = plan.erase.iter().chain(plan.held.iter().map(|(trace, _)| trace));
            all.chain(&plan.gone)
                .any(|t| t.ledger == *ledger && t.committed.commitment == *commitment)
        };
        let mut found = Vec::new();
        for handle in self.ledgers().all() {
            let ledger = handle.ledger();
            let orders: Vec<(BodyHash, Vec<[u8; 32]>)> = handle.with_head(|head| {
                let days = head.state.days();
                days.map(|days| days.waiting_orders().map(|(o, c)| (o, c.to_vec())).collect())
                    .unwrap_or_default()
            });
            for (order, commitments) in orders {
                if !commitments.iter().any(|c| own(&ledger, c)) {
                    continue;
                }
                self.refuse_held(persons, &ledger, &commitments)?;
                let held = plan.held.iter().find(|(trace, _)| {
                    trace.ledger == ledger && commitments.contains(&trace.committed.commitment)
                });
                if let Some((_, hold)) = held {
                    return Err(PersonsError::Held {
                        hold: hold.seq,
                        reason: hold.reason.clone(),
                    });
                }
                found.push((ledger, order));
            }
        }
        Ok(found)
    }

    /// Refuses an erasure of contents that are held, whoever they belong to.
    ///
    /// # Errors
    /// [`PersonsError::Held`]; others if the holds cannot be read.
    pub fn refuse_held(
        &self,
        persons: &Persons,
        ledger: &LedgerId,
        commitments: &[[u8; 32]],
    ) -> Result<(), PersonsError> {
        let holds = persons.standing_holds(self)?;
        for commitment in commitments {
            let whose = self.letter_subject(ledger, commitment)?;
            let covers = |hold: &&Hold| {
                hold.names(ledger, commitment) || (hold.everything && whose == Some(hold.subject))
            };
            if let Some(hold) = holds.iter().find(covers) {
                return Err(PersonsError::Held {
                    hold: hold.seq,
                    reason: hold.reason.clone(),
                });
            }
        }
        Ok(())
    }

    /// Destroys the keys of letters whose erasure is confirmed, and if nothing of the person is left the whole record.
    /// Repeating it changes nothing.
    ///
    /// # Errors
    /// [`PersonsError`]
    ///
    /// # Durability
    /// No file of the vault has the keys when this returns.
    pub async fn forget(
        &self,
        persons: &mut Persons,
        by: &SigningKey,
        why: &str,
        whose: Whose<'_>,
    ) -> Result<bool, PersonsError> {
        let (subject, _) = known(persons, whose)?;
        let on_all = persons
            .standing_holds(self)?
            .iter()
            .any(|hold| hold.subject == subject && hold.everything);
        let mut admitted = persons.admit(self, by, Action::Write, why, subject)?;
        let Some(bytes) = admitted.read(&subject)? else {
            return Ok(true);
        };
        let mut record = Record::decode(&bytes)?;
        record.letters.retain(|letter| {
            let ledger = LedgerId::from_bytes(letter.ledger);
            // Of a ledger that cannot be read nothing is known: its keys stay.
            let stays = |handle: Arc<LedgerHandle>| {
                handle.with_head(|head| {
                    let days = head.state.days();
                    days.is_none_or(|days| {
                        days.holds(&letter.commitment) && !days.is_erased(&letter.commitment)
                    })
                })
            };
            self.ledgers().find(&ledger).is_none_or(stays)
        });
        if !record.letters.is_empty() || on_all {
            admitted.write(&[(subject, record.encode())])?;
            // What was written over is in no file any more, the log included.
            admitted.settle()?;
            return Ok(false);
        }
        drop(record);
        let mut admitted = persons.admit(self, by, Action::Erase, why, subject)?;
        admitted.erase(&subject)?;
        Ok(true)
    }

    /// Holds contents of a person: those of a register's request, or everything, of today and later. Spec:
    /// specs/operations.md §15.5.
    ///
    /// # Errors
    /// [`PersonsError::Office`] if the key is of no commission; others.
    ///
    /// # Durability
    /// The hold is on stable storage when this returns.
    pub async fn hold(
        &self,
        persons: &mut Persons,
        by: &SigningKey,
        whose: Whose<'_>,
        only: Option<(LedgerId, u64)>,
        reason: &str,
        until: Option<u32>,
    ) -> Result<u64, PersonsError> {
        self.require_commission(&persons.calendar, by.key_id())?;
        let (subject, identifier) = known(persons, whose)?;
        let record = persons.record(self, by, Action::Read, "legal hold", subject)?;
        let identifier = identifier.or_else(|| record.as_ref()?.identifier.clone());
        let (traces, _) = self
            .traces(persons, identifier.as_deref(), record.as_ref())
            .await?;
        let mut items = Vec::new();
        for trace in traces.iter().filter(|trace| !trace.erased) {
            let own = match only {
                None => true,
                Some((register, request)) if trace.ledger == register => {
                    let event = self.foi_event(trace.ledger, trace.seq).await?;
                    trace.seq == request || event.and_then(|e| e.request()) == Some(request)
                }
                Some(_) => false,
            };
            if own {
                items.push((*trace.ledger.as_bytes(), trace.committed.commitment));
            }
        }
        items.sort_unstable();
        if items.is_empty() && only.is_some() {
            return Err(PersonsError::Forgotten);
        }
        let hold = NewHold {
            subject,
            everything: only.is_none(),
            items: &items,
            reason,
            until,
            lifts: None,
        };
        Ok(persons.vault.hold(by, &hold, self.now().as_u64())?)
    }

    /// Lifts a hold.
    ///
    /// # Errors
    /// [`PersonsError::NoHold`] if it does not stand; [`PersonsError::Office`]; others.
    ///
    /// # Durability
    /// As [`Engine::hold`].
    pub fn lift_hold(
        &self,
        persons: &mut Persons,
        by: &SigningKey,
        hold: u64,
        reason: &str,
    ) -> Result<(), PersonsError> {
        self.require_commission(&persons.calendar, by.key_id())?;
        let standing = persons.standing_holds(self)?;
        let found = standing.iter().find(|h| h.seq == hold);
        let subject = found.ok_or(PersonsError::NoHold(hold))?.subject;
        let lifted = NewHold {
            subject,
            everything: false,
            items: &[],
            reason,
            until: None,
            lifts: Some(hold),
        };
        persons.vault.hold(by, &lifted, self.now().as_u64())?;
        Ok(())
    }

    /// Refuses a key that is of no commission of the jurisdiction or of any of its registers.
    ///
    /// # Errors
    /// [`PersonsError::Office`]
    pub fn require_commission(&self, calendar: &LedgerId, key: KeyId) -> Result<(), PersonsError> {
        let entitled = self.ledgers().all().into_iter().any(|handle| {
            handle.with_head(|head| {
                let of_it = handle.ledger() == *calendar
                    || head.state.days().is_some_and(|days| days.parent() == *calendar);
                of_it && head.state.authority().holds(key, Role::Commission, None)
            })
        });
        if entitled {
            Ok(())
        } else {
            Err(PersonsError::Office)
        }
    }

    pub(super) fn require_office(
        &self,
        register: LedgerId,
        key: KeyId,
        roles: &[Role],
    ) -> Result<(), PersonsError> {
        let handle = self.register_handle(register)?;
        let entitled = handle.with_head(|head| {
            let authority = head.state.authority();
            roles.iter().any(|role| authority.holds(key, *role, None))
        });
        if entitled {
            Ok(())
        } else {
            Err(PersonsError::Office)
        }
    }

    /// The local day of now in a jurisdiction, as a day number.
    ///
    /// # Errors
    /// [`PersonsError::Engine`] if this service keeps no such jurisdiction.
    pub fn today(&self, calendar: &LedgerId) -> Result<u32, PersonsError> {
        let unknown = || EngineError::Missing(format!("this service keeps no jurisdiction {calendar}"));
        let handle = self.ledgers().find(calendar).ok_or_else(unknown)?;
        let Facts::Calendar(facts) = handle.facts() else {
            return Err(unknown().into());
        };
        let days = calendar_as_cited(&facts, &[])
            .map_err(EngineError::Internal)?
            .ok_or_else(unknown)?;
        let today = days.day_of(self.now().as_u64()).ok_or_else(unknown)?;
        u32::try_from(sijill_rules::day_number(today))
            .map_err(|e| EngineError::Internal(e.to_string()).into())
    }
}

/// Subject and identifier of whom an act is about.
pub(super) fn known(persons: &Persons, whose: Whose<'_>) -> Result<(Subject, Option<String>), PersonsError> {
    match whose {
        Whose::Identifier(identifier) => Ok((persons.subject(identifier), Some(identifier.to_owned()))),
        Whose::Subject(subject) => Ok((subject, None)),
        Whose::Unnamed => Err(PersonsError::Absent),
    }
}
