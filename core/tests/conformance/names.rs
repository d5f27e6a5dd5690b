//! The public names of the crate, read from its source: Rust has no reflection.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use syn::{ImplItem, Item, TraitItem, Type, Visibility};

/// `Type::method`, `Trait::method`, types and functions, by their last names.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) methods: BTreeSet<String>,
    pub(crate) items: BTreeSet<String>,
}

/// Everything `pub` below `core/src`.
pub(crate) fn of_the_crate() -> Names {
    let mut names = Names::default();
    add_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut names);
    names
}

fn add_folder(folder: &Path, names: &mut Names) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_folder(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let file = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            file.items.iter().for_each(|item| add(item, names));
        }
    }
}

fn add(item: &Item, names: &mut Names) {
    match item {
        Item::Fn(one) if is_public(&one.vis) => {
            names.items.insert(one.sig.ident.to_string());
        }
        Item::Struct(one) if is_public(&one.vis) => {
            names.items.insert(one.ident.to_string());
        }
        Item::Enum(one) if is_public(&one.vis) => {
            names.items.insert(one.ident.to_string());
        }
        Item::Trait(one) if is_public(&one.vis) => {
            names.items.insert(one.ident.to_string());
            for method in &one.items {
                if let TraitItem::Fn(method) = method {
                    names.methods.insert(format!("{}::{}", one.ident, method.sig.ident));
                }
            }
        }
        Item::Impl(one) if one.trait_.is_none() => {
            let Type::Path(of) = &*one.self_ty else { return };
            let Some(of) = of.path.segments.last() else { return };
            for method in &one.items {
                if let ImplItem::Fn(method) = method
                    && is_public(&method.vis)
                {
                    names.methods.insert(format!("{}::{}", of.ident, method.sig.ident));
                }
            }
        }
        _ => {}
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}
