// SPDX-License-Identifier: Apache-2.0
#include "runner/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness/base/unique_fd.h"

namespace driftcage::runner {
namespace {

// A pseudo-terminal, so that "is a terminal" is true in a test run too.
class Color : public ::testing::Test {
 protected:
  Color() {
    for (const char* name : {"NO_COLOR", "FORCE_COLOR"}) ::unsetenv(name);
    ::setenv("TERM", "xterm", 1);
    main_.reset(::posix_openpt(O_RDWR | O_NOCTTY));
    if (::grantpt(main_.get()) == 0 && ::unlockpt(main_.get()) == 0)
      terminal_.reset(::open(::ptsname(main_.get()), O_RDWR | O_NOCTTY));
    file_.reset(::open("/dev/null", O_WRONLY));
  }
  ~Color() override {
    for (const char* name : {"NO_COLOR", "FORCE_COLOR"}) ::unsetenv(name);
  }
  base::UniqueFd main_;
  base::UniqueFd terminal_;
  base::UniqueFd file_;
};

TEST_F(Color, ATerminalGetsItAndAFileDoesNot) {
  ASSERT_TRUE(is_terminal(terminal_.get()));
  EXPECT_TRUE(use_color(ColorMode::Auto, terminal_.get()));
  EXPECT_FALSE(use_color(ColorMode::Auto, file_.get()));
}

TEST_F(Color, ADumbTerminalDoesNot) {
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(use_color(ColorMode::Auto, terminal_.get()));
  ::unsetenv("TERM");
  EXPECT_FALSE(use_color(ColorMode::Auto, terminal_.get()));
}

TEST_F(Color, NoColorWinsOverForceColor) {
  ::setenv("FORCE_COLOR", "1", 1);
  EXPECT_TRUE(use_color(ColorMode::Auto, file_.get()));
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(use_color(ColorMode::Auto, file_.get()));
  EXPECT_FALSE(use_color(ColorMode::Auto, terminal_.get()));
}

TEST_F(Color, AnEmptyVariableIsAsGoodAsNone) {
  ::setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(use_color(ColorMode::Auto, terminal_.get()));
}

TEST_F(Color, TheOptionWinsOverAll) {
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_TRUE(use_color(ColorMode::Always, file_.get()));
  ::unsetenv("NO_COLOR");
  EXPECT_FALSE(use_color(ColorMode::Never, terminal_.get()));
}

TEST_F(Color, AFileHasTheDefaultWidth) {
  EXPECT_EQ(terminal_width(file_.get()), 100u);
}

}  // namespace
}  // namespace driftcage::runner
