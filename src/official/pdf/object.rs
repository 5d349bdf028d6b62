//! The objects a PDF is written in: numbers, names, texts, lists, dictionaries, references, and the words of its
//! content. Whatever cannot be understood ends the reading of one object, never more; how deep objects may nest is
//! limited.

use std::collections::BTreeMap;

const DEEPEST: usize = 30;
const MOST_ITEMS: usize = 20_000;
const LONGEST: usize = 64 << 10;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Object {
    Number(f64),
    Name(String),
    Text(Vec<u8>),
    Array(Vec<Object>),
    Dict(BTreeMap<String, Object>),
    Reference(u32),
    /// An operator, or a constant.
    Word(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Name(String),
    Text(Vec<u8>),
    Open(u8),
    Close(u8),
    Word(String),
}

pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Lexer<'a> {
        Lexer { bytes, at: 0 }
    }

    /// What has not been read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at.min(self.bytes.len())..]
    }

    /// The next object; none where there is none, or none that can be understood.
    pub(super) fn object(&mut self, depth: usize) -> Option<Object> {
        let token = self.token()?;
        self.object_from(token, depth)
    }

    fn object_from(&mut self, token: Token, depth: usize) -> Option<Object> {
        if depth > DEEPEST {
            return None;
        }
        Some(match token {
            Token::Number(number) => match self.reference(number) {
                Some(id) => Object::Reference(id),
                None => Object::Number(number),
            },
            Token::Name(name) => Object::Name(name),
            Token::Text(text) => Object::Text(text),
            Token::Word(word) => Object::Word(word),
            Token::Open(b'[') => {
                let mut items = Vec::new();
                loop {
                    match self.token()? {
                        Token::Close(b']') => break,
                        token if items.len() < MOST_ITEMS => items.push(self.object_from(token, depth + 1)?),
                        _ => return None,
                    }
                }
                Object::Array(items)
            }
            Token::Open(_) => {
                let mut dict = BTreeMap::new();
                loop {
                    match self.token()? {
                        Token::Close(b'>') => break,
                        Token::Name(name) if dict.len() < MOST_ITEMS => {
                            let value = self.object(depth + 1)?;
                            dict.insert(name, value);
                        }
                        _ => return None,
                    }
                }
                Object::Dict(dict)
            }
            Token::Close(_) => return None,
        })
    }

    /// The object a number refers to, where `0 R` follows it.
    fn reference(&mut self, number: f64) -> Option<u32> {
        let before = self.at;
        let is_whole = number >= 0.0 && number.fract() == 0.0 && number < f64::from(u32::MAX);
        if is_whole
            && self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace)
            && matches!(self.token(), Some(Token::Number(_)))
            && self.token() == Some(Token::Word("R".to_owned()))
        {
            return Some(number as u32);
        }
        self.at = before;
        None
    }

    pub(super) fn token(&mut self) -> Option<Token> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if byte == b'%' {
                let line = self.rest().iter().position(|byte| matches!(byte, b'\n' | b'\r'));
                self.at = line.map_or(self.bytes.len(), |line| self.at + line);
            } else if byte.is_ascii_whitespace() || byte == 0 {
                self.at += 1;
            } else {
                break;
            }
        }
        let byte = self.bytes[self.at];
        match byte {
            b'/' => {
                self.at += 1;
                Some(Token::Name(self.regular()))
            }
            b'(' => Some(Token::Text(self.text())),
            b'<' | b'>' if self.bytes.get(self.at + 1) == Some(&byte) => {
                self.at += 2;
                Some(if byte == b'<' { Token::Open(byte) } else { Token::Close(byte) })
            }
            b'<' => Some(Token::Text(self.digits())),
            b'[' | b'{' => {
                self.at += 1;
                Some(if byte == b'[' { Token::Open(byte) } else { Token::Word("{".to_owned()) })
            }
            b']' | b'}' | b')' | b'>' => {
                self.at += 1;
                Some(if byte == b']' { Token::Close(byte) } else { Token::Word(char::from(byte).to_string()) })
            }
            _ => {
                let word = self.regular();
                Some(
                    word.parse()
                        .ok()
                        .filter(|number: &f64| number.is_finite())
                        .map_or(Token::Word(word), Token::Number),
                )
            }
        }
    }

    fn regular(&mut self) -> String {
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\0()<>[]{}/%".contains(byte);
        let rest = self.rest();
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        self.at += length;
        String::from_utf8_lossy(&rest[..length.min(200)]).into_owned()
    }

    /// A text in brackets, which may hold others.
    fn text(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut open = 0;
        while let Some(byte) = self.bytes.get(self.at).copied() {
            self.at += 1;
            let said = match byte {
                b'(' => {
                    open += 1;
                    (open > 1).then_some(byte)
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                    Some(byte)
                }
                b'\\' => self.escaped(),
                byte => Some(byte),
            };
            if text.len() < LONGEST {
                text.extend(said);
            }
        }
        text
    }

    fn escaped(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        match byte {
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'b' | b'f' => None,
            b'\n' => None,
            b'\r' => {
                self.at += usize::from(self.bytes.get(self.at) == Some(&b'\n'));
                None
            }
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    match self.bytes.get(self.at) {
                        Some(digit @ b'0'..=b'7') => code = code * 8 + u32::from(digit - b'0'),
                        _ => break,
                    }
                    self.at += 1;
                }
                Some(code as u8)
            }
            byte => Some(byte),
        }
    }

    /// A text in hexadecimal digits.
    fn digits(&mut self) -> Vec<u8> {
        self.at += 1;
        let rest = self.rest();
        let end = rest.iter().position(|byte| *byte == b'>').unwrap_or(rest.len());
        self.at += end + 1;
        let digits: Vec<u8> = rest[..end.min(2 * LONGEST)]
            .iter()
            .filter_map(|byte| char::from(*byte).to_digit(16).map(|digit| digit as u8))
            .collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
    }
}
