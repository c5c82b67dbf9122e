//! What `sijill consultation` is told.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::commands::calendar::Names;

/// The key file of the official who acts.
#[derive(Debug, Args)]
pub(crate) struct KeyArg {
    /// The signing key file of the official
    #[arg(long, value_name = "FILE")]
    pub(super) key: PathBuf,
}

/// A person, as the intake service knows them.
#[derive(Debug, Args)]
pub(crate) struct PersonArgs {
    /// The person, by the identifier that the intake service checked
    #[arg(long, value_name = "ID")]
    pub(super) person: String,
    /// The secret from which pseudonyms are made [default: the service's own, DIR/people/service/persons.key]
    #[arg(long, value_name = "FILE")]
    pub(super) secret: Option<PathBuf>,
}

/// Who speaks: a participant with their own key, or the intake service for a person without one.
#[derive(Debug, Args)]
pub(crate) struct Voice {
    /// The participant's own key file
    #[arg(long, value_name = "FILE", required_unless_present = "person", conflicts_with_all = ["person", "secret"])]
    pub(super) key: Option<PathBuf>,
    /// A person without a key, for whom the intake service speaks
    #[arg(long, value_name = "ID")]
    pub(super) person: Option<String>,
    /// The secret from which pseudonyms are made [default: the service's own, DIR/people/service/persons.key]
    #[arg(long, value_name = "FILE", requires = "person")]
    pub(super) secret: Option<PathBuf>,
}

/// What somebody is to the law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Category {
    /// A citizen
    Citizen,
    /// A resident
    Resident,
    /// A visitor
    Visitor,
}

impl Category {
    /// Its number. Spec: specs/consultation.md §2.3.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Citizen => 1,
            Self::Resident => 2,
            Self::Visitor => 3,
        }
    }

    /// The name of a number.
    pub(super) const fn name(code: u8) -> &'static str {
        match code {
            1 => "citizen",
            2 => "resident",
            _ => "visitor",
        }
    }
}

/// What becomes of late comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Late {
    /// They are refused
    Refused,
    /// They are taken and not counted
    NotCounted,
}

impl Late {
    /// Its number. Spec: specs/consultation.md §2.3.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Refused => sijill_registers::consultation::LATE_REFUSED,
            Self::NotCounted => sijill_registers::consultation::LATE_NOT_COUNTED,
        }
    }
}

/// Why a comment is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HidingReason {
    /// It shows somebody's personal data
    PersonalData,
    /// It insults
    Abuse,
    /// It threatens
    Threat,
    /// It has nothing to do with the document
    OffTopic,
    /// It advertises, or repeats itself
    Spam,
    /// The law forbids it
    Unlawful,
    /// Something else, which the note says
    Other,
}

impl HidingReason {
    /// Its number. Spec: specs/consultation.md §6.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::PersonalData => 1,
            Self::Abuse => 2,
            Self::Threat => 3,
            Self::OffTopic => 4,
            Self::Spam => 5,
            Self::Unlawful => 6,
            Self::Other => 7,
        }
    }
}

/// What becomes of an appeal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AppealDecision {
    /// The comment stays hidden
    StaysHidden,
    /// The comment is visible again
    Restore,
}

/// The language of quoted words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum QuoteLanguage {
    /// Arabic
    Ar,
    /// English
    En,
}

/// What `show` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum View {
    /// Who asks, until when, and where it stands
    Summary,
    /// The latest version of the document, with the comments on each clause
    Clauses,
    /// Comments on clauses that are gone, with the text that they were made on
    Orphaned,
    /// Every thread
    Threads,
    /// What moderators and authors did, and why
    Moderation,
    /// What the owner has answered, and what not
    Coverage,
    /// Counts of the responses, once the window has ended
    Responses,
    /// The report
    Report,
}

/// A new consultation.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// Its name in references, such as park-fees
    #[arg(long, value_name = "ID")]
    pub(super) id: String,
    /// The authority that asks, such as municipality
    #[arg(long, value_name = "ID")]
    pub(super) authority: String,
    #[command(flatten)]
    pub(super) names: Names,
    /// Owners, who define it, answer and report: public keys, or key files
    #[arg(long, value_name = "KEY", required = true)]
    pub(super) owner: Vec<String>,
    /// Moderators; appeals need two
    #[arg(long, value_name = "KEY")]
    pub(super) moderator: Vec<String>,
    /// Further members of the commission; an erasure needs two
    #[arg(long, value_name = "KEY")]
    pub(super) member: Vec<String>,
    /// Published for accredited auditors only
    #[arg(long)]
    pub(super) accredited: bool,
    #[command(flatten)]
    pub(super) key: KeyArg,
}

/// A change of settings.
#[derive(Debug, Args)]
pub(crate) struct SettingsArgs {
    /// The consultation
    #[arg(value_name = "CONSULTATION")]
    pub(super) consultation: String,
    /// Why, for the public
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
    /// First day of the window
    #[arg(long, value_name = "DAY")]
    pub(super) first: Option<String>,
    /// Last day of the window
    #[arg(long, value_name = "DAY")]
    pub(super) last: Option<String>,
    /// Last day for the report
    #[arg(long, value_name = "DAY")]
    pub(super) report_due: Option<String>,
    /// What becomes of late comments
    #[arg(long, value_enum)]
    pub(super) late: Option<Late>,
    /// Who may take part
    #[arg(long, value_enum, value_name = "CATEGORIES", value_delimiter = ',')]
    pub(super) categories: Vec<Category>,
    /// Whether only persons who were verified may take part
    #[arg(long, value_name = "BOOL")]
    pub(super) verified_only: Option<bool>,
    /// The senior responsible officer, by the office
    #[arg(long, value_name = "TEXT")]
    pub(super) officer_en: Option<String>,
    /// The same in Arabic
    #[arg(long, value_name = "TEXT")]
    pub(super) officer_ar: Option<String>,
    #[command(flatten)]
    pub(super) key: KeyArg,
}

/// Somebody new.
#[derive(Debug, Args)]
pub(crate) struct EnrolArgs {
    /// The consultation
    #[arg(value_name = "CONSULTATION")]
    pub(super) consultation: String,
    #[command(flatten)]
    pub(super) person: PersonArgs,
    /// The participant's public key, or their key file; without it the intake service speaks for them
    #[arg(long, value_name = "KEY")]
    pub(super) participant_key: Option<String>,
    /// What they are
    #[arg(long, value_enum)]
    pub(super) category: Category,
    /// Who they are was verified
    #[arg(long)]
    pub(super) verified: bool,
}

/// A change of somebody.
#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    /// The consultation
    #[arg(value_name = "CONSULTATION")]
    pub(super) consultation: String,
    #[command(flatten)]
    pub(super) person: PersonArgs,
    /// Their new public key, or key file
    #[arg(long, value_name = "KEY", conflicts_with = "without_key")]
    pub(super) participant_key: Option<String>,
    /// They have no key any more
    #[arg(long)]
    pub(super) without_key: bool,
    /// What they are now
    #[arg(long, value_enum)]
    pub(super) category: Option<Category>,
    /// Whether who they are was verified
    #[arg(long, value_name = "BOOL")]
    pub(super) verified: Option<bool>,
}

/// A comment.
#[derive(Debug, Args)]
pub(crate) struct CommentArgs {
    /// The consultation
    #[arg(value_name = "CONSULTATION")]
    pub(super) consultation: String,
    /// File with what they say; - reads it from standard input
    #[arg(long, value_name = "FILE")]
    pub(super) text: PathBuf,
    /// The comment that it replies to, by its number
    #[arg(long, value_name = "N", conflicts_with = "clause")]
    pub(super) reply_to: Option<String>,
    /// The clause that it is about, by its id; without it, the document as a whole
    #[arg(long, value_name = "CLAUSE")]
    pub(super) clause: Option<String>,
    /// Words of the clause that it is about
    #[arg(long, value_name = "WORDS", requires = "clause")]
    pub(super) quote: Option<String>,
    /// The language of these words [default: the one in which they stand]
    #[arg(long, value_enum, requires = "quote")]
    pub(super) language: Option<QuoteLanguage>,
    /// What the intake service keeps of how it was given
    #[arg(long, value_name = "FILE", requires = "person")]
    pub(super) record: Option<PathBuf>,
    #[command(flatten)]
    pub(super) voice: Voice,
}

/// Take part in consultations, and hold them. A comment is named by its number, which is its place on the ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum ConsultationCommand {
    /// Make the ledger of a consultation and list it (commission)
    New(NewArgs),
    /// Define what is asked, of whom and until when, as a file says (owner)
    #[command(
        long_about = "Define what is asked, of whom and until when, as a file says (owner).\n\n\
        The file is TOML: `name_en`, `name_ar`, `languages = [\"ar\", \"en\"]`, `first`, `last` and `report_due` (days), \
        `late` (\"refused\", \"not-counted\"), `categories` (\"citizen\", \"resident\", \"visitor\"), `verified_only`, \
        `owner_en`, `owner_ar`, `officer_en`, `officer_ar` (an office, not a person); then, if questions are asked, for \
        each `[[question]]` with `text_en`, `text_ar`, `min`, `max` and `options = [{ en = \"…\", ar = \"…\" }, …]`."
    )]
    Define {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Change settings; while it runs, nothing that contributors rely on is taken back (owner)
    Settings(SettingsArgs),
    /// Publish a version of the document (owner)
    #[command(long_about = "Publish a version of the document (owner).\n\n\
        A text file: each clause begins with a line `# NUMBER {#id}`, such as `# 4(2) {#fees-limit}`; its text follows, \
        where there are two languages behind lines `[en]` and `[ar]`. The id names the clause in all versions, whatever \
        its number. Lines `moved: OLD-ID -> ID` before the first clause say where comments on a clause that is gone \
        belong. A file that ends in .json has `{\"clauses\": [{\"id\", \"number\", \"text\": {\"en\", \"ar\"}}], \
        \"moves\": [{\"from\", \"to\"}]}`.")]
    Publish {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Enrol a person (intake service)
    Enrol(EnrolArgs),
    /// Change a person's key, category or verification (intake service)
    Change(ChangeArgs),
    /// Comment: by the participant's own key, or attested by the intake service
    Comment(CommentArgs),
    /// Withdraw an own comment, for good
    Withdraw {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// The comment
        #[arg(value_name = "N")]
        comment: String,
        #[command(flatten)]
        voice: Voice,
    },
    /// Appeal against the hiding of an own comment
    Appeal {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// The comment
        #[arg(value_name = "N")]
        comment: String,
        /// File that says why, for the moderators; - reads it from standard input
        #[arg(long, value_name = "FILE")]
        statement: PathBuf,
        #[command(flatten)]
        voice: Voice,
    },
    /// Answer the questions; the last answers of a person count
    Respond {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// Number of a question and of the options chosen, from 1: 1=2 or 3=1,4
        #[arg(long = "answer", value_name = "Q=N,N", required = true)]
        answers: Vec<String>,
        /// What the intake service keeps of how they were given
        #[arg(long, value_name = "FILE", requires = "person")]
        record: Option<PathBuf>,
        #[command(flatten)]
        voice: Voice,
    },
    /// Hide a comment; replies stay, and its author may appeal (moderator)
    Hide {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// The comment
        #[arg(value_name = "N")]
        comment: String,
        /// Why
        #[arg(long, value_enum)]
        reason: HidingReason,
        /// File with an explanation for the author
        #[arg(long, value_name = "FILE")]
        note: Option<PathBuf>,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Make a hidden comment visible again, where it was (moderator)
    Restore {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// The comment
        #[arg(value_name = "N")]
        comment: String,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Decide an appeal (another moderator than the one who hid the comment)
    Decide {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// The comment
        #[arg(value_name = "N")]
        comment: String,
        /// How
        #[arg(value_enum)]
        decision: AppealDecision,
        /// File with an explanation for the author
        #[arg(long, value_name = "FILE")]
        note: Option<PathBuf>,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Answer comments, for everybody to read (owner)
    Answer {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// The comments
        #[arg(long, value_name = "N,N", value_delimiter = ',', required = true)]
        to: Vec<String>,
        /// File with the answer
        #[arg(long, value_name = "FILE")]
        text: PathBuf,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Define a theme that several comments are about (owner)
    Theme {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// Its id, such as fees
        #[arg(value_name = "THEME")]
        theme: String,
        #[command(flatten)]
        names: Names,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Put comments into a theme, or take them out (owner)
    Assign {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// The theme
        #[arg(value_name = "THEME")]
        theme: String,
        /// Comments to put in
        #[arg(
            long,
            value_name = "N,N",
            value_delimiter = ',',
            required_unless_present = "remove"
        )]
        add: Vec<String>,
        /// Comments to take out
        #[arg(long, value_name = "N,N", value_delimiter = ',')]
        remove: Vec<String>,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Publish the "what we heard" report, as a file says (owner)
    #[command(
        long_about = "Publish the \"what we heard\" report, as a file says (owner).\n\n\
        The file is TOML: `report = \"…\"`, its text; then for every theme `[[theme]]` with `id`, `outcome` (accepted, \
        partly-accepted, rejected) and `reason`."
    )]
    Report {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        key: KeyArg,
    },
    /// End the consultation, when the report answers every theme and no appeal is open (owner)
    Archive {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Order that contents be erased, by their commitments (commission). A second person confirms
    Erase {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// Commitments, 64 hexadecimal digits each
        #[arg(value_name = "COMMITMENT", required = true)]
        commitments: Vec<String>,
        /// On what grounds, for the public
        #[arg(long, value_name = "TEXT")]
        basis: String,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Confirm an order to erase (another member of the commission): from then on the contents are gone
    ConfirmErasure {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// The order, as `erase` told it
        #[arg(value_name = "ORDER")]
        order: String,
        #[command(flatten)]
        key: KeyArg,
    },
    /// Publish the moderation log on the ledger
    ModerationLog {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
    },
    /// List the consultations, and where they stand
    List,
    /// Show a consultation: where it stands, its document, threads, moderation, coverage, responses, report
    Show {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// What of it
        #[arg(long, value_enum, default_value_t = View::Summary)]
        view: View,
    },
    /// My participation: own comments, what became of them and why, receipts
    Mine {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// Write the receipts of own comments and responses into this new folder
        #[arg(long, value_name = "DIR")]
        receipts: Option<PathBuf>,
        #[command(flatten)]
        voice: Voice,
    },
    /// Search in what is published, in any spelling: احمد finds أحمد
    Search {
        /// The consultation
        #[arg(value_name = "CONSULTATION")]
        consultation: String,
        /// The words
        #[arg(value_name = "WORDS", required = true)]
        words: Vec<String>,
    },
}
