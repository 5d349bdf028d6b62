//! How parts of a cell's text look in an xlsx file, which calamine joins: what is struck through is no text any
//! more, and of a list of options the bold or coloured one is the answer. What cannot be read here is left as
//! calamine reads it.

use super::xml::{self, Attributes, Property};
use quick_xml::{Error, Reader, events::Event};
use std::{
    collections::{BTreeMap, HashMap},
    io::{Cursor, Read},
};

/// A text whose parts look different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rich {
    /// What is not struck through.
    pub kept: String,
    /// What stands out, and whether that can be told without knowing the look of the cell itself.
    pub strong: String,
    pub needs_plain_cell: bool,
}

/// The cells of a sheet whose texts are such.
pub(super) type Looks = BTreeMap<(u32, u32), Rich>;

#[derive(Default)]
struct Run {
    text: String,
    strong: bool,
    struck: bool,
    /// Without a look of its own it has that of its cell.
    own: bool,
}

/// Looks through a workbook, by the names of its sheets.
pub(super) fn looks(bytes: &[u8]) -> HashMap<String, Looks> {
    let mut part = |name: &str| -> Option<String> {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).ok()?;
        let mut content = Vec::new();
        archive.by_name(name).ok()?.read_to_end(&mut content).ok()?;
        Some(String::from_utf8_lossy(&content).into_owned())
    };
    let shared = part("xl/sharedStrings.xml").and_then(|xml| shared(&xml).ok()).unwrap_or_default();
    let any = shared.iter().any(Option::is_some);
    let mut looks = HashMap::new();
    for (name, path) in sheets(&mut part).unwrap_or_default() {
        let Some(xml) = part(&path).filter(|xml| any || xml.contains("inlineStr")) else { continue };
        looks.insert(name, sheet(&xml, &shared).unwrap_or_default());
    }
    looks
}

/// The sheets' names and the parts that hold them.
pub(super) fn sheets(part: &mut impl FnMut(&str) -> Option<String>) -> Option<Vec<(String, String)>> {
    let elements = |xml: &str, name: &str| -> Vec<Attributes> {
        let mut reader = xml::reader(xml);
        let mut found = Vec::new();
        while let Ok(event) = reader.read_event() {
            match event {
                Event::Start(element) if element.local_name().as_ref() == name => found.push(xml::attributes(&element)),
                Event::Eof => break,
                _ => {}
            }
        }
        found
    };
    let parts = elements(&part("xl/_rels/workbook.xml.rels")?, "Relationship");
    let path = |id: &String| {
        let target = parts.iter().find(|part| part.get("Id") == Some(id))?.get("Target")?;
        Some(target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned))
    };
    let named = elements(&part("xl/workbook.xml")?, "sheet").into_iter();
    Some(named.filter_map(|sheet| Some((sheet.get("name")?.clone(), path(sheet.get("id")?)?))).collect())
}

/// The workbook's texts by their numbers; none for a text of one look.
fn shared(xml: &str) -> Result<Vec<Option<Rich>>, Error> {
    let mut reader = xml::reader(xml);
    let mut texts = Vec::new();
    loop {
        match reader.read_event()? {
            Event::Start(element) if element.local_name().as_ref() == "si" => {
                texts.push(rich(&runs(&mut reader, "si")?))
            }
            Event::Eof => return Ok(texts),
            _ => {}
        }
    }
}

/// The cells of a sheet with such texts.
fn sheet(xml: &str, shared: &[Option<Rich>]) -> Result<Looks, Error> {
    let mut reader = xml::reader(xml);
    let mut looks = Looks::new();
    let mut cell = (None, false);
    loop {
        match reader.read_event()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "c" => {
                    let attributes = xml::attributes(&element);
                    let is_shared = attributes.get("t").is_some_and(|kind| kind == "s");
                    cell = (attributes.get("r").and_then(|name| place(name)), is_shared);
                }
                "is" => {
                    let found = rich(&runs(&mut reader, "is")?);
                    looks.extend(cell.0.zip(found));
                }
                "v" if cell.1 => {
                    let Event::Text(number) = reader.read_event()? else { continue };
                    let number = number.xml10_content().trim().parse::<usize>().ok();
                    let found = number.and_then(|number| shared.get(number).cloned().flatten());
                    looks.extend(cell.0.zip(found));
                }
                _ => {}
            },
            Event::Eof => return Ok(looks),
            _ => {}
        }
    }
}

/// Row and column of a cell's name.
pub(super) fn place(name: &str) -> Option<(u32, u32)> {
    let digits = name.find(|c: char| c.is_ascii_digit())?;
    let digit = |c: u8| c.to_ascii_uppercase().checked_sub(b'@').map(u32::from);
    let letter = |sum: u32, c: u8| sum.checked_mul(26)?.checked_add(digit(c)?);
    let col = name.as_bytes()[..digits].iter().try_fold(0, |sum, c| letter(sum, *c))?;
    Some((name[digits..].parse::<u32>().ok()?.checked_sub(1)?, col.checked_sub(1)?))
}

/// The parts of a text, up to the end of its element.
fn runs(reader: &mut Reader<&[u8]>, end: &str) -> Result<Vec<Run>, Error> {
    let mut runs: Vec<Run> = Vec::new();
    let mut in_text = false;
    loop {
        match reader.read_event()? {
            Event::Start(element) => match element.local_name().as_ref() {
                // How a text is pronounced.
                "rPh" => {
                    reader.read_to_end(element.name())?;
                }
                "r" => runs.push(Run::default()),
                "rPr" => {
                    let properties = xml::properties(reader, &element)?;
                    if let Some(run) = runs.last_mut() {
                        look(run, &properties);
                    }
                }
                "t" => {
                    in_text = true;
                    if runs.is_empty() {
                        runs.push(Run::default());
                    }
                }
                _ => {}
            },
            Event::End(element) if element.local_name().as_ref() == end => return Ok(runs),
            Event::End(element) if element.local_name().as_ref() == "t" => in_text = false,
            Event::Text(text) if in_text => {
                runs.iter_mut().last().into_iter().for_each(|run| run.text += &text.xml10_content())
            }
            Event::CData(text) if in_text => {
                runs.iter_mut().last().into_iter().for_each(|run| run.text += &text.xml10_content())
            }
            Event::GeneralRef(entity) if in_text => {
                let letter = xml::letter(&entity)?;
                runs.iter_mut().last().into_iter().for_each(|run| run.text.extend(letter));
            }
            Event::Eof => return Ok(runs),
            _ => {}
        }
    }
}

fn look(run: &mut Run, properties: &[Property]) {
    run.own = true;
    for (name, attributes) in properties {
        let get = |name: &str| attributes.get(name).map(String::as_str);
        match name.as_str() {
            "b" | "u" => run.strong |= xml::is_on(attributes),
            "strike" => run.struck |= xml::is_on(attributes),
            // Black, by its number or as the theme's first dark colour, is no colour.
            "color" => {
                let black = get("rgb").is_some_and(|rgb| rgb.ends_with("000000")) || get("theme") == Some("1");
                run.strong |= !black && get("auto").is_none() && get("indexed").is_none();
            }
            _ => {}
        }
    }
}

/// The text of these parts; none where all of them look alike.
fn rich(runs: &[Run]) -> Option<Rich> {
    let said = || runs.iter().filter(|run| !run.text.trim().is_empty());
    let struck = said().any(|run| run.struck);
    let left = || runs.iter().filter(|run| !run.struck);
    let strong = left().any(|run| run.strong && !run.text.trim().is_empty());
    let plain = left().any(|run| !run.strong && !run.text.trim().is_empty());
    let join = |runs: &mut dyn Iterator<Item = &Run>| runs.map(|run| run.text.as_str()).collect::<String>();
    (struck || (strong && plain)).then(|| Rich {
        kept: join(&mut left()),
        strong: if strong && plain { join(&mut left().filter(|run| run.strong)) } else { String::new() },
        needs_plain_cell: said().any(|run| !run.own),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(xml: &str) -> Option<Rich> {
        shared(&format!("<sst><si>{xml}</si></sst>")).unwrap().remove(0)
    }

    #[test]
    fn the_look_of_each_part_is_read() {
        let bold = "<r><t xml:space='preserve'>a &amp; </t></r><r><rPr><b/></rPr><t>b</t></r>";
        let rich = of(bold).unwrap();
        assert_eq!((rich.kept.as_str(), rich.strong.as_str(), rich.needs_plain_cell), ("a & b", "b", true));
        let struck = "<r><rPr><strike/></rPr><t>a</t></r><r><rPr><strike val='0'/></rPr><t>b</t></r>";
        let rich = of(struck).unwrap();
        assert_eq!((rich.kept.as_str(), rich.strong.as_str()), ("b", ""));
        let red = "<r><rPr><color theme='1'/></rPr><t>a</t></r><r><rPr><color rgb='FFFF0000'/></rPr><t>b</t></r>";
        assert_eq!(of(red).unwrap().strong, "b");
    }

    #[test]
    fn a_text_of_one_look_is_left_alone() {
        for xml in [
            "<t>a</t>",
            "<r><rPr><b/></rPr><t>a</t></r><r><rPr><b/></rPr><t>b</t></r>",
            "<r><rPr><b/></rPr><t> </t></r><r><t>b</t></r>",
            "<t>a</t><rPh><t>x</t></rPh>",
        ] {
            assert_eq!(of(xml), None, "{xml}");
        }
    }

    #[test]
    fn cells_are_found_by_their_names() {
        for (name, at) in
            [("A1", Some((0, 0))), ("AB10", Some((9, 27))), ("A0", None), ("1", None), ("ZZZZZZZZ1", None)]
        {
            assert_eq!(place(name), at, "{name}");
        }
        let texts =
            shared("<sst><si><t>a</t></si><si><r><rPr><b/></rPr><t>b</t></r><r><t>c</t></r></si></sst>").unwrap();
        let cells = "<c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>1</v></c><c r='C1'><v>1</v></c><c r='D1' t='s'><v>9</v></c>";
        let inline = "<c r='E1' t='inlineStr'><is><r><rPr><u/></rPr><t>d</t></r><r><t>e</t></r></is></c>";
        let found = sheet(&format!("<sheetData><row>{cells}{inline}</row></sheetData>"), &texts).unwrap();
        assert_eq!(
            found.into_iter().map(|(at, rich)| (at, rich.strong)).collect::<Vec<_>>(),
            [((0, 1), "b".to_owned()), ((0, 4), "d".to_owned())]
        );
    }
}
