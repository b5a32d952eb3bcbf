#pragma once

// ApiClient: requests to a Kubernetes API server, as JSON.
//
// A reply is what the server said, whatever its status: only who asked knows what a 404 or a 409
// means. An error says that there is no reply, and then the effect of a write is not known, unless
// it is `unreachable`, which promises that nothing was sent.
//
// The choice not taken: a type for each of the server's. We go by a few fields of four kinds
// (objects.hpp), and what we send back of others (a pod template) has to stay as it came.

#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"

#include <cstdint>
#include <string>

namespace homeostat::adapters::kubernetes {

/// What a server answered, whatever its status.
struct ApiReply {
    int status{0};
    json::value body{};      ///< Null where it was empty.
    Duration retry_after{};  ///< Of 429 and 503; zero: it did not say.

    [[nodiscard]] bool is_ok() const { return status >= 200 && status < 300; }
};

/// "409 Conflict: the object has been modified", for people: the message of the Status that the
/// server sends, bounded and escaped.
[[nodiscard]] std::string describe(const ApiReply& reply);

/// A write. Sent once: what became of one without a reply is not known.
struct ApiWrite {
    std::string method;        ///< POST, PUT, PATCH or DELETE.
    std::string path;          ///< With its query; fieldManager is added.
    std::string content_type;  ///< "application/json-patch+json" …
    std::string body;
    bool is_dry_run{false};  ///< The server checks it and changes nothing.
    std::string manager{};   ///< Of the fields, at most 128 printable bytes; empty: field_manager.
};

/// What the Kubernetes adapter asks of the server; implemented by HttpApiClient and by tests.
class ApiClient {
  public:
    virtual ~ApiClient() = default;

    /// ERRORS: unreachable, late, broken, full as of net::HttpClient; refused: no credentials.
    virtual Task<Result<ApiReply>> get(std::string path, Instant deadline) = 0;

    /// As get; `unreachable` promises that nothing was sent.
    virtual Task<Result<ApiReply>> write(ApiWrite write, Instant deadline) = 0;
};

}  // namespace homeostat::adapters::kubernetes
