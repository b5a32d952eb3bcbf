#pragma once

// ModelClient: one question to a model server, from typed values to typed values, whichever API the
// server has.
//
// Retries nothing. A status that says that there is no such thing is Fault absent, another than 200
// refused; a body that is not exactly what was asked for is Fault broken; the rest is the
// connection's.
//
// Not thread-safe; one request at a time (the oracle sees to it).

#include "homeostat/adapters/llm/model_api.hpp"
#include "homeostat/adapters/llm/scored_labels.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace homeostat::adapters::llm {

/// A server that runs already.
struct ModelPlace {
    net::Endpoint endpoint;
    ModelApi api{ModelApi::llama};
    std::string model{};  ///< Which of its models; empty: the first that it names. openai only.
    /// Of the token by which it knows us; empty: it asks for none. Read anew with each connection,
    /// so that a new one needs no restart of ours.
    std::filesystem::path token_file{};
};

class ModelClient {
  public:
    ModelClient() = default;
    virtual ~ModelClient() = default;
    ModelClient(const ModelClient&) = delete;
    ModelClient& operator=(const ModelClient&) = delete;

    /// Is it there and has it loaded its model? ERRORS: unreachable, late, refused (still loading).
    virtual Task<Result<void>> health(Instant deadline) = 0;
    /// In plain bytes, 64 at most.
    virtual Task<Result<std::string>> model_name(Instant deadline) = 0;
    /// What `score` is asked for. ERRORS: broken: one of them cannot be an answer of this model
    /// to `question`.
    virtual Task<Result<void>> learn_labels(std::string question,
                                            std::vector<std::string> labels,
                                            Instant deadline) = 0;
    /// The probability of each label as what follows `prompt`, over those that are permitted.
    /// permitted: places in what was given to learn_labels. REQUIRES: learn_labels succeeded.
    virtual Task<Result<ScoredLabels>> score(std::string prompt,
                                             std::vector<std::size_t> permitted,
                                             Instant deadline) = 0;
};

/// token: what stands in place.token_file.
[[nodiscard]] std::unique_ptr<ModelClient> make_client(boost::asio::any_io_executor executor,
                                                       const ModelPlace& place,
                                                       std::string token = {});

}  // namespace homeostat::adapters::llm
