// `homeostat simulate`: becomes homeostat-lab, which lies beside this program. The worlds are no
// part of what guards a service.

#include "homeostat/app/commands.hpp"
#include "homeostat/app/own_place.hpp"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace homeostat::app {

ExitStatus simulate(const std::vector<std::string>& arguments) {
    const std::string program = (own_directory() / "homeostat-lab").string();
    std::vector<std::string> words{program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    ::execv(program.c_str(), pointers.data());
    std::fprintf(stderr,
                 "homeostat: simulate: %s is not there or cannot be started. It is built with the "
                 "target homeostat-lab and has to lie beside homeostat.\n",
                 program.c_str());
    return ExitStatus::usage;
}

}  // namespace homeostat::app
