//! Tests of every type: no input makes it panic or produce a byte outside its alphabet, and its JSON is valid.

use proptest::prelude::*;

use super::*;

fn column(kind: ColumnType, array: bool) -> Column {
    Column { array, ..Column::native("c", 0, kind) }
}

/// Encodes the elements as an array of one dimension.
fn array(elements: &[&[u8]]) -> Vec<u8> {
    let head = [1, 0, 0, elements.len() as i32, 1];
    let mut out: Vec<u8> = head.into_iter().flat_map(i32::to_be_bytes).collect();
    for element in elements {
        out.extend((element.len() as i32).to_be_bytes());
        out.extend(*element);
    }
    out
}

/// Generates bytes that are a valid value of some type more often than random bytes are.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..24),
        (any::<[u8; 8]>(), -60_000i32..60_000).prop_map(|(a, b)| [&a[..], &b.to_be_bytes()].concat()),
        (0i64..86_400_000_001, -60_000i32..60_000).prop_map(|(a, b)| [
            &a.to_be_bytes()[..],
            &b.to_be_bytes()
        ]
        .concat()),
        (0i64..86_400_000_001).prop_map(|a| a.to_be_bytes().to_vec()),
        any::<[u8; 16]>().prop_map(|a| a.to_vec()),
        (0u8..129, 0u8..2, any::<[u8; 16]>())
            .prop_map(|(bits, cidr, a)| [&[3, bits, cidr, 16][..], &a].concat()),
        (0u8..33, 0u8..2, any::<[u8; 4]>())
            .prop_map(|(bits, cidr, a)| [&[2, bits, cidr, 4][..], &a].concat()),
        (-3i16..4, any::<bool>(), 0u16..20, proptest::collection::vec(0u16..10_000, 0..5)).prop_map(
            |(weight, negative, scale, digits)| {
                let sign = if negative { 0x4000 } else { 0 };
                let head = [digits.len() as u16, weight as u16, sign, scale];
                head.iter().chain(&digits).flat_map(|n| n.to_be_bytes()).collect()
            }
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_type_stays_within_its_alphabet_without_panic(value in value()) {
        for kind in ColumnType::ALL {
            let (form, mut out) = (text_form(kind), Vec::new());
            let fits = (form.write)(&value, &mut out).is_ok();
            if fits && let Some(alphabet) = form.alphabet {
                prop_assert!(!out.is_empty() && out.iter().all(|b| alphabet.contains(b)), "{kind:?} {out:?}");
                prop_assert!(!alphabet.iter().any(|b| b"\"\n\r,{}".contains(b)), "{kind:?}");
            }
            let elements = array(&[&value, &value]);
            let array = (column_text(&column(kind, true)).write)(&elements, &mut Vec::new());
            prop_assert_eq!(array.is_ok(), fits);
            // Read as an array, the bytes are usually invalid.
            let _ = (column_text(&column(kind, true)).write)(&value, &mut Vec::new());
        }
    }

    #[test]
    fn json_output_is_valid_json(value in value()) {
        for kind in ColumnType::ALL {
            // The text of these types is the input itself.
            let text = std::str::from_utf8(&value).is_ok();
            if matches!(kind, ColumnType::Json | ColumnType::Jsonb) || (kind == ColumnType::Text && !text) {
                continue;
            }
            let mut out = Vec::new();
            let fits = column_json(&column(kind, false))(&value, &mut out).is_ok();
            prop_assert_eq!(fits, (text_form(kind).write)(&value, &mut Vec::new()).is_ok());
            let elements = array(&[&value, &value]);
            let (mut all, write) = (Vec::new(), column_json(&column(kind, true)));
            prop_assert_eq!(write(&elements, &mut all).is_ok(), fits);
            if fits {
                let json: Result<serde_json::Value, _> = serde_json::from_slice(&out);
                prop_assert!(json.is_ok() || out.len() > 300, "{kind:?} {:?}", String::from_utf8_lossy(&out));
                prop_assert_eq!(all, [b"[", &out[..], b",", &out[..], b"]"].concat());
            }
        }
    }

    #[test]
    fn any_eight_bytes_are_written_for_fixed_types(value: [u8; 8]) {
        for kind in [ColumnType::Timestamp, ColumnType::Timestamptz, ColumnType::Float8, ColumnType::Int8] {
            let form = text_form(kind);
            let text = written(form.write, &value);
            prop_assert!(text.bytes().all(|b| form.alphabet.unwrap().contains(&b)), "{text}");
        }
    }
}
