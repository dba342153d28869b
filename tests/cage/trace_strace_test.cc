// SPDX-License-Identifier: Apache-2.0
//
// The same programs under the system's strace and under the tracer: calls,
// paths and results must be the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "harness/base/result.h"
#include "tests/cage/trace_harness.h"
#include "tests/must_work.h"

namespace driftcage::trace::testing {
namespace {

using Words = std::vector<std::string>;

std::string unhex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i + 3 < text.size() + 1; i += 4)
    bytes += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16));
  return bytes;
}

// Lines like `openat(AT_FDCWD, "\x2f\x78", O_RDONLY) = -1 ENOENT (No such ..)`.
Words by_strace(const std::filesystem::path& directory, const Words& command) {
  const std::string output = directory / "strace.out";
  const pid_t pid = fork();
  if (pid == 0) {
    if (chdir(directory.c_str()) != 0) _exit(98);
    // Not /dev/null: grep looks whether it is.
    if (std::freopen("stdout", "w", stdout) == nullptr) _exit(98);
    Words words = {
        "strace",
        "-o",
        output,
        "-xx",
        "-s",
        "4096",
        "-e",
        "signal=none",
        "-e",
        "trace=execve,execveat,open,openat,openat2,creat,stat,lstat,newfstatat,"
        "statx,access,faccessat,faccessat2,readlink,readlinkat,mkdir,mkdirat"};
    words.insert(words.end(), command.begin(), command.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    execvp("strace", argv.data());
    _exit(97);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 97) return {};
  Words found;
  const std::regex shape(
      R"re(^(\w+)\([^"]*"((?:\\x[0-9a-f]{2})*)".* = (-?\d+)(?: (E\w+))?.*$)re");
  std::ifstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    std::smatch part;
    if (!std::regex_match(line, part, shape)) continue;
    // fstat in disguise, which is not traced.
    if (part[2].str().empty() && line.find("AT_EMPTY_PATH") != line.npos)
      continue;
    found.push_back(part[1].str() + " " + unhex(part[2]) + " = " +
                    (part[4].matched ? part[4].str() : part[3].str()));
  }
  std::sort(found.begin(), found.end());
  return found;
}

Words by_tracer(const std::filesystem::path& directory, const Words& command,
                model::Engine engine) {
  Options options;
  options.spec.engine = engine;
  options.spec.verbs &=
      ~(verb_bit(model::Verb::Getcwd) | verb_bit(model::Verb::Spawn));
  options.before = [&directory] {
    if (chdir(directory.c_str()) != 0) _exit(98);
  };
  const Trace trace = run_traced(command, options);
  Words found;
  for (const auto& event : trace.events) {
    found.push_back(std::string(model::syscall_name(event.syscall)) + " " +
                    event.path + " = " +
                    (event.ok() ? std::to_string(event.result)
                                : base::errno_name(event.err)));
  }
  std::sort(found.begin(), found.end());
  EXPECT_EQ(trace.end.integrity, model::kComplete);
  return found;
}

class StraceTest : public ::testing::TestWithParam<Words> {};

TEST_P(StraceTest, SameCallsPathsAndResults) {
  const bool strace = std::system("strace -V >/dev/null 2>&1") == 0;
  DRIFTCAGE_SKIP_UNLESS_EMPTY(strace ? "" : "no strace");
  Words command = GetParam();
  const bool there = access(command[0].c_str(), X_OK) == 0;
  DRIFTCAGE_SKIP_UNLESS_EMPTY(there ? "" : "no " + command[0]);
  setenv("LC_ALL", "C", 1);
  setenv("PATH", "/nonexistent:/usr/bin:/bin", 1);
  char name[] = "/tmp/driftcage-strace-XXXXXX";
  const std::filesystem::path directory = mkdtemp(name);
  std::filesystem::create_directory(directory / "d");
  std::ofstream(directory / "d" / "f") << "one\ntwo\n";
  std::filesystem::create_symlink("none", directory / "d" / "dangling");
  std::ofstream(directory / "strace.out") << "";
  const Words expected = by_strace(directory, command);
  EXPECT_FALSE(expected.empty());
  EXPECT_EQ(by_tracer(directory, command, model::Engine::Seccomp), expected);
  EXPECT_EQ(by_tracer(directory, command, model::Engine::Ptrace), expected);
  std::filesystem::remove_all(directory);
}

std::vector<Words> commands() {
  return {Words{"/bin/true"},
          Words{"/bin/echo", "word"},
          Words{"/bin/ls", "-lR"},
          Words{"/bin/ls", "-l", "none", "d/dangling"},
          Words{"/bin/cat", "d/f", "none", "d/f/x"},
          Words{"/usr/bin/env", "nonexistent-program"},
          Words{"/usr/bin/env", "-i", "cat", "d/f"},
          Words{"/usr/bin/find", ".", "-name", "f*"},
          Words{"/usr/bin/stat", "d/f", "d/dangling", "none"},
          Words{"/usr/bin/readlink", "-f", "d/dangling"},
          Words{"/usr/bin/realpath", "d/../d/f"},
          Words{"/bin/mkdir", "d", "d/x/y"},
          Words{"/usr/bin/test", "-x", "d/f"},
          Words{"/usr/bin/head", "-1", "d/f"},
          Words{"/usr/bin/wc", "d/f", "none"},
          Words{"/usr/bin/cmp", "d/f", "d/f"},
          Words{"/usr/bin/sort", "d/f"},
          Words{"/bin/grep", "-r", "one", "d"},
          Words{"/bin/sed", "s/o/x/", "d/f"},
          Words{"/usr/bin/awk", "1", "d/f"},
          Words{"/bin/cp", "-n", "d/f", "d/f"},
          Words{"/usr/bin/du", "d"},
          Words{"/bin/sh", "-c", "test -e none; cd d; . ./f2"},
          Words{"/bin/bash", "-c", "type nothing; [[ -x d/f ]]; exec ./d/f"},
          Words{"/usr/bin/id"},
          Words{"/bin/date", "-r", "d/f"}};
}

INSTANTIATE_TEST_SUITE_P(Programs, StraceTest, ::testing::ValuesIn(commands()));

// Those that are not on a machine are skipped one by one.
TEST(StracePrograms, AreEnough) {
  std::set<std::string> there;
  for (const Words& command : commands()) {
    if (access(command[0].c_str(), X_OK) == 0) there.insert(command[0]);
  }
  DRIFTCAGE_SKIP_UNLESS_EMPTY(there.size() >= 20 ? "" : "few usual programs");
}

}  // namespace
}  // namespace driftcage::trace::testing
