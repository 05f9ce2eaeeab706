//! The names that a run gave out, told apart as the least discerning file system does: without regard to case and to how
//! Unicode is composed.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher as _};

use icu_normalizer::DecomposingNormalizerBorrowed;

use super::safe::split_extension;

const NFD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfd();

/// The names given out in one run. It keeps hashes alone: were two ever equal by chance, a name would have a number that it did
/// not need.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    hashes: HashSet<u64>,
    /// The next number to try, for the names that were asked for more than once: counting from 1 each time would take
    /// quadratic time.
    next: HashMap<u64, u64>,
}

impl Taken {
    /// `name`, or, when it was given out before, the first free one of `name-1.ext`, `name-2.ext` and so on. It may be a path.
    pub(crate) fn distinct(&mut self, name: String) -> String {
        let hash = hash(&name);
        if self.hashes.insert(hash) {
            return name;
        }
        let (stem, extension) = split_extension(&name);
        let next = self.next.entry(hash).or_insert(1);
        loop {
            let numbered = format!("{stem}-{next}{extension}");
            *next += 1;
            if self.hashes.insert(self::hash(&numbered)) {
                return numbered;
            }
        }
    }

    /// Whether nobody had this name before, in any case. It is taken afterwards.
    pub(crate) fn claim(&mut self, name: &str) -> bool {
        self.hashes.insert(hash(name))
    }
}

/// With fixed keys: the same list has the same names in every run.
fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    for character in folded(name) {
        hasher.write_u32(character.into());
    }
    hasher.finish()
}

/// `name` in the one form that all names have which a file system may take for it.
pub(super) fn folded(name: &str) -> impl Iterator<Item = char> {
    // In this order, or the two cases of a sharp s stay apart.
    NFD.normalize_iter(name.chars())
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn distinct(names: &[&str]) -> Vec<String> {
        let mut taken = Taken::default();
        names
            .iter()
            .map(|&name| taken.distinct(name.into()))
            .collect()
    }

    #[test]
    fn equal_names_get_numbers_before_the_extension() {
        assert_eq!(
            distinct(&[
                "a.txt", "b", "a.txt", "a.txt", "b", "c.tar.gz", "c.tar.gz", "d/.e", "d/.e"
            ]),
            [
                "a.txt",
                "b",
                "a-1.txt",
                "a-2.txt",
                "b-1",
                "c.tar.gz",
                "c-1.tar.gz",
                "d/.e",
                "d/.e-1"
            ]
        );
    }

    #[test]
    fn a_number_is_never_given_twice() {
        assert_eq!(
            distinct(&["a-1.txt", "a.txt", "a.txt", "a-1.txt", "a-2.txt", "a.txt"]),
            [
                "a-1.txt",
                "a.txt",
                "a-2.txt",
                "a-1-1.txt",
                "a-2-1.txt",
                "a-3.txt"
            ]
        );
    }

    #[test]
    fn names_differ_in_more_than_case_and_composition() {
        assert_eq!(
            distinct(&[
                "a.txt",
                "A.TXT",
                "\u{e9}",
                "e\u{301}",
                "E\u{301}",
                "stra\u{df}e",
                "STRASSE"
            ]),
            [
                "a.txt",
                "A-1.TXT",
                "\u{e9}",
                "e\u{301}-1",
                "E\u{301}-2",
                "stra\u{df}e",
                "STRASSE-1"
            ]
        );
    }

    #[test]
    fn an_explicit_name_is_claimed_once_in_any_case() {
        let mut taken = Taken::default();
        assert!(taken.claim("a/b.txt"));
        assert!(!taken.claim("a/B.txt"));
        assert!(taken.claim("b.txt"));
        assert_eq!(taken.distinct("B.txt".into()), "B-1.txt");
        assert!(!taken.claim("b-1.txt"));
    }

    #[test]
    fn every_character_is_equal_to_its_other_case_and_forms() {
        let fold = |text: &str| folded(text).collect::<String>();
        // Nothing above has a case.
        for character in '\0'..'\u{20000}' {
            let text = character.to_string();
            let expected = fold(&text);
            assert_eq!(fold(&text.to_uppercase()), expected, "{character:?}");
            assert_eq!(fold(&text.to_lowercase()), expected, "{character:?}");
            let decomposed: String = NFD.normalize_iter(text.chars()).collect();
            assert_eq!(fold(&decomposed), expected, "{character:?}");
            assert_eq!(fold(&expected), expected, "{character:?}");
        }
    }

    #[test]
    fn many_equal_names_take_one_try_each() {
        let mut taken = Taken::default();
        for _ in 0..100_000 {
            taken.distinct("a.txt".into());
        }
        assert_eq!(taken.distinct("A.txt".into()), "A-100000.txt");
        assert_eq!(taken.next.len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_two_are_equal_in_any_case_and_the_same_list_has_the_same_names(names in prop::collection::vec("[aA\u{e9}\u{c9}](-[12]){0,2}(\\.[xX])?", 0..60)) {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            let given = distinct(&names);
            let mut folds: Vec<String> = given.iter().map(|name| folded(name).collect()).collect();
            folds.sort_unstable();
            folds.dedup();
            prop_assert_eq!(folds.len(), names.len());
            prop_assert_eq!(given, distinct(&names));
        }
    }
}
