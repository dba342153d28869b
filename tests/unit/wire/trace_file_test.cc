// SPDX-License-Identifier: Apache-2.0
#include "harness/wire/trace_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "harness/base/sys.h"
#include "harness/wire/codec.h"

namespace driftcage::wire {
namespace {

using ::testing::HasSubstr;

class TraceFile : public ::testing::Test {
 protected:
  void TearDown() override { ::unlink(file_.c_str()); }
  void write(const std::string& bytes) const {
    ASSERT_TRUE(base::sys::write_file(file_, bytes));
  }
  static std::string trace(std::uint32_t version = kVersion) {
    std::string bytes;
    encode(Hello{version, 0, "seccomp"}, bytes);
    encode(CageUp{"full", {}, {}}, bytes);
    encode(End{}, bytes);
    return bytes;
  }
  // How many records were given; -1 for an error.
  int count(int most = 100) {
    int given = 0;
    const auto status =
        read_trace(file_, [&](const Record&) { return ++given < most; });
    if (!status) error_ = status.error();
    return status ? given : -1;
  }

  const std::string file_ = ::testing::TempDir() + "driftcage-trace-file-" +
                            std::to_string(::getpid());
  base::Error error_;
};

TEST_F(TraceFile, GivesEveryRecordUntilToldToStop) {
  write(trace());
  EXPECT_EQ(count(), 3);
  EXPECT_EQ(count(2), 2);
}

TEST_F(TraceFile, ACutOneEndsWithItsLastCompleteRecord) {
  const std::string whole = trace();
  write(whole.substr(0, whole.size() - 1));
  EXPECT_EQ(count(), 2);
  write("");
  EXPECT_EQ(count(), 0);
}

TEST_F(TraceFile, DamageAndOtherVersionsAreErrors) {
  write(trace() + std::string(8, '\xff'));
  EXPECT_EQ(count(), -1);
  EXPECT_THAT(error_.hint, HasSubstr("damaged"));
  write(trace(kVersion + 1));
  EXPECT_EQ(count(), -1);
  EXPECT_THAT(error_.hint,
              HasSubstr("another driftcage: decode trace: version"));
  ::unlink(file_.c_str());
  EXPECT_EQ(count(), -1);
  EXPECT_EQ(error_.err, ENOENT);
}

}  // namespace
}  // namespace driftcage::wire
