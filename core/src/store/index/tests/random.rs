//! Whatever is done to the sessions, an index that followed shows what a new one shows.

use proptest::prelude::*;

use super::following::rebuilt;
use super::*;
use crate::model::TokenUse;

#[derive(Debug, Clone)]
enum Step {
    Say(String),
    EditMessage(usize, String),
    DeleteMessage(usize),
    Clear(Option<usize>),
    Title(String),
    Tag(u8),
    Untag(u8),
    Status(Option<String>),
    Use(u64),
    Model(String),
    Save,
    Reopen,
    CatchUp,
    Refresh,
    EditFile(String),
}

fn step() -> impl Strategy<Value = Step> {
    let text = "[a-zA-Zäß ]{0,12}";
    prop_oneof![
        6 => text.prop_map(Step::Say),
        1 => (any::<usize>(), text).prop_map(|(n, text)| Step::EditMessage(n, text)),
        1 => any::<usize>().prop_map(Step::DeleteMessage),
        1 => proptest::option::of(any::<usize>()).prop_map(Step::Clear),
        1 => text.prop_map(Step::Title),
        1 => (0..4_u8).prop_map(Step::Tag),
        1 => (0..4_u8).prop_map(Step::Untag),
        1 => proptest::option::of("[a-z]{1,3}").prop_map(Step::Status),
        1 => (0..1000_u64).prop_map(Step::Use),
        1 => "[a-z]{1,3}".prop_map(Step::Model),
        2 => Just(Step::Save),
        1 => Just(Step::Reopen),
        4 => Just(Step::CatchUp),
        1 => Just(Step::Refresh),
        1 => text.prop_map(Step::EditFile),
    ]
}

fn run(place: &Place, index: &Index, writer: &mut Option<Writer>, step: Step) {
    let open = writer.get_or_insert_with(|| place.open("a"));
    let ids: Vec<String> = open
        .read(|session| session.messages.iter().map(|message| message.id.clone()).collect())
        .expect("read");
    let pick = |n: usize| ids.get(n % ids.len().max(1)).cloned();
    match step {
        Step::Say(text) => say(open, &text),
        Step::EditMessage(n, text) => {
            let Some(id) = pick(n) else { return };
            let set = [("content".to_owned(), text.into())].into_iter().collect();
            edit(open, Change::MessageEdited { id, set });
        }
        Step::DeleteMessage(n) => {
            let Some(id) = pick(n) else { return };
            edit(open, Change::MessageDeleted { ids: vec![id] });
        }
        Step::Clear(n) => {
            edit(open, Change::HistoryCleared { keep_from: n.and_then(pick) });
        }
        Step::Title(title) => edit(open, Change::TitleSet { title }),
        Step::Tag(n) => edit(open, Change::TagAdded { tag: format!("tag{n}") }),
        Step::Untag(n) => edit(open, Change::TagRemoved { tag: format!("tag{n}") }),
        Step::Status(status) => edit(open, Change::StatusSet { status }),
        Step::Use(tokens) => {
            let used = TokenUse { prompt_tokens: tokens, ..TokenUse::default() };
            edit(open, Change::UsageAdded(used));
        }
        Step::Model(model) => {
            edit(open, Change::FieldSet { field: crate::model::Field::Model, value: model.into() });
        }
        Step::Save => open.save().expect("saved"),
        Step::Reopen => {
            open.close(|| index.catch_up("a", true)).expect("closed");
            *writer = None;
        }
        Step::CatchUp => index.catch_up("a", false).expect("caught up"),
        Step::Refresh => index.refresh().expect("refreshed"),
        Step::EditFile(title) => {
            open.close(|| index.catch_up("a", true)).expect("closed");
            *writer = None;
            let text = std::fs::read_to_string(place.snapshot("a")).expect("read");
            let mut session: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            session["title"] = title.into();
            place.drop_file("a", session.to_string());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn an_index_that_followed_equals_a_rebuilt_one(
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let place = Place::new();
        place.session("other", "other", &["stays"]);
        let index = place.full_index();
        let mut writer = Some(place.create(named("a", "begin")));
        for step in steps {
            run(&place, &index, &mut writer, step);
        }
        let followed = everything(&index);
        prop_assert!(index.verify().expect("verified").is_empty());
        drop(index);
        prop_assert_eq!(followed, everything(&rebuilt(&place)));
    }
}
