//! The trustees of the demonstration: each verifies the published folder and signs upon it, as on a machine of their own.

use sijill_engine::clock::{Clock as _, RehearsalClock};
use sijill_engine::keyfile::{KeyFile, Passphrase};
use sijill_registers::election::events::{ElectionEvent, TrusteeKeyPublished};
use sijill_verifier::Stage;

use super::people::{People, Trustee};
use crate::acts::{Event, publishing};
use crate::error::{Failure, Outcome};
use crate::progress::Progress;
use crate::render::say;
use crate::site::{Site, read_bounded};
use crate::submission::Submission;
use crate::trustee::Journal;
use crate::trustee::ceremony::{Member, Next};
use crate::verified::VerifiedFolder;

/// Past this number of voters the trustees share one verification, which would take hours otherwise.
const SHARED_VERIFICATION: usize = 20_000;
/// Messages of a ceremony of which nobody complains, for each trustee.
const ROUNDS: usize = 4;

/// Every trustee publishes the key that it has made.
pub(super) async fn publish_keys(
    event: &Event,
    site: &Site,
    people: &People,
    clock: &RehearsalClock,
) -> Outcome {
    publishing::publish_public(event, site).await?;
    for trustee in &people.trustees {
        let folder = open(site, Stage::Announced)?;
        let published = TrusteeKeyPublished {
            index: folder.index_of(trustee.author.key_id())?,
            record: read_bounded(&trustee.folder.join("public-key.json"))?,
        };
        let message = folder.sign(
            &trustee.author,
            clock.now(),
            ElectionEvent::TrusteeKeyPublished(published),
            Vec::new(),
        )?;
        send(event, trustee, "public-key.submission", &message).await?;
    }
    Ok(())
}

/// All trustees make the election key, message by message.
pub(super) async fn hold_ceremony(
    event: &Event,
    site: &Site,
    people: &People,
    passphrase: &Passphrase,
    clock: &RehearsalClock,
) -> Outcome {
    let progress = Progress::new("Key ceremony", (ROUNDS * people.trustees.len()) as u64);
    for _ in 0..ROUNDS {
        publishing::publish_public(event, site).await?;
        for trustee in &people.trustees {
            clock.advance(60_000);
            let folder = open(site, Stage::Announced)?;
            let index = folder.index_of(trustee.author.key_id())?;
            let member = Member::new(&folder, index, &trustee.folder, passphrase)?;
            let Next::Send(message) = member.next()? else {
                return Err(Failure::internal("a trustee has nothing to send in a ceremony"));
            };
            let message = folder.sign(&trustee.author, clock.now(), *message, Vec::new())?;
            let name = format!("ceremony-{}.submission", message.name());
            send(event, trustee, &name, &message).await?;
            progress.add(1);
        }
    }
    progress.finish();
    Ok(())
}

/// As many trustees as are needed decrypt; where not all are, the last ones are absent.
pub(super) async fn decrypt(
    event: &Event,
    site: &Site,
    people: &People,
    passphrase: &Passphrase,
    clock: &RehearsalClock,
    voters: usize,
) -> Outcome {
    let shared = voters > SHARED_VERIFICATION;
    let needed = usize::from(event.manifest.trustees.threshold);
    let progress = Progress::new("Trustees verify and decrypt", needed as u64);
    let mut folder = open(site, Stage::Anchored)?;
    for (trustee, round) in people.trustees.iter().zip(0..needed) {
        if round > 0 && !shared {
            folder = open(site, Stage::Anchored)?;
        }
        let index = folder.index_of(trustee.author.key_id())?;
        let secret = if event.manifest.trustees.hold_a_ceremony() {
            Member::new(&folder, index, &trustee.folder, passphrase)?.decryption_secret()?
        } else {
            KeyFile::load(&trustee.folder.join("decryption.key"))?.unlock_trustee(passphrase)?
        };
        folder.check_secret(index, &secret)?;
        let mut journal = Journal::open(&trustee.folder)?;
        for decryptable in folder.decryptable(index)? {
            let share = folder.decrypt(&decryptable, index, &secret, &mut journal)?;
            let name = format!("share-{}.submission", share.district);
            let message = share.sign(&folder, &trustee.author, clock.now())?;
            send(event, trustee, &name, &message).await?;
        }
        progress.add(1);
    }
    progress.finish();
    let absent = people.trustees.len() - needed;
    if absent > 0 {
        say!(
            "   {needed} of {} trustees decrypted; {absent} stayed away.",
            people.trustees.len()
        );
    }
    if shared {
        say!("   (with so many voters, the trustees of this demonstration share one verification)");
    }
    Ok(())
}

fn open(site: &Site, stage: Stage) -> Outcome<VerifiedFolder> {
    VerifiedFolder::open(&site.published(), &site.trust(), stage)
}

/// By way of its file, as between two machines.
async fn send(event: &Event, trustee: &Trustee, name: &str, message: &Submission) -> Outcome {
    let path = trustee.folder.join(name);
    message.write(&path)?;
    Submission::read(&path)?.submit(&event.engine).await?;
    Ok(())
}
