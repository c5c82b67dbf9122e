//! `sijill trustee`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use sijill_ballot::TrusteeSecret;
use sijill_engine::keyfile::{KeyFile, Passphrase, SigningKind};
use sijill_ledger::SigningKey;
use sijill_registers::election::ceremony::Phase;
use sijill_registers::election::events::{ElectionEvent, TrusteeKeyPublished};
use sijill_verifier::Stage;

use super::Common;
use crate::error::{Failure, Outcome};
use crate::render::{say, show};
use crate::site::{make_folder, read_bounded, write_file};
use crate::submission::Submission;
use crate::trustee::Journal;
use crate::trustee::ceremony::{Member, Next, describe};
use crate::verified::VerifiedFolder;

/// Hold a part of the election key.
///
/// A trustee has a folder on a machine of their own: signing.key, and decryption.key or the secrets of a ceremony. What
/// a trustee sends is signed there upon a verified published folder, and travels as a file.
#[derive(Debug, Subcommand)]
pub(crate) enum TrusteeCommand {
    /// Make a trustee's keys, on the trustee's own machine
    #[command(long_about = "Make a trustee's keys, on the trustee's own machine.\n\n\
        With --name: signing.key, decryption.key and public-key.json, for an event that needs all trustees. \
        With --ceremony: signing.key alone, for an event whose trustees make one key together (`threshold` in the election file).")]
    Keygen {
        /// The trustee's folder
        #[arg(value_name = "FOLDER")]
        out: PathBuf,
        /// The trustee's name, exactly as the election file has it
        #[arg(long, value_name = "TEXT", required_unless_present = "ceremony")]
        name: Option<String>,
        /// The key will be made in a ceremony
        #[arg(long, conflicts_with = "name")]
        ceremony: bool,
    },
    /// Publish the key record of `keygen`, where all trustees are needed
    Publish {
        #[command(flatten)]
        view: View,
    },
    /// Make the election key together, so that a part of the trustees can decrypt
    #[command(subcommand)]
    Ceremony(CeremonyCommand),
    /// Verify the published folder, then decrypt the sealed tallies: never a second tally of a box
    #[command(
        long_about = "Verify the published folder, then decrypt the sealed tallies: never a second tally of a box.\n\n\
        Runs on the trustee's own machine. The folder is verified up to the anchored tallies by the independent verifier \
        against the trust file, which must have come by another way. Which tally was decrypted is noted in the trustee's \
        folder, before the share exists; another tally of the same box is refused for ever."
    )]
    Decrypt {
        #[command(flatten)]
        view: View,
    },
}

/// The steps of a key ceremony.
#[derive(Debug, Subcommand)]
pub(crate) enum CeremonyCommand {
    /// Make the message that is due from this trustee; run it again after every publication
    Next {
        #[command(flatten)]
        view: View,
    },
    /// Say who has sent what, and what is awaited
    Status {
        /// The published folder
        #[arg(long, value_name = "DIR")]
        published: PathBuf,
        /// The trust file
        #[arg(long, value_name = "FILE")]
        trust: PathBuf,
    },
    /// End the attempt, because a share for this trustee cannot be accepted; everybody can then see whose fault it is
    Complain {
        #[command(flatten)]
        view: View,
    },
}

/// What a trustee acts with, and upon.
#[derive(Debug, Args)]
pub(crate) struct View {
    /// The trustee's folder
    #[arg(value_name = "FOLDER")]
    home: PathBuf,
    /// The published folder
    #[arg(long, value_name = "DIR")]
    published: PathBuf,
    /// The trust file
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// Hand the message at once to the installation of --dir, if it is on this machine
    #[arg(long)]
    submit: bool,
}

/// Runs `sijill trustee`.
pub(crate) async fn run(command: &TrusteeCommand, common: &Common) -> Outcome {
    match command {
        TrusteeCommand::Keygen { out, name, ceremony } => keygen(out, name.as_deref(), *ceremony, common),
        TrusteeCommand::Publish { view } => publish(view, common).await,
        TrusteeCommand::Ceremony(CeremonyCommand::Next { view }) => next(view, common).await,
        TrusteeCommand::Ceremony(CeremonyCommand::Complain { view }) => complain(view, common).await,
        TrusteeCommand::Ceremony(CeremonyCommand::Status { published, trust }) => status(published, trust),
        TrusteeCommand::Decrypt { view } => decrypt(view, common).await,
    }
}

/// A trustee who has proved to be one, with a verified folder.
struct Trustee {
    key: SigningKey,
    passphrase: Passphrase,
    folder: VerifiedFolder,
    index: u16,
}

impl View {
    fn open(&self, stage: Stage, common: &Common) -> Outcome<Trustee> {
        let path = self.home.join("signing.key");
        let file = KeyFile::load(&path)?;
        let passphrase = common.passphrases().acting(&path)?;
        let key = file.unlock_signing_key(SigningKind::Author, &passphrase)?;
        let folder = VerifiedFolder::open(&self.published, &self.trust, stage)?;
        say!("The published folder is {}.", folder.report.summary);
        let index = folder.index_of(key.key_id())?;
        Ok(Trustee {
            key,
            passphrase,
            folder,
            index,
        })
    }

    /// Writes the messages into the trustee's folder, and hands them in if that is wanted.
    async fn send(&self, messages: Vec<(String, Submission)>, common: &Common) -> Outcome {
        let mut files = Vec::new();
        for (name, message) in &messages {
            let path = self.home.join(name);
            message.write(&path)?;
            say!("Signed {} in {}", message.name(), path.display());
            files.push(path);
        }
        if self.submit {
            let site = common.site()?;
            let open = common.start(&site).await?;
            for (_, message) in &messages {
                let at = message.submit(&open.engine).await?;
                say!(
                    "{} stands at entry {} of the election ledger.",
                    message.name(),
                    at.seq
                );
            }
        } else {
            say!("Next: send it to the service, which runs `sijill ledger submit FILE`.");
        }
        show!(json!({ "messages": files, "submitted": self.submit }));
        Ok(())
    }
}

fn keygen(out: &Path, name: Option<&str>, ceremony: bool, common: &Common) -> Outcome {
    let passphrase = common.passphrases().new_acting("your key files")?;
    let mut rng = rand::rng();
    let decryption = match name.filter(|_| !ceremony) {
        None => None,
        Some(name) => {
            let secret = TrusteeSecret::generate(&mut rng);
            let record = secret.publish(Some(name), &mut rng).map_err(|e| {
                Failure::usage(
                    format!("--name: {e}"),
                    "give the name exactly as the election file has it",
                )
                .code("trustee.name")
            })?;
            Some((secret, record.json()))
        }
    };
    make_folder(out)?;
    let signing = SigningKey::generate(&mut rng);
    let cost = crate::passphrase::cost();
    KeyFile::seal_signing_key(
        SigningKind::Author,
        "trustee's signing key",
        &signing,
        &passphrase,
        cost,
        &mut rng,
    )?
    .create(&out.join("signing.key"))?;
    if let Some((secret, record)) = decryption {
        KeyFile::seal_trustee("trustee's decryption key", &secret, &passphrase, cost, &mut rng)?
            .create(&out.join("decryption.key"))?;
        write_file(&out.join("public-key.json"), record.as_bytes())?;
        say!(
            "Made signing.key, decryption.key and public-key.json in {}.",
            out.display()
        );
        say!("Keep copies of both key files: without all trustees there is no result.");
    } else {
        say!("Made signing.key in {}.", out.display());
    }
    say!("public signing key (for the commission): {}", signing.key_id());
    show!(json!({ "folder": out, "public_key": signing.key_id() }));
    Ok(())
}

async fn publish(view: &View, common: &Common) -> Outcome {
    let trustee = view.open(Stage::Announced, common)?;
    if trustee.folder.manifest()?.trustees.hold_a_ceremony() {
        return Err(Failure::refused(
            "the trustees of this event make their key in a ceremony",
            "run `sijill trustee ceremony next`",
        )
        .code("ceremony.needed"));
    }
    let event = ElectionEvent::TrusteeKeyPublished(TrusteeKeyPublished {
        index: trustee.index,
        record: read_bounded(&view.home.join("public-key.json"))?,
    });
    let message = trustee
        .folder
        .sign(&trustee.key, common.clock()?.now(), event, Vec::new())?;
    view.send(
        vec![(file_name("public-key", &trustee.folder, ""), message)],
        common,
    )
    .await
}

async fn next(view: &View, common: &Common) -> Outcome {
    let trustee = view.open(Stage::Announced, common)?;
    let member = trustee.member(&view.home)?;
    let attempt = trustee.folder.facts().ceremony.number();
    match member.next()? {
        Next::Send(event) => {
            let message = trustee
                .folder
                .sign(&trustee.key, common.clock()?.now(), *event, Vec::new())?;
            let name = file_name(
                "ceremony",
                &trustee.folder,
                &format!("-{attempt}-{}", message.name()),
            );
            if message.name() == "TrusteeEnrolled" {
                say!(
                    "Keep a copy of {}: your part of the election key follows from it.",
                    member.secret_file().display()
                );
            }
            view.send(vec![(name, message)], common).await
        }
        Next::Wait(phase, missing) => {
            say!(
                "Nothing to do now. Attempt {attempt}, phase \"{}\": waiting for {}.",
                describe(phase),
                trustees(&missing)
            );
            show!(json!({ "messages": [], "phase": describe(phase), "waiting_for": missing }));
            Ok(())
        }
        Next::Complain(dealer, error) => Err(Failure::refused(
            format!("the share that trustee {dealer} dealt to you cannot be accepted: {error}"),
            "check your own folder first. If it stays so, run `sijill trustee ceremony complain`: the attempt ends, and \
             everybody can see whose fault it is",
        ).code("ceremony.bad-share")),
        Next::Ended => Err(ended(&trustee.folder)),
        Next::Complete => {
            say!("The ceremony is complete. Keep this folder and its copies until the result is certified.");
            show!(json!({ "messages": [], "phase": "complete" }));
            Ok(())
        }
    }
}

async fn complain(view: &View, common: &Common) -> Outcome {
    let trustee = view.open(Stage::Announced, common)?;
    let (against, event) = trustee.member(&view.home)?.complain()?;
    let attempt = trustee.folder.facts().ceremony.number();
    let message = trustee
        .folder
        .sign(&trustee.key, common.clock()?.now(), event, Vec::new())?;
    let name = file_name("ceremony", &trustee.folder, &format!("-{attempt}-complaint"));
    say!(
        "The complaint against trustee {against} discloses your channel secret of this attempt, and ends it."
    );
    view.send(vec![(name, message)], common).await
}

fn status(published: &Path, trust: &Path) -> Outcome {
    let folder = VerifiedFolder::open(published, trust, Stage::Announced)?;
    let manifest = folder.manifest()?;
    if !manifest.trustees.hold_a_ceremony() {
        say!("The trustees of this event hold no ceremony: all of them are needed for a result.");
        show!(
            json!({ "ceremony": false, "published": folder.facts().trustee_keys.keys().collect::<Vec<_>>() })
        );
        return Ok(());
    }
    let facts = folder.facts();
    let members = u16::try_from(manifest.trustees.names.len()).unwrap_or(u16::MAX);
    let phase = facts.ceremony.phase(members);
    say!(
        "Attempt {}: {}; {} of {members} trustees will be able to decrypt.",
        facts.ceremony.number(),
        if facts.trustees.is_some() {
            "the trustees are fixed"
        } else {
            describe(phase)
        },
        manifest.trustees.threshold
    );
    let mut rows = Vec::new();
    for (index, name) in (1u16..).zip(&manifest.trustees.names) {
        let sent: Vec<&str> = [Phase::Enrol, Phase::Open, Phase::Deal, Phase::Confirm]
            .into_iter()
            .filter(|phase| facts.ceremony.has_sent(*phase, index))
            .map(describe)
            .collect();
        say!(
            "  {index} {}: {}",
            crate::render::escape(name),
            if sent.is_empty() {
                "nothing yet".to_owned()
            } else {
                sent.join(", ")
            }
        );
        rows.push(json!({ "index": index, "name": name, "done": sent }));
    }
    for complaint in facts.ceremony.complaints() {
        say!(
            "  attempt {}: trustee {} complained about trustee {}; {}",
            complaint.attempt,
            complaint.by,
            complaint.against,
            complaint.fault
        );
    }
    show!(json!({
        "ceremony": true,
        "attempt": facts.ceremony.number(),
        "phase": describe(phase),
        "fixed": facts.trustees.is_some(),
        "threshold": manifest.trustees.threshold,
        "trustees": rows,
    }));
    Ok(())
}

async fn decrypt(view: &View, common: &Common) -> Outcome {
    let mut journal = Journal::open(&view.home)?;
    let trustee = view.open(Stage::Anchored, common)?;
    let secret = trustee.secret(&view.home)?;
    trustee.folder.check_secret(trustee.index, &secret)?;
    let boxes = trustee.folder.decryptable(trustee.index)?;
    if boxes.is_empty() {
        return Err(Failure::refused(
            "there is nothing to decrypt: no box with enough ballots waits for a share of yours",
            "`sijill election result` shows the results that are there",
        )
        .code("trustee.nothing"));
    }
    let mut messages = Vec::new();
    for decryptable in &boxes {
        let share = trustee
            .folder
            .decrypt(decryptable, trustee.index, &secret, &mut journal)?;
        let name = file_name("share", &trustee.folder, &format!("-{}", share.district));
        say!("{}: share of trustee {}", share.district, share.index);
        messages.push((
            name,
            share.sign(&trustee.folder, &trustee.key, common.clock()?.now())?,
        ));
    }
    view.send(messages, common).await
}

impl Trustee {
    fn member<'a>(&'a self, home: &'a Path) -> Outcome<Member<'a>> {
        Member::new(&self.folder, self.index, home, &self.passphrase)
    }

    /// The decryption secret, from its file or from the ceremony.
    fn secret(&self, home: &Path) -> Outcome<TrusteeSecret> {
        if self.folder.manifest()?.trustees.hold_a_ceremony() {
            return self.member(home)?.decryption_secret();
        }
        let file = KeyFile::load(&home.join("decryption.key"))?;
        Ok(file.unlock_trustee(&self.passphrase)?)
    }
}

/// `kind-<first digits of the event><rest>.submission`
fn file_name(kind: &str, folder: &VerifiedFolder, rest: &str) -> String {
    let event = folder.event().to_string();
    format!("{kind}-{}{rest}.submission", &event[..16])
}

fn trustees(indexes: &[u16]) -> String {
    let indexes: Vec<String> = indexes.iter().map(u16::to_string).collect();
    format!("trustee {}", indexes.join(", "))
}

fn ended(folder: &VerifiedFolder) -> Failure {
    let complaint = folder.facts().ceremony.complaints().last();
    let text = complaint.map_or_else(String::new, |c| {
        format!(
            ": trustee {} complained about trustee {}; {}",
            c.by, c.against, c.fault
        )
    });
    Failure::refused(
        format!("this attempt of the ceremony has ended{text}"),
        "the commission runs `sijill election restart-ceremony`; then everybody begins again with `next`",
    )
    .code("ceremony.ended")
}
