// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <utility>

#include "harness/base/sys.h"
#include "harness/cell/cell.h"
#include "harness/wire/codec.h"

namespace driftcage::cell {
namespace {

// A pipe that holds `bytes`; its write end stays open in `writer`.
base::UniqueFd pipe_with(const std::string& bytes, base::UniqueFd& writer) {
  auto ends = base::sys::pipe();
  EXPECT_TRUE(ends.has_value());
  EXPECT_TRUE(base::sys::write_all(ends->second.get(), bytes, "pipe"));
  writer = std::move(ends->second);
  return std::move(ends->first);
}

std::string message_of(const std::string& body) {
  std::string message;
  for (int shift = 0; shift < 32; shift += 8) {
    message.push_back(static_cast<char>(body.size() >> shift));
  }
  return message + body;
}

TEST(ReadSpec, ReadsOneSpecAndLeavesTheRest) {
  model::CageSpec spec;
  spec.argv = {"go", "run", "."};
  spec.timeout_ms = 1234;
  base::UniqueFd writer;
  const base::UniqueFd reader =
      pipe_with(message_of(wire::encode_spec(spec)) + "rest", writer);
  const auto read = read_spec(reader.get());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, spec);
  writer.reset();
  EXPECT_EQ(base::sys::read_fd(reader.get(), "pipe").value_or(""), "rest");
}

TEST(ReadSpec, AnEarlyEndMeansThatNobodyWantsTheLeg) {
  for (const std::string& bytes :
       {std::string(), std::string("\1\0", 2), std::string("\4\0\0\0ab", 6)}) {
    base::UniqueFd writer;
    const base::UniqueFd reader = pipe_with(bytes, writer);
    writer.reset();
    const auto read = read_spec(reader.get());
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().err, ECANCELED);
  }
}

TEST(ReadSpec, NamesAnotherBuildsSpec) {
  std::string body = wire::encode_spec({});
  body[0] = static_cast<char>(wire::kVersion + 1);
  base::UniqueFd writer;
  const base::UniqueFd reader = pipe_with(message_of(body), writer);
  const auto read = read_spec(reader.get());
  ASSERT_FALSE(read.has_value());
  EXPECT_NE(read.error().hint, "");
}

TEST(ReadSpec, AllocatesNoAbsurdLength) {
  base::UniqueFd writer;
  const base::UniqueFd reader = pipe_with("\xff\xff\xff\xff", writer);
  EXPECT_EQ(read_spec(reader.get()).error().err, EFBIG);
}

}  // namespace
}  // namespace driftcage::cell
