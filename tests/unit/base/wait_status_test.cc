// SPDX-License-Identifier: Apache-2.0
#include "harness/base/wait_status.h"

#include <gtest/gtest.h>

#include <csignal>

namespace driftcage::base {
namespace {

TEST(WaitStatus, ExitNineIsNotSignalNine) {
  const WaitStatus exit = WaitStatus::exited(9);
  const WaitStatus kill = WaitStatus::signalled(SIGKILL);
  EXPECT_NE(exit, kill);
  EXPECT_EQ(exit.exit_code(), 9);
  EXPECT_EQ(exit.signal(), std::nullopt);
  EXPECT_EQ(kill.exit_code(), std::nullopt);
  EXPECT_EQ(kill.signal(), SIGKILL);
  EXPECT_EQ(exit.text(), "exit 9");
  EXPECT_EQ(kill.text(), "SIGKILL");
  EXPECT_EQ(kill.shell_code(), 137);
}

TEST(WaitStatus, CoreFlagDoesNotHideTheSignal) {
  EXPECT_EQ(WaitStatus(SIGSEGV | 0x80).signal(), SIGSEGV);
}

TEST(Signal, NamesGoBothWays) {
  EXPECT_EQ(signal_name(SIGTERM), "SIGTERM");
  EXPECT_EQ(signal_number("SIGTERM"), SIGTERM);
  EXPECT_EQ(signal_number("SIGNONE"), 0);
  EXPECT_EQ(signal_number(signal_name(40)), 40);
}

}  // namespace
}  // namespace driftcage::base
