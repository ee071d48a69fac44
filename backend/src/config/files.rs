//! Files and folders that only the server's own user may read.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

/// Creates a folder that only this user can read, unless it exists.
///
/// # Errors
///
/// When it cannot be created.
pub fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes a file that only this user can read, and replaces its former content.
///
/// # Errors
///
/// When it cannot be written.
pub fn private_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content)
}

/// Reads the private file `name` in `folder`, or creates it (mode 0600) with `content`. If several processes
/// try at once, one of them creates the file and all read the same.
///
/// # Errors
///
/// When the file can be neither read nor written.
pub fn read_or_create_secret(
    folder: &Path,
    name: &str,
    content: impl FnOnce() -> io::Result<String>,
) -> io::Result<String> {
    let path = folder.join(name);
    if !path.try_exists()? {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(content()?.as_bytes())?;
        file.as_file().sync_all()?;
        if let Err(error) = file.persist_noclobber(&path)
            && error.error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(error.error);
        }
    }
    Ok(fs::read_to_string(path)?.trim().to_owned())
}
