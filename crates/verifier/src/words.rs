//! Plain words for reports, in English and Arabic.
//!
//! Every check has an Arabic title beside the English one of [`crate::check::Check`]. Reasons and details are free text and stay English.

use crate::report::{CheckVerdict, ElectedBy, LostRule, Profile, Stage, StationState, Verdict};

/// A language of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Arabic,
}

impl Language {
    /// The text in this language.
    pub(crate) fn of<'a>(self, english: &'a str, arabic: &'a str) -> &'a str {
        match self {
            Language::English => english,
            Language::Arabic => arabic,
        }
    }
}

/// A section of specs/verification.md.
pub(crate) struct Group {
    /// What the numbers of its checks begin with.
    pub(crate) prefix: &'static str,
    pub(crate) title: (&'static str, &'static str),
    /// What it says if nothing is left out.
    pub(crate) says: (&'static str, &'static str),
}

/// The sections in their order.
pub(crate) const GROUPS: [Group; 12] = [
    Group {
        prefix: "2.",
        title: ("Folder and trust", "المجلد وأساس الثقة"),
        says: (
            "The folder is complete, has nothing in it that does not belong there, and its ledgers are those of the trust file.",
            "المجلد كامل وليس فيه ما لا ينتمي إليه، وسجلاته هي السجلات المذكورة في ملف الثقة.",
        ),
    },
    Group {
        prefix: "3.",
        title: ("Ledgers", "السجلات"),
        says: (
            "No entry was removed, inserted or changed; each is signed by somebody who held the role for it.",
            "لم يُحذف أي قيد ولم يُدرج ولم يُغيَّر، وكل قيد موقّع ممن يملك صلاحيته.",
        ),
    },
    Group {
        prefix: "4.",
        title: ("Electoral roll", "جدول الناخبين"),
        says: (
            "Whoever stands on the roll was found eligible first, and nobody stands on it twice; objections took their course before it was frozen, and the credential lists were made from it.",
            "كل من ورد في جدول الناخبين ثبتت أهليته أولًا، ولا يرد فيه أحد مرتين، واستوفت الاعتراضات مسارها قبل تجميده، وقوائم الاعتماد مأخوذة منه.",
        ),
    },
    Group {
        prefix: "5.",
        title: ("Election and trustees", "الانتخاب والأمناء"),
        says: (
            "The election took its ordered course; the election key is the trustees'; results follow from the encrypted sums and the trustees' shares, who is elected from the results and the adopted rules, and published pages from the ledgers.",
            "سار الانتخاب وفق ترتيبه المقرر، ومفتاح الانتخاب هو مفتاح الأمناء، والنتائج ناتجة عن المجاميع المشفّرة وحصص الأمناء، والفائزون ناتجون عن النتائج والقواعد المعتمدة، وما نُشر ناتج عن السجلات.",
        ),
    },
    Group {
        prefix: "6.",
        title: ("Ballot boxes", "صناديق الاقتراع"),
        says: (
            "Every ballot is well formed, by a listed credential and in time; exactly the ballots that should count were counted, once for each voter.",
            "كل ورقة اقتراع سليمة الشكل وصادرة عن اعتماد مدرج وفي موعدها، ولم يُحتسب إلا ما يجب احتسابه، مرة واحدة لكل ناخب.",
        ),
    },
    Group {
        prefix: "7.",
        title: ("Receipts", "الإيصالات"),
        says: (
            "Each receipt proves that its entry stands in a ledger of the trust file.",
            "يثبت كل إيصال أن قيده مدرج في سجل من سجلات ملف الثقة.",
        ),
    },
    Group {
        prefix: "9.",
        title: ("Archive", "الأرشيف"),
        says: (
            "The archive is whole; every ballot that counts is by a listed credential, once for each; what was decrypted is their sum.",
            "الأرشيف كامل، وكل ورقة محتسبة صادرة عن اعتماد مدرج مرة واحدة، وما فُكّ تشفيره هو مجموعها.",
        ),
    },
    Group {
        prefix: "13.",
        title: ("Watching", "المراقبة"),
        says: (
            "What is published now continues what was published before.",
            "ما هو منشور الآن امتداد لما نُشر من قبل.",
        ),
    },
    Group {
        prefix: "14.",
        title: ("Calendar and registers", "التقويم والسجلات"),
        says: (
            "Every register that the calendar lists is here; days were closed in order, knowing every holiday that was declared by then; what is published opens its commitments, and nothing closed or erased is here.",
            "كل سجل مدرج في التقويم موجود، وأُغلقت الأيام بالترتيب وبعلم كل عطلة أُعلنت حتى حينها، وكل ما نُشر يفتح التزامه، ولا يوجد هنا ما هو مغلق أو ممحو.",
        ),
    },
    Group {
        prefix: "15.",
        title: ("Freedom of information", "حرية المعلومات"),
        says: (
            "Every request took the course of the adopted rules; missed due dates and refusals by silence are on record, exactly those, and grievances were decided by others than those who had acted.",
            "سار كل طلب وفق القواعد المعتمدة، والمواعيد الفائتة وحالات الرفض بالسكوت مسجّلة بالضبط، وبتّ في التظلمات غير من عمل على الطلبات.",
        ),
    },
    Group {
        prefix: "16.",
        title: ("Consultations", "الاستشارات العامة"),
        says: (
            "Every comment and response is by an admitted person, who has one voice, and in time; what was hidden was hidden for a stated reason, and appeals were decided by another moderator; the report answers every theme and leaves out no comment that counts.",
            "كل تعليق وكل إجابة صادر عن مشارك مقبول له صوت واحد وفي الموعد، وما أُخفي أُخفي لسبب معلن وبتّ في الاعتراض عليه مشرف آخر، والتقرير يجيب عن كل محور ولا يُسقط تعليقًا محتسبًا.",
        ),
    },
    Group {
        prefix: "20.",
        title: ("Polling stations", "مراكز الاقتراع"),
        says: (
            "Papers were issued by officers on duty to those who were checked in, once for each; digital ballots of exactly those whose papers count are excluded, and the returns follow from the signed books.",
            "سُلّمت الأوراق من مسؤولين مناوبين لمن سُجّل حضورهم، مرة واحدة لكل ناخب، ولم تُستبعد إلا الأوراق الرقمية لمن تُحتسب أوراقهم، والمحاضر ناتجة عن الدفاتر الموقّعة.",
        ),
    },
];

pub(crate) fn verdict(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Verified => ("Verified", "تم التحقق"),
        Verdict::SelfConsistent => (
            "Consistent in itself, not authenticated",
            "متسق في ذاته وغير موثّق المصدر",
        ),
        Verdict::NotVerified => ("Not verified", "لم يتم التحقق"),
        Verdict::Unsupported => (
            "Not verified: unsupported input",
            "لم يتم التحقق: مدخلات غير مدعومة",
        ),
    }
}

/// What a verdict means for the reader.
pub(crate) fn meaning(verdict: Verdict, left_out: bool) -> (&'static str, &'static str) {
    match (verdict, left_out) {
        (Verdict::Verified, false) => (
            "Everything that was to be established follows from the published files and the trust file.",
            "كل ما يلزم إثباته ناتج عن الملفات المنشورة وملف الثقة.",
        ),
        (Verdict::Verified, true) => (
            "Everything that this profile can establish follows from the published files and the trust file. What it cannot is listed below.",
            "كل ما يمكن إثباته في هذا النطاق ناتج عن الملفات المنشورة وملف الثقة. وما لا يمكن إثباته مذكور أدناه.",
        ),
        (Verdict::SelfConsistent, _) => (
            "No trust file was given: anyone could have made this folder. Do not rely on the numbers below.",
            "لم يُقدَّم ملف ثقة، فكان بإمكان أي شخص إعداد هذا المجلد. لا يُعتمد على الأرقام أدناه.",
        ),
        (Verdict::NotVerified, _) => (
            "Something is wrong or could not be established. It is listed below with what to do about it.",
            "ثمة خطأ أو أمر تعذّر إثباته، وهو مذكور أدناه مع ما ينبغي فعله.",
        ),
        (Verdict::Unsupported, _) => (
            "The files use a format or suite that this version of the verifier does not know.",
            "تستخدم الملفات صيغة أو مجموعة تشفير لا يعرفها هذا الإصدار من أداة التحقق.",
        ),
    }
}

pub(crate) fn check_verdict(verdict: CheckVerdict) -> (&'static str, &'static str) {
    match verdict {
        CheckVerdict::Pass => ("pass", "اجتاز"),
        CheckVerdict::Fail => ("FAIL", "فشل"),
        CheckVerdict::NotEstablished => ("not established", "لم يثبت"),
        CheckVerdict::Empty => ("nothing to check", "لا شيء للفحص"),
    }
}

pub(crate) fn profile(profile: Profile) -> (&'static str, &'static str) {
    match profile {
        Profile::Public => ("public: what everyone may read", "عام: ما يتاح للجميع قراءته"),
        Profile::Accredited => (
            "accredited: all ledgers of the event",
            "معتمد: جميع سجلات الاستحقاق",
        ),
    }
}

pub(crate) fn stage(stage: Option<Stage>) -> (&'static str, &'static str) {
    match stage {
        None => ("not defined", "غير معرّف"),
        Some(Stage::Announced) => ("announced", "أُعلن"),
        Some(Stage::Defined) => ("defined", "عُرّف"),
        Some(Stage::Prepared) => ("prepared", "أُعدّ"),
        Some(Stage::Open) => ("open", "مفتوح"),
        Some(Stage::Closed) => ("closed", "مغلق"),
        Some(Stage::Sealed) => ("sealed", "مختوم"),
        Some(Stage::Anchored) => ("anchored", "مثبّت"),
        Some(Stage::Result) => ("result", "أُعلنت النتيجة"),
        Some(Stage::Published) => ("published", "منشور"),
        Some(Stage::Certified) => ("certified", "مصادق عليه"),
    }
}

pub(crate) fn station_state(state: StationState, lost: Option<LostRule>) -> (&'static str, &'static str) {
    match (state, lost) {
        (StationState::Defined, _) => ("nothing of the book has come yet", "لم يصل شيء من الدفتر بعد"),
        (StationState::Anchored, _) => ("a part of the book has come", "وصل جزء من الدفتر"),
        (StationState::Final, _) => (
            "the book is final, signed by chair and members",
            "الدفتر نهائي موقّع من الرئيس والأعضاء",
        ),
        (StationState::Lost, Some(LostRule::VoidDigital)) => (
            "the book is lost: its urn is counted, digital ballots of its voters are not",
            "الدفتر مفقود: يُحتسب صندوقه الورقي ولا تُحتسب الأوراق الرقمية لناخبيه",
        ),
        (StationState::Lost, _) => (
            "the book is lost: no paper of it counts",
            "الدفتر مفقود: لا تُحتسب أوراقه",
        ),
    }
}

pub(crate) fn elected_by(by: ElectedBy) -> (&'static str, &'static str) {
    match by {
        ElectedBy::Votes => ("by votes", "بعدد الأصوات"),
        ElectedBy::Unopposed => ("unopposed", "بالتزكية"),
        ElectedBy::CastingVote => ("by casting vote", "بالصوت المرجّح"),
        ElectedBy::Lots => ("by lots", "بالقرعة"),
    }
}

/// State of the report of a consultation.
pub(crate) fn report_state(state: &str) -> (&'static str, &'static str) {
    match state {
        "published" => ("published in time", "منشور في موعده"),
        "late" => ("published late", "منشور متأخرًا"),
        "overdue" => ("OVERDUE", "متأخر ولم يُنشر"),
        _ => ("not due yet", "لم يحن موعده"),
    }
}

/// A reason in Arabic, if it is one of those that every run of a profile has.
pub(crate) fn arabic_reason(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "the roll is a restricted ledger" => "جدول الناخبين سجل مقيّد الاطلاع",
        "that the lists are those of the frozen roll, which is a restricted ledger" => {
            "كون القوائم هي قوائم جدول الناخبين المجمّد، وهو سجل مقيّد الاطلاع"
        }
        "books of stations and the roll are restricted ledgers" => {
            "دفاتر المراكز وجدول الناخبين سجلات مقيّدة الاطلاع"
        }
        "that the roll has the same rule pack and polling day: the roll is a restricted ledger" => {
            "كون جدول الناخبين بنظام القواعد ويوم الاقتراع نفسيهما، وهو سجل مقيّد الاطلاع"
        }
        "that the roll has the same rule pack and polling day: the roll is not defined" => {
            "كون جدول الناخبين بنظام القواعد ويوم الاقتراع نفسيهما، والجدول لم يُعرّف بعد"
        }
        "no trust file was given" => "لم يُقدَّم ملف ثقة",
        "restricted ledgers of the trust file" => "السجلات المقيّدة المذكورة في ملف الثقة",
        "contents lie outside the folder of a ledger" => "المحتويات خارج مجلد السجل",
        _ => return None,
    })
}

/// What a pass of a check says, in Arabic.
pub(crate) fn arabic_title(number: &str) -> Option<&'static str> {
    Some(match number {
        "2.1" => "في المجلد ملفات سجلاته بالضبط",
        "2.2" => "ملف الثقة يسمّي سجل الانتخاب",
        "2.3" => "كل سجل موثوق موجود بمعرّفه ونوعه ومنشئه ومفتاحه",
        "2.4" => "نقاط التحقق المعروفة جزء من السجلات",
        "2.5" => "لا يوجد سجل مقيّد في مجلد عام",
        "2.6" => "كل محتوى مستشهد به موجود ولا شيء سواه",
        "2.7" => "السجلات امتداد لما في التقرير السابق",
        "3.1" => "نقاط التحقق بصيغتها القياسية وموقّعة بمفتاح السجل",
        "3.2" => "الشرائح والحزم ناتجة عن القيود، والجذر هو جذر نقطة التحقق",
        "3.3" => "القيود ومتونها وحمولاتها بصيغتها القياسية",
        "3.4" => "قيد التأسيس سليم ويعطي السجل معرّفه",
        "3.5" => "القيود مرقّمة بلا انقطاع ومتسلسلة بالتجزئة",
        "3.6" => "الأوقات تحفظ ترتيبها وحدودها",
        "3.7" => "كل متن موقّع من كاتبه",
        "3.8" => "كل متن يسمّي هذا السجل",
        "3.9" => "لا يستخدم كاتب رقمًا فريدًا مرتين",
        "3.10" => "وقّع المسؤولون على ما اطّلعوا عليه وحديثًا",
        "3.11" => "الإحالات وفق الفهرس وتتفق مع السجلات المحال إليها",
        "3.12" => "أنواع الأحداث وإصداراتها معروفة وتنتمي إلى السجل",
        "3.13" => "يملك الكتّاب الدور اللازم في ذلك الموضع",
        "3.14" => "المنح والسحب وفق القواعد",
        "3.15" => "لمتون الخدمة الأرقام والأوقات والمشاهدات المقررة",
        "4.1" => "جدول الناخبين يتبع ترتيب حالاته",
        "4.2" => "لا يرد ناخب ولا التزام مرتين في الجدول",
        "4.3" => "للتجميد الدوائر والأعداد الصحيحة",
        "4.4" => "قوائم اعتماد الجدول قياسية وكاملة",
        "4.5" => "يحكم الجدول نظام قواعد الاستحقاق، ومنه تنتج أيامه",
        "4.6" => "القيد والتصحيح يستندان إلى فحص أثبت الأهلية",
        "4.7" => "النقل من دائرة الناخب إلى دائرة أخرى",
        "4.8" => "الاعتراضات والقرارات والتمديدات في أوقاتها وانتهت قبل التجميد",
        "5.1" => "الانتخاب يتبع ترتيب حالاته حتى المرحلة المطلوبة",
        "5.2" => "البيان بصيغته القياسية وصالح",
        "5.3" => "السجلات المدرجة موجودة بالضبط",
        "5.4" => "أثبت الأمناء معرفتهم بمفاتيحهم",
        "5.5" => "مفتاح الانتخاب مجموع مفاتيح الأمناء",
        "5.6" => "سجلات الانتخاب ناتجة عن البيان والأمناء",
        "5.7" => "قوائم الاعتماد قياسية ولا تتجاوز الجدول",
        "5.8" => "المجاميع المثبّتة هي مجاميع الصناديق",
        "5.9" => "الحصص صالحة للمجاميع المثبّتة",
        "5.10" => "النتائج ناتجة عن المجاميع والحصص",
        "5.11" => "محاضر الورق متوازنة",
        "5.12" => "المنشورات هي المحسوبة من السجلات",
        "5.13" => "شهادات مراسم المفتاح موقّعة ولموضعها وحديثة",
        "5.14" => "المعاملات هي الملتزم بها",
        "5.15" => "وزّع كل أمين حصة على كل أمين",
        "5.16" => "المفاتيح المؤكدة ناتجة عن المعاملات",
        "5.17" => "الشكاوى تكشف السر الذي يثبتها",
        "5.18" => "من صادق اطّلع على كل ما صادق عليه",
        "5.19" => "الأرشيفات هي الناتجة عن السجلات",
        "5.20" => "القواعد المعتمدة هي قواعد الاستحقاق، ويتفق معها البيان والجدول",
        "5.21" => "حسم التعادل وإعادة العد والاستبعاد والطعون في مواضعها وأوقاتها",
        "5.22" => "حُسم التعادل بين المتساوين وفق القاعدة",
        "5.23" => "استُبعد المرشحون لسبب وبقي لكل سؤال مرشح",
        "5.24" => "بُتّ في الطعون على النتائج مرة واحدة وبسبب",
        "6.1" => "الصناديق تتبع ترتيب حالاتها",
        "6.2" => "الصناديق معدّة كما يقول سجل الانتخاب",
        "6.3" => "الفتح والأوراق والتدقيق والإغلاق في أوقاتها",
        "6.4" => "الأوراق قياسية وعلى شكل أسئلتها",
        "6.5" => "الأوراق لهذا الانتخاب",
        "6.6" => "الأوراق صادرة عن اعتمادات القائمة",
        "6.7" => "كل نقطة في الزمرة الجزئية الأولية وغير محايدة",
        "6.8" => "الأوراق موقّعة باعتمادها",
        "6.9" => "جميع براهين سلامة الشكل صحيحة",
        "6.10" => "لا ترد ورقة ولا نص مشفّر مرتين",
        "6.11" => "إعادات التصويت سلسلة ذات براهين صالحة",
        "6.12" => "الأوراق المدققة غير موجودة في الصناديق",
        "6.13" => "قوائم الاستبعاد قياسية ولهذا الصندوق",
        "6.14" => "الأوراق المحتسبة هي الصحيحة",
        "6.15" => "المجاميع المشفّرة هي مجاميع الأوراق المحتسبة",
        "7.1" => "الإيصال بصيغته القياسية",
        "7.2" => "نقطة تحقق الإيصال من سجل موثوق",
        "7.3" => "قيد الإيصال سليم وموقّع",
        "7.4" => "القيد مدرج تحت نقطة التحقق",
        "7.5" => "الإيصال يتفق مع المعروف عن السجل",
        "9.1" => "الترويسات والحشو سليمة من أول بايت إلى آخره",
        "9.2" => "كل تسجيلة مسمّاة بتجزئتها",
        "9.3" => "الأحداث قياسية ومتسلسلة بالتجزئة",
        "9.4" => "الأحداث والتسجيلات مرتبة حتى المرحلة المطلوبة",
        "9.5" => "تسجيلة الانتخاب قياسية وصالحة",
        "9.6" => "أثبت الأمناء مفاتيحهم، ومفتاح الانتخاب مفتاحهم",
        "9.7" => "قائمة الاعتماد قياسية ومن الزمرة",
        "9.8" => "الأوراق قياسية وصادرة عن اعتمادات مدرجة وموقّعة ومبرهنة",
        "9.9" => "لا ترد ورقة ولا نص مشفّر مرتين",
        "9.10" => "المجموع المشفّر هو مجموع الأوراق المحتسبة",
        "9.11" => "عمليات فك التشفير الجزئية صالحة للمجموع وكافية",
        "9.12" => "النتيجة ناتجة عن المجموع وفك التشفير",
        "13.1" => "نقاط التحقق المنشورة قياسية ومن السجل الموثوق وموقّعة بمفتاحه",
        "13.2" => "ما نُشر يبقى منشورًا",
        "13.3" => "لا تقصر السجلات أبدًا",
        "13.4" => "لكل سجل جذر واحد عند كل حجم",
        "13.5" => "السجل الأطول امتداد للأقصر",
        "13.6" => "الشرائح المنشورة تعطي جذر نقطة التحقق",
        "14.1" => "التقويم هو الأصل الوحيد ويبدأ بما يعرّفه",
        "14.2" => "الأسماء والمنطقة الزمنية والراحة الأسبوعية قيم مسموح بها",
        "14.3" => "العطل المعلنة يتبع بعضها بعضًا وفق القواعد",
        "14.4" => "حزم القواعد المعتمدة قياسية وصالحة ولهذا التقويم واعتُمدت مرة واحدة",
        "14.5" => "السجلات مدرجة مرة واحدة بأسمائها",
        "14.6" => "السجلات المدرجة موجودة بالضبط",
        "14.7" => "بدأت السجلات بالتقويم ولم ترجع إلى حال أقدم منه",
        "14.8" => "أُغلقت الأيام بالترتيب وبعلم كل ما قيل حتى حينها",
        "14.9" => "الالتزامات متمايزة وبأطوال مسموح بها",
        "14.10" => "المحو أمر به شخص وأكده آخر",
        "14.11" => "المنشورات بأسماء وأحجام موجودة",
        "14.12" => "كل ما نُشر يفتح التزامه ولا شيء سواه",
        "15.1" => "الأحداث على طلبات موجودة وفي الحالة المناسبة لها",
        "15.2" => "تعمل السجلات بحزم قواعد معتمدة سارية",
        "15.3" => "الرسائل والرسوم والأسباب والروابط قيم مسموح بها",
        "15.4" => "لا خطوة ترفضها ساعة الطلب",
        "15.5" => "يجيب الغير عن استشارات مفتوحة",
        "15.6" => "لكل وثيقة قرار واستثناءات من حزمة القواعد",
        "15.7" => "ما أُتيح تقرر إتاحته",
        "15.8" => "تُستلم الإحالات مرة واحدة في السجل المسمّى ولا تضيع إحالة",
        "15.9" => "التظلمات في موعدها ويُبتّ فيها مرة واحدة",
        "15.10" => "يبتّ في التظلم من لم يعمل على الطلب",
        "15.11" => "خلف كل يوم مغلق ما أحدثته الساعة بالضبط",
        "15.12" => "المواعيد المنشورة ناتجة عن السجل",
        "16.1" => "تبدأ الاستشارة بتعريفها وتنتهي بأرشفتها",
        "16.2" => "إعدادات الاستشارة وأسئلتها صحيحة وليست في الماضي",
        "16.3" => "تغيير الإعدادات يذكر ما كان ساريًا ولا يسحب ما اعتُمد عليه",
        "16.4" => "نسخ الوثيقة مرقّمة وبالصيغة المعتمدة وبلغات الاستشارة",
        "16.5" => "لكل شخص صوت واحد ولكل مفتاح شخص واحد، ولا يُتكلم باسم من يستطيع التوقيع",
        "16.6" => "كل مشارك مقبول بموجب الإعدادات السارية",
        "16.7" => "التعليقات والإجابات في مواعيدها",
        "16.8" => "التعليق على بند يذكر آخر نسخة وبندًا منها وكلمات واردة فيه",
        "16.9" => "الردود تحت تعليقات ظاهرة، ولا يسحب التعليق إلا صاحبه",
        "16.10" => "الإخفاء والإعادة والاعتراض متتابعة، ويبتّ في الاعتراض مشرف آخر",
        "16.11" => "الإجابات عن أسئلة مطروحة، وما نُشر منها يناسبها",
        "16.12" => "الردود الرسمية على تعليقات ظاهرة",
        "16.13" => "تُعرّف المحاور مرة واحدة وتُسند إليها تعليقات موجودة",
        "16.14" => "التقرير يجيب عن كل محور ولا يُسقط تعليقًا محتسبًا",
        "16.15" => "سجل الإشراف المنشور ناتج عن السجل",
        "20.1" => "المراكز هي المعلنة ومسؤولوها هم المسمَّون في السجل",
        "20.2" => "دفاتر المراكز بالطول الذي يذكره المقر",
        "20.3" => "الحالة النهائية موقّعة من الرئيس والأعضاء وهي حالة محضر الإغلاق",
        "20.4" => "إعلان فقدان الدفاتر وفق القواعد",
        "20.5" => "قوائم الناخبين منفصلة وتتفق مع الجدول",
        "20.6" => "المراكز تتبع ترتيب حالاتها",
        "20.7" => "عمل المسؤولون في مناوبتهم وافتتح المركز ثلاثة منهم",
        "20.8" => "الافتتاح وتسجيل الحضور في أوقاتهما",
        "20.9" => "سُجّل حضور كل شخص مرة واحدة بوثيقة وكما في القائمة",
        "20.10" => "الأوراق لمن سُجّل حضورهم، ومن مسؤولَين حيث تُستبعد ورقة رقمية",
        "20.11" => "لم يُسلَّم ورق لمن صوّت رقميًا حيث الصوت الأول نهائي",
        "20.12" => "محاضر الإغلاق تحصي ما سجّلته المراكز",
        "20.13" => "الاعتراضات والقرارات على أوراق تحتاجها ولا يُقبل أحد مرتين",
        "20.14" => "المستبعدون هم من تُحتسب أوراقهم بالضبط، ولا يُختم صندوق قبل معرفة كل الدفاتر",
        "20.15" => "محاضر ورق المراكز ناتجة عن دفاترها، والفروق مسوّاة",
        _ => return None,
    })
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `part` of `whole` as a percentage with two decimals, rounded half up; a dash if there is no whole.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    let (part, whole) = (u128::from(part), u128::from(whole));
    match (part * 10_000 + whole / 2).checked_div(whole) {
        None => "–".to_owned(),
        Some(points) => format!("{}.{:02}%", points / 100, points % 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Check;

    #[test]
    fn every_check_has_an_arabic_title_and_a_group() {
        for check in Check::ALL {
            let title = arabic_title(check.number()).unwrap_or_default();
            let arabic = title
                .chars()
                .any(|letter| ('\u{620}'..='\u{64a}').contains(&letter));
            assert!(arabic, "{}", check.number());
            let groups = GROUPS.iter().filter(|g| check.number().starts_with(g.prefix));
            assert_eq!(groups.count(), 1, "{}", check.number());
        }
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(percent(1, 3), "33.33%");
        assert_eq!(percent(2, 3), "66.67%");
        assert_eq!(percent(0, 0), "–");
        assert_eq!(percent(u64::MAX, 1), "1844674407370955161500.00%");
    }
}
