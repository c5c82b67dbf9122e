//! What citizens read when something is refused: in both languages, with their text kept for them.

use std::path::Path;

use sijill_engine::SubmitError;
use sijill_registers::consultation::ConsultationRejection as Refusal;
use sijill_registers::consultation::text::TextError;
use sijill_registers::register::Rejection;
use sijill_rules::{arabic_both, numbered_day};

use crate::error::Failure;

/// A refusal of something that a citizen sent.
pub(super) fn refused(error: SubmitError) -> Failure {
    let arabic = arabic(&error);
    let failure = match &error {
        SubmitError::Rejected(rejection @ Rejection::Author { .. }) => Failure::refused(
            format!(
                "this key is not enrolled in the consultation [{}]",
                rejection.code()
            ),
            "enrol it at the intake service, or give the key file that you enrolled with",
        )
        .code(rejection.code()),
        _ => Failure::from(error),
    };
    match arabic {
        Some(text) => failure.in_arabic(text),
        None => failure,
    }
}

fn arabic(error: &SubmitError) -> Option<String> {
    let date = |day: u32| numbered_day(day).map(arabic_both);
    let SubmitError::Rejected(rejection) = error else {
        return None;
    };
    Some(match rejection {
        Rejection::Author { .. } => {
            "هذا المفتاح غير مسجَّل في هذه المشاورة؛ سجّله أولًا لدى مكتب الاستقبال.".into()
        }
        Rejection::Consultation(refusal) => match refusal {
            Refusal::TooLate { last } => {
                format!("أُغلقت المشاورة في نهاية يوم {}، ولا يُقبل شيء بعدها.", date(*last)?)
            }
            Refusal::TooEarly { first } => {
                format!("تُفتح المشاورة يوم {}؛ أرسل مشاركتك عندئذ.", date(*first)?)
            }
            Refusal::Eligibility { .. } => "هذه المشاورة غير مفتوحة لفئتك، أو لم يُتحقَّق من هويتك بعد.".into(),
            Refusal::Participant(_) => {
                "هذا الشخص غير مسجَّل في هذه المشاورة، أو له مفتاح يوقّع به بنفسه.".into()
            }
            Refusal::Clause(_) => {
                "ليست هذه المادة أو هذه الكلمات في آخر إصدار من الوثيقة؛ اقرأه ثم أرسل تعليقك من جديد.".into()
            }
            Refusal::Comment(_) => "لا يمكن الرد على هذا التعليق أو سحبه.".into(),
            Refusal::Moderation(_) => "لا يمكن التظلم بشأن هذا التعليق الآن.".into(),
            Refusal::Response(_) => "لا توافق الإجابات أسئلة المشاورة؛ صحّحها ثم أرسلها من جديد.".into(),
            Refusal::Order { .. } => "لم تبدأ المشاورة بعد، أو انتهت وأُرشفت.".into(),
            _ => return None,
        },
        _ => return None,
    })
}

/// A text that is none. `what` names it: a file, or the text of a clause.
pub(super) fn bad_text(what: &str, error: &TextError) -> Failure {
    let arabic = match error {
        TextError::Empty => "النص فارغ؛ اكتب شيئًا.".to_owned(),
        TextError::TooLong { found, limit } => {
            format!("طول النص {found} بايت، والحد الأقصى {limit}؛ اختصره.")
        }
        TextError::Character { code_point, at } => {
            format!("في النص حرف غير مرئي (U+{code_point:04X}) عند البايت {at}؛ احذفه.")
        }
        _ => "ليس النص بترميز UTF-8؛ احفظه بهذا الترميز.".to_owned(),
    };
    let help = match error {
        TextError::Character { .. } => {
            "remove the character and send the text again; right-to-left text needs no marks to be read"
        }
        TextError::TooLong { .. } => "shorten it, or send it as several comments",
        TextError::NotUtf8 => "save it as UTF-8 and try again",
        _ => "write what you want to say, and send it again",
    };
    Failure::refused(format!("{what}: {error}"), help)
        .code("opening.form")
        .in_arabic(arabic)
}

/// Where the text of somebody who was refused is kept for them.
pub(super) fn kept(failure: Failure, path: &Path) -> Failure {
    failure.also(
        &format!("the text is kept in {}", path.display()),
        &format!("نصّك محفوظ في {}.", path.display()),
    )
}
