//! Options of curl that take an argument (of curl 7.88 to 8.17). All others are switches.

/// Long names.
const LONG: &str = "\
    abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout \
    connect-to continue-at cookie cookie-jar create-file-mode crlfile curves data data-ascii data-binary \
    data-raw data-urlencode delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url \
    dump-header ech egd-file engine etag-compare etag-save expect100-timeout form form-string ftp-account \
    ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms haproxy-clientip \
    header help hostpubmd5 hostpubsha256 hsts interface ip-tos ipfs-gateway json keepalive-cnt \
    keepalive-time key key-type krb krb4 libcurl limit-rate local-port login-options mail-auth mail-from \
    mail-rcpt max-filesize max-redirs max-time netrc-file noproxy oauth2-bearer output output-dir \
    parallel-max parallel-max-host pass pinnedpubkey preproxy proto proto-default proto-redir proxy \
    proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile proxy-header proxy-key \
    proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype \
    proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 pubkey quote random-file range rate referer request \
    request-target resolve retry retry-delay retry-max-time sasl-authzid service-name sigalgs socks4 \
    socks4a socks5 socks5-gssapi-service socks5-hostname speed-limit speed-time ssl-sessions stderr \
    telnet-option tftp-blksize time-cond tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace \
    trace-ascii trace-config unix-socket upload-file upload-flags url url-query user user-agent variable \
    vlan-priority write-out";

/// Letters and their long names.
const SHORT: &str = "\
    A=user-agent C=continue-at D=dump-header E=cert F=form H=header K=config P=ftp-port Q=quote \
    T=upload-file U=proxy-user X=request Y=speed-limit b=cookie c=cookie-jar d=data e=referer h=help \
    m=max-time o=output r=range t=telnet-option u=user w=write-out x=proxy y=speed-time z=time-cond";

/// Returns true if the long option takes an argument. `expand-` is the form with variables of curl.
pub(super) fn takes_argument(name: &str) -> bool {
    let name = name.strip_prefix("expand-").unwrap_or(name);
    LONG.split(' ').any(|known| known == name)
}

/// Returns the long name of a letter that takes an argument.
pub(super) fn with_argument(letter: char) -> Option<&'static str> {
    SHORT.split(' ').find_map(|pair| pair.strip_prefix(letter)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_with_an_argument_are_known() {
        assert!(SHORT.split(' ').all(|pair| takes_argument(&pair[2..])));
        for name in ["output", "cacert", "proxy", "expand-url", "retry", "abstract-unix-socket", "write-out"]
        {
            assert!(takes_argument(name), "{name}");
        }
        for name in ["compressed", "silent", "get", "location", "no-buffer", ""] {
            assert!(!takes_argument(name), "{name}");
        }
        assert_eq!(
            ['o', 'X', 'x', 's', '='].map(with_argument),
            [Some("output"), Some("request"), Some("proxy"), None, None]
        );
    }
}
