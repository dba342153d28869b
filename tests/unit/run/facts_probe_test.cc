// SPDX-License-Identifier: Apache-2.0
#include "harness/run/facts_probe.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "harness/base/sys.h"
#include "harness/image/root_view.h"

namespace driftcage::run {
namespace {

TEST(VersionIn, FindsTheVersionInWhatProgramsSay) {
  EXPECT_EQ(version_in("gcc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright"),
            "12.2.0");
  EXPECT_EQ(version_in("Debian clang version 14.0.6\nTarget"), "14.0.6");
  EXPECT_EQ(version_in("GNU ld (GNU Binutils for Debian) 2.40\n"), "2.40");
  EXPECT_EQ(version_in("musl libc (x86_64)\nVersion 1.2.5\n"), "1.2.5");
  EXPECT_EQ(version_in("git version 2.39.5"), "2.39.5");
  EXPECT_EQ(version_in("sh: 0: Illegal option --\n"), "");
  EXPECT_EQ(version_in(""), "");
}

TEST(InterpreterOf, ReadsTheProgramHeader) {
  image::Image image;
  image.root = "/";
  // This test is a dynamically linked program itself.
  const auto self = base::sys::readlinkat(AT_FDCWD, "/proc/self/exe");
  ASSERT_TRUE(self);
  const std::string interpreter = interpreter_of(image, *self);
  ASSERT_FALSE(interpreter.empty());
  EXPECT_TRUE(image::is_program("/", interpreter)) << interpreter;
}

TEST(InterpreterOf, OtherFilesHaveNone) {
  image::Image image;
  image.root = "/";
  EXPECT_EQ(interpreter_of(image, "/etc/passwd"), "");
  EXPECT_EQ(interpreter_of(image, "/nonexistent"), "");
}

}  // namespace
}  // namespace driftcage::run
