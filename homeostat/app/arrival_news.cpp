#include "homeostat/app/arrival_news.hpp"

namespace homeostat::app {

void tell(const adapters::process::Arrival& arrival,
          const std::filesystem::path& run_directory,
          const std::function<void(const std::string&)>& log) {
    log("instances: " + std::to_string(arrival.adopted.size()) + " adopted, " +
        std::to_string(arrival.started.size()) + " started, " +
        std::to_string(arrival.left_down.size()) + " down; their logs are in " +
        run_directory.string());
    for (const adapters::process::EndedStart& ended : arrival.ended) {
        log(ended.instance.text() + ": " + ended.because);
    }
    for (const InstanceId& silent : arrival.not_answering) {
        log(silent.text() + " runs and does not answer");
    }
}

}  // namespace homeostat::app
