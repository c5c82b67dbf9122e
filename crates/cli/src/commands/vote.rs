//! `sijill vote`

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use sijill_ballot::{BallotHash, CredentialCode, Selection, Vote};
use sijill_engine::keyfile::KeyFile;
use sijill_ledger::LedgerId;
use sijill_registers::ballot_box::events::BallotCast;
use sijill_registers::manifest::Question;
use sijill_registers::names::Name;
use zeroize::Zeroizing;

use super::Common;
use super::receipt::file_name;
use crate::acts::Event;
use crate::acts::voting::{Device, ReadyBallot, election_of, latest};
use crate::error::{Failure, Outcome};
use crate::render::{bilingual, say, show, wants_json};
use crate::site::{NewFile, Site, read_bounded, write_file};

/// Arguments of `sijill vote`.
#[derive(Debug, Args)]
#[command(
    long_about = "Vote, as a voter's device does: the choice is encrypted here and leaves this process only encrypted.\n\n\
    The tracking code identifies the ballot on the public ledger; the receipt proves that it was recorded. Voting again \
    replaces the earlier ballot, if the event allows it.\n\n\
    With --audit the ballot is opened instead of cast: announced first, then shown with its randomness, so that another \
    device can check that it contains what you chose. An opened ballot can never be cast; vote afterwards.\n\n\
    Code and choices are typed, or read from files, because other users of a machine can see arguments."
)]
pub(crate) struct VoteArgs {
    /// The district; not needed if there is only one
    #[arg(long, value_name = "ID")]
    district: Option<Name>,
    /// File with the voter's code in its first line; without it you are asked
    #[arg(long, value_name = "FILE", conflicts_with = "credential")]
    code_file: Option<PathBuf>,
    /// The credential that this device has made (`sijill credential new`), instead of a code
    #[arg(long, value_name = "FILE")]
    credential: Option<PathBuf>,
    /// A ballot that another program has made, such as belenios-tool: cast as it is
    #[arg(long, value_name = "FILE", conflicts_with_all = ["code_file", "credential", "choices_file", "audit"])]
    ballot: Option<PathBuf>,
    /// File with one line for each question: numbers of answers such as `1` or `1,3`, or `blank`
    #[arg(long, value_name = "FILE")]
    choices_file: Option<PathBuf>,
    /// Open the ballot instead of casting it
    #[arg(long)]
    audit: bool,
    /// With --audit: write the opened ballot here, for another device
    #[arg(long, value_name = "FILE", requires = "audit")]
    opening: Option<PathBuf>,
    /// Where to write the receipt [default: DIR/receipts/….tlog-proof]
    #[arg(long, value_name = "FILE", conflicts_with = "audit")]
    receipt: Option<PathBuf>,
}

/// Runs `sijill vote`.
pub(crate) async fn run(args: &VoteArgs, common: &Common) -> Outcome {
    let (site, _open, event) = common.start_event().await?;
    let ballot_box = event.box_of(args.district.as_ref())?;
    let election = election_of(&event, &ballot_box)?;
    if let Some(path) = &args.ballot {
        let mut ballot = read_bounded(path)?;
        // A text file ends with a line end; a ballot record does not.
        if ballot.last() == Some(&b'\n') {
            ballot.pop();
        }
        let hash = BallotHash::of(&ballot);
        let cast = BallotCast {
            ballot,
            replaces: None,
        };
        return cast_and_keep(args, &site, &event, ballot_box, ReadyBallot { cast, hash }).await;
    }
    let device = match &args.credential {
        Some(path) => {
            let file = KeyFile::load(path)?;
            let credential = file.unlock_credential(&common.passphrases().acting(path)?)?;
            Device::with(election, credential)
        }
        None => Device::new(election, &read_code(args)?),
    };
    let vote = read_vote(args, &event, &ballot_box, device.election().questions())?;
    if args.audit {
        let opening = args.opening.as_deref().map(NewFile::take).transpose()?;
        let opened = device.encrypt_to_open(&vote)?;
        say!("tracking code: {}", opened.tracking_code);
        event
            .engine
            .start_audit(ballot_box, opened.announcement.clone())
            .await?;
        say!("The audit is announced: this ballot can never be cast.");
        let choices = opened.check(device.election())?;
        say!("The opened ballot contains, by question and choice: {choices:?}");
        if let (Some(file), Some(path)) = (opening, &args.opening) {
            file.write(opened.opening.as_bytes())?;
            say!("Opened ballot: {}", path.display());
        }
        say!("You have not voted yet: run `sijill vote` again without --audit.");
        show!(json!({ "audited": opened.tracking_code.to_string(), "choices": choices }));
        return Ok(());
    }
    let replaces = latest(&event, &ballot_box, &device.credential())?;
    let ballot = device.encrypt(&vote, replaces)?;
    cast_and_keep(args, &site, &event, ballot_box, ballot).await
}

/// Casts a ballot and keeps its receipt.
async fn cast_and_keep(
    args: &VoteArgs,
    site: &Site,
    event: &Event,
    ballot_box: LedgerId,
    ballot: ReadyBallot,
) -> Outcome {
    let named = args.receipt.as_deref().map(NewFile::take).transpose()?;
    say!("tracking code: {}", ballot.tracking_code());
    if let Some(old) = &ballot.cast.replaces {
        say!("replaces:      {}", old.ballot_hash.tracking_code());
    }
    let acknowledged = event.engine.cast(ballot_box, ballot.cast.clone()).await?;
    let receipt = event.engine.receipt(ballot_box, acknowledged.seq).await?;
    let path = args
        .receipt
        .clone()
        .unwrap_or_else(|| site.receipts().join(file_name(&ballot.hash)));
    match named {
        Some(file) => file.write(receipt.to_text().as_bytes())?,
        None => write_file(&path, receipt.to_text().as_bytes())?,
    }
    say!(
        "recorded:      entry {} of ballot box {ballot_box}",
        acknowledged.seq
    );
    say!("receipt:       {}", path.display());
    say!(
        "Next: `sijill receipt check` with a trust file; look for your tracking code when the ledger is published."
    );
    show!(json!({
        "tracking_code": ballot.tracking_code().to_string(),
        "ledger": ballot_box,
        "seq": acknowledged.seq,
        "receipt": path,
    }));
    Ok(())
}

fn read_code(args: &VoteArgs) -> Outcome<CredentialCode> {
    let text = match &args.code_file {
        Some(path) => {
            let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|e| Failure::file(path, &e))?);
            Zeroizing::new(text.lines().next().unwrap_or_default().trim().to_owned())
        }
        None if std::io::stdin().is_terminal() => Zeroizing::new(
            rpassword::prompt_password("Your code: ")
                .map_err(|e| Failure::failed(format!("the code cannot be read: {e}"), "give --code-file"))?
                .trim()
                .to_owned(),
        ),
        None => {
            return Err(
                Failure::usage("a voter's code is needed", "give --code-file FILE").code("vote.code-needed"),
            );
        }
    };
    CredentialCode::parse(&text).map_err(|_| {
        Failure::refused(
            "this is not a voter's code",
            "a code looks like XXXXX-XXXXXX-XXXXX-XXXXXX; check it against your slip",
        )
        .code("vote.code")
    })
}

fn read_vote(
    args: &VoteArgs,
    event: &Event,
    ballot_box: &LedgerId,
    questions: &[sijill_ballot::Question],
) -> Outcome<Vote> {
    let district = event
        .boxes
        .iter()
        .find(|(_, id)| id == ballot_box)
        .and_then(|(d, _)| event.manifest.district(d));
    let district = district.ok_or_else(|| Failure::internal("a box without a district"))?;
    let lines: Vec<Zeroizing<String>> = match &args.choices_file {
        Some(path) => {
            let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|e| Failure::file(path, &e))?);
            text.lines().map(|line| Zeroizing::new(line.to_owned())).collect()
        }
        None if std::io::stdin().is_terminal() && !wants_json() => {
            district.questions().iter().map(ask).collect::<Outcome<_>>()?
        }
        None => {
            return Err(
                Failure::usage("the choices are needed", "give --choices-file FILE")
                    .code("vote.choices-needed"),
            );
        }
    };
    if lines.len() != district.questions().len() {
        return Err(Failure::refused(
            format!(
                "{} lines of choices for {} questions",
                lines.len(),
                district.questions().len()
            ),
            "write one line for each question",
        )
        .code("vote.choices"));
    }
    let picked: Vec<Option<Vec<usize>>> = lines
        .iter()
        .zip(1..)
        .map(|(line, n)| parse_choice(line, n))
        .collect::<Outcome<_>>()?;
    let selections: Vec<Selection<'_>> = picked
        .iter()
        .map(|p| p.as_deref().map_or(Selection::Blank, Selection::Answers))
        .collect();
    Vote::from_selections(questions, &selections).map_err(|e| {
        Failure::refused(
            format!("the choices are not a valid vote: {e}"),
            "choose again; nothing was sent",
        )
        .code("vote.choices")
    })
}

/// `None` is a blank vote.
fn parse_choice(line: &str, question: usize) -> Outcome<Option<Vec<usize>>> {
    let line = line.trim();
    if line.eq_ignore_ascii_case("blank") {
        return Ok(None);
    }
    let number = |text: &str| text.trim().parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    let parsed: Option<Vec<usize>> = line
        .split(',')
        .filter(|part| !part.trim().is_empty())
        .map(number)
        .collect();
    parsed.map(Some).ok_or_else(|| {
        Failure::refused(
            format!("the choice for question {question} cannot be read"),
            "write numbers of answers from 1, separated by commas, or `blank`",
        )
        .code("vote.choices")
    })
}

fn ask(question: &Question) -> Outcome<Zeroizing<String>> {
    say!("\n{}", bilingual(&question.question));
    for (answer, n) in question.answers.iter().zip(1..) {
        say!("  {n}  {}", bilingual(answer));
    }
    if question.blank {
        say!("  blank");
    }
    let failed =
        |e: std::io::Error| Failure::failed(format!("the choice cannot be read: {e}"), "give --choices-file");
    let range = if question.max == 1 {
        "one".to_owned()
    } else {
        format!("{} to {}", question.min, question.max)
    };
    let mut out = std::io::stdout().lock();
    write!(out, "Choose {range}: ")
        .and_then(|()| out.flush())
        .map_err(failed)?;
    drop(out);
    let mut line = Zeroizing::new(String::new());
    std::io::stdin().lock().read_line(&mut line).map_err(failed)?;
    Ok(line)
}

#[cfg(test)]
mod tests {
    use sijill_ballot::BallotHash;

    use super::*;

    #[test]
    fn choices_are_read() {
        assert_eq!(parse_choice(" 1, 3 ", 1).unwrap(), Some(vec![0, 2]));
        assert_eq!(parse_choice("Blank", 1).unwrap(), None);
        assert_eq!(parse_choice("", 1).unwrap(), Some(vec![]));
        assert!(parse_choice("0", 1).is_err());
        assert!(parse_choice("yes", 1).is_err());
    }

    #[test]
    fn receipts_are_named_by_their_ballot() {
        assert_eq!(
            file_name(&BallotHash::from_bytes([0xab; 32])),
            "abababababababab.tlog-proof"
        );
    }
}
