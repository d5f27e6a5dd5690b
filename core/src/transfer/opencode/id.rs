//! Ids in OpenCode's shape: a prefix, 12 hex digits of time, 14 base62 characters.
//!
//! The digits are the low 48 bits of `milliseconds * 4096 + counter`, complemented for a session,
//! so that the newest session sorts first and messages sort in their order. The characters are a
//! hash of what the id is made for: the same every time.

use uuid::Uuid;

use crate::model::Time;

const TIME_BITS: u64 = (1 << 48) - 1;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The place of a time in the order of ids.
pub(super) fn stamp_of(time: Time) -> u64 {
    (time.as_millis() as u64).wrapping_mul(4096) & TIME_BITS
}

/// The id of a session that began here.
pub(super) fn session_id(own: &str, created: Time) -> String {
    shaped("ses", !stamp_of(created) & TIME_BITS, own)
}

/// An id of this prefix at this place, for what `seed` names.
pub(super) fn shaped(prefix: &str, stamp: u64, seed: &str) -> String {
    let mut hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, seed.as_bytes()).as_u128();
    let mut id = format!("{prefix}_{:012x}", stamp & TIME_BITS);
    for _ in 0..14 {
        id.push(char::from(BASE62[(hash % 62) as usize]));
        hash /= 62;
    }
    id
}

/// The place an id of OpenCode's shape has; `None` for any other text.
pub(super) fn stamp_in(id: &str) -> Option<u64> {
    let (prefix, rest) = id.split_once('_')?;
    let shaped = prefix.len() == 3
        && rest.len() == 26
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && rest[..12].bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    shaped.then(|| u64::from_str_radix(&rest[..12], 16).ok()).flatten()
}

/// What `id` is in a copy of its session: the same place, another name. Other texts stay.
pub(super) fn copied(id: &str, session: &str) -> Option<String> {
    let prefix = ["msg", "prt"].into_iter().find(|prefix| id.starts_with(prefix))?;
    Some(shaped(prefix, stamp_in(id)?, &format!("{session}/{id}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_id_holds_the_time_it_was_made() {
        // From an OpenCode export; the session was created a millisecond after its id was made.
        let stamp = stamp_in("msg_1fc019c7e001VApw5Sp4kkkyCt").expect("a stamp");
        let made = Time::from_millis(1_795_229_326_462).expect("a time");
        assert_eq!(stamp, stamp_of(made) + 1);
        let session = Time::from_millis(1_795_229_325_915).expect("a time");
        assert!(session_id("x", session).starts_with("ses_e03fe65a4"));
    }

    #[test]
    fn ids_are_the_same_every_time_and_differ_by_what_they_name() {
        let id = shaped("msg", 1, "a");
        assert_eq!(id, shaped("msg", 1, "a"));
        assert_ne!(id, shaped("msg", 1, "b"));
        assert_eq!(stamp_in(&id), Some(1));
        assert_eq!(id.len(), 30);
        assert_eq!(stamp_in("msg_é"), None);
    }
}
