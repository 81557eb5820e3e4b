//! Universal Binary JSON (ubjson.org, draft 12), read into whatever serde can build, with the strongly typed arrays that
//! XGBoost writes. Numbers are big-endian. No length is believed before the bytes for it are there, containers nest at
//! most [`MAX_DEPTH`] deep, and arrays of values without bytes are refused, so memory and time are bounded by the file.

use std::fmt::Display;

use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::XgboostError;

const MAX_DEPTH: u32 = 32;

/// Why it cannot be read; in words, with the place.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct UbjsonError(String);

impl de::Error for UbjsonError {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl From<UbjsonError> for XgboostError {
    fn from(error: UbjsonError) -> Self {
        Self::Damaged(error.0)
    }
}

/// Reads one value that fills the whole input.
pub(super) fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, UbjsonError> {
    let mut reader = Reader { bytes, at: 0, depth: 0 };
    let marker = reader.marker()?;
    let value = T::deserialize(Value { reader: &mut reader, marker })?;
    if reader.at < bytes.len() {
        return Err(reader.fail("there is more after its end"));
    }
    Ok(value)
}

struct Reader<'de> {
    bytes: &'de [u8],
    at: usize,
    depth: u32,
}

/// A value whose type marker was read already: an element of a typed array has none of its own.
struct Value<'a, 'de> {
    reader: &'a mut Reader<'de>,
    marker: u8,
}

impl<'de> Reader<'de> {
    fn fail(&self, why: impl Display) -> UbjsonError {
        UbjsonError(format!("at byte {}: {why}", self.at))
    }

    fn take(&mut self, count: usize) -> Result<&'de [u8], UbjsonError> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.fail("it ends too early"))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], UbjsonError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn peek(&self) -> Result<u8, UbjsonError> {
        self.bytes.get(self.at).copied().ok_or_else(|| self.fail("it ends too early"))
    }

    /// The next byte, if it is this one.
    fn skip(&mut self, byte: u8) -> Result<bool, UbjsonError> {
        let found = self.peek()? == byte;
        self.at += usize::from(found);
        Ok(found)
    }

    /// The type of the next value; `N` means nothing.
    fn marker(&mut self) -> Result<u8, UbjsonError> {
        loop {
            let marker = self.peek()?;
            self.at += 1;
            if marker != b'N' {
                return Ok(marker);
            }
        }
    }

    /// A whole number with its marker, as lengths are written.
    fn length(&mut self) -> Result<usize, UbjsonError> {
        let length = match self.marker()? {
            b'i' => i64::from(i8::from_be_bytes(self.array()?)),
            b'U' => i64::from(u8::from_be_bytes(self.array()?)),
            b'I' => i64::from(i16::from_be_bytes(self.array()?)),
            b'l' => i64::from(i32::from_be_bytes(self.array()?)),
            b'L' => i64::from_be_bytes(self.array()?),
            other => return Err(self.fail(format_args!("a length of type {:?}", char::from(other)))),
        };
        // Whatever is counted takes at least a byte each.
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.bytes.len() - self.at)
            .ok_or_else(|| self.fail(format_args!("an impossible length, {length}")))
    }

    fn text(&mut self) -> Result<&'de str, UbjsonError> {
        let length = self.length()?;
        str::from_utf8(self.take(length)?).map_err(|_| self.fail("a text that is not UTF-8"))
    }

    /// The head of a container: the type of all its elements, and their number.
    fn head(&mut self) -> Result<(Option<u8>, Option<usize>), UbjsonError> {
        let kind = if self.skip(b'$')? { Some(self.marker()?) } else { None };
        let count = if self.skip(b'#')? { Some(self.length()?) } else { None };
        match (kind, count) {
            (Some(kind), Some(count)) => {
                let width = match kind {
                    b'i' | b'U' => 1usize,
                    b'I' => 2,
                    b'l' | b'd' => 4,
                    b'L' | b'D' => 8,
                    other => return Err(self.fail(format_args!("an array of type {:?}", char::from(other)))),
                };
                if count.checked_mul(width).is_none_or(|bytes| bytes > self.bytes.len() - self.at) {
                    return Err(self.fail("it ends too early"));
                }
                Ok((Some(kind), Some(count)))
            }
            (Some(_), None) => Err(self.fail("an array with a type but no length")),
            (None, count) => Ok((None, count)),
        }
    }

    fn deeper(&mut self) -> Result<(), UbjsonError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.fail("it nests too deep")) } else { Ok(()) }
    }
}

impl<'de> de::Deserializer<'de> for Value<'_, 'de> {
    type Error = UbjsonError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UbjsonError> {
        let Self { reader, marker } = self;
        match marker {
            b'Z' => visitor.visit_unit(),
            b'T' => visitor.visit_bool(true),
            b'F' => visitor.visit_bool(false),
            b'i' => visitor.visit_i64(i8::from_be_bytes(reader.array()?).into()),
            b'U' => visitor.visit_u64(u8::from_be_bytes(reader.array()?).into()),
            b'I' => visitor.visit_i64(i16::from_be_bytes(reader.array()?).into()),
            b'l' => visitor.visit_i64(i32::from_be_bytes(reader.array()?).into()),
            b'L' => visitor.visit_i64(i64::from_be_bytes(reader.array()?)),
            b'd' => visitor.visit_f32(f32::from_be_bytes(reader.array()?)),
            b'D' => visitor.visit_f64(f64::from_be_bytes(reader.array()?)),
            b'C' => visitor.visit_char(reader.array::<1>()?[0].into()),
            b'S' => visitor.visit_borrowed_str(reader.text()?),
            b'[' => {
                reader.deeper()?;
                let (kind, left) = reader.head()?;
                let mut list = List { reader, kind, left };
                let value = visitor.visit_seq(&mut list)?;
                list.end()?;
                reader.depth -= 1;
                Ok(value)
            }
            b'{' => {
                reader.deeper()?;
                let (kind, left) = reader.head()?;
                if kind.is_some() {
                    return Err(reader.fail("an object of one type"));
                }
                let mut list = List { reader, kind, left };
                let value = visitor.visit_map(&mut list)?;
                list.end()?;
                reader.depth -= 1;
                Ok(value)
            }
            other => Err(reader.fail(format_args!("a value of type {:?}", char::from(other)))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UbjsonError> {
        if self.marker == b'Z' { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &str, visitor: V) -> Result<V::Value, UbjsonError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// An open array or object.
struct List<'a, 'de> {
    reader: &'a mut Reader<'de>,
    kind: Option<u8>,
    /// Elements to come, where their number was told.
    left: Option<usize>,
}

impl List<'_, '_> {
    /// Whether another element follows; one that ends with a bracket is read up to it, and none is left.
    fn another(&mut self, closing: u8) -> Result<bool, UbjsonError> {
        match &mut self.left {
            Some(0) => Ok(false),
            Some(left) => {
                *left -= 1;
                Ok(true)
            }
            None => {
                while self.reader.skip(b'N')? {}
                let closed = self.reader.skip(closing)?;
                if closed {
                    self.left = Some(0);
                }
                Ok(!closed)
            }
        }
    }

    /// A visitor that stopped early left something unread.
    fn end(&self) -> Result<(), UbjsonError> {
        if self.left == Some(0) { Ok(()) } else { Err(self.reader.fail("a list with too many elements")) }
    }
}

impl<'de> SeqAccess<'de> for &mut List<'_, 'de> {
    type Error = UbjsonError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, UbjsonError> {
        if !self.another(b']')? {
            return Ok(None);
        }
        let marker = match self.kind {
            Some(kind) => kind,
            None => self.reader.marker()?,
        };
        seed.deserialize(Value { reader: self.reader, marker }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        self.left
    }
}

impl<'de> MapAccess<'de> for &mut List<'_, 'de> {
    type Error = UbjsonError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, UbjsonError> {
        if !self.another(b'}')? {
            return Ok(None);
        }
        let key: de::value::BorrowedStrDeserializer<'de, UbjsonError> =
            de::value::BorrowedStrDeserializer::new(self.reader.text()?);
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, UbjsonError> {
        let marker = self.reader.marker()?;
        seed.deserialize(Value { reader: self.reader, marker })
    }
}
