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
