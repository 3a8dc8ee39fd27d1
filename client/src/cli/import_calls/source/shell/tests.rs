//! Lines of shell scripts.

use super::*;

fn words(text: &str) -> Vec<Vec<String>> {
    let shown = |word: &Word| literal(word).unwrap_or_else(|| format!("{word:?}"));
    let commands = line(text).map(|(commands, _)| commands).unwrap();
    commands.iter().map(|command| command.iter().map(shown).collect()).collect()
}

#[test]
fn quotes_and_escapes_are_those_of_a_shell() {
    for (text, word) in [
        (r"'a b'", "a b"),
        (r#""a \"b\" \$c \n""#, r#"a "b" $c \n"#),
        (r"a\ b\&c", "a b&c"),
        (r"$'a\'b\n\x41\u00e9'", "a'b\nAé"),
        (r#"a"b"'c'"#, "abc"),
        ("''", ""),
        ("\"a\\\nb\"", "ab"),
        ("a#b", "a#b"),
    ] {
        assert_eq!(words(text), [[word]], "{text}");
    }
    for open in ["'a", "\"a", "$(a", "`a", "$'a", "${a"] {
        assert_eq!(line(open), None, "{open}");
    }
}

#[test]
fn commands_are_separated_as_in_a_shell() {
    assert_eq!(
        words("a b && c; d | e || f & (g)"),
        [vec!["a", "b"], vec!["c"], vec!["d"], vec!["e"], vec!["f"], vec!["g"]]
    );
    assert_eq!(words("a > b 2>&1 c 2>/dev/null <d >>e &>f <<<g # h"), [["a", "c"]]);
    assert_eq!(words("a \\\n b \\\r\n c\nd"), [["a", "b", "c"]]);
    assert_eq!(words("https://a/b?c=1&d=2 e"), [["https://a/b?c=1&d=2", "e"]]);
    assert_eq!(words("https://a/b?c=1& e"), [["https://a/b?c=1"], ["e"]]);
}

#[test]
fn line_ends_after_its_documents() {
    let text = "cat <<'EOF' > x\ncurl https://a\nEOF\nnext";
    let (commands, read) = line(text).unwrap();
    assert_eq!((commands.len(), &text[read..]), (1, "next"));
}

#[test]
fn variables_and_substitutions_are_kept() {
    let (commands, _) = line("a=$(b \"$c\" `d`) ${e:-f}g$1").unwrap();
    let variable =
        |name: &str, default: Option<&str>| Segment::Variable(name.into(), default.map(Into::into));
    let text = |text: &str| Segment::Text(text.into());
    let inner =
        vec![vec![text("b")], vec![variable("c", None)], vec![Segment::Output(vec![vec![vec![text("d")]]])]];
    assert_eq!(
        commands,
        [[
            vec![text("a="), Segment::Output(vec![inner])],
            vec![variable("e", Some("f")), text("g"), variable("1", None)],
        ]]
    );
}
