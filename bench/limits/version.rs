//! Which version of a library is at work: as `Cargo.lock` had it when this was built.

use crate::client::BoxError;

const LOCK: &str = include_str!("../../Cargo.lock");

/// Name and version of a package.
pub(crate) fn named(package: &str) -> Result<String, BoxError> {
    let [version] = versions(package)[..] else {
        return Err(format!("not one version of {package} in Cargo.lock").into());
    };
    Ok(format!("{package} {version}"))
}

fn versions(package: &str) -> Vec<&'static str> {
    let name = quoted(package);
    let packages = LOCK.split("[[package]]");
    packages
        .filter(|entry| value(entry, "name") == Some(name.as_str()))
        .filter_map(|entry| value(entry, "version"))
        .map(|version| version.trim_matches('"'))
        .collect()
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn value<'a>(entry: &'a str, key: &str) -> Option<&'a str> {
    let mut lines = entry.lines().filter_map(|line| line.split_once(" = "));
    lines.find_map(|(name, value)| (name == key).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_library_has_one_version() {
        for (library, major) in [
            ("reqwest", "reqwest 0.13."),
            ("hyper-util", "hyper-util 0.1."),
        ] {
            assert!(named(library).unwrap().starts_with(major));
        }
        assert!(named("no-such-package").is_err());
    }
}
