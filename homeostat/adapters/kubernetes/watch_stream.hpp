#pragma once

// What an API server says of the objects of one kind: pages of a list, and the lines of a watch.
//
// Both are checked before anything of them counts: an object without a name or a version, a page
// without a version and a line that is no event are errors and never "nothing", since absence means
// something here. Of each object `metadata.managedFields` is dropped (half of its bytes, and
// nobody's business but the server's), but for who paused, scaled or resized it, and when what a
// ConfigMap holds was written.
//
// Pure. Values only, but for the interfaces of who reads from a server.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::kubernetes {

/// The longest line of a watch. An object has 1.5 MiB in the server's store, and is larger as JSON.
constexpr std::size_t watch_line_bytes_max = std::size_t{4} << 20U;

/// An object as a list or an event has it.
struct ToldObject {
    std::string name;
    std::uint64_t resource_version{0};
    std::size_t bytes{0};  ///< As JSON, without what is dropped.
    json::value object{};
};

struct ListPage {
    std::vector<ToldObject> objects;
    std::uint64_t resource_version{0};  ///< Of the list as a whole.
    std::string continue_token;         ///< Empty: this is the last page.
};

struct WatchEvent {
    enum class Kind : std::uint8_t { added, modified, deleted, bookmark, error };

    Kind kind{Kind::error};
    ToldObject told{};   ///< Of a bookmark only the version, of an error nothing.
    int code{0};         ///< Of an error: 410 says that our version is too old.
    std::string text{};  ///< Of an error, for people: bounded and escaped.
};

/// ERRORS: broken, naming what is wrong.
[[nodiscard]] Result<ListPage> parse_list_page(json::value body);

/// One line of a watch, without its newline. ERRORS: broken, naming what is wrong.
[[nodiscard]] Result<WatchEvent> parse_watch_event(std::string_view line);

/// A watch that the server has accepted.
class EventLines {
  public:
    virtual ~EventLines() = default;

    /// The next line; nothing: the server has ended the stream as it may at any time.
    /// ERRORS: late: silent until `deadline`, or closed by us; broken: cut, or a line too long.
    virtual Task<Result<std::optional<std::string>>> next(Instant deadline) = 0;

    /// Ends next(), now and from now on.
    virtual void close() = 0;
};

struct WatchOpened {
    ApiReply reply;                     ///< Without a body where it is a 200.
    std::unique_ptr<EventLines> lines;  ///< Only then.
};

/// Whoever can open a watch; implemented by HttpApiClient and by tests.
class WatchSource {
  public:
    virtual ~WatchSource() = default;

    /// Opens a stream of its own at `path`, with its query. ERRORS: as ApiClient::get.
    virtual Task<Result<WatchOpened>> watch(std::string path, Instant deadline) = 0;
};

}  // namespace homeostat::adapters::kubernetes
