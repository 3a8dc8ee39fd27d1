//! Calls in texts of every form.

use super::*;

/// Returns the calls of a text: the URL, or the text and the reason.
fn calls(text: &str) -> Vec<String> {
    let shown = |call: Call| match call.url {
        Ok(url) => url.to_string(),
        Err(reason) => format!("{}: {reason}", call.text),
    };
    read(text).unwrap().into_iter().map(shown).collect()
}

#[test]
fn calls_are_found_in_every_form() {
    let text = "# nightly\nset -e\nhttps://a.example/v1/orders?from=2024-01-01&api_key=secret\n\
                curl -sS -H 'Authorization: Bearer x' \\\n  \"https://u:pw@a.example/v1/carts?page=1\" -o x\n\
                10.0.0.1 - - [01/May/2024:10:00:00 +0000] \"GET /v1/customers?x=1 HTTP/1.1\" 200 17 \"it's curl/8.5.0\"\n\
                curl -d '{}' https://a.example/v1/orders\ncurl\n/v1/visits?x=1&y=2\n- \"https://a.example/x\",\n";
    assert_eq!(
        calls(text),
        [
            "https://a.example/v1/orders?from=2024-01-01&api_key=secret",
            "https://u:pw@a.example/v1/carts?page=1",
            "http://localhost/v1/customers?x=1",
            "POST https://a.example/v1/orders: it is a POST, which does not only read; only GET is replaced",
            "curl: it has no URL",
            "http://localhost/v1/visits?x=1&y=2",
            "https://a.example/x",
        ]
    );
    assert!(!calls("curl -d x https://me:pw@a.example/o?key=pw\n")[0].contains("pw"));
}

#[test]
fn every_curl_of_a_line_is_found() {
    for line in [
        "curl https://a/x && curl https://a/y",
        "curl https://a/x; curl https://a/y",
        "curl https://a/x | jq . > x; curl https://a/y &",
        "(curl https://a/x || exit 1)\ncurl https://a/y 2>/dev/null",
        "x=$(curl -s https://a/x) y=`curl https://a/y`",
        "echo \"$(curl https://a/x)\" \"`curl https://a/y`\"",
        "if ! curl -f https://a/x; then curl https://a/y; fi",
        "sudo -u me curl https://a/x\ntimeout 30 /usr/bin/curl https://a/y",
        "0 2 * * * curl https://a/x\n@daily bash -c 'curl \"https://a/y\"'",
        "curl https://a/x https://a/y",
        "curl -H 'a\nb: curl' https://a/x\ncurl https://a/y -d '{\n\"c\": 1}' -X GET",
        "curl 'https://a/x'\r\ncurl \\\r\n  'https://a/y'\r\n",
        "curl https://a/x # curl https://a/z\ncurl https://a/y",
    ] {
        assert_eq!(calls(line), ["https://a/x", "https://a/y"], "{line}");
    }
    assert_eq!(calls("curl https://a/x?b=1&c=2 -o x"), ["https://a/x?b=1&c=2"]);
    assert_eq!(calls("curl 'https://a/x -o y\n"), ["https://a/x%20-o%20y"]);
}

#[test]
fn other_commands_are_no_calls() {
    for line in [
        "API=https://a/orders",
        "export API=https://a/orders KEY=x",
        "apt-get install -y curl",
        "if ! command -v curl >/dev/null; then exit 1; fi",
        "echo https://a/orders curl https://a/orders",
        "cd /srv/orders",
        "mkdir -p /data/orders && cat /data/orders/x.csv",
        "curl --version",
        "git clone https://a/orders.git",
        "done",
        "./run.sh",
        "cat > x <<EOF; ls\n curl https://a/orders\nEOF",
    ] {
        let found = calls(line);
        assert!(found.is_empty(), "{line}: {found:?}");
    }
}

#[test]
fn variables_and_loops_are_followed() {
    let text = "API=\"https://a/v1\"\nFROM=${FROM:-2024-01-01}\n\
                for name in orders carts; do\n  for month in {01..02}; do curl \"$API/$name?month=2024-$month\"; done\ndone\n\
                for day in $(seq -w 9 10); do curl \"${API}/days/$day?from=$FROM\"; done\n\
                while read id; do curl \"$API/o/$id\"; done < ids\nALL=\"x y\"\nfor n in $ALL; do wget -q $API/$n; done\n";
    assert_eq!(
        calls(text),
        [
            "https://a/v1/orders?month=2024-01",
            "https://a/v1/orders?month=2024-02",
            "https://a/v1/carts?month=2024-01",
            "https://a/v1/carts?month=2024-02",
            "https://a/v1/days/09?from=2024-01-01",
            "https://a/v1/days/10?from=2024-01-01",
            "https://a/v1/o/$id",
            "https://a/v1/x",
            "https://a/v1/y",
        ]
    );
    assert_eq!(
        calls("curl $API/orders?x=$X\ncurl \"$URL\"\ncurl ftp://a/b"),
        [
            "http://localhost/orders?x=$X",
            "GET $URL: its URL is the variable URL, which the file does not set to a text",
            "GET ftp://a/b: it is an address of ftp, not of HTTP",
        ]
    );
}

#[test]
fn addresses_in_other_programs_are_calls() {
    assert_eq!(
        calls("requests.get(\"https://a/x\", timeout=3)\nhttp POST https://a/y\napi.example.com/z?q=1\n"),
        [
            "https://a/x",
            "POST https://a/y: it is a POST, which does not only read; only GET is replaced",
            "http://api.example.com/z?q=1",
        ]
    );
}
