// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "harness/model/event.h"
#include "harness/model/verdict.h"

namespace driftcage::model {
namespace {

// Every value has a name of its own that leads back to it.
template <class Enum, class Name, class Value>
void expect_names(Enum last, Name name, Value value) {
  std::set<std::string_view> seen;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto item = static_cast<Enum>(i);
    EXPECT_NE(name(item), "unknown") << i;
    EXPECT_TRUE(seen.insert(name(item)).second) << name(item);
    EXPECT_EQ(value(name(item)), item) << name(item);
  }
  EXPECT_EQ(value("no such name"), std::nullopt);
}

TEST(Names, Verbs) { expect_names(Verb::Load, verb_name, verb_from_name); }
TEST(Names, Causes) {
  expect_names(Cause::Injected, cause_name, cause_from_name);
}
TEST(Names, Verdicts) {
  expect_names(Verdict::Expired, verdict_name, verdict_from_name);
}
TEST(Names, Syscalls) {
  expect_names(Syscall::IoUringSetup, syscall_name, syscall_from_name);
  EXPECT_EQ(syscall_name(static_cast<Syscall>(250)), "unknown");
}

TEST(Names, CallsBelongToVerbs) {
  EXPECT_EQ(verb_of(Syscall::Faccessat2), Verb::Stat);
  EXPECT_EQ(verb_of(Syscall::Execveat), Verb::Exec);
  EXPECT_EQ(verb_of(Syscall::Clone3), Verb::Spawn);
  EXPECT_EQ(verb_of(Syscall::Seccomp), std::nullopt);
}

TEST(Names, OnlyThreeVerdictsAreGood) {
  int good = 0;
  for (int i = 0; i <= static_cast<int>(Verdict::Expired); ++i) {
    good += is_good(static_cast<Verdict>(i)) ? 1 : 0;
  }
  EXPECT_EQ(good, 3);
  EXPECT_TRUE(is_good(Verdict::Pass));
  EXPECT_FALSE(is_good(Verdict::Unresolved));
}

TEST(Integrity, TextNamesEachFlag) {
  EXPECT_EQ(integrity_text(kComplete), "complete");
  EXPECT_EQ(integrity_text(kNestedFilter | kTruncated),
            "nested-filter, truncated");
  EXPECT_EQ(integrity_text(0xffffffff),
            "nested-filter, io-uring, clone-untraced, nested-ptrace, "
            "foreign-abi, unreadable, truncated, detached-mount");
}

}  // namespace
}  // namespace driftcage::model
