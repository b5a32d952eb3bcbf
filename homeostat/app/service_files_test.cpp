#include "homeostat/app/service_files.hpp"

#include "homeostat/app/config_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

namespace fs = std::filesystem;

ConfigReport report_of(const char* file, const std::string& service, const std::string& more = "") {
    const std::string text = fmt::format(
        "service: {0}\nruntime:\n  kubernetes: {{ namespace: shop, deployment: {0} }}\n"
        "signals: [ {{ http: {{ path: /healthz }} }} ]\n{1}",
        service, more);
    ConfigReport report = parse_config(text, fs::path("/srv/shop") / file);
    REQUIRE_MESSAGE(report.config, describe(report));
    return report;
}

}  // namespace

TEST_CASE("of a directory its configurations are taken, by name, and nothing else of it") {
    const net::TemporaryDirectory directory;
    const fs::path path(directory.file("services"));
    fs::create_directories(path);
    for (const char* name : {"cart.yaml", "fees.yml", "notes.txt", ".hidden.yaml", "b.yaml~"}) {
        std::ofstream{path / name} << "x";
    }
    fs::create_directory(path / "old.yaml");
    fs::create_directory(path / "..data");
    CHECK(service_files({path}).value() ==
          std::vector<fs::path>{path / "cart.yaml", path / "fees.yml"});
    // A file stands as it was named, whatever it is called and whether it is there or not.
    CHECK(service_files({path / "x.conf", path}).value().front() == path / "x.conf");
    CHECK(service_files({path / "..data"}).error().fault == Fault::absent);
}

TEST_CASE("services with the same defaults in one directory are good together") {
    CHECK(check_together({report_of("a.yaml", "cart"), report_of("b.yaml", "fees")}).empty());
}

TEST_CASE("what two services may not share is named with both files before anything begins") {
    const ConfigReport cart = report_of("a.yaml", "cart", "record: { ledger: l }\n");
    const ConfigReport same = report_of("b.yaml", "cart");
    CHECK(fmt::format("{}", fmt::join(check_together({cart, same}), "\n"))
              .contains("/srv/shop/b.yaml: service: cart is that of /srv/shop/a.yaml too"));
    const ConfigReport ledger = report_of("b.yaml", "fees", "record: { ledger: l }\n");
    CHECK(check_together({cart, ledger}) ==
          std::vector<std::string>{"/srv/shop/b.yaml: record.ledger: /srv/shop/l is that of "
                                   "/srv/shop/a.yaml too — give each service its own"});
    ConfigReport deployment = report_of("b.yaml", "fees");
    deployment.config->kubernetes->deployment = "cart";
    CHECK(check_together({cart, deployment}).size() == 1);
    deployment.config->kubernetes->name_space = "elsewhere";
    CHECK(check_together({cart, deployment}).empty());
}

TEST_CASE("a Deployment of the same name in another cluster is another one") {
    const auto in = [](const char* file, const char* service, const char* kubeconfig,
                       const char* context) {
        ConfigReport report = report_of(file, service);
        report.config->kubernetes->deployment = "cart";
        report.config->kubernetes->kubeconfig = kubeconfig;
        report.config->kubernetes->context = context;
        return report;
    };
    const ConfigReport here = in("a.yaml", "cart-eu", "/srv/clusters", "eu");
    CHECK(check_together({here, in("b.yaml", "cart-us", "/srv/clusters", "us")}).empty());
    CHECK(check_together({here, in("b.yaml", "cart-us", "/srv/abroad", "eu")}).empty());
    CHECK(check_together({here, in("b.yaml", "cart-us", "", "")}).empty());
    CHECK(check_together({here, in("b.yaml", "cart-us", "/srv/clusters", "eu")}) ==
          std::vector<std::string>{
              "/srv/shop/b.yaml: runtime.kubernetes.deployment: shop/cart (kubeconfig "
              "/srv/clusters, context eu) is that of /srv/shop/a.yaml too — give each service "
              "its own"});
}

TEST_CASE("two services that would listen at one address, by default too, do not begin") {
    const std::string page = "console: { url: \"https://homeostat.example/x\"";
    const ConfigReport cart = report_of("a.yaml", "cart", page + " }\n");
    const auto fees = [&](const std::string& more) {
        return report_of("b.yaml", "fees", page + more + " }\n");
    };
    const std::vector<std::string> refused{
        "/srv/shop/b.yaml: console.listen: 127.0.0.1:7443 is that of /srv/shop/a.yaml too — give "
        "each service its own"};
    CHECK(check_together({cart, fees("")}) == refused);
    CHECK(check_together({cart, fees(", listen: \"localhost:7443\"")}) == refused);
    CHECK(check_together({cart, fees(", listen: \"127.0.0.1:7444\"")}).empty());
}

TEST_CASE("doors of different kinds meet at one address, too") {
    ConfigReport cart = report_of("a.yaml", "cart");
    cart.config->changes.door.emplace().listen = "127.0.0.1:9465";
    ConfigReport fees = report_of("b.yaml", "fees");
    fees.config->mesh.emplace().listen = "127.0.0.1:9465";
    CHECK(check_together({cart, fees}).size() == 1);
    fees.config->mesh->listen = "127.0.0.1:7071";
    CHECK(check_together({cart, fees}).empty());
}

}  // namespace homeostat::app
