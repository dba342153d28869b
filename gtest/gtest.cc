// SPDX-License-Identifier: Apache-2.0
//
// Over the program, not over its libraries: so this one is small, asks nothing
// of how its users compile, and says what the command line says.
#include "driftcage/gtest.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace driftcage::gtest {
namespace {

// The exit codes of driftcage that mean something here.
constexpr int kGood = 0;
constexpr int kNothingSelected = 4;
constexpr int kInconclusive = 5;

struct Outcome {
  int code = -1;
  std::string out;  // standard output, and with `both` standard error
};

// Variables by which front ends of tests steer a test program. They were for
// this one; driftcage would take them for itself.
bool steers_tests(std::string_view entry) {
  for (const std::string_view prefix :
       {"GTEST_", "XML_OUTPUT_FILE=", "TESTBRIDGE_TEST_ONLY=", "TEST_SHARD_",
        "TEST_TOTAL_SHARDS=", "DRIFTCAGE_FILTER="}) {
    if (entry.starts_with(prefix)) return true;
  }
  return false;
}

Outcome run(std::vector<std::string> argv, bool both) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return {-1, std::string("pipe: ") + std::strerror(errno)};
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
                                   O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  if (both) {
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  }
  std::vector<char*> words;
  for (std::string& word : argv) words.push_back(word.data());
  words.push_back(nullptr);
  std::vector<char*> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!steers_tests(*entry)) variables.push_back(*entry);
  }
  variables.push_back(nullptr);
  pid_t pid = -1;
  const int err = ::posix_spawnp(&pid, words[0], &actions, nullptr,
                                 words.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  Outcome outcome;
  if (err != 0) {
    outcome.out = "start " + argv[0] + ": " + std::strerror(err) +
                  "; DRIFTCAGE_PROGRAM names it\n";
  } else {
    std::array<char, 4096> buffer{};
    ssize_t count = 0;
    while ((count = ::read(ends[0], buffer.data(), buffer.size())) > 0 ||
           (count < 0 && errno == EINTR)) {
      if (count > 0) {
        outcome.out.append(buffer.data(), static_cast<std::size_t>(count));
      }
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    outcome.code =
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  ::close(ends[0]);
  return outcome;
}

std::string find_program(const std::string& given) {
  if (const char* named = std::getenv("DRIFTCAGE_PROGRAM");
      named != nullptr && *named != '\0') {
    return named;
  }
  if (!given.empty()) return given;
  std::array<char, 4096> self{};
  const ssize_t size =
      ::readlink("/proc/self/exe", self.data(), self.size() - 1);
  std::string beside(self.data(),
                     size > 0 ? static_cast<std::size_t>(size) : 0);
  beside = beside.substr(0, beside.rfind('/') + 1) + "driftcage";
  return ::access(beside.c_str(), X_OK) == 0 ? beside : "driftcage";
}

// Without its last line, when that is driftcage's about an exit code.
std::string without_reason(std::string out) {
  const std::size_t line = out.rfind("\ndriftcage: ");
  if (line != std::string::npos && out.find('\n', line + 1) + 1 >= out.size())
    out.resize(line + 1);
  return out;
}

// GoogleTest's filters give a meaning to `-`, `:` and others.
std::string identifier(std::string_view text) {
  std::string name;
  for (const char c : text) {
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  }
  return name.empty() ? "_" : name;
}

class ScenarioTest : public testing::Test {
 public:
  ScenarioTest(std::string program, std::string folder, std::string id)
      : program_(std::move(program)),
        folder_(std::move(folder)),
        id_(std::move(id)) {}

  void TestBody() override {
    // The whole of it: a shard of the test program is none of the scenario.
    const Outcome outcome =
        run({"env", "DRIFTCAGE_SCENARIOS=" + folder_, program_, "run", id_,
             "--shard", "1/1", "--max-skips", "0", "--color", "never"},
            true);
    if (outcome.code == kGood) return;
    // It is about an option that nobody gave here.
    if (outcome.code == kInconclusive)
      GTEST_SKIP() << without_reason(outcome.out);
    FAIL() << "driftcage exit code " << outcome.code << "\n" << outcome.out;
  }

 private:
  const std::string program_;
  const std::string folder_;
  const std::string id_;
};

}  // namespace

bool register_scenarios(const std::string& folder, const std::string& program) {
  const std::string driftcage = find_program(program);
  std::array<char, 4096> absolute{};
  if (::realpath(folder.c_str(), absolute.data()) == nullptr) {
    std::cerr << "driftcage::gtest: " << folder << ": " << std::strerror(errno)
              << "\n";
    return false;
  }
  const std::string whole = absolute.data();
  // With a filter, combinations of a matrix are told apart.
  const Outcome listed = run({"env", "DRIFTCAGE_SCENARIOS=" + whole, driftcage,
                              "list", "--ids", "-E", "all()"},
                             false);
  if (listed.code == kNothingSelected) return true;
  if (listed.code != kGood) {
    std::cerr << "driftcage::gtest: the scenarios of " << whole
              << " cannot be listed (exit code " << listed.code << ")\n"
              << listed.out;
    return false;
  }
  std::map<std::string, int> taken;
  std::istringstream lines(listed.out);
  for (std::string id; std::getline(lines, id);) {
    const std::size_t slash = id.find('/');
    const bool top = slash == std::string::npos;
    const std::string suite =
        top ? "scenarios" : identifier(std::string_view(id).substr(0, slash));
    std::string name =
        identifier(top ? id : std::string_view(id).substr(slash + 1));
    // "a-b" and "a_b" are two scenarios.
    const int copy = ++taken[suite + "." + name];
    if (copy > 1) name += "__" + std::to_string(copy);
    testing::RegisterTest(suite.c_str(), name.c_str(), nullptr, id.c_str(),
                          folder.c_str(), 1,
                          [driftcage, whole, id]() -> testing::Test* {
                            return new ScenarioTest(driftcage, whole, id);
                          });
  }
  return true;
}

}  // namespace driftcage::gtest
