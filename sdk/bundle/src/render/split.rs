//! Rendered files into documents. Source: Helm's `SplitManifests`.

/// The documents of a file, in order: what stands between lines that begin with `---`, without blanks before it;
/// empty ones are left out. A separator may be followed by text on its line, which is then the document's.
pub fn documents(text: &str) -> Vec<&str> {
    let text = text.trim_start();
    let mut documents = Vec::new();
    let mut start = 0;
    let mut line = 0;
    loop {
        if text[line..].starts_with("---") {
            push(&mut documents, &text[start..line]);
            start =
                line + 3 + text[line + 3..].bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        }
        let from = line.max(start);
        match memchr::memmem::find(&text.as_bytes()[from..], b"\n---") {
            Some(offset) => line = from + offset + 1,
            None => break,
        }
    }
    push(&mut documents, &text[start..]);
    documents
}

fn push<'a>(documents: &mut Vec<&'a str>, document: &'a str) {
    let document = document.trim_start();
    if !document.is_empty() {
        documents.push(document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_helm_does() {
        let cases: [(&str, &[&str]); 10] = [
            ("", &[]),
            ("\n---\n\n---\n", &[]),
            ("a: 1\n", &["a: 1\n"]),
            ("---\na: 1\n---\nb: 2\n", &["a: 1\n", "b: 2\n"]),
            ("---a: 1\n--- b: 2", &["a: 1\n", "b: 2"]),
            ("a: 1\n --- \nb: 2", &["a: 1\n --- \nb: 2"]),
            ("a: 1\n---  # c\nb: 2", &["a: 1\n", "# c\nb: 2"]),
            ("----\na: 1", &["-\na: 1"]),
            ("------\na: 1", &["---\na: 1"]),
            ("  \n\n---\n  a: 1", &["a: 1"]),
        ];
        for (text, expected) in cases {
            assert_eq!(documents(text), expected, "{text:?}");
        }
    }
}
