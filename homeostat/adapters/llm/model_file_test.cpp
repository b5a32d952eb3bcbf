#include "homeostat/adapters/llm/model_file.hpp"

#include <doctest/doctest.h>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace homeostat::adapters::llm {

namespace {

class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "model-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] std::filesystem::path write(std::string_view name, std::string_view bytes) const {
        std::ofstream(path_ / name, std::ios::binary) << bytes;
        return path_ / name;
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace

TEST_CASE("a file that is no model is refused with its name and the mend") {
    const Folder folder;
    for (const std::string_view bytes : {"", "GGU", "<html>404</html>", "\x1b[31mgguf"}) {
        CAPTURE(bytes);
        const auto path = folder.write("other.gguf", bytes);
        const Result<ModelFile> file = read_model_file(path);
        REQUIRE_FALSE(file);
        CHECK(file.error().fault == Fault::invalid);
        CHECK(file.error().text.contains(path.string()));
        CHECK(file.error().text.contains("make setup"));
        CHECK_FALSE(file.error().text.contains('\x1b'));
    }
}

TEST_CASE("a missing file and a folder are refused with the mend") {
    const Folder folder;
    const Result<ModelFile> missing = read_model_file(folder.path() / "none.gguf");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().fault == Fault::absent);
    CHECK(missing.error().text.contains("make setup"));
    CHECK_FALSE(read_model_file(folder.path()));
}

TEST_CASE("a model file is known by its name and the digest of all of its bytes") {
    const Folder folder;
    const std::string bytes = "GGUF" + std::string(std::size_t{3} << 20U, 'x');
    const Result<ModelFile> file = read_model_file(folder.write("tiny-q8_0.gguf", bytes));
    REQUIRE(file);
    CHECK(file->name == "tiny-q8_0");
    CHECK(file->sha256 == sha256_of(bytes));
    CHECK(sha256_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace homeostat::adapters::llm
