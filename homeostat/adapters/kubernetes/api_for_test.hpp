#pragma once

// FakeApi: an API server with the controllers and the kubelet behind it, in memory. For tests only.
//
// It keeps objects of any kind by their path, answers the requests that the adapter makes as the
// real one does (tests/conformance holds it to that), and lets a test break each of them: by a
// status, or by a reply that is lost before or after its effect.
//
// What becomes of a pod goes by its image's tag, as in the lab: ":crash" backs off from crashing,
// ":nopull" from pulling, and any other is ready at once. Controllers work by `settle`, after each
// write unless a test holds them back. Nothing waits for real: the clock skips.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/ports/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::adapters::kubernetes {

/// Whoever sleeps is woken at once, and it is that much later.
class SkippingClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override { return now_; }
    [[nodiscard]] WallTime wall_now() const override {
        return WallTime{std::chrono::floor<std::chrono::milliseconds>(now_.time_since_epoch()) +
                        wall_ahead};
    }
    Task<void> sleep_until(Instant at) override {
        now_ = std::max(now_, at);
        co_return;
    }
    void pass(Duration span) { now_ += span; }

    /// 2026-11-28 less an hour since boot.
    std::chrono::milliseconds wall_ahead{
        std::chrono::sys_days{std::chrono::year{2026} / 11 / 28}.time_since_epoch()};

  private:
    Instant now_{std::chrono::hours{1}};
};

/// Runs a task of a test in which nothing waits for real.
template <class T>
T run_at_once(Task<T> task) {
    boost::asio::io_context context;
    return net::run_for_test(context, std::move(task));
}

/// What a request meets instead of an answer.
struct Trouble {
    Result<ApiReply> answer;
    bool has_effect{false};  ///< It is carried out all the same.
};

/// A Status as the server sends one.
[[nodiscard]] ApiReply status_reply(int status, std::string_view reason, std::string_view message);

class FakeApi final : public ApiClient {
  public:
    /// REQUIRES: `clock` outlives it.
    explicit FakeApi(ports::Clock& clock) : clock_(clock) {}

    Task<Result<ApiReply>> get(std::string path, Instant deadline) override;
    Task<Result<ApiReply>> write(ApiWrite write, Instant deadline) override;

    /// By its path, "/api/v1/namespaces/shop/pods/x"; null: absent. What a test changes in there
    /// needs a `touch`.
    [[nodiscard]] json::value* find(const std::string& path);
    /// All of a collection, by its path.
    [[nodiscard]] std::vector<json::value*> all(std::string_view collection);
    [[nodiscard]] std::vector<json::value*> owned_by(std::string_view collection,
                                                     std::string_view uid);
    /// Of all objects whose path has `part` in it.
    [[nodiscard]] std::vector<std::string> paths_of(std::string_view part) const;
    /// As a POST of it.
    ApiReply create(const std::string& collection, json::value object);
    void touch(json::value& object);
    void remove(const std::string& path) { objects_.erase(path); }

    /// Lets the controllers and the kubelet work until nothing changes any more.
    void settle();

    std::deque<std::optional<Trouble>> get_troubles;          ///< One a request; none: all is well.
    std::deque<std::optional<Trouble>> write_troubles;        ///< Likewise, dry runs included.
    std::function<void(const std::string& path)> before_get;  ///< A rival's chance.
    std::function<void(const ApiWrite&)> before_write;        ///< Likewise.
    /// Whether controllers see what is written at once.
    bool are_controllers_awake{true};
    bool is_kubelet_awake{true};  ///< Else a new pod is not started.
    /// Whether a pod that is deleted is gone at once; else it goes on until it is.
    bool do_pods_end_at_once{true};

  private:
    [[nodiscard]] ApiReply answer_get(std::string_view path);
    [[nodiscard]] ApiReply list(std::string_view collection, std::string_view selector);
    ApiReply carry_out(const ApiWrite& write);
    ApiReply patch(const std::string& path, const ApiWrite& write);
    ApiReply patch_scale(const std::string& path, const ApiWrite& write);
    ApiReply patch_resize(const std::string& path, const ApiWrite& write);
    ApiReply evict(const std::string& path, const json::value& eviction, bool is_dry_run);
    ApiReply end(const std::string& path, const json::value& delete_options);

    [[nodiscard]] std::string next_uid();

    ports::Clock& clock_;
    std::map<std::string, json::value> objects_;
    std::uint64_t revision_{100};
    std::uint64_t uids_count_{0};
};

}  // namespace homeostat::adapters::kubernetes
