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

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let local = self.offset.to_datetime(self.instant);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            local.year(),
            local.month(),
            local.day(),
            local.hour(),
            local.minute(),
            local.second()
        )?;
        match local.subsec_nanosecond() {
            0 => {}
            nanos if nanos % 1000 == 0 => write!(f, ".{:06}", nanos / 1000)?,
            nanos => write!(f, ".{nanos:09}")?,
        }
        let offset = self.offset.seconds();
        let sign = if offset < 0 { '-' } else { '+' };
        write!(f, "{sign}{:02}:{:02}", offset.abs() / 3600, offset.abs() / 60 % 60)
    }
}

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
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
