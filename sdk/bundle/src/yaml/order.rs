//! The order in which goyaml writes keys: natural, so that `a9` comes before `a10`, and symbols before letters.
//!
//! The order is no total order for every set of keys (neither is goyaml's), so sorting is by insertion, which
//! needs none.

use std::{borrow::Cow, cmp::Ordering};

use icu_properties::{
    CodePointMapData,
    props::{GeneralCategory, GeneralCategoryGroup},
};

use super::resolve::Rules;

/// Sorts entries by their keys as goyaml does.
pub(super) fn sort<'a, T>(
    entries: impl Iterator<Item = (Cow<'a, str>, T)>,
    rules: Rules,
) -> Vec<(Cow<'a, str>, T)> {
    let mut sorted: Vec<(Cow<'a, str>, T)> = Vec::with_capacity(entries.size_hint().0);
    for entry in entries {
        let at = match sorted.last() {
            Some(last) if less(&entry.0, &last.0, rules) => {
                sorted.partition_point(|other| !less(&entry.0, &other.0, rules))
            }
            _ => sorted.len(),
        };
        sorted.insert(at, entry);
    }
    sorted
}

/// Whether the key `a` comes before the key `b`.
fn less(a: &str, b: &str, rules: Rules) -> bool {
    let common = common_prefix(a, b);
    let (mut left, mut right) = (a[common..].chars(), b[common..].chars());
    let (Some(first), Some(second)) = (left.next(), right.next()) else {
        return a.len() < b.len();
    };
    match (is_letter(first), is_letter(second)) {
        (true, true) => return first < second,
        (false, false) => {}
        (first_letter, second_letter) => {
            let after_digit =
                rules == Rules::Version3 && a[..common].chars().next_back().is_some_and(is_digit);
            return if after_digit { first_letter } else { second_letter };
        }
    }
    digits(&a[..common], &a[common..], &b[common..]).unwrap_or(first < second)
}

/// Compares the numbers that go on at the first difference, if they tell the keys apart.
fn digits(before: &str, a: &str, b: &str) -> Option<bool> {
    let mut start = 0i64;
    if a.starts_with('0') || b.starts_with('0') {
        let preceding = before.chars().rev().take_while(|character| is_digit(*character));
        start = i64::from(preceding.into_iter().any(|digit| digit != '0'));
    }
    let run = |text: &str| {
        text.chars().take_while(|character| is_digit(*character)).fold(
            (start, 0usize),
            |(sum, length), digit| {
                let value = i64::from(u32::from(digit)) - i64::from(u32::from('0'));
                (sum.wrapping_mul(10).wrapping_add(value), length + 1)
            },
        )
    };
    let (left, right) = (run(a), run(b));
    match left.cmp(&right) {
        Ordering::Equal => None,
        order => Some(order == Ordering::Less),
    }
}

fn is_letter(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphabetic();
    }
    GeneralCategoryGroup::Letter.contains(category(character))
}

fn is_digit(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_digit();
    }
    category(character) == GeneralCategory::DecimalNumber
}

fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}

/// The length in bytes of the characters that both texts start with.
fn common_prefix(a: &str, b: &str) -> usize {
    let mut common = a.bytes().zip(b.bytes()).take_while(|(left, right)| left == right).count();
    while !a.is_char_boundary(common) || !b.is_char_boundary(common) {
        common -= 1;
    }
    common
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{Rules, sort};

    #[test]
    fn keys_are_in_natural_order() {
        let expected =
            ["-a", "_", "1", "2", "10", "A", "Z", "a", "a-1", "a1", "a2", "a10", "a10b", "aa", "é"];
        for rules in [Rules::Version2, Rules::Version3] {
            let shuffled = expected.iter().rev().map(|key| (Cow::Borrowed(*key), ()));
            let sorted: Vec<_> = sort(shuffled, rules).into_iter().map(|(key, ())| key).collect();
            assert_eq!(sorted, expected.map(Cow::Borrowed));
        }
    }
}
