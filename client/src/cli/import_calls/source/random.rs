//! Random texts and commands: the reader never panics, and reads what a shell and curl would read.

use super::curl_options::{takes_argument, with_argument};
use super::shell::{self, literal};
use super::{Call, read};

/// Texts that are changed and put together.
const CORPUS: [&str; 12] = [
    "curl -sS -H 'Authorization: Bearer x' \\\n  \"https://a/v1/carts?page=1\" -o x\n",
    "for m in {01..12} $(seq -w 1 3); do curl \"$API/orders?month=2024-$m\" | jq . > \"$m.json\"; done\n",
    "10.0.0.1 - - [01/May/2024:10:00:00 +0000] \"GET /v1/customers?x=1 HTTP/1.1\" 200 17 \"it's\"\n",
    "API=https://a/v1; export KEY=`cat key` && curl -G $API/o -d from=2024-01-01 --data-urlencode 'q=a b'&\n",
    "cat <<EOF >x\ncurl https://a/x\nEOF\ncurl https://a/{x,y}?n=[1-9:2] $'\\x41\\u00e9\\''\n",
    "bash -c 'curl \"https://a/x\"' ssh h \"curl https://b\" $(curl `curl ${A:-$(curl c)}`)\n",
    "while read x; do for y in $x; do select z in 1; do curl $z; done; done; done < f 2>&1\n",
    "{\"log\": {\"entries\": [{\"request\": {\"method\": \"GET\", \"url\": \"https://a/x\"}}]}}",
    "curl -",
    "é\u{202e}\0\r\n\\\r\n\\",
    "((((((((((((((((((((((((((((((((curl $($($($($($($($($($($($($($($($($($($(",
    "https://a/x?b=1&c=2;(d)#e requests.get(\"https://a/y\")\n",
];

const ROUNDS: usize = 3_000;

/// xorshift64*: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 8) % end as u64) as usize
    }

    fn char(&mut self) -> char {
        const CHARS: &str = "ab1 \t'\"\\$`(){}[]<>|&;#=-?/:é\u{1f600}*~!%@.,\n";
        CHARS.chars().nth(self.below(CHARS.chars().count())).unwrap_or('x')
    }

    fn word(&mut self) -> String {
        (0..self.below(8)).map(|_| self.char()).collect()
    }
}

#[test]
fn no_text_makes_the_reader_panic() {
    let mut random = Random(0x5eed);
    for _ in 0..ROUNDS {
        let mut text: Vec<char> = CORPUS[random.below(CORPUS.len())].chars().collect();
        for _ in 0..=random.below(6) {
            let at = random.below(text.len() + 1);
            match random.below(4) {
                0 => text.truncate(at),
                1 if at < text.len() => text[at] = random.char(),
                2 => text.insert(at, random.char()),
                _ => {
                    let other: Vec<_> = CORPUS[random.below(CORPUS.len())].chars().collect();
                    let (from, to) = (random.below(other.len()), random.below(other.len()));
                    text.splice(at..at, other[from.min(to)..from.max(to)].iter().copied());
                }
            }
        }
        let _ = read(&text.iter().collect::<String>());
    }
}

/// Writes a word for a shell in one of its forms.
fn quoted(word: &str, random: &mut Random) -> String {
    match random.below(3) {
        0 => format!("'{}'", word.replace('\'', r"'\''")),
        1 => {
            let escape = |c: char| if "\"\\$`".contains(c) { format!("\\{c}") } else { c.to_string() };
            format!("\"{}\"", word.chars().map(escape).collect::<String>())
        }
        // A line break cannot be escaped.
        _ => {
            let escape = |c: char| if c == '\n' { "'\n'".to_owned() } else { format!("\\{c}") };
            let escaped: String = word.chars().map(escape).collect();
            if escaped.is_empty() { "''".to_owned() } else { escaped }
        }
    }
}

#[test]
fn quoted_words_read_back() {
    let mut random = Random(0x5eed);
    for _ in 0..ROUNDS {
        let words: Vec<_> = (0..=random.below(4)).map(|_| random.word()).collect();
        let written: Vec<_> = words.iter().map(|word| quoted(word, &mut random)).collect();
        let text = written.join(if random.below(2) == 0 { " " } else { " \\\n\t" });
        let (commands, length) = shell::line(&format!("{text}\nnext")).expect("quotes are closed");
        assert_eq!(length, text.len() + 1, "{text}");
        let found: Option<Vec<_>> = commands[0].iter().map(literal).collect();
        assert_eq!((commands.len(), found.as_ref()), (1, Some(&words)), "{text}");
    }
}

/// Returns an option of curl with its argument, if it takes one.
fn option(random: &mut Random) -> Vec<String> {
    const LONG: [&str; 14] = [
        "silent",
        "output",
        "header",
        "cacert",
        "proxy",
        "compressed",
        "retry",
        "location",
        "max-time",
        "user-agent",
        "write-out",
        "no-buffer",
        "cookie",
        "unknown-switch",
    ];
    const SHORT: [char; 12] = ['s', 'S', 'L', 'o', 'H', 'A', 'm', 'k', 'b', 'v', 'x', 'e'];
    const ARGUMENTS: [&str; 6] =
        ["https://b/carts", "/tmp/orders", "-d", "--next", "x y", "https://c/?limit=5"];
    let argument = ARGUMENTS[random.below(ARGUMENTS.len())].to_owned();
    if random.below(2) == 0 {
        let name = LONG[random.below(LONG.len())];
        let mut words = vec![format!("--{name}")];
        words.extend(takes_argument(name).then_some(argument));
        return words;
    }
    let mut letters = "-".to_owned();
    loop {
        let letter = SHORT[random.below(SHORT.len())];
        letters.push(letter);
        if with_argument(letter).is_some() {
            return if random.below(2) == 0 { vec![letters, argument] } else { vec![letters + &argument] };
        }
        if random.below(2) == 0 {
            return vec![letters];
        }
    }
}

#[test]
fn only_urls_of_a_command_are_calls() {
    let mut random = Random(0x5eed);
    for _ in 0..ROUNDS {
        let (mut words, mut urls) = (vec!["curl".to_owned()], Vec::new());
        for _ in 0..random.below(6) {
            words.extend(option(&mut random));
        }
        for n in 0..=random.below(3) {
            let url = format!("https://a/orders?page={n}&q=x");
            words.extend((random.below(2) == 0).then(|| "--url".to_owned()));
            words.push(url.clone());
            urls.push(url);
            words.extend(option(&mut random));
        }
        let text: Vec<_> = words.iter().map(|word| quoted(word, &mut random)).collect();
        // The name of the command is not quoted.
        let text = format!("curl {} | jq . && true\n", text[1..].join(" "));
        let calls: Vec<_> = read(&text)
            .expect("a script")
            .into_iter()
            .map(|Call { url, .. }| url.map(String::from))
            .collect();
        assert_eq!(calls, urls.into_iter().map(Ok).collect::<Vec<_>>(), "{text}");
    }
}
