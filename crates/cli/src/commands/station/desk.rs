//! `sijill station desk`: a station at its full rate.

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use sijill_ledger::SigningKey;
use sijill_registers::station::Phase;
use sijill_registers::station::events::StationEvent;

use super::super::Common;
use super::machine::{answer_of, as_json, desk, in_words, write_book};
use crate::acts::station::{Arrival, Desk, Issue};
use crate::error::{Failure, Outcome};
use crate::render::{self, escape, number};
use crate::site::{NewFile, Site};

/// Longest line, in bytes.
const MAX_LINE: u64 = 64 << 10;

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
enum Request {
    Ask {
        person: String,
    },
    CheckIn {
        person: String,
        document: Seen,
        #[serde(default)]
        assistance: bool,
        #[serde(default)]
        guest: bool,
        by: Option<usize>,
    },
    Dispute {
        person: String,
        statement: String,
        by: Option<usize>,
    },
    Duty {
        #[serde(default)]
        end: bool,
        by: Option<usize>,
    },
    Export {
        out: PathBuf,
    },
    Issue {
        person: String,
        second: Option<usize>,
        envelope: Option<u64>,
        answer: Option<String>,
        by: Option<usize>,
    },
    Lock {
        officer: usize,
    },
    LookUp {
        person: String,
    },
    Quit,
    Spoil {
        person: String,
        by: Option<usize>,
    },
    Status,
}

/// An identity document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Seen {
    IdCard,
    DigitalId,
}

fn not_understood(problem: &str) -> Failure {
    Failure::usage(problem, "`sijill station desk --help` shows the lines").code("station.line")
}

impl Request {
    /// A line of JSON.
    fn from_json(line: &str) -> Outcome<Self> {
        serde_json::from_str(line)
            .map_err(|_| not_understood("this line is not one of the commands of a desk, in JSON"))
    }

    /// A line as an officer types it.
    fn from_words(line: &str) -> Outcome<Self> {
        let mut words = line.split_whitespace();
        let verb = words.next().unwrap_or_default();
        let mut person = || {
            let word = words.next().map(str::to_owned);
            word.ok_or_else(|| not_understood("who? give an identifier"))
        };
        let request = match verb {
            "ask" => Self::Ask { person: person()? },
            "look-up" => Self::LookUp { person: person()? },
            "check-in" => {
                let person = person()?;
                let document = match words.next() {
                    Some("id-card") => Seen::IdCard,
                    Some("digital-id") => Seen::DigitalId,
                    _ => return Err(not_understood("which document was seen: id-card or digital-id?")),
                };
                let (mut assistance, mut guest, mut by) = (false, false, None);
                for word in words.by_ref() {
                    match word.split_once('=') {
                        None if word == "assisted" => assistance = true,
                        None if word == "guest" => guest = true,
                        Some(("by", n)) => by = Some(parsed(n)?),
                        _ => return Err(not_understood("a word of this line is not understood")),
                    }
                }
                Self::CheckIn {
                    person,
                    document,
                    assistance,
                    guest,
                    by,
                }
            }
            "export" => Self::Export {
                out: words
                    .next()
                    .map(PathBuf::from)
                    .ok_or_else(|| not_understood("into which file?"))?,
            },
            "issue" => {
                let person = person()?;
                let (mut second, mut envelope, mut answer, mut by) = (None, None, None, None);
                for word in words.by_ref() {
                    match word.split_once('=') {
                        Some(("second", n)) => second = Some(parsed(n)?),
                        Some(("envelope", n)) => envelope = Some(parsed(n)?),
                        Some(("answer", text)) => answer = Some(text.to_owned()),
                        Some(("by", n)) => by = Some(parsed(n)?),
                        _ => return Err(not_understood("a word of this line is not understood")),
                    }
                }
                Self::Issue {
                    person,
                    second,
                    envelope,
                    answer,
                    by,
                }
            }
            "spoil" => Self::Spoil {
                person: person()?,
                by: last_by(&mut words)?,
            },
            "dispute" => {
                let person = person()?;
                let mut by = None;
                let mut statement = Vec::new();
                for word in words.by_ref() {
                    match word.split_once('=') {
                        Some(("by", n)) if statement.is_empty() && by.is_none() => by = Some(parsed(n)?),
                        _ => statement.push(word),
                    }
                }
                Self::Dispute {
                    person,
                    statement: statement.join(" "),
                    by,
                }
            }
            "duty" => {
                let end = match words.next() {
                    Some("begin") => false,
                    Some("end") => true,
                    _ => return Err(not_understood("duty begin, or duty end?")),
                };
                Self::Duty {
                    end,
                    by: last_by(&mut words)?,
                }
            }
            "lock" => Self::Lock {
                officer: parsed(words.next().unwrap_or_default())?,
            },
            "status" => Self::Status,
            "quit" => Self::Quit,
            _ => {
                return Err(not_understood(
                    "this line does not begin with a command of a desk",
                ));
            }
        };
        match words.next() {
            None => Ok(request),
            Some(_) => Err(not_understood("a word too many in this line")),
        }
    }
}

fn parsed<T: std::str::FromStr>(text: &str) -> Outcome<T> {
    text.parse().map_err(|_| not_understood("a number is missing"))
}

fn last_by<'a>(words: &mut impl Iterator<Item = &'a str>) -> Outcome<Option<usize>> {
    match words.next().map(|word| word.split_once('=')) {
        None => Ok(None),
        Some(Some(("by", n))) => parsed(n).map(Some),
        Some(_) => Err(not_understood("a word of this line is not understood")),
    }
}

/// What a line is answered with: words, and the same as JSON.
type Answered = (String, Value);

/// The officers at a desk: their keys, until they leave.
struct Officers(Vec<Option<SigningKey>>);

impl Officers {
    /// By the place on the command line, from 1; the first one who is still there if none is named.
    fn find(&self, named: Option<usize>) -> Outcome<&SigningKey> {
        let found = match named {
            None => self.0.iter().flatten().next(),
            Some(n) => n
                .checked_sub(1)
                .and_then(|i| self.0.get(i))
                .and_then(Option::as_ref),
        };
        found.ok_or_else(|| {
            Failure::refused(
                "there is no such officer at this desk, or they have left it",
                "officers are counted from 1, in the order of --key; who left begins a new desk",
            )
            .code("officer.absent")
        })
    }
}

/// Runs `sijill station desk`.
pub(super) async fn run(keys: &[PathBuf], common: &Common) -> Outcome {
    let site = common.site()?;
    let officers = keys
        .iter()
        .map(|path| common.signing_key(path).map(Some))
        .collect::<Outcome<Vec<_>>>()?;
    let mut officers = Officers(officers);
    let open = common.start(&site).await?;
    let mut desk = desk(&site, &open.engine, common)?;
    let json = render::wants_json();
    let mut input = std::io::BufReader::new(std::io::stdin());
    let (mut answered, mut refused) = (0_u64, 0_u64);
    tell_ready(json);
    loop {
        let mut line = zeroize::Zeroizing::new(String::new());
        let read = std::io::Read::take(&mut input, MAX_LINE).read_line(&mut line);
        match read {
            Ok(0) => break,
            Ok(_) if line.trim().is_empty() => continue,
            Ok(_) => {}
            Err(error) => {
                return Err(Failure::failed(
                    format!("the next line cannot be read: {error}"),
                    "begin the desk again; everything that was answered is recorded",
                )
                .code("station.line"));
            }
        }
        let request = if json {
            Request::from_json(&line)
        } else {
            Request::from_words(&line)
        };
        if request.as_ref().is_ok_and(|r| *r == Request::Quit) {
            break;
        }
        let done = match request {
            Ok(Request::Export { out }) => export(&desk, &site, &out).await,
            Ok(request) => serve(&mut desk, &mut officers, request).await,
            Err(failure) => Err(failure),
        };
        // A desk whose ledger takes nothing more has nothing to answer any longer.
        let ends = done.as_ref().is_err_and(Failure::ends_a_process);
        match &done {
            Ok(_) => answered += 1,
            Err(_) => refused += 1,
        }
        match done {
            Err(failure) if ends => return Err(failure),
            done if !reply(json, &done) => break,
            _ => {}
        }
    }
    // Keys and roll are wiped when they are dropped; nothing of them was written.
    drop(officers);
    drop(desk);
    let end = format!(
        "The desk is closed: {} lines answered, {} refused.",
        number(answered),
        number(refused)
    );
    reply(
        json,
        &Ok((
            end,
            json!({ "done": "quit", "answered": answered, "refused": refused }),
        )),
    );
    Ok(())
}

fn tell_ready(json: bool) {
    reply(json, &Ok(("Ready.".to_owned(), json!({ "done": "ready" }))));
}

/// Writes an answer. Whether somebody is still there to read it.
fn reply(json: bool, done: &Outcome<Answered>) -> bool {
    let mut out = std::io::stdout().lock();
    let written = match (json, done) {
        (true, Ok((_, value))) => writeln!(out, "{value}"),
        (true, Err(failure)) => writeln!(out, "{}", failure.to_json()),
        (false, Ok((words, _))) => writeln!(out, "{}", escape(words)),
        (false, Err(failure)) => writeln!(out, "{failure}"),
    };
    written.and_then(|()| out.flush()).is_ok()
}

async fn serve(desk: &mut Desk, officers: &mut Officers, request: Request) -> Outcome<Answered> {
    Ok(match request {
        Request::Ask { person } => {
            let question = hex::encode(desk.question(&person)?.to_bytes());
            (question.clone(), json!({ "done": "ask", "question": question }))
        }
        Request::CheckIn {
            person,
            document,
            assistance,
            guest,
            by,
        } => {
            let arrival = Arrival {
                identifier: &person,
                document: match document {
                    Seen::IdCard => 1,
                    Seen::DigitalId => 2,
                },
                assistance,
                guest,
            };
            let (position, listed) = desk.check_in(officers.find(by)?, &arrival).await?;
            (
                format!("Checked in ({position})."),
                json!({ "done": "check-in", "check_in": position, "listed": listed }),
            )
        }
        Request::Dispute {
            person,
            statement,
            by,
        } => {
            let paper = desk.dispute(officers.find(by)?, &person, &statement).await?;
            (
                format!("Paper {paper} is disputed: the commission decides whether it counts."),
                json!({ "done": "dispute", "disputed": paper }),
            )
        }
        Request::Duty { end, by } => {
            let event = if end {
                StationEvent::DutyEnded
            } else {
                StationEvent::DutyBegun
            };
            let key = officers.find(by)?;
            desk.machine.refuse_strangers(key.key_id())?;
            desk.machine.act(key, event).await?;
            let on_duty = desk.situation()?.on_duty;
            (
                format!("{}; {on_duty} on duty.", if end { "Off duty" } else { "On duty" }),
                json!({ "done": "duty", "on_duty": on_duty }),
            )
        }
        Request::Issue {
            person,
            second,
            envelope,
            answer,
            by,
        } => {
            let answer = answer.as_deref().map(answer_of).transpose()?;
            let issue = Issue {
                identifier: &person,
                second: second.map(|n| officers.find(Some(n))).transpose()?,
                envelope,
                answer: answer.as_ref(),
            };
            let position = desk.issue(officers.find(by)?, &issue).await?;
            (
                format!("Paper {position}: hand it out now."),
                json!({ "done": "issue", "paper": position }),
            )
        }
        Request::Lock { officer } => {
            officers.find(Some(officer))?;
            if let Some(key) = officer.checked_sub(1).and_then(|i| officers.0.get_mut(i)) {
                *key = None;
            }
            (
                format!("Officer {officer} has left the desk."),
                json!({ "done": "lock", "officer": officer }),
            )
        }
        Request::LookUp { person } => {
            let standing = desk.look_up(&person)?;
            let mut value = as_json(&standing);
            value["done"] = "look-up".into();
            (in_words(&standing), value)
        }
        // Handled before.
        Request::Export { .. } | Request::Quit => (String::new(), Value::Null),
        Request::Spoil { person, by } => {
            let paper = desk.spoil(officers.find(by)?, &person).await?;
            (
                format!("Paper {paper} is spoilt; put it into the bag."),
                json!({ "done": "spoil", "spoilt": paper }),
            )
        }
        Request::Status => status(desk)?,
    })
}

/// The book so far, for a moment on line: a desk holds the machine all day.
async fn export(desk: &Desk, site: &Site, out: &Path) -> Outcome<Answered> {
    let (entries, _) = write_book(&desk.machine, site, NewFile::take(out)?).await?;
    Ok((
        format!("Wrote {}: {} entries.", out.display(), number(entries)),
        json!({ "done": "export", "entries": entries }),
    ))
}

fn status(desk: &Desk) -> Outcome<Answered> {
    let now = desk.situation()?;
    let phase = match now.phase {
        Phase::New => "not open yet",
        Phase::Open => "open",
        Phase::Closed => "closed",
    };
    let counts = &now.counts;
    let words = format!(
        "The station is {phase}; {} on duty. {} of {} voters and guests checked in, {} papers issued, {} of them spoilt, \
         {} in envelopes, {} checked in without a paper.",
        now.on_duty,
        number(counts.checked_in.get()),
        number(now.voters),
        number(counts.issued.get()),
        number(counts.spoilt.get()),
        number(counts.envelopes.get()),
        number(now.unserved),
    );
    let value = json!({
        "done": "status", "phase": phase, "on_duty": now.on_duty, "voters": now.voters, "entries": now.entries,
        "checked_in": counts.checked_in.get(), "received": counts.received.get(), "issued": counts.issued.get(),
        "spoilt": counts.spoilt.get(), "envelopes": counts.envelopes.get(), "unserved": now.unserved,
    });
    Ok((words, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_json_ask_for_the_same() {
        for (words, json) in [
            (
                "check-in ٢٨٤٠٠٠٠٠٠٠١ id-card assisted by=2",
                r#"{"do":"check-in","person":"٢٨٤٠٠٠٠٠٠٠١","document":"id-card","assistance":true,"by":2}"#,
            ),
            (
                "issue V1 second=2 envelope=7",
                r#"{"do":"issue","person":"V1","second":2,"envelope":7}"#,
            ),
            (
                "dispute V1 by=1 I was at home",
                r#"{"do":"dispute","person":"V1","statement":"I was at home","by":1}"#,
            ),
            ("duty end by=3", r#"{"do":"duty","end":true,"by":3}"#),
            ("spoil V1", r#"{"do":"spoil","person":"V1"}"#),
            ("lock 2", r#"{"do":"lock","officer":2}"#),
            ("export noon.station", r#"{"do":"export","out":"noon.station"}"#),
            ("status", r#"{"do":"status"}"#),
            ("quit", r#"{"do":"quit"}"#),
        ] {
            assert_eq!(
                Request::from_words(words).unwrap(),
                Request::from_json(json).unwrap()
            );
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_whole() {
        for words in [
            "",
            "check-in",
            "check-in V1",
            "check-in V1 passport",
            "check-in V1 id-card guests",
            "issue V1 second=x",
            "spoil V1 V2",
            "duty",
            "status now",
            "lock",
            "hello",
        ] {
            assert_eq!(Request::from_words(words).unwrap_err().exit_code(), 2, "{words}");
        }
        for json in [
            "",
            "[]",
            r#"{"do":"look-up"}"#,
            r#"{"do":"look-up","person":"V1","extra":1}"#,
            r#"{"do":"issue","person":"V1","envelope":-1}"#,
        ] {
            assert!(Request::from_json(json).is_err(), "{json}");
        }
    }
}
