//! The text at the head of a PDF, where it has a text at all: the content of the first page, by the maps its fonts
//! carry. The tables by which programs find objects are not believed, since they are often wrong; objects are looked
//! for from the front, and every step has a limit, because references may lead anywhere. A file that says nothing
//! gives an empty text.

mod object;

use self::object::{Lexer, Object, Token};
use flate2::read::ZlibDecoder;
use std::{
    collections::{BTreeMap, HashMap},
    io::Read,
};

/// Objects that are known at most, and streams of objects.
const MOST_OBJECTS: usize = 200_000;
const MOST_STREAMS: usize = 300;
/// Bytes that one stream may inflate to, and all of them together.
const MOST_INFLATED: u64 = 4 << 20;
const MOST_WORK: u64 = 24 << 20;
/// References in a row, from page to parent to parent.
const DEEPEST: usize = 20;
/// Characters of text that are looked for.
const MOST_TEXT: usize = 6_000;

/// The text of the first page.
pub(super) fn first_text(bytes: &[u8]) -> String {
    let mut file = File::index(bytes);
    file.open_streams();
    let Some(page) = file.first_page() else { return String::new() };
    file.text_of(&page)
}

type Dict = BTreeMap<String, Object>;
/// A font's map from codes to text, and whether a code has two bytes.
#[derive(Default)]
struct Font {
    wide: bool,
    map: HashMap<u32, String>,
}

struct File<'a> {
    bytes: &'a [u8],
    /// Where the newest object of each number begins.
    at: BTreeMap<u32, usize>,
    /// Objects that came within streams.
    within: BTreeMap<u32, Object>,
    /// What may still be inflated.
    work: u64,
}

impl<'a> File<'a> {
    /// Finds every `12 0 obj`; a later one takes the place of an earlier one.
    fn index(bytes: &'a [u8]) -> File<'a> {
        let mut at = BTreeMap::new();
        for (end, window) in bytes.windows(4).enumerate() {
            if window != b" obj" || at.len() >= MOST_OBJECTS {
                continue;
            }
            let head = &bytes[end.saturating_sub(20)..end];
            let mut words = head.rsplit(|byte| !byte.is_ascii_digit());
            let (generation, number) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let number = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
            if let Some(number) = number.filter(|_| !generation.is_empty()) {
                at.insert(number, end + 4);
            }
        }
        File { bytes, at, within: BTreeMap::new(), work: MOST_WORK }
    }

    /// Takes the objects out of the streams that hold some.
    fn open_streams(&mut self) {
        let holds_objects = |at: &&usize| {
            let head = &self.bytes[**at..self.bytes.len().min(**at + 400)];
            head.windows(7).any(|window| window == b"/ObjStm")
        };
        let streams: Vec<usize> = self.at.values().filter(holds_objects).take(MOST_STREAMS).copied().collect();
        for at in streams {
            let Some((dict, data)) = self.stream_at(at) else { continue };
            let (Some(count), Some(first)) = (number(&dict, "N"), number(&dict, "First")) else { continue };
            let mut head = Lexer::new(&data);
            for _ in 0..count {
                let (Some(Token::Number(id)), Some(Token::Number(offset))) = (head.token(), head.token()) else {
                    break;
                };
                let place = first.checked_add(offset as usize);
                let Some(body) = place.and_then(|place| data.get(place..)) else { continue };
                if self.within.len() < MOST_OBJECTS
                    && let Some(object) = Lexer::new(body).object(0)
                {
                    self.within.insert(id as u32, object);
                }
            }
        }
    }

    fn get(&self, id: u32) -> Option<Object> {
        if let Some(at) = self.at.get(&id) {
            return Lexer::new(&self.bytes[*at..]).object(0);
        }
        self.within.get(&id).cloned()
    }

    /// What an object stands for, through references.
    fn resolve(&self, object: &Object) -> Option<Object> {
        let mut object = object.clone();
        for _ in 0..DEEPEST {
            match object {
                Object::Reference(id) => object = self.get(id)?,
                other => return Some(other),
            }
        }
        None
    }

    fn dict(&self, object: Option<&Object>) -> Option<Dict> {
        match self.resolve(object?)? {
            Object::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// A stream's dictionary and what it holds, where it is packed in the usual way or not at all.
    fn stream_at(&mut self, at: usize) -> Option<(Dict, Vec<u8>)> {
        let mut lexer = Lexer::new(&self.bytes[at..]);
        let Some(Object::Dict(dict)) = lexer.object(0) else { return None };
        let rest = lexer.rest().trim_ascii_start().strip_prefix(b"stream")?;
        let rest = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")).unwrap_or(rest);
        let packed = match dict.get("Filter").and_then(|filter| self.resolve(filter)) {
            None => false,
            Some(Object::Name(name)) => known_filter(&name)?,
            Some(Object::Array(filters)) => match filters.as_slice() {
                [] => false,
                [Object::Name(name)] => known_filter(name)?,
                _ => return None,
            },
            Some(_) => return None,
        };
        let most = MOST_INFLATED.min(self.work);
        let mut data = Vec::new();
        if packed {
            // What comes before a damage is worth reading; the end of the data ends it.
            let _ = ZlibDecoder::new(rest).take(most).read_to_end(&mut data);
        } else {
            let length = match dict.get("Length").and_then(|length| self.resolve(length)) {
                Some(Object::Number(length)) if length >= 0.0 => length as usize,
                _ => 0,
            };
            data = rest[..length.min(rest.len()).min(most as usize)].to_vec();
        }
        self.work = self.work.saturating_sub(data.len() as u64 + 1_000);
        Some((dict, data))
    }

    fn stream(&mut self, object: &Object) -> Option<Vec<u8>> {
        let Object::Reference(id) = object else { return None };
        let at = *self.at.get(id)?;
        self.stream_at(at).map(|(_, data)| data)
    }

    /// The first page by the tree of pages; where that leads nowhere, the first that stands in the file.
    fn first_page(&self) -> Option<Dict> {
        let objects = self.at.iter().map(|(id, at)| (*id, *at));
        let looks_like = |at: usize, name: &[u8]| {
            let head = &self.bytes[at..self.bytes.len().min(at + 2_000)];
            let end = head.windows(6).position(|window| window == b"endobj").unwrap_or(head.len());
            head[..end].windows(name.len()).any(|window| window == name)
        };
        let is = |dict: &Dict, kind: &str| matches!(dict.get("Type"), Some(Object::Name(name)) if name == kind);
        let mut dicts: Vec<Dict> = objects
            .filter(|(_, at)| looks_like(*at, b"/Page"))
            .take(5_000)
            .filter_map(|(id, _)| self.dict(Some(&Object::Reference(id))))
            .collect();
        dicts.extend(self.within.values().take(50_000).filter_map(|object| match object {
            Object::Dict(dict) if is(dict, "Page") || is(dict, "Pages") => Some(dict.clone()),
            _ => None,
        }));
        let root = dicts.iter().find(|dict| is(dict, "Pages") && !dict.contains_key("Parent"));
        let mut page = root.cloned();
        for _ in 0..DEEPEST {
            match page {
                Some(dict) if is(&dict, "Page") => return Some(dict),
                Some(dict) => {
                    let kids = dict.get("Kids").and_then(|kids| self.resolve(kids));
                    let Some(Object::Array(kids)) = kids else { break };
                    page = self.dict(kids.first());
                }
                None => break,
            }
        }
        dicts.into_iter().find(|dict| is(dict, "Page"))
    }

    fn text_of(&mut self, page: &Dict) -> String {
        let fonts = self.fonts(page);
        let contents = page.get("Contents").map(|contents| match contents {
            Object::Reference(_) => match self.resolve(contents) {
                Some(Object::Array(parts)) => parts,
                _ => vec![contents.clone()],
            },
            Object::Array(parts) => parts.clone(),
            _ => Vec::new(),
        });
        let mut content = Vec::new();
        for part in contents.unwrap_or_default().iter().take(100) {
            content.extend(self.stream(part).unwrap_or_default());
            content.push(b'\n');
        }
        spoken(&content, &fonts)
    }

    /// The fonts of a page, which may be those of the tree above it.
    fn fonts(&mut self, page: &Dict) -> HashMap<String, Font> {
        let mut above = Some(page.clone());
        for _ in 0..DEEPEST {
            let Some(dict) = above else { break };
            let resources = self.dict(dict.get("Resources"));
            if let Some(fonts) = resources.and_then(|resources| self.dict(resources.get("Font"))) {
                return fonts.iter().take(50).map(|(name, font)| (name.clone(), self.font(font))).collect();
            }
            above = self.dict(dict.get("Parent"));
        }
        HashMap::new()
    }

    fn font(&mut self, font: &Object) -> Font {
        let Some(dict) = self.dict(Some(font)) else { return Font::default() };
        let wide = matches!(dict.get("Subtype"), Some(Object::Name(name)) if name == "Type0");
        let map = dict.get("ToUnicode").and_then(|map| self.stream(map)).map(|map| unicode_map(&map));
        Font { wide, map: map.unwrap_or_default() }
    }
}

fn known_filter(name: &str) -> Option<bool> {
    matches!(name, "FlateDecode" | "Fl").then_some(true)
}

fn number(dict: &Dict, key: &str) -> Option<usize> {
    match dict.get(key)? {
        Object::Number(number) if *number >= 0.0 => Some(*number as usize),
        _ => None,
    }
}

/// A font's map from codes to text.
fn unicode_map(map: &[u8]) -> HashMap<u32, String> {
    let mut lexer = Lexer::new(map);
    let mut known = HashMap::new();
    let mut operands: Vec<Object> = Vec::new();
    while let Some(object) = lexer.object(0) {
        let Object::Word(word) = &object else {
            operands.push(object);
            if operands.len() > 1_000 {
                operands.clear();
            }
            continue;
        };
        match word.as_str() {
            "endbfchar" => {
                for pair in operands.chunks_exact(2) {
                    if let [Object::Text(code), Object::Text(text)] = pair {
                        known.insert(code_of(code), utf16(text));
                    }
                }
            }
            "endbfrange" => {
                for range in operands.chunks_exact(3) {
                    let [Object::Text(low), Object::Text(high), to] = range else { continue };
                    let (low, high) = (code_of(low), code_of(high));
                    for (step, code) in (low..=high).take(65_536).enumerate() {
                        match to {
                            Object::Text(text) => {
                                let mut units = utf16(text).encode_utf16().collect::<Vec<_>>();
                                if let Some(last) = units.last_mut() {
                                    *last = last.wrapping_add(step as u16);
                                }
                                known.insert(code, String::from_utf16_lossy(&units));
                            }
                            Object::Array(texts) => {
                                if let Some(Object::Text(text)) = texts.get(step) {
                                    known.insert(code, utf16(text));
                                }
                            }
                            _ => {}
                        }
                        if known.len() > 70_000 {
                            return known;
                        }
                    }
                }
            }
            _ => {}
        }
        operands.clear();
    }
    known
}

fn code_of(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |code, byte| code << 8 | u32::from(*byte))
}

fn utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).take(8).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}

/// What the content of a page shows, in the order it is drawn; a move to another line is one here.
fn spoken(content: &[u8], fonts: &HashMap<String, Font>) -> String {
    let mut lexer = Lexer::new(content);
    let mut said = String::new();
    let mut operands: Vec<Object> = Vec::new();
    let mut font = None;
    let mut height = f64::NAN;
    while let Some(object) = lexer.object(0) {
        let Object::Word(word) = &object else {
            operands.push(object);
            if operands.len() > 1_000 {
                operands.clear();
            }
            continue;
        };
        let value = |at: usize| match operands.get(at) {
            Some(Object::Number(number)) => *number,
            _ => 0.0,
        };
        match word.as_str() {
            "Tf" => {
                if let Some(Object::Name(name)) = operands.first() {
                    font = fonts.get(name);
                }
            }
            "Td" | "TD" => said.push(if value(1).abs() > 1.0 { '\n' } else { ' ' }),
            "Tm" => {
                said.push(if (value(5) - height).abs() > 1.0 { '\n' } else { ' ' });
                height = value(5);
            }
            "T*" => said.push('\n'),
            "Tj" | "'" | "\"" => {
                if word != "Tj" {
                    said.push('\n');
                }
                if let Some(Object::Text(text)) = operands.last() {
                    say(text, font, &mut said);
                }
            }
            "TJ" => {
                if let Some(Object::Array(parts)) = operands.first() {
                    for part in parts {
                        match part {
                            Object::Text(text) => say(text, font, &mut said),
                            // In thousandths of the letters' size, to the left.
                            Object::Number(moved) if *moved < -200.0 => said.push(' '),
                            _ => {}
                        }
                    }
                }
            }
            _ => {}
        }
        operands.clear();
        if said.len() > MOST_TEXT {
            break;
        }
    }
    said
}

fn say(text: &[u8], font: Option<&Font>, said: &mut String) {
    let Some(font) = font.filter(|font| font.wide || !font.map.is_empty()) else {
        said.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(text).0);
        return;
    };
    for code in text.chunks(if font.wide { 2 } else { 1 }) {
        said.push_str(font.map.get(&code_of(code)).map_or("", String::as_str));
    }
}

#[cfg(test)]
mod tests;
