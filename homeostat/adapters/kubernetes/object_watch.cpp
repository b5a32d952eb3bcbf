#include "homeostat/adapters/kubernetes/object_watch.hpp"

#include "homeostat/net/query_value.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t doublings_max = 10;
/// A stream that ends sooner without a word is no stream but a refusal.
constexpr Duration stream_for_min = 1s;

constexpr int too_old = 410;

/// After so many failures in a row it may be our version that the server has no answer to, as after
/// its store was put back to an earlier state.
constexpr std::uint32_t failures_until_list = 3;

std::string with_query(const std::string& path, std::string_view query) {
    return fmt::format("{}{}{}", path, path.contains('?') ? '&' : '?', query);
}

}  // namespace

// NOLINTNEXTLINE(readability-function-size): four parts of the world, what to watch, and chance.
ObjectWatch::ObjectWatch(ApiClient& api,
                         WatchSource& source,
                         ports::Clock& clock,
                         asio::any_io_executor strand,
                         WatchOptions options,
                         Rng rng)
    : api_(api),
      source_(source),
      clock_(clock),
      options_(std::move(options)),
      rng_(rng),
      bell_(strand) {}

void ObjectWatch::stop() {
    is_stopping_ = true;
    bell_.stop();
    if (lines_ != nullptr) {
        lines_->close();
    }
}

Task<void> ObjectWatch::run() {
    while (!is_stopping_) {
        Result<void> done{};
        if (must_list_) {
            done = co_await list();
        }
        if (done && !is_stopping_) {
            done = co_await follow();
        }
        if (!done && !is_stopping_) {
            note(done.error());
            co_await pause();
            must_list_ = must_list_ || failures_count_ >= failures_until_list;
        }
    }
}

Task<void> ObjectWatch::pause() {
    const std::uint32_t doublings = std::min(failures_count_++, doublings_max);
    const Duration longest =
        std::min(options_.pause_min * (std::int64_t{1} << doublings), options_.pause_max);
    // Many agents that lost the same server shall not come back in the same moment.
    const Duration drawn{rng_.between(longest.count() / 2, longest.count())};
    const Duration asked = std::min(std::exchange(asked_pause_, Duration{}), options_.patience_max);
    co_await clock_.sleep_until(clock_.now() + std::max(drawn, asked));
}

std::string ObjectWatch::page_path(const std::string& continue_token) const {
    std::string path = with_query(options_.path, fmt::format("limit={}", options_.page_objects));
    if (!continue_token.empty()) {
        path += "&continue=" + net::to_query_value(continue_token);
    }
    return path;
}

std::string ObjectWatch::watch_path() {
    // The server ends it then, which is when our rights are looked at again; drawn, so that not all
    // streams end at once.
    const std::int64_t seconds = rng_.between(300, 600);
    return with_query(options_.path,
                      fmt::format("watch=1&allowWatchBookmarks=true&resourceVersion={}&"
                                  "timeoutSeconds={}",
                                  seen_.resource_version, seconds));
}

Error ObjectWatch::refusal_of(const ApiReply& reply) {
    asked_pause_ = reply.retry_after;
    return {Fault::refused, fmt::format("{}: {}", options_.path, describe(reply))};
}

Task<Result<void>> ObjectWatch::list() {
    Bulk bulk;
    std::string token;
    do {
        const Instant deadline = clock_.now() + options_.answer_within;
        Result<ApiReply> reply = co_await api_.get(page_path(token), deadline);
        Result<std::string> goes_on =
            reply ? take_page(*std::move(reply), bulk) : std::unexpected(reply.error());
        if (!goes_on) {
            co_return std::unexpected(goes_on.error());
        }
        token = *std::move(goes_on);
    } while (!token.empty());
    tally_ = std::move(bulk.tally);
    must_list_ = false;
    trouble_.reset();
    seen_ = ObjectsSeen{{}, bulk.resource_version, clock_.now()};
    if (options_.sink != nullptr) {
        options_.sink->replace(std::move(bulk.objects), bulk.resource_version);
    } else {
        seen_.objects.clear();
        for (const auto& [name, object] : bulk.objects) {
            seen_.objects.emplace(name, object);
        }
    }
    bell_.ring();
    co_return Result<void>{};
}

Result<std::string> ObjectWatch::take_page(ApiReply reply, Bulk& bulk) {
    if (!reply.is_ok()) {  // 410: the pages' moment is forgotten. The next list is a new one.
        return std::unexpected(refusal_of(reply));
    }
    Result<ListPage> page = parse_list_page(std::move(reply.body));
    if (!page) {
        return fail(options_.path, page.error());
    }
    if (page->objects.empty() && !page->continue_token.empty()) {
        return fail(Fault::broken, options_.path + ": an empty page that goes on");
    }
    for (ToldObject& told : page->objects) {
        if (Result<void> counted = count(told, bulk.tally); !counted) {
            return std::unexpected(counted.error());
        }
        if (options_.sink != nullptr && !options_.sink->wants(told.name, told.object)) {
            bulk.objects.erase(told.name);  // As a page before may have had it.
            continue;
        }
        if (options_.sink != nullptr) {
            options_.sink->trim(told.object);
        }
        bulk.objects.insert_or_assign(std::move(told.name), std::move(told.object));
    }
    // All pages are of one moment. Should a server not keep to that, the watch from the first one's
    // version on tells again what has changed since.
    if (bulk.resource_version == 0) {
        bulk.resource_version = page->resource_version;
    }
    return std::move(page->continue_token);
}

Task<Result<void>> ObjectWatch::follow() {
    const Instant began_at = clock_.now();
    const Instant deadline = began_at + options_.answer_within;
    Result<WatchOpened> opened = co_await source_.watch(watch_path(), deadline);
    if (!opened) {
        was_silent_ = false;
        co_return std::unexpected(opened.error());
    }
    if (opened->lines == nullptr) {
        was_silent_ = false;
        must_list_ = opened->reply.status == too_old;
        co_return std::unexpected(refusal_of(opened->reply));
    }
    if (is_stopping_) {
        co_return Result<void>{};
    }
    note(std::nullopt);
    if (std::exchange(was_silent_, false)) {
        seen_.heard_at = clock_.now();  // It follows on from where we are: no less than a bookmark.
    }
    lines_ = opened->lines.get();
    Result<void> read = co_await read_lines(*opened->lines);
    lines_ = nullptr;
    const Duration lived = clock_.now() - began_at;
    // What has held for as long as the longest pause is no failure any more.
    failures_count_ = lived >= options_.pause_max ? 0 : failures_count_;
    if (read && lived < stream_for_min && !is_stopping_) {
        co_return fail(Fault::broken, options_.path + ": the stream ended as soon as it began");
    }
    co_return read;
}

Task<Result<void>> ObjectWatch::read_lines(EventLines& lines) {
    while (!is_stopping_) {
        const Instant deadline = clock_.now() + options_.silent_for_max;
        Result<std::optional<std::string>> line = co_await lines.next(deadline);
        if (!line && line.error().fault == Fault::late) {
            was_silent_ = true;  // No failure yet: one is that it cannot be opened again.
            co_return Result<void>{};
        }
        if (!line) {
            co_return std::unexpected(line.error());
        }
        if (!*line) {
            co_return Result<void>{};
        }
        Result<WatchEvent> event = parse_watch_event(**line);
        Result<void> taken{};
        if (event) {
            taken = take(*std::move(event));
        } else {
            must_list_ = true;  // What it would have said is lost.
            taken = fail(options_.path, event.error());
        }
        if (!taken) {
            co_return taken;
        }
        seen_.heard_at = clock_.now();
    }
    co_return Result<void>{};
}

Result<void> ObjectWatch::count(const ToldObject& told, Tally& tally) const {
    Tally::Known& known = tally.known[told.name];
    tally.bytes_count += told.bytes;
    tally.bytes_count -= known.bytes;
    known = {told.resource_version, told.bytes};
    if (tally.known.size() > options_.objects_max || tally.bytes_count > options_.bytes_max) {
        return fail(Fault::full,
                    fmt::format("{}: more than {} objects or {} bytes; a selector that fits fewer "
                                "is needed, since a part of them is no answer",
                                options_.path, options_.objects_max, options_.bytes_max));
    }
    return {};
}

Result<void> ObjectWatch::take(WatchEvent event) {
    if (event.kind == WatchEvent::Kind::error) {
        must_list_ = event.code == too_old;
        return fail(Fault::refused, fmt::format("{}: {}", options_.path, event.text));
    }
    if (event.kind == WatchEvent::Kind::bookmark) {
        seen_.resource_version = std::max(seen_.resource_version, event.told.resource_version);
        return {};
    }
    Result<void> taken = take_object(std::move(event));
    must_list_ = !taken;  // What is known and what the server has are not the same any more.
    return taken;
}

Result<void> ObjectWatch::take_object(WatchEvent event) {
    const std::uint64_t version = event.told.resource_version;
    const bool is_deleted = event.kind == WatchEvent::Kind::deleted;
    const auto known = tally_.known.find(event.told.name);
    if (version <= seen_.resource_version) {
        const bool is_told_already =
            known != tally_.known.end() ? known->second.resource_version >= version : is_deleted;
        return is_told_already ? Result<void>{}
                               : fail(Fault::broken, fmt::format("{}: {} at {} came after {}",
                                                                 options_.path, event.told.name,
                                                                 version, seen_.resource_version));
    }
    seen_.resource_version = version;
    if (is_deleted && known == tally_.known.end()) {
        return {};
    }
    bell_.ring();
    if (is_deleted) {
        tally_.bytes_count -= known->second.bytes;
        tally_.known.erase(known);
        seen_.objects.erase(event.told.name);
        if (options_.sink != nullptr) {
            options_.sink->erase(event.told.name, version);
        }
        return {};
    }
    if (Result<void> counted = count(event.told, tally_); !counted) {
        return counted;
    }
    if (options_.sink != nullptr) {
        options_.sink->trim(event.told.object);
        options_.sink->put(event.told.name, std::move(event.told.object), version);
    } else {
        seen_.objects.insert_or_assign(std::move(event.told.name), event.told.object);
    }
    return {};
}

void ObjectWatch::note(std::optional<Error> trouble) {
    const bool is_news = trouble.has_value() != trouble_.has_value();
    trouble_ = std::move(trouble);
    if (is_news) {
        bell_.ring();
        if (options_.sink != nullptr) {
            options_.sink->tell_trouble();
        }
    }
}

}  // namespace homeostat::adapters::kubernetes
