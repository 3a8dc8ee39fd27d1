//! Edge values of numbers, and many random ones, mostly floats.

use crate::random::Random;

type Values = Vec<String>;

/// Edge values of `double precision`.
pub(crate) const FLOATS: [&str; 32] = [
    "0",
    "-0",
    "1",
    "-1",
    "0.1",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e-4",
    "1e-5",
    "0.00012345",
    "123456",
    "1234567",
    "999999",
    "1e5",
    "1e6",
    "1e14",
    "1e15",
    "123456789012345",
    "1e16",
    "20000000000000008",
    "9007199254740993",
    "1e22",
    "1e23",
    "1.7976931348623157e308",
    "5e-324",
    "2.2250738585072014e-308",
    "2.2250738585072011e-308",
    "3.14159265358979",
    "-1.5e-10",
    "1e100",
    "1e-100",
];

/// Edge values of `numeric`.
pub(crate) const NUMERICS: [&str; 34] = [
    "0",
    "-0",
    "0.0",
    "0.00",
    "1",
    "-1",
    "10",
    "100",
    "1000",
    "10000",
    "100000000",
    "12345.6789",
    "-0.5",
    "0.0001",
    "0.00001",
    "0.000000001",
    "1e-20",
    "1e20",
    "1e100",
    "-1e-100",
    "99999999.99999999",
    "1.10",
    "1000000.000001",
    "NaN",
    "Infinity",
    "-Infinity",
    "123456789012345678901234567890.123456789012345678901234567890",
    "10000.0001",
    "0.1000",
    "9999",
    "9999.9999",
    "0.00010002",
    "1e1000",
    "1e-1000",
];

/// Returns edge values of `real`.
pub(crate) fn reals() -> Values {
    FLOATS
        .iter()
        .filter(|f| {
            ![
                "1.7976931348623157e308",
                "5e-324",
                "2.2250738585072014e-308",
                "2.2250738585072011e-308",
                "1e100",
                "1e-100",
            ]
            .contains(f)
        })
        .chain(&["3.4028235e38", "1.1754944e-38", "1e-45", "16777216", "16777217", "33554432", "8388608.5"])
        .map(|f| (*f).to_owned())
        .collect()
}

/// Returns name, type and values of each table.
pub(crate) fn random() -> Vec<(&'static str, &'static str, Values)> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut doubles: Vec<f64> = (0..100_000).map(|_| f64::from_bits(random.next())).collect();
    doubles.extend((0..60_000).map(|_| ((1u64 << (53 + random.below(8))) + random.below(1 << 40)) as f64));
    doubles.extend((0..40_000).map(|_| random.below(10_000_000) as f64 / 1_000.0));
    doubles.extend((0..20_000).map(|_| random.next() as f64 / 1e6));
    doubles.extend((0..20_000).map(|_| f64::from_bits(random.below(1 << 52))));
    for power in 0..2_047u64 {
        // Powers of two and their neighbours.
        doubles.extend([0, 1, (1 << 52) - 1].map(|fraction| f64::from_bits(power << 52 | fraction)));
    }
    let mut reals: Vec<f32> = (0..150_000).map(|_| f32::from_bits(random.next() as u32)).collect();
    reals.extend((0..40_000).map(|_| ((1u64 << (24 + random.below(8))) + random.below(1 << 20)) as f32));
    reals.extend((0..255u32 * 3).map(|i| f32::from_bits((i / 3) << 23 | [0, 1, 0x7f_ffff][i as usize % 3])));
    let numerics = (0..120_000).map(|_| {
        let digits: String =
            (0..1 + random.below(40)).map(|_| char::from(b'0' + random.below(10) as u8)).collect();
        let sign = if random.below(3) == 0 { "-" } else { "" };
        match random.below(4) {
            0 => format!("{sign}{digits}"),
            1 => format!("{sign}{digits}e{}", random.below(120) as i64 - 60),
            2 => format!("{sign}0.{}{digits}", "0".repeat(random.below(20) as usize)),
            _ => format!("{sign}{digits}.{}", random.below(1_000_000)),
        }
    });
    vec![
        ("doubles", "float8", doubles.iter().map(|x| format!("{x:e}").replace("inf", "Infinity")).collect()),
        ("reals", "float4", reals.iter().map(|x| format!("{x:e}").replace("inf", "Infinity")).collect()),
        ("numerics", "numeric", numerics.collect()),
    ]
}
