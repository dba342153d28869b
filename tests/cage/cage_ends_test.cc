// SPDX-License-Identifier: Apache-2.0
// However a run ends, it ends in time, says how, and leaves nothing behind.
#include <dirent.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cage/cage_test.h"

namespace driftcage::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string read_text(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Processes of the host whose command line has `word` as an argument.
std::vector<pid_t> processes_with(const std::string& word) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string line = read_text(entry.path() / "cmdline");
    if (line.find(word + '\0') != std::string::npos) {
      found.push_back(static_cast<pid_t>(std::stol(name)));
    }
  }
  return found;
}

// The same for children of `parent`.
std::vector<pid_t> children_of(pid_t parent) {
  const std::string id = std::to_string(parent);
  std::istringstream list(
      read_text("/proc/" + id + "/task/" + id + "/children"));
  std::vector<pid_t> children;
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

// Waits until a process has ended, whoever its parent is.
class Watch {
 public:
  explicit Watch(pid_t pid)
      : fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  [[nodiscard]] bool ended() const {
    pollfd polled{fd_.get(), POLLIN, 0};
    return ::poll(&polled, 1, 20'000) == 1;
  }

 private:
  base::UniqueFd fd_;
};

// A word for a command line that no other process has.
std::string unique_word(const char* what) {
  static int count = 0;
  return std::string(what) + "-" + std::to_string(::getpid()) + "-" +
         std::to_string(++count);
}

model::Engine engine_of(bool traced) {
  return traced ? model::Engine::Seccomp : model::Engine::Untraced;
}

// Every way to end, as both callers and with and without a tracer.
class Ends : public ::testing::TestWithParam<std::tuple<Caller, bool>> {
 protected:
  void SetUp() override {
    DRIFTCAGE_SKIP_UNLESS_EMPTY(why_no_cages(caller()));
    mounts_ = read_text("/proc/self/mountinfo");
  }
  void TearDown() override {
    EXPECT_EQ(read_text("/proc/self/mountinfo"), mounts_);
  }
  static Caller caller() { return std::get<0>(GetParam()); }

  model::CageSpec spec(const std::string& mode) {
    word_ = unique_word(mode.c_str());
    model::CageSpec result = payload_spec({mode, word_});
    result.trace.engine = engine_of(std::get<1>(GetParam()));
    result.trace.verbs = 0x3f;
    return result;
  }
  void expect_nothing_left() const {
    EXPECT_THAT(processes_with(word_), IsEmpty());
  }

  std::string word_;

 private:
  std::string mounts_;
};
INSTANTIATE_TEST_SUITE_P(
    All, Ends,
    ::testing::Combine(::testing::Values(Caller::Self, Caller::Ordinary),
                       ::testing::Bool()),
    [](const auto& test) {
      return std::string(std::get<0>(test.param) == Caller::Self ? "Self"
                                                                 : "Ordinary") +
             (std::get<1>(test.param) ? "Traced" : "Untraced");
    });

TEST_P(Ends, ByItself) {
  const CellRun result = run_cell(spec("identity"), caller());
  EXPECT_EQ(unlike_exit(result, 0), "");
  EXPECT_EQ(result.end.left_behind, 0u);
  EXPECT_EQ(result.hello.version, wire::kVersion);
  EXPECT_NE(result.hello.wall_ns, 0u);
}

TEST_P(Ends, WithProcessesLeftBehind) {
  const CellRun result = run_cell(spec("leave-behind"), caller());
  EXPECT_EQ(unlike_exit(result, 5), "");
  EXPECT_EQ(result.end.left_behind, 3u);
  expect_nothing_left();
}

TEST_P(Ends, ByTimeoutThoughItIgnoresEverySignal) {
  auto lingering = spec("linger");
  lingering.timeout_ms = 300;
  const CellRun result = run_cell(lingering, caller());
  EXPECT_TRUE(result.ended);
  EXPECT_EQ(result.end.outcome, wire::Outcome::Timeout);
  EXPECT_EQ(result.end.status, base::WaitStatus::signalled(SIGKILL));
  EXPECT_EQ(result.out, "ready\n");
  expect_nothing_left();
}

TEST_P(Ends, ByTimeoutInAForkBomb) {
  auto bomb = spec("bomb");
  bomb.timeout_ms = 500;
  bomb.limits.nproc = 200;
  const CellRun result = run_cell(bomb, caller());
  EXPECT_TRUE(result.ended);
  EXPECT_EQ(result.end.outcome, wire::Outcome::Timeout);
  expect_nothing_left();
}

TEST_P(Ends, ByTimeoutWhileItWritesWithoutEnd) {
  auto flood = spec("flood");
  flood.timeout_ms = 200;
  const CellRun result = run_cell(flood, caller());
  EXPECT_TRUE(result.ended);
  EXPECT_EQ(result.end.outcome, wire::Outcome::Timeout);
  EXPECT_GT(result.out.size(), 65536u);
  expect_nothing_left();
}

TEST_P(Ends, ByTimeoutWhenNobodyReadsItsOutput) {
  auto flood = spec("flood");
  flood.timeout_ms = 200;
  Cell cell(flood, caller());
  EXPECT_TRUE(Watch(cell.pid()).ended());
  expect_nothing_left();
}

TEST_P(Ends, ByTimeoutInACommandBeforeThePayload) {
  auto lingering = spec("identity");
  lingering.ops.emplace_back(
      model::op::RunCommand{{kPayload, "linger", word_}});
  lingering.timeout_ms = 300;
  const CellRun result = run_cell(lingering, caller());
  EXPECT_TRUE(result.ended);
  EXPECT_EQ(result.end.outcome, wire::Outcome::Timeout);
  expect_nothing_left();
}

TEST_P(Ends, WhenCancelled) {
  Cell cell(spec("linger"), caller());
  cell.wait_for_output("ready\n");
  cell.cancel();
  const CellRun result = cell.finish();
  EXPECT_TRUE(result.ended);
  EXPECT_EQ(result.end.outcome, wire::Outcome::Cancelled);
  expect_nothing_left();
}

TEST_P(Ends, WhenCancelledBeforeThePayload) {
  auto waiting = spec("identity");
  waiting.ops.emplace_back(model::op::RunCommand{{kPayload, "linger", word_}});
  Cell cell(waiting, caller());
  cell.cancel();
  const CellRun result = cell.finish();
  EXPECT_TRUE(result.ended);
  EXPECT_EQ(result.end.outcome, wire::Outcome::Cancelled);
  expect_nothing_left();
}

TEST_P(Ends, WhenTheCellIsKilled) {
  Cell cell(spec("linger"), caller());
  cell.wait_for_output("ready\n");
  std::vector<Watch> watches;
  for (const pid_t pid : children_of(cell.pid())) watches.emplace_back(pid);
  for (const pid_t pid : processes_with(word_)) watches.emplace_back(pid);
  EXPECT_GE(watches.size(), 2u);
  ::kill(cell.pid(), SIGKILL);
  for (const Watch& watch : watches) EXPECT_TRUE(watch.ended());
  EXPECT_FALSE(cell.finish().ended);
  expect_nothing_left();
}

TEST_P(Ends, WhenTheCellIsKilledDuringSetUp) {
  auto waiting = spec("identity");
  waiting.ops.emplace_back(model::op::RunCommand{{kPayload, "linger", word_}});
  Cell cell(waiting, caller());
  std::vector<pid_t> found;
  while (found.empty()) found = processes_with(word_);
  const Watch watch(found.front());
  ::kill(cell.pid(), SIGKILL);
  EXPECT_TRUE(watch.ended());
  static_cast<void>(cell.finish());
  expect_nothing_left();
}

TEST_P(Ends, WhenPid1IsKilled) {
  Cell cell(spec("linger"), caller());
  cell.wait_for_output("ready\n");
  const auto children = children_of(cell.pid());
  ASSERT_EQ(children.size(), 1u);
  ::kill(children.front(), SIGKILL);
  const CellRun result = cell.finish();
  EXPECT_TRUE(result.ended);
  EXPECT_EQ(result.end.status, base::WaitStatus::signalled(SIGKILL));
  expect_nothing_left();
}

TEST_P(Ends, WithoutAProgram) {
  const auto spawn = [this](const std::string& file, const std::string& path) {
    auto failing = spec("identity");
    failing.argv = {file};
    failing.environment["PATH"] = path;
    failing.ops.emplace_back(
        model::op::WriteFile{"/work/plain", "echo hi\n", 0644});
    failing.ops.emplace_back(
        model::op::WriteFile{"/work/text", "echo hi\n", 0755});
    const CellRun result = run_cell(failing, caller());
    EXPECT_TRUE(result.ended);
    EXPECT_EQ(result.end.outcome, wire::Outcome::SpawnFailed);
    EXPECT_EQ(result.end.error.object, file);
    return result.end.error.err;
  };
  EXPECT_EQ(spawn("nothing", "/usr/bin:/none"), ENOENT);
  EXPECT_EQ(spawn("/work/nothing", ""), ENOENT);
  EXPECT_EQ(spawn("plain", "/usr/bin:/work"), EACCES);
  EXPECT_EQ(spawn("./plain", ""), EACCES);
  EXPECT_EQ(spawn("text", "/work"), ENOEXEC);
}

// Not about callers or tracing.
TEST(CellProtocol, RefusesWhatIsNoSpec) {
  const auto feed = [](const std::string& bytes) {
    int in[2];
    int out[2];
    EXPECT_EQ(::pipe(in), 0);
    EXPECT_EQ(::pipe(out), 0);
    const std::string cell = cell_path();
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::dup2(in[0], 3);
      ::dup2(out[1], 4);
      ::close_range(5, ~0u, 0);
      ::execl(cell.c_str(), "driftcage-cell", nullptr);
      ::_exit(127);
    }
    EXPECT_EQ(::write(in[1], bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
    for (const int fd : {in[0], in[1], out[1]}) ::close(fd);
    std::string records(4096, '\0');
    std::size_t size = 0;
    for (ssize_t got = 1; got > 0; size += static_cast<std::size_t>(got)) {
      got = ::read(out[0], records.data() + size, records.size() - size);
      if (got < 0) break;
    }
    records.resize(size);
    ::close(out[0]);
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
    return decode_run(records);
  };
  EXPECT_EQ(feed("").end.outcome, wire::Outcome::Cancelled);
  EXPECT_EQ(feed("\5").end.outcome, wire::Outcome::Cancelled);
  EXPECT_EQ(feed(std::string("\1\0\0\0\x7f", 5)).end.outcome,
            wire::Outcome::CageError);
  EXPECT_EQ(feed("\xff\xff\xff\xff").end.error.err, EFBIG);
}

TEST(CellProtocol, SaysWhoStartsIt) {
  EXPECT_EQ(std::system((cell_path() + " 3>&- 4>&- 2>/dev/null").c_str()),
            2 << 8);
}

}  // namespace
}  // namespace driftcage::testing
