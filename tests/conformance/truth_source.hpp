#pragma once

// TruthSource: the source of a cache over HTTP; it says what a test wants. For tests only.

#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <boost/asio/io_context.hpp>

#include <map>
#include <stdexcept>
#include <string>
#include <utility>

namespace homeostat::conformance {

class TruthSource {
  public:
    TruthSource(boost::asio::io_context& context, net::Endpoint endpoint)
        : context_(context), server_(context.get_executor(), [this](net::HttpRequest request) {
              return answer(std::move(request));
          }) {
        if (!server_.listen(endpoint)) {
            throw std::runtime_error("the source cannot listen");
        }
    }
    ~TruthSource() {  // NOLINT(bugprone-exception-escape): a test ends with it.
        net::run_for_test(context_, server_.stop(net::now_for_test()));
    }
    TruthSource(const TruthSource&) = delete;
    TruthSource& operator=(const TruthSource&) = delete;

    std::map<std::string, std::string> truths;  ///< Path → body; any other path is a 404.

  private:
    Task<net::HttpResponse> answer(net::HttpRequest request) {
        const auto truth = truths.find(request.path);
        if (truth == truths.end()) {
            co_return net::HttpResponse{.status = 404};
        }
        co_return net::HttpResponse{.status = 200, .body = truth->second};
    }

    boost::asio::io_context& context_;
    net::HttpServer server_;
};

}  // namespace homeostat::conformance
