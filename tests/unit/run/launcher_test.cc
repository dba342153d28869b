// SPDX-License-Identifier: Apache-2.0
#include "harness/run/launcher.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/unique_fd.h"

namespace driftcage::run {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr const char* kFakeCell = DRIFTCAGE_FAKE_CELL;

model::CageSpec act(const std::string& name) {
  model::CageSpec spec;
  spec.argv = {name};
  return spec;
}

// Everything that came out of one cell.
struct Seen {
  std::string trace;
  std::string out;
  std::string err;
  std::uint64_t events = 0;
  bool up = false;
  std::optional<base::Result<wire::End>> end;

  [[nodiscard]] const base::Error& error() const { return end->error(); }
};

CellObserver watch(const std::shared_ptr<Seen>& seen,
                   std::function<void()> on_up = {}) {
  CellObserver observer;
  observer.trace_bytes = [seen](std::string_view b) { seen->trace += b; };
  observer.out = [seen](std::string_view b) { seen->out += b; };
  observer.err = [seen](std::string_view b) { seen->err += b; };
  observer.record = [seen, on_up](const wire::Record& record) {
    if (std::holds_alternative<model::Event>(record)) ++seen->events;
    if (std::holds_alternative<wire::CageUp>(record)) {
      seen->up = true;
      if (on_up) on_up();
    }
  };
  observer.done = [seen](base::Result<wire::End> end) {
    EXPECT_FALSE(seen->end.has_value()) << "done came twice";
    seen->end = std::move(end);
  };
  return observer;
}

Seen run_one(Launcher& launcher, const model::CageSpec& spec) {
  const auto seen = std::make_shared<Seen>();
  launcher.start(spec, Stdio::Capture, watch(seen));
  EXPECT_EQ(launcher.run(), 0);
  EXPECT_EQ(launcher.running(), 0u);
  EXPECT_TRUE(seen->end.has_value());
  return *seen;
}

// Runs `count` cells of one kind at once, to their ends.
std::vector<std::shared_ptr<Seen>> run_many(const char* name, int count) {
  Launcher launcher(kFakeCell);
  std::vector<std::shared_ptr<Seen>> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(std::make_shared<Seen>());
    launcher.start(act(name), Stdio::Capture, watch(all.back()));
  }
  EXPECT_EQ(launcher.run(), 0);
  return all;
}

Seen run_one(const model::CageSpec& spec) {
  Launcher launcher(kFakeCell);
  return run_one(launcher, spec);
}

// Neither running nor unreaped children.
void expect_no_children() {
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(Launcher, ReportsTheLastRecord) {
  const Seen seen = run_one(act("plain"));
  ASSERT_TRUE(seen.end->has_value());
  EXPECT_EQ((*seen.end)->outcome, wire::Outcome::Finished);
  EXPECT_TRUE(seen.up);
  EXPECT_FALSE(seen.trace.empty());
  expect_no_children();
}

TEST(Launcher, MissingHelperIsAnErrorAndLeavesNothing) {
  Launcher launcher("/nonexistent/driftcage-cell");
  const Seen seen = run_one(launcher, act("plain"));
  ASSERT_FALSE(seen.end->has_value());
  EXPECT_EQ(seen.error().err, ENOENT);
  EXPECT_EQ(seen.error().object, "/nonexistent/driftcage-cell");
  expect_no_children();
}

TEST(Launcher, ExitNineIsNotSigkill) {
  const Seen exited = run_one(act("exit-9"));
  ASSERT_FALSE(exited.end->has_value());
  EXPECT_THAT(exited.error().message(), HasSubstr("exit 9"));
  const Seen killed = run_one(act("kill"));
  ASSERT_FALSE(killed.end->has_value());
  EXPECT_THAT(killed.error().message(), HasSubstr("SIGKILL"));
  expect_no_children();
}

TEST(Launcher, SilenceIsAnErrorThoughTheHelperSucceeds) {
  const Seen seen = run_one(act("silent"));
  ASSERT_FALSE(seen.end->has_value());
  EXPECT_THAT(seen.error().message(), HasSubstr("before it reported"));
}

TEST(Launcher, EarlyEndOfTheEventStreamIsAnErrorWithAllOutput) {
  const Seen seen = run_one(act("close-events"));
  ASSERT_FALSE(seen.end->has_value());
  EXPECT_EQ(seen.out, "still here\n");
}

TEST(Launcher, CutRecordIsAnError) {
  EXPECT_FALSE(run_one(act("cut")).end->has_value());
}

TEST(Launcher, RecordsAfterTheLastOneAreAnError) {
  EXPECT_FALSE(run_one(act("twice")).end->has_value());
}

TEST(Launcher, GarbageEndsTheHelper) {
  const Seen seen = run_one(act("garbage"));
  ASSERT_FALSE(seen.end->has_value());
  expect_no_children();
}

TEST(Launcher, AnotherVersionIsRefusedByName) {
  const Seen seen = run_one(act("version"));
  ASSERT_FALSE(seen.end->has_value());
  EXPECT_THAT(seen.error().object,
              HasSubstr(std::to_string(wire::kVersion + 1)));
}

TEST(Launcher, HangingHelperIsKilled) {
  Launcher launcher(kFakeCell, milliseconds(20));
  model::CageSpec spec = act("hang");
  spec.timeout_ms = 1;
  const Seen seen = run_one(launcher, spec);
  ASSERT_FALSE(seen.end->has_value());
  EXPECT_THAT(seen.error().message(), HasSubstr("did not end in time"));
  expect_no_children();
}

TEST(Launcher, ResultsComeBeforeTheHelperHasEnded) {
  Launcher launcher(kFakeCell, milliseconds(20));
  // It never ends by itself; that it is killed is no error any more.
  const Seen seen = run_one(launcher, act("linger"));
  ASSERT_TRUE(seen.end->has_value()) << seen.error().message();
  EXPECT_EQ((*seen.end)->outcome, wire::Outcome::Finished);
  expect_no_children();
}

TEST(Launcher, ANurseryThatDoesNotAnswerIsDoneWithout) {
  ::setenv("DRIFTCAGE_FAKE_NURSERY", "mute", 1);
  const auto all = run_many("plain", 3);
  ::unsetenv("DRIFTCAGE_FAKE_NURSERY");
  for (const auto& seen : all) {
    ASSERT_TRUE(seen->end.has_value());
    EXPECT_TRUE(seen->end->has_value()) << seen->error().message();
  }
  expect_no_children();
}

TEST(Launcher, CancelledHelperReportsIt) {
  Launcher launcher(kFakeCell);
  const auto seen = std::make_shared<Seen>();
  launcher.start(act("cancel"), Stdio::Capture,
                 watch(seen, [&] { launcher.cancel_all(); }));
  EXPECT_EQ(launcher.run(), 0);
  ASSERT_TRUE(seen->end->has_value());
  EXPECT_EQ((*seen->end)->outcome, wire::Outcome::Cancelled);
}

TEST(Launcher, HelperThatDoesNotHearIsKilledAfterTheGrace) {
  Launcher launcher(kFakeCell, milliseconds(20));
  const auto seen = std::make_shared<Seen>();
  launcher.start(act("hang"), Stdio::Capture,
                 watch(seen, [&] { launcher.cancel_all(); }));
  EXPECT_EQ(launcher.run(), 0);
  ASSERT_FALSE(seen->end->has_value());
  EXPECT_THAT(seen->error().message(), HasSubstr("when asked to"));
  expect_no_children();
}

TEST(Launcher, SecondCancelKillsAtOnce) {
  // The grace is longer than the test may take.
  Launcher launcher(kFakeCell, std::chrono::hours(1));
  const auto seen = std::make_shared<Seen>();
  launcher.start(act("hang"), Stdio::Capture, watch(seen, [&] {
                   launcher.cancel_all();
                   launcher.cancel_all();
                 }));
  EXPECT_EQ(launcher.run(), 0);
  ASSERT_FALSE(seen->end->has_value());
  EXPECT_THAT(seen->error().message(), HasSubstr("SIGKILL"));
}

TEST(Launcher, SignalIsPassedOnAndReturned) {
  Launcher launcher(kFakeCell);
  const auto seen = std::make_shared<Seen>();
  launcher.start(act("cancel"), Stdio::Capture,
                 watch(seen, [] { ::raise(SIGINT); }));
  int told = 0;
  EXPECT_EQ(launcher.run([&](int signal) {
    told = signal;
    launcher.cancel_all();
  }),
            SIGINT);
  EXPECT_EQ(told, SIGINT);
  ASSERT_TRUE(seen->end->has_value());
  EXPECT_EQ((*seen->end)->outcome, wire::Outcome::Cancelled);
}

TEST(Launcher, AnIgnoredSignalStaysIgnored) {
  ::signal(SIGHUP, SIG_IGN);
  Launcher launcher(kFakeCell);
  const auto seen = std::make_shared<Seen>();
  launcher.start(act("cancel"), Stdio::Capture, watch(seen, [] {
                   ::raise(SIGHUP);
                   ::raise(SIGTERM);
                 }));
  EXPECT_EQ(launcher.run(), SIGTERM);
  ::signal(SIGHUP, SIG_DFL);
}

TEST(Launcher, TwoHundredAtOnce) {
  for (const auto& seen : run_many("descriptors", 200)) {
    ASSERT_TRUE(seen->end.has_value());
    ASSERT_TRUE(seen->end->has_value()) << seen->error().message();
    EXPECT_EQ(seen->out, "0\n1\n2\n3\n4\n");
  }
  expect_no_children();
}

TEST(Launcher, InheritsNoOtherDescriptor) {
  // One without close-on-exec, as a careless library would open it.
  const base::UniqueFd careless(::open("/dev/null", O_RDONLY));
  const base::UniqueFd high(::fcntl(careless.get(), F_DUPFD, 500));
  EXPECT_EQ(run_one(act("descriptors")).out, "0\n1\n2\n3\n4\n");
}

TEST(Launcher, KeepsUpWithOutputBetweenEvents) {
  const Seen seen = run_one(act("flood"));
  ASSERT_TRUE(seen.end->has_value());
  EXPECT_EQ(seen.out.size(), 2000u * 4096u);
  EXPECT_EQ(seen.events, 20000u);
}

TEST(Launcher, DeliversASpecLargerThanAPipe) {
  model::CageSpec spec = act("measure");
  spec.ops.emplace_back(
      model::op::WriteFile{"/big", std::string(5'000'000, 'y'), 0644});
  const Seen seen = run_one(spec);
  EXPECT_EQ(seen.out, "5000000\n");
}

TEST(Launcher, HelperThatIsGoneBeforeItsSpecIsAnError) {
  Launcher launcher("/bin/true");
  model::CageSpec spec = act("x");
  spec.ops.emplace_back(
      model::op::WriteFile{"/big", std::string(5'000'000, 'y'), 0644});
  const Seen seen = run_one(launcher, spec);
  ASSERT_FALSE(seen.end->has_value());
  EXPECT_THAT(seen.error().message(), HasSubstr("exit 0"));
}

TEST(Launcher, DoesNotWaitForWhoeverHoldsTheOutput) {
  Launcher launcher(kFakeCell, milliseconds(20));
  const Seen seen = run_one(launcher, act("leave-child"));
  EXPECT_TRUE(seen.end->has_value());
}

TEST(Launcher, StartsMoreFromWithinDone) {
  Launcher launcher(kFakeCell);
  int finished = 0;
  std::function<void()> next = [&] {
    CellObserver observer;
    observer.done = [&](const base::Result<wire::End>& end) {
      EXPECT_TRUE(end.has_value());
      if (++finished < 5) next();
    };
    launcher.start(act("plain"), Stdio::Capture, std::move(observer));
  };
  next();
  EXPECT_EQ(launcher.run(), 0);
  EXPECT_EQ(finished, 5);
}

}  // namespace
}  // namespace driftcage::run
