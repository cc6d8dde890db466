//! Volumes as the kubelet writes them. Never: what is in their files.

use std::path::Path;

/// Writes `files` as the kubelet writes a mounted volume: into a new directory that `..data` is swapped to.
pub fn swap(volume: &Path, generation: u32, files: &[(&str, &str)]) {
    let name = format!("..generation-{generation}");
    let data = volume.join(&name);
    std::fs::create_dir(&data).unwrap();
    for (file, text) in files {
        std::fs::write(data.join(file), text).unwrap();
        let link = volume.join(file);
        if link.symlink_metadata().is_err() {
            std::os::unix::fs::symlink(format!("..data/{file}"), link).unwrap();
        }
    }
    std::os::unix::fs::symlink(&name, volume.join("..data_tmp")).unwrap();
    std::fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
}
