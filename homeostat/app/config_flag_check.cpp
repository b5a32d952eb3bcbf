#include "homeostat/app/config_flag_check.hpp"

#include <string>

namespace homeostat::app {

void check_flags(const ConfigFile& file, ConfigReading& reading) {
    if (!file.flags) {
        return;
    }
    if (file.runtime.kubernetes) {
        reading.tell_at("flags",
                        "in a cluster flagd reads a ConfigMap — name that in "
                        "runtime.kubernetes.configs, and leave this out");
    }
    const std::string kind = file.flags->flagd.config.file.extension();
    if (kind == ".yaml" || kind == ".yml") {
        reading.tell_at("flags.flagd.file",
                        "flagd reads it as YAML by its name, and only JSON can be taken back with "
                        "all else kept — keep the definitions in a .json file");
    }
}

}  // namespace homeostat::app
