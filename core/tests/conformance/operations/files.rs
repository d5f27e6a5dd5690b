//! `file.*`: what a case does to the files of its own folder, and sees of them.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Call, Table};
use crate::thing::{NOTHING, data};
use crate::world::copy;

pub(crate) const TABLE: Table = &[
    ("file.write", |c| {
        let (path, content) = (path(c, "path"), content(c));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        NOTHING
    }),
    ("file.append", |c| {
        let (path, content) = (path(c, "path"), content(c));
        OpenOptions::new().append(true).open(path).unwrap().write_all(&content).unwrap();
        NOTHING
    }),
    ("file.read", |c| data(fs::read_to_string(path(c, "path")).unwrap())),
    ("file.exists", |c| data(path(c, "path").exists())),
    ("file.remove", |c| {
        let path = path(c, "path");
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        NOTHING
    }),
    ("file.make_directory", |c| {
        fs::create_dir_all(path(c, "path")).unwrap();
        NOTHING
    }),
    ("file.copy", |c| {
        copy(&path(c, "source"), &path(c, "target"));
        NOTHING
    }),
    ("file.list", |c| {
        let entries = fs::read_dir(path(c, "path")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        data(names)
    }),
];

fn path(c: &mut Call<'_>, name: &str) -> PathBuf {
    let below = c.args.text(name);
    c.world.path(&below)
}

fn content(c: &mut Call<'_>) -> Vec<u8> {
    match c.args.get::<String>("base64") {
        Some(text) => STANDARD.decode(text).unwrap(),
        None => c.args.text("text").into_bytes(),
    }
}
