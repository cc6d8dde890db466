//! What is taken for an object of a folder, and how what is none is told.

use std::fs;

use super::*;

const NODES: Kind = Kind { folder: "nodes", kind: "Node", group: "", namespaced: false };
const PROXY_CONFIGS: Kind =
    Kind { folder: "proxyconfigs", kind: "ProxyConfig", group: "networking.istio.io", namespaced: true };

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn names(kind: &Kind, files: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let dir = folder(files);
    let objects = read(dir.path(), Path::new("conf/here"), kind).map_err(|error| error.to_string())?;
    Ok(objects.unwrap().iter().map(|object| object.at(&["metadata", "name"]).to_owned()).collect())
}

fn fault(kind: &Kind, file: &str) -> String {
    names(kind, &[("a.yaml", file)]).unwrap_err()
}

#[test]
fn files_hold_documents_and_lists_in_yaml_and_json() {
    let files = [
        (
            "b.yaml",
            "# all\n---\napiVersion: v1\nkind: Node\nmetadata: {name: n3}\n---\n{apiVersion: v1, kind: Node, metadata: {name: n1}}\n",
        ),
        (
            "a.yml",
            "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Node, metadata: {name: n4}}\n",
        ),
        ("c.json", r#"{"apiVersion":"v1","kind":"NodeList","items":[{"metadata":{"name":"n2"}}]}"#),
        ("none.yaml", "apiVersion: v1\nkind: List\nitems: []\n"),
        ("notes.txt", "not read"),
        (".hidden.yaml", "kind: Pod"),
    ];
    assert_eq!(names(&NODES, &files).unwrap(), ["n1", "n2", "n3", "n4"]);
    assert_eq!(names(&NODES, &[]).unwrap(), [""; 0]);
}

#[test]
fn no_folder_is_not_an_empty_one() {
    let dir = folder(&[]);
    let missing = dir.path().join("nodes");
    assert!(read(&missing, &missing, &NODES).unwrap().is_none());
    assert!(read(dir.path(), dir.path(), &NODES).unwrap().unwrap().is_empty());
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(read(&file, &file, &NODES).unwrap_err().to_string().contains("cannot read"));
}

#[test]
fn each_fault_names_file_document_and_line() {
    let first = "apiVersion: v1\nkind: Node\nmetadata: {name: a}\n---\n# a comment\n";
    for (second, parts) in [
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: b}\n", ["line 6", "kind \"Pod\""]),
        ("apiVersion: v2/v1\nkind: Node\nmetadata: {name: b}\n", ["line 6", "apiVersion \"v2/v1\""]),
        ("kind: Node\nmetadata: {name: b}\n", ["line 6", "apiVersion \"\""]),
        ("apiVersion: v1\nkind: Node\n", ["line 6", "metadata.name: is missing or no text"]),
        ("apiVersion: v1\nkind: Node\nmetadata: {name: a}\n", ["line 6", "document 1, line 1"]),
        (
            "apiVersion: v1\nkind: Node\nmetadata: {name: [}\n",
            ["line 8", "did not find expected node content"],
        ),
        ("apiVersion: v1\nkind: List\nitems: {}\n", ["line 6", "items: is missing or no list"]),
        ("apiVersion: v1\nkind: List\nitems: [{kind: Node}]\n", ["line 6", "items[0]"]),
        ("apiVersion: v1\nkind: NodeList\n", ["line 6", "items: is missing or no list"]),
        ("[]", ["line 6", "kind \"\""]),
        ("text", ["line 6", "kind \"\""]),
    ] {
        let fault = fault(&NODES, &format!("{first}{second}"));
        assert!(fault.starts_with("conf/here/a.yaml, document 2"), "{fault}");
        for part in parts {
            assert!(fault.contains(part), "{part} in {fault}");
        }
    }
}

#[test]
fn a_file_that_holds_nothing_is_one_that_is_being_written() {
    for text in ["", "\n", "# later\n", "---\n---\n"] {
        let fault = fault(&NODES, text);
        assert!(fault.contains("conf/here/a.yaml: holds no object") && fault.contains("NodeList"), "{fault}");
    }
}

#[test]
fn what_is_in_a_namespace_must_name_it() {
    let head = "apiVersion: networking.istio.io/v1beta1\nkind: ProxyConfig\n";
    let two = format!(
        "{head}metadata: {{name: a, namespace: one}}\n---\n{head}metadata: {{name: a, namespace: two}}\n"
    );
    assert_eq!(names(&PROXY_CONFIGS, &[("a.yaml", &two)]).unwrap(), ["a", "a"]);
    let fault = fault(&PROXY_CONFIGS, &format!("{head}metadata: {{name: a}}\n"));
    assert!(fault.contains("metadata.namespace: is missing or no text"), "{fault}");
}

#[test]
fn files_are_bounded_in_number_and_length() {
    let many: Vec<String> = (0..=MAX_FILES).map(|at| format!("{at}.yaml")).collect();
    let dir = tempfile::tempdir().unwrap();
    many.iter().for_each(|name| fs::write(dir.path().join(name), "{kind: List, items: null}").unwrap());
    let error = read(dir.path(), Path::new("nodes"), &NODES).unwrap_err().to_string();
    assert!(error.contains("nodes: holds more than 1000 files"), "{error}");

    let long = format!("{{kind: List, items: []}}\n# {}\n", "x".repeat(16 * 1024 * 1024));
    let dir = folder(&[("a.yaml", &long)]);
    let error = read(dir.path(), Path::new("nodes"), &NODES).unwrap_err().to_string();
    assert!(error.contains("nodes/a.yaml: it is longer than"), "{error}");

    let part = format!("{{kind: List, items: []}}\n# {}\n", "x".repeat(15 * 1024 * 1024));
    let dir = folder(&["a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml"].map(|name| (name, part.as_str())));
    let error = read(dir.path(), Path::new("nodes"), &NODES).unwrap_err().to_string();
    assert!(error.contains("bytes together"), "{error}");
}

#[test]
fn a_pipe_is_not_waited_for() {
    let dir = folder(&[]);
    let made = std::process::Command::new("mkfifo").arg(dir.path().join("a.yaml")).status().unwrap();
    assert!(made.success());
    assert!(read(dir.path(), dir.path(), &NODES).unwrap().unwrap().is_empty());
}

#[test]
fn a_folder_that_is_a_volume_is_read_by_its_generation() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("..1")).unwrap();
    fs::write(dir.path().join("..1/a.yaml"), "{apiVersion: v1, kind: Node, metadata: {name: node-1}}")
        .unwrap();
    std::os::unix::fs::symlink("..1", dir.path().join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/a.yaml", dir.path().join("a.yaml")).unwrap();
    assert_eq!(read(dir.path(), dir.path(), &NODES).unwrap().unwrap().len(), 1);
}
