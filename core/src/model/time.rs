//! Times as the files hold them: RFC 3339 with an offset.
//!
//! The offset a time was written with is kept, so that reading and writing a file changes
//! nothing. A time without an offset is taken as UTC.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{Timestamp, Zoned};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// An instant and the offset it was written with.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Time {
    instant: Timestamp,
    offset: Offset,
}

impl Time {
    /// The present, in UTC, to the microsecond (what every language can hold).
    pub fn now() -> Self {
        Self::from_micros(Timestamp::now().as_microsecond()).unwrap_or(Self::EPOCH)
    }

    /// 1970-01-01T00:00:00+00:00.
    pub const EPOCH: Self = Self { instant: Timestamp::UNIX_EPOCH, offset: Offset::UTC };

    /// From microseconds since 1970; `None` outside the years 1 to 9999.
    pub fn from_micros(micros: i64) -> Option<Self> {
        Self::checked(Timestamp::from_microsecond(micros).ok()?, Offset::UTC)
    }

    /// From milliseconds since 1970; `None` outside the years 1 to 9999.
    pub fn from_millis(millis: i64) -> Option<Self> {
        Self::checked(Timestamp::from_millisecond(millis).ok()?, Offset::UTC)
    }

    /// The same instant, seen with an offset in seconds east of UTC.
    pub fn with_offset(self, seconds: i32) -> Option<Self> {
        Self::checked(self.instant, Offset::from_seconds(seconds).ok()?)
    }

    /// Microseconds since 1970.
    pub fn as_micros(self) -> i64 {
        self.instant.as_microsecond()
    }

    /// Milliseconds since 1970.
    pub fn as_millis(self) -> i64 {
        self.instant.as_millisecond()
    }

    /// Seconds east of UTC of the offset this was written with.
    pub fn offset_seconds(self) -> i32 {
        self.offset.seconds()
    }

    /// Reads RFC 3339, also without an offset (then UTC), with a space for the `T`, or a bare date.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(pieces) = jiff::fmt::temporal::DateTimeParser::new().parse_pieces(text) {
            let time = pieces.time().unwrap_or(jiff::civil::Time::midnight());
            let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
            let local = DateTime::from_parts(pieces.date(), time);
            return Self::checked(offset.to_timestamp(local).ok()?, offset);
        }
        None
    }

    /// `%Y-%m-%d %H:%M` in UTC.
    pub(crate) fn to_minute(self) -> String {
        Offset::UTC.to_datetime(self.instant).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// From a number as other tools write it: seconds, or milliseconds when it is too large for
    /// seconds of this millennium.
    fn from_number(number: f64) -> Option<Self> {
        let seconds = if number.abs() >= 1e11 { number / 1000.0 } else { number };
        let micros = (seconds * 1e6).round();
        (micros.abs() < 9e17).then(|| Self::from_micros(micros as i64)).flatten()
    }

    fn checked(instant: Timestamp, offset: Offset) -> Option<Self> {
        (1..=9999).contains(&offset.to_datetime(instant).year()).then_some(Self { instant, offset })
    }
}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.instant, self.offset).cmp(&(other.instant, other.offset))
    }
}

impl From<Zoned> for Time {
    fn from(zoned: Zoned) -> Self {
        Self { instant: zoned.timestamp(), offset: zoned.offset() }
    }
}

/// The text of a time, on the stack: two of them are in every line of a journal, and the general
/// formatting machinery would take a good part of the time that writing a short line takes.
struct Text {
    bytes: [u8; 40],
    len: usize,
}

impl Text {
    fn put(&mut self, byte: u8) -> &mut Self {
        self.bytes[self.len] = byte;
        self.len += 1;
        self
    }

    /// `number` in so many digits.
    fn digits(&mut self, number: u32, digits: u32) -> &mut Self {
        for place in (0..digits).rev() {
            self.put(b'0' + (number / 10_u32.pow(place) % 10) as u8);
        }
        self
    }

    fn as_str(&self) -> &str {
        // Only ASCII was put in.
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl Time {
    fn text(self) -> Text {
        let local = self.offset.to_datetime(self.instant);
        let part = |number: i8| u32::from(number.unsigned_abs());
        let mut text = Text { bytes: [0; 40], len: 0 };
        text.digits(u32::from(local.year().unsigned_abs()), 4).put(b'-');
        text.digits(part(local.month()), 2).put(b'-').digits(part(local.day()), 2).put(b'T');
        text.digits(part(local.hour()), 2).put(b':').digits(part(local.minute()), 2).put(b':');
        text.digits(part(local.second()), 2);
        match local.subsec_nanosecond().unsigned_abs() {
            0 => {}
            nanos if nanos % 1000 == 0 => {
                text.put(b'.').digits(nanos / 1000, 6);
            }
            nanos => {
                text.put(b'.').digits(nanos, 9);
            }
        }
        let offset = self.offset.seconds();
        let minutes = offset.unsigned_abs() / 60;
        text.put(if offset < 0 { b'-' } else { b'+' });
        text.digits(minutes / 60, 2).put(b':').digits(minutes % 60, 2);
        text
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimeVisitor;
        impl Visitor<'_> for TimeVisitor {
            type Value = Time;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an RFC 3339 time of the years 1 to 9999")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                Time::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Time, E> {
                self.visit_f64(number as f64)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Time, E> {
                self.visit_f64(number as f64)
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Time, E> {
                Time::from_number(number)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Float(number), &self))
            }
        }
        deserializer.deserialize_any(TimeVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_and_its_offset_survive() {
        for text in [
            "2024-01-15T10:30:00+00:00",
            "2024-01-15T10:30:00.123456+05:30",
            "2024-01-15T10:30:00.123456789-08:00",
            "0001-01-01T00:00:00+00:00",
        ] {
            assert_eq!(Time::parse(text).expect(text).to_string(), text);
        }
    }

    #[test]
    fn a_naive_time_is_utc_and_z_is_an_offset() {
        let naive = Time::parse("2024-01-15 10:30:00").expect("naive");
        assert_eq!(naive, Time::parse("2024-01-15T10:30:00Z").expect("zulu"));
        assert_eq!(naive.to_string(), "2024-01-15T10:30:00+00:00");
    }

    #[test]
    fn numbers_are_seconds_or_milliseconds() {
        let seconds: Time = serde_json::from_str("1705314600").expect("seconds");
        let millis: Time = serde_json::from_str("1705314600000").expect("millis");
        assert_eq!(seconds, millis);
    }

    #[test]
    fn absurd_times_are_refused() {
        for text in ["", "yesterday", "99999-01-01T00:00:00Z", "-0001-01-01T00:00:00Z"] {
            assert!(Time::parse(text).is_none(), "{text:?}");
        }
        assert!(serde_json::from_str::<Time>("1e300").is_err());
    }
}
