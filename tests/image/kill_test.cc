// SPDX-License-Identifier: Apache-2.0
// The store when processes are killed, and when several work at once.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <vector>

#include "tests/image/image_test_kit.h"

namespace driftcage::image_test {
namespace {

namespace fs = std::filesystem;

class Killed : public StoreTest {
 protected:
  void SetUp() override {
    shell(
        "mkdir tree; i=0; while [ $i -lt 200 ]; do mkdir tree/$i\n"
        "echo $i >tree/$i/file; ln -s file tree/$i/link; i=$((i+1)); done\n"
        "seq 1000000 >tree/numbers; tar -C tree -czf tree.tar.gz .");
    expected_ = listing(at("tree"));
  }
  [[nodiscard]] std::string reference() const {
    return "tar:" + at("tree.tar.gz");
  }
  pid_t start(std::vector<std::string> words = {"image", "import"},
              const std::vector<std::string>& more = {}) const {
    const std::string cache = at("cache");
    words.insert(words.begin(), "driftcage");
    words.push_back(reference());
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::setenv("XDG_CACHE_HOME", cache.c_str(), 1);
    const int null = ::open("/dev/null", O_RDWR);
    for (const int fd : {0, 1, 2}) ::dup2(null, fd);
    ::execv(DRIFTCAGE_PROGRAM, argv.data());
    ::_exit(127);
  }
  static int wait_for(pid_t child) {
    int status = -1;
    ::waitpid(child, &status, 0);
    return status;
  }
  // Sends `signal` as soon as `now` is true; the child's wait status.
  static int strike(pid_t child, int signal, const std::function<bool()>& now) {
    int status = -1;
    while (!now()) {
      if (::waitpid(child, &status, WNOHANG) == child) return status;
      ::sched_yield();
    }
    ::kill(child, signal);
    return wait_for(child);
  }
  // How far the tree has come that is being unpacked.
  [[nodiscard]] std::size_t unpacked() const {
    std::error_code none;
    std::size_t count = 0;
    for (const auto& tree : fs::directory_iterator(rootfs(), none)) {
      if (!tree.path().filename().string().starts_with(".tmp-")) continue;
      ++count;
      for (auto at = fs::directory_iterator(tree.path() / "root", none);
           !none && at != fs::directory_iterator(); at.increment(none)) {
        ++count;
      }
    }
    return count;
  }
  [[nodiscard]] bool exists(const std::string& name) const {
    std::error_code none;
    for (const auto& tree : fs::directory_iterator(rootfs(), none))
      if (fs::exists(tree.path() / name, none)) return true;
    return false;
  }
  [[nodiscard]] std::string rootfs() const {
    return at("cache/driftcage/images/rootfs");
  }
  [[nodiscard]] std::vector<std::function<bool()>> moments() const {
    std::vector<std::function<bool()>> moments{
        [this] { return fs::exists(at("cache/driftcage/images/locks")); }};
    for (const std::size_t entries : {1, 2, 30, 100, 199, 201})
      moments.emplace_back([this, entries] { return unpacked() >= entries; });
    for (const char* name : {"manifest.json", "stamp"})
      moments.emplace_back([this, name] { return exists(name); });
    return moments;
  }
  void expect_whole() const {
    const Outcome outcome = image({"import", reference()});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(listing(root_of("tree.tar.gz")), expected_);
    EXPECT_EQ(image({"verify"}).code, 0);
  }
  std::string expected_;
};

TEST_F(Killed, AtAnyMomentNothingIsHalfThere) {
  int killed = 0;
  for (const auto& moment : moments()) {
    if (WIFSIGNALED(strike(start(), SIGKILL, moment))) ++killed;
    // What is under its final name is whole.
    const std::string root = root_of("tree.tar.gz");
    if (root.front() == '/') {
      EXPECT_EQ(listing(root), expected_);
    }
    shell(
        "rm -rf cache/driftcage/images/records/*; "
        "cd cache/driftcage/images/rootfs && rm -rf [0-9a-f]*");
  }
  EXPECT_GE(killed, 5) << "it was over before it was struck";
  expect_whole();
  image({"gc"});
  EXPECT_EQ(shell("find cache/driftcage/images/tmp -mindepth 1"), "");
  EXPECT_EQ(shell("ls -A cache/driftcage/images/rootfs | wc -l"), "1\n");
}

TEST_F(Killed, CtrlCLeavesNothing) {
  int stopped = 0;
  for (const auto& moment : moments()) {
    const int status = strike(start(), SIGINT, moment);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 130) {
      ++stopped;
      EXPECT_EQ(shell("find cache/driftcage/images/rootfs "
                      "cache/driftcage/images/tmp -mindepth 1"),
                "");
    } else {
      // Before it listens, or when all was done.
      EXPECT_TRUE(status == 0 || WIFSIGNALED(status)) << status;
    }
    shell("rm -rf cache");
  }
  EXPECT_GE(stopped, 3);
  expect_whole();
}

TEST_F(Killed, CtrlCLeavesNothingOfWhatOtherCommandsOpen) {
  const auto begun = [this] { return unpacked() >= 2; };
  const auto stop = [&](const std::vector<std::string>& words,
                        const std::vector<std::string>& more) {
    const int status = strike(start(words, more), SIGINT, begun);
    EXPECT_TRUE(WIFEXITED(status)) << words[0];
    EXPECT_EQ(WEXITSTATUS(status), 130) << words[0];
    EXPECT_EQ(shell("ls -A cache/driftcage/images/rootfs"), "") << words[0];
    shell("rm -rf cache");
  };
  stop({"shell", "--image"}, {});
  stop({"trace", "-o", "/dev/null", "--image"}, {"--", "/bin/true"});
}

TEST_F(Killed, ManyAtOnceMakeOneTree) {
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) children.push_back(start());
  ::kill(children[0], SIGKILL);
  for (std::size_t i = 0; i < children.size(); ++i) {
    const int status = wait_for(children[i]);
    if (i > 0) {
      EXPECT_EQ(status, 0) << "process " << i;
    }
  }
  expect_whole();
  EXPECT_EQ(shell("ls -A cache/driftcage/images/rootfs | wc -l"), "1\n");
}

}  // namespace
}  // namespace driftcage::image_test
