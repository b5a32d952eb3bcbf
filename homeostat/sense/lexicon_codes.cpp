// Statuses of HTTP and gRPC, and error numbers of Linux.

#include "homeostat/sense/lexicon.hpp"

#include <fmt/format.h>

namespace homeostat::sense {

namespace {

using enum GlossClass;
using enum CodeFamily;

constexpr CodeRow rows[] = {
    // SOURCE: RFC 9110; 499 is nginx's, 52x are Cloudflare's.
    {http, 400, "http_400", "HTTP 400 bad request", client, "bad request", ""},
    {http, 401, "http_401", "HTTP 401 not authenticated", credentials, "unauthorized", ""},
    {http, 402, "http_402", "HTTP 402 payment required", client, "payment required", ""},
    {http, 403, "http_403", "HTTP 403 forbidden", credentials, "forbidden", ""},
    {http, 404, "http_404", "HTTP 404 not found", client, "", ""},
    {http, 405, "http_405", "HTTP 405 method refused", client, "method not allowed", ""},
    {http, 406, "http_406", "HTTP 406 not acceptable", client, "not acceptable", ""},
    {http, 407, "http_407", "HTTP 407 proxy authentication", credentials,
     "proxy authentication required", ""},
    {http, 408, "http_408", "HTTP 408 request timeout", client, "", ""},
    {http, 409, "http_409", "HTTP 409 conflict", client, "", ""},
    {http, 410, "http_410", "HTTP 410 gone", client, "", ""},
    {http, 411, "http_411", "HTTP 411 length required", client, "length required", ""},
    {http, 412, "http_412", "HTTP 412 precondition failed", client, "precondition failed", ""},
    {http, 413, "http_413", "HTTP 413 too large", client, "content too large", ""},
    {http, 414, "http_414", "HTTP 414 address long", client, "", ""},
    {http, 415, "http_415", "HTTP 415 media type", client, "unsupported media type", ""},
    {http, 416, "http_416", "HTTP 416 range", client, "range not satisfiable", ""},
    {http, 417, "http_417", "HTTP 417 expectation failed", client, "expectation failed", ""},
    {http, 421, "http_421", "HTTP 421 misdirected", client, "misdirected request", ""},
    {http, 422, "http_422", "HTTP 422 content refused", client, "", ""},
    {http, 423, "http_423", "HTTP 423 locked", client, "", ""},
    {http, 424, "http_424", "HTTP 424 dependency failed", dependency, "failed dependency", ""},
    {http, 425, "http_425", "HTTP 425 too early", client, "", ""},
    {http, 426, "http_426", "HTTP 426 upgrade required", client, "upgrade required", ""},
    {http, 428, "http_428", "HTTP 428 precondition required", client, "precondition required", ""},
    {http, 429, "http_429", "HTTP 429 too many", client, "", ""},
    {http, 431, "http_431", "HTTP 431 headers large", client, "", ""},
    {http, 451, "http_451", "HTTP 451 legal reasons", client, "", ""},
    {http, 499, "http_499", "HTTP 499 client left", client, "", ""},
    {http, 500, "http_500", "HTTP 500 server error", dependency, "internal server error", ""},
    {http, 501, "http_501", "HTTP 501 not implemented", dependency, "", ""},
    {http, 502, "http_502", "HTTP 502 bad gateway", dependency, "bad gateway", ""},
    {http, 503, "http_503", "HTTP 503 unavailable", dependency, "service unavailable",
     "service temporarily unavailable|service is unavailable|temporarily unavailable"},
    {http, 504, "http_504", "HTTP 504 gateway timeout", dependency, "gateway timeout",
     "gateway time out"},
    {http, 505, "http_505", "HTTP 505 version", client, "http version not supported", ""},
    {http, 507, "http_507", "HTTP 507 storage full", resource, "insufficient storage", ""},
    {http, 508, "http_508", "HTTP 508 loop", config, "loop detected", ""},
    {http, 511, "http_511", "HTTP 511 network login", network, "network authentication required",
     ""},
    {http, 520, "http_520", "HTTP 520 origin error", dependency, "", ""},
    {http, 521, "http_521", "HTTP 521 origin down", dependency, "", ""},
    {http, 522, "http_522", "HTTP 522 origin timeout", dependency, "", ""},
    {http, 523, "http_523", "HTTP 523 origin unreachable", dependency, "", ""},
    {http, 524, "http_524", "HTTP 524 origin slow", dependency, "", ""},
    {http, 525, "http_525", "HTTP 525 origin handshake", network, "", ""},
    {http, 526, "http_526", "HTTP 526 origin certificate", credentials, "", ""},
    // SOURCE: grpc/doc/statuscodes.md.
    {grpc, 1, "grpc_cancelled", "gRPC cancelled", client, "cancelled",
     "code canceled|rpc * canceled|context canceled|operation was canceled|request was cancelled"},
    {grpc, 2, "grpc_unknown", "gRPC unknown error", dependency, "unknown", ""},
    {grpc, 3, "grpc_invalid_argument", "gRPC invalid argument", client, "invalid argument", ""},
    {grpc, 4, "grpc_deadline_exceeded", "deadline exceeded", dependency, "deadline exceeded",
     "deadline exceeded|context deadline exceeded|deadline expired|deadline reached|exceeded "
     "deadline|missed deadline|past its deadline"},
    {grpc, 5, "grpc_not_found", "gRPC not found", client, "not found", ""},
    {grpc, 6, "grpc_already_exists", "gRPC already exists", client, "already exists", ""},
    {grpc, 7, "grpc_permission_denied", "gRPC permission denied", credentials, "permission denied",
     ""},
    {grpc, 8, "grpc_resource_exhausted", "resource exhausted", resource, "resource exhausted",
     "resource exhausted|resources exhausted"},
    {grpc, 9, "grpc_failed_precondition", "gRPC precondition failed", client, "failed precondition",
     "failed precondition"},
    {grpc, 10, "grpc_aborted", "gRPC aborted", dependency, "aborted", ""},
    {grpc, 11, "grpc_out_of_range", "gRPC out of range", client, "out of range", ""},
    {grpc, 12, "grpc_unimplemented", "gRPC method missing", code, "unimplemented",
     "unknown service|unknown method"},
    {grpc, 13, "grpc_internal", "gRPC internal error", dependency, "internal", ""},
    {grpc, 14, "grpc_unavailable", "gRPC unavailable", dependency, "unavailable",
     "upstream unavailable|is unavailable|currently unavailable|server unavailable"},
    {grpc, 15, "grpc_data_loss", "gRPC data loss", data, "data loss", "data loss"},
    {grpc, 16, "grpc_unauthenticated", "gRPC not authenticated", credentials, "unauthenticated",
     ""},
    // SOURCE: Linux, asm-generic/errno.h. A row with the id of another adds to that one.
    {error_number, 2, "file_missing", "file missing", config, "", ""},
    {error_number, 3, "no_such_process", "process missing", code, "esrch", "no such process"},
    {error_number, 4, "interrupted_call", "call interrupted", code, "eintr",
     "interrupted system call"},
    {error_number, 5, "disk_error", "disk failing", resource, "", ""},
    {error_number, 6, "no_such_device", "device missing", config, "enxio",
     "no such device or address|no such device|enodev"},
    {error_number, 7, "arguments_too_long", "argument list too long", code, "e2big",
     "argument list too long"},
    {error_number, 8, "exec_format", "program of wrong kind", config, "enoexec", ""},
    {error_number, 9, "bad_descriptor", "bad file descriptor", code, "ebadf",
     "bad file descriptor|invalid file descriptor"},
    {error_number, 10, "no_children", "no child process", code, "echild", "no child processes"},
    {error_number, 11, "would_block", "try again", resource, "eagain", "ewouldblock"},
    {error_number, 12, "out_of_memory", "out of memory", resource, "", ""},
    {error_number, 13, "permission_denied", "permission denied", credentials, "", ""},
    {error_number, 14, "bad_address", "bad memory address", code, "efault", "bad address"},
    {error_number, 17, "file_exists", "file exists already", config, "eexist",
     "file exists|file already exists"},
    {error_number, 18, "cross_device", "link across devices", config, "exdev",
     "invalid cross device link"},
    {error_number, 21, "is_directory", "directory, not file", config, "eisdir", "is a directory"},
    {error_number, 22, "illegal_argument", "illegal argument", code, "", ""},
    {error_number, 23, "too_many_files", "too many open files", resource, "", ""},
    {error_number, 24, "too_many_files", "too many open files", resource, "", ""},
    {error_number, 26, "text_busy", "program file busy", config, "etxtbsy", "text file busy"},
    {error_number, 28, "disk_full", "disk full", resource, "", ""},
    {error_number, 29, "illegal_seek", "cannot seek", code, "espipe", "illegal seek"},
    {error_number, 31, "too_many_links", "too many links", config, "emlink", "too many links"},
    {error_number, 32, "broken_pipe", "broken pipe", network, "", ""},
    {error_number, 36, "name_too_long", "file name too long", config, "enametoolong",
     "file name too long"},
    {error_number, 39, "directory_not_empty", "directory not empty", config, "enotempty",
     "directory not empty"},
    {error_number, 40, "link_loop", "links in a circle", config, "eloop",
     "too many levels of symbolic links"},
    {error_number, 71, "protocol_error", "protocol error", network, "", "protocol error"},
    {error_number, 88, "not_socket", "not a socket", code, "enotsock",
     "socket operation on non socket"},
    {error_number, 90, "datagram_too_long", "message too long", network, "emsgsize", ""},
    {error_number, 92, "protocol_unavailable", "protocol unavailable", network, "enoprotoopt",
     "protocol not available"},
    {error_number, 93, "protocol_unsupported", "protocol unsupported", network, "eprotonosupport",
     "protocol not supported"},
    {error_number, 97, "family_unsupported", "address family unsupported", network, "eafnosupport",
     "address family not supported"},
    {error_number, 106, "already_connected", "already connected", code, "eisconn",
     "already connected|transport endpoint is already connected"},
    {error_number, 107, "not_connected", "not connected", network, "enotconn",
     "transport endpoint is not connected"},
    {error_number, 110, "connect_timeout", "connection timed out", network, "", ""},
    {error_number, 111, "connection_refused", "connection refused", network, "", ""},
    {error_number, 113, "no_route", "no route to host", network, "", ""},
    {error_number, 114, "already_under_way", "operation under way", code, "ealready",
     "operation already in progress|operation now in progress|einprogress"},
    {error_number, 115, "already_under_way", "operation under way", code, "", ""},
    {error_number, 116, "stale_handle", "stale file handle", resource, "estale",
     "stale file handle|stale nfs"},
    {error_number, 121, "remote_io", "remote disk failing", resource, "eremoteio",
     "remote i o error"},
    {error_number, 125, "operation_cancelled", "operation cancelled", client, "ecanceled",
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
