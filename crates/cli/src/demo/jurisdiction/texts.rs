//! Synthetic texts, put together from small lists by their number: the same in every run, about nobody.

/// Clauses of the draft: id, number, English and Arabic, in each of the three versions; `None` where a version does not have it.
pub(super) struct Draft {
    pub(super) id: &'static str,
    /// The theme of the report that comments on it belong to.
    pub(super) theme: &'static str,
    pub(super) versions: [Option<(&'static str, &'static str, &'static str)>; 3],
}

/// Where comments on a clause that is gone belong, by the version that has it no more.
pub(super) const MOVES: [&[(&str, &str)]; 3] = [&[], &[("bicycles", "paths")], &[]];

pub(super) const DRAFTS: [Draft; 7] = [
    Draft {
        id: "scope",
        theme: "general",
        versions: [
            Some((
                "1",
                "These rules are for all public parks.",
                "تسري هذه القواعد على الحدائق العامة كلها.",
            )),
            Some((
                "1",
                "These rules are for all public parks.",
                "تسري هذه القواعد على الحدائق العامة كلها.",
            )),
            Some((
                "1",
                "These rules are for all public parks.",
                "تسري هذه القواعد على الحدائق العامة كلها.",
            )),
        ],
    },
    Draft {
        id: "fee",
        theme: "fees",
        versions: [
            Some(("4(2)", "A visit costs ten riyals.", "رسم الزيارة عشرة ريالات.")),
            Some((
                "5(1)",
                "A visit costs ten riyals; children pay nothing.",
                "رسم الزيارة عشرة ريالات، ويُعفى الأطفال.",
            )),
            Some((
                "5(1)",
                "A visit costs five riyals; children pay nothing.",
                "رسم الزيارة خمسة ريالات، ويُعفى الأطفال.",
            )),
        ],
    },
    Draft {
        id: "hours",
        theme: "hours",
        versions: [
            Some((
                "5",
                "Parks are open from sunrise to sunset.",
                "تُفتح الحدائق من الشروق إلى الغروب.",
            )),
            Some((
                "6",
                "Parks are open from 6 to 22.",
                "تُفتح الحدائق من الساعة 6 إلى 22.",
            )),
            Some((
                "6",
                "Parks are open from 6 to 23.",
                "تُفتح الحدائق من الساعة 6 إلى 23.",
            )),
        ],
    },
    Draft {
        id: "bicycles",
        theme: "paths",
        versions: [
            Some(("6", "Bicycles stay outside.", "تبقى الدراجات خارج الحدائق.")),
            None,
            None,
        ],
    },
    Draft {
        id: "paths",
        theme: "paths",
        versions: [
            None,
            Some((
                "7",
                "Bicycles keep to the marked paths.",
                "تلتزم الدراجات المسارات المخصصة لها.",
            )),
            Some((
                "7",
                "Bicycles keep to the marked paths.",
                "تلتزم الدراجات المسارات المخصصة لها.",
            )),
        ],
    },
    Draft {
        id: "dogs",
        theme: "general",
        versions: [
            Some(("7", "Dogs are led on a leash.", "تُقاد الكلاب بمقود.")),
            Some(("8", "Dogs are led on a leash.", "تُقاد الكلاب بمقود.")),
            None,
        ],
    },
    Draft {
        id: "shade",
        theme: "general",
        versions: [
            Some(("8", "Every path has shade.", "لكل مسار ظلال.")),
            Some(("9", "Every path has shade.", "لكل مسار ظلال.")),
            Some(("8", "Every path has shade.", "لكل مسار ظلال.")),
        ],
    },
];

/// Themes with their names.
pub(super) const THEMES: [(&str, &str, &str); 4] = [
    ("fees", "Fees", "الرسوم"),
    ("general", "Everything else", "أمور أخرى"),
    ("hours", "Opening hours", "ساعات العمل"),
    ("paths", "Paths and bicycles", "المسارات والدراجات"),
];

const ENGLISH: [&[&str]; 3] = [
    &[
        "I agree that",
        "I doubt that",
        "Please make sure that",
        "It would help if",
        "I am glad that",
    ],
    &[
        "the families of the quarter",
        "older people",
        "children after school",
        "people who work late",
        "visitors on foot",
    ],
    &[
        "can pay for a visit",
        "find shade at noon",
        "are safe on the paths",
        "can come in the evening",
        "know the rules before they come",
        "have a place to sit",
    ],
];

const ARABIC: [&[&str]; 3] = [
    &["أوافق على أن", "أشك في أن", "أرجو أن", "من المفيد أن", "يسرّني أن"],
    &[
        "أهل الحي",
        "كبار السن",
        "طلاب المدرسة",
        "العاملون مساءً",
        "الزوار سيرًا",
    ],
    &[
        "يقدرون على رسم الزيارة",
        "يجدون الظل ظهرًا",
        "يسلمون على المسارات",
        "يأتون في المساء",
        "يعرفون القواعد قبل المجيء",
        "يجدون مكانًا للجلوس",
    ],
];

fn pick<'a>(list: &[&'a str], n: usize) -> &'a str {
    list[n % list.len()]
}

/// A comment, in Arabic or English.
pub(super) fn comment(n: usize) -> String {
    let (words, end) = if n % 5 < 3 { (ARABIC, ".") } else { (ENGLISH, ".") };
    let [a, b, c] = words;
    format!(
        "{} {} {}{end}",
        pick(a, n * 7 + 1),
        pick(b, n * 3 + n / 5),
        pick(c, n * 5 + n / 7)
    )
}

/// What somebody asks an authority for.
pub(super) fn request(n: usize) -> String {
    let what = [
        "the contract",
        "the minutes",
        "the accounts",
        "the plans",
        "the survey",
    ];
    let of = [
        "of the new park",
        "of the water works",
        "of the school road",
        "of the night lighting",
        "of the bus line",
    ];
    format!(
        "I ask for {} {}, request {}.",
        pick(&what, n),
        pick(&of, n / 5),
        n + 1
    )
}

/// The public summary of a request.
pub(super) fn summary(n: usize) -> String {
    let what = ["Contract", "Minutes", "Accounts", "Plans", "Survey"];
    let of = [
        "new park",
        "water works",
        "school road",
        "night lighting",
        "bus line",
    ];
    format!("{} of the {}", pick(&what, n), pick(&of, n / 5))
}
