//! What is taken and what is not. Files are made here, each with one fault.

use std::io::{Cursor, Write as _};

use lopdf::{Document, Object, Stream, dictionary};
use zip::write::SimpleFileOptions;

use super::*;

/// A document with a page of text for each of these.
pub(crate) fn pdf(pages: &[&str]) -> Document {
    let mut document = Document::with_version("1.5");
    let tree = document.new_object_id();
    let font = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding",
    });
    let mut kids = Vec::new();
    for text in pages {
        let content = format!("BT /F1 12 Tf 72 700 Td ({text}) Tj ET");
        let content = document.add_object(Stream::new(dictionary! {}, content.into_bytes()));
        let page = document.add_object(dictionary! {
            "Type" => "Page", "Parent" => tree, "Contents" => content,
            "Resources" => dictionary! { "Font" => dictionary! { "F1" => font } },
            "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        });
        kids.push(Object::Reference(page));
    }
    let count = i64::try_from(pages.len()).unwrap();
    let pages = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count };
    document.objects.insert(tree, Object::Dictionary(pages));
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    document
}

pub(crate) fn saved(mut document: Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn docx(more: &[(&str, &[u8])]) -> Vec<u8> {
    let parts: [(&str, &[u8]); 2] = [
        ("[Content_Types].xml", b"<Types/>"),
        ("word/document.xml", b"<w:document/>"),
    ];
    archive(&[&parts[..], more].concat())
}

pub(crate) fn png() -> Vec<u8> {
    let mut bytes = Vec::new();
    let picture = image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8, y as u8, 200]));
    picture
        .write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png)
        .unwrap();
    bytes
}

fn code(bytes: &[u8]) -> &'static str {
    inspect(bytes).unwrap_err().code()
}

#[test]
fn what_is_on_the_list_is_taken_by_its_bytes() {
    assert_eq!(inspect("نص\nsecond\tline\r\n".as_bytes()), Ok(Kind::Text));
    assert_eq!(inspect(&saved(pdf(&["Hello"]))), Ok(Kind::Pdf));
    assert_eq!(inspect(&png()), Ok(Kind::Png));
    assert_eq!(inspect(&docx(&[])), Ok(Kind::Docx));
    let sheet = archive(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", b"<workbook/>"),
    ]);
    assert_eq!(inspect(&sheet), Ok(Kind::Xlsx));
    assert_eq!(inspect_named("الميزانية.XLSX", &sheet), Ok(Kind::Xlsx));
}

#[test]
fn the_name_does_not_decide() {
    let error = inspect_named("photo.pdf", &png()).unwrap_err();
    assert_eq!(error.code(), "file.disguised");
    assert_eq!(
        inspect_named("noending", b"text").unwrap_err().code(),
        "file.disguised"
    );
    assert_eq!(
        code(b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff"),
        "file.type"
    );
    assert_eq!(code(b"\x7fELF\x02\x01\x01\x00"), "file.type");
    assert_eq!(code(&archive(&[("a.txt", b"a")])), "file.type");
    assert_eq!(code(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "file.type");
    assert_eq!(code(b"bell \x07"), "file.type");
    assert_eq!(code(b""), "file.size");
    assert_eq!(code(&vec![b'a'; 100_000_000]), "file.size");
    // A document of two kinds is of none.
    let both = docx(&[("xl/workbook.xml", b"<workbook/>")]);
    assert_eq!(code(&both), "file.type");
}

#[test]
fn documents_that_act_by_themselves_are_not_taken() {
    let with = |change: &dyn Fn(&mut Document)| {
        let mut document = pdf(&["Hello"]);
        change(&mut document);
        saved(document)
    };
    let catalog = |document: &mut Document, key: &str, value: Object| {
        document.catalog_mut().unwrap().set(key, value);
    };
    let script = dictionary! { "S" => "JavaScript", "JS" => Object::string_literal("app.alert(1)") };
    let cases: [(&str, Vec<u8>); 7] = [
        ("open", with(&|d| catalog(d, "OpenAction", script.clone().into()))),
        (
            "open by reference",
            with(&|d| {
                let action = d.add_object(script.clone());
                catalog(d, "OpenAction", action.into());
            }),
        ),
        (
            "names",
            with(&|d| {
                catalog(
                    d,
                    "Names",
                    dictionary! { "EmbeddedFiles" => dictionary! { "Names" => vec![] } }.into(),
                );
            }),
        ),
        ("additional", with(&|d| catalog(d, "AA", dictionary! {}.into()))),
        (
            "launch",
            with(&|d| {
                d.add_object(dictionary! { "Type" => "Action", "S" => "Launch", "F" => Object::string_literal("cmd.exe") });
            }),
        ),
        (
            "attachment",
            with(&|d| {
                d.add_object(dictionary! { "Type" => "Annot", "Subtype" => "FileAttachment" });
            }),
        ),
        (
            "deep in an array",
            with(&|d| {
                let inner: Object = vec![Object::Array(vec![script.clone().into()])].into();
                catalog(d, "Extra", inner);
            }),
        ),
    ];
    for (name, bytes) in cases {
        assert_eq!(code(&bytes), "file.active", "{name}");
    }
    // A link and a first page to show are harmless.
    let link = with(&|d| {
        d.add_object(dictionary! { "Type" => "Action", "S" => "URI", "URI" => Object::string_literal("https://example.org") });
        catalog(
            d,
            "OpenAction",
            vec![Object::Integer(0), Object::Name(b"Fit".to_vec())].into(),
        );
    });
    assert_eq!(inspect(&link), Ok(Kind::Pdf));
    assert_eq!(code(b"%PDF-1.7 and nothing else"), "file.damaged");
    assert_eq!(
        code(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF"),
        "file.damaged"
    );
}

#[test]
fn office_documents_with_macros_embedded_files_or_remote_parts_are_not_taken() {
    for part in [
        "word/vbaProject.bin",
        "word/embeddings/oleObject1.bin",
        "word/activeX/activeX1.xml",
        "xl/externalLinks/l.xml",
    ] {
        assert_eq!(code(&docx(&[(part, b"x")])), "file.active", "{part}");
    }
    let relation = |kind: &str, mode: &str, target: &str| {
        let schema = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        format!(
            "<Relationships xmlns=\"http://x\"><Relationship Id=\"r1\" Type=\"{schema}/{kind}\" Target=\"{target}\"{mode}/></Relationships>"
        )
    };
    let inspected = |rels: &str| inspect(&docx(&[("word/_rels/settings.xml.rels", rels.as_bytes())]));
    let external = " TargetMode=\"External\"";
    let template = relation("attachedTemplate", external, "https://evil.example/t.dotm");
    assert_eq!(inspected(&template).unwrap_err().code(), "file.active");
    assert_eq!(
        inspected(&relation("hyperlink", external, "https://example.org")),
        Ok(Kind::Docx)
    );
    assert_eq!(inspected(&relation("styles", "", "styles.xml")), Ok(Kind::Docx));
    let hidden = template.replace("External", "&#69;xternal");
    assert_eq!(inspected(&hidden).unwrap_err().code(), "file.damaged");
    assert_eq!(code(&docx(&[("../../evil", b"x")])), "file.damaged");
}

#[test]
fn what_unpacks_into_too_much_is_not_taken() {
    let zeros = vec![0; 40 << 20];
    assert_eq!(code(&docx(&[("word/media/a.xml", &zeros)])), "file.bomb");
    // The sizes that a bomb declares are lies: the central directory says 1 byte.
    let mut lying = docx(&[("word/media/a.xml", &vec![b'a'; 100_000])]);
    let size = 100_000_u32.to_le_bytes();
    while let Some(at) = lying.windows(4).position(|w| w == size) {
        lying[at..at + 4].copy_from_slice(&1_u32.to_le_bytes());
    }
    assert!(
        matches!(inspect(&lying), Err(FileError::Bomb(_) | FileError::Damaged(_))),
        "{:?}",
        inspect(&lying)
    );
    let many: Vec<(String, Vec<u8>)> = (0..5_000)
        .map(|n| (format!("word/{n}.xml"), Vec::new()))
        .collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(n, c)| (n.as_str(), c.as_slice())).collect();
    assert_eq!(code(&docx(&many)), "file.bomb");
    // A picture that says it has a million pixels on a side.
    let mut huge = png();
    huge[16..20].copy_from_slice(&1_000_000_u32.to_be_bytes());
    assert!(matches!(
        inspect(&huge),
        Err(FileError::Bomb(_) | FileError::Damaged(_))
    ));
}

#[test]
fn names_that_deceive_are_refused() {
    for good in ["report.pdf", "تقرير ٢٠٢٦.pdf", "می‌خواهم.txt", "a-b_c (1).docx"] {
        assert_eq!(check_name(good), Ok(()), "{good}");
    }
    assert_eq!(
        check_name("annual\u{202E}fdp.exe"),
        Err(NameError::Unseen(0x202E))
    );
    assert_eq!(check_name("a\u{2066}b.pdf"), Err(NameError::Unseen(0x2066)));
    assert_eq!(check_name("a\u{200B}.pdf"), Err(NameError::Unseen(0x200B)));
    assert_eq!(check_name("a\nb.pdf"), Err(NameError::Control(10)));
    assert_eq!(check_name("../a.pdf"), Err(NameError::Separator('/')));
    assert_eq!(check_name(""), Err(NameError::Length));
    assert_eq!(check_name(".."), Err(NameError::Length));
    assert_eq!(check_name(&"a".repeat(256)), Err(NameError::Length));
    assert_eq!(check_name("a.pdf "), Err(NameError::Edge));
    assert_eq!(check_name(".hidden"), Err(NameError::Edge));
}

mod renditions {
    use super::*;
    use crate::redact::{Area, MARK, RedactError, Removal, redact};
    use crate::rendition::check;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|w| (*w).to_owned()).collect()
    }

    #[test]
    fn words_go_in_every_spelling_and_lines_as_a_whole() {
        let original = "زارت أحمدَ في المدرسة.\nAhmad paid 1,000.\nSigned: AHMAD\n";
        let removal = Removal {
            words: words(&["احمد", "ahmad"]),
            lines: vec![2..=2],
            ..Removal::default()
        };
        let rendition = redact(original.as_bytes(), &removal).unwrap();
        let text = String::from_utf8(rendition.bytes).unwrap();
        assert_eq!(text, format!("زارت {MARK} في المدرسة.\n{MARK}\nSigned: {MARK}\n"));
        let found = check(original.as_bytes(), text.as_bytes(), &words(&["احمد", "1,000"])).unwrap();
        assert!(found.is_clean() && found.looked_for == 2, "{found:?}");
        let found = check(original.as_bytes(), original.as_bytes(), &words(&["أحمد"])).unwrap();
        assert_eq!(found.remains.len(), 1);
        let missing = Removal {
            words: words(&["Fatima"]),
            ..Removal::default()
        };
        assert!(matches!(
            redact(original.as_bytes(), &missing),
            Err(RedactError::NotFound(_))
        ));
        let outside = Removal {
            lines: vec![4..=4],
            ..Removal::default()
        };
        assert!(matches!(
            redact(original.as_bytes(), &outside),
            Err(RedactError::Outside(_))
        ));
        assert!(matches!(
            redact(original.as_bytes(), &Removal::default()),
            Err(RedactError::Nothing)
        ));
    }

    #[test]
    fn pixels_are_overwritten_and_metadata_does_not_come_along() {
        let area = Area {
            x: 5,
            y: 6,
            width: 10,
            height: 4,
        };
        let removal = Removal {
            areas: vec![area],
            ..Removal::default()
        };
        // A text chunk behind the head of the picture.
        let mut original = png();
        let chunk = b"tEXtAuthor\0Fatima";
        let mut with_text = original[..33].to_vec();
        with_text.extend_from_slice(&(chunk.len() as u32 - 4).to_be_bytes());
        with_text.extend_from_slice(chunk);
        with_text.extend_from_slice(&crc(chunk).to_be_bytes());
        with_text.extend_from_slice(&original.split_off(33));
        let rendition = redact(&with_text, &removal).unwrap();
        assert!(!rendition.bytes.windows(6).any(|w| w == b"Fatima"));
        let picture = image::load_from_memory(&rendition.bytes).unwrap().into_rgba8();
        assert_eq!(picture.get_pixel(5, 6).0, [0, 0, 0, 255]);
        assert_eq!(picture.get_pixel(14, 9).0, [0, 0, 0, 255]);
        assert_eq!(picture.get_pixel(15, 9).0, [15, 9, 200, 255]);
        let found = check(&with_text, &rendition.bytes, &words(&["Fatima"])).unwrap();
        assert!(found.is_clean() && found.unread == ["pixels"], "{found:?}");
        assert!(
            !check(&with_text, &with_text, &words(&["fatima"]))
                .unwrap()
                .is_clean()
        );
        let outside = Area {
            x: 35,
            y: 0,
            width: 6,
            height: 1,
        };
        let outside = Removal {
            areas: vec![outside],
            ..Removal::default()
        };
        assert!(matches!(
            redact(&with_text, &outside),
            Err(RedactError::Outside(_))
        ));
    }

    fn crc(bytes: &[u8]) -> u32 {
        let mut crc = u32::MAX;
        for byte in bytes {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
            }
        }
        !crc
    }

    /// Three pages, of which the second is secret; its words also stand in the outline, the information, an annotation, a
    /// picture that only it uses, and in what a mark says of the first page.
    fn secretive() -> Vec<u8> {
        let mut document = pdf(&["Open budget", "Secret supplier Zanzibar", "Closing remarks"]);
        let info =
            document.add_object(dictionary! { "Title" => Object::string_literal("Zanzibar contract") });
        document.trailer.set("Info", info);
        let pages = document.get_pages();
        let note = document.add_object(dictionary! {
            "Type" => "Annot", "Subtype" => "Text", "Contents" => Object::string_literal("ask Zanzibar"),
        });
        let metadata = document.add_object(Stream::new(
            dictionary! { "Type" => "Metadata", "Subtype" => "XML" },
            b"<x:xmpmeta>Zanzibar</x:xmpmeta>".to_vec(),
        ));
        let outline = document.add_object(dictionary! { "Title" => Object::string_literal("Zanzibar") });
        document.catalog_mut().unwrap().set("Outlines", outline);
        document.catalog_mut().unwrap().set("Metadata", metadata);
        let marked =
            b"/Span << /ActualText (Zanzibar) >> BDC BT /F1 12 Tf 72 650 Td (Total) Tj ET EMC".to_vec();
        document.add_page_contents(pages[&1], marked).unwrap();
        let secret_font = document.add_object(dictionary! {
            "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "ZanzibarSans",
        });
        let first = document.get_dictionary_mut(pages[&1]).unwrap();
        first.set("Annots", vec![Object::Reference(note)]);
        // Resources that both pages share, though the first does not use all of them.
        let fonts = first.get_mut(b"Resources").and_then(Object::as_dict_mut).unwrap();
        let fonts = fonts.get_mut(b"Font").and_then(Object::as_dict_mut).unwrap();
        fonts.set("F9", secret_font);
        saved(document)
    }

    #[test]
    fn a_page_that_is_removed_is_nowhere_in_the_new_document() {
        let original = secretive();
        let removal = Removal {
            pages: vec![2..=2],
            ..Removal::default()
        };
        let rendition = redact(&original, &removal).unwrap();
        let document = Document::load_mem(&rendition.bytes).unwrap();
        assert_eq!(document.get_pages().len(), 2);
        let text = document.extract_text(&[1, 2]).unwrap();
        assert!(
            text.contains("Open budget") && text.contains("Total") && text.contains("Closing"),
            "{text}"
        );
        assert!(!document.trailer.has(b"Info"));
        for secret in ["Zanzibar", "Secret", "supplier"] {
            let mut plain = document.clone();
            plain.decompress();
            let bytes = saved(plain);
            assert!(
                !bytes.windows(secret.len()).any(|w| w == secret.as_bytes()),
                "{secret}"
            );
        }
        let found = check(&original, &rendition.bytes, &[]).unwrap();
        assert!(found.is_clean() && found.looked_for >= 2, "{found:?}");
        let found = check(&original, &rendition.bytes, &words(&["zanzibar"])).unwrap();
        assert!(found.is_clean(), "{found:?}");
        assert_eq!(inspect(&rendition.bytes), Ok(Kind::Pdf));
    }

    #[test]
    fn what_others_have_redacted_badly_is_seen() {
        let original = secretive();
        // Deleted with what most programs offer: the words stay in outline, information and marks.
        let mut document = Document::load_mem(&original).unwrap();
        document.delete_pages(&[2]);
        let found = check(&original, &saved(document), &[]).unwrap();
        assert!(found.remains.iter().any(|r| r.word == "zanzibar"), "{found:?}");
        for what in [
            "annotations",
            "metadata",
            "information about the document",
            "an outline or a structure",
        ] {
            assert!(found.structure.contains(&what), "{what}: {found:?}");
        }
        // A black rectangle over the words.
        let mut document = Document::load_mem(&original).unwrap();
        let pages = document.get_pages();
        document
            .add_page_contents(pages[&2], b"0 0 0 rg 60 690 300 30 re f".to_vec())
            .unwrap();
        let found = check(&original, &saved(document), &words(&["Zanzibar"])).unwrap();
        assert!(
            found.remains.iter().any(|r| r.place == "where a page shows it"),
            "{found:?}"
        );
    }

    #[test]
    fn what_cannot_be_redacted_honestly_is_refused() {
        let original = saved(pdf(&["One", "Two"]));
        let of = |removal: Removal| redact(&original, &removal).unwrap_err().code();
        assert_eq!(
            of(Removal {
                words: words(&["One"]),
                ..Removal::default()
            }),
            "rendition.kind"
        );
        let area = Area {
            x: 0,
            y: 0,
            width: 1,
            height: 1,
        };
        assert_eq!(
            of(Removal {
                areas: vec![area],
                ..Removal::default()
            }),
            "rendition.kind"
        );
        assert_eq!(
            of(Removal {
                pages: vec![3..=3],
                ..Removal::default()
            }),
            "rendition.outside"
        );
        assert_eq!(
            of(Removal {
                pages: vec![1..=2],
                ..Removal::default()
            }),
            "rendition.outside"
        );
        let mut layers = pdf(&["One", "Two"]);
        layers.catalog_mut().unwrap().set("OCProperties", dictionary! {});
        let removal = Removal {
            pages: vec![1..=1],
            ..Removal::default()
        };
        assert_eq!(
            redact(&saved(layers), &removal).unwrap_err().code(),
            "rendition.unsupported"
        );
        // A word of the removed page that the other page's content hides is a reason to hand out nothing.
        let mut hiding = pdf(&["One", "Two"]);
        let pages = hiding.get_pages();
        hiding.add_page_contents(pages[&1], b"/Two gs".to_vec()).unwrap();
        let removal = Removal {
            pages: vec![2..=2],
            ..Removal::default()
        };
        assert_eq!(
            redact(&saved(hiding), &removal).unwrap_err().code(),
            "rendition.remains"
        );
        assert_eq!(
            redact(
                &docx(&[]),
                &Removal {
                    words: words(&["x"]),
                    ..Removal::default()
                }
            )
            .unwrap_err()
            .code(),
            "rendition.kind"
        );
    }
}
