#include "homeostat/app/block_sources.hpp"

#include "homeostat/net/scripted_peer_for_test.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <variant>

namespace homeostat::app {

namespace {

/// A list whose secret is in a file of a directory of its own.
struct Place {
    net::TemporaryDirectory directory;

    [[nodiscard]] std::string file(const std::string& text) const {
        const std::filesystem::path at = directory.file("secret");
        std::ofstream(at) << text;
        std::filesystem::permissions(
            at, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        return at;
    }
};

BlockFeedConfig collection() {
    BlockFeedConfig feed;
    feed.name = "partner";
    feed.taxii = TaxiiConfig{.collection = "http://127.0.0.1:8081/c/", .confidence_min = 70};
    return feed;
}

std::string trouble_with(const BlockFeedConfig& feed) {
    const Result<FeedOptions> options = feed_options_of(feed);
    return options ? std::string() : options.error().text;
}

}  // namespace

TEST_CASE("a collection is asked with what its files hold") {
    const Place place;
    BlockFeedConfig feed = collection();
    SUBCASE("a login, with or without the end of its line") {
        for (const std::string end : {"", "\n"}) {
            feed.taxii->login_file = place.file("name:password" + end);
            const Result<FeedOptions> options = feed_options_of(feed);
            REQUIRE(options);
            const auto& of = std::get<adapters::taxii::Options>(*options);
            CHECK(of.login == "name:password");
            CHECK(of.token.empty());
            CHECK(of.collection == "/c/");
            CHECK(of.api == net::Endpoint{net::TcpEndpoint{"127.0.0.1", 8081}});
            CHECK(of.confidence_min == 70);
        }
    }
    SUBCASE("a token") {
        feed.taxii->token_file = place.file("abc.def\n");
        const Result<FeedOptions> options = feed_options_of(feed);
        REQUIRE(options);
        CHECK(std::get<adapters::taxii::Options>(*options).token == "abc.def");
    }
    SUBCASE("nothing, where it names none") {
        CHECK(trouble_with(feed).empty());
    }
}

TEST_CASE("a file that is missing, or holds something else, is named by its key") {
    const Place place;
    BlockFeedConfig feed = collection();
    feed.taxii->login_file = place.directory.file("none");
    CHECK(trouble_with(feed).starts_with("login: "));
    feed.taxii->login_file = place.file("no colon");
    CHECK(trouble_with(feed).contains("name:password"));
    for (const std::string wrong : {"", "\n", "name:password\r\n", "\r"}) {
        feed.taxii->login_file = place.file(wrong);
        CHECK(trouble_with(feed).contains("is empty, or its line ends in CR"));
    }
    feed.taxii->login_file = place.file(std::string(4096, 'a'));
    CHECK(trouble_with(feed).starts_with("login: "));
    feed.taxii->login_file.clear();
    feed.taxii->token_file = place.directory.file("none");
    CHECK(trouble_with(feed).starts_with("token: "));
    BlockFeedConfig crowdsec;
    crowdsec.crowdsec = "http://127.0.0.1:8080";
    crowdsec.key_file = place.directory.file("none");
    CHECK(trouble_with(crowdsec).starts_with("key: "));
    crowdsec.key_file = place.file("key-of-a-bouncer\n");
    const Result<FeedOptions> options = feed_options_of(crowdsec);
    REQUIRE(options);
    CHECK(std::get<adapters::crowdsec::Options>(*options).key == "key-of-a-bouncer");
}

}  // namespace homeostat::app
