//! Manifests that are no chart (a folder of them, a kustomization, a Compose file) as a chart's files, so that they
//! are rendered, installed, upgraded and rolled back like one, by us and by Helm.

use super::File;

/// What stands for an opening brace pair in a template.
const LITERAL: &str = "{{ \"{{\" }}";

/// The files of a chart called `name` that renders exactly `manifests`: pairs of a file's name and its text.
pub fn plain_files<'a>(name: &str, manifests: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<File> {
    let chart = format!("apiVersion: v2\nname: {}\nversion: 0.0.0\ntype: application\n", chart_name(name));
    let templates = manifests.into_iter().map(|(file, text)| File {
        name: format!("templates/{file}"),
        data: text.replace("{{", LITERAL).into(),
    });
    std::iter::once(File { name: "Chart.yaml".into(), data: chart.into() }).chain(templates).collect()
}

/// A folder's name as charts may be called: lower-case letters, digits and dashes.
fn chart_name(name: &str) -> String {
    let fitting = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(fitting).collect();
    match name.trim_matches('-') {
        "" => "manifests".into(),
        name => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_stay_braces_and_names_fit() {
        let files = plain_files("My App/", [("a.yaml", "a: '{{ .Values.x }}'")]);
        let texts: Vec<_> =
            files.iter().map(|file| (file.name.as_str(), file.data.text().into_owned())).collect();
        assert_eq!(texts[0].1, "apiVersion: v2\nname: my-app\nversion: 0.0.0\ntype: application\n");
        assert_eq!(texts[1], ("templates/a.yaml", "a: '{{ \"{{\" }} .Values.x }}'".into()));
        assert_eq!(chart_name("/"), "manifests");
    }
}
