// Any bytes as the two small files of an agent, its key and its last epoch: refused, or a key that
// is the same after it was written again, and an epoch that is higher with each start.

#include "homeostat/app/mesh_key.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/mesh/message.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace app = homeostat::app;

namespace {

/// In memory, of this process alone; with no rights for others, as a key has to be.
class Folder {
  public:
    Folder() {
        ::umask(0077);
        std::filesystem::create_directories(path_);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code left;
        std::filesystem::remove_all(path_, left);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_ = fmt::format("/dev/shm/mesh_key_fuzz.{}", ::getpid());
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using homeostat::ensure;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto key = app::parse_key(text)) {
        ensure(app::to_hex(*key) == text, "a key has one form");
    }
    static const Folder folder;
    const std::filesystem::path file = folder.path() / "file";
    const auto write = [&] { std::ofstream(file, std::ios::binary) << text; };
    write();
    if (const auto key = app::read_or_make_key(file)) {
        const std::string_view line = text.substr(0, 2 * key->size());
        ensure(app::to_hex(*key) == line && text.size() <= line.size() + 1, "it is what is there");
    } else {
        ensure(key.error().fault == homeostat::Fault::invalid, "a refusal says that it is none");
    }
    write();
    if (const auto epoch = app::begin_epoch(file)) {
        ensure(*epoch < homeostat::mesh::number_max, "no message has a higher number");
        const auto next = app::begin_epoch(file);
        ensure(next.has_value() ? *next == *epoch + 1 : *epoch + 1 == homeostat::mesh::number_max,
               "a start counts on");
    } else {
        ensure(epoch.error().fault == homeostat::Fault::invalid, "a refusal says that it is none");
    }
    return 0;
}
