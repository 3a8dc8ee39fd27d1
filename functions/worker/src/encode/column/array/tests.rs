//! Exact texts of arrays, and checks that no input makes the decoder panic.

use proptest::prelude::*;

use super::super::{as_it_stands, digits, json as json_string, whole, written};
use super::*;

fn binary(dimensions: &[(i32, i32)], elements: &[Option<&[u8]>]) -> Vec<u8> {
    let head = [dimensions.len() as i32, 0, 25].into_iter().chain(dimensions.iter().flat_map(|d| [d.0, d.1]));
    let mut out: Vec<u8> = head.flat_map(i32::to_be_bytes).collect();
    for element in elements {
        out.extend(element.map_or(-1, |e| e.len() as i32).to_be_bytes());
        out.extend(element.unwrap_or_default());
    }
    out
}

fn texts(dimensions: &[(i32, i32)], elements: &[Option<&str>]) -> [String; 2] {
    let elements: Vec<_> = elements.iter().map(|e| e.map(str::as_bytes)).collect();
    let value = binary(dimensions, &elements);
    [written(text(as_it_stands(whole), None), &value), written(json(json_string::string), &value)]
}

#[test]
fn elements_are_quoted_like_postgresql() {
    let elements = [
        Some("a"),
        None,
        Some("NULL"),
        Some("null"),
        Some("nulls"),
        Some(""),
        Some("a,b"),
        Some("q\"b\\"),
        Some("l\nf"),
        Some("{x}"),
        Some(" x"),
        Some("\u{b}"),
        Some("é;'"),
    ];
    let [text, json] = texts(&[(13, 1)], &elements);
    assert_eq!(
        text,
        "{a,NULL,\"NULL\",\"null\",nulls,\"\",\"a,b\",\"q\\\"b\\\\\",\"l\nf\",\"{x}\",\" x\",\"\u{b}\",é;'}"
    );
    assert_eq!(
        json,
        r#"["a",null,"NULL","null","nulls","","a,b","q\"b\\","l\nf","{x}"," x","\u000b","é;'"]"#
    );
}

#[test]
fn dimensions_and_bounds_are_written_like_postgresql() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(Some);
    assert_eq!(texts(&[], &[]), ["{}", "[]"]);
    assert_eq!(texts(&[(2, 1), (2, 1)], &[a, b, c, d]), ["{{a,b},{c,d}}", r#"[["a","b"],["c","d"]]"#]);
    assert_eq!(texts(&[(2, 5)], &[a, None]), ["[5:6]={a,NULL}", r#"["a",null]"#]);
    assert_eq!(
        texts(&[(1, 1), (2, -1), (2, 0)], &[a, b, c, d]),
        ["[1:1][-1:0][0:1]={{{a,b},{c,d}}}", r#"[[["a","b"],["c","d"]]]"#]
    );
    assert_eq!(texts(&[(1, i32::MAX)], &[a])[0], "[2147483647:2147483647]={a}");
}

#[test]
fn numbers_need_no_quotes() {
    let value = binary(&[(2, 1)], &[Some(&7i32.to_be_bytes()), Some(&(-1i32).to_be_bytes())]);
    assert_eq!(written(text(digits::int4, Some(b"-0123456789")), &value), "{7,-1}");
    assert_eq!(written(json(digits::int4), &value), "[7,-1]");
}

/// Parses one dimension of `array_out`, as `array_in` does.
fn read(text: &str) -> Vec<Option<String>> {
    let mut chars = text.strip_prefix('{').unwrap().strip_suffix('}').unwrap().chars().peekable();
    let mut elements = Vec::new();
    while chars.peek().is_some() {
        let quoted = chars.next_if_eq(&'"').is_some();
        let mut element = String::new();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted => break,
                ',' if !quoted => break,
                '\\' => element.extend(chars.next()),
                c => element.push(c),
            }
        }
        if quoted {
            chars.next();
        }
        elements.push((quoted || !element.eq_ignore_ascii_case("null")).then_some(element));
    }
    elements
}

proptest! {
    #[test]
    fn written_arrays_read_back(
        elements in proptest::collection::vec(
            proptest::option::of("(null|[a-c,\\\\\"{} \n\t]|\\PC){0,6}"), 1..8),
    ) {
        let given: Vec<_> = elements.iter().map(|e| e.as_deref()).collect();
        let [text, json] = texts(&[(given.len() as i32, 1)], &given);
        prop_assert_eq!(&read(&text), &elements);
        prop_assert_eq!(serde_json::from_str::<Vec<Option<String>>>(&json).unwrap(), elements);
    }

    #[test]
    fn arbitrary_bytes_cause_no_panic(
        dimensions in proptest::collection::vec((-1i32..4, -2i32..3), 0..8),
        tail in proptest::collection::vec(prop_oneof![Just(0u8), Just(0xff), any::<u8>()], 0..60),
    ) {
        let value = [binary(&dimensions, &[]), tail].concat();
        for write in [text(as_it_stands(whole), None), json(json_string::string)] {
            let _ = write(&value, &mut Vec::new());
        }
    }
}
