// Connections, names, certificates, permissions, proxies, and the clients of HTTP.

#include "homeostat/sense/lexicon.hpp"

namespace homeostat::sense {

namespace {

using enum GlossClass;

constexpr GlossRow rows[] = {
    // --- Names -----------------------------------------------------------------------------------
    {"dns_not_found", "host name not found", network,
     "no such host|name or service not known|unknown host|nodename nor servname|getaddrinfo "
     "enotfound|enotfound|nxdomain|host not found|could not resolve host|name does not resolve|"
     "unknown host exception|could not translate host name|name resolution failed|failed to "
     "resolve|cannot resolve host|name not resolved|host could not be resolved|could not "
     "resolve address|unable to resolve host|cannot resolve name|dns lookup failed|no address "
     "associated with hostname"},
    {"dns_failing", "name server fails", network,
     "temporary failure in name resolution|server misbehaving|eai again|servfail|dns timeout|"
     "dns resolution timed out|lookup * i o timeout|resolver timeout|dns query failed|dns error|"
     "dns request timed out|dns server failure|getaddrinfo eai again|lookup timed out"},
    // --- Connections -----------------------------------------------------------------------------
    {"connection_refused", "connection refused", network,
     "connection refused|connect refused|econnrefused|connection actively refused|actively "
     "refused it|connection refused error|connect exception|dial tcp * connection refused|"
     "connect failed connection refused|failed to connect * refused|no connection could be made|"
     "upstream connect error * connection refused|refused the connection"},
    {"connection_reset", "connection reset by peer", network,
     "connection reset|econnreset|reset by peer|connection was reset|socket hang up|forcibly "
     "closed|connection reset error|connection aborted * connection reset|remote end closed "
     "connection|connection closed by peer|peer closed connection|closed by the remote host|"
     "connection reset by peer|upstream prematurely closed connection|prematurely closed|remote "
     "disconnected|recv failure|connection closed before|connection was forcibly closed|server "
     "closed the connection|premature close|connection closed by remote"},
    {"broken_pipe", "broken pipe", network,
     "broken pipe|epipe|broken pipe error|write after end|write on closed|use of closed network "
     "connection|closed socket|socket is closed|socket closed|closed channel exception|stream "
     "closed|stream is closed|channel closed"},
    {"connect_timeout", "connection timed out", network,
     "connection timed out|connect timed out|connect timeout|etimedout|connection timeout|i o "
     "timeout|timed out connecting|connect timeout exception|connect timeout error|dial tcp * i "
     "o timeout|timeout connecting|timeout while connecting|timed out while connecting|"
     "connection attempt timed out|timeout expired|could not connect * timeout|connection "
     "attempt failed * period of time|connect * timed out"},
    {"no_route", "no route to host", network,
     "no route to host|ehostunreach|no route to host exception|host unreachable|host is "
     "unreachable|host is down|ehostdown"},
    {"network_unreachable", "network unreachable", network,
     "network is unreachable|enetunreach|network unreachable|network is down|enetdown|network "
     "unavailable"},
    {"address_in_use", "address already in use", config,
     "address already in use|eaddrinuse|address in use|port already in use|port is already "
     "allocated|port * already in use|bind exception|cannot bind socket|failed to bind|bind "
     "failed|could not bind|cannot bind to address|only one usage of each socket address|port * "
     "is in use|could not create listen socket"},
    {"ports_exhausted", "local ports exhausted", resource,
     "cannot assign requested address|eaddrnotavail|no free ports|ephemeral ports exhausted|out "
     "of ports|no local ports|no free source port|port exhaustion"},
    {"read_timeout", "answer timed out", dependency,
     "read timed out|read timeout|socket timeout|socket timeout exception|response timeout|"
     "request timed out|request timeout|timed out waiting for response|timeout awaiting "
     "response headers|client timeout exceeded|read timeout error|read timeout exception|"
     "esockettimedout|timeout while reading response|upstream timed out|upstream request "
     "timeout|operation timed out|etimeout|awaiting headers|http request timed out|timeout of * "
     "exceeded|task canceled exception|request canceled due to the configured|no response "
     "within|did not respond within|did not respond in time|response timed out|timed out "
     "waiting for reply|timed out while reading|server did not respond|call timed out|timed out "
     "after|rpc timeout|did not answer within"},
    {"connect_failed", "cannot connect", network,
     "failed to connect|connection failed|could not connect|unable to connect|cannot connect|"
     "connect failed|connection error|connection could not be established|failed to establish a "
     "new connection|failed to establish connection|can t connect|error while dialing|failed to "
     "dial|max retries exceeded|unable to establish|lost connection|connection lost|connection "
     "was lost|not connected|connection not available|connection unavailable|communications "
     "link failure|no connection available|error connecting|connection was closed|connection is "
     "closed|failed to open connection|disconnected from|transport failure|transport error|"
     "endpoint unreachable"},
    // --- TLS -------------------------------------------------------------------------------------
    {"certificate_expired", "certificate expired", credentials,
     "certificate has expired|certificate expired|cert has expired|cert expired|certificate is "
     "expired|expired certificate|certificate expired exception|not yet valid|certificate is "
     "not yet valid|x509 certificate has expired|sslv3 alert certificate expired|not after * "
     "expired|certificate validity * expired|alert certificate expired"},
    {"certificate_untrusted", "certificate not trusted", credentials,
     "certificate verify failed|unknown authority|self signed certificate|unable to verify the "
     "first certificate|unable to get local issuer|unable to find valid certification path|pkix "
     "path building failed|certificate signed by unknown|untrusted certificate|certificate not "
     "trusted|depth zero self signed cert|unknown ca|remote certificate is invalid|ssl "
     "certificate problem|certificate validation failed|certificate verification failed|invalid "
     "peer certificate|sun cert path builder exception|cert path validator exception|bad "
     "certificate|certificate chain"},
    {"certificate_wrong_name", "certificate names other host", credentials,
     "certificate is valid for * not|hostname mismatch|doesn t match certificate|does not match "
     "certificate|certificate name mismatch|hostname verification failed|err tls cert altname "
     "invalid|no subject alternative|host name does not match|altname invalid|hostname doesn t "
     "match"},
    {"tls_failed", "TLS handshake failed", network,
     "handshake failed|tls handshake|ssl handshake|handshake failure|ssl error|tls error|wrong "
     "version number|ssl handshake exception|no protocols in common|no shared cipher|protocol "
     "version * alert|ssl routines|eproto|ssl exception|unsupported protocol|handshake timeout|"
     "handshake timed out|first record does not look like a tls handshake|received fatal alert|"
     "ssl connection error|plain http request was sent to https port|ssl negotiation|tls alert|"
     "authentication exception remote"},
    // --- Who may what ----------------------------------------------------------------------------
    {"authentication_failed", "authentication failed", credentials,
     "authentication failed|password authentication failed|access denied for user|login failed|"
     "invalid credentials|invalid password|bad credentials|wrongpass|noauth|authentication "
     "required|not authenticated|unauthenticated|authentication error|authentication failure|"
     "auth failed|invalid username|invalid api key|invalid token|token is invalid|bad password|"
     "no password supplied|access refused|acl user|incorrect password|wrong password|invalid "
     "client secret|unable to authenticate|authentication exception|failed password|could not "
     "authenticate|credentials rejected|invalid user name|authentication was not|login "
     "incorrect|sasl authentication failed|no pg hba conf entry|peer authentication failed|"
     "username password pair|bad username|invalid access key|security token included in the "
     "request is invalid|missing credentials|no credentials|authorization failed|auth error|not "
     "logged in|user was not found"},
    {"token_expired", "token expired", credentials,
     "token expired|token has expired|jwt expired|expired token|token is expired|expired "
     "signature|signature has expired|token expired error|expired jwt exception|session expired|"
     "expired session|refresh token expired|invalid grant|expired credentials|credentials have "
     "expired|exp claim|password expired|password has expired|invalid signature|signature "
     "verification failed|signature does not match"},
    {"permission_denied", "permission denied", credentials,
     "permission denied|eacces|eperm|access denied|operation not permitted|not authorized|"
     "access is denied|unauthorized access|insufficient privileges|must be owner|must be "
     "superuser|permission error|forbidden by|noperm|security exception|insufficient "
     "permissions|requires privilege|permission to * denied|not allowed to|unauthorized access "
     "exception|access to the path|access control exception|no permission|topic authorization "
     "failed|command denied|lacks privilege|missing permission|missing scope|is not allowed|"
     "client denied by server|not permitted|not entitled"},
    // --- Proxies ---------------------------------------------------------------------------------
    {"no_server_available", "no server available", dependency,
     "no server available|no live upstreams|has no server available|nosrv|no healthy upstream|"
     "no healthy upstreams|all backends failed|no available server|no endpoints available|no "
     "upstream available|no available upstream|no healthy host|no healthy backend|no instances "
     "available|no available instance|no backend available|load balancer does not have "
     "available|all upstreams are down|no hosts available|no host available exception|all host "
     "s tried|no available replica|no ready endpoints|no active server"},
    {"backend_down", "backend marked down", dependency,
     "server * is down|backend * is down|health check failed|health check for * failed|health "
     "check failing|marked down|marking * down|marked as down|readiness probe failed|liveness "
     "probe failed|startup probe failed|is unhealthy|marked unhealthy|became unhealthy|health "
     "check timeout|layer4 connection problem|layer4 timeout|layer7 timeout|layer7 wrong status|"
     "layer7 invalid response|layer6 timeout|outlier detected|host ejected|failed health check|"
     "status unhealthy|is now down|removing failed server|upstream server temporarily disabled|"
     "health probe failed"},
    {"backend_up", "backend up again", dependency,
     "server * is up|backend * is up|marked up|is healthy again|became healthy|layer7 check "
     "passed|layer4 check passed|back online|is now healthy|readmitted|passed health check"},
    {"circuit_open", "circuit breaker open", dependency,
     "circuit breaker is open|circuit open|circuit breaker open|circuit is open|open circuit|"
     "call not permitted exception|circuit breaker tripped|broken circuit exception|breaker is "
     "open|circuitbreaker * open|circuit breaker opened|breaker tripped|short circuited|hystrix "
     "runtime exception|circuit breaker * open|circuit tripped|breaker opened|execution "
     "rejected by circuit"},
    {"retries_exhausted", "retries exhausted", dependency,
     "retries exhausted|too many retries|giving up after|gave up after|retry attempts exhausted|"
     "retry exhausted|attempts failed|exceeded retry|retries exceeded|out of retries|no more "
     "retries|all retries failed|attempts exhausted|giving up"},
    {"invalid_upstream_answer", "upstream answer invalid", dependency,
     "invalid header from upstream|upstream sent invalid|upstream sent too big header|invalid "
     "response from upstream|bad response from|malformed response|malformed http response|"
     "unexpected response|invalid http response|bad status line|unexpected status|unexpected "
     "status code|invalid response|incomplete read|chunked encoding error|transfer encoding * "
     "invalid|content length mismatch|garbage response|response ended prematurely|unexpected "
     "end of response|transferred a partial file|client payload error|hpe invalid constant|"
     "illegal response"},
    {"client_gone", "client went away", client,
     "client disconnected|client closed connection|client closed request|client prematurely "
     "closed|client intended to send too large|client aborted|client abort exception|request "
     "aborted|request cancelled by client|connection reset by client|unexpected eof on client "
     "connection|client has disconnected|client hung up|client timed out|could not receive data "
     "from client|could not send data to client|client went away|context canceled by caller|"
     "request canceled by client|incomplete startup packet|econnaborted|connection aborted|"
     "client cancelled|lost connection to client"},
    {"rate_limited", "rate limit reached", client,
     "rate limit|rate limited|too many requests|ratelimit|limiting requests|throttled|"
     "throttling exception|request limit|quota exceeded|requests per second exceeded|throttling|"
     "rate exceeded|provisioned throughput exceeded|slow down please|request rate is large|"
     "limiting connections|rate limiter|rate limit exceeded|quota has been exceeded|api limit"},
    {"request_too_large", "request too large", client,
     "request entity too large|payload too large|too large body|request body too large|body "
     "exceeded|entity too large|message too long|request too large|message size too large|"
     "record too large exception|header too large|request line too long|uri too long|frame too "
     "large|received message larger than max|max message size|packet for query is too large|"
     "payload * exceeds|message larger|max request size|header fields too large|exceeds maximum "
     "size|exceeds the maximum|too big"},
    {"bad_request", "request malformed", client,
     "bad request|malformed request|invalid request|request validation failed|missing required "
     "parameter|invalid parameter|missing parameter|invalid argument|missing required field|"
     "invalid method|invalid http|invalid url|bad gateway request|validation failed|validation "
     "error|unprocessable entity|constraint violation exception|invalid input|invalid host|"
     "missing header|method argument not valid|request header * invalid|invalid format|required "
     "parameter|bad argument|failed validation|illegal request|invalid query"},
};

}  // namespace

std::span<const GlossRow> network_rows() {
    return rows;
}

}  // namespace homeostat::sense
