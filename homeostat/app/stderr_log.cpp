#include "homeostat/app/stderr_log.hpp"

#include "homeostat/app/story.hpp"
#include "homeostat/record/redact.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <ctime>
#include <string_view>
#include <utility>

namespace homeostat::app {

namespace {

/// The message, without secrets and escaped: peers' words are in it, and a log goes far.
class PlainMessage final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message,
                const std::tm&,
                spdlog::memory_buf_t& line) override {
        const std::string text =
            plain(record::redact({message.payload.data(), message.payload.size()}));
        line.append(text.data(), text.data() + text.size());
    }
    [[nodiscard]] std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
        return std::make_unique<PlainMessage>();
    }
};

}  // namespace

std::unique_ptr<spdlog::formatter> log_format() {
    auto format = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    format->add_flag<PlainMessage>('*');
    format->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %*");
    return format;
}

void log_to_stderr(const std::string& level) {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto logger = std::make_shared<spdlog::logger>("homeostat", std::move(sink));
    logger->set_formatter(log_format());
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace homeostat::app
