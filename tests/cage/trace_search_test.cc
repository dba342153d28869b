// SPDX-License-Identifier: Apache-2.0
// What a trace tells of where programs and shared objects ask for others to be
// searched, with objects that the system's own linker made.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "tests/cage/trace_harness.h"
#include "tests/must_work.h"

namespace driftcage::trace::testing {
namespace {

using model::Verb;

TEST(TraceSearchPaths, OfProgramsAndOfSharedObjects) {
  DRIFTCAGE_SKIP_UNLESS_EMPTY(
      std::system("cc --version >/dev/null 2>&1") == 0 ? "" : "no C compiler");
  char name[] = "/tmp/driftcage-load-XXXXXX";
  const std::string at = mkdtemp(name);
  std::filesystem::create_directories(at + "/deep");
  std::ofstream(at + "/b.c") << "int b(void){return 0;}";
  std::ofstream(at + "/a.c") << "int b(void);int a(void){return b();}";
  std::ofstream(at + "/p.c") << "int a(void);int main(void){return a();}";
  const std::string make =
      "cd " + at +
      " && cc -shared -fPIC -o deep/libdcb.so b.c -Wl,-soname,libdcb.so"
      " && cc -shared -fPIC -o libdca.so a.c deep/libdcb.so"
      " -Wl,-soname,libdca.so"
      " -Wl,--enable-new-dtags,-rpath,'$ORIGIN/deep'"
      " && cc -o p p.c libdca.so -Wl,--disable-new-dtags,-rpath,'$ORIGIN'"
      " -Wl,--allow-shlib-undefined";
  ASSERT_EQ(std::system(make.c_str()), 0);
  Options options;
  options.spec.verbs |= verb_bit(Verb::Load);
  const Trace trace = run_traced({at + "/p"}, options);
  EXPECT_TRUE(trace.end.status.success()) << describe(trace.events);
  EXPECT_EQ(trace.of(Verb::Exec).at(0).elf, (model::ElfSearch{at, ""}));
  std::optional<model::ElfSearch> library;
  for (const auto& event : trace.events) {
    if (event.verb == Verb::Open && event.abs == at + "/libdca.so")
      library = event.elf;
  }
  EXPECT_EQ(library, (model::ElfSearch{"", at + "/deep"}));
  std::filesystem::remove_all(at);
}

}  // namespace
}  // namespace driftcage::trace::testing
