//! `sijill credential`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sijill_ballot::{Credential, Point, Proof, prove_enrolment, verify_enrolment};
use sijill_engine::keyfile::KeyFile;
use sijill_ledger::LedgerId;
use sijill_registers::names::Name;
use sijill_registers::records;
use sijill_verifier::Stage;
use zeroize::Zeroizing;

use super::Common;
use super::roll::{Registrar, RegistrarArgs};
use crate::acts;
use crate::acts::credentials::Enrolment;
use crate::error::{Failure, Outcome};
use crate::render::{number, say, show};
use crate::site::{NewFile, read_bounded, write_file};
use crate::verified::VerifiedFolder;

const ENROLMENT: &str = "sijill-enrolment/1";

/// What a voter's device hands to the registrar.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnrolmentFile {
    format: String,
    /// The box of the voter's district.
    ledger: LedgerId,
    /// The public credential, 32 bytes in hexadecimal.
    credential: String,
    /// Proof that its secret is known, two scalars of 32 bytes, least significant first, in hexadecimal.
    challenge: String,
    response: String,
}

/// Issue voters' credentials, or enrol those that voters' devices have made. An event has one kind.
#[derive(Debug, Subcommand)]
pub(crate) enum CredentialCommand {
    /// Draw a code for each voter of the roll who has none, and commit to it on the ledger
    Issue {
        #[command(flatten)]
        registrar: RegistrarArgs,
    },
    /// Make a credential on the voter's own device: FILE, and FILE.enrolment.json for the registrar
    New {
        /// The key file to make; `sijill vote --credential FILE` votes with it
        #[arg(value_name = "FILE")]
        out: PathBuf,
        /// The published folder
        #[arg(long, value_name = "DIR")]
        published: PathBuf,
        /// The trust file
        #[arg(long, value_name = "FILE")]
        trust: PathBuf,
        /// The voter's district; not needed if there is only one
        #[arg(long, value_name = "ID")]
        district: Option<Name>,
    },
    /// Enrol credentials of voters' devices, and commit to them on the ledger
    #[command(
        long_about = "Enrol credentials of voters' devices, and commit to them on the ledger.\n\n\
        The list is a CSV file: first line `identifier,enrolment`, then a person in each line with the name of the file that \
        their device made (FILE.enrolment.json), relative to the list. If any line is not in order, nothing is enrolled."
    )]
    Enrol {
        /// The list
        #[arg(value_name = "LIST")]
        list: PathBuf,
        #[command(flatten)]
        registrar: RegistrarArgs,
    },
    /// Write the codes for the printing house: one line for each voter. Whoever has this file can vote
    Slips {
        /// The file to write: `identifier,district,code`
        #[arg(value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        registrar: RegistrarArgs,
    },
}

/// Runs `sijill credential`.
pub(crate) async fn run(command: &CredentialCommand, common: &Common) -> Outcome {
    if let CredentialCommand::New {
        out,
        published,
        trust,
        district,
    } = command
    {
        return new(out, published, trust, district.as_ref(), common);
    }
    let (site, _open, event) = common.start_event().await?;
    match command {
        // Handled above: a voter's device has no installation.
        CredentialCommand::New { .. } => {}
        CredentialCommand::Enrol { list, registrar } => {
            let enrolments = read_list(list)?;
            let mut book = Registrar::unlock(registrar, common, &site, &event)?.book(&event)?;
            let enrolled = acts::credentials::enrol(&event, &mut book, &enrolments).await?;
            say!("Enrolled {} credentials.", number(enrolled as u64));
            say!("Next: `sijill roll freeze`, when everybody has enrolled.");
            show!(json!({ "enrolled": enrolled }));
        }
        CredentialCommand::Issue { registrar } => {
            let mut book = Registrar::unlock(registrar, common, &site, &event)?.book(&event)?;
            let issued = acts::credentials::issue(&event, &mut book).await?;
            say!(
                "Drew {} codes, recorded {} commitments.",
                number(issued.drawn as u64),
                number(issued.committed as u64)
            );
            say!("Next: `sijill credential slips` for the printing house, then `sijill roll freeze`.");
            show!(json!({ "drawn": issued.drawn, "committed": issued.committed }));
        }
        CredentialCommand::Slips { out, registrar } => {
            let mut book = Registrar::unlock(registrar, common, &site, &event)?.book(&event)?;
            let file = NewFile::take(out)?;
            let mut text = Zeroizing::new("identifier,district,code\n".to_owned());
            let mut count = 0;
            for person in book.all("codes for the printing house")? {
                if let Some(code) = person.issued.as_ref().and_then(|issued| issued.code.as_deref()) {
                    let identifier = Zeroizing::new(csv_field(&person.identifier));
                    let _ = writeln!(text, "{},{},{code}", *identifier, person.district);
                    count += 1;
                }
            }
            file.write(text.as_bytes())?;
            say!(
                "Wrote {} codes. Whoever has this file can vote: delete it after printing.",
                number(count)
            );
            show!(json!({ "file": out, "codes": count }));
        }
    }
    Ok(())
}

fn new(out: &Path, published: &Path, trust: &Path, district: Option<&Name>, common: &Common) -> Outcome {
    let passphrase = common.passphrases().new_acting(&out.display().to_string())?;
    let folder = VerifiedFolder::open(published, trust, Stage::Announced)?;
    say!("The published folder is {}.", folder.report.summary);
    let ledger = folder.box_of(district)?;
    let mut rng = rand::rng();
    let credential = Credential::random(&mut rng);
    let proof = prove_enrolment(&credential, &records::uuid(&ledger), &mut rng);
    KeyFile::seal_credential(
        "voter's credential",
        &credential,
        &passphrase,
        crate::passphrase::cost(),
        &mut rng,
    )?
    .create(out)?;
    let file = EnrolmentFile {
        format: ENROLMENT.to_owned(),
        ledger,
        credential: hex::encode(credential.public().as_bytes()),
        challenge: hex::encode(proof.challenge_le_bytes()),
        response: hex::encode(proof.response_le_bytes()),
    };
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".enrolment.json");
    let path = out.with_file_name(name);
    write_file(
        &path,
        &serde_json::to_vec_pretty(&file).map_err(Failure::internal)?,
    )?;
    say!("Made your credential: {}", out.display());
    say!(
        "Hand {} to the registrar, and keep the key file: there is no second one after the freeze.",
        path.display()
    );
    show!(json!({ "credential": out, "enrolment": path, "ledger": ledger }));
    Ok(())
}

#[derive(Deserialize)]
struct ListRow {
    identifier: String,
    enrolment: PathBuf,
}

/// Reads a list of enrolments; every proof holds.
fn read_list(path: &Path) -> Outcome<Vec<Enrolment>> {
    let bytes = Zeroizing::new(read_bounded(path)?);
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let mut enrolments = Vec::new();
    for (row, line) in reader.deserialize::<ListRow>().zip(2..) {
        let at = |problem: &str| {
            Failure::refused(
                format!("line {line} of the list {problem}"),
                "`sijill credential enrol --help` shows the form; nothing was written",
            )
            .code("enrolment.line")
        };
        let row = row.map_err(|_| at("is not `identifier,enrolment`"))?;
        let file = path.with_file_name(&row.enrolment);
        let (ledger, public) = read_enrolment(&file)
            .ok_or_else(|| at("names a file that is no enrolment, or whose proof does not hold"))?;
        enrolments.push(Enrolment {
            line,
            identifier: Zeroizing::new(row.identifier),
            ballot_box: ledger,
            public,
        });
    }
    if enrolments.is_empty() {
        return Err(Failure::refused(
            "the list has no persons",
            "add a line for each person; nothing was written",
        )
        .code("enrolment.empty"));
    }
    Ok(enrolments)
}

fn read_enrolment(path: &Path) -> Option<(LedgerId, Point)> {
    let file: EnrolmentFile = serde_json::from_slice(&read_bounded(path).ok()?).ok()?;
    let bytes = |text: &str| -> Option<[u8; 32]> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(bytes)
    };
    let public = Point::from_bytes(&bytes(&file.credential)?).ok()?;
    let proof = Proof::from_le_bytes(&bytes(&file.challenge)?, &bytes(&file.response)?).ok()?;
    let holds = file.format == ENROLMENT && verify_enrolment(&public, &records::uuid(&file.ledger), &proof);
    holds.then_some((file.ledger, public))
}

fn csv_field(text: &str) -> String {
    if text.contains(['"', ',']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
