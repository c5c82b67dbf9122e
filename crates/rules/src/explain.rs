//! The computation of a due date, line by line, for people. Spec: specs/rules.md §6.

use jiff::civil::Date;

use crate::calendar::RestReason;
use crate::clock::{Missed, Status};
use crate::dates::{arabic_both, arabic_date, english_both, english_date};
use crate::foi_pack::{DayUnit, Roll, Start};
use crate::period::{Counting, Run, RunKind};

/// One line of a computation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// The request was received.
    Received {
        /// The day.
        on: Date,
    },
    /// The request came from another body, with its clock.
    TakenOver {
        /// The day.
        on: Date,
        /// The anchor that came with it.
        after: Date,
    },
    /// A clarification was asked for.
    ClarificationAsked {
        /// The day.
        on: Date,
        /// Whether it stopped the clock; not after the due date.
        effective: bool,
    },
    /// The requester clarified.
    ClarificationAnswered {
        /// The day.
        on: Date,
        /// Whether the clock started anew.
        restarts: bool,
    },
    /// A fee was quoted.
    FeeQuoted {
        /// The day.
        on: Date,
        /// Whether it stopped the clock.
        effective: bool,
    },
    /// The fee was paid or waived.
    FeeSettled {
        /// The day.
        on: Date,
    },
    /// An extension was taken.
    Extended {
        /// The day.
        on: Date,
        /// How many days more.
        days: u16,
    },
    /// The request went to another body.
    Transferred {
        /// The day.
        on: Date,
        /// Whether the clock started anew.
        restarts: bool,
    },
    /// How the days are counted.
    Counting {
        /// The anchor: counting begins after this day.
        after: Date,
        /// The allowance.
        days: u32,
        /// How days count.
        counting: Counting,
    },
    /// A run of days.
    Run(Run),
    /// The due date.
    Due {
        /// The last day in time.
        on: Date,
    },
    /// The clock is stopped.
    NoDueDate {
        /// Days still to be counted.
        left: u32,
    },
    /// The due date without extensions.
    OriginalDue {
        /// The day.
        on: Date,
    },
    /// Last day to clarify.
    ClarifyBy {
        /// The day.
        on: Date,
    },
    /// A due date passed without a decision.
    Missed(Missed),
    /// Where the request stands.
    Stands {
        /// The status.
        status: Status,
    },
}

impl Line {
    /// In English.
    #[must_use]
    pub fn english(&self) -> String {
        match self {
            Self::Received { on } => format!("Received on {}.", english_both(*on)),
            Self::TakenOver { on, after } => format!(
                "Received from another body on {}: its clock goes on, counted from {}.",
                english_both(*on),
                english_date(*after)
            ),
            Self::ClarificationAsked { on, effective: true } => {
                format!(
                    "Clarification asked on {}: the clock stops after this day.",
                    english_date(*on)
                )
            }
            Self::ClarificationAsked { on, .. } => format!(
                "Clarification asked on {}, after the due date: the clock is not stopped.",
                english_date(*on)
            ),
            Self::ClarificationAnswered { on, restarts: true } => {
                format!("Clarified on {}: the clock starts anew.", english_date(*on))
            }
            Self::ClarificationAnswered { on, .. } => format!("Clarified on {}.", english_date(*on)),
            Self::FeeQuoted { on, effective: true } => {
                format!(
                    "Fee quoted on {}: the clock stops after this day.",
                    english_date(*on)
                )
            }
            Self::FeeQuoted { on, .. } => {
                format!("Fee quoted on {}: the clock is not stopped.", english_date(*on))
            }
            Self::FeeSettled { on } => format!("Fee paid or waived on {}.", english_date(*on)),
            Self::Extended { on, days } => format!("Extended on {} by {days} days.", english_date(*on)),
            Self::Transferred { on, restarts: true } => {
                format!("Transferred on {}: the clock starts anew.", english_date(*on))
            }
            Self::Transferred { on, .. } => {
                format!("Transferred on {}: the clock goes on.", english_date(*on))
            }
            Self::Counting {
                after,
                days,
                counting,
            } => {
                let unit = match counting.unit {
                    DayUnit::Calendar => "calendar days",
                    DayUnit::Working => "working days",
                };
                let start = match counting.start {
                    Start::NextDay => "the day after",
                    Start::NextWorkingDay => "the first working day after",
                };
                let roll = match counting.roll {
                    Roll::None => "",
                    Roll::NextWorkingDay => "; a last day without work moves to the next working day",
                };
                format!("{days} {unit}, from {start} {}{roll}.", english_date(*after))
            }
            Self::Run(run) => run_english(run),
            Self::Due { on } => format!("Due on {}.", english_both(*on)),
            Self::NoDueDate { left } => format!("The clock is stopped; {left} days are left."),
            Self::OriginalDue { on } => {
                format!("Without extension it would be due on {}.", english_date(*on))
            }
            Self::ClarifyBy { on } => format!("The requester may clarify until {}.", english_date(*on)),
            Self::Missed(missed) => format!(
                "The due date {} passed without a decision; recorded as missed on {}.",
                english_date(missed.due),
                english_date(missed.on)
            ),
            Self::Stands { status } => match status {
                Status::Running => "The clock runs.".into(),
                Status::Paused => "The clock is paused.".into(),
                Status::Overdue => "Overdue.".into(),
                Status::Decided { on, days_late: 0 } => format!("Decided on {}, in time.", english_date(*on)),
                Status::Decided { on, days_late } => {
                    format!("Decided on {}, late by {days_late} days.", english_date(*on))
                }
                Status::Closed { on } => format!("Closed on {}.", english_date(*on)),
                Status::DeemedRefusal { on } => {
                    format!("No answer: deemed refused by law on {}.", english_date(*on))
                }
                Status::Abandoned { on } => {
                    format!("No clarification: closed as abandoned on {}.", english_date(*on))
                }
            },
        }
    }

    /// In Arabic.
    #[must_use]
    pub fn arabic(&self) -> String {
        match self {
            Self::Received { on } => format!("ورد الطلب يوم {}.", arabic_both(*on)),
            Self::TakenOver { on, after } => format!(
                "ورد من جهة أخرى يوم {}: تستمر مدته محسوبة من {}.",
                arabic_both(*on),
                arabic_date(*after)
            ),
            Self::ClarificationAsked { on, effective: true } => {
                format!("طُلب إيضاح يوم {}: تتوقف المدة بعد هذا اليوم.", arabic_date(*on))
            }
            Self::ClarificationAsked { on, .. } => {
                format!(
                    "طُلب إيضاح يوم {} بعد فوات الموعد: لا تتوقف المدة.",
                    arabic_date(*on)
                )
            }
            Self::ClarificationAnswered { on, restarts: true } => {
                format!("ورد الإيضاح يوم {}: تبدأ المدة من جديد.", arabic_date(*on))
            }
            Self::ClarificationAnswered { on, .. } => format!("ورد الإيضاح يوم {}.", arabic_date(*on)),
            Self::FeeQuoted { on, effective: true } => {
                format!("حُدد رسم يوم {}: تتوقف المدة بعد هذا اليوم.", arabic_date(*on))
            }
            Self::FeeQuoted { on, .. } => format!("حُدد رسم يوم {}: لا تتوقف المدة.", arabic_date(*on)),
            Self::FeeSettled { on } => format!("سُدد الرسم أو أُعفي منه يوم {}.", arabic_date(*on)),
            Self::Extended { on, days } => format!("مُددت المدة يوم {} بمقدار {days} يوماً.", arabic_date(*on)),
            Self::Transferred { on, restarts: true } => {
                format!("أُحيل الطلب يوم {}: تبدأ المدة من جديد.", arabic_date(*on))
            }
            Self::Transferred { on, .. } => format!("أُحيل الطلب يوم {}: تستمر المدة.", arabic_date(*on)),
            Self::Counting {
                after,
                days,
                counting,
            } => {
                let unit = match counting.unit {
                    DayUnit::Calendar => "أيام تقويمية",
                    DayUnit::Working => "أيام عمل",
                };
                let start = match counting.start {
                    Start::NextDay => "من اليوم التالي ليوم",
                    Start::NextWorkingDay => "من أول يوم عمل بعد يوم",
                };
                let roll = match counting.roll {
                    Roll::None => "",
                    Roll::NextWorkingDay => "؛ وإذا صادف اليوم الأخير عطلة انتقل إلى يوم العمل التالي",
                };
                format!("المدة {days} ({unit}) {start} {}{roll}.", arabic_date(*after))
            }
            Self::Run(run) => run_arabic(run),
            Self::Due { on } => format!("الموعد الأخير {}.", arabic_both(*on)),
            Self::NoDueDate { left } => format!("المدة متوقفة؛ الأيام الباقية {left}."),
            Self::OriginalDue { on } => format!("الموعد دون تمديد {}.", arabic_date(*on)),
            Self::ClarifyBy { on } => format!("لمقدم الطلب أن يقدم الإيضاح حتى {}.", arabic_date(*on)),
            Self::Missed(missed) => format!(
                "فات الموعد {} دون قرار؛ سُجل ذلك يوم {}.",
                arabic_date(missed.due),
                arabic_date(missed.on)
            ),
            Self::Stands { status } => match status {
                Status::Running => "المدة جارية.".into(),
                Status::Paused => "المدة متوقفة.".into(),
                Status::Overdue => "تجاوز الموعد.".into(),
                Status::Decided { on, days_late: 0 } => {
                    format!("صدر القرار يوم {} في الموعد.", arabic_date(*on))
                }
                Status::Decided { on, days_late } => {
                    format!("صدر القرار يوم {}، متأخراً {days_late} يوماً.", arabic_date(*on))
                }
                Status::Closed { on } => format!("أُغلق الطلب يوم {}.", arabic_date(*on)),
                Status::DeemedRefusal { on } => {
                    format!("لم يصدر رد: يعد مرفوضاً بحكم القانون يوم {}.", arabic_date(*on))
                }
                Status::Abandoned { on } => {
                    format!("لم يرد إيضاح: أُغلق الطلب لتركه يوم {}.", arabic_date(*on))
                }
            },
        }
    }
}

fn run_english(run: &Run) -> String {
    let days = if run.first == run.last {
        english_date(run.first)
    } else {
        format!("{} to {}", english_date(run.first), english_date(run.last))
    };
    match &run.kind {
        RunKind::Counted(a, b) if a == b => format!("{days}: day {a}."),
        RunKind::Counted(a, b) => format!("{days}: days {a} to {b}."),
        RunKind::Rest(reason) => format!("{days}: {}, not counted.", reason_english(reason)),
        RunKind::Paused => format!("{days}: clock stopped, not counted."),
        RunKind::Rolled(reason) => format!("{days}: {}, the last day moves on.", reason_english(reason)),
    }
}

fn run_arabic(run: &Run) -> String {
    let days = if run.first == run.last {
        arabic_date(run.first)
    } else {
        format!("من {} إلى {}", arabic_date(run.first), arabic_date(run.last))
    };
    match &run.kind {
        RunKind::Counted(a, b) if a == b => format!("{days}: اليوم رقم {a}."),
        RunKind::Counted(a, b) => format!("{days}: الأيام من {a} إلى {b}."),
        RunKind::Rest(reason) => format!("{days}: {}، لا يحتسب.", reason_arabic(reason)),
        RunKind::Paused => format!("{days}: المدة متوقفة، لا يحتسب."),
        RunKind::Rolled(reason) => format!("{days}: {}، ينتقل اليوم الأخير.", reason_arabic(reason)),
    }
}

fn reason_english(reason: &RestReason) -> String {
    match reason {
        RestReason::Weekly => "weekly rest".into(),
        RestReason::Holiday { seq, estimate, name } => {
            let sure = if *estimate {
                "estimated, may move"
            } else {
                "announced"
            };
            format!("holiday {} (fact {seq}, {sure})", name.en)
        }
    }
}

fn reason_arabic(reason: &RestReason) -> String {
    match reason {
        RestReason::Weekly => "راحة أسبوعية".into(),
        RestReason::Holiday { seq, estimate, name } => {
            let sure = if *estimate {
                "تقديري وقد يتغير"
            } else {
                "معلن"
            };
            let name = if name.ar.is_empty() { &name.en } else { &name.ar };
            format!("عطلة {name} (الإعلان {seq}، {sure})")
        }
    }
}
