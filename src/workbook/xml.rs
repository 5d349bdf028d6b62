//! The little of XML that office files need beyond calamine: what stands within an element that describes, and
//! an element's attributes, both without the prefixes of their names.

use quick_xml::{
    Error, Reader, XmlVersion,
    events::{BytesRef, BytesStart, Event, attributes::Attribute},
};
use std::collections::BTreeMap;

pub(super) type Attributes = BTreeMap<String, String>;

/// An element's name and attributes.
pub(super) type Property = (String, Attributes);

/// A reader to which an empty element is a beginning and an end.
pub(super) fn reader(xml: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    reader
}

/// The elements within one that describes, without those that tell what was before a change.
pub(super) fn properties(reader: &mut Reader<&[u8]>, of: &BytesStart) -> Result<Vec<Property>, Error> {
    let end = of.local_name().as_ref().to_owned();
    let mut found = Vec::new();
    loop {
        match reader.read_event()? {
            Event::Start(element) if element.local_name().as_ref().ends_with("Change") => {
                reader.read_to_end(element.name())?;
            }
            Event::Start(element) => found.push((element.local_name().as_ref().to_owned(), attributes(&element))),
            Event::End(element) if element.local_name().as_ref() == end => return Ok(found),
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

pub(super) fn attributes(element: &BytesStart) -> Attributes {
    let readable = |attribute: Attribute| {
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned();
        Some((attribute.key.local_name().as_ref().to_owned(), value))
    };
    element.attributes().filter_map(|attribute| readable(attribute.ok()?)).collect()
}

/// The letter an entity stands for; none for one that would need a declaration.
pub(super) fn letter(entity: &BytesRef) -> Result<Option<char>, Error> {
    if let Some(letter) = entity.resolve_char_ref()? {
        return Ok(Some(letter));
    }
    Ok(match entity.xml10_content().as_ref() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    })
}

/// Whether a switch among the properties is on: `<b/>`, but not `<b val="0"/>`.
pub(super) fn is_on(attributes: &Attributes) -> bool {
    !matches!(attributes.get("val").map(String::as_str), Some("0" | "false" | "off" | "none"))
}
