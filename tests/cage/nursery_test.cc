// SPDX-License-Identifier: Apache-2.0
// Cells that a nursery forks are like those that were executed.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/base/sys.h"
#include "harness/run/launcher.h"
#include "tests/cage/cell_run.h"
#include "tests/must_work.h"

namespace driftcage::run {
namespace {

using ::testing::AnyOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

// Command lines of this process's children.
std::vector<std::pair<pid_t, std::string>> children() {
  std::vector<std::pair<pid_t, std::string>> found;
  const std::string own = "PPid:\t" + std::to_string(::getpid()) + "\n";
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    const pid_t pid = std::atoi(name.c_str());
    if (pid <= 0) continue;
    const auto status = base::sys::read_file(entry.path().string() + "/status");
    if (!status || status->find(own) == std::string::npos) continue;
    auto line = base::sys::read_file(entry.path().string() + "/cmdline");
    if (!line) continue;  // it has ended meanwhile
    std::replace(line->begin(), line->end(), '\0', ' ');
    found.emplace_back(pid, *line);
  }
  return found;
}

// Whoever else is called the same was forked by it.
pid_t nursery() {
  pid_t first = -1;
  for (const auto& [pid, line] : children()) {
    if (line.ends_with(" nursery ") && (first < 0 || pid < first)) first = pid;
  }
  return first;
}

class NurseryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    DRIFTCAGE_SKIP_UNLESS_EMPTY(driftcage::testing::why_no_cages());
  }
  void TearDown() override {
    // Nobody is left, neither running nor to be reaped.
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
  }
  void start(const model::CageSpec& spec) {
    CellObserver observer;
    const std::size_t at = outputs_.size();
    outputs_.emplace_back();
    observer.out = [this, at](std::string_view text) {
      outputs_[at] += text;
      if (on_out_) on_out_();
    };
    observer.record = [this](const wire::Record& record) {
      if (std::holds_alternative<wire::CageUp>(record) && on_up_) on_up_();
    };
    observer.done = [this](base::Result<wire::End> end) {
      ends_.push_back(std::move(end));
      if (on_done_) on_done_();
    };
    launcher_.start(spec, Stdio::Capture, std::move(observer));
  }
  void expect_good(std::size_t count) {
    EXPECT_THAT(ends_, SizeIs(count));
    for (const auto& end : ends_) {
      ASSERT_TRUE(end) << end.error().message();
      EXPECT_EQ(end->outcome, wire::Outcome::Finished) << end->error.message();
      EXPECT_EQ(end->status, base::WaitStatus::exited(0));
    }
  }

  Launcher launcher_{driftcage::testing::cell_path()};
  std::vector<std::string> outputs_;
  std::vector<base::Result<wire::End>> ends_;
  std::function<void()> on_up_;
  std::function<void()> on_out_;
  std::function<void()> on_done_;
};

TEST_F(NurseryTest, ItsCellsHaveNothingOfTheirs) {
  for (const char* mode : {"fds", "identity", "environment"}) {
    outputs_.clear();
    ends_.clear();
    const auto spec = driftcage::testing::payload_spec({mode, "HOME"});
    for (int i = 0; i < 4; ++i) start(spec);
    EXPECT_EQ(launcher_.run(), 0);
    expect_good(4);
    // The first one was executed, the others were forked.
    EXPECT_THAT(outputs_[0], Not(::testing::IsEmpty()));
    EXPECT_THAT(outputs_, Each(outputs_[0])) << mode;
  }
}

TEST_F(NurseryTest, ItsCellsAreInTheSameState) {
  const auto spec = driftcage::testing::shell_spec(
      "grep -E '^(Sig|Shd|Cap|NoNew|Seccomp|Groups|Threads)' "
      "/proc/self/status; "
      "umask; pwd; ulimit -a; env; ls -l /proc/self/fd | wc -l; "
      "cut -d' ' -f5-7 /proc/self/stat");
  for (int i = 0; i < 3; ++i) start(spec);
  EXPECT_EQ(launcher_.run(), 0);
  expect_good(3);
  EXPECT_THAT(outputs_[0], HasSubstr("SigIgn"));
  EXPECT_THAT(outputs_, Each(outputs_[0]));
}

TEST_F(NurseryTest, TracedCellsAreAsGood) {
  auto spec = driftcage::testing::payload_spec({"open", "/etc/passwd"});
  spec.trace.engine = model::Engine::Seccomp;
  for (int i = 0; i < 4; ++i) start(spec);
  EXPECT_EQ(launcher_.run(), 0);
  expect_good(4);
  EXPECT_THAT(outputs_, Each(std::string("/etc/passwd ok\n")));
  for (const auto& end : ends_) EXPECT_EQ(end->events, ends_[0]->events);
}

TEST_F(NurseryTest, CellsAreChildrenOfTheRunner) {
  const auto spec = driftcage::testing::payload_spec({"linger"});
  int up = 0;
  on_up_ = [&] {
    if (++up < 3) return;
    // Three cells, the nursery and its spare, which may be on its way.
    const auto running = children();
    EXPECT_THAT(running, AnyOf(SizeIs(4), SizeIs(5)));
    // Ctrl-C is for the runner alone.
    for (const auto& [pid, line] : running) {
      EXPECT_NE(::getpgid(pid), ::getpgrp()) << line;
    }
    launcher_.cancel_all();
  };
  for (int i = 0; i < 3; ++i) start(spec);
  EXPECT_EQ(launcher_.run(), 0);
  for (const auto& end : ends_) {
    ASSERT_TRUE(end) << end.error().message();
    EXPECT_EQ(end->outcome, wire::Outcome::Cancelled);
  }
}

TEST_F(NurseryTest, CellsOfOneTimeHaveNetworksOfTheirOwn) {
  const auto spec = driftcage::testing::shell_spec(
      "readlink /proc/self/ns/net; exec sleep 1000");
  int said = 0;
  on_out_ = [&] {
    if (++said == 4) launcher_.cancel_all();
  };
  for (int i = 0; i < 4; ++i) start(spec);
  EXPECT_EQ(launcher_.run(), 0);
  EXPECT_EQ(said, 4);
  EXPECT_THAT(std::set<std::string>(outputs_.begin(), outputs_.end()),
              SizeIs(4));
}

TEST_F(NurseryTest, OneAfterTheOtherTheyShareANetwork) {
  DRIFTCAGE_ROOT_ONLY("others have no network namespace without a cage");
  auto spec = driftcage::testing::shell_spec(
      "readlink /proc/self/ns/net; grep -c . /proc/net/dev; "
      "echo 77 >/proc/sys/net/ipv4/ip_default_ttl; test $? = 0; echo $?; "
      "cat /proc/sys/net/ipv4/ip_default_ttl");
  // The first is executed; slots are given out from the lowest. The last two
  // have loopback, and so a network of their own.
  on_done_ = [&] {
    if (ends_.size() == 4) spec.network = model::Network::Loopback;
    if (ends_.size() < 6) start(spec);
  };
  start(spec);
  EXPECT_EQ(launcher_.run(), 0);
  expect_good(6);
  std::set<std::string> shared;
  std::set<std::string> own;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const std::size_t line = outputs_[i].find('\n');
    // That of the first is gone with it, and its number may come again.
    if (i > 0) (i < 4 ? shared : own).insert(outputs_[i].substr(0, line));
    if (i < 4) {
      EXPECT_EQ(outputs_[i].substr(line), "\n3\n1\n64\n");
    }
  }
  EXPECT_LT(shared.size(), 3u);
  for (const std::string& network : own) {
    EXPECT_FALSE(shared.contains(network));
  }
}

// A socket in the network namespace that is called so in /proc.
base::UniqueFd socket_in(const std::string& network) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::error_code ignored;
    const auto place = entry.path() / "ns/net";
    if (std::filesystem::read_symlink(place, ignored).string() + "\n" !=
        network) {
      continue;
    }
    const auto home = base::sys::open("/proc/self/ns/net", O_RDONLY);
    const auto there = base::sys::open(place.string(), O_RDONLY);
    if (!home || !there || ::setns(there->get(), CLONE_NEWNET) != 0) continue;
    base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::setns(home->get(), CLONE_NEWNET), 0);
    return socket;
  }
  return {};
}

// As io_uring and sockets that hold each other leave one, for a while.
TEST_F(NurseryTest, ANetworkInWhichASocketIsLeftIsNotUsedAgain) {
  DRIFTCAGE_ROOT_ONLY("others have no network namespace without a cage");
  const auto spec = driftcage::testing::shell_spec(
      "readlink /proc/self/ns/net; exec sleep 1000");
  base::UniqueFd left;
  int said = 0;
  on_out_ = [&] {
    if (++said == 2) left = socket_in(outputs_[1]);
    if (said == 2 || said == 5) launcher_.cancel_all();
  };
  on_done_ = [&] {
    // The slots of the first two are free when another one has come and gone.
    if (ends_.size() == 2) {
      start(driftcage::testing::shell_spec("echo between"));
    }
    if (ends_.size() == 3) {
      start(spec);
      start(spec);
    }
  };
  start(spec);
  start(spec);
  EXPECT_EQ(launcher_.run(), 0);
  EXPECT_TRUE(left);
  ASSERT_EQ(said, 5);
  EXPECT_NE(outputs_[3], outputs_[1]);
  EXPECT_NE(outputs_[4], outputs_[1]);
}

TEST_F(NurseryTest, WhatIsLeftOfAKilledCellHasItsNetworkForItself) {
  DRIFTCAGE_ROOT_ONLY("others have no network namespace without a cage");
  const auto spec = driftcage::testing::shell_spec(
      "readlink /proc/self/ns/net; exec sleep 1000");
  int said = 0;
  on_out_ = [&] {
    ++said;
    // The second one is the nursery's first, which has a cage below it.
    for (const auto& [pid, line] : children()) {
      const auto below =
          base::sys::read_file("/proc/" + std::to_string(pid) + "/task/" +
                               std::to_string(pid) + "/children");
      if (said == 2 && line.ends_with(" nursery ") && below &&
          !below->empty()) {
        ::kill(pid, SIGKILL);
      }
    }
    // The first one after that was started while the slot was still taken.
    if (said == 3) start(spec);
    if (said == 4) launcher_.cancel_all();
  };
  on_done_ = [&] {
    if (ends_.size() == 1) start(spec);
  };
  start(spec);
  start(spec);
  EXPECT_EQ(launcher_.run(), 0);
  EXPECT_EQ(said, 4);
  EXPECT_THAT(std::set<std::string>(outputs_.begin(), outputs_.end()),
              SizeIs(4));
}

TEST_F(NurseryTest, WithoutItCellsAreExecuted) {
  const auto spec = driftcage::testing::payload_spec({"identity"});
  int more = 4;
  int killed = 0;
  on_done_ = [&] {
    if (more-- <= 0) return;
    if (killed == 0 && nursery() > 0) {
      ++killed;
      EXPECT_EQ(::kill(nursery(), SIGKILL), 0);
    }
    start(spec);
  };
  for (int i = 0; i < 2; ++i) start(spec);
  EXPECT_EQ(launcher_.run(), 0);
  expect_good(6);
  EXPECT_EQ(killed, 1);
}

}  // namespace
}  // namespace driftcage::run
