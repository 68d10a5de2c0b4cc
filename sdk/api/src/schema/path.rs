//! Where a pass over an object stands; lives on the stack and becomes text only for a complaint.

/// A place, linked to the place around it.
#[derive(Clone, Copy)]
pub(super) struct Path<'a> {
    outer: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    pub(super) const ROOT: Path<'static> = Path { outer: None, step: Step::Root };

    /// A field of a struct.
    pub(super) fn field(&'a self, name: &'a str) -> Path<'a> {
        Path { outer: Some(self), step: Step::Field(name) }
    }

    /// A key of a map.
    pub(super) fn key(&'a self, name: &'a str) -> Path<'a> {
        Path { outer: Some(self), step: Step::Key(name) }
    }

    /// An item of a list.
    pub(super) fn index(&'a self, index: usize) -> Path<'a> {
        Path { outer: Some(self), step: Step::Index(index) }
    }

    /// For example `spec.containers[0].image`.
    pub(super) fn text(&self) -> String {
        let mut text = self.outer.map_or_else(String::new, Path::text);
        match self.step {
            Step::Root => {}
            Step::Index(index) => text.push_str(&format!("[{index}]")),
            Step::Field(name) | Step::Key(name) => push(&mut text, name),
        }
        text
    }

    /// For example `spec.containers.image`: Go's decoder knows neither indices nor keys.
    pub(super) fn go_text(&self) -> String {
        let mut text = self.outer.map_or_else(String::new, Path::go_text);
        if let Step::Field(name) = self.step {
            push(&mut text, name);
        }
        text
    }
}

fn push(text: &mut String, name: &str) {
    if !text.is_empty() {
        text.push('.');
    }
    text.push_str(name);
}
