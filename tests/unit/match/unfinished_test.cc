// SPDX-License-Identifier: Apache-2.0
#include "harness/match/unfinished.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/unit/match/trace_builder.h"

namespace driftcage::match {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kDeadline = 1'000'000;

model::ProcessEnd killed(std::uint32_t process, std::uint64_t at_ns) {
  model::ProcessEnd end;
  end.process = process;
  end.at_ns = at_ns;
  end.status = base::WaitStatus::signalled(SIGKILL);
  return end;
}

TEST(Unfinished, NamesWhoWasKilledAtTheDeadlineOrNeverEnded) {
  TraceBuilder trace;
  trace.start(1).exec(1, "/bin/sh", {"sh"}).start(2, 1).start(3, 1).start(4, 1);
  trace.start(5, 1);
  trace.exec(2, "/bin/cat", {"cat"}).exec(3, "/bin/sleep", {"sleep", "9"});
  trace.exec(5, "/bin/none", {"none"}, {}, false, ENOENT);
  trace.end(2);
  // By one of its own, long before.
  trace.records.emplace_back(killed(4, kDeadline - 1));
  trace.records.emplace_back(killed(3, kDeadline));
  Unfinished unfinished(kDeadline);
  for (const wire::Record& record : trace.records) unfinished.add(record);
  // A child that has executed nothing runs its parent's program.
  EXPECT_THAT(unfinished.programs(), ElementsAre("sh", "sleep", "sh"));
}

TEST(Unfinished, IsEmptyWhenAllEnded) {
  TraceBuilder trace;
  trace.start(1).exec(1, "/bin/true", {"true"}).end(1);
  Unfinished unfinished(kDeadline);
  for (const wire::Record& record : trace.records) unfinished.add(record);
  EXPECT_THAT(unfinished.programs(), IsEmpty());
}

}  // namespace
}  // namespace driftcage::match
