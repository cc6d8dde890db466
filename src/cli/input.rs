//! The files that `pillion inject` reads: named one by one, found in directories, or standard input.
//! Never: what is in them.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Largest file: more is no manifest.
const MAX_FILE: u64 = 256 * 1024 * 1024;
/// Directories within directories that are looked into.
const MAX_DEPTH: usize = 32;
/// What is read in a directory.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// One text to inject.
pub(super) struct Input {
    /// The file's name, for messages; `-` for standard input.
    pub(super) name: String,
    /// The text.
    pub(super) text: String,
}

/// Where texts come from, in order: each name's files, sorted within directories.
pub(super) fn list(names: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for name in names {
        if name.is_dir() {
            let before = files.len();
            walk(name, MAX_DEPTH, &mut files)?;
            if files.len() == before {
                bail!("{}: holds no file that ends with .yaml, .yml or .json", name.display());
            }
        } else {
            files.push(name.clone());
        }
    }
    Ok(files)
}

/// Files below a directory. Links to directories are not followed: they may lead back.
fn walk(directory: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    let context = || directory.display().to_string();
    let entries = fs::read_dir(directory).with_context(context)?.collect::<io::Result<Vec<_>>>();
    let mut entries = entries.with_context(context)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().with_context(context)?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden {
            continue;
        }
        if kind.is_dir() {
            match depth {
                0 => bail!("{}: directories are nested more than {MAX_DEPTH} deep", path.display()),
                _ => walk(&path, depth - 1, files)?,
            }
        } else if path.extension().is_some_and(|ending| ENDINGS.iter().any(|e| ending == *e))
            && path.is_file()
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Reads one.
pub(super) fn read(path: &Path) -> Result<Input> {
    let name = path.display().to_string();
    let text = if name == "-" { slurp(io::stdin().lock()) } else { fs::File::open(path).and_then(slurp) };
    Ok(Input { text: text.with_context(|| name.clone())?, name })
}

fn slurp(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    let read = from.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if read as u64 > MAX_FILE {
        return Err(io::Error::other(format!("longer than {MAX_FILE} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_read_in_order_and_hidden_or_foreign_files_left_out() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.yaml", "a.json", ".hidden.yaml", "notes.txt", "sub/c.yml"] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        std::os::unix::fs::symlink(dir.path(), dir.path().join("sub/loop")).unwrap();
        let found = list(&[dir.path().to_owned()]).unwrap();
        let names: Vec<_> =
            found.iter().map(|path| path.strip_prefix(dir.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a.json", "b.yaml", "sub/c.yml"]);
    }

    #[test]
    fn a_directory_without_manifests_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(list(&[dir.path().to_owned()]).is_err());
    }
}
