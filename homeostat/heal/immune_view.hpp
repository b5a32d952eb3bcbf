#pragma once

// ImmuneView: what people are shown of feeds and of the sources that are marked by them.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace homeostat::heal {

struct FeedView {
    std::string feed;
    std::uint64_t sources{0};
    bool is_answering{false};
    bool is_quarantined{false};
    std::uint64_t skipped{0};                      ///< Listings about something else.
    std::map<std::string, std::uint64_t> refused;  ///< Listings not taken in, by why.

    static void fields(auto& self, auto&& field) {
        field("feed", self.feed);
        field("sources", self.sources);
        field("is_answering", self.is_answering);
        field("is_quarantined", self.is_quarantined);
        field("skipped", self.skipped);
        field("refused", self.refused);
    }
};

struct ImmuneView {
    std::vector<FeedView> feeds;
    std::map<std::string, std::uint64_t> sources;   ///< By the mark that they have at the edge.
    std::map<std::string, std::uint64_t> requests;  ///< As the edge counted them, by mark.
    std::uint64_t taken_back{0};                    ///< How often too much was denied.
    std::string trouble;                            ///< Why no mark is changed now; empty: nothing.

    static void fields(auto& self, auto&& field) {
        field("feeds", self.feeds);
        field("sources", self.sources);
        field("requests", self.requests);
        field("taken_back", self.taken_back);
        field("trouble", self.trouble);
    }
};

}  // namespace homeostat::heal
