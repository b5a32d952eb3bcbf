#include "homeostat/app/config_task_keys.hpp"

#include "homeostat/app/task_words.hpp"

namespace homeostat::app {

Result<std::string> TaskUrlValue::parse(std::string_view text) const {
    const Result<std::string> address = ReceiverUrlValue{}.parse(without_words(text));
    if (!address) {
        return std::unexpected(address.error());
    }
    return std::string(text);
}

}  // namespace homeostat::app
