// Statuses of HTTP and gRPC, and error numbers of Linux.

#include "homeostat/sense/lexicon.hpp"

#include <fmt/format.h>

namespace homeostat::sense {

namespace {

using enum GlossClass;
using enum CodeFamily;

constexpr CodeRow rows[] = {
    // SOURCE: RFC 9110; 499 is nginx's, 52x are Cloudflare's.
    {http, client, 400, "http_400", "HTTP 400 bad request", "bad request", ""},
    {http, credentials, 401, "http_401", "HTTP 401 not authenticated", "unauthorized", ""},
    {http, client, 402, "http_402", "HTTP 402 payment required", "payment required", ""},
    {http, credentials, 403, "http_403", "HTTP 403 forbidden", "forbidden", ""},
    {http, client, 404, "http_404", "HTTP 404 not found", "", ""},
    {http, client, 405, "http_405", "HTTP 405 method refused", "method not allowed", ""},
    {http, client, 406, "http_406", "HTTP 406 not acceptable", "not acceptable", ""},
    {http, credentials, 407, "http_407", "HTTP 407 proxy authentication",
     "proxy authentication required", ""},
    {http, client, 408, "http_408", "HTTP 408 request timeout", "", ""},
    {http, client, 409, "http_409", "HTTP 409 conflict", "", ""},
    {http, client, 410, "http_410", "HTTP 410 gone", "", ""},
    {http, client, 411, "http_411", "HTTP 411 length required", "length required", ""},
    {http, client, 412, "http_412", "HTTP 412 precondition failed", "precondition failed", ""},
    {http, client, 413, "http_413", "HTTP 413 too large", "content too large", ""},
    {http, client, 414, "http_414", "HTTP 414 address long", "", ""},
    {http, client, 415, "http_415", "HTTP 415 media type", "unsupported media type", ""},
    {http, client, 416, "http_416", "HTTP 416 range", "range not satisfiable", ""},
    {http, client, 417, "http_417", "HTTP 417 expectation failed", "expectation failed", ""},
    {http, client, 421, "http_421", "HTTP 421 misdirected", "misdirected request", ""},
    {http, client, 422, "http_422", "HTTP 422 content refused", "", ""},
    {http, client, 423, "http_423", "HTTP 423 locked", "", ""},
    {http, dependency, 424, "http_424", "HTTP 424 dependency failed", "failed dependency", ""},
    {http, client, 425, "http_425", "HTTP 425 too early", "", ""},
    {http, client, 426, "http_426", "HTTP 426 upgrade required", "upgrade required", ""},
    {http, client, 428, "http_428", "HTTP 428 precondition required", "precondition required", ""},
    {http, client, 429, "http_429", "HTTP 429 too many", "", ""},
    {http, client, 431, "http_431", "HTTP 431 headers large", "", ""},
    {http, client, 451, "http_451", "HTTP 451 legal reasons", "", ""},
    {http, client, 499, "http_499", "HTTP 499 client left", "", ""},
    {http, dependency, 500, "http_500", "HTTP 500 server error", "internal server error", ""},
    {http, dependency, 501, "http_501", "HTTP 501 not implemented", "", ""},
    {http, dependency, 502, "http_502", "HTTP 502 bad gateway", "bad gateway", ""},
    {http, dependency, 503, "http_503", "HTTP 503 unavailable", "service unavailable",
     "service temporarily unavailable|service is unavailable|temporarily unavailable"},
    {http, dependency, 504, "http_504", "HTTP 504 gateway timeout", "gateway timeout",
     "gateway time out"},
    {http, client, 505, "http_505", "HTTP 505 version", "http version not supported", ""},
    {http, resource, 507, "http_507", "HTTP 507 storage full", "insufficient storage", ""},
    {http, config, 508, "http_508", "HTTP 508 loop", "loop detected", ""},
    {http, network, 511, "http_511", "HTTP 511 network login", "network authentication required",
     ""},
    {http, dependency, 520, "http_520", "HTTP 520 origin error", "", ""},
    {http, dependency, 521, "http_521", "HTTP 521 origin down", "", ""},
    {http, dependency, 522, "http_522", "HTTP 522 origin timeout", "", ""},
    {http, dependency, 523, "http_523", "HTTP 523 origin unreachable", "", ""},
    {http, dependency, 524, "http_524", "HTTP 524 origin slow", "", ""},
    {http, network, 525, "http_525", "HTTP 525 origin handshake", "", ""},
    {http, credentials, 526, "http_526", "HTTP 526 origin certificate", "", ""},
    // SOURCE: grpc/doc/statuscodes.md.
    {grpc, client, 1, "grpc_cancelled", "gRPC cancelled", "cancelled",
     "code canceled|rpc * canceled|context canceled|operation was canceled|request was cancelled"},
    {grpc, dependency, 2, "grpc_unknown", "gRPC unknown error", "unknown", ""},
    {grpc, client, 3, "grpc_invalid_argument", "gRPC invalid argument", "invalid argument", ""},
    {grpc, dependency, 4, "grpc_deadline_exceeded", "deadline exceeded", "deadline exceeded",
     "deadline exceeded|context deadline exceeded|deadline expired|deadline reached|exceeded "
     "deadline|missed deadline|past its deadline"},
    {grpc, client, 5, "grpc_not_found", "gRPC not found", "not found", ""},
    {grpc, client, 6, "grpc_already_exists", "gRPC already exists", "already exists", ""},
    {grpc, credentials, 7, "grpc_permission_denied", "gRPC permission denied", "permission denied",
     ""},
    {grpc, resource, 8, "grpc_resource_exhausted", "resource exhausted", "resource exhausted",
     "resource exhausted|resources exhausted"},
    {grpc, client, 9, "grpc_failed_precondition", "gRPC precondition failed", "failed precondition",
     "failed precondition"},
    {grpc, dependency, 10, "grpc_aborted", "gRPC aborted", "aborted", ""},
    {grpc, client, 11, "grpc_out_of_range", "gRPC out of range", "out of range", ""},
    {grpc, code, 12, "grpc_unimplemented", "gRPC method missing", "unimplemented",
     "unknown service|unknown method"},
    {grpc, dependency, 13, "grpc_internal", "gRPC internal error", "internal", ""},
    {grpc, dependency, 14, "grpc_unavailable", "gRPC unavailable", "unavailable",
     "upstream unavailable|is unavailable|currently unavailable|server unavailable"},
    {grpc, data, 15, "grpc_data_loss", "gRPC data loss", "data loss", "data loss"},
    {grpc, credentials, 16, "grpc_unauthenticated", "gRPC not authenticated", "unauthenticated",
     ""},
    // SOURCE: Linux, asm-generic/errno.h. A row with the id of another adds to that one.
    {error_number, config, 2, "file_missing", "file missing", "", ""},
    {error_number, code, 3, "no_such_process", "process missing", "esrch", "no such process"},
    {error_number, code, 4, "interrupted_call", "call interrupted", "eintr",
     "interrupted system call"},
    {error_number, resource, 5, "disk_error", "disk failing", "", ""},
    {error_number, config, 6, "no_such_device", "device missing", "enxio",
     "no such device or address|no such device|enodev"},
    {error_number, code, 7, "arguments_too_long", "argument list too long", "e2big",
     "argument list too long"},
    {error_number, config, 8, "exec_format", "program of wrong kind", "enoexec", ""},
    {error_number, code, 9, "bad_descriptor", "bad file descriptor", "ebadf",
     "bad file descriptor|invalid file descriptor"},
    {error_number, code, 10, "no_children", "no child process", "echild", "no child processes"},
    {error_number, resource, 11, "would_block", "try again", "eagain", "ewouldblock"},
    {error_number, resource, 12, "out_of_memory", "out of memory", "", ""},
    {error_number, credentials, 13, "permission_denied", "permission denied", "", ""},
    {error_number, code, 14, "bad_address", "bad memory address", "efault", "bad address"},
    {error_number, config, 17, "file_exists", "file exists already", "eexist",
     "file exists|file already exists"},
    {error_number, config, 18, "cross_device", "link across devices", "exdev",
     "invalid cross device link"},
    {error_number, config, 21, "is_directory", "directory, not file", "eisdir", "is a directory"},
    {error_number, code, 22, "illegal_argument", "illegal argument", "", ""},
    {error_number, resource, 23, "too_many_files", "too many open files", "", ""},
    {error_number, resource, 24, "too_many_files", "too many open files", "", ""},
    {error_number, config, 26, "text_busy", "program file busy", "etxtbsy", "text file busy"},
    {error_number, resource, 28, "disk_full", "disk full", "", ""},
    {error_number, code, 29, "illegal_seek", "cannot seek", "espipe", "illegal seek"},
    {error_number, config, 31, "too_many_links", "too many links", "emlink", "too many links"},
    {error_number, network, 32, "broken_pipe", "broken pipe", "", ""},
    {error_number, config, 36, "name_too_long", "file name too long", "enametoolong",
     "file name too long"},
    {error_number, config, 39, "directory_not_empty", "directory not empty", "enotempty",
     "directory not empty"},
    {error_number, config, 40, "link_loop", "links in a circle", "eloop",
     "too many levels of symbolic links"},
    {error_number, network, 71, "protocol_error", "protocol error", "", "protocol error"},
    {error_number, code, 88, "not_socket", "not a socket", "enotsock",
     "socket operation on non socket"},
    {error_number, network, 90, "datagram_too_long", "message too long", "emsgsize", ""},
    {error_number, network, 92, "protocol_unavailable", "protocol unavailable", "enoprotoopt",
     "protocol not available"},
    {error_number, network, 93, "protocol_unsupported", "protocol unsupported", "eprotonosupport",
     "protocol not supported"},
    {error_number, network, 97, "family_unsupported", "address family unsupported", "eafnosupport",
     "address family not supported"},
    {error_number, code, 106, "already_connected", "already connected", "eisconn",
     "already connected|transport endpoint is already connected"},
    {error_number, network, 107, "not_connected", "not connected", "enotconn",
     "transport endpoint is not connected"},
    {error_number, network, 110, "connect_timeout", "connection timed out", "", ""},
    {error_number, network, 111, "connection_refused", "connection refused", "", ""},
    {error_number, network, 113, "no_route", "no route to host", "", ""},
    {error_number, code, 114, "already_under_way", "operation under way", "ealready",
     "operation already in progress|operation now in progress|einprogress"},
    {error_number, code, 115, "already_under_way", "operation under way", "", ""},
    {error_number, resource, 116, "stale_handle", "stale file handle", "estale",
     "stale file handle|stale nfs"},
    {error_number, resource, 121, "remote_io", "remote disk failing", "eremoteio",
     "remote i o error"},
    {error_number, client, 125, "operation_cancelled", "operation cancelled", "ecanceled",
     "operation canceled|operation cancelled|operation aborted|operation was aborted"},
};

void add(std::string& patterns, const std::string& pattern) {
    patterns += (patterns.empty() ? "" : "|") + pattern;
}

void add_http(const CodeRow& row, std::string& patterns) {
    for (const std::string_view before :
         {"status", "status code", "http", "http status", "httprequest", "response code",
          "response status", "returned", "responded with", "responded", "got", "answered",
          "returned status", "unexpected status", "http 1 1", "http 2", "http code",
          "error code"}) {
        add(patterns, fmt::format("{} {}", before, row.number));
    }
    if (!row.name.empty()) {
        add(patterns, std::string(row.name));
        add(patterns, fmt::format("{} {}", row.number, row.name));
    }
}

void add_grpc(const CodeRow& row, std::string& patterns) {
    for (const std::string_view before :
         {"grpc status", "grpc code", "rpc code", "grpc status code"}) {
        add(patterns, fmt::format("{} {}", before, row.number));
    }
    for (const std::string_view before :
         {"code", "status", "status code", "rpc error code", "grpc", "grpc code", "grpc status",
          "status runtime exception", "status exception", "rpc error"}) {
        add(patterns, fmt::format("{} {}", before, row.name));
    }
    add(patterns, fmt::format("{} {}", row.number, row.name));
}

void add_error_number(const CodeRow& row, std::string& patterns) {
    for (const std::string_view before :
         {"errno", "os error", "error number", "sys errno", "err no"}) {
        add(patterns, fmt::format("{} {}", before, row.number));
    }
    if (!row.name.empty()) {
        add(patterns, std::string(row.name));
    }
}

}  // namespace

std::string patterns_of(const CodeRow& row) {
    std::string patterns(row.more);
    switch (row.family) {
        case http:
            add_http(row, patterns);
            break;
        case grpc:
            add_grpc(row, patterns);
            break;
        case error_number:
            add_error_number(row, patterns);
            break;
    }
    return patterns;
}

std::span<const CodeRow> code_rows() {
    return rows;
}

std::array<std::span<const GlossRow>, 4> lexicon_rows() {
    return {network_rows(), resource_rows(), store_rows(), program_rows()};
}

}  // namespace homeostat::sense
