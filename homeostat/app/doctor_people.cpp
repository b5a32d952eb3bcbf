#include "homeostat/app/doctor_people.hpp"

#include "homeostat/app/people.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace homeostat::app {

Task<Findings> check_channel(boost::asio::any_io_executor executor,
                             Config config,
                             std::size_t index,
                             Instant deadline) {
    const std::string name = fmt::format("notify[{}]", index);
    Findings found;
    Result<console::Target> target = target_of(config.channels[index]);
    if (!target) {
        found.push_back(ill("notify", name + ": " + target.error().text,
                            "the agent does not start without it"));
        co_return found;
    }
    const std::string where = console::origin_of(target->address);
    const Result<void> reached =
        co_await console::try_target(std::move(executor), *std::move(target), deadline);
    if (!reached) {
        found.push_back(ill("notify", fmt::format("{}: {}", name, reached.error().text),
                            "until it is reached nobody is told that way; questions are in "
                            "`homeostat status`"));
        co_return found;
    }
    found.push_back(well("notify", fmt::format("{} is reached at {}; `homeostat notify --test` "
                                               "sends a message",
                                               name, where)));
    co_return found;
}

}  // namespace homeostat::app
