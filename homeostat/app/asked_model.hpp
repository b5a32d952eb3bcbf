#pragma once

// AskedModel: a local model for a command that asks one question after the other.
//
// It starts a server of its own, as the agent does, and the server ends with it. Each call runs the
// event loop until it is answered. Not thread-safe.

#include "homeostat/adapters/llm/llm_oracle.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/app/server_directory.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/ranking.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace homeostat::app {

class AskedModel {
  public:
    static constexpr std::uint32_t threads_of_agent = 1;

    /// Waits until the server has answered a first question, five minutes at most: a model of three
    /// gigabytes on one busy processor takes one of them.
    /// is_over: looked at while there is nothing to do; true ends every wait.
    /// ERRORS: absent: no file or no server; full; unreachable: it does not come up, or it is over.
    static Result<std::unique_ptr<AskedModel>> start(const std::filesystem::path& file,
                                                     std::function<bool()> is_over,
                                                     std::uint32_t threads = threads_of_agent);

    /// ERRORS: those of LlmOracle::rank; unreachable, if it is over. REQUIRES: two kinds at least.
    Result<Ranking> rank(const Evidence& evidence, const std::vector<RemedyKind>& kinds);

    /// Use start.
    AskedModel(const std::filesystem::path& file,
               std::function<bool()> is_over,
               std::uint32_t threads);

  private:
    Result<void> come_up();

    ServerDirectory directory_;
    boost::asio::io_context context_{1};
    adapters::system::SystemClock clock_;
    adapters::llm::LlmOracle oracle_;
    std::function<bool()> is_over_;
};

}  // namespace homeostat::app
