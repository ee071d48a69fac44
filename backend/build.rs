//! Compresses the built page for the release binary, which then has nothing to compress at run time.

use std::{
    env,
    error::Error,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let dist = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../dist");
    println!("cargo::rerun-if-changed=build.rs");
    // A debug build reads the files at run time, and does not need them to compile.
    if env::var("PROFILE")? != "release" {
        return Ok(());
    }
    println!("cargo::rerun-if-changed={}", dist.display());
    if !dist.join("index.html").is_file() {
        println!("cargo::error=the page is not built: run `just page` first");
        return Ok(());
    }
    let page = PathBuf::from(env::var("OUT_DIR")?).join("page");
    if page.exists() {
        fs::remove_dir_all(&page)?;
    }
    embed(&dist, &page)
}

/// Copies a folder, with a `.br` and a `.gz` beside each file.
fn embed(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            embed(&entry.path(), &target)?;
            continue;
        }
        let bytes = fs::read(entry.path())?;
        fs::write(&target, &bytes)?;
        let beside = |suffix: &str| {
            let mut name = target.clone().into_os_string();
            name.push(suffix);
            fs::File::create(name)
        };
        let params = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
        brotli::BrotliCompress(&mut bytes.as_slice(), &mut beside(".br")?, &params)?;
        let mut gzip = flate2::write::GzEncoder::new(beside(".gz")?, flate2::Compression::best());
        gzip.write_all(&bytes)?;
        gzip.finish()?;
    }
    Ok(())
}
