//! Text in columns, by the rules of Go's `text/tabwriter`, which kubectl lays everything out with.
//!
//! A cell is text before a tab. Cells that stand below each other in consecutive lines form a column as wide as its widest
//! cell; what follows the last tab of a line belongs to no column.

/// Puts `lines`, each its cells, into columns that are at least `minimum` wide and at least `padding` apart.
pub fn align<S: AsRef<str>>(lines: &[Vec<S>], minimum: usize, padding: usize) -> String {
    let mut out = String::new();
    let mut widths = Vec::new();
    block(lines, minimum, padding, &mut widths, &mut out);
    out
}

/// Lines that have the columns of `widths` in common.
fn block<S: AsRef<str>>(
    lines: &[Vec<S>],
    minimum: usize,
    padding: usize,
    widths: &mut Vec<usize>,
    out: &mut String,
) {
    let column = widths.len();
    let has = |line: &Vec<S>| line.len() > column + 1;
    let mut start = 0;
    while start < lines.len() {
        if !has(&lines[start]) {
            write(&lines[start], widths, out);
            start += 1;
            continue;
        }
        let length = lines[start..].iter().take_while(|line| has(line)).count();
        let below = &lines[start..start + length];
        let widest = below.iter().map(|line| line[column].as_ref().chars().count()).max().unwrap_or_default();
        widths.push((widest + padding).max(minimum));
        block(below, minimum, padding, widths, out);
        widths.pop();
        start += length;
    }
}

fn write<S: AsRef<str>>(line: &[S], widths: &[usize], out: &mut String) {
    for (index, cell) in line.iter().enumerate() {
        let cell = cell.as_ref();
        out.push_str(cell);
        if let Some(width) = widths.get(index).filter(|_| index + 1 < line.len()) {
            out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
        }
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aligned(text: &str) -> String {
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
        align(&lines, 0, 2)
    }

    #[test]
    fn columns_end_where_a_line_lacks_them() {
        assert_eq!(
            aligned(
                "Name:\tweb\nNamespace:\tdefault\nContainers:\n  a:\n    Image:\tbusybox\n    Port:\t<none>"
            ),
            "Name:       web\nNamespace:  default\nContainers:\n  a:\n    Image:  busybox\n    Port:   <none>\n"
        );
        assert_eq!(aligned("a\tb\tc\naaa\tbbb\tc\nx\ty"), "a    b    c\naaa  bbb  c\nx    y\n");
        assert_eq!(aligned("a\t\nbb\t"), "a   \nbb  \n");
    }

    #[test]
    fn columns_have_a_least_width() {
        assert_eq!(align(&[vec!["a", "b", "c"]], 6, 3), "a     b     c\n");
    }
}
