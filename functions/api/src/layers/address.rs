//! Network addresses of a request, for the request log.

use std::net::IpAddr;

use axum::extract::Request;
use http::HeaderMap;
use lambda_http::request::RequestContext;

/// Header with the address of each hop: that of the client as CloudFront saw it, then that of CloudFront's edge as API
/// Gateway saw it. What a client sends in it stands before both.
const HEADER: &str = "x-forwarded-for";

/// Addresses from which a request came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Addresses {
    /// Address that connected to API Gateway: the client, or an edge of CloudFront.
    peer: Option<IpAddr>,
    /// Address that connected to CloudFront, if the request came through it.
    viewer: Option<IpAddr>,
}

impl Addresses {
    pub(super) fn of(request: &Request) -> Self {
        let peer = match request.extensions().get::<RequestContext>() {
            Some(RequestContext::ApiGatewayV2(context)) => {
                context.http.source_ip.as_deref().and_then(|text| text.parse().ok())
            }
            _ => None,
        };
        Self { peer, viewer: peer.and_then(|peer| viewer(request.headers(), peer)) }
    }

    /// Returns the address of the client. The header counts only if the request proved that CloudFront wrote it:
    /// on a request past CloudFront, the client itself may have written each entry but the last.
    pub(super) fn client(self, through_cdn: bool) -> Option<IpAddr> {
        if through_cdn { self.viewer.or(self.peer) } else { self.peer }
    }
}

/// Returns the entry before the last, if the last is the peer's. Otherwise API Gateway did not add it, and the position
/// of CloudFront's entry is unknown.
fn viewer(headers: &HeaderMap, peer: IpAddr) -> Option<IpAddr> {
    let mut hops = headers.get_all(HEADER).iter().next_back()?.to_str().ok()?.rsplit(',').map(str::trim);
    let last: IpAddr = hops.next()?.parse().ok()?;
    if last != peer {
        return None;
    }
    hops.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGE: &str = "130.176.0.1";

    fn viewer_of(header: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, header.parse().unwrap());
        viewer(&headers, EDGE.parse().unwrap()).map(|address| address.to_string())
    }

    #[test]
    fn the_viewer_is_the_hop_before_the_edge() {
        assert_eq!(viewer_of("192.0.2.7, 130.176.0.1").as_deref(), Some("192.0.2.7"));
        assert_eq!(viewer_of("2001:db8::7,130.176.0.1").as_deref(), Some("2001:db8::7"));
    }

    #[test]
    fn entries_of_the_client_stand_before_it_and_do_not_count() {
        for forged in
            ["203.0.113.9", "203.0.113.9, 130.176.0.1", "\" or 1=1", ", ,", "x".repeat(5000).as_str()]
        {
            let header = format!("{forged}, 192.0.2.7, 130.176.0.1");
            assert_eq!(viewer_of(&header).as_deref(), Some("192.0.2.7"), "{forged}");
        }
    }

    #[test]
    fn without_the_edge_at_the_end_there_is_no_viewer() {
        for header in ["", "192.0.2.7", "130.176.0.1", "203.0.113.9, 192.0.2.7", "unknown, 130.176.0.1", "é"]
        {
            assert_eq!(viewer_of(header), None, "{header}");
        }
        assert_eq!(viewer(&HeaderMap::new(), EDGE.parse().unwrap()), None);
    }

    #[test]
    fn the_header_counts_only_for_requests_through_cloudfront() {
        let of = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let both = Addresses { peer: of(EDGE), viewer: of("192.0.2.7") };
        assert_eq!(both.client(true), of("192.0.2.7"));
        assert_eq!(both.client(false), of(EDGE));
        assert_eq!(Addresses { viewer: None, ..both }.client(true), of(EDGE));
    }
}
