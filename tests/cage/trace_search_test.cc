// SPDX-License-Identifier: Apache-2.0
// What a trace tells of where programs and shared objects ask for others to be
// searched, with objects that the system's own linker made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "harness/match/derive.h"
#include "tests/cage/trace_harness.h"
#include "tests/must_work.h"

namespace driftcage::trace::testing {
namespace {

using model::Verb;
using ::testing::ElementsAre;

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
  EXPECT_EQ(trace.of(Verb::Exec).at(0).elf,
            (model::ElfSearch{at, "", {"libdca.so", "libc.so.6"}}));
  std::optional<model::ElfSearch> library;
  for (const auto& event : trace.events) {
    if (event.verb == Verb::Open && event.abs == at + "/libdca.so")
      library = event.elf;
  }
  ASSERT_TRUE(library.has_value());
  EXPECT_EQ(library->runpath, at + "/deep");
  EXPECT_EQ(library->needed.at(0), "libdcb.so");
  std::filesystem::remove_all(at);
}

// "libb.so = B/libb.so by RUNPATH", of libraries below `at`.
std::vector<std::string> loads(const std::string& at,
                               const std::vector<std::string>& argv) {
  class Loads : public Sink {
   public:
    explicit Loads(match::Deriver& deriver) : deriver_(deriver) {}
    void process_start(const model::ProcessStart& start) override {
      deriver_.add(start);
    }
    void event(const model::Event& event) override { deriver_.add(event); }
    void process_end(const model::ProcessEnd& end) override {
      deriver_.add(end);
    }
    void mapped(const model::Mapped&) override {}

   private:
    match::Deriver& deriver_;
  };
  std::vector<std::string> texts;
  match::Deriver deriver([&](const model::Event& event) {
    if (event.verb != Verb::Load || (event.ok() && !event.abs.starts_with(at)))
      return;
    texts.push_back(
        event.path + " = " +
        (event.ok() ? event.abs.substr(at.size() + 1) + " by " +
                          event.origins.substr(event.origins.rfind(':') + 1)
                    : std::string(model::cause_name(event.cause))));
  });
  Options options;
  options.spec.verbs |= verb_bit(Verb::Load);
  options.before = [&at] { std::filesystem::current_path(at); };
  Loads sink(deriver);
  TraceEnd end;
  run_traced(argv, options, sink, end);
  return texts;
}

TEST(TraceSearchPaths, LoadsAsTheSystemsLoaderDoesThem) {
  DRIFTCAGE_SKIP_UNLESS_EMPTY(
      std::system("cc --version >/dev/null 2>&1") == 0 ? "" : "no C compiler");
  char name[] = "/tmp/driftcage-load-XXXXXX";
  const std::string at = mkdtemp(name);
  for (const char* folder : {"/A", "/B", "/C", "/J", "/W"})
    std::filesystem::create_directories(at + folder);
  std::ofstream(at + "/b.c") << "int b(void){return 0;}";
  std::ofstream(at + "/c.c") << "int c(void){return 0;}";
  std::ofstream(at + "/a.c") << "int b(void);int a(void){return b();}";
  std::ofstream(at + "/p.c")
      << "int a(void);int c(void);int main(void){return a()+c();}";
  std::ofstream(at + "/d.c") << "#include <dlfcn.h>\nint main(int c,char**v)"
                                "{while(*++v)dlopen(*v,RTLD_NOW);return c==0;}";
  std::ofstream(at + "/J/libdcc.so") << std::string(100, 'x');
  // Of W/libdcc.so only the class is another: the loader looks no further.
  const std::string make =
      "cd " + at +
      " && lib() { cc -shared -fPIC -Wl,-soname,$(basename $1) -o \"$@\"; }"
      " && old=-Wl,--disable-new-dtags,-rpath, new=-Wl,--enable-new-dtags,"
      "-rpath, weak=-Wl,--allow-shlib-undefined"
      " && lib B/libdcb.so b.c && lib B/libdcc.so c.c"
      " && lib A/libdca.so a.c B/libdcb.so \"$old\"'$ORIGIN/../B'"
      " && lib C/libdca.so a.c B/libdcb.so \"$new\"/nonexist"
      " && cp B/libdcc.so W && printf '\\001' |"
      " dd of=W/libdcc.so bs=1 seek=4 conv=notrunc status=none"
      " && cc -o rpath p.c C/libdca.so B/libdcc.so $weak"
      " \"$old\"'$ORIGIN/C:$ORIGIN/B'"
      " && cc -o runpath p.c A/libdca.so B/libdcc.so $weak"
      " \"$new\"'$ORIGIN/A'"
      " && (cc -o dl d.c -ldl || cc -o dl d.c)";
  ASSERT_EQ(std::system(make.c_str()), 0);
  const auto with = [&](const std::string& list, const std::string& program) {
    return loads(at, {"/usr/bin/env", "LD_LIBRARY_PATH=" + list, program});
  };
  const std::string a = "libdca.so = ", b = "libdcb.so = ", c = "libdcc.so = ";

  // The RUNPATH of who asks switches RPATHs off, and an RPATH of another
  // library is no business of who asks.
  EXPECT_THAT(
      with(at + "/B", at + "/rpath"),
      ElementsAre(a + "C/libdca.so by RPATH", c + "B/libdcc.so by RPATH",
                  b + "B/libdcb.so by LD_LIBRARY_PATH"));
  const auto usual = ElementsAre(a + "A/libdca.so by RUNPATH",
                                 c + "B/libdcc.so by LD_LIBRARY_PATH",
                                 b + "B/libdcb.so by RPATH");
  for (const std::string& list :
       {at + "/A/../B", std::string("B"), std::string("./B//"),
        std::string("$ORIGIN/B"), std::string("W;B")}) {
    EXPECT_THAT(with(list, at + "/runpath"), usual) << list;
  }
  // What the loader refuses.
  EXPECT_THAT(with("J:B", at + "/runpath"),
              ElementsAre(a + "A/libdca.so by RUNPATH", c + "not-elf"));
  EXPECT_THAT(with("W", at + "/runpath"),
              ElementsAre(a + "A/libdca.so by RUNPATH", c + "wrong-arch"));
  // The loader as a program, and files that are asked for by their paths.
  const std::string loader =
      run_traced({at + "/dl"}).of(Verb::Exec).at(0).exec->interpreters.back();
  EXPECT_THAT(loads(at, {loader, "--library-path", "B", "./runpath"}), usual);
  EXPECT_THAT(loads(at, {at + "/dl", "./J/no.so", "./B/libdcb.so", "./A/no.so",
                         "../" + at.substr(5) + "/A/libdca.so", "libno.so",
                         "libno.so"}),
              ElementsAre("no.so = none", b + "B/libdcb.so by path",
                          "no.so = none", a + "A/libdca.so by path",
                          "libno.so = none", "libno.so = none"));
  // $ORIGIN is the directory as the loader wrote it.
  EXPECT_THAT(
      loads(at, {at + "/dl", "../" + at.substr(5) + "/A/libdca.so"}),
      ElementsAre(a + "A/libdca.so by path", b + "B/libdcb.so by RPATH"));
  std::filesystem::remove_all(at);
}

}  // namespace
}  // namespace driftcage::trace::testing
