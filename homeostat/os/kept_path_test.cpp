#include "homeostat/os/kept_path.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

namespace homeostat::os {

TEST_CASE("a path that was kept is the one that it was made of") {
    for (const char* text : {"", "/", "payments.yaml", "var/payments/ledger", "/srv/shop/",
                             "/a//b/../c", "/a b/\"c\""}) {
        CAPTURE(text);
        const std::filesystem::path path(text);
        const KeptPath kept(path);
        CHECK(std::filesystem::path(kept) == path);
        CHECK(kept.string() == path.string());
        CHECK(kept.empty() == path.empty());
        CHECK(kept.parent_path() == path.parent_path());
        CHECK(kept.filename() == path.filename());
        CHECK(kept / "more" == path / "more");
        CHECK(kept == path);
        CHECK(kept == text);
        CHECK(kept == KeptPath(std::string(text)));
    }
    CHECK_FALSE(KeptPath("/a") == "/b");
}

}  // namespace homeostat::os
