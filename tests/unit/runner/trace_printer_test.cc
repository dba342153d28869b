// SPDX-License-Identifier: Apache-2.0
#include "runner/trace_printer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace driftcage::runner {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

model::Event event(model::Verb verb, model::Syscall call,
                   const std::string& path, int err) {
  model::Event made;
  made.process = 1;
  made.tid = 7;
  made.verb = verb;
  made.syscall = call;
  made.path = path;
  made.abs = path;
  made.err = err;
  made.result = err == 0 ? 0 : -1;
  made.enter_ns = 12'000'000;
  return made;
}

std::vector<wire::Record> trace() {
  model::Event exec =
      event(model::Verb::Exec, model::Syscall::Execve, "/bin/tool", 0);
  exec.exec = model::ExecDetail{{"tool"}, {"PATH=/bin"}, true, "/bin/tool", {}};
  return {
      model::ProcessStart{1, 0, 7, 0}, exec,
      event(model::Verb::Open, model::Syscall::Openat, "/etc/there", 0),
      event(model::Verb::Open, model::Syscall::Openat, "/etc/absent", ENOENT),
      event(model::Verb::Readlink, model::Syscall::Readlink, "/etc/plain",
            EINVAL)};
}

std::vector<std::string> printed(TraceDetail detail, bool json,
                                 const std::vector<wire::Record>& records) {
  std::vector<std::string> lines;
  TracePrinter printer(detail, json, [&lines](std::string_view line) {
    lines.emplace_back(line);
  });
  for (const wire::Record& record : records) printer.add(record);
  printer.finish();
  return lines;
}

TEST(TracePrinter, ShowsExecsAndWhatWasNotFound) {
  EXPECT_THAT(printed(TraceDetail::Default, false, trace()),
              ElementsAre("+0.012s  driftcage[7]  exec /bin/tool = ok\n",
                          "+0.012s  tool[7]  open /etc/absent = ENOENT\n"));
}

TEST(TracePrinter, ShowsEveryFailureWhenAsked) {
  EXPECT_THAT(printed(TraceDetail::Failed, false, trace()),
              ElementsAre("+0.012s  tool[7]  open /etc/absent = ENOENT\n",
                          "+0.012s  tool[7]  readlink /etc/plain = EINVAL\n"));
}

TEST(TracePrinter, ShowsEveryCallWhenAsked) {
  // The four calls, and the search of PATH that one of them was.
  EXPECT_THAT(printed(TraceDetail::All, false, trace()), SizeIs(5));
}

TEST(TracePrinter, SaysWhy) {
  model::Event exec =
      event(model::Verb::Exec, model::Syscall::Execve, "/opt/tool", ENOENT);
  exec.cause = model::Cause::NoLoader;
  exec.cause_at = "/lib/ld-musl.so.1";
  EXPECT_THAT(
      printed(TraceDetail::Failed, false,
              {model::ProcessStart{1, 0, 7, 0}, exec}),
      ElementsAre(
          "+0.012s  driftcage[7]  exec /opt/tool = no-loader  (the file is "
          "there, its ELF interpreter /lib/ld-musl.so.1 is "
          "missing)\n"));
}

TEST(TracePrinter, AFailedSearchIsOneLookup) {
  // As a shell looks for a program: one stat per directory of PATH.
  std::vector<wire::Record> records = trace();
  records.resize(2);
  records.emplace_back(event(model::Verb::Stat, model::Syscall::Newfstatat,
                             "/bin/absent", ENOENT));
  EXPECT_THAT(printed(TraceDetail::Default, false, records),
              ElementsAre("+0.012s  driftcage[7]  exec /bin/tool = ok\n",
                          "+0.012s  tool[7]  lookup absent = none  (tried "
                          "/bin)\n"));
}

TEST(TracePrinter, JsonIsOneObjectALine) {
  const auto lines = printed(TraceDetail::Failed, true, trace());
  ASSERT_THAT(lines, SizeIs(2));
  const auto first = nlohmann::json::parse(lines.front());
  EXPECT_EQ(first.at("call"), "openat");
  EXPECT_EQ(first.at("path"), "/etc/absent");
  EXPECT_EQ(first.at("errno"), "ENOENT");
  EXPECT_EQ(first.at("pid"), 7);
  EXPECT_EQ(first.at("program"), "tool");
  EXPECT_EQ(lines.front().back(), '\n');
}

TEST(TracePrinter, NothingComesOfNothing) {
  EXPECT_THAT(printed(TraceDetail::All, true, {}), IsEmpty());
}

}  // namespace
}  // namespace driftcage::runner
