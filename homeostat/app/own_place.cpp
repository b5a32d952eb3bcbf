#include "homeostat/app/own_place.hpp"

#include <system_error>

namespace homeostat::app {

std::filesystem::path own_directory() {
    std::error_code ignored;
    return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
}

std::filesystem::path shim_program() {
    return own_directory() / "homeostat-shim";
}

}  // namespace homeostat::app
