#pragma once

// ScriptedServer: an API server that says what a test wrote down, one answer after another, and the
// clock by which a watch waits for it. For tests only.

#include "homeostat/adapters/kubernetes/object_watch.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::kubernetes {

/// Time passes where somebody waits, and only there.
class WaitedClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override { return now_; }
    [[nodiscard]] WallTime wall_now() const override { return {}; }
    Task<void> sleep_until(Instant at) override {
        slept.push_back(at - now_);
        now_ = std::max(now_, at);
        co_return;
    }
    void pass_until(Instant at) { now_ = std::max(now_, at); }

    std::vector<Duration> slept;

  private:
    Instant now_{instant_of_ns(1'000'000'000'000)};
};

/// What a stream says next, and what a test looks at when the watch asks for it: the state after
/// everything before.
struct Said {
    enum class What : std::uint8_t { line, end, cut, silence };
    std::string line{};
    What what{What::line};
    std::function<void()> look{};
    Duration after{};
};
inline const Said ends{.what = Said::What::end, .after = std::chrono::minutes{5}};
inline const Said is_cut{.what = Said::What::cut};
inline const Said is_silent{.what = Said::What::silence};

inline Said look_at(std::function<void()> look, std::string line) {
    return {.line = std::move(line), .look = std::move(look)};
}

struct StreamScript {
    std::deque<Said> said{};
    Result<ApiReply> opening{ApiReply{.status = 200}};
};

class ScriptedLines final : public EventLines {
  public:
    ScriptedLines(std::deque<Said> said, WaitedClock& clock)
        : said_(std::move(said)), clock_(clock) {}

    Task<Result<std::optional<std::string>>> next(Instant deadline) override {
        if (is_closed_ || said_.empty()) {
            co_return fail(Fault::broken, "the connection ended");
        }
        const Said next = std::move(said_.front());
        said_.pop_front();
        if (next.look) {
            next.look();
        }
        clock_.pass_until(clock_.now() + next.after);
        switch (next.what) {
            case Said::What::line:
                co_return next.line;
            case Said::What::end:
                co_return std::nullopt;
            case Said::What::silence:
                clock_.pass_until(deadline);
                co_return fail(Fault::late, "no whole line before the deadline");
            case Said::What::cut:
                break;
        }
        co_return fail(Fault::broken, "the connection ended");
    }
    void close() override { is_closed_ = true; }

  private:
    std::deque<Said> said_;
    WaitedClock& clock_;
    bool is_closed_{false};
};

/// A server that says what is written down, and stops the watch when there is no more of it.
class ScriptedServer final : public ApiClient, public WatchSource {
  public:
    explicit ScriptedServer(WaitedClock& clock) : clock_(clock) {}

    Task<Result<ApiReply>> get(std::string asked, Instant) override {
        asked_.push_back(std::move(asked));
        if (pages.empty()) {
            when_over();
            co_return fail(Fault::unreachable, "the script is over");
        }
        Result<ApiReply> said = std::move(pages.front());
        pages.pop_front();
        co_return said;
    }
    Task<Result<ApiReply>> write(ApiWrite, Instant) override {
        co_return fail(Fault::refused, "a watch writes nothing");
    }
    Task<Result<WatchOpened>> watch(std::string asked, Instant) override {
        asked_.push_back(std::move(asked));
        if (streams.empty()) {
            when_over();
            co_return fail(Fault::unreachable, "the script is over");
        }
        StreamScript script = std::move(streams.front());
        streams.pop_front();
        if (!script.opening) {
            co_return std::unexpected(script.opening.error());
        }
        WatchOpened opened{.reply = *script.opening, .lines = {}};
        if (opened.reply.status == 200) {
            opened.lines = std::make_unique<ScriptedLines>(std::move(script.said), clock_);
        }
        co_return opened;
    }

    /// "L" for a page, "W12" for a watch from version 12 on, in order.
    [[nodiscard]] std::string story() const {
        std::string story;
        for (const std::string& asked : asked_) {
            const std::size_t at = asked.find("&resourceVersion=");
            const bool is_list = at == std::string::npos;
            const std::size_t begin = at + 17;
            story +=
                is_list ? "L " : "W" + asked.substr(begin, asked.find('&', begin) - begin) + " ";
        }
        return story;
    }
    [[nodiscard]] const std::vector<std::string>& asked() const { return asked_; }

    std::deque<Result<ApiReply>> pages;
    std::deque<StreamScript> streams;
    std::function<void()> when_over;  ///< Ends whoever reads on.

  private:
    WaitedClock& clock_;
    std::vector<std::string> asked_;
};

}  // namespace homeostat::adapters::kubernetes
