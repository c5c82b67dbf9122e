//! Results as the exports need them.

use sijill_registers::election::ElectionFacts;
use sijill_registers::election::outcome::Seats;
use sijill_registers::manifest::{Contest, District, Manifest, Text};
use sijill_registers::register::Contents;
use sijill_registers::views::basis_points;
use sijill_verifier::{BoxSummary, ChannelCount, Report, Stage};

/// The results of an event, all established by the verifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventResults {
    /// The event's id.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// Whether the votes are invented, or cast for practice.
    pub rehearsal: bool,
    /// IANA name.
    pub time_zone: String,
    /// When the poll opened, Unix milliseconds.
    pub opens_ms: u64,
    /// When the poll closed, Unix milliseconds.
    pub closes_ms: u64,
    /// Who runs the event.
    pub administrator: String,
    /// How far the results have come.
    pub status: Status,
    /// Members of the commission that must certify.
    pub quorum: u16,
    /// The unsigned text of the election ledger's checkpoint: origin and id, size, root.
    pub checkpoint: String,
    /// In the order of the manifest.
    pub districts: Vec<DistrictResults>,
}

/// How far results have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A quorum of the commission has certified them.
    Certified,
    /// They are published.
    Published,
}

/// A district.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistrictResults {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// What became of its poll.
    pub poll: Poll,
}

/// What became of a district's poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Poll {
    /// It was held and counted.
    Counted(Counted),
    /// Too few ballots for a result that keeps them secret, and no paper.
    NotDecrypted {
        /// The least number of ballots for a result.
        minimum: u64,
    },
    /// There was none; these are elected.
    Unopposed(Vec<Text>),
}

/// A counted poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Persons who may vote.
    pub eligible: u64,
    /// Votes cast, by channel.
    pub cast: Votes,
    /// Invalid papers.
    pub invalid: u64,
    /// Start of an hour in Unix milliseconds, and the voters whose first digital ballot was received in it.
    pub by_hour: Vec<(i64, u64)>,
    /// Why the paper votes were counted again, once for each recount.
    pub recounts: Vec<String>,
    /// What was asked.
    pub questions: Vec<QuestionResults>,
}

/// The result of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionResults {
    /// What was asked.
    pub question: Text,
    /// Most answers on a ballot.
    pub max: u32,
    /// Blank votes, if the question allows them.
    pub blank: Option<Votes>,
    /// In the order of the ballot.
    pub answers: Vec<(Text, Votes)>,
    /// Who is elected, if the question fills seats. Spec: specs/outcome.md §2.
    pub seats: Option<Seats>,
}

/// Votes by channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Votes {
    /// Digital.
    pub digital: u64,
    /// On paper.
    pub paper: u64,
}

impl Votes {
    /// Both channels.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.digital.saturating_add(self.paper)
    }
}

impl From<ChannelCount> for Votes {
    fn from(count: ChannelCount) -> Self {
        Self {
            digital: count.digital,
            paper: count.paper,
        }
    }
}

/// The verifier's report does not establish a result that is wanted. Verify the folder, and look at what failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the result of district {district} is not established")]
pub struct NotEstablished {
    /// District id.
    pub district: String,
}

impl EventResults {
    /// What a report establishes about the event of this manifest; `checkpoint` is the published signed note of the
    /// election ledger, `facts` and `contents` are what that very ledger and folder say.
    ///
    /// # Errors
    /// [`NotEstablished`] if the result of a district is missing.
    pub fn from_verified(
        manifest: &Manifest,
        report: &Report,
        facts: &ElectionFacts,
        contents: &dyn Contents,
        checkpoint: &str,
    ) -> Result<Self, NotEstablished> {
        let summary = |district: &District| report.boxes.iter().find(|b| b.district == district.id.as_str());
        let districts = manifest.districts.iter().map(|district| {
            let poll = match &district.contest {
                Contest::Unopposed(elected) => Some(Poll::Unopposed(elected.clone())),
                Contest::Polled(_) => {
                    summary(district).and_then(|b| poll(manifest, district, b, facts, contents))
                }
            };
            Ok(DistrictResults {
                id: district.id.to_string(),
                name: district.name.clone(),
                poll: poll.ok_or_else(|| NotEstablished {
                    district: district.id.to_string(),
                })?,
            })
        });
        let certified = report.boxes.iter().all(|b| b.stage == Some(Stage::Certified));
        Ok(Self {
            id: manifest.id.to_string(),
            name: manifest.name.clone(),
            rehearsal: manifest.rehearsal,
            time_zone: manifest.time_zone.clone(),
            opens_ms: manifest.opens_ms,
            closes_ms: manifest.closes_ms,
            administrator: manifest.administrator.clone(),
            status: if certified {
                Status::Certified
            } else {
                Status::Published
            },
            quorum: manifest.certification_quorum,
            checkpoint: checkpoint.lines().take(3).collect::<Vec<_>>().join("\n"),
            districts: districts.collect::<Result<_, _>>()?,
        })
    }
}

fn poll(
    manifest: &Manifest,
    district: &District,
    summary: &BoxSummary,
    facts: &ElectionFacts,
    contents: &dyn Contents,
) -> Option<Poll> {
    if !summary.established {
        return None;
    }
    let turnout = summary.turnout.as_ref()?;
    let Some(outcome) = &summary.outcome else {
        return summary.below_minimum.then_some(Poll::NotDecrypted {
            minimum: manifest.min_ballots,
        });
    };
    let (ledger, _) = facts.boxes.iter().find(|(_, (_, b))| b.district == district.id)?;
    let progress = facts.progress.get(ledger)?;
    // Where the published outcome was verified nothing is missing that it needs.
    let mut seats = if progress.has_view("outcome") {
        facts.seats(ledger, contents).ok()?
    } else {
        Vec::new()
    };
    let mut seats_of = |index: usize| {
        let at = seats.iter().position(|s| usize::from(s.question) == index)?;
        Some(seats.swap_remove(at))
    };
    // The report's texts are escaped for a terminal; those of the manifest are the originals.
    let questions = district.questions().iter().zip(&outcome.questions);
    Some(Poll::Counted(Counted {
        eligible: turnout.eligible,
        cast: Votes {
            digital: outcome.digital,
            paper: outcome.paper_valid.saturating_add(outcome.paper_invalid),
        },
        invalid: outcome.paper_invalid,
        recounts: progress.recounts.iter().map(|r| r.reason.clone()).collect(),
        by_hour: turnout.by_hour.iter().map(|h| (h.start_ms, h.voters)).collect(),
        questions: questions
            .enumerate()
            .map(|(index, (asked, counted))| QuestionResults {
                seats: seats_of(index),
                question: asked.question.clone(),
                max: asked.max,
                blank: counted.blank.map(Votes::from),
                answers: asked
                    .answers
                    .iter()
                    .cloned()
                    .zip(counted.answers.iter().map(|a| a.count.into()))
                    .collect(),
            })
            .collect(),
    }))
}

impl Counted {
    /// Valid votes, blank ones included.
    #[must_use]
    pub const fn valid(&self) -> Votes {
        Votes {
            digital: self.cast.digital,
            paper: self.cast.paper.saturating_sub(self.invalid),
        }
    }

    /// Votes cast of persons eligible, in basis points.
    #[must_use]
    pub fn turnout_bp(&self) -> u64 {
        basis_points(self.cast.total(), self.eligible)
    }

    /// Part of all votes cast, in basis points.
    #[must_use]
    pub fn of_cast_bp(&self, votes: u64) -> u64 {
        basis_points(votes, self.cast.total())
    }

    /// Part of the valid votes for a question that are not blank, in basis points. Spec: specs/election.md §6.4.
    #[must_use]
    pub fn of_valid_bp(&self, question: &QuestionResults, votes: u64) -> u64 {
        let blank = question.blank.map_or(0, Votes::total);
        basis_points(votes, self.valid().total().saturating_sub(blank))
    }
}

impl QuestionResults {
    /// The answers with the most votes: several if they are equal, none if nobody has any.
    pub fn leading(&self) -> impl Iterator<Item = &Text> {
        let most = self.answers.iter().map(|(_, v)| v.total()).max().unwrap_or(0);
        let leads = move |votes: &Votes| most > 0 && votes.total() == most;
        self.answers
            .iter()
            .filter(move |(_, v)| leads(v))
            .map(|(answer, _)| answer)
    }
}

impl Status {
    /// `certified` or `published`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certified => "certified",
            Self::Published => "published",
        }
    }
}
