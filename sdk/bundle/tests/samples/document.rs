//! Random YAML documents.

use rand::{Rng, rngs::StdRng, seq::IndexedRandom};

/// A random YAML text that is mostly valid: all styles, anchors, aliases, tags and merge keys.
pub(crate) fn random_yaml(random: &mut StdRng) -> Vec<u8> {
    let mut writer = YamlWriter { random, anchors: 0 };
    let body = writer.block(0, 4);
    body.trim_start_matches('\n').as_bytes().to_vec()
}

struct YamlWriter<'a> {
    random: &'a mut StdRng,
    anchors: usize,
}

impl YamlWriter<'_> {
    fn pick(&mut self, options: &[&'static str]) -> &'static str {
        options.choose(self.random).unwrap()
    }

    /// A node after `key:` or `-`, with the space or line break before it.
    fn block(&mut self, indent: usize, depth: usize) -> String {
        let property = self.property();
        let kind = if depth == 0 { 4 } else { self.random.random_range(0..7) };
        let margin = " ".repeat(indent);
        let step = self.random.random_range(1..4);
        match kind {
            0 | 1 => {
                let entries: String = (0..self.random.random_range(1..4))
                    .map(|_| {
                        let key = self.key();
                        format!("\n{margin}{key}:{}{}", self.block(indent + step, depth - 1), self.comment())
                    })
                    .collect();
                format!("{property}{entries}")
            }
            2 | 3 => {
                let flush = if indent > 0 && self.random.random_bool(0.3) { indent - 1 } else { indent };
                let items: String = (0..self.random.random_range(1..4))
                    .map(|_| format!("\n{}-{}", " ".repeat(flush), self.block(flush + step + 1, depth - 1)))
                    .collect();
                format!("{property}{items}")
            }
            4 => format!(" {property}{}", self.flow(depth)),
            5 => format!(" {property}{}", self.block_scalar(indent.max(1))),
            _ => format!(
                " {property}{}\n{margin} {}",
                self.pick(&["word", "a b", "1"]),
                self.pick(&["more", "- x", "# c", "", "\ttab"])
            ),
        }
    }

    fn property(&mut self) -> String {
        match self.random.random_range(0..14) {
            0 => {
                self.anchors += 1;
                format!(" &a{} ", self.anchors)
            }
            1 => format!(" {} ", self.pick(&["!!str", "!!map", "!!seq", "!x", "!", "!!float"])),
            _ => String::new(),
        }
    }

    fn comment(&mut self) -> &'static str {
        self.pick(&["", "", "", " # comment", "\n# comment", "\n", "\n\n   # indented"])
    }

    fn key(&mut self) -> String {
        let plain = [
            "a",
            "b",
            "c",
            "d e",
            "1",
            "1.5",
            "yes",
            "y",
            "null",
            "0x10",
            "<<",
            "'<<'",
            "\"q\"",
            "'s'",
            "? x\n",
            "2001-01-01",
            "é",
            "!!str e",
            "- a",
        ];
        self.pick(&plain).to_owned()
    }

    fn flow(&mut self, depth: usize) -> String {
        let kind = if depth == 0 { 0 } else { self.random.random_range(0..5) };
        match kind {
            1 => {
                let items: Vec<String> =
                    (0..self.random.random_range(0..4)).map(|_| self.flow(depth - 1)).collect();
                format!("[{}]", items.join(self.pick(&[", ", ",", " ,\n     ", ",, "])))
            }
            2 => {
                let items: Vec<String> = (0..self.random.random_range(0..4))
                    .map(|_| {
                        let key = self.key();
                        format!(
                            "{key}{}{}",
                            self.pick(&[": ", ":", " : ", ":\n      "]),
                            self.flow(depth - 1)
                        )
                    })
                    .collect();
                format!("{{{}}}", items.join(self.pick(&[", ", ","])))
            }
            3 if self.anchors > 0 => format!("*a{}", self.random.random_range(1..=self.anchors)),
            _ => {
                let scalars = [
                    "word",
                    "two words",
                    "1",
                    "-1.5",
                    "0o17",
                    "true",
                    "off",
                    "~",
                    "''",
                    "\"\"",
                    "'it''s'",
                    "\"a\\tb\\u263a\"",
                    "\"two\n      lines\"",
                    "'two\n\n      lines'",
                    "\"esc\\\n      aped\"",
                    "a:b",
                    "a#b",
                    "http://x/?y=z",
                    "1:30",
                    ".inf",
                    "2001-12-14",
                    "18446744073709551615",
                    "é ☃",
                    "\"\\/\"",
                ];
                self.pick(&scalars).to_owned()
            }
        }
    }

    fn block_scalar(&mut self, indent: usize) -> String {
        let header = self.pick(&["|", "|-", "|+", ">", ">-", ">+", "|2", ">1-", "| # comment", ">  "]);
        let extra = self.random.random_range(0..3);
        let lines: String = (0..self.random.random_range(0..5))
            .map(|_| {
                let shift = indent + extra + usize::from(self.random.random_bool(0.2));
                let line = self.pick(&[
                    "text",
                    "a b",
                    "",
                    "  more",
                    "# no comment",
                    "- x",
                    "k: v",
                    "\ttab",
                    "é",
                    "trailing ",
                ]);
                if line.is_empty() { "\n".to_owned() } else { format!("\n{}{line}", " ".repeat(shift)) }
            })
            .collect();
        format!("{header}{lines}{}", self.pick(&["", "", "\n", "\n\n"]))
    }
}
