#include "homeostat/app/guarding.hpp"

#include "homeostat/app/chance.hpp"
#include "homeostat/app/declared.hpp"
#include "homeostat/app/version.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/heal/replay.hpp"
#include "homeostat/os/file.hpp"

#include <unistd.h>

#include <chrono>
#include <string_view>
#include <utility>

namespace homeostat::app {

using namespace std::chrono_literals;

Result<void> make_directories_of(const Config& config) {
    for (const auto& [key, directory] :
         {std::pair{"control.switch", config.switch_file.parent_path()},
          std::pair{"control.socket", config.control_socket.parent_path()}}) {
        if (const Result<void> made = os::make_directories(directory.string()); !made) {
            return fail(key, made.error());
        }
    }
    return {};
}

adapters::segment_log::Options ledger_options_of(const Config& config,
                                                 const std::string& boot_id,
                                                 std::function<void(const std::string&)> log) {
    adapters::segment_log::Options options;
    options.directory = config.ledger_directory;
    options.boot_id = boot_id;
    options.sink = config.sink_file;
    options.keep = config.keep;
    options.on_news = [log = std::move(log)](std::string_view news) { log(std::string(news)); };
    if (!config.witness_files.empty()) {
        options.heads = adapters::segment_log::HeadOptions{.key = config.key_file,
                                                           .witnesses = config.witness_files,
                                                           .pace = config.head_pace,
                                                           .clock_for_test = {},
                                                           .disk_probe_for_test = {}};
    }
    return options;
}

heal::ExecutorSettings executor_settings_of(const Config& config,
                                            const std::string& boot_id,
                                            const decide::Settings& decides) {
    heal::ExecutorSettings settings;
    settings.inventory = inventory_of(config);
    settings.guard = config.guard;
    settings.started = StartedBody{std::string(program_version), config.digest, config.service,
                                   static_cast<std::int32_t>(::getpid())};
    settings.started.settings = to_json(heal::DecisionSettings{config.guard, decides});
    settings.boot_id = boot_id;
    settings.proof_time = config.proof_time;
    settings.drain_for_max = 10s;
    settings.refusal_for_max = 60s;
    settings.plan_for_max = 180s;
    settings.rejudge_for_max = 15s;
    settings.question_for_max = config.question_for;
    settings.hold_for_max = config.hold_for;
    settings.undo_for_max = config.undo_for;
    settings.read_for_max = 1s;
    settings.chance = draw_chance();
    return settings;
}

}  // namespace homeostat::app
