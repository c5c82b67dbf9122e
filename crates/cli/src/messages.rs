//! What voters and officers read at a polling station: each code in English and Arabic, with the rule.
//!
//! One table, sorted by code. A failure that has a line here is shown with it, below what the program found and advises;
//! with `--json` as `message`. Spec: specs/operations.md §10.7.

use serde::Serialize;

/// What somebody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Message {
    #[serde(skip)]
    code: &'static str,
    pub(crate) en: &'static str,
    pub(crate) ar: &'static str,
    /// Where the rule stands.
    pub(crate) rule: &'static str,
}

/// The message of a code.
pub(crate) fn of(code: &str) -> Option<&'static Message> {
    let at = TABLE.binary_search_by(|message| message.code.cmp(code));
    at.ok().map(|i| &TABLE[i])
}

const fn line(code: &'static str, en: &'static str, ar: &'static str, rule: &'static str) -> Message {
    Message { code, en, ar, rule }
}

#[rustfmt::skip]
const TABLE: &[Message] = &[
    line("election.certification",
        "The results cannot be certified yet: something is open, such as papers that do not add up, a tie or an objection. They are certified only when the number of members that the rules ask for has signed.",
        "لا يمكن اعتماد النتائج بعد: ما زال هناك أمر لم يُحسم، مثل أوراق لا يتطابق عددها أو تعادل أو اعتراض. ولا تُعتمد إلا بتوقيع العدد الذي تشترطه القواعد من أعضاء اللجنة.",
        "election.md §4.11, outcome.md §7, station.md §9.4"),
    line("key.altered",
        "This key file cannot be used: it was altered or damaged. Use the original file, or ask the commission to name a new key.",
        "لا يمكن استخدام ملف المفتاح هذا: لقد تغيّر أو تلف. استخدم الملف الأصلي أو اطلب من اللجنة تسمية مفتاح جديد.",
        "operations.md §3"),
    line("key.form",
        "This is no key file. Choose the officer's key file.",
        "هذا ليس ملف مفتاح. اختر ملف مفتاح الموظف.",
        "operations.md §3"),
    line("notice.superseded",
        "You voted digitally, and a paper was handed out in your name at a polling station. The paper counts; the digital ballot is excluded, and nobody learns what it says. If you did not get that paper, say so to the registrar before the ballot box is sealed.",
        "لقد صوّت رقميًا، وسُلّمت ورقة باسمك في مركز اقتراع. تُحتسب الورقة ويُستبعد الصوت الرقمي ولا يطّلع أحد على مضمونه. إن لم تتسلم تلك الورقة فأبلغ المسجّل قبل ختم صندوق الاقتراع.",
        "station.md §7.4, §8.1"),
    line("officer.absent",
        "This officer is not at this desk.",
        "هذا الموظف غير موجود على هذا المكتب.",
        "station.md §4.3"),
    line("officer.revoked",
        "This officer's appointment was revoked: the key may not act at this station any more.",
        "أُلغي تكليف هذا الموظف، ولم يعد يحق لمفتاحه العمل في هذا المركز.",
        "station.md §1.5, §4.3"),
    line("officer.unknown",
        "This key is not that of an officer of this station.",
        "هذا المفتاح ليس لموظف في هذا المركز.",
        "station.md §1.4, §4.4"),
    line("person.identifier",
        "The number is not written as it must be. Read it again from the document; Arabic-Indic digits are fine.",
        "الرقم غير مكتوب كما يجب. اقرأه مرة أخرى من الوثيقة؛ الأرقام العربية (٠ إلى ٩) مقبولة.",
        "operations.md §10.5"),
    line("person.listed",
        "This person is on the list of this station and gets an ordinary paper, not an envelope.",
        "هذا الشخص مدرج في قائمة هذا المركز، ويتسلم ورقة عادية لا مظروفًا.",
        "station.md §4.5"),
    line("person.qid",
        "A QID has 11 digits. Read it again from the card; Arabic-Indic digits are fine.",
        "الرقم الشخصي مكوّن من ١١ رقمًا. اقرأه مرة أخرى من البطاقة؛ الأرقام العربية (٠ إلى ٩) مقبولة.",
        "operations.md §10.5, station.md §11.3"),
    line("person.unlisted",
        "You are not on the list of this station. Go to your own station; or vote here in a numbered envelope, and the commission decides whether it counts.",
        "لست مدرجًا في قائمة هذا المركز. توجّه إلى مركزك، أو صوّت هنا في مظروف مرقّم، وتقرر اللجنة هل يُحتسب.",
        "station.md §4.5, §7.5"),
    line("received.checkpoint",
        "The station's file is not signed by the station's key. Keep it, and call the commission.",
        "ملف المركز غير موقّع بمفتاح المركز. احتفظ به واتصل باللجنة.",
        "station.md §11.2"),
    line("received.content",
        "The station's file is incomplete: a document is missing. Copy it again from the station's machine.",
        "ملف المركز ناقص: تنقصه وثيقة. انسخه مرة أخرى من جهاز المركز.",
        "station.md §11.2"),
    line("received.damaged",
        "The station's file is cut off, or was changed on the way. Copy it again from the station's machine; nothing was changed here.",
        "ملف المركز مبتور أو تغيّر في الطريق. انسخه مرة أخرى من جهاز المركز؛ لم يتغيّر هنا شيء.",
        "station.md §11.2"),
    line("received.entries",
        "The entries of the station's file are not those that were signed. Keep it, and call the commission.",
        "قيود ملف المركز ليست القيود الموقّعة. احتفظ به واتصل باللجنة.",
        "station.md §11.2"),
    line("received.entry",
        "An entry of the station's file is malformed or not signed. Keep it, and call the commission.",
        "أحد قيود ملف المركز غير سليم أو غير موقّع. احتفظ به واتصل باللجنة.",
        "station.md §11.2"),
    line("received.fork",
        "There are two different histories of this station, both signed. Keep both files, and call the commission.",
        "يوجد سجلان مختلفان لهذا المركز وكلاهما موقّع. احتفظ بالملفين واتصل باللجنة.",
        "station.md §11.2"),
    line("received.older",
        "The centre already has a newer book of this station. Nothing was changed.",
        "لدى المقر الرئيسي سجل أحدث لهذا المركز. لم يتغيّر شيء.",
        "station.md §11.2"),
    line("received.own",
        "This ledger is written here; nobody brings it in.",
        "هذا السجل يُكتب هنا ولا يُجلب من الخارج.",
        "station.md §11.2"),
    line("received.refs",
        "The station's book rests on a state of another ledger that the centre does not know.",
        "يستند سجل المركز إلى حالة لسجل آخر لا يعرفها المقر الرئيسي.",
        "station.md §11.2"),
    line("received.rule",
        "The station's book has an entry against the rules. Keep the file, and call the commission.",
        "في سجل المركز قيد مخالف للقواعد. احتفظ بالملف واتصل باللجنة.",
        "station.md §11.2"),
    line("received.stranger",
        "This file is not of a polling station of this event.",
        "هذا الملف ليس لمركز اقتراع في هذه الانتخابات.",
        "station.md §11.2"),
    line("received.truncated",
        "The station's file is cut off: its last entries are missing. Copy it again from the station's machine; nothing was changed here.",
        "ملف المركز مبتور: تنقصه القيود الأخيرة. انسخه مرة أخرى من جهاز المركز؛ لم يتغيّر هنا شيء.",
        "station.md §11.2"),
    line("roll.objection",
        "This objection cannot be filed or decided now. After the last day of the window objections are not accepted; the next remedy is in the law that the rule pack names.",
        "لا يمكن تقديم هذا الاعتراض أو الفصل فيه الآن. لا تُقبل الاعتراضات بعد اليوم الأخير من المدة؛ والطريق التالي مبيّن في القانون المذكور في القواعد.",
        "roll.md §5"),
    line("station.check-in",
        "This person cannot be checked in or served now: see what the officer's screen says.",
        "لا يمكن تسجيل حضور هذا الشخص أو خدمته الآن: انظر ما تبيّنه شاشة الموظف.",
        "station.md §4.5"),
    line("station.counts",
        "The numbers of the closing protocol are not those of the book. Count again.",
        "أرقام محضر الإغلاق ليست أرقام السجل. أعد العد.",
        "station.md §6"),
    line("station.decided",
        "This paper cannot be disputed or decided now: it was already, or it needs no decision.",
        "لا يمكن الاعتراض على هذه الورقة أو الفصل فيها الآن: سبق ذلك، أو لا حاجة إليه.",
        "station.md §7"),
    line("station.defined",
        "What this station or officer claims is not what the public ledger says.",
        "ما يذكره هذا المركز أو الموظف ليس ما في السجل العام.",
        "station.md §1, §4.4"),
    line("station.duty",
        "This officer is not on duty, or too few officers are. Begin the duty first.",
        "هذا الموظف ليس في الخدمة، أو أن عدد الموظفين في الخدمة أقل من المطلوب. ابدأ الخدمة أولًا.",
        "station.md §4.3, §4.4"),
    line("station.exclusions",
        "The digital ballots of paper voters cannot be excluded yet: a book is missing, or a paper is not decided.",
        "لا يمكن بعدُ استبعاد الأصوات الرقمية لمن صوّت ورقيًا: ينقص سجل مركز، أو لم يُفصل في ورقة.",
        "station.md §8"),
    line("station.final",
        "The book of this station is not final: the chair and two members must sign its last state.",
        "سجل هذا المركز ليس نهائيًا: يجب أن يوقّع الرئيس وعضوان حالته الأخيرة.",
        "station.md §2.2"),
    line("station.guests",
        "It is not known who this guest is. An envelope counts only for somebody on the roll.",
        "لا يُعرف من هو هذا الضيف. لا يُحتسب المظروف إلا لشخص مقيّد في الجدول.",
        "station.md §7.5, §11.4"),
    line("station.look-up",
        "You cannot be given a paper: the first vote is final, and the centre must first say that you have not voted digitally.",
        "لا يمكن تسليمك ورقة: الصوت الأول نهائي، ويجب أن يؤكد المقر الرئيسي أولًا أنك لم تصوّت رقميًا.",
        "station.md §5.5, §11.5"),
    line("station.lost",
        "The book of this station was given up, or cannot be given up.",
        "أُعلن فقدان سجل هذا المركز، أو لا يجوز إعلان فقدانه.",
        "station.md §2.3"),
    line("station.order",
        "This is not possible now: the station is not open yet, or it is closed.",
        "هذا غير ممكن الآن: المركز لم يُفتح بعد أو أُغلق.",
        "station.md §4.2"),
    line("station.paper",
        "No paper can be handed out or spoilt for this person now. Each voter has one paper; only a spoilt one is replaced; two officers sign where a digital ballot may be excluded.",
        "لا يمكن تسليم ورقة لهذا الشخص أو إتلافها الآن. لكل ناخب ورقة واحدة، ولا تُستبدل إلا التالفة، ويوقّع موظفان حيث قد يُستبعد صوت رقمي.",
        "station.md §5"),
    line("station.return",
        "This return is not possible: see which number or station is named.",
        "هذا المحضر غير ممكن: انظر الرقم أو المركز المذكور.",
        "station.md §9.1"),
    line("station.sum",
        "The return does not add up: valid, invalid and spoilt papers are not those that were issued. Count again; a difference that stays is published and must be explained before certification.",
        "المحضر لا يتطابق: مجموع الأوراق الصحيحة والباطلة والتالفة ليس عدد الأوراق المسلّمة. أعد العد؛ والفرق الذي يبقى يُنشر ويجب تفسيره قبل الاعتماد.",
        "station.md §9"),
    line("station.voters",
        "The list of voters is not that of this station.",
        "قائمة الناخبين ليست قائمة هذا المركز.",
        "station.md §3"),
    line("station.window",
        "It is not the time for this, or the clock of this machine is wrong. Check date, time and time zone.",
        "ليس هذا وقت هذا الإجراء، أو أن ساعة هذا الجهاز غير مضبوطة. تحقق من التاريخ والوقت والمنطقة الزمنية.",
        "station.md §4.4, §4.5"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn is_arabic(c: char) -> bool {
        ('\u{0600}'..='\u{06FF}').contains(&c)
    }

    #[test]
    fn every_line_is_found_in_both_languages_with_its_rule() {
        assert!(TABLE.is_sorted_by(|a, b| a.code < b.code));
        for message in TABLE {
            assert_eq!(of(message.code), Some(message));
            assert!(!message.en.chars().any(is_arabic), "{}", message.code);
            assert!(message.ar.chars().any(is_arabic), "{}", message.code);
            // No Latin letter in a line that runs from right to left, and nothing that steers direction.
            assert!(
                !message.ar.chars().any(|c| c.is_ascii_alphabetic()),
                "{}",
                message.code
            );
            assert_eq!(crate::render::escape(message.ar), message.ar);
            assert!(message.rule.contains(".md §"), "{}", message.code);
        }
        assert_eq!(of("usage"), None);
    }

    #[test]
    fn every_refusal_of_a_station_and_of_its_file_has_a_line() {
        for code in [
            "check-in",
            "counts",
            "decided",
            "defined",
            "duty",
            "exclusions",
            "final",
            "look-up",
            "lost",
            "order",
            "paper",
            "return",
            "voters",
            "window",
        ] {
            assert!(of(&format!("station.{code}")).is_some(), "{code}");
        }
        for code in [
            "damaged",
            "stranger",
            "checkpoint",
            "own",
            "truncated",
            "entries",
            "fork",
            "older",
            "content",
            "refs",
            "rule",
            "entry",
        ] {
            assert!(of(&format!("received.{code}")).is_some(), "{code}");
        }
    }
}
