#include "homeostat/adapters/llm/model_client.hpp"

#include "homeostat/adapters/llm/llama_client.hpp"
#include "homeostat/adapters/llm/openai_client.hpp"

#include <utility>

namespace homeostat::adapters::llm {

std::unique_ptr<ModelClient> make_client(boost::asio::any_io_executor executor,
                                         const ModelPlace& place,
                                         std::string token) {
    ModelConnection server{.http = {std::move(executor), place.endpoint},
                           .token = std::move(token)};
    if (place.api == ModelApi::openai) {
        return std::make_unique<OpenAiClient>(std::move(server), place.model);
    }
    return std::make_unique<LlamaClient>(std::move(server));
}

}  // namespace homeostat::adapters::llm
