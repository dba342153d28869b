// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/gate.h"

#include <gtest/gtest.h>

namespace driftcage::trace {
namespace {

using model::Verb;

Gate gate(std::vector<std::string> names) {
  model::TraceSpec spec;
  spec.gated = 1u << static_cast<unsigned>(Verb::Stat);
  spec.names = std::move(names);
  return Gate(spec);
}

TEST(Gate, LetsNamesAndPatternsStop) {
  const Gate some = gate({"gcc", "*.mod", "lib[cm].so"});
  for (const char* path : {"gcc", "/usr/bin/gcc", "/a/gcc//", "go.mod",
                           "../x/go.mod", "/lib/libc.so"}) {
    EXPECT_TRUE(some.lets_stop(Verb::Stat, path)) << path;
  }
  for (const char* path : {"gcc-12", "/gcc/x", "go.sum", "/lib/libx.so"})
    EXPECT_FALSE(some.lets_stop(Verb::Stat, path)) << path;
}

TEST(Gate, PathsWithoutANameAlwaysStop) {
  const Gate nothing = gate({});
  for (const char* path : {"", "/", ".", "..", "/a/..", "/a/./"})
    EXPECT_TRUE(nothing.lets_stop(Verb::Stat, path)) << path;
  EXPECT_FALSE(nothing.lets_stop(Verb::Stat, "/a"));
}

TEST(Gate, OtherVerbsAreFree) {
  EXPECT_TRUE(gate({"x"}).lets_stop(Verb::Open, "/a"));
  EXPECT_TRUE(Gate({}).lets_stop(Verb::Stat, "/a"));
}

}  // namespace
}  // namespace driftcage::trace
