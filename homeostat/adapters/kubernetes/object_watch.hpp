#pragma once

// ObjectWatch: the objects of one kind in one namespace, as the server last told of them.
//
// A list, then a watch from the list's version on. What was known stays known until a new list is
// whole: a page that fails, a stream that is cut and a server that is away take nothing from it, so
// absence is never inferred from a failure. Whoever needs to know how fresh it is asks heard_at and
// trouble(). A stream in which something has no place (an event out of order, a line that is none)
// is given up for a new list rather than guessed about.
//
// A server may be silent for as long as nothing changes. Most say about each minute that nothing
// has (a bookmark), but none promises it, and an older or busy one does not. So a stream that says
// nothing for long is opened again from where it was, which costs one request and is no trouble: it
// tells a quiet server from a connection that leads nowhere, which cannot be opened again.
//
// The choice not taken: asking again and again. An object that comes and goes between two questions
// was never seen, and questions that are frequent enough to act by cost the server more.
//
// Where several share it (shared_watch.hpp) what is seen is kept by their sink, and none of it
// here.
//
// Not thread-safe; lives on one strand.

#include "homeostat/adapters/kubernetes/watch_stream.hpp"
#include "homeostat/adapters/kubernetes/watched_kind.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/rng.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/ports/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::adapters::kubernetes {

/// Keeps the objects of a watch in its stead.
class ObjectSink {
  public:
    virtual ~ObjectSink() = default;

    /// Whether anything of it is to be kept: the rest of a list is let go as it is read.
    [[nodiscard]] virtual bool wants(const std::string& name, const json::value& object) const = 0;
    /// What is to be kept of an object, as soon as it was read.
    virtual void trim(json::value& object) const = 0;
    /// All that is wanted of what there is now.
    virtual void replace(std::map<std::string, json::value> objects, std::uint64_t version) = 0;
    virtual void put(const std::string& name, json::value object, std::uint64_t version) = 0;
    virtual void erase(const std::string& name, std::uint64_t version) = 0;
    /// Whether there is a trouble has changed.
    virtual void tell_trouble() = 0;
};

struct WatchOptions {
    /// "/api/v1/namespaces/shop/pods?labelSelector=app%3Dpayments": one kind, one namespace.
    std::string path;
    std::size_t objects_max{10'000};                   ///< Beyond it is an error, never cut short.
    std::size_t bytes_max{std::size_t{64} << 20U};     ///< Of all objects, as JSON.
    std::size_t page_objects{500};                     ///< What kubectl and client-go ask for.
    Duration answer_within{std::chrono::seconds{10}};  ///< A page, and the begin of a stream.
    /// Then it is opened again. Bookmarks come about each minute where they come at all; half a
    /// minute more is a server that has much to do.
    Duration silent_for_max{std::chrono::seconds{90}};
    Duration pause_min{std::chrono::milliseconds{500}};  ///< After a failure; doubled each time.
    Duration pause_max{std::chrono::seconds{30}};
    /// Whatever the server asks (Retry-After): a wrong header must not make us blind for an hour.
    Duration patience_max{std::chrono::seconds{60}};
    ObjectSink* sink{nullptr};  ///< Null: what is seen is kept here.
};

class ObjectWatch final : public WatchedKind {
  public:
    /// REQUIRES: `api`, `source` and `clock` outlive it; `strand` runs everything that calls it,
    /// and nothing more by the time it is destroyed, unless run() has ended.
    ObjectWatch(ApiClient& api,
                WatchSource& source,
                ports::Clock& clock,
                boost::asio::any_io_executor strand,
                WatchOptions options,
                Rng rng);
    ~ObjectWatch() override = default;
    ObjectWatch(const ObjectWatch&) = delete;
    ObjectWatch& operator=(const ObjectWatch&) = delete;
    ObjectWatch(ObjectWatch&&) = delete;
    ObjectWatch& operator=(ObjectWatch&&) = delete;

    /// Lists and watches until stop(). Once, in a task of its own.
    Task<void> run() override;

    /// Cuts the stream. run() ends as soon as what it awaits does: a page and a pause have an end.
    void stop() override;

    [[nodiscard]] const ObjectsSeen& seen() const override { return seen_; }
    [[nodiscard]] const ObjectsSeen& heard() const override { return seen_; }
    [[nodiscard]] const std::optional<Error>& trouble() const override { return trouble_; }
    [[nodiscard]] std::uint64_t changes_count() const override { return bell_.rings_count(); }
    Task<void> wait_for_change(std::uint64_t known) override { return bell_.wait(known); }

  private:
    /// What is kept of objects beside them.
    struct Tally {
        struct Known {
            std::uint64_t resource_version{0};
            std::size_t bytes{0};
        };
        std::map<std::string, Known> known;  ///< By name.
        std::size_t bytes_count{0};
    };
    using Objects = std::map<std::string, json::value>;

    /// A list that is not whole yet.
    struct Bulk {
        Objects objects;
        Tally tally;
        std::uint64_t resource_version{0};
    };

    Task<Result<void>> list();
    Task<Result<void>> follow();
    Task<Result<void>> read_lines(EventLines& lines);
    Task<void> pause();
    /// Gives the mark of where the list goes on; empty: it is whole.
    [[nodiscard]] Result<std::string> take_page(ApiReply reply, Bulk& bulk);
    [[nodiscard]] std::string page_path(const std::string& continue_token) const;
    [[nodiscard]] std::string watch_path();
    [[nodiscard]] Error refusal_of(const ApiReply& reply);
    /// Counts it. ERRORS: full: a part of them would be no answer.
    [[nodiscard]] Result<void> count(const ToldObject& told, Tally& tally) const;
    [[nodiscard]] Result<void> take(WatchEvent event);
    [[nodiscard]] Result<void> take_object(WatchEvent event);
    void note(std::optional<Error> trouble);

    ApiClient& api_;
    WatchSource& source_;
    ports::Clock& clock_;
    WatchOptions options_;
    Rng rng_;
    ObjectsSeen seen_;
    Tally tally_;  ///< Of what is seen.
    std::optional<Error> trouble_;
    std::uint32_t failures_count_{0};  ///< In a row.
    Duration asked_pause_{};           ///< By the server (Retry-After), before the next attempt.
    bool must_list_{true};
    bool was_silent_{false};  ///< The last stream: it was given up, and its server has not failed.
    bool is_stopping_{false};
    EventLines* lines_{nullptr};  ///< Of the stream that is read now, which run() owns.
    ChangeBell bell_;
};

}  // namespace homeostat::adapters::kubernetes
